/** Normalization: over the batch with running statistics, over features, over groups of channels, by root mean square. */

import { FLAG } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { sizeOf, type Shape } from "../../graph/type.ts";
import { axesIn, axisIn } from "../axes.ts";
import {
  byDeviation,
  byGroups,
  byMeanSquare,
  byStatistics,
  DEFAULT_EPSILON,
  EPSILON,
  inverseDeviation,
  moments,
  normal,
  scaled,
  SOME_AXES,
} from "../functions/norm.ts";
import { ones, zeros, type Initializer } from "../initializers.ts";
import { ANY_NUMBER, AXIS, EXTENT, FLOATS, INITIALIZER } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";
import { begun, checked, layer, layerOptions, type Holds, type LayerOptions, type LayerScope, type SameShapeLayer } from "./layer.ts";

/** What scales a normalized value: options of all norms. */
interface GammaOptions extends LayerOptions {
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
  /** Whether γ multiplies. Default: true. */
  readonly scale?: boolean;
  /** Default: ones. */
  readonly gammaInitializer?: Initializer;
  /** A tensor in the place of a parameter. */
  readonly gamma?: FloatTensor;
}

/** Options of `groupNorm` and `instanceNorm`. */
export interface NormOptions extends GammaOptions {
  /** Whether β is added. Default: true. */
  readonly center?: boolean;
  /** Default: zeros. */
  readonly betaInitializer?: Initializer;
  /** A tensor in the place of a parameter. */
  readonly beta?: FloatTensor;
}

/** Options of `layerNorm`. */
export interface LayerNormOptions extends NormOptions {
  /** What is normalized over; γ and β have their extents. Default: the last axis. */
  readonly axis?: number | readonly number[];
}

/** Options of `rmsNorm`. */
export interface RmsNormOptions extends GammaOptions {
  /** What is normalized over; γ has their extents. Default: the last axis. */
  readonly axis?: number | readonly number[];
}

/** Options of `batchNorm`. */
export interface BatchNormOptions extends NormOptions {
  /** Share of the running statistics that a step keeps. Default: 0.9. */
  readonly momentum?: number;
  /** Normalizes by the running statistics in training too, and leaves them as they are. Default: false. */
  readonly frozen?: boolean;
  /** Of the channels. Default: 1. */
  readonly axis?: number;
}

/** Laws of what all norms are told. */
const GAMMA = { epsilon: EPSILON, scale: FLAG, gammaInitializer: INITIALIZER, gamma: FLOATS };
const SCALES = { ...GAMMA, center: FLAG, betaInitializer: INITIALIZER, beta: FLOATS };
const NORM = { options: layerOptions<NormOptions>(SCALES) };
const SCALE = ["gamma", "beta"];

/** A layer that gives out γ and β. */
export type NormLayer = SameShapeLayer & Holds<{ gamma: Shape; beta: Shape }>;
/** A layer that gives out its running statistics besides. */
export type BatchNormLayer = NormLayer & Holds<{ mean: readonly [number]; variance: readonly [number] }>;

const gammaOf = (scope: LayerScope, options: GammaOptions, extents: Shape): Value | undefined => {
  if (options.scale !== false) return scope.param("gamma", extents, begun(scope, "gamma", options, ones()));
  if (options.gamma !== undefined) scope.fail("was given a gamma, and scale: false", "Leave out one of them.");
  return undefined;
};

/** γ ⊙ x + β, with γ and β along `axes`, or what of them there is. */
function withScale(scope: LayerScope, x: Value, axes: readonly number[], options: NormOptions): Value {
  const { shape } = scope.c.typeOf(x);
  const extents = axes.map((axis) => shape[axis]!);
  const gamma = gammaOf(scope, options, extents);
  if (options.center === false && options.beta !== undefined) scope.fail("was given a beta, and center: false", "Leave out one of them.");
  const beta = options.center === false ? undefined : scope.param("beta", extents, begun(scope, "beta", options, zeros()));
  return scaled(scope, x, axes, gamma, beta);
}

const BATCH_NORM = { options: layerOptions<BatchNormOptions>({ ...SCALES, momentum: ANY_NUMBER, frozen: FLAG, axis: AXIS }) };

/**
 * x [n, c, …] normalized a channel (Ioffe & Szegedy 2015). Training: by the batch's mean and biased variance over all axes but the
 * channels', running ← momentum·running + (1 − momentum)·batch, with the unbiased variance; a short batch is then refused.
 * Evaluation and prediction, and training where it is frozen: by the running statistics. Throws a ModelError for a rank below 2, or one
 * value a channel in training.
 */
