/** Normalization of given tensors: by moments of x itself, or by statistics that are given. */

import { anyOf, numbers, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { sizeOf, type Shape } from "../../graph/type.ts";
import { called } from "../arguments.ts";
import { axesIn, axisIn } from "../axes.ts";
import type { Context } from "../context.ts";
import { AXES, AXIS, EXTENT, FLOATS } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";
import { needsShape, placeOf, type Place } from "./place.ts";

export const EPSILON = numbers("a finite number of at least 0", (epsilon) => epsilon >= 0);
/** One axis, or several. */
export const SOME_AXES = anyOf("an axis, or a list of them", AXIS, AXES);
/** Where none is given. */
export const DEFAULT_EPSILON = 1e-5;

const literal = (c: Context, value: number): Value => c.g.literal(value, c.float);
const othersThan = (shape: Shape, axes: readonly number[]): number[] => shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));

/** A value over `kept` axes, in order, spread over the other axes of `shape`. */
export function across(c: Context, value: Value, shape: Shape, kept: readonly number[]): Value {
  const axes = othersThan(shape, kept);
  return c.g.broadcast(value, { axes, size: axes.map((axis) => shape[axis]!) });
}

const meanOver = (c: Context, x: Value, axes: readonly number[]): Value => {
  const { shape } = c.typeOf(x);
  const n = sizeOf(axes.map((axis) => shape[axis]!));
  return c.g.mul(c.g.sum(x, { axes }), literal(c, 1 / n));
};

/** x less its mean, and the biased variance, each over `axes`: two passes, so that nothing cancels. */
export function moments({ c, named }: Place, x: Value, axes: readonly number[]): { mean: Value; centered: Value; variance: Value } {
  const { shape } = c.typeOf(x);
  const mean = named("mu", meanOver(c, x, axes));
  const centered = named("centered", c.g.sub(x, across(c, mean, shape, othersThan(shape, axes))));
  const variance = named("sigmaSquared", meanOver(c, c.g.mul(centered, centered), axes));
  return { mean, centered, variance };
}

/** 1 / √(σ² + ε) */
export const inverseDeviation = ({ c, named }: Place, variance: Value, epsilon: number): Value =>
  named("inverse", c.g.recip(c.g.sqrt(c.g.add(variance, literal(c, epsilon)))));

/** What is centered, divided by the deviation of each position along `kept`. */
export function byDeviation({ c, named }: Place, centered: Value, inverse: Value, kept: readonly number[]): Value {
  return named("normal", c.g.mul(centered, across(c, inverse, c.typeOf(centered).shape, kept)));
}

/** (x − μ) / √(σ² + ε), μ and σ² being given a position along `axis`. */
export function byStatistics(place: Place, x: Value, mean: Value, variance: Value, axis: number, epsilon: number): Value {
  const { c, named } = place;
  const centered = named("centered", c.g.sub(x, across(c, mean, c.typeOf(x).shape, [axis])));
  return byDeviation(place, centered, inverseDeviation(place, variance, epsilon), [axis]);
}

/** (x − μ) / √(σ² + ε) over `axes`, μ and σ² being theirs. */
export function normal(place: Place, x: Value, axes: readonly number[], epsilon: number): Value {
  const { centered, variance } = moments(place, x, axes);
  return byDeviation(place, centered, inverseDeviation(place, variance, epsilon), othersThan(place.c.typeOf(x).shape, axes));
}

/** The groups of neighbouring channels of x [n, c, …] normalized each over itself and space. */
export function byGroups(place: Place, x: Value, groups: number, epsilon: number): Value {
  const { g } = place.c;
  const { shape } = place.c.typeOf(x);
  const [n, channels, ...space] = shape;
  if (n === undefined || channels === undefined)
    return place.fail(`needs an input [n, c, …], but got [${shape.join(",")}]`, "Give it a batch axis and a channel axis.");
  if (channels % groups !== 0)
    place.fail(
      `needs groups that divide its channels, but ${groups} does not divide ${channels}`,
      "Change the groups, or the channels of its input.",
    );
  const apart = g.reshape(x, { shape: [n, groups, (channels / groups) * sizeOf(space)] });
  return g.reshape(normal(place, apart, [2], epsilon), { shape });
}

