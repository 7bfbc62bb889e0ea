/** Grid sampling: an image read at places that are computed, with gradients for the image and for the places. */

import { FLAG, oneOf, optional, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { dotAttrs } from "../../ops/dot.ts";
import { called } from "../arguments.ts";
import type { Context } from "../context.ts";
import { FLOATS, SHAPE } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";
import { placeOf } from "./place.ts";

/** Options of `gridSample`. */
export interface GridSampleOptions {
  /** Default: `bilinear`. */
  readonly mode?: "bilinear" | "nearest";
  /** What lies outside the image: zeros, or its edge. Default: `zeros`. */
  readonly outside?: "zeros" | "border";
  /** Whether −1 and 1 are the middles of the outermost pixels, rather than their edges. Default: false. */
  readonly alignCorners?: boolean;
}

const OPTIONS = optionsOf<GridSampleOptions>({
  mode: oneOf("bilinear", "nearest"),
  outside: oneOf("zeros", "border"),
  alignCorners: FLAG,
});

/** Weights [n, h', w', extent] by which each place takes the pixels of an axis: 1 − |distance| of the neighbours, 0 of others. */
function weightsAlong(
  c: Context,
  at: Value,
  extent: number,
  { mode = "bilinear", outside = "zeros", alignCorners = false }: GridSampleOptions,
): Value {
  const { g, float } = c;
  const literal = (value: number): Value => g.literal(value, float);
  // from [−1, 1] to pixels
  const [scale, shift] = alignCorners ? [(extent - 1) / 2, (extent - 1) / 2] : [extent / 2, (extent - 1) / 2];
  const inPixels = g.add(g.mul(at, literal(scale)), literal(shift));
  const held = outside === "border" ? g.where(g.lt(inPixels, literal(0)), literal(0), g.where(g.lt(literal(extent - 1), inPixels), literal(extent - 1), inPixels)) : inPixels; // prettier-ignore
  const { shape } = c.typeOf(at);
  const wide = { axes: [shape.length], size: [extent] };
  const pixel = g.cast(g.iota({ dtype: "i32", shape: [...shape, extent] }, { axis: shape.length }), { to: float });
  if (mode === "nearest") return g.where(g.eq(pixel, g.broadcast(g.round(held), wide)), literal(1), literal(0));
  // the slope in the place is −1 below it and 1 above, as that of the two neighbours is
  const below = g.broadcast(g.floor(held), wide);
  const part = g.broadcast(g.sub(held, g.floor(held)), wide);
  const isBelow = g.eq(pixel, below);
  const isAbove = g.eq(pixel, g.add(below, literal(1)));
  return g.where(isBelow, g.sub(literal(1), part), g.where(isAbove, part, literal(0)));
}

/** x [n, c, h, w] at the places of a grid [n, h', w', 2]. */
export function sampled(c: Context, x: Value, grid: Value, options: GridSampleOptions): Value {
  const { g } = c;
  const [n, channels, h, w] = c.typeOf(x).shape as readonly [number, number, number, number];
  const [, rows, columns] = c.typeOf(grid).shape as readonly [number, number, number, 2];
  const coordinate = (k: number): Value => {
    const stride = [1, 1, 1, 1];
    const own = g.slice(grid, { start: [0, 0, 0, k], limit: [n, rows, columns, k + 1], stride });
    return g.reshape(own, { shape: [n, rows, columns] });
  };
  const across = weightsAlong(c, coordinate(0), w, options); // [n, h', w', w]
  const down = weightsAlong(c, coordinate(1), h, options); // [n, h', w', h]
  const places = rows * columns;
  // rows of the image first, then columns: [n, p, c, w], then [n, p, c]
  const ofRows = g.dot(g.reshape(down, { shape: [n, places, h] }), x, dotAttrs([2], [2], [0], [0]));
  const ofColumns = g.broadcast(g.reshape(across, { shape: [n, places, w] }), { axes: [2], size: [channels] });
  const read = g.sum(g.mul(ofRows, ofColumns), { axes: [3] });
  return g.reshape(g.transpose(read, { order: [0, 2, 1] }), { shape: [n, channels, rows, columns] });
}

/**
 * x [n, c, h, w] read at grid [n, h', w', 2] of places (x, y), from −1 to 1 over the image → [n, c, h', w'] (torch.nn.functional.grid_sample).
 * Of each place all pixels are looked at. Throws for other ranks or batches.
 */
export function gridSample(x: FloatTensor, grid: FloatTensor, options: GridSampleOptions = {}): FloatTensor {
  const c = called("gridSample", { x, grid, options }, { x: FLOATS, grid: FLOATS, options: OPTIONS });
  return c.run(() => {
    if (x.shape.length !== 4 || grid.shape.length !== 4 || grid.shape[3] !== 2 || grid.shape[0] !== x.shape[0])
      placeOf(c, "gridSample", { x, grid }).fail(
        `needs x [n, c, h, w] and a grid [n, h', w', 2] of the same n, but got [${x.shape.join(",")}] and [${grid.shape.join(",")}]`,
        "Reshape them.",
      );
    return c.tensor(sampled(c, x.value, grid.value, options));
  }) as FloatTensor;
}

/**
 * The grid [n, …size, axes] of places that an affine map of each row makes, theta [n, axes, axes + 1], over two axes of space or three
 * (torch.nn.functional.affine_grid). Throws for other shapes.
 */
export function affineGrid(theta: FloatTensor, size: readonly number[], alignCorners = false): FloatTensor {
  const c = called("affineGrid", { theta, size, alignCorners }, { theta: FLOATS, size: SHAPE, alignCorners: optional(FLAG) });
  return c.run(() => {
    const axes = size.length;
    const place = placeOf(c, "affineGrid", { theta });
    if ((axes !== 2 && axes !== 3) || theta.shape.length !== 3 || theta.shape[1] !== axes || theta.shape[2] !== axes + 1)
      place.fail(
        `needs maps [n, 2, 3] for two axes, or [n, 3, 4] for three, but got [${theta.shape.join(",")}] for ${axes}`,
        "Reshape the maps, or change the size.",
      );
    const extents = size.map((extent) => c.extents.of(extent, "space"));
    return c.tensor(placesOf(c, theta.value, extents, alignCorners));
  }) as FloatTensor;
}

/** theta · (x, y, …, 1) of each pixel, the last axis of space first. */
export function placesOf(c: Context, theta: Value, size: readonly number[], alignCorners: boolean): Value {
  const { g, float } = c;
  const along = (axis: number): Value => {
    const extent = size[axis]!;
    const [scale, shift] = alignCorners ? [extent === 1 ? 0 : 2 / (extent - 1), extent === 1 ? 0 : -1] : [2 / extent, 1 / extent - 1];
    const at = g.cast(g.iota({ dtype: "i32", shape: [...size, 1] }, { axis }), { to: float });
    return g.add(g.mul(at, g.literal(scale, float)), g.literal(shift, float));
  };
  const one = g.broadcast(g.literal(1, float), { axes: [...size, 1].map((_, axis) => axis), size: [...size, 1] });
  const pixels = c.named("pixels", g.concat([...size.map((_, axis) => along(axis)).reverse(), one], { axis: size.length }));
  const places = g.dot(pixels, theta, dotAttrs([size.length], [2])); // […size, n, axes]
  const order = [size.length, ...size.map((_, axis) => axis), size.length + 1];
  return g.transpose(places, { order });
}
