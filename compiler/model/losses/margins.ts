/** The losses of margins: how far scores are on the right side, or above one another. */

import { anyOf, numbers, optional, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import type { Shape } from "../../graph/type.ts";
import { adviseDropped } from "../advice.ts";
import { called } from "../arguments.ts";
import type { Context } from "../context.ts";
import { ANY_NUMBER, FLOATS, INTEGERS, NUMBERS, TARGETS } from "../kinds.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { checkAlike, checkClasses, last, oneHot } from "./batch.ts";
import { binaryTargets, signsOf, type BinaryTargets } from "./binary.ts";
import { weightsOfClasses, type ClassTargets } from "./class-weights.ts";
import { reducedLoss, REDUCTION, type LossOptions, type Reduced } from "./reduction.ts";

const number = (c: Context, value: number): Value => c.g.literal(value, c.float);
const REDUCED = optionsOf<LossOptions>(REDUCTION);

/** Mean of log(1 + e^(−t·s)) for targets −1 and 1; labels 0 and 1 stand for those (torch.nn.functional.soft_margin_loss). */
export function softMargin<const O extends LossOptions = LossOptions>(scores: FloatTensor, y: BinaryTargets, options?: O): Reduced<O> {
  const c = called("softMargin", { scores, y, options }, { scores: FLOATS, y: TARGETS, options: optional(REDUCED) });
  return c.run(() => {
    const { g } = c;
    adviseDropped(c, "softMargin", scores.value);
    const value = g.neg(g.logSigmoid(g.mul(signsOf(c, "softMargin", scores, y), scores.value)));
    return reducedLoss<O>(c, c.named("elementLoss", value), options ?? {});
  });
}

/** What losses of a margin take besides. */
export interface MarginOptions extends LossOptions {
  /** Default: 1, and 0 of marginRanking. */
  readonly margin?: number;
}

const MARGIN = optionsOf<MarginOptions>({ ...REDUCTION, margin: ANY_NUMBER });

/** Mean of x where t is 1, and max(0, margin − x) where it is −1, x being a distance (torch.nn.functional.hinge_embedding_loss). */
export function hingeEmbedding<const O extends MarginOptions = MarginOptions>(x: FloatTensor, y: BinaryTargets, options?: O): Reduced<O> {
  const c = called("hingeEmbedding", { x, y, options }, { x: FLOATS, y: TARGETS, options: optional(MARGIN) });
  const { margin = 1 }: MarginOptions = options ?? {};
  return c.run(() => {
    const { g } = c;
    adviseDropped(c, "hingeEmbedding", x.value);
    const isPair = g.lt(number(c, 0), signsOf(c, "hingeEmbedding", x, y));
    const value = g.where(isPair, x.value, g.relu(g.sub(number(c, margin), x.value)));
    return reducedLoss<O>(c, c.named("elementLoss", value), options ?? {});
  });
}

/** Mean of max(0, −t·(a − b) + margin): a is to be above b where t is 1, below it where it is −1 (torch.nn.functional.margin_ranking_loss). */
export function marginRanking<const O extends MarginOptions = MarginOptions>(
  a: FloatTensor,
  b: FloatTensor,
  y: BinaryTargets,
  options?: O,
): Reduced<O> {
  const c = called("marginRanking", { a, b, y, options }, { a: FLOATS, b: FLOATS, y: TARGETS, options: optional(MARGIN) });
  const { margin = 0 }: MarginOptions = options ?? {};
  return c.run(() => {
    const { g } = c;
    checkAlike(c, "marginRanking", a, b);
    const above = c.named("above", g.mul(signsOf(c, "marginRanking", a, y), g.sub(a.value, b.value)));
    return reducedLoss<O>(c, c.named("elementLoss", g.relu(g.sub(number(c, margin), above))), options ?? {});
  });
}

/** What multiMargin takes besides. */
export interface MultiMarginOptions extends MarginOptions {
  /** Which power of a margin counts. Default: 1. */
  readonly p?: 1 | 2;
  /** A factor a class, of the rows with that label. */
  readonly classWeights?: readonly number[] | FloatTensor;
}

const MULTI = optionsOf<MultiMarginOptions>({
  ...REDUCTION,
  margin: ANY_NUMBER,
  p: numbers("1 or 2", (n) => n === 1 || n === 2),
  classWeights: anyOf("a list of numbers, or a tensor of floats", NUMBERS, FLOATS),
});

/** Mean over rows of (1/classes)·Σ_{j≠y} max(0, margin − s_y + s_j)^p (torch.nn.functional.multi_margin_loss; svmLoss is its sum). */
export function multiMargin<const O extends MultiMarginOptions = MultiMarginOptions>(
  scores: FloatTensor,
  y: Tensor<Shape, "i32">,
  options?: O,
): Reduced<O> {
  const c = called("multiMargin", { scores, y, options }, { scores: FLOATS, y: INTEGERS, options: optional(MULTI) });
  const { margin = 1, p = 1, classWeights }: MultiMarginOptions = options ?? {};
  return c.run(() => {
    const { g } = c;
    checkClasses(c, "multiMargin", scores, y);
    adviseDropped(c, "multiMargin", scores.value);
    const [axes, classes] = [[last(scores)], scores.shape.at(-1)!];
    const isOwn = oneHot(c, y.value, scores.shape);
    const own = (of: Value): Value => g.sum(g.where(isOwn, of, number(c, 0)), { axes });
    const label = g.broadcast(c.named("labelScore", own(scores.value)), { axes, size: [classes] });
    const hinge = g.relu(g.add(g.sub(scores.value, label), number(c, margin)));
    const counted = g.where(isOwn, number(c, 0), p === 1 ? hinge : g.mul(hinge, hinge));
    const mean = g.mul(g.sum(counted, { axes }), number(c, 1 / classes));
    if (classWeights === undefined) return reducedLoss<O>(c, c.named("rowLoss", mean), options ?? {});
    const weight = own(weightsOfClasses(c, "multiMargin", classWeights, scores.shape));
    return reducedLoss<O>(c, c.named("rowLoss", g.mul(weight, mean)), options ?? {});
  });
}

/**
 * Mean over rows of (1/classes)·Σ max(0, 1 − (s_j − s_i)) over the classes j that a row has and i that it has not, targets being 1 and 0
 * (torch.nn.functional.multilabel_margin_loss, whose targets are lists of classes).
 */
export function multilabelMargin<const O extends LossOptions = LossOptions>(scores: FloatTensor, y: FloatTensor, options?: O): Reduced<O> {
  const c = called("multilabelMargin", { scores, y, options }, { scores: FLOATS, y: FLOATS, options: optional(REDUCED) });
  return c.run(() => {
    const { g } = c;
    checkAlike(c, "multilabelMargin", scores, y);
    adviseDropped(c, "multilabelMargin", scores.value);
    const [at, classes] = [last(scores), scores.shape.at(-1)!];
    const along = (value: Value, axis: 0 | 1): Value => g.broadcast(value, { axes: [at + axis], size: [classes] });
    const hinge = g.relu(g.add(g.sub(along(scores.value, 0), along(scores.value, 1)), number(c, 1))); // […, j, i]
    const counts = g.mul(along(y.value, 1), along(g.sub(number(c, 1), y.value), 0));
    const total = g.sum(g.mul(counts, hinge), { axes: [at, at + 1] });
    return reducedLoss<O>(c, c.named("rowLoss", g.mul(total, number(c, 1 / classes))), options ?? {});
  });
}

/** What multilabelSoftMargin takes besides. */
export interface SoftMarginOptions extends LossOptions {
  /** A factor a class. */
  readonly classWeights?: readonly number[] | FloatTensor;
}

const SOFT = optionsOf<SoftMarginOptions>({
  ...REDUCTION,
  classWeights: anyOf("a list of numbers, or a tensor of floats", NUMBERS, FLOATS),
});

/** Mean over rows of the mean over classes of −t·log σ(s) − (1 − t)·log σ(−s) (torch.nn.functional.multilabel_soft_margin_loss). */
export function multilabelSoftMargin<const O extends SoftMarginOptions = SoftMarginOptions>(
  scores: FloatTensor,
  y: BinaryTargets,
  options?: O,
): Reduced<O> {
  const c = called("multilabelSoftMargin", { scores, y, options }, { scores: FLOATS, y: TARGETS, options: optional(SOFT) });
  const { classWeights }: SoftMarginOptions = options ?? {};
  return c.run(() => {
    const { g } = c;
    const t = binaryTargets(c, "multilabelSoftMargin", scores, y);
    adviseDropped(c, "multilabelSoftMargin", scores.value);
    const s = scores.value;
    const likelihood = g.add(g.mul(t, g.logSigmoid(s)), g.mul(g.sub(number(c, 1), t), g.logSigmoid(g.neg(s))));
    const weighed =
      classWeights === undefined ? likelihood : g.mul(weightsOfClasses(c, "multilabelSoftMargin", classWeights, scores.shape), likelihood);
    const row = g.mul(g.sum(weighed, { axes: [last(scores)] }), number(c, -1 / scores.shape.at(-1)!));
    return reducedLoss<O>(c, c.named("rowLoss", row), options ?? {});
  });
}

/** Mean over rows of max(0, 1 + max over the other classes of s − s_y); targets may be one-hot (keras.losses.CategoricalHinge). */
export function categoricalHinge<const O extends LossOptions = LossOptions>(scores: FloatTensor, y: ClassTargets, options?: O): Reduced<O> {
  const c = called("categoricalHinge", { scores, y, options }, { scores: FLOATS, y: TARGETS, options: optional(REDUCED) });
  return c.run(() => {
    const { g } = c;
    checkClasses(c, "categoricalHinge", scores, y);
    adviseDropped(c, "categoricalHinge", scores.value);
    const axes = [last(scores)];
    const t = y.dtype === "i32" ? g.cast(oneHot(c, y.value, scores.shape), { to: c.float }) : y.value;
    const own = g.sum(g.mul(t, scores.value), { axes });
    const other = g.reduceMax(g.mul(g.sub(number(c, 1), t), scores.value), { axes });
    return reducedLoss<O>(c, c.named("rowLoss", g.relu(g.add(g.sub(other, own), number(c, 1)))), options ?? {});
  });
}
