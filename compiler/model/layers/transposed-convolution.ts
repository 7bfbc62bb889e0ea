/** Transposed convolution: the adjoint of a convolution as a layer, which makes its input larger where that one makes it smaller. */

import type { Value } from "../../graph/graph.ts";
import { convAttrs } from "../../ops/conv.ts";
import { glorot } from "../initializers.ts";
import { EXTENT, PER_AXIS } from "../kinds.ts";
import { checkGroups, finished, SHARED, type Convolution2dLayer, type ConvolutionOptions } from "./convolution.ts";
import { checked, layer, layerOptions, type LayerScope } from "./layer.ts";
import { checkImage, endsOf, perAxis, type PerAxis } from "./spatial.ts";

/** Options of `conv2dTranspose`. */
export interface TransposedOptions extends ConvolutionOptions {
  /** Rows and columns more at the end, below the stride. Default: 0. */
  readonly outputPadding?: PerAxis;
}

const TRANSPOSED = {
  filters: EXTENT,
  kernelSize: PER_AXIS,
  options: layerOptions<TransposedOptions>({ ...SHARED, groups: EXTENT, outputPadding: PER_AXIS }),
};

interface Axis {
  readonly window: number;
  readonly stride: number;
  readonly dilation: number;
  readonly low: number;
  readonly high: number;
}

/** The axes of the convolution over the dilated input that the transposed one is. */
function axesOf(scope: LayerScope, extents: readonly number[], kernelSize: PerAxis, options: TransposedOptions): readonly Axis[] {
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
  return extents.map((extent, axis): Axis => {
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
function filtersOf({ c }: LayerScope, kernel: Value, groups: number): Value {
  const { g } = c;
  const [input, depth, ...window] = c.typeOf(kernel).shape as readonly [number, number, ...number[]];
  const axes = window.map((_, n) => n + 2);
  if (groups === 1) return g.reverse(g.transpose(kernel, { order: [1, 0, ...axes] }), { axes });
  const apart = g.reshape(kernel, { shape: [groups, input / groups, depth, ...window] });
  const turned = g.transpose(apart, { order: [0, 2, 1, ...window.map((_, n) => n + 3)] });
  const filters = g.reshape(turned, { shape: [groups * depth, input / groups, ...window] });
  return g.reverse(filters, { axes });
}

/**
 * x [n, c, h, w] → [n, filters, h', w'], with h' = (h − 1)·stride − low − high + dilation·(kernel − 1) + 1 + outputPadding and a kernel
 * [c, filters / groups, kh, kw], as in PyTorch; `same` gives h' = h·stride, cut or extended as ONNX's ConvTranspose does for SAME_UPPER.
 * Throws a ModelError for a wrong rank, groups that do not divide, or no output left.
 */
export const conv2dTranspose = <const N extends number>(
  outputs: N,
  kernelSize: PerAxis,
  options: TransposedOptions = {},
): Convolution2dLayer<N> =>
  layer<Convolution2dLayer<N>>(
    "conv2dTranspose",
    checked("conv2dTranspose", { filters: outputs, kernelSize, options }, TRANSPOSED),
    (scope, x) => {
      const filters = scope.c.extents.of(outputs);
      checkImage(scope, x.shape, 2);
      const { groups = 1 } = options;
      const channels = x.shape[1]!;
      checkGroups(scope, groups, channels, filters);
      const axes = axesOf(scope, x.shape.slice(2), kernelSize, options);
      const shape = [channels, filters / groups, ...axes.map(({ window }) => window)];
      const kernel = scope.param("kernel", shape, options.kernelInitializer ?? glorot());
      const attrs = convAttrs(2, {
        lhsDilation: axes.map(({ stride }) => stride),
        rhsDilation: axes.map(({ dilation }) => dilation),
        low: axes.map(({ low }) => low),
        high: axes.map(({ high }) => high),
        featureGroups: groups,
      });
      return finished(scope, scope.c.g.conv(x.value, filtersOf(scope, kernel, groups), attrs), options);
    },
  );
