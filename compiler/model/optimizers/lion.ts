/** Lion (Chen et al. 2023): a step of one size for every weight, in the direction of an averaged gradient's sign. */

import type { UpdateRule } from "../../autodiff/update.ts";
import { optionsOf } from "../../graph/arguments.ts";
import { check } from "../arguments.ts";
import { NOT_NEGATIVE, SHARE } from "./options.ts";
import { RATE, rateOf, rateWords, type Rate } from "./rate.ts";
import { averaged, eachParameter, over, rest, scaled } from "./rule.ts";

/** Options of `lion`. */
export interface LionOptions {
  readonly learningRate?: Rate;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly weightDecay?: number;
}

/** c = β₁·m + (1 − β₁)·g; w ← w − η·(sign(c) + λ·w); m ← β₂·m + (1 − β₂)·g. The decay is decoupled, as in AdamW. */
export function lion(options: LionOptions = {}): UpdateRule {
  check(
    "lion",
    { options },
    {
      options: optionsOf<LionOptions>({
        learningRate: RATE,
        beta1: SHARE,
        beta2: SHARE,
        weightDecay: NOT_NEGATIVE,
      }),
    },
  );
  const { learningRate = 1e-4, beta1 = 0.9, beta2 = 0.99, weightDecay = 0 } = options;
  const sign = `sign(${beta1}·m + ${rest(beta1)}·g)`;
  const words = [
    `w ← w − ${rateWords(learningRate)}·${weightDecay === 0 ? sign : `(${sign} + ${weightDecay}·w)`}`,
    `m ← ${beta2}·m + ${rest(beta2)}·g`,
  ];
  return eachParameter("lion", { comparable: ["m"], words }, (scope) => {
    const { g, parameter, gradient } = scope;
    const m = scope.state("m", 0);
    const sign = g.sign(averaged(scope, m, beta1, gradient));
    const step = weightDecay === 0 ? sign : g.add(sign, scaled(scope, parameter, weightDecay));
    const rate = over(scope, rateOf(scope, learningRate));
    // the weight first: its step reads the m that the next line overwrites, and so they share a kernel
    scope.write(parameter, g.sub(parameter, g.mul(step, rate)));
    scope.write(m, averaged(scope, m, beta2, gradient));
  });
}
