/** Comparisons and choices of the layer language, broadcasting as NumPy does; no gradient flows through a comparison. */

import type { Value } from "../graph/graph.ts";
import { isFloat, type DType, type Shape } from "../graph/type.ts";
import { oneOf } from "../graph/arguments.ts";
import { called } from "./arguments.ts";
import type { Context } from "./context.ts";
import { broadcastShape, spread } from "./elementwise.ts";
import { FLOATS_OR_NUMBER, TENSOR, TENSOR_OR_NUMBER, TRUTHS } from "./kinds.ts";
import type { Broadcast, Broadcastable, FloatTensor, Tensor } from "./tensor.ts";

export type BoolTensor<S extends Shape = Shape> = Tensor<S, "bool">;

export interface Comparison<Op extends string> {
  <A extends Tensor, B extends Tensor>(a: A, b: Broadcastable<Op, A["shape"], B>): BoolTensor<Broadcast<A["shape"], B["shape"]>>;
  <A extends Tensor>(a: A, b: number): BoolTensor<A["shape"]>;
}

/** Operands of one shape; a number is a literal of the tensor's dtype. */
function pair(c: Context, op: string, a: Tensor, b: Tensor | number): readonly [Value, Value] {
  if (typeof b === "number") return [a.value, c.g.literal(b, a.dtype)];
  const shape = broadcastShape(c, op, a, b);
  return [spread(c, a.value, shape), spread(c, b.value, shape)];
}

// The overloads state what `pair` does; the broadcast type is the type-level twin of broadcastShape.
const comparison = <Op extends string>(op: Op, of: (c: Context, a: Value, b: Value) => Value): Comparison<Op> =>
  ((a: Tensor, b: Tensor | number) => {
    const c = called(op, { a, b }, { a: TENSOR, b: TENSOR_OR_NUMBER });
    return c.run(() => c.tensor(of(c, ...pair(c, op, a, b))));
  }) as unknown as Comparison<Op>;

/** [a < b], element by element, shapes broadcast as in NumPy. */
export const less = comparison("less", ({ g }, a, b) => g.lt(a, b));
/** [a ≤ b], element by element, shapes broadcast as in NumPy. */
export const lessEqual = comparison("lessEqual", ({ g }, a, b) => g.le(a, b));
/** [a > b], element by element, shapes broadcast as in NumPy. */
export const greater = comparison("greater", ({ g }, a, b) => g.lt(b, a));
/** [a ≥ b], element by element, shapes broadcast as in NumPy. */
export const greaterEqual = comparison("greaterEqual", ({ g }, a, b) => g.le(b, a));
/** [a = b], element by element, shapes broadcast as in NumPy. */
export const equal = comparison("equal", ({ g }, a, b) => g.eq(a, b));
/** [a ≠ b], element by element, shapes broadcast as in NumPy. */
export const notEqual = comparison("notEqual", ({ g }, a, b) => g.not(g.eq(a, b)));
/** a ∧ b of truth values, shapes broadcast as in NumPy. */
export const logicalAnd = comparison("logicalAnd", ({ g }, a, b) => g.and(a, b));
/** a ∨ b of truth values, shapes broadcast as in NumPy. */
export const logicalOr = comparison("logicalOr", ({ g }, a, b) => g.or(a, b));

/** ¬a. */
export function logicalNot<S extends Shape>(a: BoolTensor<S>): BoolTensor<S> {
  const c = called("logicalNot", { a }, { a: TRUTHS });
  return c.run(() => c.tensor(c.g.not(a.value))) as BoolTensor<S>; // elementwise keeps the shape
}

type ShapeOf<T> = T extends Tensor ? T["shape"] : readonly [];

/** a where the condition holds, b elsewhere; each gets the gradient of what was taken from it. Throws where shapes do not broadcast. */
export function where<C extends BoolTensor, A extends FloatTensor | number, B extends FloatTensor | number>(
  condition: C,
  a: A,
  b: B,
): FloatTensor<Broadcast<C["shape"], Broadcast<ShapeOf<A>, ShapeOf<B>>>>;
export function where(condition: BoolTensor, a: FloatTensor | number, b: FloatTensor | number): FloatTensor {
  const c = called("where", { condition, a, b }, { condition: TRUTHS, a: FLOATS_OR_NUMBER, b: FLOATS_OR_NUMBER });
  return c.run(() => {
    const choices = [a, b].filter((one) => typeof one !== "number");
    const shape = choices.reduce<Tensor>((all, one) => ({ ...one, shape: broadcastShape(c, "where", all, one) }), condition).shape;
    const choice = (one: FloatTensor | number): Value =>
      typeof one === "number" ? c.g.literal(one, c.float) : spread(c, one.value, shape);
    return c.tensor(c.g.where(spread(c, condition.value, shape), choice(a), choice(b)));
  }) as FloatTensor;
}

/** To another number format: "float" is the model's own; to i32 truncates toward zero, to bool asks x ≠ 0. Gradients flow between floats only. */
export function cast<S extends Shape>(x: Tensor<S>, to: "float"): FloatTensor<S>;
export function cast<S extends Shape, D extends "i32" | "bool">(x: Tensor<S>, to: D): Tensor<S, D>;
export function cast(x: Tensor, to: "float" | "i32" | "bool"): Tensor {
  const c = called("cast", { x, to }, { x: TENSOR, to: oneOf("float", "i32", "bool") });
  const dtype: DType = to === "float" ? c.float : to;
  if (x.dtype === dtype || (to === "float" && isFloat(x.dtype))) return x;
  return c.run(() => c.tensor(c.g.cast(x.value, { to: dtype })));
}
