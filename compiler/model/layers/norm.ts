/** Normalization: over the batch with running statistics, over features, over groups of channels, by root mean square. */

import { numbers } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { sizeOf, type Shape } from "../../graph/type.ts";
import type { Context } from "../context.ts";
import { ones, zeros } from "../initializers.ts";
import { ANY_NUMBER, EXTENT } from "../kinds.ts";
import { checked, layer, layerOptions, type LayerOptions, type LayerScope, type SameShapeLayer } from "./layer.ts";

/** Options of `groupNorm`, `layerNorm` and `rmsNorm`. */
export interface NormOptions extends LayerOptions {
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
}

/** Options of `batchNorm`. */
export interface BatchNormOptions extends NormOptions {
  /** Share of the running statistics that a step keeps. Default: 0.9. */
  readonly momentum?: number;
}

const EPSILON = numbers("a finite number of at least 0", (epsilon) => epsilon >= 0);
const NORM = { options: layerOptions<NormOptions>({ epsilon: EPSILON }) };
const BATCH_NORM = { options: layerOptions<BatchNormOptions>({ epsilon: EPSILON, momentum: ANY_NUMBER }) };

const literal = (c: Context, value: number): Value => c.g.literal(value, c.float);

/** A value over `kept` axes, in order, spread over the other axes of `shape`. */
function across(c: Context, value: Value, shape: Shape, kept: readonly number[]): Value {
  const axes = shape.flatMap((_, axis) => (kept.includes(axis) ? [] : [axis]));
  return c.g.broadcast(value, { axes, size: axes.map((axis) => shape[axis]!) });
}

const meanOver = (c: Context, x: Value, axes: readonly number[]): Value => {
  const { shape } = c.typeOf(x);
  const n = sizeOf(axes.map((axis) => shape[axis]!));
  return c.g.mul(c.g.sum(x, { axes }), literal(c, 1 / n));
};

/** x less its mean, and the biased variance, each over `axes`: two passes, so that nothing cancels. */
function moments({ c, named }: LayerScope, x: Value, axes: readonly number[]): { mean: Value; centered: Value; variance: Value } {
  const { shape } = c.typeOf(x);
  const kept = shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const mean = named("mu", meanOver(c, x, axes));
  const centered = named("centered", c.g.sub(x, across(c, mean, shape, kept)));
  const variance = named("sigmaSquared", meanOver(c, c.g.mul(centered, centered), axes));
  return { mean, centered, variance };
}

const inverseDeviation = ({ c, named }: LayerScope, variance: Value, epsilon: number): Value =>
  named("inverse", c.g.recip(c.g.sqrt(c.g.add(variance, literal(c, epsilon)))));

/** γ ⊙ x + β, with γ and β along `axis`. */
function scaled({ c, param }: LayerScope, x: Value, axis: number): Value {
  const { shape } = c.typeOf(x);
  const extent = shape[axis]!;
  const gamma = param("gamma", [extent], ones());
  const beta = param("beta", [extent], zeros());
  return c.g.add(c.g.mul(x, across(c, gamma, shape, [axis])), across(c, beta, shape, [axis]));
}

/**
 * x [n, c, …] normalized a channel (Ioffe & Szegedy 2015). Training: by the batch's mean and biased variance over all axes but the
 * channels', running ← momentum·running + (1 − momentum)·batch, with the unbiased variance; a short batch is then refused.
 * Evaluation and prediction: by the running statistics. Throws a ModelError for a rank below 2, or one value a channel in training.
 */
