/** Reductions over axes, all of them by default, with the remaining shape in the type where the axes are literals. */

import type { Value } from "../graph/graph.ts";
import type { Shape } from "../graph/type.ts";
import { FLAG, numbers, optional, optionsOf } from "../graph/arguments.ts";
import { called } from "./arguments.ts";
import { axesIn, axisIn } from "./axes.ts";
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

/** S with 1 in the place of the axes A. */
export type Ones<S extends Shape, A extends readonly number[]> = number extends S["length"] | A[number]
  ? Shape
  : `${A[number]}` extends `-${string}`
    ? Shape
    : Flattened<S, A[number]>;
type Flattened<S extends Shape, A extends number, Passed extends readonly unknown[] = []> = S extends readonly [
  infer N extends number,
  ...infer Rest extends Shape,
]
  ? readonly [Passed["length"] extends A ? 1 : N, ...Flattened<Rest, A, [...Passed, unknown]>]
  : readonly [];

export interface ReductionOptions {
  /** Whether what is reduced stays as an axis of extent 1. Default: it goes. */
  readonly keepDims?: boolean;
}

export interface Reduction<Options extends ReductionOptions = ReductionOptions> {
  (x: FloatTensor): Scalar;
  <S extends Shape, const A extends readonly number[]>(x: FloatTensor<S>, axes: A): FloatTensor<Without<S, A>>;
  <S extends Shape, const A extends readonly number[]>(
    x: FloatTensor<S>,
    axes: A,
    options: Options & { readonly keepDims: true },
  ): FloatTensor<Ones<S, A>>;
  (x: FloatTensor, axes: readonly number[] | undefined, options: Options): FloatTensor;
}

export const KEEP = { keepDims: FLAG } as const;
const OPTIONS = optionsOf<ReductionOptions>(KEEP);

/** A reduced value, with the axes that went as ones where they are to stay. */
export function keeping(c: Context, x: Value, axes: readonly number[], { keepDims = false }: ReductionOptions, value: Value): Value {
  const { shape } = c.typeOf(x);
  if (!keepDims || axes.length === 0) return value;
  return c.g.reshape(value, { shape: shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)) });
}

// `Without` and `Ones` are the type-level twins of what reducing does to a shape.
const reduction = (name: string, of: (c: Context, x: Value, axes: readonly number[]) => Value): Reduction =>
  ((x: FloatTensor, axes?: readonly number[], options: ReductionOptions = {}) => {
    const c = called(name, { x, axes, options }, { x: FLOATS, axes: optional(AXES), options: OPTIONS });
    return c.run(() => {
      const own = axesIn(c, name, x.value, axes);
      return c.tensor(keeping(c, x.value, own, options, of(c, x.value, own)));
    });
  }) as Reduction;

/** Σ x over `axes`, or over all of them; of a short batch its real rows only. Throws for axes x does not have. */
export const sum: Reduction = reduction("sum", liveSum);

/** Mean over `axes`, or over all of them; of a short batch its real rows only. */
export const mean: Reduction = reduction("mean", liveMean);

/** Largest element; equals share the gradient. */
export const max: Reduction = reduction("max", ({ g }, x, axes) => g.reduceMax(x, { axes }));

/** Smallest element; equals share the gradient. */
export const min: Reduction = reduction("min", ({ g }, x, axes) => g.neg(g.reduceMax(g.neg(x), { axes })));

/** A value of the reduced shape over the axes that went. */
export const respread = (c: Context, x: Value, axes: readonly number[], value: Value): Value =>
  c.g.broadcast(value, { axes, size: axes.map((axis) => c.typeOf(x).shape[axis]!) });

export interface VarianceOptions extends ReductionOptions {
  /** What is taken off the number of elements that the squares are divided by: 1 is Bessel's. Default: 0. */
  readonly correction?: number;
}

const VARIANCE = optionsOf<VarianceOptions>({ ...KEEP, correction: numbers("a finite number of at least 0", (n) => n >= 0) });

