/** What a detector finds, and how well: boxes are [left, top, right, bottom], one after the other, in any unit. Pure functions. */

import { COUNT, kind, numbers, optionsOf } from "./arguments.ts";
import { unequalBoxes, unequalPictures } from "./error.ts";
import { has, hold, NUMERIC } from "./kinds.ts";

type Numbers = ArrayLike<number>;

/** Boxes of one picture, and the class of each. */
export interface Boxes {
  /** [n, 4] */
  readonly boxes: Numbers;
  /** [n] */
  readonly classes: Numbers;
}

/** What was found in one picture, with how sure that is. */
export interface Detections extends Boxes {
  /** [n] */
  readonly scores: Numbers;
}

/** Options of `nonMaxSuppression`. */
export interface NonMaxOptions {
  /** Boxes of different classes leave each other alone. Default: all are of one. */
  readonly classes?: Numbers;
  /** A box that overlaps a surer one by more is dropped. Default: 0.5. */
  readonly iouThreshold?: number;
  /** A box that is less sure is dropped. Default: none is. */
  readonly scoreThreshold?: number;
  /** How many boxes are kept at most. Default: all. */
  readonly maxOutputSize?: number;
}

const SHARE = /* @__PURE__ */ numbers("a number from 0 to 1", (value) => value >= 0 && value <= 1);
const NON_MAX = /* @__PURE__ */ optionsOf<NonMaxOptions>({
  classes: NUMERIC,
  iouThreshold: SHARE,
  scoreThreshold: /* @__PURE__ */ numbers("a finite number"),
  maxOutputSize: COUNT,
});

const areaOf = (left: number, top: number, right: number, bottom: number): number => Math.max(0, right - left) * Math.max(0, bottom - top);

/** Of box i of a and box j of b, the area that they share over the area that they cover: 0 where both are empty. */
function overlap(a: Numbers, i: number, b: Numbers, j: number): number {
  const at = (of: Numbers, n: number): readonly [number, number, number, number] => [
    of[4 * n]!,
    of[4 * n + 1]!,
    of[4 * n + 2]!,
    of[4 * n + 3]!,
  ];
  const [one, other] = [at(a, i), at(b, j)];
  const shared = areaOf(Math.max(one[0], other[0]), Math.max(one[1], other[1]), Math.min(one[2], other[2]), Math.min(one[3], other[3]));
  const covered = areaOf(...one) + areaOf(...other) - shared;
  return covered === 0 ? 0 : shared / covered;
}

/** Numbers from the surest down; of equals the first comes first. */
const inOrder = (scores: Numbers): number[] =>
  Array.from({ length: scores.length }, (_, n) => n).sort((i, j) => scores[j]! - scores[i]! || i - j);

/** As many boxes of four numbers as there are of what is said of them. */
function checkBoxes(of: string, boxes: Numbers, others: Readonly<Record<string, Numbers | undefined>>): void {
  for (const [name, values] of Object.entries(others))
    if (values !== undefined && boxes.length !== 4 * values.length) throw unequalBoxes(of, boxes.length, name, values.length);
}

/**
 * The numbers of the boxes that stay, from the surest down: whichever overlaps one that stays, of its class, by more than `iouThreshold` is
 * another sight of the same thing (torchvision.ops.batched_nms, tf.image.non_max_suppression).
 *
 * @param boxes [n, 4]
 * @param scores [n]
 * @throws DataError where there is not one score, and one class, for each box
 */
export function nonMaxSuppression(boxes: Numbers, scores: Numbers, options: NonMaxOptions = {}): Int32Array {
  hold("nonMaxSuppression", { boxes, scores, options }, { boxes: NUMERIC, scores: NUMERIC, options: NON_MAX });
  const { classes, iouThreshold = 0.5, scoreThreshold = -Infinity, maxOutputSize = Infinity } = options;
  checkBoxes("nonMaxSuppression", boxes, { scores, classes });
  const kept: number[] = [];
  for (const n of inOrder(scores)) {
    if (kept.length === maxOutputSize || !(scores[n]! >= scoreThreshold)) break;
    const seen = kept.some((other) => classes?.[other] === classes?.[n] && overlap(boxes, other, boxes, n) > iouThreshold);
    if (!seen) kept.push(n);
  }
  return Int32Array.from(kept);
}

