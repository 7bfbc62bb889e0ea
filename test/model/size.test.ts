/** What is true of a size: it ships large, is checked small, and is refused where it makes no sense. */

import { expect, test } from "vitest";
import { input, matmul, model, mse, param, sgd, size, zeros, constant, type FloatTensor } from "adjoint";
import { checkModel } from "../../compiler/check/check.ts";
import { ModelError } from "../../compiler/graph/error.ts";
import { lower } from "../../compiler/driver/lower.ts";

const wide = (extent: number, check: number) =>
  model("wide", { batch: 4 }, ({ batch }) => {
    const width = size("width", extent, { check });
    const x = input("x", [batch, 3]);
    const target = input("target", [batch, 2]);
    const hidden = matmul(x, param("V", [3, width], constant(0.1)));
    const y = matmul(hidden, param("W", [width, 2], zeros())) as FloatTensor<readonly [number, 2]>;
    return { loss: mse(y, target), outputs: { y }, optimizer: sgd() };
  });

test("a size ships at its extent and is checked at the small one", async () => {
  const parameters = async (small: boolean) =>
    (await lower(wide(512, 5), { small })).module.buffers.filter(({ role }) => role === "parameter").map(({ shape }) => shape);
  expect(await parameters(false)).toEqual([
    [3, 512],
    [512, 2],
  ]);
  expect(await parameters(true)).toEqual([
    [3, 5],
    [5, 2],
  ]);
  const { holds, tensors } = await checkModel(wide(512, 2), { effort: "exhaustive" });
  expect(holds).toBe(true);
  const gradient = tensors.find(({ name, method }) => name === "V" && method === "central differences")!;
  // every coordinate of [3, 2] and four directions, with all rows live and with one masked
  expect(gradient.coordinates).toBe(2 * (3 * 2 + 4));
});

test("an arena of more than 2³² bytes is refused before anything is emitted, with what fills it", async () => {
  const declared = model("wide", { batch: 4 }, ({ batch }) => {
    const hidden = matmul(input("x", [batch, 40000]), param("V", [40000, 20000], zeros()));
    const y = matmul(hidden, param("W", [20000, 20000], zeros()));
    return { loss: mse(y, input("t", [batch, 20000])), optimizer: sgd() };
  });
  for (const target of ["typescript", "wasm"] as const) {
    const refused = await lower(declared, { target, source: { path: "models/wide.ts", text: "" } }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(ModelError);
    expect((refused as ModelError).message.replace(/have [\d,]+ bytes/, "have N bytes")).toBe(
      `models/wide.ts

  the arena of "wide" would have N bytes, and no engine gives more than 4,294,967,280; the largest of what it holds:

    parameter  V           f32[40000,20000]  3,200,000,000 bytes
    parameter  W           f32[20000,20000]  1,600,000,000 bytes
    input      x           f32[4,40000]      640,000 bytes
    input      x_evaluate  f32[4,40000]      640,000 bytes

  Declare fewer rows a batch or smaller shapes; or, where activations fill it, a budget with --memory 2GiB, which computes them again.`,
    );
  }
});

test.each([
  [0, 1, 'size "width": extent needs a whole number above 0, but got 0'],
  [8, 1.5, 'size "width": check needs a whole number above 0, but got 1.5'],
  [8, 9, 'size "width": check 9 is above the extent 8 itself'],
])("size %d checked at %d is refused", async (extent, check, law) => {
  await expect(lower(wide(extent, check))).rejects.toThrow(law);
});

test("a model that fits only without copies that save time has none", async () => {
  const rows = (batch: number) =>
    model("large", { batch }, ({ batch }) => {
      const hidden = matmul(input("x", [batch, 20000]), param("V", [20000, 20000], zeros()));
      return { loss: mse(hidden, input("t", [batch, 20000])), optimizer: sgd() };
    });
  const copies = async (declared: ReturnType<typeof rows>) => {
    const { module } = await lower(declared);
    expect(module.arenaBytes).toBeLessThan(2 ** 32);
    return module.buffers.filter(({ dtype }) => dtype === "f64").map(({ name }) => name);
  };
  // V in double alone has 3.2 GB; at a batch of 48 its elements are read too seldom
  expect(await copies(rows(128))).toEqual([]);
  expect(await copies(rows(48))).not.toEqual([]);
});
