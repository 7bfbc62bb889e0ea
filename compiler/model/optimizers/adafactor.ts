/** Adafactor as PyTorch defines it: of a matrix not every square is kept, but their means over rows and over columns. */

import type { UpdateRule, UpdateScope } from "../../autodiff/update.ts";
import { numbers, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { check } from "../arguments.ts";
import { NOT_NEGATIVE, POSITIVE } from "./options.ts";
import { RATE, rateOf, rateWords, type Rate } from "./rate.ts";
import { eachParameter, number, over, rootMeanSquare, scaled, spread } from "./rule.ts";

/** What adafactor takes. */
export interface AdafactorOptions {
  readonly learningRate?: Rate;
  /** The t-th step is a share t^beta2Decay of the averages. Default: −0.8. */
  readonly beta2Decay?: number;
  /** Roots of squares are at least so large. Default: 2⁻²³, the distance of 1 to the next number. */
  readonly epsilon1?: number;
  /** Weights count as at least so large. Default: 1e-3. */
  readonly epsilon2?: number;
  /** How large the root mean square of a step may be. Default: 1. */
  readonly clipThreshold?: number;
  readonly weightDecay?: number;
}

const OPTIONS = optionsOf<AdafactorOptions>({
  learningRate: RATE,
  beta2Decay: numbers("a finite number of at most 0", (n) => n <= 0),
  epsilon1: POSITIVE,
  epsilon2: NOT_NEGATIVE,
  clipThreshold: numbers("a finite number of at least 1", (n) => n >= 1),
  weightDecay: NOT_NEGATIVE,
});

/**
 * Adafactor (Shazeer & Stern 2018; torch.optim.Adafactor): s ← s + t^−0.8·(mean g² − s) over rows, and over columns; v = rows·columns / mean rows;
 * u = g / √v; w ← w − min(η, 1/√t)·max(ε₂, RMS(w))·u / max(1, RMS(u)). A vector keeps its squares themselves.
 */
export function adafactor(options: AdafactorOptions = {}): UpdateRule {
  check("adafactor", { options }, { options: OPTIONS });
  const { learningRate = 1e-2, beta2Decay = -0.8, epsilon1 = 2 ** -23, epsilon2 = 1e-3, clipThreshold = 1, weightDecay = 0 } = options;
  const words = [
    `rows, columns ← averages of g² over each, of which this step is t^${beta2Decay}`,
    "v = rows·columns / mean rows",
    `u = g / √max(v, ${epsilon1}²)`,
    weightDecay === 0 ? undefined : "w ← w − decay·w",
    `w ← w − min(${rateWords(learningRate)}, 1 / √t)·max(${epsilon2}, RMS(w))·u / max(1, RMS(u) / ${clipThreshold})`,
  ];
  return eachParameter("adafactor", { comparable: ["rows", "columns", "square"], words }, (scope) => {
    const { g, parameter, gradient } = scope;
    const one = number(scope, 1);
    const t = scope.shared("t", () => g.add(scope.step(), one));
    const rate = scope.shared("rate", () => g.min(rateOf(scope, learningRate), g.div(one, g.sqrt(t))));
    const weight = g.mul(rate, g.max(number(scope, epsilon2), rootMeanSquare(scope, parameter)));
    const v = g.max(variance(scope, t, beta2Decay, epsilon1), number(scope, epsilon1 ** 2));
    const u = g.div(gradient, g.sqrt(v));
    const size = g.max(one, scaled(scope, rootMeanSquare(scope, u), 1 / clipThreshold));
    const share = scope.shared("decay", () => scaled(scope, rateOf(scope, learningRate), weightDecay));
    const kept = weightDecay === 0 ? parameter : g.sub(parameter, g.mul(parameter, over(scope, share)));
    scope.write(parameter, g.sub(kept, g.mul(u, over(scope, g.div(weight, size)))));
  });
}

/** What stands for the mean of g²: of more than one axis by means over the last two. */
function variance(scope: UpdateScope, t: Value, decay: number, least: number): Value {
  const { g, gradient } = scope;
  const { shape } = g.typeOf(gradient);
  const square = g.mul(gradient, gradient);
  const now = scope.shared("now", () => g.pow(t, number(scope, decay)));
  const averaged = (name: string, value: Value): Value => {
    const own = g.typeOf(value).shape;
    const before = scope.state(name, 0, own);
    const after = g.add(before, g.mul(spread(scope, now, own), g.sub(value, before)));
    scope.write(before, after);
    return after;
  };
  const [row, column] = [shape.length - 2, shape.length - 1];
  if (row < 0) return averaged("square", square);
  const meanOver = (x: Value, axis: number): Value => scaled(scope, g.sum(x, { axes: [axis] }), 1 / g.typeOf(x).shape[axis]!);
  const rows = averaged("rows", meanOver(square, column));
  const columns = averaged("columns", meanOver(square, row));
  const along = (x: Value, axis: number): Value => g.broadcast(x, { axes: [axis], size: [shape[axis]!] });
  const mean = g.max(meanOver(rows, row), number(scope, least));
  const share = g.div(rows, along(mean, row));
  return g.mul(along(share, column), along(columns, row));
}
