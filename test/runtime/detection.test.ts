/** What is true of detections: of boxes that overlap the surest stays, class by class; average precision is the area under precision and recall. */

import { describe, expect, test } from "vitest";
import { DataError, meanAveragePrecision, nonMaxSuppression, type Detections } from "../../runtime/index.ts";
import { randomFrom } from "../support/sample.ts";

// [0, 4] along each axis, moved to the right by 1 (3/5 shared), by 2 (1/3) and by 4 (nothing)
const boxes = [0, 1, 2, 4].flatMap((by) => [by, 0, by + 4, 4]);

describe("nonMaxSuppression", () => {
  test("drops what overlaps a surer box by more than the threshold; what was dropped drops nothing", () => {
    expect([...nonMaxSuppression(boxes, [0.9, 0.8, 0.7, 0.6])]).toEqual([0, 2, 3]);
    expect([...nonMaxSuppression(boxes, [0.9, 0.8, 0.7, 0.6], { iouThreshold: 0.3 })]).toEqual([0, 3]);
    expect([...nonMaxSuppression(boxes, [0.1, 0.8, 0.7, 0.9])]).toEqual([3, 1]);
    expect([...nonMaxSuppression(boxes, [0.9, 0.8, 0.7, 0.6], { iouThreshold: 0.6 })]).toEqual([0, 1, 2, 3]);
  });

  test("leaves other classes alone, keeps no more and no less sure boxes than asked for, and of equals the first", () => {
    expect([...nonMaxSuppression(boxes, [0.9, 0.8, 0.7, 0.6], { classes: [1, 2, 1, 2], iouThreshold: 0.2 })]).toEqual([0, 1, 3]);
    expect([...nonMaxSuppression(boxes, [0.9, 0.8, 0.7, 0.6], { scoreThreshold: 0.7 })]).toEqual([0, 2]);
    expect([...nonMaxSuppression(boxes, [0.5, 0.5, 0.5, 0.5], { maxOutputSize: 2 })]).toEqual([0, 2]);
    expect([...nonMaxSuppression([], [])]).toEqual([]);
  });

  test("says where boxes and scores are not as many", () => {
    expect(() => nonMaxSuppression(boxes, [1])).toThrow(DataError);
    expect(() => nonMaxSuppression(boxes, [1, 1, 1, 1], { classes: [1] })).toThrow(/boxes hold 16 numbers, but there are 1 classes/);
  });
});

describe("meanAveragePrecision", () => {
  const truth = [
    { boxes: [0, 0, 4, 4, 10, 10, 14, 14], classes: [1, 1] },
    { boxes: [0, 0, 4, 4], classes: [2] },
  ];
  const found = (first: Detections, second: Detections = none): Detections[] => [first, second];
  const none: Detections = { boxes: [], classes: [], scores: [] };

  test("is 1 where all is found, 0 where nothing is, and a half of two classes where one is", () => {
    const all = { ...truth[0]!, scores: [0.4, 0.3] };
    expect(meanAveragePrecision(found(all, { ...truth[1]!, scores: [0.2] }), truth)).toBe(1);
    expect(meanAveragePrecision(found(none), truth)).toBe(0);
    expect(meanAveragePrecision(found(all), truth)).toBe(0.5);
    expect(meanAveragePrecision([], [])).toBeNaN();
  });

  test("by hand: right, seen twice, wrong class and place, right", () => {
    // of class 1, from the surest: 1/1 at a half, 1/2, 1/3, 2/4 at all: ½·1 + ½·½; what is found of class 2 is in another picture
    const seen = { boxes: [0, 0, 4, 4, 1, 0, 5, 4, 30, 0, 34, 4, 10, 10, 14, 13], classes: [1, 1, 1, 1], scores: [0.9, 0.8, 0.7, 0.6] };
    expect(meanAveragePrecision(found(seen), truth.slice(0, 1).concat({ boxes: [], classes: [] }))).toBeCloseTo(0.75, 12);
    const other = { boxes: [0, 0, 4, 4], classes: [2], scores: [1] };
    expect(meanAveragePrecision(found(other), truth)).toBe(0);
    expect(meanAveragePrecision(found(seen), truth.slice(0, 1).concat({ boxes: [], classes: [] }), { iouThreshold: 0.8 })).toBeCloseTo(
      0.5,
      12,
    );
  });

  test("of any detections it is the mean, over true boxes, of the best precision from each of them on", () => {
    const random = randomFrom(5);
    const pick = (most: number): number => Math.floor(random() * most);
    const pictures = Array.from({ length: 20 }, () => {
      const count = 1 + pick(3);
      return {
        boxes: Array.from({ length: count }, (_, n) => [10 * n, 0, 10 * n + 4, 4]).flat(),
        classes: Array.from({ length: count }, () => 1),
      };
    });
    const guesses = pictures.map(({ classes }) => {
      const at = Array.from({ length: 4 }, () => pick(4));
      return {
        boxes: at.flatMap((n) => [10 * n, 0, 10 * n + 4, 4]),
        classes: at.map(() => 1),
        scores: at.map(() => random()),
        right: at.map((n) => n < classes.length),
      };
    });
    const taken = new Set<string>();
    const hits = guesses
      .flatMap(({ boxes: own, scores, right }, picture) =>
        scores.map((score, n) => ({ score, key: right[n] ? `${picture} ${own[4 * n]}` : undefined })),
      )
      .sort((a, b) => b.score - a.score)
      .map(({ key }) => key !== undefined && !taken.has(key) && taken.add(key) !== undefined);
    const precision = hits.map((_, n) => hits.slice(0, n + 1).filter(Boolean).length / (n + 1));
    const total = pictures.reduce((sum, { classes }) => sum + classes.length, 0);
    const expected = hits.reduce((sum, hit, n) => sum + (hit ? Math.max(...precision.slice(n)) : 0), 0) / total;
    expect(
      meanAveragePrecision(
        guesses.map(({ right: _, ...one }) => one),
        pictures,
      ),
    ).toBeCloseTo(expected, 12);
  });

  test("says where pictures are not as many", () => {
    expect(() => meanAveragePrecision([], truth)).toThrow(/found in 0 pictures, but there is truth of 2/);
  });
});
