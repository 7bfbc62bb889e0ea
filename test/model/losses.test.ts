/** What is true of losses and metrics: published numbers, independent formulas, gradients against differences, and finite at ±1e4 in emitted code. */

import { describe, expect, test } from "vitest";
import {
  accuracy,
  batchMean,
  bceWithLogits,
  binaryAccuracy,
  binaryCrossentropy,
  categoricalCrossentropy,
  cosineSimilarity,
  div,
  exp,
  hinge,
  huber,
  input,
  kl,
  l1,
  l2,
  labels,
  log,
  mae,
  mse,
  param,
  sigmoid,
  softmaxCrossEntropy,
  square,
  sub,
  svmLoss,
  topKAccuracy,
  transpose,
  constant,
  type FloatTensor,
  type Scalar,
} from "adjoint";
import { context } from "../../compiler/model/context.ts";
import { disagreements, emitted, valueOf, type Build } from "../support/one-loss.ts";

/** As layers compose it: shifted by the largest score, whose own gradient is stopped. */
function softmax(x: FloatTensor): FloatTensor {
  const c = context();
  const axes = [x.shape.length - 1];
  const spread = { axes, size: [x.shape.at(-1)!] };
  const largest = c.g.stopGradient(c.g.reduceMax(x.value, { axes }));
  const exps = exp(sub(x, c.tensor(c.g.broadcast(largest, spread)) as FloatTensor));
  const total = c.g.sum(exps.value, { axes });
  return div(exps, c.tensor(c.g.broadcast(total, spread)) as FloatTensor) as FloatTensor;
}

const x =
  (shape: readonly number[]) =>
  (n: number): FloatTensor =>
    input("x", [n, ...shape]);
const t =
  (shape: readonly number[]) =>
  (n: number): FloatTensor =>
    input("t", [n, ...shape]);
type Against = (x: FloatTensor, t: FloatTensor) => Scalar;
/** A loss of x and t, both [n, width]. */
const against =
  (loss: Against, width = 2): Build =>
  (n) =>
    loss(x([width])(n), t([width])(n));
const classes =
  (loss: (s: FloatTensor, y: ReturnType<typeof labels>) => Scalar, k = 3): Build =>
  (n) =>
    loss(x([k])(n), labels("y", [n], { classes: k }));

describe("published numbers", () => {
  const yes = { x: [0.6, 0.4, 0.4, 0.6], t: [0, 1, 0, 0] };
  const p = [0.05, 0.95, 0, 0.1, 0.8, 0.1];
  const logP = [0.05, 0.95, 1e-30, 0.1, 0.8, 0.1].map(Math.log);
  const lecture = [3.2, 5.1, -1.7, 1.3, 4.9, 2.0, 2.2, 2.5, -3.1];
  const keras = { x: p, y: [1, 2], t: [0, 1, 0, 0, 0, 1] };
  const weighted: Build = (n) => softmaxCrossEntropy(x([3])(n), labels("y", [n], { classes: 3 }), { weights: input("w", [n]) });
  test.each<[string, Build, Record<string, number[]>, number, number]>([
    // Keras's documentation of its losses
    ["binary_crossentropy", against(binaryCrossentropy), yes, 2, 0.815],
    ["binary_crossentropy from logits", against(bceWithLogits), { x: [-18.6, 0.51, 2.94, -12.8], t: [0, 1, 0, 0] }, 2, 0.865],
    ["categorical_crossentropy", against(categoricalCrossentropy, 3), keras, 2, 1.177],
    ["sparse_categorical_crossentropy", classes(categoricalCrossentropy), keras, 2, 1.177],
    ["sample weights", weighted, { x: logP, y: [1, 2], w: [0.3, 0.7] }, 2, 0.814],
    ["mse", against(mse), { x: [1, 1, 1, 0], t: [0, 1, 0, 0] }, 2, 0.5],
    ["mae", against(mae), { x: [1, 1, 1, 0], t: [0, 1, 0, 0] }, 2, 0.5],
    ["huber", against(huber), yes, 2, 0.155],
    ["kl_divergence", against(kl), yes, 2, 0.458],
    ["cosine_similarity", against(cosineSimilarity), { x: [1, 0, 1, 1], t: [0, 1, 1, 1] }, 2, -0.5],
    ["hinge", against(hinge), { x: yes.x, t: [-1, 1, -1, -1] }, 2, 1.3],
    // the lecture's cat, car and frog (CS231n): 2.9, 0 and 12.9; softmax of the cat
    ["multiclass SVM", classes(svmLoss), { x: lecture, y: [0, 1, 2] }, 3, 5.27],
    ["softmax cross-entropy", classes(softmaxCrossEntropy), { x: lecture.slice(0, 3), y: [0] }, 1, 2.04],
  ])("%s", (_, build, feed, rows, expected) => {
    expect(Math.abs(valueOf(build, rows, feed) - expected)).toBeLessThan(0.005);
  });
});

