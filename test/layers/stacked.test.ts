/** What is true of stacked blocks: they compute what blocks written one after the other do, as a loop whose source does not grow with their number. */

import { describe, expect, test } from "vitest";
import { withinBound } from "../../compiler/check/result.ts";
import { checkModel } from "../../compiler/check/check.ts";
import { compile, load, type CompileOptions } from "../../compiler/compile.ts";
import {
  add,
  batchNorm,
  dense,
  dropout,
  input,
  layerNorm,
  lstm,
  model,
  mse,
  multiHeadAttention,
  param,
  residual,
  sgd,
  slice,
  squeeze,
  stacked,
  zeros,
  type FloatTensor,
  type Model,
} from "../../compiler/index.ts";
import { OPTIONAL } from "../../compiler/passes/selection.ts";
import { complaint, differences, forward } from "../support/forward.ts";

const flat = (x: unknown) => x as FloatTensor; // shapes of what tests combine are theirs to know
const [DEPTH, WIDTH] = [3, 4];

/** A transformer's block, with a parameter of the model's own. */
const block = (x: FloatTensor): FloatTensor => {
  const attended = residual([layerNorm(), multiHeadAttention(2, { causal: true })])(x);
  const thought = residual([dense(6, { activation: "gelu" }), dense(WIDTH)])(attended);
  return flat(add(thought, param("shift", [WIDTH], zeros())));
};

const net = (depth: number, body: (x: FloatTensor) => FloatTensor = stacked(depth, block)): Model =>
  model("net", { batch: { train: 2, evaluate: 2, predict: 2 } }, ({ batch }) => {
    const out = body(flat(input("x", [batch, 3, WIDTH])));
    return { loss: mse(flat(out), flat(input("y", [batch, 3, WIDTH]))), outputs: { out }, optimizer: sgd({ learningRate: 0.01 }) };
  });

test("values are those of blocks with the slices of their parameters, one after the other", () => {
  const deep = forward(() => stacked(DEPTH, (x) => flat(dense(WIDTH, { activation: "tanh" })(x)))(input("x", [2, WIDTH])), { seed: 3 });
  expect(deep.parameters.get("dense.kernel")).toEqual([DEPTH, WIDTH, WIDTH]);
  const [x, kernel, bias] = ["x", "dense.kernel", "dense.bias"].map((name) => deep.leaf.get(name)!);
  const one = forward(
    () => {
      let h = flat(input("x", [2, WIDTH]));
      const [all, offsets] = [input("k", [DEPTH, WIDTH, WIDTH]), input("b", [DEPTH, WIDTH])];
      for (let n = 0; n < DEPTH; n++)
        h = flat(
          dense(WIDTH, {
            activation: "tanh",
            kernel: flat(squeeze(slice(all, [n, 0, 0], [n + 1, WIDTH, WIDTH]), 0)),
            bias: flat(squeeze(slice(offsets, [n, 0], [n + 1, WIDTH]), 0)),
          })(h),
        );
      return h;
    },
    { feed: { x: x!, k: kernel!, b: bias! } },
  );
  expect([...deep.y]).toEqual([...one.y]);
});

test("gradients are differences, to second order, and through a recurrence in each block", () => {
  const dropped = () => stacked(DEPTH, (x) => flat(dropout(0.5)(dense(2, { activation: "tanh" })(x))))(input("x", [2, 2]));
  const recurrent = () => stacked(2, (x) => flat(lstm(2, { returnSequences: true })(x)))(input("x", [1, 3, 2]));
  for (const declare of [dropped, recurrent])
    for (const order of [1, 2] as const)
      expect(differences(declare, { order, training: true }).filter((one) => !withinBound(one))).toEqual([]);
});

async function trained(options: CompileOptions): Promise<{ readonly losses: number[]; readonly weights: string }> {
  const trainer = (await load(await compile(net(DEPTH), { ...options, effort: "none" }))).createTrainer({ seed: 3 });
  const batch = {
    x: Float32Array.from({ length: 24 }, (_, n) => Math.sin(n)),
    y: Float32Array.from({ length: 24 }, (_, n) => Math.cos(n)),
  };
  const losses = [1, 2, 3].map(() => trainer.step(batch) as number);
  return { losses, weights: Buffer.from(trainer.bytes()).toString("hex") };
}

test("the loop has the bits of the blocks written out, and learns", async () => {
  const target = "wasm";
  const looped = await trained({ target });
  expect(looped.losses[2]).toBeLessThan(looped.losses[0]!);
  expect(looped).toEqual(await trained({ target, passes: OPTIONAL.filter((pass) => pass !== "loops") }));
});

test("passes the check; its source does not grow with the depth", async () => {
  expect((await checkModel(net(DEPTH), { effort: "quick" })).holds).toBe(true);
  const sizeOf = async (depth: number): Promise<number> =>
    (
      await compile(
        net(
          depth,
          stacked(depth, (x) => flat(residual([dense(WIDTH, { activation: "tanh" })])(x))),
        ),
        { effort: "none" },
      )
    ).files.get("trainer.ts")!.length;
  const [few, many] = [await sizeOf(4), await sizeOf(40)];
  expect(Math.abs(many / few - 1)).toBeLessThan(0.02);
});

describe("what is wrong is named", () => {
  test.each([
    [
      "another shape",
      () => stacked(2, (x) => flat(dense(3)(x)))(input("x", [2, 4])),
      "stacked needs a block that keeps the shape, but it makes [2,3] of [2,4]",
    ],
    [
      "a block of its number",
      () => stacked(2, ((x: FloatTensor, _: number) => x) as never)(input("x", [2, 4])),
      "stacked takes a block of x alone",
    ],
    [
      "a state",
      () => stacked(2, (x) => flat(batchNorm()(x)))(input("x", [2, 4])),
      'the state "batchNorm.mean" is kept by a block that stacks',
    ],
  ])("%s", (_, declare, says) => {
    expect(complaint(declare, true)).toContain(says);
  });
});
