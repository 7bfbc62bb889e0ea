/** Convolutions of given tensors, cross-correlating over NCHW with OIHW filters: what the layers of these names compute. */

import { optionsOf, type Law } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { convAttrs } from "../../ops/conv.ts";
import { called } from "../arguments.ts";
import { EXTENT, FLOATS, PER_AXIS } from "../kinds.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { needsShape, placeOf, type Place } from "./place.ts";
import { axesOf, checkImage, PADDING, type Axis, type Padding, type PerAxis } from "./spatial.ts";

/** Options of convolutions of given tensors. */
export interface ConvolutionOptions {
  /** [filters], added a channel. */
  readonly bias?: FloatTensor;
  /** Default: 1. */
  readonly strides?: PerAxis;
  /** Default: `valid`. */
  readonly padding?: Padding;
  /** Distance between the taps of a filter. Default: 1. */
  readonly dilation?: PerAxis;
  /** Groups of channels that do not see each other; must divide channels and filters. Default: 1. */
  readonly groups?: number;
}

const LAWS = { bias: FLOATS, strides: PER_AXIS, padding: PADDING, dilation: PER_AXIS };
const OPTIONS = optionsOf<ConvolutionOptions>({ ...LAWS, groups: EXTENT });

/** Refuses groups that divide neither channels nor filters. */
export function checkGroups({ fail }: Place, groups: number, channels: number, filters: number): void {
  if (channels % groups !== 0)
    fail(
      `needs groups that divide its channels, but ${groups} does not divide ${channels}`,
      "Change the groups, or the channels of its input.",
    );
  if (filters % groups !== 0)
    fail(`needs groups that divide its filters, but ${groups} does not divide ${filters}`, "Change the groups or the filters.");
}

/** x ∗ kernel [filters, channels / groups, …window]. */
export function convolution({ c }: Place, x: Value, kernel: Value, axes: readonly Axis[], groups: number): Value {
  const attrs = convAttrs(axes.length, {
    stride: axes.map(({ stride }) => stride),
    low: axes.map(({ low }) => low),
    high: axes.map(({ high }) => high),
    rhsDilation: axes.map(({ dilation }) => dilation),
    featureGroups: groups,
  });
  return c.g.conv(x, kernel, attrs);
}

/** x [n, c, …] + bias [c]. */
export function plusBias({ c, named }: Place, product: Value, bias: Value): Value {
  const { shape } = c.typeOf(product);
  const axes = shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const spread = c.g.broadcast(bias, { axes, size: axes.map((axis) => shape[axis]!) });
  return named("z", c.g.add(product, spread));
}

/** With a bias, if one is given. */
export function biased(place: Place, product: Value, bias: FloatTensor | undefined): FloatTensor {
  if (bias !== undefined) needsShape(place, "bias", bias, [place.c.typeOf(product).shape[1]!], "[filters]");
  const y = bias === undefined ? product : plusBias(place, place.named("product", product), bias.value);
  return place.c.tensor(y) as FloatTensor; // convolutions are of floats
}

/** Filters as deep as the channels of a group, over as many axes as x has. */
function checkKernel(place: Place, x: Tensor, kernel: Tensor, groups: number): void {
  const channels = x.shape[1]!;
  const [filters = 0] = kernel.shape;
  checkGroups(place, groups, channels, filters);
  const shape = [-1, channels / groups, ...x.shape.slice(2).map(() => -1)];
  if (kernel.shape.length !== shape.length || kernel.shape[1] !== shape[1])
    place.fail(
      `needs filters [filters, ${shape[1]}, …] over ${shape.length - 2} spatial axes, but got [${kernel.shape.join(",")}]`,
      "Reshape the kernel: [filters, channels / groups, …window].",
    );
}

function convolved(of: string, spatial: number, x: FloatTensor, kernel: FloatTensor, options: ConvolutionOptions, laws: Law): FloatTensor {
  const c = called(of, { x, kernel, options }, { x: FLOATS, kernel: FLOATS, options: laws });
  return c.run(() => {
    const { strides = 1, padding = "valid", dilation = 1, groups = 1, bias } = options;
    const place = placeOf(c, of, { x, kernel, bias });
    checkImage(place, x.shape, spatial);
    checkKernel(place, x, kernel, groups);
    const axes = axesOf(place, x.shape, "kernel", { window: kernel.shape.slice(2), strides, dilation, padding });
    return biased(place, convolution(place, x.value, kernel.value, axes, groups), bias);
  });
}

/**
 * x [n, c, t] with kernel [filters, c / groups, k] → [n, filters, t'] (torch.nn.functional.conv1d). Throws a ModelError for a wrong rank,
 * groups that do not divide, filters of another depth, or no output left.
 */
export const conv1d = (x: FloatTensor, kernel: FloatTensor, options: ConvolutionOptions = {}): FloatTensor =>
  convolved("conv1d", 1, x, kernel, options, OPTIONS);

/** x [n, c, h, w] with kernel [filters, c / groups, kh, kw] → [n, filters, h', w'] (torch.nn.functional.conv2d). Throws as conv1d does. */
export const conv2d = (x: FloatTensor, kernel: FloatTensor, options: ConvolutionOptions = {}): FloatTensor =>
  convolved("conv2d", 2, x, kernel, options, OPTIONS);

/** x [n, c, d, h, w] with kernel [filters, c / groups, kd, kh, kw] → [n, filters, d', h', w'] (torch.nn.functional.conv3d). Throws as conv1d does. */
export const conv3d = (x: FloatTensor, kernel: FloatTensor, options: ConvolutionOptions = {}): FloatTensor =>
  convolved("conv3d", 3, x, kernel, options, OPTIONS);

const DEPTHWISE = optionsOf<Omit<ConvolutionOptions, "groups">>(LAWS);

/**
 * Each channel with filters of its own: x [n, c, h, w] with kernel [c·depthMultiplier, 1, kh, kw] → [n, c·depthMultiplier, h', w'], the
 * output's channels ordered by the input's. Throws as conv1d does.
 */
export const depthwiseConv2d = (x: FloatTensor, kernel: FloatTensor, options: Omit<ConvolutionOptions, "groups"> = {}): FloatTensor => {
  called("depthwiseConv2d", { x, kernel, options }, { x: FLOATS, kernel: FLOATS, options: DEPTHWISE });
  return convolved("depthwiseConv2d", 2, x, kernel, { ...options, groups: x.shape[1]! }, OPTIONS);
};
