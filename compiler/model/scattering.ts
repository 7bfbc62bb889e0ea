/** Writing and adding at positions along an axis: the counterparts of takeAlongAxis. */

import { optional } from "../graph/arguments.ts";
import type { Value } from "../graph/graph.ts";
import { sameShape, type Shape } from "../graph/type.ts";
import { called } from "./arguments.ts";
import { axisIn } from "./axes.ts";
import type { Context } from "./context.ts";
import { AXIS, FLOATS, INTEGERS } from "./kinds.ts";
import type { FloatTensor, Tensor } from "./tensor.ts";

/** Where each update meets each element of the axis: [i…, n, k, j…], n of x and k of the updates. */
interface Meetings {
  readonly isThere: Value;
  readonly updates: Value;
  readonly shape: Shape;
  readonly axis: number;
}

function meetings(c: Context, of: string, x: FloatTensor, at: Tensor, updates: FloatTensor, axis: number): Meetings {
  const { g } = c;
  const own = axisIn(c, of, x.value, axis);
  const others = (shape: Shape): Shape => shape.toSpliced(own, 1);
  if (!sameShape(at.shape, updates.shape) || at.shape.length !== x.shape.length || !sameShape(others(at.shape), others(x.shape)))
    c.fail(
      `shape/${of}`,
      `${of} needs a position for each update, and x's extents but along axis ${own}, but x is [${x.shape.join(",")}], positions [${at.shape.join(",")}] and updates [${updates.shape.join(",")}]`,
      "Reshape the positions and the updates.",
      [c.operand("x", x.value), c.operand("at", at.value), c.operand("updates", updates.value)],
    );
  const size = [x.shape[own]!];
  const spread = (value: Value): Value => g.broadcast(value, { axes: [own], size });
  const shape = at.shape.toSpliced(own, 0, x.shape[own]!);
  return {
    isThere: g.eq(g.iota({ dtype: "i32", shape }, { axis: own }), spread(at.value)),
    updates: spread(updates.value),
    shape,
    axis: own,
  };
}

const LAWS = { x: FLOATS, at: INTEGERS, updates: FLOATS, axis: optional(AXIS) };

/**
 * x with updates in the place of what lay at their positions along an axis (torch.scatter): y[i…, at[i…, k, j…], j…] = updates[i…, k, j…]. Of
 * several at one position the last counts. Positions that x does not have are left out. Throws where shapes do not fit.
 */
export function scatter<S extends Shape>(x: FloatTensor<S>, at: Tensor<Shape, "i32">, updates: FloatTensor, axis = -1): FloatTensor<S> {
  const c = called("scatter", { x, at, updates, axis }, LAWS);
  return c.run(() => {
    const { g } = c;
    const met = meetings(c, "scatter", x, at, updates, axis);
    const axes = [met.axis + 1];
    const size = [at.shape[met.axis]!];
    const order = g.cast(g.iota({ dtype: "i32", shape: met.shape }, { axis: met.axis + 1 }), { to: c.float });
    const none = g.literal(-1, c.float);
    const last = c.named("last", g.stopGradient(g.reduceMax(g.where(met.isThere, order, none), { axes })));
    const counts = g.and(met.isThere, g.eq(order, g.broadcast(last, { axes, size })));
    const written = g.sum(g.where(counts, met.updates, g.literal(0, c.float)), { axes });
    return c.tensor(g.where(g.lt(none, last), written, x.value));
  }) as FloatTensor<S>; // of x's shape
}

/**
 * x with updates added at their positions along an axis (torch.scatter_add): y[i…, at[i…, k, j…], j…] += updates[i…, k, j…]. Positions that x
 * does not have are left out. Throws where shapes do not fit.
 */
export function scatterAdd<S extends Shape>(x: FloatTensor<S>, at: Tensor<Shape, "i32">, updates: FloatTensor, axis = -1): FloatTensor<S> {
  const c = called("scatterAdd", { x, at, updates, axis }, LAWS);
  return c.run(() => {
    const { g } = c;
    const met = meetings(c, "scatterAdd", x, at, updates, axis);
    const added = g.sum(g.where(met.isThere, met.updates, g.literal(0, c.float)), { axes: [met.axis + 1] });
    return c.tensor(g.add(x.value, added));
  }) as FloatTensor<S>; // of x's shape
}
