/** Convolutions of each channel by itself, and those followed by a mixture of the channels. */

import type { Value } from "../../graph/graph.ts";
import { convolution } from "../functions/convolution.ts";
import { axesOf, checkImage, type PerAxis } from "../functions/spatial.ts";
import { glorot, type Initializer } from "../initializers.ts";
import { EXTENT, INITIALIZER, PER_AXIS } from "../kinds.ts";
import { finished, SHARED, type ConvolutionOptions } from "./convolution.ts";
import { checked, layer, layerOptions, type Layer, type LayerOptions } from "./layer.ts";

/** Options of `separableConv1d` and `separableConv2d`. */
export interface SeparableOptions extends Omit<ConvolutionOptions, "groups" | "kernel" | "kernelInitializer"> {
  /** Filters a channel. Default: 1. */
  readonly depthMultiplier?: number;
  /** Default: Glorot uniform. */
  readonly depthwiseInitializer?: Initializer;
  /** Default: Glorot uniform. */
  readonly pointwiseInitializer?: Initializer;
}

const { kernel: _kernel, kernelInitializer: _initializer, ...OWN } = SHARED;
const LAWS = {
  filters: EXTENT,
  kernelSize: PER_AXIS,
  options: layerOptions<SeparableOptions & LayerOptions>({
    ...OWN,
    depthMultiplier: EXTENT,
    depthwiseInitializer: INITIALIZER,
    pointwiseInitializer: INITIALIZER,
  }),
};

const separable = (spatial: 1 | 2, filters: number, kernelSize: PerAxis, options: SeparableOptions): Layer => {
  const kind = `separableConv${spatial}d`;
  return layer(
    kind,
    checked(kind, { filters, kernelSize, options }, LAWS),
    (scope, x) => {
      checkImage(scope, x.shape, spatial);
      const { strides = 1, padding = "valid", dilation = 1, depthMultiplier = 1 } = options;
      const channels = x.shape[1]!;
      const axes = axesOf(scope, x.shape, "kernel", { window: kernelSize, strides, dilation, padding });
      const window = axes.map((axis) => axis.window);
      const each = scope.param("depthwise", [channels * depthMultiplier, 1, ...window], options.depthwiseInitializer ?? glorot());
      const apart = scope.named("apart", convolution(scope, x.value, each, axes, channels));
      const { shape } = scope.c.typeOf(apart);
      const points = axesOf(scope, shape, "kernel", { window: 1, strides: 1, dilation: 1, padding: "valid" });
      const ones = window.map(() => 1);
      const width = scope.c.extents.of(filters);
      const mixed = scope.param("pointwise", [width, channels * depthMultiplier, ...ones], options.pointwiseInitializer ?? glorot());
      const product: Value = convolution(scope, apart, mixed, points, 1);
      return finished(scope, product, options);
    },
    ["depthwise", "pointwise", "bias"],
  );
};

/** Filters a channel, then a mixture of all channels at each element: x [n, c, t] → [n, filters, t'] (Chollet 2017). Throws as conv1d does. */
export const separableConv1d = (filters: number, kernelSize: PerAxis, options: SeparableOptions = {}): Layer =>
  separable(1, filters, kernelSize, options);
/** Filters a channel, then a mixture of all channels at each pixel: x [n, c, h, w] → [n, filters, h', w'] (Chollet 2017). Throws as conv2d does. */
export const separableConv2d = (filters: number, kernelSize: PerAxis, options: SeparableOptions = {}): Layer =>
  separable(2, filters, kernelSize, options);
