/** What is true of values that are joined: what a kernel makes is stored in its segment of the whole at once, no copy is left, and no bit changes. */

import { add, concatenate, glorot, input, matmul, model, mse, param, sgd, sigmoid, sum, tanh, type FloatTensor, type Model } from "adjoint";
import { afterEach, expect, test, vi } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { printModule, parseModule } from "../../compiler/loop/text/index.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { modelOf, memoryOf } from "../support/models.ts";
import { batchOf, loadTrainer } from "../support/trainer.ts";

const leftOut = vi.hoisted(() => ({ segments: false }));
vi.mock("../../compiler/passes/definitions/segments.ts", async (original) => {
  const { segments } = await original<typeof import("../../compiler/passes/definitions/segments.ts")>();
  return { segments: { ...segments, run: (of: Parameters<typeof segments.run>[0]) => (leftOut.segments ? of : segments.run(of)) } };
});
afterEach(() => void (leftOut.segments = false));

type Wide = FloatTensor<readonly [number, number]>;

/** Two layers side by side, joined, of which the first is read elsewhere as well. */
const joined: Model = model("joined", { batch: 4 }, ({ batch }) => {
  const x = input("x", [batch, 6]);
  const layer = (name: string, width: number): Wide => matmul(x, param(name, [6, width], glorot())) as Wide;
  const a = sigmoid(layer("A", 8)) as Wide;
  const b = tanh(layer("B", 12)) as Wide;
  const both = concatenate([a, b], 1) as Wide;
  const y = matmul(both, param("C", [20, 6], glorot())) as Wide;
  return { loss: add(mse(y, x), sum(a)), outputs: { y }, optimizer: sgd({ learningRate: 0.1 }) };
});

test("a segment that is read elsewhere too is read from the whole, which nobody copies together", async () => {
  const { module } = await lower(joined);
  let placed = 0;
  for (const { calls, buffers } of module.entries)
    for (const call of calls)
      for (const { definition } of call.kind === "call" ? call.group.stages : []) {
        if (definition.segment === undefined) continue;
        placed++;
        expect(buffers).toContain(definition.segment.of);
        if (definition.name !== definition.segment.of) expect(buffers).not.toContain(definition.name);
      }
  expect(placed).toBeGreaterThan(0);
  expect(parseModule(printModule(module))).toEqual(module);
});

test.each(["typescript", "wasm"] as const)(
  "as %s the check holds, and the weights are those of copied segments",
  async (target) => {
    for (const of of [joined, await modelOf("unet-small")]) {
      const small = { target, batch: 4, small: true } as const;
      const [direct, copied] = [await lower(of, small), ((leftOut.segments = true), await lower(of, small))];
      leftOut.segments = false;
      expect(direct.module.buffers.length).toBeLessThan(copied.module.buffers.length);
      const batch = batchOf(direct.module, "train", memoryOf(direct.module, 3));
      const [a, b] = await Promise.all([direct, copied].map(async (one) => (await loadTrainer(one)).createTrainer({ seed: 2 })));
      for (let n = 0; n < 3; n++) expect(a!.step(batch)).toEqual(b!.step(batch));
      expect(a!.bytes()).toEqual(b!.bytes());
    }
    expect((await compile(joined, { target })).check).toMatchObject({ holds: true });
  },
  60_000,
);
