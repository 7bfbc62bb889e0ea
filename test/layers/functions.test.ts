/** What is true of the general functions of tensors and of a user's own formula: values, gradients, errors. */

import { describe, expect, test } from "vitest";
import { withinBound } from "../../compiler/check/result.ts";
import {
  argmax,
  cast,
  concatenate,
  cumsum,
  elementwise,
  equal,
  expandDims,
  gather,
  grad,
  greater,
  greaterEqual,
  input,
  labels,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  matmul,
  max,
  mean,
  min,
  mul,
  notEqual,
  oneHot,
  pad,
  pdist,
  reversed,
  slice,
  softplus,
  split,
  square,
  squeeze,
  stack,
  stopGradient,
  sum,
  variance,
  where,
  type Tensor,
} from "../../compiler/index.ts";
import { close } from "../support/close.ts";
import { complaint, differences, forward } from "../support/forward.ts";

const bad = (found: ReturnType<typeof differences>) => found.filter((one) => !withinBound(one));
const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
/** Shape and values of a declaration over x = 0, 1, 2, … */
const of = (shape: readonly number[], declare: (x: ReturnType<typeof input>) => Tensor, more: Record<string, number[]> = {}) => {
  const size = shape.reduce((n, extent) => n * extent, 1);
  const run = forward(() => declare(input("x", shape)), { feed: { x: count(size), ...more } });
  return [run.shape, [...run.y]];
};

describe("comparisons and choices", () => {
  test.each([
    ["less", less, [1, 0, 0]],
    ["lessEqual", lessEqual, [1, 1, 0]],
    ["greater", greater, [0, 0, 1]],
    ["greaterEqual", greaterEqual, [0, 1, 1]],
    ["equal", equal, [0, 1, 0]],
    ["notEqual", notEqual, [1, 0, 1]],
  ] as const)("%s, against a number and broadcasting", (_, compare, expected) => {
    expect(of([3], (x) => compare(x, 1))).toEqual([[3], expected]);
    expect(of([3, 1], (x) => compare(x, input("one", [1, 2]) as never), { one: [1, 1] })).toEqual([
      [3, 2],
      expected.flatMap((v) => [v, v]),
    ]);
    expect(forward(() => compare(labels("y", [3], { classes: 3 }), 1), { feed: { y: [0, 1, 2] } }).y).toEqual(Float64Array.from(expected));
  });

  test("logic", () => {
    expect(of([4], (x) => logicalAnd(greater(x, 0), less(x, 3)))).toEqual([[4], [0, 1, 1, 0]]);
    expect(of([4], (x) => logicalOr(equal(x, 0), equal(x, 3)))).toEqual([[4], [1, 0, 0, 1]]);
    expect(of([2], (x) => logicalNot(equal(x, 0)))).toEqual([[2], [0, 1]]);
  });

  test("where takes from either, broadcasting all three, and gradients go where values came from", () => {
    expect(of([2, 2], (x) => where(less(x, 2), x, -1))).toEqual([
      [2, 2],
      [0, 1, -1, -1],
    ]);
    expect(of([2, 1], (x) => where(less(x, 1), input("a", [3]), 7), { a: [1, 2, 3] })).toEqual([
      [2, 3],
      [1, 2, 3, 7, 7, 7],
    ]);
    const chosen = () => where(less(input("c", [3, 1]), 0), input("a", [3, 4]), square(input("b", [4])));
    expect(bad(differences(chosen))).toEqual([]);
  });

  test("cast truncates to i32 and asks x ≠ 0 of bool", () => {
    const feed = { x: [-1.7, 0, 2.9] };
    expect([...forward(() => cast(input("x", [3]), "i32"), { feed }).y]).toEqual([-1, 0, 2]);
    expect([...forward(() => cast(input("x", [3]), "bool"), { feed }).y]).toEqual([1, 0, 1]);
    expect([...forward(() => cast(less(input("x", [3]), 0), "float"), { feed }).y]).toEqual([1, 0, 0]);
  });
});

describe("reductions", () => {
  test("over all axes, some, and from the end", () => {
    expect(of([2, 3], (x) => sum(x))).toEqual([[], [15]]);
    expect(of([2, 3], (x) => max(x, [0]))).toEqual([[3], [3, 4, 5]]);
    expect(of([2, 3], (x) => min(x, [-1]))).toEqual([[2], [0, 3]]);
    expect(of([2, 3], (x) => mean(x, [1]))).toEqual([[2], [1, 4]]);
    expect(of([2, 3], (x) => argmax(x, -1))).toEqual([[2], [2, 2]]);
    expect(of([2, 3], (x) => cumsum(x, 1))).toEqual([
      [2, 3],
      [0, 1, 3, 3, 7, 12],
    ]);
  });
  test("the variance is biased", () => {
    const run = forward(() => variance(input("x", [1, 4]), [1]), { feed: { x: [1, 2, 3, 6] } });
    close(run.y, [3.5], 1e-15);
  });
  test("have first and second derivatives", () => {
    for (const reduce of [variance, mean, (x: Parameters<typeof square>[0], axes: readonly number[]) => max(square(x), axes)]) {
      const over = () => square(reduce(input("x", [3, 4, 2]), [0, 2]));
      expect(bad(differences(over))).toEqual([]);
      expect(bad(differences(over, { order: 2 }))).toEqual([]);
    }
  });
});

