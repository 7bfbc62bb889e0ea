/** Pooling of given tensors: maxima and means over windows, over as many windows as are asked for, and over all of space. */

import { FLAG, oneOf, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { sizeOf } from "../../graph/type.ts";
import type { WindowAttrs } from "../../ops/window.ts";
import { called } from "../arguments.ts";
import { FLOATS, PER_AXIS } from "../kinds.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { placeOf, type Place } from "./place.ts";
import { axesOf, checkImage, PADDING, perAxis, type Axis, type Padding, type PerAxis } from "./spatial.ts";

/** Options of max and average pools of given tensors. */
export interface WindowOptions {
  /** Default: the window's size, so that windows do not overlap. */
  readonly strides?: PerAxis;
  /** Default: `valid`. */
  readonly padding?: Padding;
  /** Whether a last window may reach beyond the padding, as long as it begins before it. Default: false. */
  readonly ceilMode?: boolean;
}

/** Options of max pools. */
export interface MaxOptions extends WindowOptions {
  /** Distance between the elements of a window. Default: 1. */
  readonly dilation?: PerAxis;
}

/** Options of average pools. */
export interface AverageOptions extends WindowOptions {
  /** `counted`: a window's mean counts its padding as zeros (countIncludePad). Default: `ignored`. */
  readonly paddedZeros?: "counted" | "ignored";
}

const SHARED = { strides: PER_AXIS, padding: PADDING, ceilMode: FLAG };
export const MAX_LAWS = { ...SHARED, dilation: PER_AXIS };
export const AVERAGE_LAWS = { ...SHARED, paddedZeros: oneOf("counted", "ignored") };

/** A window's axis; of its zeros at the end, those that only ceilMode adds. */
interface PoolAxis extends Axis {
  readonly beyond: number;
}

/** The windows over the axes of space, or the error that one of them would be empty. */
export function windowOf(place: Place, x: Tensor, spatial: number, size: PerAxis, options: MaxOptions): readonly PoolAxis[] {
  checkImage(place, x.shape, spatial);
  const { strides = size, padding = "valid", dilation = 1, ceilMode = false } = options;
  const axes = axesOf(place, x.shape, "window", { window: size, strides, dilation, padding });
  return axes.map((axis, n): PoolAxis => {
    const { low, high, window, extent, stride, out } = axis;
    const covers = (window - 1) * axis.dilation + 1;
    // one more window, if it begins in the input or the zeros before it
    const left = extent + low + high - covers - (out - 1) * stride;
    const more = ceilMode && left > 0 && out * stride < extent + low ? stride - left : 0;
    const outputs = more > 0 ? out + 1 : out;
    const lastStart = (outputs - 1) * stride - low;
    if (low >= covers || lastStart >= extent)
      place.fail(
        `needs an element of its input in every window, but on spatial axis ${n} padding of ${low} and ${high} leaves a window of ${window} empty`,
        "Use less padding.",
      );
    return { ...axis, out: outputs, high: high + more, beyond: more };
  });
}

/** What the ops take of them, after `lead` axes without windows. */
export const attrsOf = (axes: readonly Axis[], lead: number): WindowAttrs => {
  const of = (before: number, field: (axis: Axis) => number): number[] => [
    ...Array.from({ length: lead }, () => before),
    ...axes.map(field),
  ];
  return {
    window: of(1, ({ window }) => window),
    stride: of(1, ({ stride }) => stride),
    low: of(0, ({ low }) => low),
    high: of(0, ({ high }) => high),
    ...(axes.every(({ dilation }) => dilation === 1) ? {} : { dilation: of(1, ({ dilation }) => dilation) }),
  };
};

/** The largest of each window. */
export const largest = (place: Place, x: Tensor, spatial: number, size: PerAxis, options: MaxOptions): Value =>
  place.c.g.windowMax(x.value, attrsOf(windowOf(place, x, spatial, size, options), 2));

/** The mean of each window, of its padding as it is said. */
export function average(place: Place, x: Tensor, spatial: number, size: PerAxis, options: AverageOptions): Value {
  const { c } = place;
  const axes = windowOf(place, x, spatial, size, options);
  const total = place.named("total", c.g.windowSum(x.value, attrsOf(axes, 2)));
  const one = c.g.literal(1, c.float);
  const padded = axes.some((axis) => axis.low > 0 || axis.high > 0);
  const counted = options.paddedZeros === "counted";
  if (!padded || (counted && axes.every(({ beyond }) => beyond === 0)))
    return c.g.mul(total, c.g.literal(1 / axes.reduce((n, { window }) => n * window, 1), c.float));
  // how many elements each window covers: a window sum of ones, of counted zeros too, never of what is beyond them
  const covering = counted
    ? axes.map((axis) => ({ ...axis, extent: axis.extent + axis.low + axis.high - axis.beyond, low: 0, high: axis.beyond }))
    : axes;
  const ones = c.g.broadcast(one, { axes: axes.map((_, n) => n), size: covering.map(({ extent }) => extent) });
  const covered = place.named("covered", c.g.windowSum(ones, attrsOf(covering, 0)));
  return c.g.div(total, c.g.broadcast(covered, { axes: [0, 1], size: x.shape.slice(0, 2) }));
}

/** The windows that make `out` of an axis: window i is [⌊i·extent / out⌋, ⌈(i + 1)·extent / out⌉). */
const windowsOf = (extent: number, out: number): readonly (readonly [from: number, to: number])[] =>
  Array.from({ length: out }, (_, i) => [Math.floor((i * extent) / out), Math.ceil(((i + 1) * extent) / out)] as const);

/** x from one position of an axis to another. */
function partOf({ c }: Place, x: Value, axis: number, from: number, to: number): Value {
  const { shape } = c.typeOf(x);
  return c.g.slice(x, {
    start: shape.map((_, m) => (m === axis ? from : 0)),
    limit: shape.map((extent, m) => (m === axis ? to : extent)),
    stride: shape.map(() => 1),
  });
}

/** What is made of windows of x, or of a part of it: `part` takes that part of another value of x's shape. */
type Pool = (place: Place, x: Value, window: WindowAttrs, part: (of: Value) => Value) => Value;

/** What `pool` makes of windows along one axis; where they are of one size, of all at once. */
export function alongAxis(place: Place, x: Value, axis: number, out: number, pool: Pool): Value {
  const { shape } = place.c.typeOf(x);
  const extent = shape[axis]!;
  const windowed = (part: (of: Value) => Value, window: number): Value => {
    const only = (of: number): number[] => shape.map((_, m) => (m === axis ? of : 1));
    const none = shape.map(() => 0);
    return pool(place, part(x), { window: only(window), stride: only(window), low: none, high: none }, part);
  };
  if (extent % out === 0) return windowed((of) => of, extent / out);
  const parts = windowsOf(extent, out).map(([from, to]) => windowed((of) => partOf(place, of, axis, from, to), to - from));
  return place.c.g.concat(parts, { axis });
}

/** One axis after the other, the last first: so the first of equals is the first in row-major order. */
function adaptive(of: string, spatial: number, x: FloatTensor, size: PerAxis, pool: Pool): FloatTensor {
  const c = called(of, { x, size }, { x: FLOATS, size: PER_AXIS });
  return c.run(() => {
    const place = placeOf(c, of, { x });
    checkImage(place, x.shape, spatial);
    const sizes = perAxis(place, "a size", size, spatial, 1);
    return c.tensor(sizes.reduceRight<Value>((value, out, n) => alongAxis(place, value, n + 2, out, pool), x.value));
  }) as FloatTensor;
}

const means = ({ c }: Place, x: Value, window: WindowAttrs): Value =>
  c.g.mul(c.g.windowSum(x, window), c.g.literal(1 / sizeOf(window.window), c.float));
const maxima = ({ c }: Place, x: Value, window: WindowAttrs): Value => c.g.windowMax(x, window);

function maxPool(spatial: number, x: FloatTensor, size: PerAxis, options: MaxOptions): FloatTensor {
  const of = `maxPool${spatial}d`;
  const c = called(of, { x, size, options }, { x: FLOATS, size: PER_AXIS, options: optionsOf<MaxOptions>(MAX_LAWS) });
  return c.run(() => c.tensor(largest(placeOf(c, of, { x }), x, spatial, size, options))) as FloatTensor; // of floats
}

function avgPool(spatial: number, x: FloatTensor, size: PerAxis, options: AverageOptions): FloatTensor {
  const of = `avgPool${spatial}d`;
  const c = called(of, { x, size, options }, { x: FLOATS, size: PER_AXIS, options: optionsOf<AverageOptions>(AVERAGE_LAWS) });
  return c.run(() => c.tensor(average(placeOf(c, of, { x }), x, spatial, size, options))) as FloatTensor; // of floats
}

/** The largest of each window, the first of equals taking the gradient: x [n, c, t] → [n, c, t'] (torch.nn.functional.max_pool1d). */
export const maxPool1d = (x: FloatTensor, size: PerAxis, options: MaxOptions = {}): FloatTensor => maxPool(1, x, size, options);

/** The largest of each window, the first of equals taking the gradient: x [n, c, h, w] → [n, c, h', w'] (torch.nn.functional.max_pool2d). */
export const maxPool2d = (x: FloatTensor, size: PerAxis, options: MaxOptions = {}): FloatTensor => maxPool(2, x, size, options);

/** The largest of each window, the first of equals taking the gradient: x [n, c, d, h, w] → [n, c, d', h', w'] (torch.nn.functional.max_pool3d). */
export const maxPool3d = (x: FloatTensor, size: PerAxis, options: MaxOptions = {}): FloatTensor => maxPool(3, x, size, options);

/** The mean of each window: x [n, c, t] → [n, c, t'] (torch.nn.functional.avg_pool1d). */
export const avgPool1d = (x: FloatTensor, size: PerAxis, options: AverageOptions = {}): FloatTensor => avgPool(1, x, size, options);

/** The mean of each window: x [n, c, h, w] → [n, c, h', w'] (torch.nn.functional.avg_pool2d). */
export const avgPool2d = (x: FloatTensor, size: PerAxis, options: AverageOptions = {}): FloatTensor => avgPool(2, x, size, options);

/** The mean of each window: x [n, c, d, h, w] → [n, c, d', h', w'] (torch.nn.functional.avg_pool3d). */
export const avgPool3d = (x: FloatTensor, size: PerAxis, options: AverageOptions = {}): FloatTensor => avgPool(3, x, size, options);

/** The mean of each of `size` windows that share x evenly: x [n, c, t] → [n, c, …size] (torch.nn.functional.adaptive_avg_pool1d). */
export const adaptiveAvgPool1d = (x: FloatTensor, size: PerAxis): FloatTensor => adaptive("adaptiveAvgPool1d", 1, x, size, means);

/** The mean of each of `size` windows that share x evenly: x [n, c, h, w] → [n, c, …size] (torch.nn.functional.adaptive_avg_pool2d). */
export const adaptiveAvgPool2d = (x: FloatTensor, size: PerAxis): FloatTensor => adaptive("adaptiveAvgPool2d", 2, x, size, means);

/** The mean of each of `size` windows that share x evenly: x [n, c, d, h, w] → [n, c, …size] (torch.nn.functional.adaptive_avg_pool3d). */
export const adaptiveAvgPool3d = (x: FloatTensor, size: PerAxis): FloatTensor => adaptive("adaptiveAvgPool3d", 3, x, size, means);

/** The largest of each of `size` windows that share x evenly, the first of equals taking the gradient: x [n, c, t] → [n, c, …size] (torch.nn.functional.adaptive_max_pool1d). */
export const adaptiveMaxPool1d = (x: FloatTensor, size: PerAxis): FloatTensor => adaptive("adaptiveMaxPool1d", 1, x, size, maxima);

/** The largest of each of `size` windows that share x evenly, the first of equals taking the gradient: x [n, c, h, w] → [n, c, …size] (torch.nn.functional.adaptive_max_pool2d). */
export const adaptiveMaxPool2d = (x: FloatTensor, size: PerAxis): FloatTensor => adaptive("adaptiveMaxPool2d", 2, x, size, maxima);

/** The largest of each of `size` windows that share x evenly, the first of equals taking the gradient: x [n, c, d, h, w] → [n, c, …size] (torch.nn.functional.adaptive_max_pool3d). */
export const adaptiveMaxPool3d = (x: FloatTensor, size: PerAxis): FloatTensor => adaptive("adaptiveMaxPool3d", 3, x, size, maxima);
