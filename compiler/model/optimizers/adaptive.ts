/** The rules that divide by a root of squared gradients: Adagrad, RMSProp, Adadelta, as PyTorch defines them. */

import type { UpdateRule } from "../../autodiff/update.ts";
import { FLAG, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { check } from "../arguments.ts";
import { NOT_NEGATIVE, POSITIVE, SHARE } from "./options.ts";
import { RATE, rateOf, rateWords, type Rate } from "./rate.ts";
import { averaged, averagedSquare, decayWords, eachParameter, number, over, rest, scaled, withDecay } from "./rule.ts";

/** Options of `adagrad`. */
export interface AdagradOptions {
  readonly learningRate?: Rate;
  readonly epsilon?: number;
  readonly initialAccumulator?: number;
  readonly weightDecay?: number;
}

/** Adagrad (Duchi et al. 2011): g ← g + λ·w; s ← s + g²; w ← w − η·g / (√s + ε). */
export function adagrad(options: AdagradOptions = {}): UpdateRule {
  check(
    "adagrad",
    { options },
    {
      options: optionsOf<AdagradOptions>({
        learningRate: RATE,
        epsilon: POSITIVE,
        initialAccumulator: NOT_NEGATIVE,
        weightDecay: NOT_NEGATIVE,
      }),
    },
  );
  const { learningRate = 1e-2, epsilon = 1e-10, initialAccumulator = 0 } = options;
  const { weightDecay = 0 } = options;
  const words = [decayWords(weightDecay), "sum ← sum + g²", `w ← w − ${rateWords(learningRate)}·g / (√sum + ${epsilon})`];
  return eachParameter("adagrad", { comparable: ["sum"], words }, (scope) => {
    const { g, parameter } = scope;
    const gradient = withDecay(scope, weightDecay);
    const sum = scope.state("sum", initialAccumulator);
    const next = g.add(sum, g.mul(gradient, gradient));
    scope.write(sum, next);
    const size = g.add(g.sqrt(next), number(scope, epsilon));
    const rate = over(scope, rateOf(scope, learningRate));
    scope.write(parameter, g.sub(parameter, g.div(g.mul(gradient, rate), size)));
  });
}

/** Options of `rmsprop`. */
export interface RmspropOptions {
  readonly learningRate?: Rate;
  readonly rho?: number;
  readonly epsilon?: number;
  readonly momentum?: number;
  readonly centered?: boolean;
  readonly weightDecay?: number;
}

/**
 * RMSProp (Tieleman & Hinton 2012): g ← g + λ·w; v ← ρ·v + (1 − ρ)·g²; w ← w − η·g / (√v + ε).
 * Centered, v less the square of the averaged gradient; with momentum, buf ← μ·buf + g / (√v + ε), w ← w − η·buf.
 */
export function rmsprop(options: RmspropOptions = {}): UpdateRule {
  check(
    "rmsprop",
    { options },
    {
      options: optionsOf<RmspropOptions>({
        learningRate: RATE,
        rho: SHARE,
        epsilon: POSITIVE,
        momentum: SHARE,
        centered: FLAG,
        weightDecay: NOT_NEGATIVE,
      }),
    },
  );
  const { learningRate = 1e-2, rho = 0.99, epsilon = 1e-8, momentum = 0 } = options;
  const { centered = false, weightDecay = 0 } = options;
  const size = centered ? "square − mean²" : "square";
  const step = `g / (√${centered ? `(${size})` : size} + ${epsilon})`;
  const words = [
    decayWords(weightDecay),
    `square ← ${rho}·square + ${rest(rho)}·g²`,
    centered ? `mean ← ${rho}·mean + ${rest(rho)}·g` : undefined,
    momentum === 0 ? undefined : `momentum ← ${momentum}·momentum + ${step}`,
    `w ← w − ${rateWords(learningRate)}·${momentum === 0 ? step : "momentum"}`,
  ];
  return eachParameter("rmsprop", { comparable: ["square", "mean"], words }, (scope) => {
    const { g, parameter } = scope;
    const gradient = withDecay(scope, weightDecay);
    const square = scope.state("square", 0);
    let variance = averagedSquare(scope, square, rho, gradient);
    scope.write(square, variance);
    if (centered) {
      const mean = scope.state("mean", 0);
      const meanNext = averaged(scope, mean, rho, gradient);
      scope.write(mean, meanNext);
      // never below 0 but for rounding, of which no root may be taken
      variance = g.max(g.sub(variance, g.mul(meanNext, meanNext)), number(scope, 0));
    }
    let step = g.div(gradient, g.add(g.sqrt(variance), number(scope, epsilon)));
    if (momentum !== 0) {
      const buffer = scope.state("momentum", 0);
      step = g.add(scaled(scope, buffer, momentum), step);
      scope.write(buffer, step);
    }
    const rate = over(scope, rateOf(scope, learningRate));
    scope.write(parameter, g.sub(parameter, g.mul(step, rate)));
  });
}

/** Options of `adadelta`. */
export interface AdadeltaOptions {
  readonly learningRate?: Rate;
  readonly rho?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
}

/**
 * Adadelta (Zeiler 2012): g ← g + λ·w; v ← ρ·v + (1 − ρ)·g²; Δ = √(u + ε) / √(v + ε) · g;
 * u ← ρ·u + (1 − ρ)·Δ²; w ← w − η·Δ.
 */
export function adadelta(options: AdadeltaOptions = {}): UpdateRule {
  check(
    "adadelta",
    { options },
    {
      options: optionsOf<AdadeltaOptions>({
        learningRate: RATE,
        rho: SHARE,
        epsilon: POSITIVE,
        weightDecay: NOT_NEGATIVE,
      }),
    },
  );
  const { learningRate = 1, rho = 0.9, epsilon = 1e-6, weightDecay = 0 } = options;
  const words = [
    decayWords(weightDecay),
    `square ← ${rho}·square + ${rest(rho)}·g²`,
    `Δ = √(moved + ${epsilon}) / √(square + ${epsilon})·g`,
    `moved ← ${rho}·moved + ${rest(rho)}·Δ²`,
    `w ← w − ${rateWords(learningRate)}·Δ`,
  ];
  return eachParameter("adadelta", { comparable: ["square"], words }, (scope) => {
    const { g, parameter } = scope;
    const gradient = withDecay(scope, weightDecay);
    const root = (x: Value): Value => g.sqrt(g.add(x, number(scope, epsilon)));
    const square = scope.state("square", 0);
    const squareNext = averagedSquare(scope, square, rho, gradient);
    scope.write(square, squareNext);
    const moved = scope.state("moved", 0);
    const step = g.mul(g.div(root(moved), root(squareNext)), gradient);
    scope.write(moved, averagedSquare(scope, moved, rho, step));
    const rate = over(scope, rateOf(scope, learningRate));
    scope.write(parameter, g.sub(parameter, g.mul(step, rate)));
  });
}
