/** The losses of scores for classes, finite and with finite gradients at scores of ±1e4. Means over rows, and over the positions inside a row. */

import type { Value } from "../../graph/graph.ts";
import { sameShape, type Shape } from "../../graph/type.ts";
import { adviseDropped, adviseLogits, adviseProbabilities } from "../advice.ts";
import { optional, optionsOf } from "../../graph/arguments.ts";
import { called } from "../arguments.ts";
import type { Context } from "../context.ts";
import { FLOATS, INTEGERS, TARGETS } from "../kinds.ts";
import { spread } from "../elementwise.ts";
import type { RowAxis } from "../rows.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { checkClasses, isSparse, last, oneHot } from "./batch.ts";
import {
  checkSmoothing,
  CLASSES,
  labelWeights,
  SMOOTHED,
  smoothedTargets,
  weighedTerms,
  weightsOfClasses,
  withoutIgnored,
  type ClassOptions,
  type ClassTargets,
  type SmoothedOptions,
} from "./class-weights.ts";
import { reducedLoss, REDUCTION, type LossOptions, type Reduced } from "./reduction.ts";

export type { ClassTargets } from "./class-weights.ts";

/** What a cross entropy may be told of its targets. */
export interface CrossEntropyOptions extends SmoothedOptions {
  /** A factor a row of the batch, [n], or one a label. The weighted sum is divided by the number of real rows, not by the sum of the weights. */
  readonly weights?: FloatTensor;
}

const OPTIONS = optionsOf<CrossEntropyOptions>({ ...SMOOTHED, weights: FLOATS });

/**
 * L = (1/N) Σ −log softmax(scores)[y], from logits: rows are shifted by their largest score. With dense targets t: Σⱼ −tⱼ·log softmax(scores)ⱼ.
 * Weights as in Keras (`sum_over_batch_size`): PyTorch divides by their sum instead, as is done of class weights here.
 */
export function softmaxCrossEntropy<const O extends CrossEntropyOptions = CrossEntropyOptions>(
  scores: FloatTensor,
  y: ClassTargets,
  options?: O,
): Reduced<O> {
  const c = called("softmaxCrossEntropy", { scores, y, options }, { scores: FLOATS, y: TARGETS, options: optional(OPTIONS) });
  const given: CrossEntropyOptions = options ?? {};
  const { labelSmoothing = 0, weights, classWeights } = given;
  return c.run(() => {
    const { g } = c;
    checkClasses(c, "softmaxCrossEntropy", scores, y, given.ignoreIndex);
    adviseLogits(c, "softmaxCrossEntropy", scores.value, "categoricalCrossentropy");
    checkSmoothing(c, "softmaxCrossEntropy", labelSmoothing);
    const axis = last(scores);
    const wide = { axes: [axis], size: [scores.shape[axis]!] };
    const largest = g.stopGradient(c.named("largest", g.reduceMax(scores.value, { axes: [axis] })));
    const shifted = c.named("shifted", g.sub(scores.value, g.broadcast(largest, wide)));
    const total = c.named("total", g.sum(c.named("exps", g.exp(shifted)), { axes: [axis] }));
    const logP = (): Value => g.sub(shifted, g.broadcast(c.named("logTotal", g.log(total)), wide));
    const rowLoss =
      classWeights !== undefined
        ? weighedTerms(c, "softmaxCrossEntropy", logP(), y, given)
        : isSparse(y)
          ? sparseLoss(c, shifted, total, y.value, labelSmoothing)
          : denseLoss(c, shifted, total, y.value, labelSmoothing);
    c.named("rowLoss", rowLoss);
    const counted = withoutIgnored(c, rowLoss, y, given);
    const factors = labelWeights(c, "softmaxCrossEntropy", scores, y, given);
    return reducedLoss<O>(c, weights === undefined ? counted : weighted(c, counted, weights), given, factors);
  });
}

