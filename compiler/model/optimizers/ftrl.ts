/** FTRL-proximal, for sparse linear models: a weight is 0 until its gradients say more than the penalty. */

import type { UpdateRule } from "../../autodiff/update.ts";
import { numbers, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { check } from "../arguments.ts";
import { NOT_NEGATIVE } from "./options.ts";
import { RATE, rateOf, rateWords, type Rate } from "./rate.ts";
import { eachParameter, number, over, scaled } from "./rule.ts";

/** What ftrl takes. */
export interface FtrlOptions {
  readonly learningRate?: Rate;
  /** Rates fall with the sum of squares to this power. Default: −0.5. */
  readonly learningRatePower?: number;
  /** Default: 0.1. */
  readonly initialAccumulator?: number;
  readonly l1?: number;
  readonly l2?: number;
  /** An L2 penalty that gradients alone see. */
  readonly l2Shrinkage?: number;
  readonly beta?: number;
}

const OPTIONS = optionsOf<FtrlOptions>({
  learningRate: RATE,
  learningRatePower: numbers("a finite number of at most 0", (n) => n <= 0),
  initialAccumulator: NOT_NEGATIVE,
  l1: NOT_NEGATIVE,
  l2: NOT_NEGATIVE,
  l2Shrinkage: NOT_NEGATIVE,
  beta: NOT_NEGATIVE,
});

/**
 * FTRL (McMahan et al. 2013; Keras's Ftrl): n ← n + g²; σ = (√n − √(n before)) / η; z ← z + g − σ·w;
 * w ← (z held between −l1 and l1, less z) / ((√n + β) / η + 2·l2).
 */
export function ftrl(options: FtrlOptions = {}): UpdateRule {
  check("ftrl", { options }, { options: OPTIONS });
  const { learningRate = 1e-3, learningRatePower = -0.5, initialAccumulator = 0.1, l1 = 0, l2 = 0, l2Shrinkage = 0, beta = 0 } = options;
  const rate = rateWords(learningRate);
  const root = learningRatePower === -0.5 ? "√sum" : `sum^${-learningRatePower}`;
  const words = [
    "sum ← sum + g²",
    `linear ← linear + g${l2Shrinkage === 0 ? "" : ` + ${2 * l2Shrinkage}·w`} − (${root} − ${root} before) / ${rate}·w`,
    `w ← (linear held between ${-l1} and ${l1}, less linear) / ((${root} + ${beta}) / ${rate} + ${2 * l2})`,
  ];
  return eachParameter("ftrl", { comparable: ["sum"], words }, (scope) => {
    const { g, parameter, gradient } = scope;
    const rootOf = (x: Value): Value => (learningRatePower === -0.5 ? g.sqrt(x) : g.pow(x, number(scope, -learningRatePower)));
    const [sum, linear] = [scope.state("sum", initialAccumulator), scope.state("linear", 0)];
    const after = g.add(sum, g.mul(gradient, gradient));
    const size = over(scope, rateOf(scope, learningRate));
    const slope = l2Shrinkage === 0 ? gradient : g.add(gradient, scaled(scope, parameter, 2 * l2Shrinkage));
    const moved = g.mul(g.div(g.sub(rootOf(after), rootOf(sum)), size), parameter);
    const next = g.add(linear, g.sub(slope, moved));
    scope.write(linear, next);
    scope.write(sum, after);
    const held = g.max(g.min(next, number(scope, l1)), number(scope, -l1));
    const reach = beta === 0 ? rootOf(after) : g.add(rootOf(after), number(scope, beta));
    const weight = g.div(reach, size);
    scope.write(parameter, g.div(g.sub(held, next), l2 === 0 ? weight : g.add(weight, number(scope, 2 * l2))));
  });
}
