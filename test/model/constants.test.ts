/** What is true of constants: tensors of known numbers in the file, shared, exact, and in no checkpoint. */

import { describe, expect, test } from "vitest";
import {
  add,
  cast,
  compile,
  constant,
  equal,
  gather,
  input,
  load,
  matmul,
  model,
  mse,
  mul,
  normal,
  param,
  sgd,
  softmax,
  sum,
  where,
  type Tensor,
} from "../../compiler/index.ts";
import { complaint, forward } from "../support/forward.ts";

const MASK = [1, 0, 0, 1, 1, 0, 1, 1, 1];

const masked = model("masked", { batch: { train: 2, evaluate: 2, predict: 2 } }, ({ batch }) => {
  const x = input("x", [batch, 3]);
  const W = param("W", [3, 3], normal());
  const scores = matmul(x, where(constant(MASK, [3, 3], { dtype: "bool" }), W, 0));
  const hidden = add(constant([0, -Infinity, 0.1], [3]), scores);
  const outputs = { share: softmax(hidden), twice: mul(constant([0, -Infinity, 0.1], [3]), 2) };
  return { loss: mse(mul(scores, constant([0.1, 2, -3], [3])), x), outputs, optimizer: sgd({ learningRate: 0.1 }) };
});

test.each(["typescript", "wasm"] as const)("a trainer for %s has them in its file, once, and in no checkpoint", async (target) => {
  const compiled = await compile(masked, { target });
  const trainer = [...compiled.files.values()].find((text) => text.includes("createTrainer"))!;
  expect(trainer.split("set([0, -Infinity, 0.1])")).toHaveLength(2);
  const { createTrainer, PARAMETERS, STATE } = await load(compiled);
  expect([...PARAMETERS, ...STATE].map(({ name }) => name)).toEqual(["W", "stepCount"]);
  const one = createTrainer();
  one.parameters["W"]!.set([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const x = Float32Array.of(1, 0, 0, 0, 1, 0);
  const { share, twice } = one.predict({ x }) as Readonly<Record<string, Float32Array>>;
  expect(Array.from(twice!)).toEqual([0, -Infinity, Math.fround(0.2)]);
  const last = Math.exp(0.1) / (Math.exp(1) + Math.exp(0.1));
  expect(share![1]).toBe(0);
  expect(share![2]).toBeCloseTo(last, 6);
  one.step({ x });
  expect(one.parameters["W"]![1]).toBe(2); // its gradient is masked
  expect(one.bytes()).toHaveLength(9 * 4 + 4);
});

describe("values", () => {
  const valueOf = (declare: () => Tensor): readonly number[] => Array.from(forward(declare).y);

  test("one number for all, lists, typed arrays, truth values and integers", () => {
    expect(valueOf(() => constant(0.1, [2, 2]))).toEqual([0.1, 0.1, 0.1, 0.1]);
    expect(valueOf(() => constant(7, []))).toEqual([7]);
    expect(valueOf(() => constant(Float32Array.of(1, 2), [2, 1]))).toEqual([1, 2]);
    expect(valueOf(() => cast(constant([true, false], [2], { dtype: "bool" }), "float"))).toEqual([1, 0]);
    expect(valueOf(() => gather(constant([5, 6, 7], [3]), constant([2, 0], [2], { dtype: "i32" })))).toEqual([7, 5]);
  });

  test("equal constants are one node, and one of equal elements is a literal", () => {
    const { context } = forward(() => {
      const [a, b] = [constant([1, 2], [2]), constant([1, 2], [2])];
      return where(equal(a, b), constant([3, 3], [2]), constant([1, 2], [2, 1]));
    });
    expect(context.builder.nodes.filter(({ op }) => op === "constant").map(({ type }) => type.shape)).toEqual([[2], [2, 1]]);
  });
});

describe("what is no constant is refused", () => {
  test.each<[string, () => Tensor, string]>([
    ["data of another length", () => constant([1, 2, 3], [2, 2]), "constant [2,2] needs 4 numbers, but got 3"],
    ["no number", () => constant([1, NaN], [2]), "constant [2] needs numbers, but got NaN"],
    ["half an integer", () => constant([1, 0.5], [2], { dtype: "i32" }), "constant [2] needs 32-bit whole numbers, but got 0.5"],
    ["a truth value of 2", () => constant([1, 2], [2], { dtype: "bool" }), "constant [2] needs truth values, 0 or 1, but got 2"],
    ["an extent of 0", () => constant([], [0]), "constant needs extents that are whole numbers above 0, but got [0]"],
    [
      "more than a file holds",
      () =>
        sum(
          constant(
            Float32Array.from({ length: 2 ** 20 + 1 }, (_, n) => n),
            [2 ** 20 + 1],
          ),
        ),
      "constant [1048577] has 1048577 numbers, and a trainer's file holds at most 1,048,576 of one constant",
    ],
  ])("%s", (_, declare, says) => {
    const text = complaint(declare);
    expect(text).toMatch(/^constants\.test\.ts:\d+/);
    expect(text).toContain(says);
  });
});
