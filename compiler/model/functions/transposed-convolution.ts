/** Transposed convolutions of given tensors: the adjoints of convolutions, as functions. */

import { optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { convAttrs } from "../../ops/conv.ts";
import { called } from "../arguments.ts";
import { EXTENT, FLOATS, PER_AXIS } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";
import { biased, checkGroups, type ConvolutionOptions } from "./convolution.ts";
import { placeOf, type Place } from "./place.ts";
import { checkImage, endsOf, PADDING, perAxis, type Axis, type Padding, type PerAxis } from "./spatial.ts";

/** What the extents of a transposed convolution follow from. */
export interface TransposedGeometry {
  readonly strides?: PerAxis | undefined;
  readonly padding?: Padding | undefined;
  readonly dilation?: PerAxis | undefined;
  readonly outputPadding?: PerAxis | undefined;
}

/** Options of transposed convolutions of given tensors. */
export interface TransposedOptions extends ConvolutionOptions {
  /** Rows and columns more at the end, below the stride. Default: 0. */
  readonly outputPadding?: PerAxis;
}

const OPTIONS = optionsOf<TransposedOptions>({
  bias: FLOATS,
  strides: PER_AXIS,
  padding: PADDING,
  dilation: PER_AXIS,
  groups: EXTENT,
  outputPadding: PER_AXIS,
});

/** One spatial axis of the convolution over the dilated input that the transposed one is. */
export type TransposedAxis = Omit<Axis, "extent" | "out">;

/** The axes, or the error that names the one on which no output is left. */
export function transposedAxes(
  scope: Place,
  extents: readonly number[],
  kernelSize: PerAxis,
  options: TransposedGeometry,
): readonly TransposedAxis[] {
  const n = extents.length;
  const windows = perAxis(scope, "a kernel", kernelSize, n, 1);
  const strides = perAxis(scope, "strides", options.strides ?? 1, n, 1);
  const dilations = perAxis(scope, "dilation", options.dilation ?? 1, n, 1);
  const more = perAxis(scope, "outputPadding", options.outputPadding ?? 0, n, 0);
  const covers = windows.map((window, axis) => (window - 1) * dilations[axis]! + 1);
  const same = options.padding === "same";
  // extent·stride outputs: what the windows cover beyond that is cut, what they lack is added at the end
  const beyond = covers.map((cover, axis) => cover - strides[axis]!);
  const ends = endsOf(scope, options.padding ?? "valid", n, (axis) => beyond[axis]! + more[axis]!);
  return extents.map((extent, axis): TransposedAxis => {
    const [low, high] = ends[axis]!;
    const added = more[axis]! + (same ? Math.max(0, -beyond[axis]! - more[axis]!) : 0);
    const out = (extent - 1) * strides[axis]! + covers[axis]! - low - high + added;
    if (out < 1)
      scope.fail(
        `leaves no output pixel: on spatial axis ${axis} padding of ${low} and ${high} cuts all ${out + low + high}`,
        "Use less padding, or a larger input.",
      );
    const stride = strides[axis]!;
    if (more[axis]! >= Math.max(stride, dilations[axis]!))
      scope.fail(`needs outputPadding below its stride, but ${more[axis]} ≥ ${stride}`, "Use less outputPadding.");
    return {
      window: windows[axis]!,
      stride,
      dilation: dilations[axis]!,
      low: covers[axis]! - 1 - low,
      high: covers[axis]! - 1 - high + added,
    };
  });
}

/** Kernel [in, out / groups, …] as the filters [out, in / groups, …] of a convolution, reversed. */
function filtersOf({ c }: Place, kernel: Value, groups: number): Value {
  const { g } = c;
  const [input, depth, ...window] = c.typeOf(kernel).shape as readonly [number, number, ...number[]];
  const axes = window.map((_, n) => n + 2);
  if (groups === 1) return g.reverse(g.transpose(kernel, { order: [1, 0, ...axes] }), { axes });
  const apart = g.reshape(kernel, { shape: [groups, input / groups, depth, ...window] });
  const turned = g.transpose(apart, { order: [0, 2, 1, ...window.map((_, n) => n + 3)] });
  const filters = g.reshape(turned, { shape: [groups * depth, input / groups, ...window] });
  return g.reverse(filters, { axes });
}

/** The adjoint of x ∗ kernel, kernel [in, filters / groups, …window]. */
export function transposedConvolution(place: Place, x: Value, kernel: Value, axes: readonly TransposedAxis[], groups: number): Value {
  const attrs = convAttrs(axes.length, {
    lhsDilation: axes.map(({ stride }) => stride),
    rhsDilation: axes.map(({ dilation }) => dilation),
    low: axes.map(({ low }) => low),
    high: axes.map(({ high }) => high),
    featureGroups: groups,
  });
  return place.c.g.conv(x, filtersOf(place, kernel, groups), attrs);
}

function transposed(spatial: number, x: FloatTensor, kernel: FloatTensor, options: TransposedOptions): FloatTensor {
  const of = `conv${spatial}dTranspose`;
  const c = called(of, { x, kernel, options }, { x: FLOATS, kernel: FLOATS, options: OPTIONS });
  return c.run(() => {
    const { groups = 1, bias } = options;
    const place = placeOf(c, of, { x, kernel, bias });
    checkImage(place, x.shape, spatial);
    const channels = x.shape[1]!;
    if (kernel.shape.length !== spatial + 2 || kernel.shape[0] !== channels)
      place.fail(
        `needs filters [${channels}, filters / groups, …] over ${spatial} spatial axes, but got [${kernel.shape.join(",")}]`,
        "Reshape the kernel: [channels, filters / groups, …window].",
      );
    checkGroups(place, groups, channels, kernel.shape[1]! * groups);
    const axes = transposedAxes(place, x.shape.slice(2), kernel.shape.slice(2), options);
    return biased(place, transposedConvolution(place, x.value, kernel.value, axes, groups), bias);
  });
}

/** x [n, c, t] with kernel [c, filters / groups, k] → [n, filters, t'] (torch.nn.functional.conv_transpose1d). Throws as the layer does. */
export const conv1dTranspose = (x: FloatTensor, kernel: FloatTensor, options: TransposedOptions = {}): FloatTensor =>
  transposed(1, x, kernel, options);

/** x [n, c, h, w] with kernel [c, filters / groups, kh, kw] → [n, filters, h', w'] (torch.nn.functional.conv_transpose2d). Throws as the layer does. */
export const conv2dTranspose = (x: FloatTensor, kernel: FloatTensor, options: TransposedOptions = {}): FloatTensor =>
  transposed(2, x, kernel, options);

/** x [n, c, d, h, w] with kernel [c, filters / groups, …] → [n, filters, d', h', w'] (torch.nn.functional.conv_transpose3d). Throws as the layer does. */
export const conv3dTranspose = (x: FloatTensor, kernel: FloatTensor, options: TransposedOptions = {}): FloatTensor =>
  transposed(3, x, kernel, options);
