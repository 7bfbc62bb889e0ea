/** Muon: the averaged gradient of a matrix is made nearly orthogonal before it is a step; other parameters have a rule of their own. */

import type { UpdateRule, UpdateScope } from "../../autodiff/update.ts";
import { COUNT, FLAG, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { dotAttrs } from "../../ops/dot.ts";
import { check } from "../arguments.ts";
import { RULE } from "../kinds.ts";
import { callSite } from "../site.ts";
import { adamw } from "./adam.ts";
import { NOT_NEGATIVE, POSITIVE, SHARE } from "./options.ts";
import { RATE, rateOf, rateWords, type Rate } from "./rate.ts";
import { averaged, number, over, rest, rootMeanSquare, scaled } from "./rule.ts";

/** What muon takes. */
export interface MuonOptions {
  readonly learningRate?: Rate;
  readonly momentum?: number;
  /** Default: yes. */
  readonly nesterov?: boolean;
  /** Of the weights themselves, as in AdamW. Default: 0.1. */
  readonly weightDecay?: number;
  /** Newton–Schulz iterations. Default: 5. */
  readonly steps?: number;
  /** The root mean square of a step is about this times the rate, so that AdamW's rates fit. Default: 0.2. */
  readonly rmsRate?: number;
  /** The rule of parameters that are no matrices. Default: AdamW of the same rate and decay. */
  readonly others?: UpdateRule;
}

const OPTIONS = optionsOf<MuonOptions>({
  learningRate: RATE,
  momentum: SHARE,
  nesterov: FLAG,
  weightDecay: NOT_NEGATIVE,
  steps: COUNT,
  rmsRate: POSITIVE,
  others: RULE,
});

/** Of the iteration x ← a·x + (b·x·xᵀ + c·(x·xᵀ)²)·x, which takes all singular values near 1. */
const [A, B, C] = [3.4445, -4.775, 2.0315];
/** What a norm is at least. */
const LEAST_NORM = 1e-7;

/**
 * Muon (Jordan et al. 2024; torch.optim.Muon with adjust_lr_fn "match_rms_adamw"): m ← β·m + (1 − β)·g; u = (1 − β)·g + β·m; o = u / ‖u‖, made nearly
 * orthogonal by five iterations; w ← w − η·λ·w − η·0.2·√max(rows, columns)·o. What has not two axes is trained by `others`.
 */
export function muon(options: MuonOptions = {}): UpdateRule {
  check("muon", { options }, { options: OPTIONS });
  const { learningRate = 1e-3, momentum = 0.95, nesterov = true, weightDecay = 0.1, steps = 5, rmsRate = 0.2 } = options;
  const { others = adamw({ learningRate, weightDecay }) } = options;
  const words = [
    `momentum ← ${momentum}·momentum + ${rest(momentum)}·g`,
    `o = ${nesterov ? `${rest(momentum)}·g + ${momentum}·momentum` : "momentum"} over its norm, made nearly orthogonal`,
    ...(weightDecay === 0 ? [] : ["w ← w − decay·w"]),
    `w ← w − ${rateWords(learningRate)}·${rmsRate}·√max(rows, columns)·o`,
  ].join("; ");
  const update = (scope: UpdateScope): void => {
    const { g, parameter, gradient } = scope;
    const before = scope.state("momentum", 0);
    const after = averaged(scope, before, momentum, gradient);
    scope.write(before, after);
    const o = orthogonal(scope, nesterov ? averaged(scope, after, momentum, gradient) : after, steps);
    const rate = rateOf(scope, learningRate);
    const share = scope.shared("decay", () => scaled(scope, rate, weightDecay));
    const kept = weightDecay === 0 ? parameter : g.sub(parameter, g.mul(parameter, over(scope, share)));
    const size = rmsRate * Math.sqrt(Math.max(...g.typeOf(parameter).shape));
    scope.write(parameter, g.sub(kept, g.mul(o, over(scope, scaled(scope, rate, size)))));
  };
  return {
    name: "muon",
    site: callSite(),
    linear: false,
    comparable: (parameter) => ["momentum", ...others.comparable(parameter)],
    period: others.period,
    update(scopes) {
      const isMatrix = ({ g, parameter }: UpdateScope): boolean => g.typeOf(parameter).shape.length === 2;
      for (const scope of scopes.filter(isMatrix)) scope.by("muon", () => update(scope), words);
      const rest = scopes.filter((scope) => !isMatrix(scope));
      if (rest.length > 0) others.update(rest);
    },
  };
}

/** A matrix of the same singular vectors whose singular values are all near 1: of x·xᵀ the smaller one is iterated with. */
function orthogonal(scope: UpdateScope, matrix: Value, steps: number): Value {
  const { g } = scope;
  const [rows = 1, columns = 1] = g.typeOf(matrix).shape;
  const turned = (x: Value): Value => (rows > columns ? g.transpose(x, { order: [1, 0] }) : x);
  const norm = scaled(scope, rootMeanSquare(scope, matrix), Math.sqrt(rows * columns));
  let x = turned(g.div(matrix, over(scope, g.max(norm, number(scope, LEAST_NORM)))));
  for (let step = 0; step < steps; step++) {
    const product = g.dot(x, x, dotAttrs([1], [1]));
    const square = g.dot(product, product, dotAttrs([1], [0]));
    const factor = g.add(scaled(scope, product, B), scaled(scope, square, C));
    x = g.add(scaled(scope, x, A), g.dot(factor, x, dotAttrs([1], [0])));
  }
  return turned(x);
}
