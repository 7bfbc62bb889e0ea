/** Stochastic gradient descent, with momentum as PyTorch defines it (torch.optim.SGD, no dampening). */

import type { UpdateRule } from "../../autodiff/update.ts";
import { FLAG, optionsOf } from "../../graph/arguments.ts";
import { check, refuse } from "../arguments.ts";
import { NOT_NEGATIVE, SHARE } from "./options.ts";
import { RATE, rateOf, rateWords, type Rate } from "./rate.ts";
import { decayWords, eachParameter, over, scaled, withDecay } from "./rule.ts";

/** Options of `sgd`. */
export interface SgdOptions {
  readonly learningRate?: Rate;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly weightDecay?: number;
}

/** g ← g + λ·w; buf ← μ·buf + g; w ← w − η·buf, or with Nesterov w − η·(g + μ·buf). */
export function sgd(options: SgdOptions = {}): UpdateRule {
  check(
    "sgd",
    { options },
    {
      options: optionsOf<SgdOptions>({
        learningRate: RATE,
        momentum: SHARE,
        nesterov: FLAG,
        weightDecay: NOT_NEGATIVE,
      }),
    },
  );
  const { learningRate = 1e-2, momentum = 0, nesterov = false, weightDecay = 0 } = options;
  if (nesterov && momentum === 0)
    refuse("sgd", "nesterov needs a momentum above 0, but got 0", "Give momentum, for example 0.9, or leave nesterov out.");
  const step = momentum === 0 ? "g" : nesterov ? `(g + ${momentum}·momentum)` : "momentum";
  const words = [
    decayWords(weightDecay),
    momentum === 0 ? undefined : `momentum ← ${momentum}·momentum + g`,
    `w ← w − ${rateWords(learningRate)}·${step}`,
  ];
  return eachParameter("sgd", { linear: true, words }, (scope) => {
    const { g, parameter } = scope;
    let step = withDecay(scope, weightDecay);
    if (momentum !== 0) {
      const buffer = scope.state("momentum", 0);
      const next = g.add(scaled(scope, buffer, momentum), step);
      scope.write(buffer, next);
      step = nesterov ? g.add(step, scaled(scope, next, momentum)) : next;
    }
    scope.write(parameter, g.sub(parameter, g.mul(step, over(scope, rateOf(scope, learningRate)))));
  });
}
