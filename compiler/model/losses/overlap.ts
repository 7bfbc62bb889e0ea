/** More losses of classes: of overlaps with what is missed and what is too much, of noisy labels, and of rare classes. */

import { numbers, optional, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { adviseDropped, adviseProbabilities } from "../advice.ts";
import { called } from "../arguments.ts";
import { ANY_NUMBER, FLOATS, TARGETS } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";
import { checkClasses, last } from "./batch.ts";
import { binaryTargets, type BinaryTargets } from "./binary.ts";
import { checkSmoothing, smoothedTargets, type ClassTargets } from "./class-weights.ts";
import { counts } from "./classes.ts";
import { reducedLoss, REDUCTION, type LossOptions, type Reduced } from "./reduction.ts";

const NOT_NEGATIVE = numbers("a finite number of at least 0", (n) => n >= 0);

/** What tversky takes besides. */
export interface TverskyOptions extends LossOptions {
  /** What too much weighs. Default: 0.5. */
  readonly alpha?: number;
  /** What is missed weighs. Default: 0.5. */
  readonly beta?: number;
  /** Added below, so that nothing of nothing is finite. Default: 1e-7. */
  readonly epsilon?: number;
}

const TVERSKY = optionsOf<TverskyOptions>({
  ...REDUCTION,
  alpha: NOT_NEGATIVE,
  beta: NOT_NEGATIVE,
  epsilon: numbers("a finite number above 0", (n) => n > 0),
});

/**
 * Mean over rows of 1 − Σ t·p / (Σ t·p + α·Σ t·(1 − p) + β·Σ (1 − t)·p + ε), of probabilities [n, …], the sums over a whole row
 * (Salehi et al. 2017), α and β as keras.losses.Tversky weighs them, which without an axis takes the sums over the whole batch.
 */
export function tversky<const O extends TverskyOptions = TverskyOptions>(
  probabilities: FloatTensor,
  y: BinaryTargets,
  options?: O,
): Reduced<O> {
  const c = called("tversky", { probabilities, y, options }, { probabilities: FLOATS, y: TARGETS, options: optional(TVERSKY) });
  const { alpha = 0.5, beta = 0.5, epsilon = 1e-7 }: TverskyOptions = options ?? {};
  return c.run(() => {
    const { g } = c;
    const number = (value: number): Value => g.literal(value, c.float);
    const t = binaryTargets(c, "tversky", probabilities, y);
    adviseDropped(c, "tversky", probabilities.value);
    const axes = probabilities.shape.map((_, axis) => axis).slice(1);
    const sum = (of: Value): Value => (axes.length === 0 ? of : g.sum(of, { axes }));
    const p = probabilities.value;
    const both = c.named("both", sum(g.mul(t, p)));
    const missed = g.mul(sum(g.mul(t, g.sub(number(1), p))), number(alpha));
    const tooMuch = g.mul(sum(g.mul(g.sub(number(1), t), p)), number(beta));
    const below = g.add(g.add(g.add(both, missed), tooMuch), number(epsilon));
    return reducedLoss<O>(c, c.named("rowLoss", g.sub(number(1), g.div(both, below))), options ?? {});
  });
}

/** What categoricalFocal takes besides. */
export interface CategoricalFocalOptions extends LossOptions {
  /** How much less what is nearly right counts. Default: 2. */
  readonly gamma?: number;
  /** A factor of all. Default: 0.25. */
  readonly alpha?: number;
  /** ε: the target becomes (1 − ε)·target + ε / classes. Default: 0. */
  readonly labelSmoothing?: number;
}

const FOCAL = optionsOf<CategoricalFocalOptions>({ ...REDUCTION, gamma: NOT_NEGATIVE, alpha: NOT_NEGATIVE, labelSmoothing: ANY_NUMBER });

/** Mean over rows of Σⱼ −α·(1 − pⱼ)^γ·tⱼ·log pⱼ, of probabilities (Lin et al. 2017; keras.losses.CategoricalFocalCrossentropy, which clips them). */
export function categoricalFocal<const O extends CategoricalFocalOptions = CategoricalFocalOptions>(
  probabilities: FloatTensor,
  y: ClassTargets,
  options?: O,
): Reduced<O> {
  const laws = { probabilities: FLOATS, y: TARGETS, options: optional(FOCAL) };
  const c = called("categoricalFocal", { probabilities, y, options }, laws);
  const { gamma = 2, alpha = 0.25, labelSmoothing = 0 }: CategoricalFocalOptions = options ?? {};
  return c.run(() => {
    const { g } = c;
    checkClasses(c, "categoricalFocal", probabilities, y);
    checkSmoothing(c, "categoricalFocal", labelSmoothing);
    adviseProbabilities(c, "categoricalFocal", probabilities.value, "softmax", "softmaxCrossEntropy");
    adviseDropped(c, "categoricalFocal", probabilities.value);
    const number = (value: number): Value => g.literal(value, c.float);
    const p = probabilities.value;
    const t = smoothedTargets(c, y, probabilities.shape, labelSmoothing);
    const logP = c.named("logP", g.log(g.where(counts(c, t, p), p, number(1))));
    const missed = g.sub(number(1), p);
    const factor = gamma === 1 ? missed : gamma === 2 ? g.mul(missed, missed) : g.pow(missed, number(gamma));
    const row = g.sum(g.mul(factor, g.mul(t, logP)), { axes: [last(probabilities)] });
    return reducedLoss<O>(c, c.named("rowLoss", g.mul(row, number(-alpha))), options ?? {});
  });
}

/** What generalizedCrossEntropy takes besides. */
export interface GeneralizedOptions extends LossOptions {
  /** Near 0 it is the cross entropy, at 1 the absolute error. Default: 0.5. */
  readonly q?: number;
}

const GENERALIZED = optionsOf<GeneralizedOptions>({ ...REDUCTION, q: numbers("a number above 0, and at most 1", (q) => q > 0 && q <= 1) });

/** Mean over rows of (1 − p_y^q) / q, of probabilities, for labels of which some are wrong (Zhang & Sabuncu 2018; keras.losses.CategoricalGeneralizedCrossEntropy). */
export function generalizedCrossEntropy<const O extends GeneralizedOptions = GeneralizedOptions>(
  probabilities: FloatTensor,
  y: ClassTargets,
  options?: O,
): Reduced<O> {
  const laws = { probabilities: FLOATS, y: TARGETS, options: optional(GENERALIZED) };
  const c = called("generalizedCrossEntropy", { probabilities, y, options }, laws);
  const { q = 0.5 }: GeneralizedOptions = options ?? {};
  return c.run(() => {
    const { g } = c;
    checkClasses(c, "generalizedCrossEntropy", probabilities, y);
    adviseDropped(c, "generalizedCrossEntropy", probabilities.value);
    const number = (value: number): Value => g.literal(value, c.float);
    const t = smoothedTargets(c, y, probabilities.shape, 0);
    const p = c.named("labelProbability", g.sum(g.mul(t, probabilities.value), { axes: [last(probabilities)] }));
    const row = g.mul(g.sub(number(1), g.pow(p, number(q))), number(1 / q));
    return reducedLoss<O>(c, c.named("rowLoss", row), options ?? {});
  });
}