/** x / √(mean x² + ε) over `axes`, with γ along them, which is declared before it is used. */
export function byMeanSquare(place: Place, x: Value, axes: readonly number[], epsilon: number, gamma?: () => Value): Value {
  const { c, named } = place;
  const { shape } = c.typeOf(x);
  const square = named("meanSquare", meanOver(c, c.g.mul(x, x), axes));
  const inverse = inverseDeviation(place, square, epsilon);
  const declared = gamma?.();
  const normalized = c.g.mul(x, across(c, inverse, shape, othersThan(shape, axes)));
  return declared === undefined ? normalized : c.g.mul(normalized, across(c, declared, shape, axes));
}

/** γ ⊙ x + β, with γ and β along `axes`, as far as they are given. */
export function scaled({ c }: Place, x: Value, axes: readonly number[], gamma: Value | undefined, beta: Value | undefined): Value {
  const { shape } = c.typeOf(x);
  const times = gamma === undefined ? x : c.g.mul(x, across(c, gamma, shape, axes));
  return beta === undefined ? times : c.g.add(times, across(c, beta, shape, axes));
}

/** Options of `groupNorm` and `instanceNorm` of given tensors. */
export interface ScaleOptions {
  /** Multiplies what is normalized. Default: nothing does. */
  readonly gamma?: FloatTensor;
  /** Added to what is normalized. Default: nothing is. */
  readonly beta?: FloatTensor;
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
}

/** Options of `layerNorm` of given tensors. */
export interface LayerNormOptions extends ScaleOptions {
  /** What is normalized over; γ and β have their extents. Default: the last axis. */
  readonly axis?: number | readonly number[];
}

/** Options of `batchNorm` of given tensors. */
export interface BatchNormOptions extends ScaleOptions {
  /** A channel's mean and variance. Default: the batch's own, over all axes but the channels'. */
  readonly mean?: FloatTensor;
  readonly variance?: FloatTensor;
  /** Of the channels. Default: 1. */
  readonly axis?: number;
}

const SCALE = { gamma: FLOATS, beta: FLOATS, epsilon: EPSILON };

/** The scaled result of a function, γ and β held to the extents of `axes`. */
function finished(place: Place, x: Value, axes: readonly number[], { gamma, beta }: ScaleOptions): FloatTensor {
  const { shape } = place.c.typeOf(x);
  const own = axes.map((axis) => shape[axis]!);
  const of = `along ${axes.length === 1 ? "axis" : "axes"} ${axes.join(" and ")}`;
  needsShape(place, "gamma", gamma, own, of);
  needsShape(place, "beta", beta, own, of);
  return place.c.tensor(scaled(place, x, axes, gamma?.value, beta?.value)) as FloatTensor; // of floats
}

/**
 * x [n, c, …] normalized a channel (torch.nn.functional.batch_norm), by the mean and the variance that are given, or the batch's own, whose
 * variance is biased. Throws a ModelError where one of them is given alone, or shapes do not fit.
 */
export function batchNorm<S extends Shape>(x: FloatTensor<S>, options: BatchNormOptions = {}): FloatTensor<S> {
  const laws = optionsOf<BatchNormOptions>({ ...SCALE, mean: FLOATS, variance: FLOATS, axis: AXIS });
  const c = called("batchNorm", { x, options }, { x: FLOATS, options: laws });
  return c.run(() => {
    const { mean, variance, gamma, beta, epsilon = DEFAULT_EPSILON } = options;
    const place = placeOf(c, "batchNorm", { x, mean, variance, gamma, beta });
    const axis = axisIn(c, "batchNorm", x.value, options.axis ?? 1);
    if ((mean === undefined) !== (variance === undefined))
      place.fail("needs a mean and a variance, or neither", "Give both, or leave out both for the batch's own.");
    needsShape(place, "mean", mean, [x.shape[axis]!], "[c]");
    needsShape(place, "variance", variance, [x.shape[axis]!], "[c]");
    const y =
      mean === undefined || variance === undefined
        ? normal(place, x.value, othersThan(x.shape, [axis]), epsilon)
        : byStatistics(place, x.value, mean.value, variance.value, axis, epsilon);
    return finished(place, y, [axis], options);
  }) as FloatTensor<S>;
}