// independent formulas, written over plain rows

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const mean = (values: readonly number[]): number => total(values) / values.length;
const softmaxOf = (row: readonly number[]): number[] => row.map((s) => 1 / total(row.map((other) => Math.exp(other - s))));
const rowsOf = (flat: readonly number[], width: number): number[][] =>
  Array.from({ length: flat.length / width }, (_, n) => flat.slice(n * width, (n + 1) * width));
const wave = (length: number, step: number): number[] => Array.from({ length }, (_, n) => 3 * Math.sin(step * (n + 1)));

describe("independent formulas, the last row no real one", () => {
  const [scores, targets] = [wave(12, 1.3), wave(12, 2.1)];
  const [s, u] = [rowsOf(scores, 3).slice(0, 3), rowsOf(targets, 3).slice(0, 3)];
  const y = [2, 0, 1, 0];
  const elements = (of: (x: number, t: number) => number): number => mean(s.flatMap((row, i) => row.map((v, j) => of(v, u[i]![j]!))));
  const rows = (of: (row: number[], i: number) => number): number => mean(s.map(of));
  const yes = (v: number): number => 1 / (1 + Math.exp(-v));
  const bits = targets.map((v) => Number(v > 0));
  const bit = rowsOf(bits, 3);
  const length = (v: number[]): number => Math.sqrt(total(v.map((a) => a * a)));
  const dot = (a: number[], b: number[]): number => total(a.map((v, j) => v * b[j]!));
  const smoothing = (n: number): Scalar => softmaxCrossEntropy(x([3])(n), labels("y", [n], { classes: 3 }), { labelSmoothing: 0.1 });
  const dense: Build = (n) => softmaxCrossEntropy(x([3])(n), softmax(t([3])(n)), { labelSmoothing: 0.1 });
  const nll = (row: number[], j: number): number => -Math.log(softmaxOf(row)[j]!);

  test.each<[string, Build, number, number[]?]>([
    ["softmaxCrossEntropy", classes(softmaxCrossEntropy), rows((row, i) => nll(row, y[i]!))],
    ["label smoothing", smoothing, rows((row, i) => 0.9 * nll(row, y[i]!) + 0.1 * mean([0, 1, 2].map((j) => nll(row, j))))],
    ["dense targets, smoothed", dense, rows((row, i) => total(softmaxOf(u[i]!).map((w, j) => (0.9 * w + 0.1 / 3) * nll(row, j))))],
    ["probabilities after softmax", classes((v, at) => categoricalCrossentropy(softmax(v), at)), rows((row, i) => nll(row, y[i]!))],
    ["svmLoss", classes(svmLoss), rows((row, i) => total(row.map((v, j) => (j === y[i] ? 0 : Math.max(0, v - row[y[i]!]! + 1)))))],
    ["mse", against(mse, 3), elements((v, w) => (v - w) ** 2)],
    ["mae", against(mae, 3), elements((v, w) => Math.abs(v - w))],
    [
      "huber",
      against((v, w) => huber(v, w, { delta: 1.5 }), 3),
      elements((v, w) => (Math.abs(v - w) <= 1.5 ? (v - w) ** 2 / 2 : 1.5 * (Math.abs(v - w) - 0.75))),
    ],
    ["hinge", against(hinge, 3), elements((v, w) => Math.max(0, 1 - v * w))],
    ["cosine", against(cosineSimilarity, 3), rows((row, i) => -dot(row, u[i]!) / length(row) / length(u[i]!))],
    [
      "kl",
      against((v, w) => kl(softmax(v), softmax(w)), 3),
      rows((row, i) => total(softmaxOf(u[i]!).map((w, j) => w * Math.log(w / softmaxOf(row)[j]!)))),
    ],
    [
      "bceWithLogits",
      against(bceWithLogits, 3),
      mean(s.flatMap((row, i) => row.map((v, j) => (bit[i]![j] === 1 ? -Math.log(yes(v)) : -Math.log(1 - yes(v)))))),
      bits,
    ],
    [
      "binaryCrossentropy",
      against((v, w) => binaryCrossentropy(sigmoid(v), w), 3),
      mean(s.flatMap((row, i) => row.map((v, j) => (bit[i]![j] === 1 ? -Math.log(yes(v)) : -Math.log(1 - yes(v)))))),
      bits,
    ],
  ])("%s", (_, build, expected, given = targets) => {
    expect(valueOf(build, 4, { x: scores, t: given, y }, 3)).toBeCloseTo(expected, 11);
  });

  test("penalties, whatever the rows", () => {
    const w = (): FloatTensor => param("w", [3], constant([1, -2, 3]));
    expect(valueOf(() => l2([w()], 0.5), 1, { w: [1, -2, 3] })).toBe(7);
    expect(valueOf(() => l1([w()], 0.5), 1, { w: [1, -2, 3] })).toBe(3);
  });

  test("labels 0 and 1 stand for yes or no, and for −1 and 1", () => {
    const one =
      (loss: typeof hinge): Build =>
      (n) =>
        loss(x([1])(n), labels("y", [n], { classes: 2 }));
    const feed = { x: [0.3, -2, 0.5, 4], y: [1, 0, 0, 1] };
    expect(valueOf(one(hinge), 4, feed)).toBeCloseTo(mean([0.7, 0, 1.5, 0]), 12);
    const expected = mean([yes(0.3), 1 - yes(-2), 1 - yes(0.5), yes(4)].map((p) => -Math.log(p)));
    expect(valueOf(one(bceWithLogits), 4, feed)).toBeCloseTo(expected, 12);
  });

  test("positions inside a row count alike", () => {
    const words: Build = (n) => softmaxCrossEntropy(x([2, 3])(n), labels("y", [n, 2], { classes: 3 }));
    const pixels: Build = (n) => softmaxCrossEntropy(transpose(x([3, 1, 2])(n), [0, 2, 3, 1]), labels("y", [n, 1, 2], { classes: 3 }));
    const right: Build = (n) => accuracy(x([2, 3])(n), labels("y", [n, 2], { classes: 3 }));
    const positions = rowsOf(scores, 3);
    const at = [2, 0, 1, 2];
    const losses = positions.map((row, i) => nll(row, at[i]!));
    expect(valueOf(words, 2, { x: scores, y: at })).toBeCloseTo(mean(losses), 12);
    expect(valueOf(words, 2, { x: scores, y: at }, 1)).toBeCloseTo(mean(losses.slice(0, 2)), 12);
    const turned = rowsOf(scores, 6).flatMap((row) => [0, 2, 4, 1, 3, 5].map((k) => row[k]!));
    // pixel i of channel j lies at [j, i]; turned[3i + j] = row[2j + i]
    expect(valueOf(pixels, 2, { x: scores, y: at })).toBeCloseTo(mean(rowsOf(turned, 3).map((row, i) => nll(row, at[i]!))), 12);
    const best = positions.map((row, i) => Number(row.indexOf(Math.max(...row)) === at[i]));
    expect(valueOf(right, 2, { x: scores, y: at })).toBeCloseTo(mean(best), 12);
  });

  test("a weight a row, or one a label", () => {
    const weighted =
      (shape: number[]): Build =>
      (n) =>
        softmaxCrossEntropy(x([2, 3])(n), labels("y", [n, 2], { classes: 3 }), { weights: input("w", [n, ...shape]) });
    const at = [2, 0, 1, 2];
    const losses = rowsOf(scores, 3).map((row, i) => nll(row, at[i]!));
    const expected = (w: number[]): number => mean(losses.map((loss, i) => loss * w[i]!));
    expect(valueOf(weighted([]), 2, { x: scores, y: at, w: [2, 0.5] })).toBeCloseTo(expected([2, 2, 0.5, 0.5]), 12);
    expect(valueOf(weighted([2]), 2, { x: scores, y: at, w: [1, 0, 0, 3] })).toBeCloseTo(expected([1, 0, 0, 3]), 12);
  });
});