/** log Σ e^s − ((1 − ε)·s_y + ε·mean s). */
function sparseLoss(c: Context, shifted: Value, total: Value, y: Value, smoothing: number): Value {
  const { g } = c;
  const { shape } = c.typeOf(shifted);
  const axes = [shape.length - 1];
  const number = (value: number): Value => g.literal(value, c.float);
  const label = oneHot(c, y, shape);
  const chosen = c.named("chosen", g.sum(g.where(label, shifted, number(0)), { axes }));
  if (smoothing === 0) return g.sub(c.named("logTotal", g.log(total)), chosen);
  const others = g.mul(g.sum(shifted, { axes }), number(smoothing / shape.at(-1)!));
  const expected = c.named("expected", g.add(g.mul(chosen, number(1 - smoothing)), others));
  return g.sub(c.named("logTotal", g.log(total)), expected);
}

/** Σⱼ tⱼ·(log Σ e^s − sⱼ). */
function denseLoss(c: Context, shifted: Value, total: Value, y: Value, smoothing: number): Value {
  const { g } = c;
  const { shape } = c.typeOf(shifted);
  const axes = [shape.length - 1];
  const number = (value: number): Value => g.literal(value, c.float);
  const smooth = (): Value => c.named("smoothed", g.add(g.mul(y, number(1 - smoothing)), number(smoothing / shape.at(-1)!)));
  const logTotal = g.broadcast(c.named("logTotal", g.log(total)), { axes, size: [shape.at(-1)!] });
  return g.sum(g.mul(smoothing === 0 ? y : smooth(), g.sub(logTotal, shifted)), { axes });
}

/** Losses times the weights of their rows, or of their own. */
function weighted(c: Context, losses: Value, weights: FloatTensor): Value {
  const { shape } = c.typeOf(losses);
  const given = weights.shape;
  const rows = c.rows.along(c, losses);
  const [n] = given;
  const isOfRows = rows !== undefined && given.length === 1 && n === rows.batch;
  // a row of several positions in a leading axis has them one after the other
  const per = given.length === 1 && n! > 0 && shape[0]! % n! === 0 ? shape[0]! / n! : undefined;
  const at = isOfRows ? rows : per === undefined ? undefined : { axis: 0, per };
  if (at === undefined && !sameShape(given, shape)) {
    const asked = rows?.batch ?? shape[0];
    c.fail(
      "shape/weights",
      `softmaxCrossEntropy needs a weight a row, [${asked}]${shape.length > 1 || asked !== shape[0] ? `, or one a label, [${shape.join(",")}]` : ""}, but got [${given.join(",")}]`,
      "Give one weight for each.",
    );
  }
  const own = at === undefined ? weights.value : alongRows(c, weights.value, n!, at, shape);
  return c.named("weighted", c.g.mul(losses, own));
}

/** A value a row, [n], repeated over the positions of each row along an axis of a shape, and over its other axes. */
function alongRows(c: Context, value: Value, n: number, { axis, per }: Pick<RowAxis, "axis" | "per">, shape: Shape): Value {
  const extent = shape[axis]!;
  const each =
    extent === n ? value : c.g.reshape(c.g.broadcast(value, { axes: [0, 2], size: [extent / (n * per), per] }), { shape: [extent] });
  return spread(c, c.g.reshape(each, { shape: shape.map((_, at) => (at === axis ? extent : 1)) }), shape);
}

const CATEGORICAL = optionsOf<SmoothedOptions>(SMOOTHED);

/**
 * L = (1/N) Σ −log p[y], of probabilities; with dense targets t: Σⱼ −tⱼ·log pⱼ. Nothing is clipped: after a softmax it is computed from the softmax's
 * argument (see passes/graph/stability.ts), and as stable as softmaxCrossEntropy. Terms with no weight do not count, not even at p = 0.
 */