export const batchNorm = (options: BatchNormOptions = {}): BatchNormLayer =>
  layer<BatchNormLayer>(
    "batchNorm",
    checked("batchNorm", { options }, BATCH_NORM),
    (scope, x) => {
      const { c, fail } = scope;
      const { epsilon = DEFAULT_EPSILON, momentum = 0.9, frozen = false } = options;
      if (x.shape.length < 2) fail(`needs an input [n, c, …], but got [${x.shape.join(",")}]`, "Give it a batch axis and a channel axis.");
      if (!(momentum >= 0 && momentum <= 1))
        fail(`needs a momentum from 0 to 1, but got ${momentum}`, "It is the share of the running statistics that a step keeps.");
      const channel = axisIn(c, "batchNorm", x.value, options.axis ?? 1);
      const channels = x.shape[channel]!;
      const runningMean = scope.state("mean", [channels], zeros());
      const runningVariance = scope.state("variance", [channels], ones());
      if (!c.training || frozen)
        return withScale(scope, byStatistics(scope, x.value, runningMean, runningVariance, channel, epsilon), [channel], options);
      const axes = x.shape.flatMap((_, axis) => (axis === channel ? [] : [axis]));
      const n = sizeOf(axes.map((axis) => x.shape[axis]!));
      if (n < 2) fail("needs more than one value a channel in training, or their variance is 0", "Train with a larger batch.");
      const { mean, centered, variance } = moments(scope, x.value, axes);
      const inverse = inverseDeviation(scope, variance, epsilon);
      const literal = (value: number): Value => c.g.literal(value, c.float);
      const follow = (state: Value, batch: Value, weight: number): void =>
        c.update(state, (current) => c.g.add(c.g.mul(current, literal(momentum)), c.g.mul(batch, literal(weight))));
      follow(runningMean, mean, 1 - momentum);
      follow(runningVariance, variance, ((1 - momentum) * n) / (n - 1));
      return withScale(scope, byDeviation(scope, centered, inverse, [channel]), [channel], options);
    },
    [...SCALE, "mean", "variance"],
  );

/** The axes that a layer normalizes over, none of which is the batch's. */
function featureAxes({ c, fail }: LayerScope, of: string, x: FloatTensor, axis: number | readonly number[] | undefined): readonly number[] {
  if (x.shape.length < 2)
    fail(`needs an input [n, …, features], but got [${x.shape.join(",")}]`, "Give it a batch axis and a feature axis.");
  const axes = axesIn(c, of, x.value, [axis ?? -1].flat());
  if (axes.includes(0) || axes.length === 0)
    fail(`needs axes of a row, but got ${JSON.stringify(axis)}`, "Axis 0 is the batch's: normalize over others.");
  return axes;
}

/** x [n, …, features] normalized over its last axis, or those that are given, with γ and β along them (Ba et al. 2016). */
export const layerNorm = (options: LayerNormOptions = {}): NormLayer =>
  layer<NormLayer>(
    "layerNorm",
    checked("layerNorm", { options }, { options: layerOptions<LayerNormOptions>({ ...SCALES, axis: SOME_AXES }) }),
    (scope, x) => {
      const axes = featureAxes(scope, "layerNorm", x as FloatTensor, options.axis); // layers take floats
      return withScale(scope, normal(scope, x.value, axes, options.epsilon ?? DEFAULT_EPSILON), axes, options);
    },
    SCALE,
  );

/** x [n, c, …] normalized over each of `groups` groups of neighbouring channels and space, with γ and β a channel (Wu & He 2018). */
export const groupNorm = (groups: number, options: NormOptions = {}): NormLayer =>
  layer<NormLayer>(
    "groupNorm",
    checked("groupNorm", { groups, options }, { groups: EXTENT, ...NORM }),
    (scope, x) => withScale(scope, byGroups(scope, x.value, groups, options.epsilon ?? DEFAULT_EPSILON), [1], options),
    SCALE,
  );

/** Each channel of each row of x [n, c, …] normalized over space, with γ and β a channel (Ulyanov et al. 2016). */
export const instanceNorm = (options: NormOptions = {}): NormLayer =>
  layer<NormLayer>(
    "instanceNorm",
    checked("instanceNorm", { options }, NORM),
    (scope, x) => withScale(scope, byGroups(scope, x.value, x.shape[1] ?? 1, options.epsilon ?? DEFAULT_EPSILON), [1], options),
    SCALE,
  );

/** x / √(mean x² + ε) ⊙ γ over the last axis, or those that are given (Zhang & Sennrich 2019). */
export const rmsNorm = (options: RmsNormOptions = {}): SameShapeLayer & Holds<{ gamma: Shape }> =>
  layer<SameShapeLayer & Holds<{ gamma: Shape }>>(
    "rmsNorm",
    checked("rmsNorm", { options }, { options: layerOptions<RmsNormOptions>({ ...GAMMA, axis: SOME_AXES }) }),
    (scope, x) => {
      const axes = featureAxes(scope, "rmsNorm", x as FloatTensor, options.axis); // layers take floats
      const extents = axes.map((axis) => x.shape[axis]!);
      if (options.scale === false) gammaOf(scope, options, extents);
      const gamma = options.scale === false ? undefined : () => gammaOf(scope, options, extents)!;
      return byMeanSquare(scope, x.value, axes, options.epsilon ?? DEFAULT_EPSILON, gamma);
    },
    ["gamma"],
  );
