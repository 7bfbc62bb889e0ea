/** Matrix products, transposition, shapes and gradients of the layer language, with their shapes in their types. */

import type { Value } from "../graph/graph.ts";
import { sameShape, sizeOf, type DType, type Shape } from "../graph/type.ts";
import { dotAttrs } from "../ops/dot.ts";
import { reverse } from "../autodiff/reverse.ts";
import { optional } from "../graph/arguments.ts";
import { called } from "./arguments.ts";
import type { Context } from "./context.ts";
import { broadcastShape, spread } from "./elementwise.ts";
import { AXES, FLOAT_TENSORS, FLOATS, SHAPE, TENSOR } from "./kinds.ts";
import type { Agree, FloatTensor, Scalar, Tensor } from "./tensor.ts";

/** b where the product exists; otherwise the sentence that says why not. Leading axes are checked when the model is declared. */
type Inner<A extends FloatTensor, B extends FloatTensor> = A["shape"] extends readonly []
  ? "matmul needs at least one axis, but a is one number"
  : B["shape"] extends readonly []
    ? "matmul needs at least one axis, but b is one number"
    : A["shape"] extends readonly [...infer _ extends Shape, infer K extends number]
      ? Rows<B["shape"]> extends infer L extends number
        ? Agree<K, L> extends true
          ? B
          : `matmul needs columns of a = rows of b, but ${K} ≠ ${L}`
        : B
      : B;
/** The axis of b that is summed: its last but one, or its only one. */
type Rows<B extends Shape> = B extends readonly [infer N extends number]
  ? N
  : B extends readonly [...infer _ extends Shape, infer N extends number, number]
    ? N
    : number;

type Product<A extends Shape, B extends Shape> = A extends readonly [number]
  ? B extends readonly [number]
    ? readonly []
    : B extends readonly [number, infer N extends number]
      ? readonly [N]
      : Shape
  : A extends readonly [infer M extends number, number]
    ? B extends readonly [number, infer N extends number]
      ? readonly [M, N]
      : B extends readonly [number]
        ? readonly [M]
        : Shape
    : Shape;

/**
 * a·b: [m, k] by [k, n] gives [m, n]. Over more axes the leading ones pair up, [b…, m, k] by [b…, k, n], and broadcast where they differ; a
 * matrix b serves them all. A vector a is a row and a vector b a column, which the result does not have. Throws a ModelError where inner
 * extents differ or leading axes do not broadcast.
 */
export function matmul<A extends FloatTensor, B extends FloatTensor>(a: A, b: Inner<A, B>): FloatTensor<Product<A["shape"], B["shape"]>> {
  const c = called("matmul", { a, b }, { a: FLOATS, b: FLOATS });
  const right = b as B; // Inner is B wherever a call type-checks
  return c.run(() => {
    const [m, n] = [a.shape.length, right.shape.length];
    if (m === 0 || n === 0)
      c.fail(
        "shape/matmul",
        `matmul needs at least one axis, but got [${a.shape.join(",")}] and [${right.shape.join(",")}]`,
        "Use mul for a single number.",
        [c.operand("a", a.value), c.operand("b", right.value)],
      );
    if (m === 1 || n <= 2) return c.tensor(c.g.dot(a.value, right.value, dotAttrs([m - 1], [Math.max(0, n - 2)])));
    const [p, q] = [a.shape.slice(0, -2), right.shape.slice(0, -2)];
    const lead = sameShape(p, q) ? p : broadcastShape(c, "matmul", { ...a, shape: p }, { ...right, shape: q });
    const own = (x: FloatTensor): Value => spread(c, x.value, [...lead, ...x.shape.slice(-2)]);
    const axes = lead.map((_, axis) => axis);
    return c.tensor(c.g.dot(own(a), own(right), dotAttrs([lead.length + 1], [lead.length], axes, axes)));
  }) as FloatTensor<Product<A["shape"], B["shape"]>>;
}

/** Axes in another order. */
export function transpose<M extends number, N extends number>(x: FloatTensor<readonly [M, N]>): FloatTensor<readonly [N, M]>;
export function transpose(x: FloatTensor, order: readonly number[]): FloatTensor;
export function transpose<D extends DType>(x: Tensor<Shape, D>, order?: readonly number[]): Tensor<Shape, D>;
export function transpose<D extends DType>(x: Tensor<Shape, D>, order: readonly number[] = [1, 0]): Tensor<Shape, D> {
  const c = called("transpose", { x, order }, { x: TENSOR, order: optional(AXES) });
  return c.run(() => c.tensor(c.g.transpose(x.value, { order }))) as Tensor<Shape, D>;
}

/** S with what is left over in the place of −1. */
export type Completed<S extends Shape> = { readonly [I in keyof S]: S[I] extends -1 ? number : S[I] };

/** The same elements, row-major, under another shape, in which one extent may be −1: what the others leave. */
export function reshape<const S extends Shape, D extends DType>(x: Tensor<Shape, D>, shape: S): Tensor<Completed<S>, D> {
  const c = called("reshape", { x, shape }, { x: TENSOR, shape: SHAPE });
  return c.run(() => {
    const full = c.fullShape(x.value);
    const own = c.extents.reshaped(full, x.shape, completed(c, full ?? x.shape, shape));
    return c.tensor(c.g.reshape(x.value, { shape: own }));
  }) as Tensor<Completed<S>, D>;
}

/** A shape for all elements of another one: of −1 what the other extents leave. Throws where they leave no whole number. */
export function completed(c: Context, of: Shape, shape: Shape): Shape {
  const open = shape.flatMap((extent, axis) => (extent === -1 ? [axis] : []));
  if (open.length === 0) return shape;
  const known = sizeOf(shape) / (-1) ** open.length;
  if (open.length > 1 || known <= 0 || sizeOf(of) % known !== 0)
    c.fail(
      "shape/reshape",
      `reshape needs at most one −1, and what is left for it to be whole, but [${shape.join(",")}] does not divide the ${sizeOf(of)} elements of [${of.join(",")}]`,
      "Give the other extents so that their product divides that number.",
    );
  return shape.with(open[0]!, sizeOf(of) / known);
}

/** d(loss)/d(x) for each x, as values like any other: usable in outputs, in losses, and again in grad. */
export function grad<const X extends readonly FloatTensor[]>(loss: Scalar, of: X): { readonly [I in keyof X]: X[I] } {
  const c = called("grad", { loss, of }, { loss: FLOATS, of: FLOAT_TENSORS });
  return c.run(() => {
    const found = reverse(
      c.builder,
      loss.value,
      of.map((x) => x.value),
    );
    return found.map((value, n) => {
      const { shape } = of[n]!;
      if (value !== undefined) return c.tensor(value);
      const zero = c.g.literal(0, c.float);
      return c.tensor(shape.length === 0 ? zero : c.g.broadcast(zero, { axes: shape.map((_, axis) => axis), size: shape }));
    });
  }) as unknown as { readonly [I in keyof X]: X[I] }; // a gradient has the shape of what it is taken of
}
