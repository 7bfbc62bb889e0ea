/** What is true of probabilities behind movements: their logarithms are taken of what they came from, so that no loss is infinite and every gradient is that of the logits. */

import { describe, expect, test } from "vitest";
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  input,
  kl,
  labels,
  log,
  mul,
  neg,
  reshape,
  reversed,
  sigmoid,
  slice,
  softmax,
  stack,
  stopGradient,
  squeeze,
  sub,
  sum,
  transpose,
  type FloatTensor,
  type Scalar,
} from "adjoint";
import { disagreements, emitted, type Build } from "./support/one-loss.ts";

const any = (x: unknown): FloatTensor => x as FloatTensor; // shapes are checked when the model is declared
const flipped = (x: unknown): FloatTensor => any(transpose(x as FloatTensor<readonly [number, number]>));

/** Probabilities of [n, 3] logits, moved and moved back, or computed along another axis. */
const BEHIND: Readonly<Record<string, (x: FloatTensor) => FloatTensor>> = {
  nothing: (x) => softmax(x),
  "a transpose": (x) => flipped(softmax(flipped(x), 0)),
  "a reshape": (x) => any(reshape(softmax(any(reshape(x, [x.shape[0]!, 1, 3]))), [x.shape[0]!, 3])),
  "a slice": (x) => any(squeeze(slice(softmax(any(stack([x, x], 0))), [1, 0, 0], [2, x.shape[0]!, 3]), 0)),
  "two reversals": (x) => any(reversed(softmax(any(reversed(x, [0, 1]))), [0, 1])),
  several: (x) => flipped(flipped(reversed(reshape(softmax(any(reversed(x, [0]))), [x.shape[0]!, 3]), [0]))),
};

const x3 = (n: number): FloatTensor => input("x", [n, 3]);
const logits = Float32Array.of(200, 0, 0, 1, 2, 3);
/** −log softmax of the second row's class 2, and that row's probabilities. */
const total = Math.exp(1) + Math.exp(2) + Math.exp(3);
const second = Math.log(total) - 3;
const p2 = [1, 2, 3].map((v) => Math.exp(v) / total);

describe.each(Object.entries(BEHIND))("softmax behind %s", (_, moved) => {
  const nll: Build = (n) => categoricalCrossentropy(moved(x3(n)), labels("y", [n], { classes: 3 }));
  const dense: Build = (n) => categoricalCrossentropy(moved(x3(n)), input("t", [n, 3]));
  const divergence: Build = (n) => kl(moved(x3(n)), input("t", [n, 3]));
  const t = Float32Array.of(0, 1, 0, 0, 0, 1);
  const slopes = [0.5, -0.5, 0, p2[0]! / 2, p2[1]! / 2, (p2[2]! - 1) / 2];

  test.each<[string, Build, object]>([
    ["categorical cross-entropy of labels", nll, { x: logits, y: Int32Array.of(1, 2) }],
    ["categorical cross-entropy of targets", dense, { x: logits, t }],
    ["kl", divergence, { x: logits, t }],
  ])("%s: 200 where it was infinite", async (name, build, batch) => {
    const found = await emitted(build, 2, batch as Parameters<typeof emitted>[2]);
    expect(found.loss).toBeCloseTo((200 + second) / 2, 4);
    slopes.forEach((slope, n) => expect(found.inputs["x"]![n], `${name}, ${n}`).toBeCloseTo(slope, 5));
    expect(found.header).toContain("logsumexp");
  });
});

describe("sigmoid behind a transpose", () => {
  const x = (n: number): FloatTensor => input("x", [n, 2]);
  const moved = (n: number): FloatTensor => flipped(sigmoid(flipped(x(n))));

  test("binary cross-entropy: 200 where it was infinite", async () => {
    const build: Build = (n) => binaryCrossentropy(moved(n), input("t", [n, 2]));
    const found = await emitted(build, 2, { x: Float32Array.of(200, -200, 0, 0), t: Float32Array.of(0, 1, 0, 1) });
    expect(found.loss).toBeCloseTo((400 + 2 * Math.LN2) / 4, 4);
    [0.25, -0.25, 0.125, -0.125].forEach((slope, n) => expect(found.inputs["x"]![n]).toBeCloseTo(slope, 5));
  });

  test("1 − p behind another movement", async () => {
    const build: Build = (n) => neg(sum(log(flipped(sub(1, moved(n))))));
    const found = await emitted(build, 1, { x: Float32Array.of(200, 1) });
    expect(found.loss).toBeCloseTo(200 + Math.log(1 + Math.E), 3);
  });
});

test("what stopGradient holds has its value, and no slope", async () => {
  const build: Build = (n) => {
    const x = x3(n);
    return sub(mul(sum(x), 1), sum(log(stopGradient(softmax(x))))) as Scalar;
  };
  const found = await emitted(build, 1, { x: logits.subarray(0, 3) });
  expect(found.loss).toBeCloseTo(200 + 400, 3);
  expect(found.inputs["x"]).toEqual([1, 1, 1]);
});

test("gradients behind movements agree with forward mode and differences", async () => {
  for (const moved of Object.values(BEHIND)) {
    const { failed, smooth } = await disagreements((n) => categoricalCrossentropy(moved(x3(n)), labels("y", [n], { classes: 3 })));
    expect(failed).toEqual([]);
    expect(smooth).toBe(true);
  }
});