export function categoricalCrossentropy<const O extends SmoothedOptions = SmoothedOptions>(
  probabilities: FloatTensor,
  y: ClassTargets,
  options?: O,
): Reduced<O> {
  const laws = { probabilities: FLOATS, y: TARGETS, options: optional(CATEGORICAL) };
  const c = called("categoricalCrossentropy", { probabilities, y, options }, laws);
  const given: SmoothedOptions = options ?? {};
  const { labelSmoothing = 0, classWeights } = given;
  return c.run(() => {
    const { g } = c;
    checkClasses(c, "categoricalCrossentropy", probabilities, y, given.ignoreIndex);
    adviseProbabilities(c, "categoricalCrossentropy", probabilities.value, "softmax", "softmaxCrossEntropy");
    checkSmoothing(c, "categoricalCrossentropy", labelSmoothing);
    const axes = [last(probabilities)];
    const one = g.literal(1, c.float);
    const p = probabilities.value;
    const { shape } = probabilities;
    const t = isSparse(y) && labelSmoothing === 0 ? undefined : smoothedTargets(c, y, shape, labelSmoothing);
    const isCounted = t === undefined ? oneHot(c, y.value, shape) : counts(c, t, p);
    const logP = c.named("logP", g.log(g.where(isCounted, p, one)));
    const terms = t === undefined ? logP : g.mul(t, logP);
    const w = classWeights === undefined ? undefined : weightsOfClasses(c, "categoricalCrossentropy", classWeights, shape);
    const rowLoss = c.named("rowLoss", g.neg(g.sum(w === undefined ? terms : g.mul(w, terms), { axes })));
    const factors = labelWeights(c, "categoricalCrossentropy", probabilities, y, given);
    return reducedLoss<O>(c, withoutIgnored(c, rowLoss, y, given), given, factors);
  });
}

const NLL = optionsOf<ClassOptions>(CLASSES);

/** L = (1/N) Σ −logP[y], of logarithms of probabilities, as logSoftmax gives them (torch.nn.functional.nll_loss). */
export function nll<const O extends ClassOptions = ClassOptions>(
  logProbabilities: FloatTensor,
  y: Tensor<Shape, "i32">,
  options?: O,
): Reduced<O> {
  const c = called("nll", { logProbabilities, y, options }, { logProbabilities: FLOATS, y: INTEGERS, options: optional(NLL) });
  const given: ClassOptions = options ?? {};
  return c.run(() => {
    const { g } = c;
    checkClasses(c, "nll", logProbabilities, y, given.ignoreIndex);
    const { shape } = logProbabilities;
    const w = given.classWeights === undefined ? undefined : weightsOfClasses(c, "nll", given.classWeights, shape);
    const terms = w === undefined ? logProbabilities.value : g.mul(w, logProbabilities.value);
    const chosen = g.sum(g.where(oneHot(c, y.value, shape), terms, g.literal(0, c.float)), { axes: [last(logProbabilities)] });
    return reducedLoss<O>(c, c.named("rowLoss", g.neg(chosen)), given, labelWeights(c, "nll", logProbabilities, y, given));
  });
}

/** Where t·log p is not 0·log 0, which is 0. */
export function counts(c: Context, t: Value, p: Value): Value {
  const zero = c.g.literal(0, c.float);
  return c.named("isCounted", c.g.not(c.g.and(c.g.eq(t, zero), c.g.eq(p, zero))));
}

const SVM = optionsOf<LossOptions>(REDUCTION);

/** Multiclass SVM: L = (1/N) Σᵢ Σ_{j≠yᵢ} max(0, s_j − s_yᵢ + 1) (Weston & Watkins 1999). */
export function svmLoss<const O extends LossOptions = LossOptions>(scores: FloatTensor, y: Tensor<Shape, "i32">, options?: O): Reduced<O> {
  const c = called("svmLoss", { scores, y, options }, { scores: FLOATS, y: INTEGERS, options: optional(SVM) });
  return c.run(() => {
    const { g } = c;
    checkClasses(c, "svmLoss", scores, y);
    adviseDropped(c, "svmLoss", scores.value);
    const axis = last(scores);
    const chosen = oneHot(c, y.value, scores.shape);
    const zero = g.literal(0, c.float);
    const own = c.named("labelScore", g.sum(g.where(chosen, scores.value, zero), { axes: [axis] }));
    const above = c.named("above", g.sub(scores.value, g.broadcast(own, { axes: [axis], size: [scores.shape[axis]!] })));
    const margin = c.named("margin", g.add(above, g.literal(1, c.float)));
    const hinges = c.named("hinges", g.where(chosen, zero, c.named("hinge", g.relu(margin))));
    const rowLoss = g.sum(hinges, { axes: [axis] });
    return reducedLoss<O>(c, c.named("rowLoss", rowLoss), options ?? {});
  });
}
