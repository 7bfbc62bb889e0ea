/** What is true of the check's verdicts: what rounding explains is no fault, what it cannot judge it says with the reason, and what is wrong stays wrong. */

import {
  add,
  batchMean,
  batchNorm,
  constant,
  conv2d,
  dense,
  flatten,
  gelu,
  globalAveragePool2d,
  glorot,
  gru,
  input,
  l1,
  labels,
  matmul,
  max,
  maximum,
  maxPool2d,
  mean,
  model,
  mul,
  multiHeadAttention,
  normal,
  param,
  relu,
  rmsNorm,
  sgd,
  adam,
  sigmoid,
  softmaxCrossEntropy,
  square,
  sum,
  tanh,
  zeros,
  type FloatTensor,
  type Scalar,
} from "adjoint";
import { describe, expect, test } from "vitest";
import { checkModel } from "../../compiler/check/check.ts";
import { judge, type Judging, type Pair } from "../../compiler/check/norm.ts";
import { isWrong, verdictOf, type TensorCheck } from "../../compiler/check/result.ts";
import type { Model } from "../../compiler/model/declaration.ts";

const check = async (one: Model, target: "typescript" | "wasm"): Promise<readonly TensorCheck[]> =>
  (await checkModel(one, { effort: "quick", target })).tensors;

/** What is not judged, and why. */
const unjudged = (rows: readonly TensorCheck[]): string[] =>
  rows.flatMap(({ name, method, unjudged: why }) => (why === undefined ? [] : [`${name}, ${method}: ${why}`]));

/** A loss of one input [batch, …]. */
const plain = (shape: readonly number[], loss: (x: FloatTensor) => Scalar, learningRate = 0.01): Model =>
  model("plain", { batch: 4 }, ({ batch }) => ({ loss: loss(input("x", [batch, ...shape])), optimizer: sgd({ learningRate }) }));

/** A classifier of three classes, by Adam. */
const classifier = (shape: readonly number[], features: (x: FloatTensor) => FloatTensor): Model =>
  model("classifier", { batch: 4 }, ({ batch }) => {
    const y = labels("y", [batch], { classes: 3 });
    const scores = dense(3)(features(input("x", [batch, ...shape])) as FloatTensor<[number, number]>);
    return { loss: softmaxCrossEntropy(scores, y), optimizer: adam() };
  });

const rowSum = (x: FloatTensor): Scalar => batchMean(sum(x, [1]) as FloatTensor<[number]>);
const repeated = (x: FloatTensor, times: number, of: (h: FloatTensor, n: number) => FloatTensor): FloatTensor =>
  Array.from({ length: times }).reduce<FloatTensor>((h, _, n) => of(h, n), x);

/** Models that are right, and what of them cannot be judged. */
const right: Readonly<Record<string, readonly [Model, readonly RegExp[]]>> = {
  "a bias before batch norm": [
    classifier(
      [1, 6, 6],
      (x) =>
        flatten()(
          maxPool2d(2)(relu(batchNorm()(conv2d(4, 3, { padding: "same" })(x as FloatTensor<[number, number, number, number]>))) as never),
        ) as FloatTensor,
    ),
    [],
  ],
  "the bias of an attention's keys": [
    classifier([4, 8], (x) => flatten()(multiHeadAttention(2)(x as FloatTensor<[number, number, number]>))),
    [],
  ],
  "the first β of batch norm, 1×1 convolution, batch norm": [
    classifier([2, 4, 4], (x) =>
      globalAveragePool2d()(
        relu(batchNorm()(conv2d(3, 1)(batchNorm()(x as FloatTensor<[number, number, number, number]>) as never)) as never),
      ),
    ),
    [],
  ],
  "weights of one element": [
    plain([1], (x) => rowSum(square(matmul(x as FloatTensor<[number, number]>, param("w", [1, 1], constant(0.5))))), 0.5),
    [],
  ],
  "a kink in a constant": [plain([3], (x) => rowSum(mul(x, relu(mul(0, param("w", [3], zeros())))))), []],
  "constants that tie": [
    plain([3], (x) =>
      add(rowSum(mul(x, maximum(param("v", [3], constant(1)), param("w", [3], constant(1))))), max(param("u", [3], constant(1)), [0])),
    ),
    [],
  ],
  "l1 of zeros": [
    plain([3], (x) => {
      const W = param("W", [3, 2], zeros());
      return add(rowSum(matmul(x as FloatTensor<[number, number]>, W)), l1([W], 0.1));
    }),
    [],
  ],
  "a saturated tanh": [plain([3], (x) => rowSum(mul(x, tanh(mul(12, param("w", [3], normal())))))), []],
  "a chain of tanh": [plain([3], (x) => rowSum(repeated(mul(x, param("w", [3], normal())), 40, tanh))), []],
  "a sigmoid far to the left": [plain([3], (x) => rowSum(mul(x, sigmoid(param("w", [3], constant(-720)))))), [/^w, forward mode: /]],
  "a gelu of large numbers": [
    plain([3], (x) => rowSum(gelu(mul(5, matmul(x as FloatTensor<[number, number]>, param("W", [3, 4], normal())))))),
    [],
  ],
  "rms norm over one feature": [plain([3], (x) => rowSum(square(rmsNorm()(dense(1)(x as FloatTensor<[number, number]>))))), []],
  "a loss that diverges": [
    plain([3], (x) => mean(square(square(square(matmul(x as FloatTensor<[number, number]>, param("W", [3, 2], normal())))))), 1),
    [],
  ],
  "batch norms in a row": [
    classifier([4], (x) =>
      repeated(x, 8, (h, n) => relu(batchNorm()(matmul(h as FloatTensor<[number, number]>, param(`W${n}`, [4, 4], glorot()))))),
    ),
    [],
  ],
  "a recurrent layer of many steps": [classifier([16, 2], (x) => gru(3)(x as FloatTensor<[number, number, number]>) as FloatTensor), []],
};

