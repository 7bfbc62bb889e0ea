/**
 * The metrics: scalars that are means over the batch's real rows, so that evaluate may add them up from batch to batch.
 * Precision and recall are no such means (they divide by counts of their own): the runtime takes them from a confusion matrix.
 */

import type { Value } from "../graph/graph.ts";
import { FINITE, optionsOf } from "../graph/arguments.ts";
import { called } from "./arguments.ts";
import type { Context } from "./context.ts";
import { ANY_NUMBER, FLOATS, TARGETS } from "./kinds.ts";
import { meanOf } from "./live.ts";
import { checkClasses, isSparse, last, oneHot } from "./losses/batch.ts";
import { binaryTargets, type BinaryTargets } from "./losses/binary.ts";
import type { ClassTargets } from "./losses/classes.ts";
import type { FloatTensor, Scalar } from "./tensor.ts";

const share = (c: Context, right: Value): Scalar => c.tensor(meanOf(c, c.g.cast(right, { to: c.float }))) as Scalar; // a mean is a scalar

/** The labels [n, …], or the largest of dense targets. */
const labelsOf = (c: Context, y: ClassTargets): Value => (isSparse(y) ? y.value : c.g.argmax(y.value, { axis: last(y) }));

/** Share of the rows whose largest score is their label's; ties go to the first. */
export function accuracy(scores: FloatTensor, y: ClassTargets): Scalar {
  const c = called("accuracy", { scores, y }, { scores: FLOATS, y: TARGETS });
  return c.run(() => {
    checkClasses(c, "accuracy", scores, y);
    return share(c, c.g.eq(c.g.argmax(scores.value, { axis: last(scores) }), labelsOf(c, y)));
  });
}

/** Share of the rows whose label is among the k largest scores; ties go to the first, so that topKAccuracy(…, 1) is accuracy. */
export function topKAccuracy(scores: FloatTensor, y: ClassTargets, k: number): Scalar {
  const c = called("topKAccuracy", { scores, y, k }, { scores: FLOATS, y: TARGETS, k: ANY_NUMBER });
  return c.run(() => {
    checkClasses(c, "topKAccuracy", scores, y);
    const { g } = c;
    const axis = last(scores);
    const classes = scores.shape[axis]!;
    if (!(Number.isInteger(k) && k >= 1 && k <= classes))
      c.fail(
        "metric/k",
        `topKAccuracy needs a whole number from 1 to ${classes}, the number of classes, but got ${k}`,
        "Give fewer than there are classes.",
      );
    const label = labelsOf(c, y);
    const zero = g.literal(0, c.float);
    const wide = { axes: [axis], size: [classes] };
    const isLabel = oneHot(c, label, scores.shape);
    const own = c.named("labelScore", g.sum(g.where(isLabel, scores.value, zero), { axes: [axis] }));
    const theirs = g.broadcast(own, wide);
    const position = g.iota({ dtype: "i32", shape: scores.shape }, { axis });
    const later = g.and(g.eq(scores.value, theirs), g.lt(g.broadcast(label, wide), position));
    // classes that the label comes before: none where its score is not a number
    const isBehind = c.named("isBehind", g.or(g.lt(scores.value, theirs), later));
    const behind = c.named("behind", g.sum(g.cast(isBehind, { to: c.float }), { axes: [axis] }));
    return share(c, g.le(g.literal(classes - k, c.float), behind));
  });
}

/** Share of all elements on their target's side of the threshold: ½ for probabilities, 0 for logits. Targets 0 and 1, or −1 and 1. */
export function binaryAccuracy(scores: FloatTensor, y: BinaryTargets, options: { readonly threshold?: number } = {}): Scalar {
  const c = called(
    "binaryAccuracy",
    { scores, y, options },
    { scores: FLOATS, y: TARGETS, options: optionsOf<typeof options>({ threshold: FINITE }) },
  );
  const { threshold = 0.5 } = options;
  return c.run(() => {
    const { g } = c;
    const t = binaryTargets(c, "binaryAccuracy", scores, y);
    const isYes = c.named("isYes", g.lt(g.literal(threshold, c.float), scores.value));
    const shouldBe = c.named("shouldBe", g.lt(g.literal(0.5, c.float), t));
    // equality of booleans: both, or neither
    return share(c, g.or(g.and(isYes, shouldBe), g.not(g.or(isYes, shouldBe))));
  });
}
