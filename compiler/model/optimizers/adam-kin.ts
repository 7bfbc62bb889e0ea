/** Adam's kin: Adamax, which divides by the largest gradient, and NAdam, which looks ahead, as PyTorch defines them. */

import type { UpdateRule, UpdateScope } from "../../autodiff/update.ts";
import { optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { check } from "../arguments.ts";
import { NOT_NEGATIVE, POSITIVE, SHARE } from "./options.ts";
import { RATE, rateOf, type Rate } from "./rate.ts";
import { averaged, averagedSquare, decayWords, eachParameter, number, over, rest, scaled, withDecay } from "./rule.ts";

/** What adamax takes. */
export interface AdamaxOptions {
  readonly learningRate?: Rate;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
}

const ADAMAX = optionsOf<AdamaxOptions>({
  learningRate: RATE,
  beta1: SHARE,
  beta2: SHARE,
  epsilon: POSITIVE,
  weightDecay: NOT_NEGATIVE,
});

/** β·c + (1 − β), carried along from 0: 1 − β^t. */
export const weightOf = (scope: UpdateScope, rule: string, of: string, beta: number): Value =>
  scope.shared(of, (shared) => {
    const before = shared.state(`${rule}.${of}`, 0);
    const after = averaged(scope, before, beta, number(scope, 1));
    shared.write(before, after);
    return after;
  });

/** Adamax (Kingma & Ba 2015): g ← g + λ·w; m ← β₁·m + (1 − β₁)·g; u ← max(β₂·u, |g| + ε); w ← w − η·m / ((1 − β₁^t)·u). */
export function adamax(options: AdamaxOptions = {}): UpdateRule {
  check("adamax", { options }, { options: ADAMAX });
  const { learningRate = 2e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  const words = [
    decayWords(weightDecay),
    `m ← ${beta1}·m + ${rest(beta1)}·g`,
    `u ← max(${beta2}·u, |g| + ${epsilon})`,
    "w ← w − rate·m / u",
  ];
  return eachParameter("adamax", { comparable: ["m", "u"], words }, (scope) => {
    const { g, parameter } = scope;
    const rate = scope.shared("rate", () => g.div(rateOf(scope, learningRate), weightOf(scope, "adamax", "1-beta1^t", beta1)));
    const gradient = withDecay(scope, weightDecay);
    const [m, u] = [scope.state("m", 0), scope.state("u", 0)];
    const mNext = averaged(scope, m, beta1, gradient);
    const uNext = g.max(scaled(scope, u, beta2), g.add(g.abs(gradient), number(scope, epsilon)));
    scope.write(m, mNext);
    scope.write(u, uNext);
    scope.write(parameter, g.sub(parameter, g.div(g.mul(mNext, over(scope, rate)), uNext)));
  });
}

/** What nadam takes. */
export interface NadamOptions extends AdamaxOptions {
  /** ψ: how fast the momentum reaches β₁. Default: 4e-3. */
  readonly momentumDecay?: number;
}

const NADAM = optionsOf<NadamOptions>({
  learningRate: RATE,
  beta1: SHARE,
  beta2: SHARE,
  epsilon: POSITIVE,
  weightDecay: NOT_NEGATIVE,
  momentumDecay: NOT_NEGATIVE,
});

/**
 * NAdam (Dozat 2016): Adam with Nesterov's momentum μ_t = β₁·(1 − ½·0.96^(ψ·t)): w ← w − η·(μ_{t+1}·m/(1 − Πμ·μ_{t+1}) + (1 − μ_t)·g/(1 − Πμ)) /
 * (√(v/(1 − β₂^t)) + ε), Πμ over the steps so far. 1 − Πμ itself is carried along, as Adam carries 1 − β^t.
 */
export function nadam(options: NadamOptions = {}): UpdateRule {
  check("nadam", { options }, { options: NADAM });
  const { learningRate = 2e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, momentumDecay = 4e-3 } = options;
  const words = [
    decayWords(weightDecay),
    `m ← ${beta1}·m + ${rest(beta1)}·g`,
    `v ← ${beta2}·v + ${rest(beta2)}·g²`,
    `w ← w − (ahead·m + now·g) / (√(correction·v) + ${epsilon})`,
  ];
  return eachParameter("nadam", { comparable: ["m"], words }, (scope) => {
    const { g, parameter } = scope;
    const one = number(scope, 1);
    /** μ of the step after so many. */
    const momentum = (after: number): Value => {
      const t = g.add(scope.step(), number(scope, after));
      const share = g.pow(number(scope, 0.96), scaled(scope, t, momentumDecay));
      return scaled(scope, g.sub(one, scaled(scope, share, 0.5)), beta1);
    };
    const now = scope.shared("momentum", () => momentum(1));
    const next = scope.shared("nextMomentum", () => momentum(2));
    const left = scope.shared("1-product", (shared) => {
      const before = shared.state("nadam.1-product", 0);
      const after = g.add(g.mul(now, before), g.sub(one, now));
      shared.write(before, after);
      return after;
    });
    const rate = scope.shared("rate", () => rateOf(scope, learningRate));
    const ahead = scope.shared("ahead", () => g.div(g.mul(rate, next), g.add(g.mul(next, left), g.sub(one, next))));
    const present = scope.shared("present", () => g.div(g.mul(rate, g.sub(one, now)), left));
    const correction = scope.shared("correction", () => g.recip(weightOf(scope, "nadam", "1-beta2^t", beta2)));
    const gradient = withDecay(scope, weightDecay);
    const [m, v] = [scope.state("m", 0), scope.state("v", 0)];
    const [mNext, vNext] = [averaged(scope, m, beta1, gradient), averagedSquare(scope, v, beta2, gradient)];
    scope.write(m, mNext);
    scope.write(v, vNext);
    const size = g.add(g.sqrt(g.mul(vNext, over(scope, correction))), number(scope, epsilon));
    const step = g.add(g.mul(mNext, over(scope, ahead)), g.mul(gradient, over(scope, present)));
    scope.write(parameter, g.sub(parameter, g.div(step, size)));
  });
}