/** In float32 these are the harder ones; the others are tried where intermediate results are doubles. */
const SINGLE = /batch norm|keys|rms norm/;

test.each(Object.entries(right))("nothing is wrong with %s", async (name, [one, reasons]) => {
  const rows = await check(one, SINGLE.test(name) ? "wasm" : "typescript");
  expect(rows.filter(isWrong)).toEqual([]);
  const found = unjudged(rows);
  expect(found.length, found.join("; ")).toBe(reasons.length);
  reasons.forEach((reason, n) => expect(found[n]).toMatch(reason));
});

test("where float32 overflows, the same steps are judged in float64", async () => {
  const [one] = right["a loss that diverges"]!;
  const row = (await check(one, "typescript")).find(({ name, method }) => name === "W" && method === "three steps")!;
  expect(row).toMatchObject({ inDouble: true, bound: 1e-4 });
  expect(verdictOf(row)).toBe("holds");
});

describe("what is wrong stays wrong", () => {
  /** y = Σ x over a tensor that all but cancels: 1, −1, 1, … and a small rest. */
  const judging = (again: Judging["again"]): Judging => ({ method: "m", bound: 1e-4, dtype: "f32", again });
  const pair = (found: number, expected: number): Pair => ({
    name: "y",
    role: "parameter",
    shape: [1],
    found: [found],
    expected: [expected],
    sizes: () => [1],
  });
  const ones = (watch: Parameters<Judging["again"]>[0]): number => {
    const data = Float64Array.from({ length: 64 }, (_, n) => (n % 2 === 0 ? 1 : -1) * (1 + n / 999));
    watch(
      { op: "exp", name: "x", inputs: [], attrs: {}, type: { dtype: "f64", shape: [64] }, origin: { role: "primal", site: "" } },
      { type: { dtype: "f64", shape: [64] }, data },
    );
    return data.reduce((total, one) => total + one, 0);
  };
  const again: Judging["again"] = (watch) => new Map([["y", [ones(watch)]]]);
  const exact = ones(() => {});

  test("of a sum that cancels, what rounding may leave is none, and a hundred times that is", () => {
    const near = judge([pair(exact + 1e-5, exact)], judging(again))[0]!;
    expect(verdictOf(near)).toBe("holds");
    expect(near.rounding).toBeGreaterThan(1e-7);
    const far = judge([pair(exact + 1e-3, exact)], judging(again))[0]!;
    expect(verdictOf(far)).toBe("wrong");
    expect(far.worst).toBeGreaterThan(9e-4);
  });

  test("what rounding may move by more than a tenth of its terms is not judged, and says so", () => {
    const noisy: Judging["again"] = (watch) => new Map([["y", [1e6 * (ones(watch) - exact)]]]);
    const row = judge([pair(1, 0)], judging(noisy))[0]!;
    expect(verdictOf(row)).toBe("not judged");
    expect(row.unjudged).toMatch(/^rounding alone may move it by \de[+-]\d+ of its terms$/);
  });

  test("no number in both is no difference; in one it is, unless rounding leads there too", () => {
    const stays: Judging["again"] = () => new Map([["y", [2]]]);
    expect(verdictOf(judge([pair(NaN, NaN)], judging(stays))[0]!)).toBe("holds");
    expect(verdictOf(judge([pair(NaN, 2)], judging(stays))[0]!)).toBe("wrong");
    const leaves: Judging["again"] = (watch) => new Map([["y", [ones(watch) === exact ? 2 : Infinity]]]);
    expect(judge([pair(NaN, 2)], judging(leaves))[0]!.unjudged).toBe("it leaves the range of float32");
  });
});
