/** Pooling: maxima and means over windows, and over all of space. */

import type { Value } from "../../graph/graph.ts";
import { sizeOf, type Shape } from "../../graph/type.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { average, AVERAGE_LAWS, largest, MAX_LAWS, type AverageOptions, type MaxOptions } from "../functions/pool.ts";
import { checkImage, type PerAxis } from "../functions/spatial.ts";
import { PER_AXIS } from "../kinds.ts";
import { checked, layer, layerOptions, type LayerOptions, type LayerScope } from "./layer.ts";

/** Options of `maxPool1d`, `maxPool2d` and `maxPool3d`. */
export interface PoolOptions extends LayerOptions, MaxOptions {}

/** Options of `avgPool1d`, `avgPool2d` and `avgPool3d`. */
export interface AveragePoolOptions extends LayerOptions, AverageOptions {}

const MAX = { size: PER_AXIS, options: layerOptions<PoolOptions>(MAX_LAWS) };
const AVERAGE = { size: PER_AXIS, options: layerOptions<AveragePoolOptions>(AVERAGE_LAWS) };
const GLOBAL = { options: layerOptions({}) };

export interface Pool1dLayer {
  <S extends Shape>(x: FloatTensor<S>): FloatTensor<readonly [S[0], S[1], number]>;
  readonly kind: string;
}
export interface Pool2dLayer {
  <S extends Shape>(x: FloatTensor<S>): FloatTensor<readonly [S[0], S[1], number, number]>;
  readonly kind: string;
}
export interface Pool3dLayer {
  <S extends Shape>(x: FloatTensor<S>): FloatTensor<readonly [S[0], S[1], number, number, number]>;
  readonly kind: string;
}
export interface GlobalPoolLayer {
  <S extends Shape>(x: FloatTensor<S>): FloatTensor<readonly [S[0], S[1]]>;
  readonly kind: string;
}

/** The largest of each window, the first of equals taking the gradient: x [n, c, t] → [n, c, t']. */
export const maxPool1d = (size: PerAxis, options: PoolOptions = {}): Pool1dLayer =>
  layer<Pool1dLayer>("maxPool1d", checked("maxPool1d", { size, options }, MAX), (scope, x) => largest(scope, x, 1, size, options));

/** The largest of each window, the first of equals taking the gradient: x [n, c, h, w] → [n, c, h', w']. */
export const maxPool2d = (size: PerAxis, options: PoolOptions = {}): Pool2dLayer =>
  layer<Pool2dLayer>("maxPool2d", checked("maxPool2d", { size, options }, MAX), (scope, x) => largest(scope, x, 2, size, options));

/** The largest of each window, the first of equals taking the gradient: x [n, c, d, h, w] → [n, c, d', h', w']. */
export const maxPool3d = (size: PerAxis, options: PoolOptions = {}): Pool3dLayer =>
  layer<Pool3dLayer>("maxPool3d", checked("maxPool3d", { size, options }, MAX), (scope, x) => largest(scope, x, 3, size, options));

/** The mean of each window: x [n, c, t] → [n, c, t']. */
export const avgPool1d = (size: PerAxis, options: AveragePoolOptions = {}): Pool1dLayer =>
  layer<Pool1dLayer>("avgPool1d", checked("avgPool1d", { size, options }, AVERAGE), (scope, x) => average(scope, x, 1, size, options));

/** The mean of each window: x [n, c, h, w] → [n, c, h', w']. */
export const avgPool2d = (size: PerAxis, options: AveragePoolOptions = {}): Pool2dLayer =>
  layer<Pool2dLayer>("avgPool2d", checked("avgPool2d", { size, options }, AVERAGE), (scope, x) => average(scope, x, 2, size, options));

/** The mean of each window: x [n, c, d, h, w] → [n, c, d', h', w']. */
export const avgPool3d = (size: PerAxis, options: AveragePoolOptions = {}): Pool3dLayer =>
  layer<Pool3dLayer>("avgPool3d", checked("avgPool3d", { size, options }, AVERAGE), (scope, x) => average(scope, x, 3, size, options));

const spaceOf = ({ shape }: Tensor): number[] => shape.map((_, axis) => axis).slice(2);

const globalPool = (kind: string, spatial: number, options: LayerOptions, of: (scope: LayerScope, x: Tensor) => Value): GlobalPoolLayer =>
  layer<GlobalPoolLayer>(kind, checked(kind, { options }, GLOBAL), (scope, x) => {
    checkImage(scope, x.shape, spatial);
    return of(scope, x);
  });
const meanOf = ({ c: { g, float } }: LayerScope, x: Tensor): Value =>
  g.mul(g.sum(x.value, { axes: spaceOf(x) }), g.literal(1 / sizeOf(x.shape.slice(2)), float));
const maxOf = ({ c: { g } }: LayerScope, x: Tensor): Value => g.reduceMax(x.value, { axes: spaceOf(x) });

/** The mean over space: x [n, c, t] → [n, c]. */
export const globalAveragePool1d = (options: LayerOptions = {}): GlobalPoolLayer => globalPool("globalAveragePool1d", 1, options, meanOf);
/** The mean over space: x [n, c, h, w] → [n, c]. */
export const globalAveragePool2d = (options: LayerOptions = {}): GlobalPoolLayer => globalPool("globalAveragePool2d", 2, options, meanOf);
/** The mean over space: x [n, c, d, h, w] → [n, c]. */
export const globalAveragePool3d = (options: LayerOptions = {}): GlobalPoolLayer => globalPool("globalAveragePool3d", 3, options, meanOf);
/** The largest over space, equals sharing the gradient: x [n, c, t] → [n, c]. */
export const globalMaxPool1d = (options: LayerOptions = {}): GlobalPoolLayer => globalPool("globalMaxPool1d", 1, options, maxOf);
/** The largest over space, equals sharing the gradient: x [n, c, h, w] → [n, c]. */
export const globalMaxPool2d = (options: LayerOptions = {}): GlobalPoolLayer => globalPool("globalMaxPool2d", 2, options, maxOf);
/** The largest over space, equals sharing the gradient: x [n, c, d, h, w] → [n, c]. */
export const globalMaxPool3d = (options: LayerOptions = {}): GlobalPoolLayer => globalPool("globalMaxPool3d", 3, options, maxOf);
