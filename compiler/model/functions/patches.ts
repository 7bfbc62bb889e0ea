/** Windows laid out side by side, and put back: what a convolution multiplies, as a tensor. */

import { optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { sizeOf, type Shape } from "../../graph/type.ts";
import { called } from "../arguments.ts";
import { FLOATS, PER_AXIS } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";
import { placeOf, type Place } from "./place.ts";
import { axesOf, checkImage, PADDING, perAxis, type Axis, type Padding, type PerAxis } from "./spatial.ts";

/** Options of `unfold` and `fold`. */
export interface PatchOptions {
  /** Default: 1. */
  readonly strides?: PerAxis;
  /** Default: `valid`. */
  readonly padding?: Padding;
  /** Distance between the elements of a window. Default: 1. */
  readonly dilation?: PerAxis;
}

const OPTIONS = optionsOf<PatchOptions>({ strides: PER_AXIS, padding: PADDING, dilation: PER_AXIS });

/** The positions in a window, row-major. */
const tapsOf = (axes: readonly Axis[]): readonly (readonly number[])[] =>
  axes.reduce<readonly (readonly number[])[]>(
    (taps, { window }) => taps.flatMap((tap) => Array.from({ length: window }, (_, at) => [...tap, at])),
    [[]],
  );

function axesFor(place: Place, space: Shape, window: PerAxis, options: PatchOptions): readonly Axis[] {
  const { strides = 1, padding = "valid", dilation = 1 } = options;
  return axesOf(place, [1, 1, ...space], "window", { window, strides, dilation, padding });
}

/**
 * The windows of x [n, c, …], one after the other: [n, c·window, windows] (torch.nn.functional.unfold), a channel's elements together. Throws
 * for an input without spatial axes, or windows that do not fit.
 */
export function unfold(x: FloatTensor, window: PerAxis, options: PatchOptions = {}): FloatTensor {
  const c = called("unfold", { x, window, options }, { x: FLOATS, window: PER_AXIS, options: OPTIONS });
  return c.run(() => {
    const { g } = c;
    const place = placeOf(c, "unfold", { x });
    const [n, channels, ...space] = x.shape as readonly [number, number, ...number[]];
    checkImage(place, x.shape, Math.min(3, Math.max(1, space.length)));
    const axes = axesFor(place, space, window, options);
    const none = x.shape.map(() => 0);
    const padded = g.pad(x.value, {
      low: [0, 0, ...axes.map(({ low }) => low)],
      high: [0, 0, ...axes.map(({ high }) => high)],
      interior: none,
    });
    const outputs = axes.map(({ out }) => out);
    const parts = tapsOf(axes).map((tap) => {
      const first = tap.map((at, axis) => at * axes[axis]!.dilation);
      const last = first.map((at, axis) => at + (outputs[axis]! - 1) * axes[axis]!.stride + 1);
      const stride = [1, 1, ...axes.map((axis) => axis.stride)];
      const own = g.slice(padded, { start: [0, 0, ...first], limit: [n, channels, ...last], stride });
      return g.reshape(own, { shape: [n, channels, 1, sizeOf(outputs)] });
    });
    return c.tensor(g.reshape(g.concat(parts, { axis: 2 }), { shape: [n, channels * parts.length, sizeOf(outputs)] }));
  }) as FloatTensor;
}

/**
 * The adjoint of unfold: windows [n, c·window, windows] added where they lie in [n, c, …size] (torch.nn.functional.fold). Throws for another
 * number of windows, or elements of them.
 */
export function fold(x: FloatTensor, size: PerAxis, window: PerAxis, options: PatchOptions = {}): FloatTensor {
  const c = called("fold", { x, size, window, options }, { x: FLOATS, size: PER_AXIS, window: PER_AXIS, options: OPTIONS });
  return c.run(() => {
    const { g } = c;
    const place = placeOf(c, "fold", { x });
    const of = [size, window].find((given) => typeof given !== "number");
    const space = perAxis(place, "a size", size, typeof of === "object" ? of.length : 2, 1);
    const axes = axesFor(place, space, window, options);
    const [outputs, taps] = [axes.map(({ out }) => out), tapsOf(axes)];
    const [n, rows, windows] = x.shape as readonly [number, number, number];
    if (x.shape.length !== 3 || rows % taps.length !== 0 || windows !== sizeOf(outputs))
      place.fail(
        `needs windows [n, c·${taps.length}, ${sizeOf(outputs)}] for a size [${space.join(",")}], but got [${x.shape.join(",")}]`,
        "Change the size, the window, or what it is given.",
      );
    const channels = rows / taps.length;
    const apart = g.reshape(x.value, { shape: [n, channels, taps.length, ...outputs] });
    const whole = axes.map(({ extent, low, high }) => extent + low + high);
    const stride = [1, 1, 1, ...axes.map(() => 1)];
    const placed = taps.map((tap, k): Value => {
      const start = [0, 0, k, ...axes.map(() => 0)];
      const own = g.slice(apart, { start, limit: [n, channels, k + 1, ...outputs], stride });
      const low = tap.map((at, axis) => at * axes[axis]!.dilation);
      const reach = outputs.map((out, axis) => (out - 1) * axes[axis]!.stride + 1);
      const high = whole.map((extent, axis) => extent - low[axis]! - reach[axis]!);
      const interior = [0, 0, ...axes.map((axis) => axis.stride - 1)];
      return g.pad(g.reshape(own, { shape: [n, channels, ...outputs] }), { low: [0, 0, ...low], high: [0, 0, ...high], interior });
    });
    const total = placed.reduce((a, b) => g.add(a, b));
    const start = [0, 0, ...axes.map(({ low }) => low)];
    const limit = [n, channels, ...axes.map(({ low, extent }) => low + extent)];
    return c.tensor(g.slice(total, { start, limit, stride: start.map(() => 1) }));
  }) as FloatTensor;
}
