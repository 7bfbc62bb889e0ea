/** Reductions over axes, all of them by default, with the remaining shape in the type where the axes are literals. */

import type { Value } from "../graph/graph.ts";
import type { Shape } from "../graph/type.ts";
import { optional } from "../graph/arguments.ts";
import { called } from "./arguments.ts";
import type { Context } from "./context.ts";
import { AXES, AXIS, FLOATS } from "./kinds.ts";
import { liveMean, liveSum } from "./live.ts";
import type { FloatTensor, Scalar, Tensor } from "./tensor.ts";

/** S without the axes A; axes counted from the end, or known only when the model is declared, widen it. */
export type Without<S extends Shape, A extends readonly number[]> = number extends S["length"] | A[number]
  ? Shape
  : `${A[number]}` extends `-${string}`
    ? Shape
    : Kept<S, A[number]>;
type Kept<S extends Shape, A extends number, Passed extends readonly unknown[] = []> = S extends readonly [
  infer N extends number,
  ...infer Rest extends Shape,
]
  ? Passed["length"] extends A
    ? Kept<Rest, A, [...Passed, unknown]>
    : readonly [N, ...Kept<Rest, A, [...Passed, unknown]>]
  : readonly [];

export interface Reduction {
  (x: FloatTensor): Scalar;
  <S extends Shape, const A extends readonly number[]>(x: FloatTensor<S>, axes: A): FloatTensor<Without<S, A>>;
}

/** Axes in order, counted from 0; all of them if none are given. */
function axesOf(x: Tensor, axes?: readonly number[]): readonly number[] {
  const given = axes ?? x.shape.map((_, axis) => axis);
  return given.map((axis) => (axis < 0 ? axis + x.shape.length : axis)).sort((a, b) => a - b);
}

// `Without` is the type-level twin of what reducing does to a shape.
const reduction = (name: string, of: (c: Context, x: Value, axes: readonly number[]) => Value): Reduction =>
  ((x: FloatTensor, axes?: readonly number[]) => {
    const c = called(name, { x, axes }, { x: FLOATS, axes: optional(AXES) });
    return c.run(() => c.tensor(of(c, x.value, axesOf(x, axes))));
  }) as Reduction;

/** Σ x over `axes`, or over all of them; of a short batch its real rows only. Throws for axes x does not have. */
export const sum: Reduction = reduction("sum", liveSum);

/** Mean over `axes`, or over all of them; of a short batch its real rows only. */
export const mean: Reduction = reduction("mean", liveMean);

/** Largest element; equals share the gradient. */
export const max: Reduction = reduction("max", ({ g }, x, axes) => g.reduceMax(x, { axes }));

/** Smallest element; equals share the gradient. */
export const min: Reduction = reduction("min", ({ g }, x, axes) => g.neg(g.reduceMax(g.neg(x), { axes })));

/** Mean of (x − mean)², the biased variance. */
export const variance: Reduction = reduction("variance", (c, x, axes) => {
  const { shape } = c.typeOf(x);
  const centre = liveMean(c, x, axes);
  const spread = c.g.broadcast(centre, { axes, size: axes.map((axis) => shape[axis]!) });
  const apart = c.g.sub(x, spread);
  return liveMean(c, c.g.mul(apart, apart), axes);
});

/** Position of the first largest element along an axis; no gradient. */
export function argmax<S extends Shape, const A extends number>(x: FloatTensor<S>, axis: A): Tensor<Without<S, readonly [A]>, "i32"> {
  const c = called("argmax", { x, axis }, { x: FLOATS, axis: AXIS });
  return c.run(() => c.tensor(c.g.argmax(x.value, { axis: axesOf(x, [axis])[0]! }))) as Tensor<Without<S, readonly [A]>, "i32">;
}

/** Running sums along an axis: y[i] = Σ x[k] over k ≤ i. */
export function cumsum<S extends Shape>(x: FloatTensor<S>, axis: number): FloatTensor<S> {
  const c = called("cumsum", { x, axis }, { x: FLOATS, axis: AXIS });
  return c.run(() => c.tensor(c.g.cumsum(x.value, { axis: axesOf(x, [axis])[0]! }))) as typeof x; // cumsum keeps the shape
}