describe("gradients agree with central differences, of scores, targets and weights", () => {
  const dense: Against = (v, w) => softmaxCrossEntropy(v, softmax(w), { labelSmoothing: 0.2 });
  test.each<[string, Build]>([
    ["softmaxCrossEntropy", classes(softmaxCrossEntropy)],
    ["softmaxCrossEntropy, dense and smoothed", against(dense, 3)],
    [
      "softmaxCrossEntropy, weighted positions",
      (n) => softmaxCrossEntropy(x([2, 3])(n), labels("y", [n, 2], { classes: 3 }), { labelSmoothing: 0.1, weights: input("w", [n, 2]) }),
    ],
    ["categoricalCrossentropy", classes((v, y) => categoricalCrossentropy(softmax(v), y))],
    ["categoricalCrossentropy, dense", against((v, w) => categoricalCrossentropy(sigmoid(v), softmax(w)), 3)],
    ["svmLoss", classes(svmLoss)],
    ["bceWithLogits", against(bceWithLogits)],
    ["binaryCrossentropy", against((v, w) => binaryCrossentropy(sigmoid(v), sigmoid(w)))],
    ["hinge", against(hinge)],
    ["mse", against(mse)],
    ["mae", against(mae)],
    ["huber", against(huber)],
    ["kl", against((v, w) => kl(softmax(v), softmax(w)), 3)],
    ["cosineSimilarity", against(cosineSimilarity, 3)],
  ])("%s", async (_, build) => {
    const { failed, smooth, compared } = await disagreements(build);
    expect(failed).toEqual([]);
    expect(smooth).toBe(true);
    expect(compared).toBeGreaterThan(10);
  });
});

