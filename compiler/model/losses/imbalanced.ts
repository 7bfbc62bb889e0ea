/** The losses of yes or no where one of the two is rare: what is right already counts less, or what overlaps counts. */

import { numbers, optional, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { adviseDropped, adviseLogits } from "../advice.ts";
import { called } from "../arguments.ts";
import { ANY_NUMBER, FLOATS, TARGETS } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";
import { binaryTargets, smoothed, type BinaryOptions, type BinaryTargets } from "./binary.ts";
import { reducedLoss, REDUCTION, type LossOptions, type Reduced } from "./reduction.ts";

/** What focal takes besides. */
export interface FocalOptions extends BinaryOptions {
  /** How much less what is nearly right counts. Default: 2. */
  readonly gamma?: number;
  /** What a yes weighs, of 1; a no weighs the rest. Default: both weigh 1. */
  readonly alpha?: number;
}

const FOCAL = optionsOf<FocalOptions>({
  ...REDUCTION,
  labelSmoothing: ANY_NUMBER,
  gamma: numbers("a finite number of at least 0", (n) => n >= 0),
  alpha: numbers("a number from 0 to 1", (n) => n >= 0 && n <= 1),
});

/** Mean of (1 − p)^γ times the cross-entropy of each element, from logits, p being what the model gives the truth (Lin et al. 2017). */
export function focal<const O extends FocalOptions = FocalOptions>(scores: FloatTensor, y: BinaryTargets, options?: O): Reduced<O> {
  const c = called("focal", { scores, y, options }, { scores: FLOATS, y: TARGETS, options: optional(FOCAL) });
  const { gamma = 2, alpha, labelSmoothing = 0 }: FocalOptions = options ?? {};
  return c.run(() => {
    const { g } = c;
    const number = (value: number): Value => g.literal(value, c.float);
    const t = smoothed(c, "focal", binaryTargets(c, "focal", scores, y), labelSmoothing);
    adviseLogits(c, "focal", scores.value, "binaryCrossentropy");
    const x = scores.value;
    const notT = g.sub(number(1), t);
    const entropy = g.neg(g.add(g.mul(t, g.logSigmoid(x)), g.mul(notT, g.logSigmoid(g.neg(x)))));
    // 1 − (t·p + (1 − t)·(1 − p)), of which neither part loses anything
    const missed = c.named("missed", g.add(g.mul(t, g.sigmoid(g.neg(x))), g.mul(notT, g.sigmoid(x))));
    const value = gamma === 0 ? entropy : g.mul(gamma === 1 ? missed : g.pow(missed, number(gamma)), entropy);
    const weight = alpha === undefined ? undefined : g.add(g.mul(t, number(alpha)), g.mul(notT, number(1 - alpha)));
    return reducedLoss<O>(c, c.named("elementLoss", weight === undefined ? value : g.mul(weight, value)), options ?? {});
  });
}

/** What dice takes besides. */
export interface DiceOptions extends LossOptions {
  /** Added above and below, so that nothing of nothing is right. Default: 1e-7. */
  readonly epsilon?: number;
}

const DICE = optionsOf<DiceOptions>({ ...REDUCTION, epsilon: numbers("a finite number above 0", (n) => n > 0) });

/** Mean over rows of 1 − (2·Σ t·p + ε) / (Σ t + Σ p + ε), of probabilities [n, …], the sums over a whole row (Milletari et al. 2016). */
export function dice<const O extends DiceOptions = DiceOptions>(probabilities: FloatTensor, y: BinaryTargets, options?: O): Reduced<O> {
  const c = called("dice", { probabilities, y, options }, { probabilities: FLOATS, y: TARGETS, options: optional(DICE) });
  const { epsilon = 1e-7 }: DiceOptions = options ?? {};
  return c.run(() => {
    const { g } = c;
    const t = binaryTargets(c, "dice", probabilities, y);
    adviseDropped(c, "dice", probabilities.value);
    const axes = probabilities.shape.map((_, axis) => axis).slice(1);
    const sum = (of: Value): Value => (axes.length === 0 ? of : g.sum(of, { axes }));
    const p = probabilities.value;
    const least = g.literal(epsilon, c.float);
    const both = c.named("both", g.add(g.mul(sum(g.mul(t, p)), g.literal(2, c.float)), least));
    const either = c.named("either", g.add(g.add(sum(t), sum(p)), least));
    return reducedLoss<O>(c, c.named("rowLoss", g.sub(g.literal(1, c.float), g.div(both, either))), options ?? {});
  });
}