const FOUND = /* @__PURE__ */ kind(
  "a list of { boxes, classes, scores }, one a picture",
  (value) => Array.isArray(value) && value.every((one) => has(one, "object", "boxes", "classes", "scores")),
);
const TRUTH = /* @__PURE__ */ kind(
  "a list of { boxes, classes }, one a picture",
  (value) => Array.isArray(value) && value.every((one) => has(one, "object", "boxes", "classes")),
);

/** Options of `meanAveragePrecision`. */
export interface PrecisionOptions {
  /** How much a box has to overlap a true one to be right. Default: 0.5. */
  readonly iouThreshold?: number;
}

const PRECISION = /* @__PURE__ */ optionsOf<PrecisionOptions>({ iouThreshold: SHARE });

/**
 * The mean over classes of the area under precision and recall (Pascal VOC 2010): what was found, from the surest down, is right where it overlaps
 * most with a true box of its picture and class, by at least `iouThreshold`, that nothing surer has found. Of classes that truly occur; NaN where none does.
 *
 * @param found of each picture boxes, classes and scores
 * @param truth of each picture boxes and classes
 * @throws DataError where the pictures are not as many, or not one class, and one score, for each box
 */
export function meanAveragePrecision(found: readonly Detections[], truth: readonly Boxes[], options: PrecisionOptions = {}): number {
  hold("meanAveragePrecision", { found, truth, options }, { found: FOUND, truth: TRUTH, options: PRECISION });
  if (found.length !== truth.length) throw unequalPictures(found.length, truth.length);
  found.forEach(({ boxes, classes, scores }) => checkBoxes("meanAveragePrecision", boxes, { scores, classes }));
  truth.forEach(({ boxes, classes }) => checkBoxes("meanAveragePrecision", boxes, { classes }));
  const { iouThreshold = 0.5 } = options;
  const classes = [...new Set(truth.flatMap(({ classes: own }) => Array.from(own)))];
  const total = classes.reduce((sum, of) => sum + averagePrecision(of, found, truth, iouThreshold), 0);
  return total / classes.length;
}

function averagePrecision(of: number, found: readonly Detections[], truth: readonly Boxes[], least: number): number {
  const ofClass = (own: Numbers): number[] => Array.from(own).flatMap((one, n) => (one === of ? [n] : []));
  const all = found.flatMap(({ scores, classes }, picture) => ofClass(classes).map((n) => ({ picture, n, score: scores[n]! })));
  const real = truth.map(({ classes }) => ofClass(classes));
  const taken = real.map(() => new Set<number>());
  let right = 0;
  const points = inOrder(all.map(({ score }) => score)).map((at, before) => {
    const { picture, n } = all[at]!;
    const overlaps = real[picture]!.map((m) => overlap(found[picture]!.boxes, n, truth[picture]!.boxes, m));
    const best = overlaps.reduce((top, one, m) => (one > overlaps[top]! ? m : top), 0);
    if ((overlaps[best] ?? -1) >= least && !taken[picture]!.has(best)) {
      taken[picture]!.add(best);
      right++;
    }
    return { right, precision: right / (before + 1) };
  });
  // from the last up, the best precision that any recall from here on has
  let [area, best] = [0, 0];
  for (let at = points.length - 1; at >= 0; at--) {
    const { right: now, precision } = points[at]!;
    best = Math.max(best, precision);
    area += best * (now - (points[at - 1]?.right ?? 0));
  }
  return area / real.reduce((sum, own) => sum + own.length, 0);
}
