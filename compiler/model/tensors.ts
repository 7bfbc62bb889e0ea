/** Guarantees matrix products, reductions and movements of the layer language, with their shapes in their types. */

import { sizeOf, type Shape } from "../graph/type.ts";
import { dotAttrs } from "../ops/dot.ts";
import { reverse } from "../autodiff/reverse.ts";
import { context } from "./context.ts";
import type { Agree, FloatTensor, Matrix, Scalar, Tensor } from "./tensor.ts";

type Inner<A extends Matrix, B extends Matrix> =
  Agree<A["shape"][1], B["shape"][0]> extends true
    ? B
    : `matmul needs columns of a = rows of b, but ${A["shape"][1]} ≠ ${B["shape"][0]}`;

/** a·b: [m, k] by [k, n] gives [m, n]. */
export function matmul<A extends Matrix, B extends Matrix>(
  a: A,
  b: Inner<A, B>,
): FloatTensor<readonly [A["shape"][0], B["shape"][1]]> {
  const c = context();
  const right = b as B; // Inner is B wherever a call type-checks
  return c.run(() => c.tensor(c.g.dot(a.value, right.value, dotAttrs([1], [0])))) as FloatTensor<readonly [A["shape"][0], B["shape"][1]]>; // prettier-ignore
}

const axesOf = (x: Tensor, axes?: readonly number[]): readonly number[] =>
  (axes ?? x.shape.map((_, axis) => axis)).map((axis) => (axis < 0 ? axis + x.shape.length : axis)).sort((a, b) => a - b); // prettier-ignore

/** Σ x over `axes`, or over all of them. */
export function sum(x: FloatTensor): Scalar;
export function sum(x: FloatTensor, axes: readonly number[]): FloatTensor;
export function sum(x: FloatTensor, axes?: readonly number[]): FloatTensor {
  const c = context();
  return c.run(() => c.tensor(c.g.sum(x.value, { axes: axesOf(x, axes) }))) as FloatTensor;
}

/** Mean over `axes`, or over all of them. Over a batch use the losses, which know how many rows are real. */
export function mean(x: FloatTensor): Scalar;
export function mean(x: FloatTensor, axes: readonly number[]): FloatTensor;
export function mean(x: FloatTensor, axes?: readonly number[]): FloatTensor {
  const c = context();
  const over = axesOf(x, axes);
  const n = sizeOf(over.map((axis) => x.shape[axis] ?? 1));
  return c.run(() => c.tensor(c.g.mul(c.g.sum(x.value, { axes: over }), c.g.literal(1 / n, c.float)))) as FloatTensor; // prettier-ignore
}

/** Axes in another order. */
export function transpose<M extends number, N extends number>(
  x: FloatTensor<readonly [M, N]>,
): FloatTensor<readonly [N, M]>;
export function transpose(x: FloatTensor, order: readonly number[]): FloatTensor;
export function transpose(x: FloatTensor, order: readonly number[] = [1, 0]): FloatTensor {
  const c = context();
  return c.run(() => c.tensor(c.g.transpose(x.value, { order }))) as FloatTensor;
}

/** The same elements, row-major, under another shape. */
export function reshape<const S extends Shape>(x: FloatTensor, shape: S): FloatTensor<S> {
  const c = context();
  return c.run(() => c.tensor(c.g.reshape(x.value, { shape }))) as FloatTensor<S>;
}

/** d(loss)/d(x) for each x, as values like any other: usable in outputs, in losses, and again in grad. */
export function grad<const X extends readonly FloatTensor[]>(
  loss: Scalar,
  of: X,
): { readonly [I in keyof X]: X[I] } {
  const c = context();
  return c.run(() => {
    const found = reverse(c.builder, loss.value, of.map((x) => x.value)); // prettier-ignore
    return found.map((value, n) => {
      const { shape } = of[n]!;
      if (value !== undefined) return c.tensor(value);
      const zero = c.g.literal(0, c.float);
      return c.tensor(shape.length === 0 ? zero : c.g.broadcast(zero, { axes: shape.map((_, axis) => axis), size: shape })); // prettier-ignore
    });
  }) as unknown as { readonly [I in keyof X]: X[I] }; // a gradient has the shape of what it is taken of
}
