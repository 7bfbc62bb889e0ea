/** Pooling: maxima and means over windows, and over all of space. */

import { oneOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import type { Shape } from "../../graph/type.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { checked, layer, layerOptions, type LayerOptions, type LayerScope } from "./layer.ts";
import { PER_AXIS } from "../kinds.ts";
import { axesOf, checkImage, PADDING, type Axis, type Padding, type PerAxis } from "./spatial.ts";

/** Options of `maxPool1d` and `maxPool2d`. */
export interface PoolOptions extends LayerOptions {
  /** Default: the window's size, so that windows do not overlap. */
  readonly strides?: PerAxis;
  /** Default: `valid`. */
  readonly padding?: Padding;
}

/** Options of `avgPool1d` and `avgPool2d`. */
export interface AveragePoolOptions extends PoolOptions {
  /** `counted`: a window's mean counts its padding as zeros. Default: `ignored`. */
  readonly paddedZeros?: "counted" | "ignored";
}

const MAX = { size: PER_AXIS, options: layerOptions<PoolOptions>({ strides: PER_AXIS, padding: PADDING }) };
const AVERAGE = {
  size: PER_AXIS,
  options: layerOptions<AveragePoolOptions>({ strides: PER_AXIS, padding: PADDING, paddedZeros: oneOf("counted", "ignored") }),
};
const GLOBAL = { options: layerOptions({}) };

export interface Pool1dLayer {
  <S extends Shape>(x: FloatTensor<S>): FloatTensor<readonly [S[0], S[1], number]>;
  readonly kind: string;
}
export interface Pool2dLayer {
  <S extends Shape>(x: FloatTensor<S>): FloatTensor<readonly [S[0], S[1], number, number]>;
  readonly kind: string;
}
export interface GlobalPoolLayer {
  <S extends Shape>(x: FloatTensor<S>): FloatTensor<readonly [S[0], S[1]]>;
  readonly kind: string;
}

function windowOf(scope: LayerScope, x: Tensor, spatial: number, size: PerAxis, options: PoolOptions): readonly Axis[] {
  checkImage(scope, x.shape, spatial);
  const { strides = size, padding = "valid" } = options;
  const axes = axesOf(scope, x.shape, "window", { window: size, strides, dilation: 1, padding });
  axes.forEach(({ low, high, window, extent, stride, out }, axis) => {
    const lastStart = (out - 1) * stride - low;
    if (low >= window || lastStart >= extent)
      scope.fail(
        `needs an element of its input in every window, but on spatial axis ${axis} padding of ${low} and ${high} leaves a window of ${window} empty`,
        "Use less padding.",
      );
  });
  return axes;
}

const attrsOf = (axes: readonly Axis[], lead: number) => {
  const of = (before: number, field: (axis: Axis) => number): number[] => [
    ...Array.from({ length: lead }, () => before),
    ...axes.map(field),
  ];
  return {
    window: of(1, ({ window }) => window),
    stride: of(1, ({ stride }) => stride),
    low: of(0, ({ low }) => low),
    high: of(0, ({ high }) => high),
  };
};

const largest = (scope: LayerScope, x: Tensor, spatial: number, size: PerAxis, options: PoolOptions): Value =>
  scope.c.g.windowMax(x.value, attrsOf(windowOf(scope, x, spatial, size, options), 2));

function average(scope: LayerScope, x: Tensor, spatial: number, size: PerAxis, options: AveragePoolOptions): Value {
  const { c } = scope;
  const axes = windowOf(scope, x, spatial, size, options);
  const total = scope.named("total", c.g.windowSum(x.value, attrsOf(axes, 2)));
  const one = c.g.literal(1, c.float);
  const padded = axes.some((axis) => axis.low > 0 || axis.high > 0);
  if (!padded || options.paddedZeros === "counted")
    return c.g.mul(total, c.g.literal(1 / axes.reduce((n, { window }) => n * window, 1), c.float));
  // how many elements each window covers: a window sum of ones
  const ones = c.g.broadcast(one, { axes: axes.map((_, n) => n), size: axes.map(({ extent }) => extent) });
  const covered = scope.named("covered", c.g.windowSum(ones, attrsOf(axes, 0)));
  return c.g.div(total, c.g.broadcast(covered, { axes: [0, 1], size: x.shape.slice(0, 2) }));
}

/** The largest of each window, the first of equals taking the gradient: x [n, c, t] → [n, c, t']. */
export const maxPool1d = (size: PerAxis, options: PoolOptions = {}): Pool1dLayer =>
  layer<Pool1dLayer>("maxPool1d", checked("maxPool1d", { size, options }, MAX), (scope, x) => largest(scope, x, 1, size, options));

/** The largest of each window, the first of equals taking the gradient: x [n, c, h, w] → [n, c, h', w']. */
export const maxPool2d = (size: PerAxis, options: PoolOptions = {}): Pool2dLayer =>
  layer<Pool2dLayer>("maxPool2d", checked("maxPool2d", { size, options }, MAX), (scope, x) => largest(scope, x, 2, size, options));

/** The mean of each window: x [n, c, t] → [n, c, t']. */
export const avgPool1d = (size: PerAxis, options: AveragePoolOptions = {}): Pool1dLayer =>
  layer<Pool1dLayer>("avgPool1d", checked("avgPool1d", { size, options }, AVERAGE), (scope, x) => average(scope, x, 1, size, options));

/** The mean of each window: x [n, c, h, w] → [n, c, h', w']. */
export const avgPool2d = (size: PerAxis, options: AveragePoolOptions = {}): Pool2dLayer =>
  layer<Pool2dLayer>("avgPool2d", checked("avgPool2d", { size, options }, AVERAGE), (scope, x) => average(scope, x, 2, size, options));

/** The mean over space: x [n, c, h, w] → [n, c]. */
export const globalAveragePool2d = (options: LayerOptions = {}): GlobalPoolLayer =>
  layer<GlobalPoolLayer>("globalAveragePool2d", checked("globalAveragePool2d", { options }, GLOBAL), (scope, x) => {
    const { g, float } = scope.c;
    checkImage(scope, x.shape, 2);
    const pixels = x.shape[2]! * x.shape[3]!;
    return g.mul(g.sum(x.value, { axes: [2, 3] }), g.literal(1 / pixels, float));
  });

/** The largest over space, equals sharing the gradient: x [n, c, h, w] → [n, c]. */
export const globalMaxPool2d = (options: LayerOptions = {}): GlobalPoolLayer =>
  layer<GlobalPoolLayer>("globalMaxPool2d", checked("globalMaxPool2d", { options }, GLOBAL), (scope, x) => {
    checkImage(scope, x.shape, 2);
    return scope.c.g.reduceMax(x.value, { axes: [2, 3] });
  });