describe("movements", () => {
  test("join, cut, pad, turn, read", () => {
    expect(of([2, 2], (x) => concatenate([x, mul(x, 10)]))).toEqual([
      [2, 4],
      [0, 1, 0, 10, 2, 3, 20, 30],
    ]);
    expect(of([2, 2], (x) => concatenate([x, x], 0))).toEqual([
      [4, 2],
      [0, 1, 2, 3, 0, 1, 2, 3],
    ]);
    expect(of([2], (x) => stack([x, mul(x, 10)], 1))).toEqual([
      [2, 2],
      [0, 0, 1, 10],
    ]);
    expect(of([2], (x) => stack([x, mul(x, 10)], -2))).toEqual([
      [2, 2],
      [0, 1, 0, 10],
    ]);
    expect(of([7], (x) => slice(x, [1], [7], [3]))).toEqual([[2], [1, 4]]);
    expect(of([2, 3], (x) => split(x, 3)[1]!)).toEqual([
      [2, 1],
      [1, 4],
    ]);
    expect(of([5], (x) => split(x, [1, 4])[1]!)).toEqual([[4], [1, 2, 3, 4]]);
    expect(
      of([1, 2], (x) =>
        pad(x, [
          [1, 0],
          [0, 1],
        ]),
      ),
    ).toEqual([
      [2, 3],
      [0, 0, 0, 0, 1, 0],
    ]);
    expect(of([2, 2], (x) => reversed(x, [-1]))).toEqual([
      [2, 2],
      [1, 0, 3, 2],
    ]);
    expect(of([3, 2], (x) => gather(x, labels("at", [2], { classes: 3 })), { at: [2, 0] })).toEqual([
      [2, 2],
      [4, 5, 0, 1],
    ]);
    expect(of([2, 3], (x) => expandDims(x, 1))).toEqual([[2, 1, 3], count(6)]);
    expect(of([2, 1, 3], (x) => squeeze(x, -2))).toEqual([[2, 3], count(6)]);
    expect(of([1], () => oneHot(labels("y", [3], { classes: 3 }), 3), { y: [2, 0, 1] })).toEqual([
      [3, 3],
      [0, 0, 1, 1, 0, 0, 0, 1, 0],
    ]);
  });
  test("have the gradients that differences find", () => {
    const joined = () => {
      const [a, b] = split(square(input("x", [3, 4])), [1, 3]);
      const turned = reversed(
        concatenate([
          b!,
          pad(a!, [
            [0, 0],
            [1, 1],
          ]),
          b!,
        ]),
        [0, 1],
      );
      return stack([turned, mul(turned, turned)], 1);
    };
    expect(bad(differences(joined))).toEqual([]);
    expect(bad(differences(() => gather(square(input("x", [3, 2])), labels("at", [5], { classes: 3 }))))).toEqual([]);
    expect(bad(differences(() => cumsum(square(input("x", [2, 5])), 1)))).toEqual([]);
  });
  test("stopGradient stops it", () => {
    const run = forward(
      () => {
        const x = input("x", [2]);
        return grad(sum(mul(x, stopGradient(x))), [x])[0];
      },
      { feed: { x: [3, 4] } },
    );
    expect([...run.y]).toEqual([3, 4]);
  });
});

describe("matmul of stacks", () => {
  test("pairs leading axes; a matrix serves them all", () => {
    const a = count(2 * 3 * 4).map(Math.sin);
    const b = count(2 * 4 * 5).map(Math.cos);
    const product = (b: number[], at: (n: number) => number) =>
      count(2).flatMap((n) =>
        count(3).flatMap((i) => count(5).map((j) => count(4).reduce((t, k) => t + a[(n * 3 + i) * 4 + k]! * b[at(n) + k * 5 + j]!, 0))),
      );
    const paired = forward(() => matmul(input("a", [2, 3, 4]), input("b", [2, 4, 5])), { feed: { a, b } });
    expect(paired.shape).toEqual([2, 3, 5]);
    close(
      paired.y,
      product(b, (n) => n * 20),
      1e-14,
    );
    const shared = forward(() => matmul(input("a", [2, 3, 4]), input("b", [4, 5])), { feed: { a, b: b.slice(0, 20) } });
    close(
      shared.y,
      product(b, () => 0),
      1e-14,
    );
    expect(bad(differences(() => matmul(input("a", [2, 1, 3, 4]), input("b", [2, 1, 4, 2]))))).toEqual([]);
  });
});