describe("emitted float32 code at scores of ±1e4", () => {
  const big = Float32Array.of(1e4, -1e4, 1e4, -1e4);
  const rows = 2;
  const y = Int32Array.of(1, 0);
  const bits = Float32Array.of(0, 1, 1, 0);
  const label = (n: number) => labels("y", [n], { classes: 2 });
  const two = x([2]);
  const sparse = "log(c ? softmax(x) : 1) → c ? x − logsumexp(x) : 0";
  const dense = "log(t ≠ 0 ∨ p ≠ 0 ? p : 1) → x − logsumexp(x) for p = softmax(x)";
  const logit =
    "log(t ≠ 0 ∨ p ≠ 0 ? p : 1) → min(x, 0) − log1p(e^−|x|) for p = sigmoid(x), log(t ≠ 0 ∨ p ≠ 0 ? p : 1) → −max(x, 0) − log1p(e^−|x|) for p = 1 − sigmoid(x)";
  // the first row is as wrong as can be, the second right
  test.each<[string, Build, number, number[], string]>([
    ["softmaxCrossEntropy", (n) => softmaxCrossEntropy(two(n), label(n)), 1e4, [0.5, -0.5, 0, 0], "none"],
    ["softmaxCrossEntropy, dense", against(softmaxCrossEntropy), 1e4, [0.5, -0.5, 0, 0], "none"],
    ["probabilities after softmax", (n) => categoricalCrossentropy(softmax(two(n)), label(n)), 1e4, [0.5, -0.5, 0, 0], sparse],
    ["probabilities after softmax, dense", against((v, w) => categoricalCrossentropy(softmax(v), w)), 1e4, [0.5, -0.5, 0, 0], dense],
    ["kl after softmax", against((v, w) => kl(softmax(v), w)), 1e4, [0.5, -0.5, 0, 0], dense],
    [
      "log of softmax by hand",
      against((v, w) => mse(log(softmax(v)), w)),
      200010000.5,
      [10000.5, -10000.5, 10000, -10000],
      "log(softmax(x)) → x − logsumexp(x)",
    ],
    ["svmLoss", (n) => svmLoss(two(n), label(n)), 10000.5, [0.5, -0.5, 0, 0], "none"],
    ["bceWithLogits", against(bceWithLogits), 5000, [0.25, -0.25, 0, 0], "none"],
    ["probabilities after sigmoid", against((v, w) => binaryCrossentropy(sigmoid(v), w)), 5000, [0.25, -0.25, 0, 0], logit],
    ["huber", against(huber), 9999.5, [0.25, -0.25, 0.25, -0.25], "none"],
    ["mae", against(mae), 10000, [0.25, -0.25, 0.25, -0.25], "none"],
    ["cosineSimilarity", against(cosineSimilarity), 0, [-1.76777e-5, -1.76777e-5, -1.76777e-5, -1.76777e-5], "none"],
  ])("%s", async (name, build, loss, gradient, laws) => {
    const found = await emitted(build, rows, { x: big, t: bits, y });
    expect(found.header).toBe(laws);
    expect(Math.abs(found.loss - loss)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(loss)));
    const size = Math.max(...gradient.map(Math.abs));
    found.inputs["x"]!.forEach((d, n) => expect(Math.abs(d - gradient[n]!), `${name} d_x[${n}] = ${d}`).toBeLessThanOrEqual(1e-5 * size));
  });

  test("at logits of 0, where max and |x| have kinks, the slope is that of σ", async () => {
    const zeros = { x: new Float32Array(4), t: bits };
    for (const build of [against(bceWithLogits), against((v, w) => binaryCrossentropy(sigmoid(v), w))]) {
      const found = await emitted(build, rows, zeros);
      expect(found.inputs["x"]).toEqual([0.125, -0.125, -0.125, 0.125]);
    }
  });

  test("probabilities of exactly 0 and 1 that do not count leave loss and gradients finite", async () => {
    const sure = { x: Float32Array.of(0, 1, 1, 0), t: Float32Array.of(0, 1, 1, 0), y };
    for (const loss of [categoricalCrossentropy, binaryCrossentropy, kl]) {
      const found = await emitted(against(loss), rows, sure);
      expect(found.loss).toBeCloseTo(0, 12);
      expect(found.inputs["x"]!.every(Number.isFinite)).toBe(true);
    }
    const found = await emitted((n) => categoricalCrossentropy(two(n), label(n)), rows, sure);
    expect(found.inputs["x"]).toEqual([0, -0.5, -0.5, 0]);
  });
});

