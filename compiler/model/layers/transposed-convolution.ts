/** Transposed convolution: the adjoint of a convolution as a layer, which makes its input larger where that one makes it smaller. */

import type { Shape } from "../../graph/type.ts";
import { checkGroups } from "../functions/convolution.ts";
import { checkImage, type PerAxis } from "../functions/spatial.ts";
import { transposedAxes, transposedConvolution } from "../functions/transposed-convolution.ts";
import { glorot } from "../initializers.ts";
import { EXTENT, PER_AXIS } from "../kinds.ts";
import {
  finished,
  SHARED,
  WEIGHTS,
  type Convolution1dLayer,
  type Convolution2dLayer,
  type Convolution3dLayer,
  type ConvolutionOptions,
} from "./convolution.ts";
import { begun, checked, layer, layerOptions } from "./layer.ts";

/** Options of `conv1dTranspose`, `conv2dTranspose` and `conv3dTranspose`. */
export interface TransposedOptions extends ConvolutionOptions {
  /** Rows and columns more at the end, below the stride. Default: 0. */
  readonly outputPadding?: PerAxis;
}

const TRANSPOSED = {
  filters: EXTENT,
  kernelSize: PER_AXIS,
  options: layerOptions<TransposedOptions>({ ...SHARED, groups: EXTENT, outputPadding: PER_AXIS }),
};

function transposed<L extends { readonly kind: string }>(
  spatial: 1 | 2 | 3,
  outputs: number,
  kernelSize: PerAxis,
  options: TransposedOptions,
): L {
  const kind = `conv${spatial}dTranspose`;
  return layer<L>(
    kind,
    checked(kind, { filters: outputs, kernelSize, options }, TRANSPOSED),
    (scope, x) => {
      const filters = scope.c.extents.of(outputs);
      checkImage(scope, x.shape, spatial);
      const { groups = 1 } = options;
      const channels = x.shape[1]!;
      checkGroups(scope, groups, channels, filters);
      const axes = transposedAxes(scope, x.shape.slice(2) as Shape, kernelSize, options);
      const shape = [channels, filters / groups, ...axes.map(({ window }) => window)];
      const kernel = scope.param("kernel", shape, begun(scope, "kernel", options, glorot()));
      return finished(scope, transposedConvolution(scope, x.value, kernel, axes, groups), options);
    },
    WEIGHTS,
  );
}

/** x [n, c, t] → [n, filters, t'], as conv2dTranspose over one axis. */
export const conv1dTranspose = <const N extends number>(
  filters: N,
  kernelSize: PerAxis,
  options: TransposedOptions = {},
): Convolution1dLayer<N> => transposed<Convolution1dLayer<N>>(1, filters, kernelSize, options);

/**
 * x [n, c, h, w] → [n, filters, h', w'], with h' = (h − 1)·stride − low − high + dilation·(kernel − 1) + 1 + outputPadding and a kernel
 * [c, filters / groups, kh, kw], as in PyTorch; `same` gives h' = h·stride, cut or extended as ONNX's ConvTranspose does for SAME_UPPER.
 * Throws a ModelError for a wrong rank, groups that do not divide, or no output left.
 */
export const conv2dTranspose = <const N extends number>(
  filters: N,
  kernelSize: PerAxis,
  options: TransposedOptions = {},
): Convolution2dLayer<N> => transposed<Convolution2dLayer<N>>(2, filters, kernelSize, options);

/** x [n, c, d, h, w] → [n, filters, d', h', w'], as conv2dTranspose over three axes. */
export const conv3dTranspose = <const N extends number>(
  filters: N,
  kernelSize: PerAxis,
  options: TransposedOptions = {},
): Convolution3dLayer<N> => transposed<Convolution3dLayer<N>>(3, filters, kernelSize, options);
