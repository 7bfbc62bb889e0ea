/** Pooling to a given number of windows, whatever the input's size, as layers. */

import * as functions from "../functions/pool.ts";
import type { PerAxis } from "../functions/spatial.ts";
import { PER_AXIS } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";
import { checked, layer, layerOptions, type LayerOptions } from "./layer.ts";
import type { Pool1dLayer, Pool2dLayer, Pool3dLayer } from "./pool.ts";

const LAWS = { size: PER_AXIS, options: layerOptions({}) };

const adaptive = <L extends { readonly kind: string }>(
  kind: string,
  of: (x: FloatTensor, size: PerAxis) => FloatTensor,
  size: PerAxis,
  options: LayerOptions,
): L => layer<L>(kind, checked(kind, { size, options }, LAWS), (_, x) => of(x as FloatTensor, size).value); // the function refuses others

/** The mean of each of `size` windows that share x evenly: x [n, c, t] → [n, c, size]. */
export const adaptiveAvgPool1d = (size: PerAxis, options: LayerOptions = {}): Pool1dLayer =>
  adaptive("adaptiveAvgPool1d", functions.adaptiveAvgPool1d, size, options);
/** The mean of each of `size` windows that share x evenly: x [n, c, h, w] → [n, c, …size]. */
export const adaptiveAvgPool2d = (size: PerAxis, options: LayerOptions = {}): Pool2dLayer =>
  adaptive("adaptiveAvgPool2d", functions.adaptiveAvgPool2d, size, options);
/** The mean of each of `size` windows that share x evenly: x [n, c, d, h, w] → [n, c, …size]. */
export const adaptiveAvgPool3d = (size: PerAxis, options: LayerOptions = {}): Pool3dLayer =>
  adaptive("adaptiveAvgPool3d", functions.adaptiveAvgPool3d, size, options);
/** The largest of each of `size` windows that share x evenly: x [n, c, t] → [n, c, size]. */
export const adaptiveMaxPool1d = (size: PerAxis, options: LayerOptions = {}): Pool1dLayer =>
  adaptive("adaptiveMaxPool1d", functions.adaptiveMaxPool1d, size, options);
/** The largest of each of `size` windows that share x evenly: x [n, c, h, w] → [n, c, …size]. */
export const adaptiveMaxPool2d = (size: PerAxis, options: LayerOptions = {}): Pool2dLayer =>
  adaptive("adaptiveMaxPool2d", functions.adaptiveMaxPool2d, size, options);
/** The largest of each of `size` windows that share x evenly: x [n, c, d, h, w] → [n, c, …size]. */
export const adaptiveMaxPool3d = (size: PerAxis, options: LayerOptions = {}): Pool3dLayer =>
  adaptive("adaptiveMaxPool3d", functions.adaptiveMaxPool3d, size, options);
