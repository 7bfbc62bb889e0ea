/** AdamW without a schedule: steps go from one sequence of weights, gradients are taken between it and its mean. */

import type { UpdateRule } from "../../autodiff/update.ts";
import { optionsOf } from "../../graph/arguments.ts";
import { check } from "../arguments.ts";
import { weightOf } from "./adam-kin.ts";
import { FRACTION, NOT_NEGATIVE, POSITIVE, SHARE } from "./options.ts";
import { RATE, rateOf, rateWords, type Rate } from "./rate.ts";
import { averagedSquare, eachParameter, number, over, rest, scaled } from "./rule.ts";

/** What scheduleFreeAdamw takes. */
export interface ScheduleFreeOptions {
  /** Default: 0.0025; `warmup` may precede it. */
  readonly learningRate?: Rate;
  /** How near to the mean gradients are taken. Default: 0.9. */
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Apart from the gradient, as in AdamW. Default: 0. */
  readonly weightDecay?: number;
}

const OPTIONS = optionsOf<ScheduleFreeOptions>({
  learningRate: RATE,
  beta1: FRACTION,
  beta2: SHARE,
  epsilon: POSITIVE,
  weightDecay: NOT_NEGATIVE,
});

/**
 * Schedule-free AdamW (Defazio et al. 2024, as Keras has it): z ← z − η·g / (√v̂ + ε); x ← x + (z − x) / t; w = (1 − β₁)·z + β₁·x, x being the
 * mean of the z so far. Kept is how far z lies from w, 0 at first: so weights that are read from elsewhere are begun with, and x is
 * w − (1 − β₁) / β₁ of it.
 */
export function scheduleFreeAdamw(options: ScheduleFreeOptions = {}): UpdateRule {
  check("scheduleFreeAdamw", { options }, { options: OPTIONS });
  const { learningRate = 2.5e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  const rate = rateWords(learningRate);
  const words = [
    "z = w + ahead; " + (weightDecay === 0 ? "x" : `w ← w − ${rate}·${weightDecay}·w; x`) + ` = (w − ${rest(beta1)}·z) / ${beta1}`,
    `v ← ${beta2}·v + ${rest(beta2)}·g²`,
    `z ← z − ${rate}·g / (√(correction·v) + ${epsilon}); x ← x + (z − x) / t`,
    `w ← ${rest(beta1)}·z + ${beta1}·x; ahead ← z − w`,
  ];
  return eachParameter("scheduleFreeAdamw", { words }, (scope) => {
    const { g, parameter, gradient } = scope;
    const correction = scope.shared("correction", () => g.recip(weightOf(scope, "scheduleFreeAdamw", "1-beta2^t", beta2)));
    const share = scope.shared("share", () => g.recip(g.add(scope.step(), number(scope, 1))));
    const size = over(scope, rateOf(scope, learningRate));
    const [ahead, v] = [scope.state("ahead", 0), scope.state("v", 0)];
    const z = g.add(parameter, ahead);
    const w = weightDecay === 0 ? parameter : g.sub(parameter, g.mul(size, scaled(scope, parameter, weightDecay)));
    const x = scaled(scope, g.sub(w, scaled(scope, z, 1 - beta1)), 1 / beta1);
    const vNext = averagedSquare(scope, v, beta2, gradient);
    const root = g.add(g.sqrt(g.mul(vNext, over(scope, correction))), number(scope, epsilon));
    const zNext = g.sub(z, g.div(g.mul(size, gradient), root));
    const xNext = g.add(x, g.mul(g.sub(zNext, x), over(scope, share)));
    const next = g.add(scaled(scope, zNext, 1 - beta1), scaled(scope, xNext, beta1));
    scope.write(v, vNext);
    scope.write(ahead, g.sub(zNext, next));
    scope.write(parameter, next);
  });
}
