/** LAMB: Adam's step of each parameter, made as large as the parameter is. */

import type { UpdateRule } from "../../autodiff/update.ts";
import { optionsOf } from "../../graph/arguments.ts";
import { check } from "../arguments.ts";
import { weightOf } from "./adam-kin.ts";
import { NOT_NEGATIVE, POSITIVE, SHARE } from "./options.ts";
import { RATE, rateOf, rateWords, type Rate } from "./rate.ts";
import { averaged, averagedSquare, eachParameter, number, over, rest, rootMeanSquare, scaled } from "./rule.ts";

/** What lamb takes. */
export interface LambOptions {
  readonly learningRate?: Rate;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Of the step before its size is measured, as in the paper. Default: 0. */
  readonly weightDecay?: number;
}

const OPTIONS = optionsOf<LambOptions>({ learningRate: RATE, beta1: SHARE, beta2: SHARE, epsilon: POSITIVE, weightDecay: NOT_NEGATIVE });

/** LAMB (You et al. 2020): r = Adam's m̂ / (√v̂ + ε) + λ·w; w ← w − η·‖w‖ / ‖r‖·r for each parameter; where either norm is 0, without the quotient. */
export function lamb(options: LambOptions = {}): UpdateRule {
  check("lamb", { options }, { options: OPTIONS });
  const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, weightDecay = 0 } = options;
  const words = [
    `m ← ${beta1}·m + ${rest(beta1)}·g`,
    `v ← ${beta2}·v + ${rest(beta2)}·g²`,
    `r = correction1·m / (√(correction2·v) + ${epsilon})${weightDecay === 0 ? "" : ` + ${weightDecay}·w`}`,
    `w ← w − ${rateWords(learningRate)}·‖w‖ / ‖r‖·r`,
  ];
  return eachParameter("lamb", { comparable: ["m"], words }, (scope) => {
    const { g, parameter, gradient } = scope;
    const [zero, one] = [number(scope, 0), number(scope, 1)];
    const first = scope.shared("correction1", () => g.recip(weightOf(scope, "lamb", "1-beta1^t", beta1)));
    const second = scope.shared("correction2", () => g.recip(weightOf(scope, "lamb", "1-beta2^t", beta2)));
    const [m, v] = [scope.state("m", 0), scope.state("v", 0)];
    const [mNext, vNext] = [averaged(scope, m, beta1, gradient), averagedSquare(scope, v, beta2, gradient)];
    scope.write(m, mNext);
    scope.write(v, vNext);
    const size = g.add(g.sqrt(g.mul(vNext, over(scope, second))), number(scope, epsilon));
    const adams = g.div(g.mul(mNext, over(scope, first)), size);
    const step = weightDecay === 0 ? adams : g.add(adams, scaled(scope, parameter, weightDecay));
    // of as many elements: the quotient of the norms
    const [length, moved] = [rootMeanSquare(scope, parameter), rootMeanSquare(scope, step)];
    const isMoved = g.lt(zero, moved);
    const ratio = g.div(length, g.where(isMoved, moved, one));
    const trust = g.where(g.and(g.lt(zero, length), isMoved), ratio, one);
    scope.write(parameter, g.sub(parameter, g.mul(step, over(scope, g.mul(rateOf(scope, learningRate), trust)))));
  });
}
