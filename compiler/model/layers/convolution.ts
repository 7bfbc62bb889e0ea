/** Convolutions, cross-correlating over NCHW with OIHW filters: plain, grouped, depthwise, over one, two or three axes. */

import { FLAG } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import type { Shape } from "../../graph/type.ts";
import type { Activation } from "../activations.ts";
import { checkGroups, convolution, plusBias } from "../functions/convolution.ts";
import { axesOf, checkImage, PADDING, type Padding, type PerAxis } from "../functions/spatial.ts";
import { glorot, zeros, type Initializer } from "../initializers.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { ACTIVATION, EXTENT, FLOATS, INITIALIZER, PER_AXIS } from "../kinds.ts";
import { activated } from "./dense.ts";
import { begun, checked, layer, layerOptions, type Holds, type LayerOptions, type LayerScope } from "./layer.ts";

/** Options of `conv1d`, `conv2d` and `conv3d`. */
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
  /** A tensor [filters, channels / groups, …kernelSize] in the place of a parameter. */
  readonly kernel?: FloatTensor;
  /** A tensor [filters] in the place of a parameter. */
  readonly bias?: FloatTensor;
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
  kernel: FLOATS,
  bias: FLOATS,
} as const;
/** What convolutions give out. */
export const WEIGHTS = ["kernel", "bias"] as const;

const CONVOLUTION = {
  filters: EXTENT,
  kernelSize: PER_AXIS,
  options: layerOptions<ConvolutionOptions>({ ...SHARED, groups: EXTENT }),
};

/** x [n, c, t] → [n, N, t'] */
export interface Convolution1dLayer<N extends number> extends Holds<{ kernel: readonly [number, number, number]; bias: readonly [N] }> {
  <S extends Shape>(x: FloatTensor<S>): FloatTensor<readonly [S[0], N, number]>;
  readonly kind: string;
}

/** x [n, c, h, w] → [n, N, h', w'] */
export interface Convolution2dLayer<N extends number> extends Holds<{
  kernel: readonly [number, number, number, number];
  bias: readonly [N];
}> {
  <S extends Shape>(x: FloatTensor<S>): FloatTensor<readonly [S[0], N, number, number]>;
  readonly kind: string;
}

/** x [n, c, d, h, w] → [n, N, d', h', w'] */
export interface Convolution3dLayer<N extends number> extends Holds<{
  kernel: readonly [number, number, number, number, number];
  bias: readonly [N];
}> {
  <S extends Shape>(x: FloatTensor<S>): FloatTensor<readonly [S[0], N, number, number, number]>;
  readonly kind: string;
}

/** Bias a channel, then the activation. */
export function finished(scope: LayerScope, product: Value, options: ConvolutionOptions): Value {
  if (options.useBias === false) {
    if (options.bias !== undefined) scope.fail("was given a bias, and useBias: false", "Leave out one of them.");
    return activated(scope, product, options.activation);
  }
  scope.named("product", product);
  const bias = scope.param("bias", [scope.c.typeOf(product).shape[1]!], begun(scope, "bias", options, zeros()));
  return activated(scope, plusBias(scope, product, bias), options.activation);
}

/** Kernel [filters, channels / groups, …window]. */
function convolve(scope: LayerScope, x: Tensor, filters: number, groups: number, kernelSize: PerAxis, options: ConvolutionOptions): Value {
  const { strides = 1, padding = "valid", dilation = 1 } = options;
  const channels = x.shape[1]!;
  checkGroups(scope, groups, channels, filters);
  const axes = axesOf(scope, x.shape, "kernel", { window: kernelSize, strides, dilation, padding });
  const shape = [filters, channels / groups, ...axes.map(({ window }) => window)];
  const kernel = scope.param("kernel", shape, begun(scope, "kernel", options, glorot()));
  return finished(scope, convolution(scope, x.value, kernel, axes, groups), options);
}

const convolutionLayer = <N extends number, L extends { readonly kind: string }>(
  spatial: 1 | 2 | 3,
  filters: N,
  kernelSize: PerAxis,
  options: ConvolutionOptions,
): L => {
  const kind = `conv${spatial}d`;
  return layer<L>(
    kind,
    checked(kind, { filters, kernelSize, options }, CONVOLUTION),
    (scope, x) => {
      checkImage(scope, x.shape, spatial);
      return convolve(scope, x, scope.c.extents.of(filters), options.groups ?? 1, kernelSize, options);
    },
    WEIGHTS,
  );
};

/** x [n, c, t] → [n, filters, t']. Throws a ModelError for a wrong rank, groups that do not divide, or no output left. */
export const conv1d = <const N extends number>(filters: N, kernelSize: PerAxis, options: ConvolutionOptions = {}): Convolution1dLayer<N> =>
  convolutionLayer<N, Convolution1dLayer<N>>(1, filters, kernelSize, options);

/** x [n, c, h, w] → [n, filters, h', w']. Throws a ModelError for a wrong rank, groups that do not divide, or no output left. */
export const conv2d = <const N extends number>(filters: N, kernelSize: PerAxis, options: ConvolutionOptions = {}): Convolution2dLayer<N> =>
  convolutionLayer<N, Convolution2dLayer<N>>(2, filters, kernelSize, options);

/** x [n, c, d, h, w] → [n, filters, d', h', w']. Throws a ModelError for a wrong rank, groups that do not divide, or no output left. */
export const conv3d = <const N extends number>(filters: N, kernelSize: PerAxis, options: ConvolutionOptions = {}): Convolution3dLayer<N> =>
  convolutionLayer<N, Convolution3dLayer<N>>(3, filters, kernelSize, options);

/** Options of `depthwiseConv2d`. */
export interface DepthwiseOptions extends Omit<ConvolutionOptions, "groups"> {
  /** Filters a channel; the output's channels are ordered by the input's. Default: 1. */
  readonly depthMultiplier?: number;
}

const DEPTHWISE = {
  kernelSize: PER_AXIS,
  options: layerOptions<DepthwiseOptions>({ ...SHARED, depthMultiplier: EXTENT }),
};

const depthwise = <L extends { readonly kind: string }>(spatial: 1 | 2, kernelSize: PerAxis, options: DepthwiseOptions): L => {
  const kind = `depthwiseConv${spatial}d`;
  return layer<L>(
    kind,
    checked(kind, { kernelSize, options }, DEPTHWISE),
    (scope, x) => {
      checkImage(scope, x.shape, spatial);
      const { depthMultiplier = 1 } = options;
      const channels = x.shape[1]!;
      return convolve(scope, x, channels * depthMultiplier, channels, kernelSize, options);
    },
    WEIGHTS,
  );
};

/** Each channel with filters of its own: x [n, c, t] → [n, c·depthMultiplier, t']. */
export const depthwiseConv1d = (kernelSize: PerAxis, options: DepthwiseOptions = {}): Convolution1dLayer<number> =>
  depthwise(1, kernelSize, options);

/** Each channel with filters of its own: x [n, c, h, w] → [n, c·depthMultiplier, h', w']. */
export const depthwiseConv2d = (kernelSize: PerAxis, options: DepthwiseOptions = {}): Convolution2dLayer<number> =>
  depthwise(2, kernelSize, options);
