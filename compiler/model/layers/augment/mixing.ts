/** Batches mixed with themselves: a row and another one's, with targets to match. */

import { numbers } from "../../../graph/arguments.ts";
import type { Value } from "../../../graph/graph.ts";
import { called } from "../../arguments.ts";
import { checkImage } from "../../functions/spatial.ts";
import { FLOATS, LAYERS } from "../../kinds.ts";
import { standardUniform } from "../../random.ts";
import type { FloatTensor } from "../../tensor.ts";
import { made } from "../residual.ts";
import { checked, layer, layerOptions, type Layer, type LayerOptions, type LayerScope, type SameShapeLayer } from "../layer.ts";
import { placeOf, type Place } from "../../functions/place.ts";
import type { Context } from "../../context.ts";
import { augmenting, drawn, FACTOR, number, overRow, type Factor } from "./augmenting.ts";

/** Inputs and targets, both mixed. */
export type Mixed = readonly [x: FloatTensor, y: FloatTensor];

/** The row before each, the last one before the first. */
function rolled({ g }: Context, value: Value, shape: readonly number[]): Value {
  const n = shape[0]!;
  const rows = (from: number, to: number): Value =>
    g.slice(value, { start: shape.map((_, axis) => (axis === 0 ? from : 0)), limit: shape.map((extent, axis) => (axis === 0 ? to : extent)), stride: shape.map(() => 1) }); // prettier-ignore
  return n === 1 ? value : g.concat([rows(n - 1, n), rows(0, n - 1)], { axis: 0 });
}

/** share·a + (1 − share)·b, a share a row. */
function between({ g, float }: Context, a: Value, b: Value, share: Value, shape: readonly number[]): Value {
  const axes = shape.map((_, axis) => axis).slice(1);
  const wide = axes.length === 0 ? share : g.broadcast(share, { axes, size: axes.map((axis) => shape[axis]!) });
  return g.add(g.mul(a, wide), g.mul(b, g.sub(g.literal(1, float), wide)));
}

function checkRows(place: Place, x: FloatTensor, y: FloatTensor): void {
  if (x.shape.length < 2 || y.shape.length < 2 || x.shape[0] !== y.shape[0])
    place.fail(`needs rows and a target for each class, but got [${x.shape.join(",")}] and [${y.shape.join(",")}]`, "Make labels one-hot.");
}

/** In training each row mixed with the one before it, by a share drawn uniformly, and its targets likewise (Zhang et al. 2018; keras.layers.MixUp). Throws for labels that are not one-hot. */
export function mixUp(x: FloatTensor, y: FloatTensor): Mixed {
  const c = called("mixUp", { x, y }, { x: FLOATS, y: FLOATS });
  return c.run(() => {
    checkRows(placeOf(c, "mixUp", { x, y }), x, y);
    if (!c.training) return [x, y];
    const share = c.named("share", standardUniform(c, [x.shape[0]!]));
    return [x, y].map(({ value, shape }) => c.tensor(between(c, value, rolled(c, value, shape), share, shape))) as unknown as Mixed; // of floats
  });
}

/** Whether a pixel lies in a rectangle, [n, h, w]: of heights and widths as shares of the image, wherever it fits. */
function rectangle(c: Context, n: number, [h, w]: readonly [number, number], share: readonly [height: Value, width: Value]): Value {
  const { g, float } = c;
  const inside = [h, w].map((extent, axis) => {
    const length = g.mul(share[axis]!, g.literal(extent, float));
    const begin = g.mul(standardUniform(c, [n]), g.sub(g.literal(extent, float), length));
    const at = g.add(g.cast(g.iota({ dtype: "i32", shape: [n, h, w] }, { axis: axis + 1 }), { to: float }), g.literal(0.5, float));
    const wide = (value: Value): Value => g.broadcast(value, { axes: [1, 2], size: [h, w] });
    return g.and(g.le(wide(begin), at), g.lt(at, wide(g.add(begin, length))));
  });
  return g.and(inside[0]!, inside[1]!);
}

/** In training a rectangle of each image is the one before its, and targets are mixed by its share (Yun et al. 2019; keras.layers.CutMix). Throws for other than images with one-hot labels. */
export function cutMix(x: FloatTensor, y: FloatTensor): Mixed {
  const c = called("cutMix", { x, y }, { x: FLOATS, y: FLOATS });
  return c.run(() => {
    const { g, float } = c;
    const place = placeOf(c, "cutMix", { x, y });
    checkImage(place, x.shape, 2);
    checkRows(place, x, y);
    if (!c.training) return [x, y];
    const [n, channels, h, w] = x.shape as readonly [number, number, number, number];
    const side = g.sqrt(standardUniform(c, [n]));
    const isOther = rectangle(c, n, [h, w], [side, side]);
    const mixed = g.where(g.broadcast(isOther, { axes: [1], size: [channels] }), rolled(c, x.value, x.shape), x.value);
    const share = g.mul(g.sum(g.where(isOther, g.literal(0, float), g.literal(1, float)), { axes: [1, 2] }), g.literal(1 / (h * w), float));
    return [c.tensor(mixed), c.tensor(between(c, y.value, rolled(c, y.value, y.shape), share, y.shape))] as unknown as Mixed; // of floats
  });
}

/** Options of `randomErasing`. */
export interface ErasingOptions extends LayerOptions {
  /** Height and width of the rectangle, as shares of the image's. Default: [0.02, 0.33]. */
  readonly scale?: Factor;
  /** What its pixels become. Default: 0. */
  readonly fillValue?: number;
}

const ERASING = { share: FACTOR, options: layerOptions<ErasingOptions>({ scale: FACTOR, fillValue: numbers("a finite number") }) };

/** Fills a rectangle of a share of the images (Zhong et al. 2020; keras.layers.RandomErasing). */
export const randomErasing = (share = 0.5, options: ErasingOptions = {}): SameShapeLayer => {
  checked("randomErasing", { share, options }, ERASING);
  const { scale = [0.02, 0.33], fillValue = 0 } = options;
  return augmenting("randomErasing", options, (scope: LayerScope, x) => {
    const { c } = scope;
    const { g } = c;
    const [n, channels, h, w] = x.shape as readonly [number, number, number, number];
    const range: readonly [number, number] = typeof scale === "number" ? [0, scale] : scale;
    const isErased = rectangle(c, n, [h, w], [drawn(scope, n, range), drawn(scope, n, range)]);
    const isChosen = g.lt(drawn(scope, n, [0, 1]), number(scope, share));
    const both = g.and(g.broadcast(isErased, { axes: [1], size: [channels] }), overRow(scope, isChosen, x));
    return g.where(both, number(scope, fillValue), x.value);
  });
};

const PIPELINE = { layers: LAYERS, options: layerOptions({}) };

/** Layers one after the other, as one (keras.layers.Pipeline). */
export const pipeline = (layers: readonly Layer[], options: LayerOptions = {}): Layer =>
  layer("pipeline", checked("pipeline", { layers, options }, PIPELINE), ({ c }, x) =>
    layers.length === 0 ? c.g.identity(x.value) : layers.reduce((value, one, n) => made("pipeline", n, one(value)), x as FloatTensor).value,
  ); // layers take floats
