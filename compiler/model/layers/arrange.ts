/** The layers that cut, pad, turn and repeat without computing; the batch axis stays where it is. */

import { FINITE } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import type { Shape } from "../../graph/type.ts";
import { check } from "../arguments.ts";
import { checkImage, endsOf, PADDING } from "../functions/spatial.ts";
import { EXTENT, FLOATS, LAYER, NUMBERS } from "../kinds.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { checked, layer, layerOptions, type Layer, type LayerOptions, type LayerScope, type SameShapeLayer } from "./layer.ts";

/** How much at both ends of every axis of space, or an entry an axis, a number or [low, high]. */
export type Ends = number | readonly (number | readonly [low: number, high: number])[];

const ENDS = { ends: PADDING, options: layerOptions({}) };

/** A layer over `spatial` axes that does something at both ends of each. */
const atEnds = (
  kind: string,
  spatial: number,
  ends: Ends,
  options: LayerOptions,
  of: (scope: LayerScope, x: Tensor, low: Shape, high: Shape) => Value,
): Layer =>
  layer(kind, checked(kind, { ends, options }, ENDS), (scope, x) => {
    checkImage(scope, x.shape, spatial);
    const all = endsOf(scope, ends, spatial, () => 0);
    return of(
      scope,
      x,
      all.map(([low]) => low),
      all.map(([, high]) => high),
    );
  });

const cropping = (spatial: 1 | 2 | 3, ends: Ends, options: LayerOptions): Layer =>
  atEnds(`cropping${spatial}d`, spatial, ends, options, (scope, x, low, high) => {
    const space = x.shape.slice(2);
    const axis = space.findIndex((extent, n) => low[n]! + high[n]! >= extent);
    if (axis >= 0)
      scope.fail(`leaves nothing of spatial axis ${axis}: it has ${space[axis]}, of which ${low[axis]} and ${high[axis]} go`, "Crop less.");
    const limit = [...x.shape.slice(0, 2), ...space.map((extent, n) => extent - high[n]!)];
    return scope.c.g.slice(x.value, { start: [0, 0, ...low], limit, stride: x.shape.map(() => 1) });
  });

/** Cuts elements off both ends: x [n, c, t]. Throws a ModelError where nothing is left. */
export const cropping1d = (ends: Ends, options: LayerOptions = {}): Layer => cropping(1, ends, options);
/** Cuts pixels off both ends of each axis of space: x [n, c, h, w]. Throws a ModelError where nothing is left. */
export const cropping2d = (ends: Ends, options: LayerOptions = {}): Layer => cropping(2, ends, options);
/** Cuts voxels off both ends of each axis of space: x [n, c, d, h, w]. Throws a ModelError where nothing is left. */
export const cropping3d = (ends: Ends, options: LayerOptions = {}): Layer => cropping(3, ends, options);

const zeroPadding = (spatial: 1 | 2 | 3, ends: Ends, options: LayerOptions): Layer =>
  atEnds(`zeroPadding${spatial}d`, spatial, ends, options, ({ c }, x, low, high) =>
    c.g.pad(x.value, { low: [0, 0, ...low], high: [0, 0, ...high], interior: x.shape.map(() => 0) }),
  );

/** Zeros at both ends: x [n, c, t]. */
export const zeroPadding1d = (ends: Ends, options: LayerOptions = {}): Layer => zeroPadding(1, ends, options);
/** Zeros at both ends of each axis of space: x [n, c, h, w]. */
export const zeroPadding2d = (ends: Ends, options: LayerOptions = {}): Layer => zeroPadding(2, ends, options);
/** Zeros at both ends of each axis of space: x [n, c, d, h, w]. */
export const zeroPadding3d = (ends: Ends, options: LayerOptions = {}): Layer => zeroPadding(3, ends, options);

const PERMUTE = { order: NUMBERS, options: layerOptions({}) };

/** x [n, …] with its other axes in another order, counted from 1 as in Keras: permute([2, 1]) turns [n, a, b] to [n, b, a]. */
export const permute = (order: readonly number[], options: LayerOptions = {}): Layer =>
  layer("permute", checked("permute", { order, options }, PERMUTE), ({ c, fail }, x) => {
    const rank = x.shape.length;
    if (String([...order].sort((a, b) => a - b)) !== String(x.shape.slice(1).map((_, n) => n + 1)))
      fail(`needs each axis from 1 to ${rank - 1} once, but got [${order.join(",")}]`, "The batch axis is 0, and stays.");
    return c.g.transpose(x.value, { order: [0, ...order] });
  });

const REPEAT = { times: EXTENT, options: layerOptions({}) };

/** x [n, f] → [n, times, f], the same features at each time. */
export const repeatVector = (times: number, options: LayerOptions = {}): Layer =>
  layer("repeatVector", checked("repeatVector", { times, options }, REPEAT), ({ c, fail }, x) => {
    if (x.shape.length !== 2) fail(`needs features [n, f], but got [${x.shape.join(",")}]`, "Flatten its input.");
    return c.g.broadcast(x.value, { axes: [1], size: [c.extents.of(times)] });
  });

/** x as it is. */
export const identity = (options: LayerOptions = {}): SameShapeLayer =>
  layer<SameShapeLayer>("identity", checked("identity", { options }, { options: layerOptions({}) }), ({ c }, x) => c.g.identity(x.value));

const MASKING = { value: FINITE, options: layerOptions({}) };

/** Zeros in the place of the steps of x [n, t, …, f] whose features are all the value; give later layers the mask itself where they take one. */
export const masking = (value = 0, options: LayerOptions = {}): SameShapeLayer =>
  layer<SameShapeLayer>("masking", checked("masking", { value, options }, MASKING), ({ c, fail }, x) => {
    if (x.shape.length < 2) fail(`needs steps of features, but got [${x.shape.join(",")}]`, "Reshape its input.");
    const { g, float } = c;
    const last = x.shape.length - 1;
    const differs = g.where(g.eq(x.value, g.literal(value, float)), g.literal(0, float), g.literal(1, float));
    const kept = g.reduceMax(differs, { axes: [last] });
    return g.mul(x.value, g.broadcast(kept, { axes: [last], size: [x.shape[last]!] }));
  });

const WRAPPED = { of: LAYER, options: layerOptions({}) };

/** A layer at every step: x [n, t, …] as t times as many rows, and back. Throws a ModelError for an input without steps. */
export const timeDistributed = (of: Layer, options: LayerOptions = {}): Layer =>
  layer("timeDistributed", checked("timeDistributed", { of, options }, WRAPPED), ({ c, fail }, x) => {
    const [n, t, ...rest] = x.shape as readonly [number, number, ...number[]];
    if (x.shape.length < 3) fail(`needs steps of rows, [n, t, …], but got [${x.shape.join(",")}]`, "Reshape its input.");
    const rows = c.tensor(c.g.reshape(x.value, { shape: [n * t, ...rest] })) as FloatTensor; // x is of floats
    const y = of(rows);
    check("timeDistributed", { "what the layer returns": y }, { "what the layer returns": FLOATS });
    return c.g.reshape(y.value, { shape: [n, t, ...y.shape.slice(1)] });
  });
