/** Adam and AdamW as PyTorch defines them: ε outside the square root, both moments bias-corrected. */

import type { UpdateRule } from "../../autodiff/update.ts";
import { FLAG, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { check } from "../arguments.ts";
import { NOT_NEGATIVE, POSITIVE, SHARE } from "./options.ts";
import { RATE, rateOf, type Rate } from "./rate.ts";
import { averaged, averagedSquare, decayWords, eachParameter, number, over, rest, scaled, withDecay } from "./rule.ts";

/** Options of `adam` and `adamw`. */
export interface AdamOptions {
  readonly learningRate?: Rate;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
  /** Whether steps are divided by the largest v so far, so that they never grow again (Reddi et al. 2018). Default: no. */
  readonly amsgrad?: boolean;
}

/**
 * Adam (Kingma & Ba 2015): g ← g + λ·w; m ← β₁·m + (1 − β₁)·g; v ← β₂·v + (1 − β₂)·g²;
 * w ← w − η·m/(1 − β₁^t) / (√(v/(1 − β₂^t)) + ε). 1 − β^t itself is carried along as state c ← β·c + (1 − β): the average of ones, whose
 * roundings are those of m and v, so that quotients lose nothing where a difference from 1 would lose all digits but a few.
 */
export const adam = (options: AdamOptions = {}): UpdateRule => family("adam", options, 0);

/** AdamW (Loshchilov & Hutter 2019): Adam, but the decay shrinks the weights themselves, w ← w − η·λ·w, and leaves the moments alone. */
export const adamw = (options: AdamOptions = {}): UpdateRule => family("adamw", options, 1e-2);

function family(name: "adam" | "adamw", options: AdamOptions, decay: number): UpdateRule {
  check(
    name,
    { options },
    {
      options: optionsOf<AdamOptions>({
        learningRate: RATE,
        beta1: SHARE,
        beta2: SHARE,
        epsilon: POSITIVE,
        weightDecay: NOT_NEGATIVE,
        amsgrad: FLAG,
      }),
    },
  );
  const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  const { weightDecay = decay, amsgrad = false } = options;
  const square = amsgrad ? "largest" : "v";
  const words = [
    name === "adam" ? decayWords(weightDecay) : undefined,
    `m ← ${beta1}·m + ${rest(beta1)}·g`,
    `v ← ${beta2}·v + ${rest(beta2)}·g²`,
    amsgrad ? "largest ← max(largest, v)" : undefined,
    name === "adam" || weightDecay === 0 ? undefined : "w ← w − decay·w",
    `w ← w − rate·m / (√(correction·${square}) + ${epsilon})`,
  ];
  return eachParameter(name, { comparable: ["m"], words }, (scope) => {
    const { g, parameter } = scope;
    const weight = (of: string, beta: number): Value =>
      scope.shared(of, (shared) => {
        const before = shared.state(`${name}.${of}`, 0);
        const after = averaged(scope, before, beta, number(scope, 1));
        shared.write(before, after);
        return after;
      });
    const rate = scope.shared("rate", () => g.div(rateOf(scope, learningRate), weight("1-beta1^t", beta1)));
    const correction = scope.shared("correction", () => g.recip(weight("1-beta2^t", beta2)));
    const gradient = name === "adam" ? withDecay(scope, weightDecay) : scope.gradient;
    const m = scope.state("m", 0);
    const v = scope.state("v", 0);
    const mNext = averaged(scope, m, beta1, gradient);
    const vNext = averagedSquare(scope, v, beta2, gradient);
    scope.write(m, mNext);
    scope.write(v, vNext);
    const size = g.add(g.sqrt(g.mul(amsgrad ? largest() : vNext, over(scope, correction))), number(scope, epsilon));
    const kept = name === "adam" || weightDecay === 0 ? parameter : shrunk();
    scope.write(parameter, g.sub(kept, g.div(g.mul(mNext, over(scope, rate)), size)));

    function largest(): Value {
      const before = scope.state("largest", 0);
      const after = g.max(before, vNext);
      scope.write(before, after);
      return after;
    }

    /** w − (η·λ)·w: the small product is what is rounded, not 1 − η·λ. */
    function shrunk(): Value {
      const share = scope.shared("decay", () => scaled(scope, rateOf(scope, learningRate), weightDecay));
      return g.sub(parameter, g.mul(parameter, over(scope, share)));
    }
  });
}
