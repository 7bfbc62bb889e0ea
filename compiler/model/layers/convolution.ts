/** Convolutions, cross-correlating over NCHW with OIHW filters: plain, grouped, depthwise, over one or two axes. */

import { FLAG } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import type { Shape } from "../../graph/type.ts";
import { convAttrs } from "../../ops/conv.ts";
import type { Activation } from "../activations.ts";
import { glorot, zeros, type Initializer } from "../initializers.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { ACTIVATION, EXTENT, INITIALIZER, PER_AXIS } from "../kinds.ts";
import { activated } from "./dense.ts";
import { checked, layer, layerOptions, type LayerOptions, type LayerScope } from "./layer.ts";
import { axesOf, checkImage, PADDING, type Padding, type PerAxis } from "./spatial.ts";

/** Options of `conv1d` and `conv2d`. */
export interface ConvolutionOptions extends LayerOptions {
  /** Default: 1. */
  readonly strides?: PerAxis;
  /** Default: `valid`. */
  readonly padding?: Padding;
  /** Distance between the taps of a filter. Default: 1. */
  readonly dilation?: PerAxis;
  /** Groups of channels that do not see each other; must divide channels and filters. Default: 1. */
  readonly groups?: number;
  readonly activation?: Activation;
  /** Default: true. */
  readonly useBias?: boolean;
  /** Default: Glorot uniform. */
  readonly kernelInitializer?: Initializer;
  /** Default: zeros. */
  readonly biasInitializer?: Initializer;
}

/** Of the options that all convolutions have. */
export const SHARED = {
  strides: PER_AXIS,
  padding: PADDING,
  dilation: PER_AXIS,
  activation: ACTIVATION,
  useBias: FLAG,
  kernelInitializer: INITIALIZER,
  biasInitializer: INITIALIZER,
} as const;

const CONVOLUTION = {
  filters: EXTENT,
  kernelSize: PER_AXIS,
  options: layerOptions<ConvolutionOptions>({ ...SHARED, groups: EXTENT }),
};

/** x [n, c, t] → [n, N, t'] */
export interface Convolution1dLayer<N extends number> {
  <S extends Shape>(x: FloatTensor<S>): FloatTensor<readonly [S[0], N, number]>;
  readonly kind: string;
}

/** x [n, c, h, w] → [n, N, h', w'] */
export interface Convolution2dLayer<N extends number> {
  <S extends Shape>(x: FloatTensor<S>): FloatTensor<readonly [S[0], N, number, number]>;
  readonly kind: string;
}

/** Bias a channel, then the activation. */
export function finished(scope: LayerScope, product: Value, options: ConvolutionOptions): Value {
  if (options.useBias === false) return activated(scope, product, options.activation);
  scope.named("product", product);
  const { shape } = scope.c.typeOf(product);
  const bias = scope.param("bias", [shape[1]!], options.biasInitializer ?? zeros());
  const axes = shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const spread = scope.c.g.broadcast(bias, { axes, size: axes.map((axis) => shape[axis]!) });
  return activated(scope, scope.named("z", scope.c.g.add(product, spread)), options.activation);
}

/** Refuses groups that divide neither channels nor filters. */
export function checkGroups(scope: LayerScope, groups: number, channels: number, filters: number): void {
  if (channels % groups !== 0)
    scope.fail(
      `needs groups that divide its channels, but ${groups} does not divide ${channels}`,
      "Change the groups, or the channels of its input.",
    );
  if (filters % groups !== 0)
    scope.fail(`needs groups that divide its filters, but ${groups} does not divide ${filters}`, "Change the groups or the filters.");
}

/** Kernel [filters, channels / groups, …window]. */
function convolve(scope: LayerScope, x: Tensor, filters: number, groups: number, kernelSize: PerAxis, options: ConvolutionOptions): Value {
  const { strides = 1, padding = "valid", dilation = 1 } = options;
  const channels = x.shape[1]!;
  checkGroups(scope, groups, channels, filters);
  const axes = axesOf(scope, x.shape, "kernel", { window: kernelSize, strides, dilation, padding });
  const shape = [filters, channels / groups, ...axes.map(({ window }) => window)];
  const kernel = scope.param("kernel", shape, options.kernelInitializer ?? glorot());
  const attrs = convAttrs(axes.length, {
    stride: axes.map(({ stride }) => stride),
    low: axes.map(({ low }) => low),
    high: axes.map(({ high }) => high),
    rhsDilation: axes.map(({ dilation }) => dilation),
    featureGroups: groups,
  });
  return finished(scope, scope.c.g.conv(x.value, kernel, attrs), options);
}

/** x [n, c, t] → [n, filters, t']. Throws a ModelError for a wrong rank, groups that do not divide, or no output left. */
export const conv1d = <const N extends number>(filters: N, kernelSize: PerAxis, options: ConvolutionOptions = {}): Convolution1dLayer<N> =>
  layer<Convolution1dLayer<N>>("conv1d", checked("conv1d", { filters, kernelSize, options }, CONVOLUTION), (scope, x) => {
    checkImage(scope, x.shape, 1);
    return convolve(scope, x, scope.c.extents.of(filters), options.groups ?? 1, kernelSize, options);
  });

/** x [n, c, h, w] → [n, filters, h', w']. Throws a ModelError for a wrong rank, groups that do not divide, or no output left. */
export const conv2d = <const N extends number>(filters: N, kernelSize: PerAxis, options: ConvolutionOptions = {}): Convolution2dLayer<N> =>
  layer<Convolution2dLayer<N>>("conv2d", checked("conv2d", { filters, kernelSize, options }, CONVOLUTION), (scope, x) => {
    checkImage(scope, x.shape, 2);
    return convolve(scope, x, scope.c.extents.of(filters), options.groups ?? 1, kernelSize, options);
  });

/** Options of `depthwiseConv2d`. */
export interface DepthwiseOptions extends Omit<ConvolutionOptions, "groups"> {
  /** Filters a channel; the output's channels are ordered by the input's. Default: 1. */
  readonly depthMultiplier?: number;
}

const DEPTHWISE = {
  kernelSize: PER_AXIS,
  options: layerOptions<DepthwiseOptions>({ ...SHARED, depthMultiplier: EXTENT }),
};

/** Each channel with filters of its own: x [n, c, h, w] → [n, c·depthMultiplier, h', w']. */
export const depthwiseConv2d = (kernelSize: PerAxis, options: DepthwiseOptions = {}): Convolution2dLayer<number> =>
  layer<Convolution2dLayer<number>>("depthwiseConv2d", checked("depthwiseConv2d", { kernelSize, options }, DEPTHWISE), (scope, x) => {
    checkImage(scope, x.shape, 2);
    const { depthMultiplier = 1 } = options;
    const channels = x.shape[1]!;
    return convolve(scope, x, channels * depthMultiplier, channels, kernelSize, options);
  });
