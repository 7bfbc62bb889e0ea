/** Matrix products, transposition, shapes and gradients of the layer language, with their shapes in their types. */

import type { Shape } from "../graph/type.ts";
import { dotAttrs } from "../ops/dot.ts";
import { reverse } from "../autodiff/reverse.ts";
import { optional } from "../graph/arguments.ts";
import { called } from "./arguments.ts";
import { AXES, FLOAT_TENSORS, FLOATS, SHAPE } from "./kinds.ts";
import type { Agree, FloatTensor, Matrix, Print, Scalar } from "./tensor.ts";

/** b where the product exists; otherwise the sentence that says why not. Leading axes are checked when the model is declared. */
type Inner<A extends FloatTensor, B extends FloatTensor> = A["shape"] extends Vector
  ? `matmul needs at least two axes, but a has [${Print<A["shape"]>}]`
  : B["shape"] extends Vector
    ? `matmul needs at least two axes, but b has [${Print<B["shape"]>}]`
    : A extends Matrix
      ? B extends Matrix
        ? Agree<A["shape"][1], B["shape"][0]> extends true
          ? B
          : `matmul needs columns of a = rows of b, but ${A["shape"][1]} ≠ ${B["shape"][0]}`
        : B
      : B;
type Vector = readonly [] | readonly [number];

type Product<A extends Shape, B extends Shape> = A extends readonly [infer M extends number, number]
  ? B extends readonly [number, infer N extends number]
    ? readonly [M, N]
    : Shape
  : Shape;

/**
 * a·b: [m, k] by [k, n] gives [m, n]. Over more axes the leading ones pair up, [b…, m, k] by [b…, k, n]; a matrix b serves them all.
 * Throws a ModelError where inner extents or leading axes differ.
 */
export function matmul<A extends FloatTensor, B extends FloatTensor>(a: A, b: Inner<A, B>): FloatTensor<Product<A["shape"], B["shape"]>> {
  const c = called("matmul", { a, b }, { a: FLOATS, b: FLOATS });
  const right = b as B; // Inner is B wherever a call type-checks
  return c.run(() => {
    const [m, n] = [a.shape.length, right.shape.length];
    if (m < 2 || n < 2 || (n !== 2 && n !== m))
      c.fail(
        "shape/matmul",
        `matmul needs two matrices, two stacks of matrices of one rank, or a stack and a matrix, but got ranks ${m} and ${n}`,
        "Reshape one of them.",
        [c.operand("a", a.value), c.operand("b", right.value)],
      );
    const lead = Array.from({ length: n - 2 }, (_, axis) => axis);
    return c.tensor(c.g.dot(a.value, right.value, dotAttrs([m - 1], [n - 2], lead, lead)));
  }) as FloatTensor<Product<A["shape"], B["shape"]>>;
}

/** Axes in another order. */
export function transpose<M extends number, N extends number>(x: FloatTensor<readonly [M, N]>): FloatTensor<readonly [N, M]>;
export function transpose(x: FloatTensor, order: readonly number[]): FloatTensor;
export function transpose(x: FloatTensor, order: readonly number[] = [1, 0]): FloatTensor {
  const c = called("transpose", { x, order }, { x: FLOATS, order: optional(AXES) });
  return c.run(() => c.tensor(c.g.transpose(x.value, { order }))) as FloatTensor;
}

/** The same elements, row-major, under another shape. */
export function reshape<const S extends Shape>(x: FloatTensor, shape: S): FloatTensor<S> {
  const c = called("reshape", { x, shape }, { x: FLOATS, shape: SHAPE });
  return c.run(() => {
    const own = c.extents.reshaped(c.fullShape(x.value), x.shape, shape);
    return c.tensor(c.g.reshape(x.value, { shape: own }));
  }) as FloatTensor<S>;
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
