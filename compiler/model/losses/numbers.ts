/** The losses of numbers against numbers: means over all elements, or over rows of a sum along the last axis. */

import type { Value } from "../../graph/graph.ts";
import { adviseDropped, adviseProbabilities } from "../advice.ts";
import { oneOf, optional, optionsOf, type Law, type Laws } from "../../graph/arguments.ts";
import { called } from "../arguments.ts";
import type { Context } from "../context.ts";
import { ANY_NUMBER, FLOATS } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";
import { checkAlike, last } from "./batch.ts";
import { counts } from "./classes.ts";
import { reducedLoss, REDUCTION, type LossOptions, type Reduced } from "./reduction.ts";

const OPTIONS = optionsOf<LossOptions>(REDUCTION);

/** A loss of each element of two tensors. */
export type Loss<Options extends LossOptions = LossOptions> = <const O extends Options = Options>(
  x: FloatTensor,
  target: FloatTensor,
  options?: O,
) => Reduced<O>;

/** A loss of each element and its target, and the laws of the options that are its own. */
export const elementwiseLoss = <Options extends LossOptions = LossOptions>(
  name: string,
  of: (c: Context, x: Value, t: Value, options: Options) => Value,
  laws: Readonly<Record<string, Law>> = {},
): Loss<Options> =>
  ((x: FloatTensor, target: FloatTensor, options: Options = {} as Options) => {
    const own = optionsOf<Options>({ ...REDUCTION, ...laws } as unknown as Laws<Options>); // the caller names all of them
    const c = called(name, { x, target, options }, { x: FLOATS, target: FLOATS, options: own });
    return c.run(() => {
      checkAlike(c, name, x, target);
      adviseDropped(c, name, x.value);
      return reducedLoss(c, of(c, x.value, target.value, options), options);
    });
  }) as unknown as Loss<Options>; // reducedLoss gives what its options say

/** A loss of each element's difference. */
const elementLoss = <Options extends LossOptions = LossOptions>(
  name: string,
  of: (c: Context, difference: Value, options: Options) => Value,
  laws: Readonly<Record<string, Law>> = {},
): Loss<Options> => elementwiseLoss<Options>(name, (c, x, t, options) => of(c, c.named("difference", c.g.sub(x, t)), options), laws);

/** Mean of (x − target)² over all elements. */
export const mse: Loss = elementLoss("mse", ({ g }, difference) => g.mul(difference, difference));

/** Mean of |x − target| over all elements. */
export const mae: Loss = elementLoss("mae", ({ g }, difference) => g.abs(difference));

/** Where an error turns linear. */
function seam(c: Context, name: string, option: string, at: number): Value {
  if (!(at > 0 && Number.isFinite(at)))
    c.fail(`loss/${option}`, `${name} needs a finite ${option} above 0, but got ${at}`, "Give the error at which it turns linear.");
  return c.g.literal(at, c.float);
}

/** m·(|e| − m/2) with m = min(|e|, δ): its slope is m, at the seam too. */
function turningLinear(c: Context, difference: Value, delta: Value): Value {
  const size = c.g.abs(difference);
  const inside = c.named("inside", c.g.min(size, delta));
  return c.g.mul(inside, c.g.sub(size, c.g.mul(inside, c.g.literal(0.5, c.float))));
}

/** What huber takes besides. */
export interface HuberOptions extends LossOptions {
  /** δ. Default: 1. */
  readonly delta?: number;
}

/** Mean over all elements of ½e² where |e| ≤ δ, and δ·(|e| − ½δ) beyond (Huber 1964). */
export const huber: Loss<HuberOptions> = elementLoss<HuberOptions>(
  "huber",
  (c, difference, { delta = 1 }) => turningLinear(c, difference, seam(c, "huber", "delta", delta)),
  { delta: ANY_NUMBER },
);

/** What smoothL1 takes besides. */
export interface SmoothL1Options extends LossOptions {
  /** β. Default: 1. */
  readonly beta?: number;
}

/** Mean over all elements of ½e²/β where |e| ≤ β, and |e| − ½β beyond: huber with δ = β, divided by β (Girshick 2015). */
export const smoothL1: Loss<SmoothL1Options> = elementLoss<SmoothL1Options>(
  "smoothL1",
  (c, difference, { beta = 1 }) => {
    const value = turningLinear(c, difference, seam(c, "smoothL1", "beta", beta));
    return beta === 1 ? value : c.g.mul(value, c.g.literal(1 / beta, c.float));
  },
  { beta: ANY_NUMBER },
);

