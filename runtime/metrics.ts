/** Measures of a classifier, counted from its scores and the true labels: pure functions, exact counts. */

import * as error from "./error.ts";
import { hold, NUMBER, NUMERIC } from "./kinds.ts";

type Numbers = ArrayLike<number>;

/** Measures of one class, or their means over the classes. 0 where nothing was there to divide by, as in scikit-learn. */
export interface ClassMeasures {
  /** Of the rows that were given the class, the share that are of it. */
  readonly precision: number;
  /** Of the rows that are of the class, the share that were given it. */
  readonly recall: number;
  /** 2·precision·recall / (precision + recall) */
  readonly f1: number;
}

/** Precision, recall and F₁ of every class, with their means. */
export interface ClassReport {
  readonly accuracy: number;
  readonly classes: readonly (ClassMeasures & { readonly rows: number })[];
  /** Unweighted means over the classes. */
  readonly macro: ClassMeasures;
}

/**
 * Share of the rows whose label is among the `k` largest scores; of equal scores the first wins.
 *
 * @param scores [n, classes] row-major
 * @param labels [n]
 */
export function topK(scores: Numbers, labels: Numbers, k: number): number {
  hold("topK", { scores, labels, k }, { scores: NUMERIC, labels: NUMERIC, k: NUMBER });
  const classes = classesOf(scores, labels);
  if (!Number.isInteger(k) || k < 1 || k > classes) throw error.badTopK(k, classes);
  let right = 0;
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row]!;
    const own = scores[row * classes + label]!;
    let ahead = 0;
    for (let c = 0; c < classes; c++) {
      const score = scores[row * classes + c]!;
      // written so that NaN is ahead of everything, and a NaN of one's own is behind
      if (!(score <= own) || (score === own && c < label)) ahead++;
    }
    if (ahead < k) right++;
  }
  return right / labels.length;
}

/**
 * How many rows of each class were given each class: [classes, classes], rows are true, columns predicted.
 * A row is given the class of its largest score, of equal ones the first.
 *
 * @param scores [n, classes] row-major
 * @param labels [n]
 */
export function confusionMatrix(scores: Numbers, labels: Numbers): Int32Array {
  hold("confusionMatrix", { scores, labels }, { scores: NUMERIC, labels: NUMERIC });
  const classes = classesOf(scores, labels);
  const counts = new Int32Array(classes * classes);
  for (let row = 0; row < labels.length; row++) {
    let best = 0;
    for (let c = 1; c < classes; c++) if (scores[row * classes + c]! > scores[row * classes + best]!) best = c;
    counts[labels[row]! * classes + best]!++;
  }
  return counts;
}

/**
 * Accuracy, and precision, recall and F1 of each class and as means over the classes.
 *
 * @param confusion [classes, classes], rows are true, as `confusionMatrix` gives it
 */
export function classReport(confusion: Numbers): ClassReport {
  hold("classReport", { confusion }, { confusion: NUMERIC });
  const classes = squareSide(confusion);
  const count = (of: (k: number) => number): number => {
    let total = 0;
    for (let k = 0; k < classes; k++) total += confusion[of(k)]!;
    return total;
  };
  const each = Array.from({ length: classes }, (_, c) => {
    const right = confusion[c * classes + c]!;
    const rows = count((k) => c * classes + k);
    const precision = share(
      right,
      count((k) => k * classes + c),
    );
    const recall = share(right, rows);
    return { precision, recall, f1: share(2 * precision * recall, precision + recall), rows };
  });
  const mean = (name: keyof ClassMeasures): number => each.reduce((total, one) => total + one[name], 0) / classes;
  return {
    accuracy: share(
      count((k) => k * classes + k),
      each.reduce((n, { rows }) => n + rows, 0),
    ),
    classes: each,
    macro: { precision: mean("precision"), recall: mean("recall"), f1: mean("f1") },
  };
}

const share = (part: number, of: number): number => (of === 0 ? 0 : part / of);

/** The side of a square matrix. */
export function squareSide(matrix: Numbers): number {
  const side = Math.round(Math.sqrt(matrix.length));
  if (side === 0 || side * side !== matrix.length) throw error.notSquare(matrix.length);
  return side;
}

/** Scores in a row; every label names one of them. */
function classesOf(scores: Numbers, labels: Numbers): number {
  const classes = scores.length / labels.length;
  if (!Number.isInteger(classes) || classes < 2) throw error.unequalScores(scores.length, labels.length);
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row]!;
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) throw error.labelOutOfRange(label, row, classes);
  }
  return classes;
}
