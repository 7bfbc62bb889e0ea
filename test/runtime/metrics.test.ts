/** Measures of classifiers agree with counts made by hand, ties and empty classes included. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classReport, confusionMatrix, topK } from "../../runtime/index.ts";

// six rows of three classes; predicted 0 0 1 2 2 2, of equal scores the first
const scores = Float32Array.of(0.9, 0.1, 0.0, 0.5, 0.5, 0.1, 0.1, 0.8, 0.3, 0.2, 0.1, 0.7, 0.0, 0.4, 0.6, 0.3, 0.2, 0.4);
const labels = Int32Array.of(0, 1, 1, 2, 1, 2);

describe("confusion matrix", () => {
  test("counts rows by true class, columns by predicted", () => {
    expect(confusionMatrix(scores, labels)).toEqual(Int32Array.of(1, 0, 0, 1, 1, 1, 0, 0, 2));
  });

  test("counts every row once, whatever the scores", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.float({ noNaN: true }), fc.float({ noNaN: true }), fc.nat(1)), { minLength: 1 }), (rows) => {
        const counts = confusionMatrix(
          rows.flatMap(([a, b]) => [a, b]),
          rows.map(([, , label]) => label),
        );
        expect(counts.reduce((a, b) => a + b)).toBe(rows.length);
        const right = rows.filter(([a, b, label]) => label === (b > a ? 1 : 0)).length;
        expect(counts[0]! + counts[3]!).toBe(right);
      }),
    );
  });
});

describe("report", () => {
  test("precision, recall and F1 by hand", () => {
    const { accuracy, classes, macro } = classReport(confusionMatrix(scores, labels));
    expect(accuracy).toBe(4 / 6);
    // class 0: one right of two given, one there; class 1: one of one, three there; class 2: two of three, two there
    expect(classes.map(({ precision }) => precision)).toEqual([1 / 2, 1, 2 / 3]);
    expect(classes.map(({ recall }) => recall)).toEqual([1, 1 / 3, 1]);
    expect(classes.map(({ rows }) => rows)).toEqual([1, 3, 2]);
    expect(classes[0]!.f1).toBeCloseTo(2 / 3, 15);
    expect(classes[1]!.f1).toBeCloseTo(1 / 2, 15);
    expect(classes[2]!.f1).toBeCloseTo(4 / 5, 15);
    expect(macro.precision).toBeCloseTo((1 / 2 + 1 + 2 / 3) / 3, 15);
    expect(macro.recall).toBeCloseTo((1 + 1 / 3 + 1) / 3, 15);
    expect(macro.f1).toBeCloseTo((2 / 3 + 1 / 2 + 4 / 5) / 3, 15);
  });

  test("a class that is never there nor given measures 0, and is a part of the mean", () => {
    const { classes, macro } = classReport(Int32Array.of(3, 0, 0, 0));
    expect(classes[1]).toEqual({ precision: 0, recall: 0, f1: 0, rows: 0 });
    expect(macro).toEqual({ precision: 0.5, recall: 0.5, f1: 0.5 });
  });
});

describe("top-k", () => {
  test("by hand: rank of the true class 1 2 1 1 2 1", () => {
    expect(topK(scores, labels, 1)).toBe(4 / 6);
    expect(topK(scores, labels, 2)).toBe(1);
    expect(topK(scores, labels, 3)).toBe(1);
  });

  test("top-1 is accuracy, for ties as well", () => {
    const row = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }), fc.nat(2));
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), (rows) => {
        const all = rows.flatMap(([a, b, c]) => [a, b, c]);
        const truth = rows.map(([, , , label]) => label);
        expect(topK(all, truth, 1)).toBe(classReport(confusionMatrix(all, truth)).accuracy);
      }),
    );
  });

  test("scores that are NaN are not right", () => {
    expect(topK(Float32Array.of(NaN, NaN, NaN), Int32Array.of(0), 2)).toBe(0);
  });
});

describe("what does not fit is told", () => {
  const told = (body: () => unknown, message: string) => expect(body).toThrowError(new RangeError(message));

  test("in full", () => {
    told(
      () => confusionMatrix(scores, Int32Array.of(0, 1, 2, 2)),
      "18 scores do not give 4 labels a whole number of at least 2 scores each; pass the scores as [n, classes] and one label a row",
    );
    told(
      () => confusionMatrix(scores, Int32Array.of(0, 1, 3, 2, 1, 2)),
      "the label 3 at row 2 (counted from 0) names none of the 3 classes, 0 to 2",
    );
    told(() => topK(scores, labels, 4), "k must be a whole number from 1 to the 3 classes, not 4");
    told(
      () => classReport([1, 2, 3]),
      "a confusion matrix is [classes, classes], but 3 values are not a square; make it with confusionMatrix",
    );
  });
});