describe("metrics", () => {
  const scores = [1, 5, 3, 2, 2, 2, 9, 8, 7, 0, 0, 1];
  const top = (k: number): Build => classes((s, y) => topKAccuracy(s, y, k));

  test("topKAccuracy counts labels among the k largest, ties to the first", () => {
    const y = [2, 1, 2, 1];
    expect([1, 2, 3].map((k) => valueOf(top(k), 4, { x: scores, y }))).toEqual([0, 0.5, 1]);
    expect(valueOf(top(2), 4, { x: scores, y }, 2)).toBe(1);
    for (const at of [
      [0, 0, 0, 0],
      [1, 1, 1, 1],
      [2, 2, 2, 2],
    ])
      expect(valueOf(top(1), 4, { x: scores, y: at })).toBe(valueOf(classes(accuracy), 4, { x: scores, y: at }));
  });

  test("scores that are no numbers are not right", () => {
    expect(valueOf(top(2), 1, { x: [NaN, NaN, NaN], y: [1] })).toBe(0);
  });

  test("dense targets name their largest class", () => {
    const t = [0, 1, 0, 1, 0, 0, 0, 0, 1, 0.2, 0.3, 0.5];
    expect(valueOf(against(accuracy, 3), 4, { x: scores, t })).toBe(0.75);
    expect(
      valueOf(
        against((s, u) => topKAccuracy(s, u, 3), 3),
        4,
        { x: scores, t },
      ),
    ).toBe(1);
  });

  test("binaryAccuracy has a threshold, and takes 0 and 1 as well as −1 and 1", () => {
    const feed = { x: [0.6, 0.4, 0.4, 0.6], t: [0, 1, 0, 1] };
    expect(valueOf(against(binaryAccuracy), 2, feed)).toBe(0.5);
    const logits = against((s, u) => binaryAccuracy(s, u, { threshold: 0 }));
    expect(valueOf(logits, 2, { x: [3, -2, -1, -1], t: [1, -1, 1, -1] })).toBe(0.75);
  });
});