describe("a formula", () => {
  const mish = elementwise("x * tanh(log(1 + exp(x)))");

  test("is its primitives, in value and in both derivatives", () => {
    const x = [-3, -0.5, 0, 1, 4];
    const { y } = forward(() => mish(input("x", [5])), { feed: { x } });
    close(
      y,
      x.map((v) => v * Math.tanh(Math.log1p(Math.exp(v)))),
      1e-14,
    );
    expect(bad(differences(() => mish(input("x", [3, 3]))))).toEqual([]);
    expect(bad(differences(() => mish(input("x", [3, 3])), { order: 2 }))).toEqual([]);
  });

  test.each([
    ["2 * x^3 - x / 4 + pi", (x: number) => 2 * x ** 3 - x / 4 + Math.PI],
    ["x < 0 ? exp(x) - 1 : sqrt(4) * x", (x: number) => (x < 0 ? Math.exp(x) - 1 : 2 * x)],
    ["x > -1 and x < 1 ? x^2 : 0", (x: number) => (x > -1 && x < 1 ? x * x : 0)],
    ["max(x, 0) + log(2)", (x: number) => Math.max(x, 0) + Math.LN2],
    ["sigmoid(2x)", (x: number) => 1 / (1 + Math.exp(-2 * x))],
    ["2^x", (x: number) => 2 ** x],
  ])("%s", (text, expected) => {
    const x = [-2, -0.5, 0.25, 3];
    close(forward(() => elementwise(text)(input("x", [4])), { feed: { x } }).y, x.map(expected), 1e-14);
    expect(bad(differences(() => elementwise(text)(input("x", [5])), { seed: 4 }))).toEqual([]);
  });

  test("written otherwise, it is the activation of that formula", () => {
    const x = [-2, -0.5, 0.25, 3];
    const own = forward(() => elementwise("max(x, 0) + log1p(exp(-abs(x)))")(input("x", [4])), { feed: { x } });
    close(own.y, forward(() => softplus(input("x", [4])), { feed: { x } }).y, 1e-15);
  });

  test.each([
    ["x * tnah(x)", "uses tnah, which is no function of the language; did you mean tanh?"],
    ["x * y", "uses y, but its one variable is x"],
    ["1 + 2", "does not depend on x"],
    ["x < 0", "gives a truth value, not a number"],
    ["x +", "cannot be read: Unexpected end of expression (char 4)"],
    ["max(x)", "gives max 1 arguments, but it takes 2"],
    ["x!", "cannot be read: no operator factorial in formulas"],
  ])("%s is refused where it is applied", (text, says) => {
    const complained = complaint(() => elementwise(text)(input("x", [2])));
    expect(complained).toMatch(/^functions\.test\.ts:\d+/);
    expect(complained).toContain(`  the formula ${JSON.stringify(text)} ${says}\n`);
  });
});

describe("what is wrong is named", () => {
  test.each([
    ["shapes", () => less(input("a", [2, 3]), input("b", [2]) as never), "less needs shapes that broadcast, but [2,3] and [2] do not"],
    ["an axis", () => concatenate([input("a", [2, 3])], 2), "concatenate needs an axis from -2 to 1, but got 2"],
    ["nothing to join", () => stack([]), "stack needs at least one tensor"],
    ["unequal parts", () => split(input("a", [2, 5]), 2)[0]!, "split needs whole parts that add up to 5, but got 2"],
    [
      "a slice of too few axes",
      () => slice(input("a", [2, 5]), [0], [1]),
      "slice needs a start, a limit and a stride for each of 2 axes, but got 1, 1 and 1",
    ],
    [
      "a slice beyond",
      () => slice(input("a", [5]), [2], [6]),
      "slice needs elements of axis 0, 0 to 4, but 2 .. 6 by 1 takes none or leaves it",
    ],
    ["a squeeze of 2", () => squeeze(input("a", [2, 5]), 0), "squeeze needs an axis of extent 1, but axis 0 has 2"],
    ["padding for one axis", () => pad(input("a", [2, 5]), [[1, 1]]), "pad needs [low, high] for each of 2 axes, but got 1"],
    [
      "leading axes of a product",
      () => matmul(input("a", [2, 3, 3]), input("b", [4, 3, 4])),
      "matmul needs shapes that broadcast, but [2] and [4] do not",
    ],
    ["distances of one row", () => pdist(input("x", [1, 3])), "pdist needs at least two rows, [n, d], but got [1,3]"],
    ["an axis to reduce", () => max(input("a", [2, 3]), [2]), "max needs an axis from -2 to 1, but got 2"],
  ])("%s", (_, declare, says) => {
    const text = complaint(declare);
    expect(text).toMatch(/^functions\.test\.ts:\d+/);
    expect(text).toContain(`  ${says}\n`);
  });
});