/** x normalized over its last axis, or over those that are given (torch.nn.functional.layer_norm). Throws where γ or β do not fit. */
export function layerNorm<S extends Shape>(x: FloatTensor<S>, options: LayerNormOptions = {}): FloatTensor<S> {
  const c = called("layerNorm", { x, options }, { x: FLOATS, options: optionsOf<LayerNormOptions>({ ...SCALE, axis: SOME_AXES }) });
  return c.run(() => {
    const place = placeOf(c, "layerNorm", { x, gamma: options.gamma, beta: options.beta });
    const axes = axesIn(c, "layerNorm", x.value, [options.axis ?? -1].flat());
    return finished(place, normal(place, x.value, axes, options.epsilon ?? DEFAULT_EPSILON), axes, options);
  }) as FloatTensor<S>;
}

/** x [n, c, …] normalized over groups of neighbouring channels and space (torch.nn.functional.group_norm), γ and β a channel. Throws where groups do not divide. */
export function groupNorm<S extends Shape>(x: FloatTensor<S>, groups: number, options: ScaleOptions = {}): FloatTensor<S> {
  const c = called("groupNorm", { x, groups, options }, { x: FLOATS, groups: EXTENT, options: optionsOf<ScaleOptions>(SCALE) });
  return c.run(() => {
    const place = placeOf(c, "groupNorm", { x, gamma: options.gamma, beta: options.beta });
    return finished(place, byGroups(place, x.value, groups, options.epsilon ?? DEFAULT_EPSILON), [1], options);
  }) as FloatTensor<S>;
}

/** Each channel of each row of x [n, c, …] normalized over space (torch.nn.functional.instance_norm), γ and β a channel. */
export function instanceNorm<S extends Shape>(x: FloatTensor<S>, options: ScaleOptions = {}): FloatTensor<S> {
  const c = called("instanceNorm", { x, options }, { x: FLOATS, options: optionsOf<ScaleOptions>(SCALE) });
  return c.run(() => {
    const place = placeOf(c, "instanceNorm", { x, gamma: options.gamma, beta: options.beta });
    return finished(place, byGroups(place, x.value, x.shape[1] ?? 1, options.epsilon ?? DEFAULT_EPSILON), [1], options);
  }) as FloatTensor<S>;
}

/** x / √(mean x² + ε) ⊙ γ over the last axis, or over those that are given (torch.nn.functional.rms_norm). Throws where γ does not fit. */
export function rmsNorm<S extends Shape>(x: FloatTensor<S>, options: Omit<LayerNormOptions, "beta"> = {}): FloatTensor<S> {
  const laws = optionsOf<Omit<LayerNormOptions, "beta">>({ gamma: FLOATS, epsilon: EPSILON, axis: SOME_AXES });
  const c = called("rmsNorm", { x, options }, { x: FLOATS, options: laws });
  return c.run(() => {
    const { gamma, epsilon = DEFAULT_EPSILON } = options;
    const place = placeOf(c, "rmsNorm", { x, gamma });
    const axes = axesIn(c, "rmsNorm", x.value, [options.axis ?? -1].flat());
    const own = axes.map((axis) => x.shape[axis]!);
    needsShape(place, "gamma", gamma, own, "along the axes");
    return c.tensor(byMeanSquare(place, x.value, axes, epsilon, gamma === undefined ? undefined : () => gamma.value));
  }) as FloatTensor<S>;
}
