/** Max pooling that says where each maximum lies, the way back from there, and pooling of windows at random places. */

import { optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { sizeOf, type Shape } from "../../graph/type.ts";
import type { WindowAttrs } from "../../ops/window.ts";
import { called } from "../arguments.ts";
import { FLOATS, INTEGERS, PER_AXIS } from "../kinds.ts";
import { standardUniform } from "../random.ts";
import { scatter } from "../scattering.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { placeOf, type Place } from "./place.ts";
import { alongAxis, attrsOf, MAX_LAWS, windowOf, type MaxOptions } from "./pool.ts";
import { checkImage, perAxis, type PerAxis } from "./spatial.ts";

/** Maxima, and where each lies in the plane of its channel, row-major. */
export type WithIndices = readonly [values: FloatTensor, indices: Tensor<Shape, "i32">];

/** Values with their places, as floats: those are whole numbers below 2²⁴. */
interface Tracked {
  readonly value: Value;
  readonly at: Value;
}

/** The places of the elements of x [n, c, …]. */
function planeOf({ c }: Place, { shape }: Tensor): Value {
  const { g } = c;
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const along = shape.slice(2).map((_, n) => g.mul(g.iota({ dtype: "i32", shape }, { axis: n + 2 }), g.literal(strides[n + 2]!, "i32")));
  return g.cast(along.reduce((a, b) => g.add(a, b)), { to: c.float }); // prettier-ignore
}

/** The largest of each window with its place. */
function largest({ c }: Place, { value, at }: Tracked, window: WindowAttrs): Tracked {
  const where = c.named("where", c.g.windowArgmax(c.g.stopGradient(value), window));
  return { value: c.g.windowMax(value, window), at: c.g.windowGather(at, where, window) };
}

const both = ({ c }: Place, { value, at }: Tracked): WithIndices =>
  [c.tensor(value), c.tensor(c.g.cast(at, { to: "i32" }))] as unknown as WithIndices; // floats, and integers

function maxPoolWithIndices(spatial: number, x: FloatTensor, size: PerAxis, options: MaxOptions): WithIndices {
  const of = `maxPool${spatial}dWithIndices`;
  const c = called(of, { x, size, options }, { x: FLOATS, size: PER_AXIS, options: optionsOf<MaxOptions>(MAX_LAWS) });
  return c.run(() => {
    const place = placeOf(c, of, { x });
    const window = attrsOf(windowOf(place, x, spatial, size, options), 2);
    return both(place, largest(place, { value: x.value, at: planeOf(place, x) }, window));
  });
}

/** One axis after the other, the last first: so the first of equals is the first in row-major order. */
function adaptiveWithIndices(spatial: number, x: FloatTensor, size: PerAxis): WithIndices {
  const of = `adaptiveMaxPool${spatial}dWithIndices`;
  const c = called(of, { x, size }, { x: FLOATS, size: PER_AXIS });
  return c.run(() => {
    const place = placeOf(c, of, { x });
    checkImage(place, x.shape, spatial);
    const sizes = perAxis(place, "a size", size, spatial, 1);
    const all = sizes.reduceRight<Tracked>(
      (before, out, n) => {
        const along = (which: keyof Tracked): Value =>
          alongAxis(
            place,
            before.value,
            n + 2,
            out,
            (_, x, window, part) => largest(place, { value: x, at: part(before.at) }, window)[which],
          );
        return { value: along("value"), at: along("at") };
      },
      { value: x.value, at: planeOf(place, x) },
    );
    return both(place, all);
  });
}

/** As maxPool1d, and where each maximum lies (torch.nn.functional.max_pool1d_with_indices). */
export const maxPool1dWithIndices = (x: FloatTensor, size: PerAxis, options: MaxOptions = {}): WithIndices =>
  maxPoolWithIndices(1, x, size, options);
/** As maxPool2d, and where each maximum lies in its plane (torch.nn.functional.max_pool2d_with_indices). */
export const maxPool2dWithIndices = (x: FloatTensor, size: PerAxis, options: MaxOptions = {}): WithIndices =>
  maxPoolWithIndices(2, x, size, options);
/** As maxPool3d, and where each maximum lies in its volume (torch.nn.functional.max_pool3d_with_indices). */
export const maxPool3dWithIndices = (x: FloatTensor, size: PerAxis, options: MaxOptions = {}): WithIndices =>
  maxPoolWithIndices(3, x, size, options);
/** As adaptiveMaxPool1d, and where each maximum lies (torch.nn.functional.adaptive_max_pool1d_with_indices). */
export const adaptiveMaxPool1dWithIndices = (x: FloatTensor, size: PerAxis): WithIndices => adaptiveWithIndices(1, x, size);
/** As adaptiveMaxPool2d, and where each maximum lies in its plane (torch.nn.functional.adaptive_max_pool2d_with_indices). */
export const adaptiveMaxPool2dWithIndices = (x: FloatTensor, size: PerAxis): WithIndices => adaptiveWithIndices(2, x, size);
/** As adaptiveMaxPool3d, and where each maximum lies in its volume (torch.nn.functional.adaptive_max_pool3d_with_indices). */
export const adaptiveMaxPool3dWithIndices = (x: FloatTensor, size: PerAxis): WithIndices => adaptiveWithIndices(3, x, size);

/** What maxUnpool1d, 2d and 3d take besides. */
export interface UnpoolOptions {
  /** Default: the window's size. */
  readonly strides?: PerAxis;
  /** Of the pool. Default: 0. */
  readonly padding?: PerAxis;
  /** Of what comes out, […]. Default: (extent − 1)·stride − 2·padding + window. */
  readonly size?: PerAxis;
}

const UNPOOL = optionsOf<UnpoolOptions>({ strides: PER_AXIS, padding: PER_AXIS, size: PER_AXIS });

function maxUnpool(spatial: number, x: FloatTensor, indices: Tensor<Shape, "i32">, window: PerAxis, options: UnpoolOptions): FloatTensor {
  const of = `maxUnpool${spatial}d`;
  const c = called(of, { x, indices, window, options }, { x: FLOATS, indices: INTEGERS, window: PER_AXIS, options: UNPOOL });
  return c.run(() => {
    const { g } = c;
    const place = placeOf(c, of, { x, indices });
    checkImage(place, x.shape, spatial);
    if (String(indices.shape) !== String(x.shape))
      place.fail(
        `needs a place for each element, [${x.shape.join(",")}], but got [${indices.shape.join(",")}]`,
        "Give what the pool gave.",
      );
    const each = (what: string, given: PerAxis, least: number): readonly number[] => perAxis(place, what, given, spatial, least);
    const [windows, strides] = [each("a window", window, 1), each("strides", options.strides ?? window, 1)];
    const padding = each("padding", options.padding ?? 0, 0);
    const own = x.shape.slice(2).map((extent, n) => (extent - 1) * strides[n]! - 2 * padding[n]! + windows[n]!);
    const size = each("a size", options.size ?? own, 1);
    const [n, channels] = x.shape as readonly [number, number];
    const flat = [n, channels, sizeOf(x.shape.slice(2))];
    const zeros = g.broadcast(g.literal(0, c.float), { axes: [0, 1, 2], size: [n, channels, sizeOf(size)] });
    const [values, places] = [x.value, indices.value].map((value) => c.tensor(g.reshape(value, { shape: flat })));
    const written = scatter(c.tensor(zeros) as FloatTensor, places as Tensor<Shape, "i32">, values as FloatTensor); // as they were
    return c.tensor(g.reshape(written.value, { shape: [n, channels, ...size] }));
  }) as FloatTensor;
}

/** The inverse of max pooling: each value where its maximum lay, zeros elsewhere (torch.nn.functional.max_unpool1d). Of several at one place the last counts. */
export const maxUnpool1d = (x: FloatTensor, indices: Tensor<Shape, "i32">, window: PerAxis, options: UnpoolOptions = {}): FloatTensor =>
  maxUnpool(1, x, indices, window, options);
/** The inverse of max pooling over planes (torch.nn.functional.max_unpool2d). Of several at one place the last counts. */
export const maxUnpool2d = (x: FloatTensor, indices: Tensor<Shape, "i32">, window: PerAxis, options: UnpoolOptions = {}): FloatTensor =>
  maxUnpool(2, x, indices, window, options);
/** The inverse of max pooling over volumes (torch.nn.functional.max_unpool3d). Of several at one place the last counts. */
export const maxUnpool3d = (x: FloatTensor, indices: Tensor<Shape, "i32">, window: PerAxis, options: UnpoolOptions = {}): FloatTensor =>
  maxUnpool(3, x, indices, window, options);

/** What fractionalMaxPool2d and 3d take besides. */
export interface FractionalOptions {
  /** From 0 up to 1, where windows begin: [n, c, 2] for the width and the height, or [n, c, 3] for depth, height and width. Default: drawn. */
  readonly samples?: FloatTensor;
}

const FRACTIONAL = optionsOf<FractionalOptions>({ samples: FLOATS });

/** Of an axis which elements its windows read, [n, c, out·window], as floats: begins ⌊(i + u)·α⌋ − ⌊u·α⌋, the last at the end (Graham 2014). */
function readsOf({ c }: Place, u: Value, extent: number, window: number, out: number): Value {
  const { g } = c;
  const [n, channels] = c.typeOf(u).shape as readonly [number, number];
  const shape = [n, channels, out, window];
  const number = (value: number): Value => g.literal(value, c.float);
  const along = (axis: number): Value => g.cast(g.iota({ dtype: "i32", shape }, { axis }), { to: c.float });
  const alpha = number(out === 1 ? 0 : (extent - window) / (out - 1));
  const wide = g.broadcast(u, { axes: [2, 3], size: [out, window] });
  const begin = g.sub(g.floor(g.mul(g.add(along(2), wide), alpha)), g.floor(g.mul(wide, alpha)));
  const isLast = g.eq(along(2), number(out - 1));
  const read = g.add(g.where(isLast, number(extent - window), begin), along(3));
  return g.reshape(read, { shape: [n, channels, out * window] });
}

/** x [n, c, a, …] at positions of its first axis of space, which comes last: [n, c, …, m]. */
function readAt({ c }: Place, x: Value, at: Value): Value {
  const { g } = c;
  const { shape } = c.typeOf(x);
  const m = c.typeOf(at).shape[2]!;
  const others = shape.slice(3);
  const turned = g.transpose(x, { order: [0, 1, ...others.map((_, n) => n + 3), 2] });
  const rank = shape.length + 1;
  const wide = [...shape.slice(0, 2), ...others, m, shape[2]!];
  const own = g.cast(g.iota({ dtype: "i32", shape: wide }, { axis: rank - 1 }), { to: c.float });
  const spread = [...others.map((_, n) => n + 2), rank - 1];
  const isRead = g.eq(own, g.broadcast(at, { axes: spread, size: [...others, shape[2]!] }));
  return g.sum(g.where(isRead, g.broadcast(turned, { axes: [rank - 2], size: [m] }), g.literal(0, c.float)), { axes: [rank - 1] });
}

function fractional(of: string, spatial: 2 | 3, x: FloatTensor, window: PerAxis, size: PerAxis, options: FractionalOptions): WithIndices {
  const c = called(of, { x, window, size, options }, { x: FLOATS, window: PER_AXIS, size: PER_AXIS, options: FRACTIONAL });
  return c.run(() => {
    const { g } = c;
    const place = placeOf(c, of, { x });
    checkImage(place, x.shape, spatial);
    const windows = perAxis(place, "a window", window, spatial, 1);
    const sizes = perAxis(place, "a size", size, spatial, 1);
    const space = x.shape.slice(2);
    const axis = space.findIndex((extent, n) => windows[n]! + sizes[n]! - 1 > extent);
    if (axis >= 0)
      place.fail(
        `needs ${sizes[axis]} windows of ${windows[axis]} that begin apart, but spatial axis ${axis} has ${space[axis]}`,
        "Take a smaller size or window.",
      );
    const [n, channels] = x.shape as readonly [number, number];
    const drawn = options.samples?.value ?? standardUniform(c, [n, channels, spatial]);
    if (String(c.typeOf(drawn).shape) !== String([n, channels, spatial]))
      place.fail(
        `needs samples [${n},${channels},${spatial}], but got [${c.typeOf(drawn).shape.join(",")}]`,
        "Give one for each axis of each channel.",
      );
    const reads = space.map((extent, k) => {
      const from = spatial === 2 ? 1 - k : k;
      const own = g.slice(drawn, { start: [0, 0, from], limit: [n, channels, from + 1], stride: [1, 1, 1] });
      return readsOf(place, g.stopGradient(g.reshape(own, { shape: [n, channels] })), extent, windows[k]!, sizes[k]!);
    });
    const tracked = [x.value, planeOf(place, x)].map((value) => reads.reduce((before, at) => readAt(place, before, at), value));
    const own = [1, 1, ...windows];
    const none = own.map(() => 0);
    return both(place, largest(place, { value: tracked[0]!, at: tracked[1]! }, { window: own, stride: own, low: none, high: none }));
  });
}

/** The largest of windows that begin at places drawn anew at each step: x [n, c, h, w] → [n, c, …size] (torch.nn.functional.fractional_max_pool2d). Throws where windows cannot begin apart. */
export const fractionalMaxPool2d = (x: FloatTensor, window: PerAxis, size: PerAxis, options: FractionalOptions = {}): FloatTensor =>
  fractional("fractionalMaxPool2d", 2, x, window, size, options)[0];
/** As fractionalMaxPool2d over volumes: x [n, c, d, h, w] → [n, c, …size] (torch.nn.functional.fractional_max_pool3d). */
export const fractionalMaxPool3d = (x: FloatTensor, window: PerAxis, size: PerAxis, options: FractionalOptions = {}): FloatTensor =>
  fractional("fractionalMaxPool3d", 3, x, window, size, options)[0];
/** As fractionalMaxPool2d, and where each maximum lies (torch.nn.functional.fractional_max_pool2d_with_indices). */
export const fractionalMaxPool2dWithIndices = (
  x: FloatTensor,
  window: PerAxis,
  size: PerAxis,
  options: FractionalOptions = {},
): WithIndices => fractional("fractionalMaxPool2dWithIndices", 2, x, window, size, options);
/** As fractionalMaxPool3d, and where each maximum lies (torch.nn.functional.fractional_max_pool3d_with_indices). */
export const fractionalMaxPool3dWithIndices = (
  x: FloatTensor,
  window: PerAxis,
  size: PerAxis,
  options: FractionalOptions = {},
): WithIndices => fractional("fractionalMaxPool3dWithIndices", 3, x, window, size, options);