/** Mean over all elements of log cosh e, without the exponentials that would overflow; its slope is tanh e. */
export const logCosh: Loss = elementLoss("logCosh", (c, difference) => {
  const { g } = c;
  // e − log σ(2e) − log 2, which has no corner
  const twice = g.mul(difference, g.literal(2, c.float));
  return g.sub(g.sub(difference, g.logSigmoid(twice)), g.literal(Math.LN2, c.float));
});

/** What kl takes besides. */
export interface DivergenceOptions extends LossOptions {
  /** Which of the two are logarithms of probabilities: the first, as torch.nn.functional.kl_div has it, or both (its log_target). Default: none. */
  readonly logarithms?: "first" | "both";
}

const DIVERGENCE = optionsOf<DivergenceOptions>({ ...REDUCTION, logarithms: oneOf("first", "both") });

/**
 * Kullback–Leibler divergence KL(target ‖ p) = Σ t·(log t − log p) over the last axis, mean over rows. Both are probabilities unless the
 * options say otherwise; terms with t = 0 are 0. After a softmax, log p is computed from the softmax's argument (see passes/graph/stability.ts).
 */
export function kl<const O extends DivergenceOptions = DivergenceOptions>(
  probabilities: FloatTensor,
  target: FloatTensor,
  options?: O,
): Reduced<O> {
  const c = called("kl", { probabilities, target, options }, { probabilities: FLOATS, target: FLOATS, options: optional(DIVERGENCE) });
  const { logarithms }: DivergenceOptions = options ?? {};
  return c.run(() => {
    checkAlike(c, "kl", probabilities, target);
    if (logarithms !== undefined) return ofLogarithms(c, probabilities.value, target, logarithms, options as O); // given, for it names them
    adviseProbabilities(c, "kl", probabilities.value, "softmax", "softmaxCrossEntropy");
    const { g } = c;
    const [p, t] = [probabilities.value, target.value];
    const one = g.literal(1, c.float);
    const logT = c.named("logT", g.log(g.where(g.eq(t, g.literal(0, c.float)), one, t)));
    const logP = c.named("logP", g.log(g.where(counts(c, t, p), p, one)));
    const terms = g.mul(t, g.sub(logT, logP));
    return reducedLoss<O>(c, c.named("rowLoss", g.sum(terms, { axes: [last(target)] })), options ?? {});
  });
}

function ofLogarithms<O extends DivergenceOptions>(
  c: Context,
  logP: Value,
  target: FloatTensor,
  logarithms: "first" | "both",
  options: O,
): Reduced<O> {
  const { g } = c;
  const t = logarithms === "both" ? g.exp(target.value) : target.value;
  const logT = (): Value => g.log(g.where(g.eq(t, g.literal(0, c.float)), g.literal(1, c.float), t));
  const terms = g.mul(t, g.sub(logarithms === "both" ? target.value : c.named("logT", logT()), logP));
  return reducedLoss<O>(c, c.named("rowLoss", g.sum(terms, { axes: [last(target)] })), options);
}

/** A length below this counts as this, so that a row of zeros has a cosine of 0 and a finite gradient. */
const SHORTEST = 1e-8;

/** Mean over rows of −cos of the angle between x and target along the last axis: −1 where they point the same way (Keras's sign). */
export function cosineSimilarity<const O extends LossOptions = LossOptions>(x: FloatTensor, target: FloatTensor, options?: O): Reduced<O> {
  const c = called("cosineSimilarity", { x, target, options }, { x: FLOATS, target: FLOATS, options: optional(OPTIONS) });
  return c.run(() => {
    checkAlike(c, "cosineSimilarity", x, target);
    adviseDropped(c, "cosineSimilarity", x.value);
    const { g } = c;
    const over = { axes: [last(x)] };
    const length = (of: Value): Value => {
      const squares = g.sum(g.mul(of, of), over);
      return c.named("length", g.sqrt(g.max(squares, g.literal(SHORTEST ** 2, c.float))));
    };
    const product = c.named("product", g.sum(g.mul(x.value, target.value), over));
    const cosine = g.div(g.div(product, length(x.value)), length(target.value));
    return reducedLoss<O>(c, c.named("rowLoss", g.neg(cosine)), options ?? {});
  });
}