describe("complaints", () => {
  const said = (build: Build): string => {
    try {
      valueOf(build, 2, { x: [], t: [], y: [] });
    } catch (error) {
      return (error as Error).message.split("\n").slice(2).join("\n");
    }
    return "nothing";
  };

  test.each<[string, Build, string]>([
    [
      "labels of another batch",
      (n) => softmaxCrossEntropy(x([3])(n), labels("y", [3], { classes: 3 })),
      `  softmaxCrossEntropy needs scores [n, …, classes], and labels [n, …] or a target for each score

    scores    f64[2,3]
    y         i32[3]

  Give one label a row of scores; the classes are the last axis of the scores.`,
    ],
    [
      "too few scores",
      (n) => accuracy(x([3])(n), labels("y", [n], { classes: 10 })),
      `  accuracy needs a score a class, but there are 3 scores and 10 classes

    scores    f64[2,3]
    y         i32[2]

  Make the last layer as wide as there are classes.`,
    ],
    [
      "targets of another shape",
      (n) => mse(x([3])(n), t([2])(n)),
      `  mse needs scores and targets of one shape, but [2,3] ≠ [2,2]

    scores    f64[2,3]
    y         f64[2,2]

  Give one target for each score.`,
    ],
    [
      "no batch",
      () => mae(input("x", []), input("t", [])),
      `  mae needs a batch, [n, …], but the scores are one number

    scores    f64[]
    y         f64[]

  Give it a value a row.`,
    ],
    [
      "three classes for yes or no",
      (n) => hinge(x([])(n), labels("y", [n], { classes: 3 })),
      `  hinge needs labels of two classes, but there are 3

  Declare labels with { classes: 2 }, or use a loss of several classes.`,
    ],
    [
      "too much smoothing",
      (n) => softmaxCrossEntropy(x([3])(n), t([3])(n), { labelSmoothing: 1 }),
      `  softmaxCrossEntropy needs a labelSmoothing from 0 up to 1, but got 1

  Give a share, such as 0.1.`,
    ],
    [
      "weights of another shape",
      (n) => softmaxCrossEntropy(x([3])(n), t([3])(n), { weights: input("w", [3]) }),
      `  softmaxCrossEntropy needs a weight a row, [2], but got [3]

  Give one weight for each.`,
    ],
    [
      "no delta",
      against((v, w) => huber(v, w, { delta: 0 })),
      `  huber needs a finite delta above 0, but got 0

  Give the error at which it turns linear.`,
    ],
    [
      "more than there are",
      classes((s, y) => topKAccuracy(s, y, 4)),
      `  topKAccuracy needs a whole number from 1 to 3, the number of classes, but got 4

  Give fewer than there are classes.`,
    ],
  ])("%s", (_, build, message) => expect(said(build)).toBe(message));
});

test("batchMean, for losses of one's own, is over the real rows and all of their elements", async () => {
  const squares: Build = (n) => batchMean(square(x([2])(n)));
  const feed = { x: [1, 2, 3, 4, 100, 100] };
  expect(valueOf(squares, 3, feed, 2)).toBeCloseTo((1 + 4 + 9 + 16) / 4, 12);
  expect((await disagreements(squares)).failed).toEqual([]);
  expect(() => valueOf(() => batchMean(param("w", [], constant(1))), 1, {})).toThrow("batchMean needs a batch, [n, …], but got one number");
});
