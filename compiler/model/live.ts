/** Sums and means that count the batch's real rows only, wherever the rows lie: in a merged axis, or in none. */

import type { Value } from "../graph/graph.ts";
import { sizeOf } from "../graph/type.ts";
import type { Context } from "./context.ts";
import { countOf } from "./leaves.ts";

/** Σ over axes of the inside of each row: the rows along `axis`, one position each, and how many elements went into each sum. */
interface Inside {
  readonly sums: Value;
  readonly axis: number;
  readonly elements: number;
}

/** The inside of the rows that reducing over `axes` adds up; undefined where it adds up none. */
function insideOf(c: Context, x: Value, axes: readonly number[]): Inside | undefined {
  const { shape } = c.typeOf(x);
  const found = c.rows.along(c, x);
  const valid = axes.every((axis, n) => axis < shape.length && axes.indexOf(axis) === n);
  if (found === undefined || !valid || !axes.includes(found.axis)) return undefined;
  const { axis: of, per, batch } = found;
  const others = axes.filter((axis) => axis !== of);
  const summed = others.length === 0 ? x : c.g.sum(x, { axes: others });
  const axis = of - others.filter((other) => other < of).length;
  const elements = sizeOf(others.map((other) => shape[other]!)) * (shape[of]! / batch);
  if (shape[of] === batch) return { sums: summed, axis, elements };
  const kept = c.typeOf(summed).shape;
  const apart = [shape[of]! / (batch * per), batch, per];
  const split = c.g.reshape(summed, { shape: kept.toSpliced(axis, 1, ...apart) });
  return { sums: c.g.sum(split, { axes: [axis, axis + 2] }), axis, elements };
}

/** Σ over the real rows of one value a row. */
function overRows(c: Context, { sums, axis }: Inside, count: ReturnType<typeof countOf>): Value {
  const { shape } = c.typeOf(sums);
  const others = shape.flatMap((_, at) => (at === axis ? [] : [at]));
  const isLive = count.live(shape[axis]!);
  const mask = others.length === 0 ? isLive : c.g.broadcast(isLive, { axes: others, size: others.map((at) => shape[at]!) });
  const live = c.named("liveRows", c.g.where(mask, sums, c.g.literal(0, c.float)));
  return c.named("rowSum", c.g.sum(live, { axes: [axis] }));
}

/** Σ x over `axes`, of the batch its real rows only. */
export function liveSum(c: Context, x: Value, axes: readonly number[]): Value {
  const inside = insideOf(c, x, axes);
  return inside === undefined ? c.g.sum(x, { axes }) : overRows(c, inside, countOf(c));
}

/** The mean of x over `axes`, of the batch its real rows only: their sum, divided by their number and the elements in each. */
export function liveMean(c: Context, x: Value, axes: readonly number[]): Value {
  const { g } = c;
  const inside = insideOf(c, x, axes);
  if (inside === undefined) {
    // axes that x does not have are refused by the sum itself
    const elements = sizeOf(axes.map((axis) => c.typeOf(x).shape[axis] ?? 1));
    return g.mul(g.sum(x, { axes }), g.literal(1 / elements, c.float));
  }
  const { sums, elements } = inside;
  const means = elements > 1 ? g.mul(sums, g.literal(1 / elements, c.float)) : sums;
  const count = countOf(c);
  const total = overRows(c, { ...inside, sums: means }, count);
  const scale = c.named("perRow", count.scale());
  const { shape } = c.typeOf(total);
  return g.mul(total, shape.length === 0 ? scale : g.broadcast(scale, { axes: shape.map((_, axis) => axis), size: shape }));
}

/** The mean of all elements, of the batch its real rows only: what every loss and metric is. */
export const meanOf = (c: Context, values: Value): Value =>
  liveMean(
    c,
    values,
    c.typeOf(values).shape.map((_, axis) => axis),
  );