export const batchNorm = (options: BatchNormOptions = {}): SameShapeLayer =>
  layer<SameShapeLayer>("batchNorm", checked("batchNorm", { options }, BATCH_NORM), (scope, x) => {
    const { c, fail } = scope;
    const { epsilon = 1e-5, momentum = 0.9 } = options;
    if (x.shape.length < 2) fail(`needs an input [n, c, …], but got [${x.shape.join(",")}]`, "Give it a batch axis and a channel axis.");
    if (!(momentum >= 0 && momentum <= 1))
      fail(`needs a momentum from 0 to 1, but got ${momentum}`, "It is the share of the running statistics that a step keeps.");
    const channels = x.shape[1]!;
    const runningMean = scope.state("mean", [channels], zeros());
    const runningVariance = scope.state("variance", [channels], ones());
    if (!c.training) {
      const centered = scope.named("centered", c.g.sub(x.value, across(c, runningMean, x.shape, [1])));
      const inverse = inverseDeviation(scope, runningVariance, epsilon);
      return scaled(scope, scope.named("normal", c.g.mul(centered, across(c, inverse, x.shape, [1]))), 1);
    }
    const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
    const n = sizeOf(axes.map((axis) => x.shape[axis]!));
    if (n < 2) fail("needs more than one value a channel in training, or their variance is 0", "Train with a larger batch.");
    const { mean, centered, variance } = moments(scope, x.value, axes);
    const inverse = inverseDeviation(scope, variance, epsilon);
    const follow = (state: Value, batch: Value, weight: number): void =>
      c.update(state, (current) => c.g.add(c.g.mul(current, literal(c, momentum)), c.g.mul(batch, literal(c, weight))));
    follow(runningMean, mean, 1 - momentum);
    follow(runningVariance, variance, ((1 - momentum) * n) / (n - 1));
    return scaled(scope, scope.named("normal", c.g.mul(centered, across(c, inverse, x.shape, [1]))), 1);
  });

/** (x − μ) / √(σ² + ε) over `axes`, μ and σ² being theirs. */
function normal(scope: LayerScope, x: Value, axes: readonly number[], epsilon: number): Value {
  const { c } = scope;
  const { shape } = c.typeOf(x);
  const kept = shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const { centered, variance } = moments(scope, x, axes);
  const inverse = inverseDeviation(scope, variance, epsilon);
  return scope.named("normal", c.g.mul(centered, across(c, inverse, shape, kept)));
}

/** x [n, …, features] normalized over its last axis, with γ and β along it (Ba et al. 2016). */
export const layerNorm = (options: NormOptions = {}): SameShapeLayer =>
  layer<SameShapeLayer>("layerNorm", checked("layerNorm", { options }, NORM), (scope, x) => {
    const last = lastAxis(scope, x.shape);
    return scaled(scope, normal(scope, x.value, [last], options.epsilon ?? 1e-5), last);
  });

/** x [n, c, …] normalized over each of `groups` groups of neighbouring channels and space, with γ and β a channel (Wu & He 2018). */
export const groupNorm = (groups: number, options: NormOptions = {}): SameShapeLayer =>
  layer<SameShapeLayer>("groupNorm", checked("groupNorm", { groups, options }, { groups: EXTENT, ...NORM }), (scope, x) => {
    const { g } = scope.c;
    const [n, channels, ...space] = x.shape;
    if (n === undefined || channels === undefined)
      return scope.fail(`needs an input [n, c, …], but got [${x.shape.join(",")}]`, "Give it a batch axis and a channel axis.");
    if (channels % groups !== 0)
      scope.fail(
        `needs groups that divide its channels, but ${groups} does not divide ${channels}`,
        "Change the groups, or the channels of its input.",
      );
    const apart = g.reshape(x.value, { shape: [n, groups, (channels / groups) * sizeOf(space)] });
    const together = normal(scope, apart, [2], options.epsilon ?? 1e-5);
    return scaled(scope, g.reshape(together, { shape: x.shape }), 1);
  });

/** x / √(mean x² + ε) ⊙ γ over the last axis (Zhang & Sennrich 2019). */
export const rmsNorm = (options: NormOptions = {}): SameShapeLayer =>
  layer<SameShapeLayer>("rmsNorm", checked("rmsNorm", { options }, NORM), (scope, x) => {
    const { c } = scope;
    const last = lastAxis(scope, x.shape);
    const kept = x.shape.flatMap((_, axis) => (axis === last ? [] : [axis]));
    const square = scope.named("meanSquare", meanOver(c, c.g.mul(x.value, x.value), [last]));
    const inverse = inverseDeviation(scope, square, options.epsilon ?? 1e-5);
    const gamma = scope.param("gamma", [x.shape[last]!], ones());
    const normalized = c.g.mul(x.value, across(c, inverse, x.shape, kept));
    return c.g.mul(normalized, across(c, gamma, x.shape, [last]));
  });

function lastAxis({ fail }: LayerScope, shape: Shape): number {
  if (shape.length < 2) fail(`needs an input [n, …, features], but got [${shape.join(",")}]`, "Give it a batch axis and a feature axis.");
  return shape.length - 1;
}