/** Mean of (x − mean)². */
function spreadOf(c: Context, name: string, x: Value, axes: readonly number[], { correction = 0 }: VarianceOptions): Value {
  const apart = c.g.sub(x, respread(c, x, axes, liveMean(c, x, axes)));
  const mean = liveMean(c, c.g.mul(apart, apart), axes);
  if (correction === 0) return mean;
  const rows = c.rows.along(c, x);
  if (rows !== undefined && axes.includes(rows.axis))
    c.fail(
      `${name}/correction`,
      `${name} over the rows of the batch has no correction, because a batch may be short`,
      "Leave the correction out, or reduce over other axes.",
    );
  const count = axes.reduce((n, axis) => n * c.typeOf(x).shape[axis]!, 1);
  if (!(count > correction))
    c.fail(
      `${name}/correction`,
      `${name} needs more elements than its correction, but of ${count} it takes off ${correction}`,
      "Correct by less.",
    );
  return c.g.mul(mean, c.g.literal(count / (count - correction), c.float));
}

const varianceNamed = (name: string, of: (c: Context, variance: Value) => Value): Reduction<VarianceOptions> =>
  ((x: FloatTensor, axes?: readonly number[], options: VarianceOptions = {}) => {
    const c = called(name, { x, axes, options }, { x: FLOATS, axes: optional(AXES), options: VARIANCE });
    return c.run(() => {
      const own = axesIn(c, name, x.value, axes);
      return c.tensor(keeping(c, x.value, own, options, of(c, spreadOf(c, name, x.value, own, options))));
    });
  }) as Reduction<VarianceOptions>;

/** Mean of (x − mean)², the biased variance; with `correction` 1 PyTorch's. */
export const variance: Reduction<VarianceOptions> = varianceNamed("variance", (_, value) => value);

/** √ of the variance, biased like it; the slope where all elements are equal is 0. */
export const std: Reduction<VarianceOptions> = varianceNamed("std", rootOf);

/** √x with the slope 0 at 0. */
export function rootOf({ g, float }: Context, x: Value): Value {
  const isZero = g.eq(x, g.literal(0, float));
  return g.where(isZero, g.literal(0, float), g.sqrt(g.where(isZero, g.literal(1, float), x)));
}

/** Where the first of the largest, or of what else is sought, lies along an axis. */
const position =
  (name: string, of: (c: Context, x: Value) => Value) =>
  (x: FloatTensor, axis: number, options: ReductionOptions = {}): Tensor => {
    const c = called(name, { x, axis, options }, { x: FLOATS, axis: AXIS, options: OPTIONS });
    return c.run(() => {
      const at = axisIn(c, name, x.value, axis);
      return c.tensor(keeping(c, x.value, [at], options, c.g.argmax(of(c, x.value), { axis: at })));
    });
  };

export interface Position {
  <S extends Shape, const A extends number>(x: FloatTensor<S>, axis: A): Tensor<Without<S, readonly [A]>, "i32">;
  <S extends Shape, const A extends number>(
    x: FloatTensor<S>,
    axis: A,
    options: { readonly keepDims: true },
  ): Tensor<Ones<S, readonly [A]>, "i32">;
  (x: FloatTensor, axis: number, options: ReductionOptions): Tensor<Shape, "i32">;
}

/** Position of the first largest element along an axis; no gradient. */
export const argmax: Position = position("argmax", (_, x) => x) as Position; // argmax gives integers

/** Position of the first smallest element along an axis; no gradient. */
export const argmin: Position = position("argmin", ({ g }, x) => g.neg(x)) as Position; // as argmax does

/** Running sums along an axis: y[i] = Σ x[k] over k ≤ i. */
export function cumsum<S extends Shape>(x: FloatTensor<S>, axis: number): FloatTensor<S> {
  const c = called("cumsum", { x, axis }, { x: FLOATS, axis: AXIS });
  return c.run(() => c.tensor(c.g.cumsum(x.value, { axis: axisIn(c, "cumsum", x.value, axis) }))) as typeof x; // cumsum keeps the shape
}
