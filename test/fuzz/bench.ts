/** Guarantees the values that a recipe's steps work on: floats, positions and truths, each of a size that stays cheap. */

import { context, type Context } from "../../compiler/model/context.ts";
import type { Value } from "../../compiler/graph/graph.ts";
import { sizeOf, type Shape } from "../../compiler/graph/type.ts";
import { input, labels, param } from "../../compiler/model/leaves.ts";
import { normal } from "../../compiler/model/initializers.ts";
import type { FloatTensor, Tensor } from "../../compiler/model/tensor.ts";
import type { Calls } from "../../compiler/ops/index.ts";

/** An i32 value whose elements are 0 … limit − 1. */
export interface Whole {
  readonly value: Value;
  readonly limit: number;
}

export interface Bench {
  readonly c: Context;
  readonly g: Calls;
  readonly rows: number;
  readonly floats: Value[];
  readonly wholes: Whole[];
  readonly truths: Value[];
}

/** Elements of the largest value that a step leaves. */
const LARGEST = 200;

export const benchOf = (rows: number): Bench => {
  const c = context();
  return { c, g: c.g, rows, floats: [], wholes: [], truths: [] };
};

/** The n-th newest, counted round. */
export const pick = <T>(list: readonly T[], n: number): T => list[list.length - 1 - (n % list.length)]!;

export const shapeOf = ({ c }: Bench, value: Value): Shape => c.typeOf(value).shape;
export const float = ({ c }: Bench, value: Value): FloatTensor => c.tensor(value) as FloatTensor;
export const number = ({ c, g }: Bench, value: number): Value => g.literal(value, c.float);
export const axesOf = (shape: Shape): number[] => shape.map((_, axis) => axis);

/** Leaves a float for later steps; what is too large is summed down first. */
export function push(b: Bench, value: Value): void {
  let kept = value;
  for (let shape = shapeOf(b, kept); sizeOf(shape) > LARGEST; shape = shapeOf(b, kept))
    kept = b.g.sin(b.g.sum(kept, { axes: [shape.indexOf(Math.max(...shape))] }));
  if (!b.floats.includes(kept)) b.floats.push(kept);
}

const leafName = ({ c }: Bench, kind: string): string => `${kind}${c.storage.size}`;

/** A new float of that shape: a parameter, frozen or not, an input where it has a batch axis, or positions. */
export function fresh(b: Bench, shape: Shape, n: number): Value {
  const { g, c, rows } = b;
  const { value } =
    n % 4 === 1 && shape[0] === rows && shape.length > 0
      ? input(leafName(b, "x"), shape)
      : param(leafName(b, "p"), shape, normal(0, 0.8), { trainable: n % 4 !== 2 });
  if (n % 4 !== 3 || shape.length === 0) return value;
  const place = g.cast(g.iota({ dtype: "i32", shape }, { axis: n % shape.length }), { to: c.float });
  return g.add(value, g.mul(place, number(b, 0.25)));
}

/** Labels of a new input. */
export function freshLabels(b: Bench, shape: Shape, classes: number): Tensor<Shape, "i32"> {
  return labels(leafName(b, "y"), shape, { classes });
}

/** Positions below `limit`: earlier ones where some fit, else the place of a largest element, else labels. */
export function positions(b: Bench, limit: number, n: number): Whole {
  const fit = b.wholes.filter((whole) => whole.limit <= limit);
  if (fit.length > 0 && n % 3 !== 0) return pick(fit, n);
  const { value } = freshLabels(b, n % 2 === 0 ? [b.rows] : [b.rows, 1 + (n % 3)], limit);
  const made = { value, limit };
  b.wholes.push(made);
  return made;
}

/** A float of exactly that shape: an earlier one, or a new one. */
export function alike(b: Bench, shape: Shape, a: number, n: number): Value {
  const fit = b.floats.filter((value) => String(shapeOf(b, value)) === String(shape));
  return fit.length > 1 || (fit.length > 0 && n % 3 === 0) ? pick(fit, a) : fresh(b, shape, n);
}

/** Spread of a scalar or vector over a shape, along new axes. */
export const spreadOver = ({ g }: Bench, scalar: Value, shape: Shape): Value =>
  shape.length === 0 ? scalar : g.broadcast(scalar, { axes: axesOf(shape), size: shape });
