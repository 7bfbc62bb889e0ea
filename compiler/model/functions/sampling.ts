/** Grid sampling: an image read at places that are computed, with gradients for the image and for the places. */

import { FLAG, oneOf, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { dotAttrs } from "../../ops/dot.ts";
import { called } from "../arguments.ts";
import type { Context } from "../context.ts";
import { FLOATS } from "../kinds.ts";
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

/**
 * x [n, c, h, w] read at grid [n, h', w', 2] of places (x, y), from −1 to 1 over the image → [n, c, h', w'] (torch.nn.functional.grid_sample).
 * Of each place all pixels are looked at. Throws for other ranks or batches.
 */
export function gridSample(x: FloatTensor, grid: FloatTensor, options: GridSampleOptions = {}): FloatTensor {
  const c = called("gridSample", { x, grid, options }, { x: FLOATS, grid: FLOATS, options: OPTIONS });
  return c.run(() => {
    const { g } = c;
    if (x.shape.length !== 4 || grid.shape.length !== 4 || grid.shape[3] !== 2 || grid.shape[0] !== x.shape[0])
      placeOf(c, "gridSample", { x, grid }).fail(
        `needs x [n, c, h, w] and a grid [n, h', w', 2] of the same n, but got [${x.shape.join(",")}] and [${grid.shape.join(",")}]`,
        "Reshape them.",
      );
    const [n, channels, h, w] = x.shape as readonly [number, number, number, number];
    const [, rows, columns] = grid.shape as readonly [number, number, number, 2];
    const coordinate = (k: number): Value => {
      const stride = [1, 1, 1, 1];
      const own = g.slice(grid.value, { start: [0, 0, 0, k], limit: [n, rows, columns, k + 1], stride });
      return g.reshape(own, { shape: [n, rows, columns] });
    };
    const across = weightsAlong(c, coordinate(0), w, options); // [n, h', w', w]
    const down = weightsAlong(c, coordinate(1), h, options); // [n, h', w', h]
    const places = rows * columns;
    // rows of the image first, then columns: [n, p, c, w], then [n, p, c]
    const ofRows = g.dot(g.reshape(down, { shape: [n, places, h] }), x.value, dotAttrs([2], [2], [0], [0]));
    const ofColumns = g.broadcast(g.reshape(across, { shape: [n, places, w] }), { axes: [2], size: [channels] });
    const read = g.sum(g.mul(ofRows, ofColumns), { axes: [3] });
    return c.tensor(g.reshape(g.transpose(read, { order: [0, 2, 1] }), { shape: [n, channels, rows, columns] }));
  }) as FloatTensor;
}
