/** Reductions that are compositions: products, logarithms of sums, norms, and whether any or all of some conditions hold. */

import { FLAG, optional, optionsOf, type Law } from "../graph/arguments.ts";
import type { Value } from "../graph/graph.ts";
import { sizeOf, type Shape } from "../graph/type.ts";
import { called } from "./arguments.ts";
import { axesIn, axisIn } from "./axes.ts";
import type { BoolTensor } from "./comparisons.ts";
import type { Context } from "./context.ts";
import { ANY_NUMBER, AXES, AXIS, FLOATS, TRUTHS } from "./kinds.ts";
import { liveSum } from "./live.ts";
import { keeping, respread, rootOf, type Ones, type Reduction, type ReductionOptions, type Without } from "./reductions.ts";
import type { FloatTensor } from "./tensor.ts";

const OPTIONS = optionsOf<ReductionOptions>({ keepDims: FLAG });

/** Runs `of` over axes of x as a reduction of that name. */
function reduced(
  name: string,
  law: Law,
  x: FloatTensor | BoolTensor,
  axes: readonly number[] | undefined,
  options: ReductionOptions,
  of: (c: Context, x: Value, axes: readonly number[]) => Value,
): FloatTensor {
  const c = called(name, { x, axes, options }, { x: law, axes: optional(AXES), options: OPTIONS });
  return c.run(() => {
    const own = axesIn(c, name, x.value, axes);
    return c.tensor(keeping(c, x.value, own, options, of(c, x.value, own)));
  }) as FloatTensor; // `of` keeps to its dtype
}

/** x[from .. to] of its last axis. */
function cut({ g, builder }: Context, x: Value, from: number, to: number): Value {
  const { shape } = builder.typeOf(x);
  const last = shape.length - 1;
  const start = shape.map((_, axis) => (axis === last ? from : 0));
  return g.slice(x, { start, limit: shape.map((extent, axis) => (axis === last ? to : extent)), stride: shape.map(() => 1) });
}

/** Half of the factors times the other half, until there is one: no factor of 0 divides anything. */
function productOver(c: Context, x: Value, axes: readonly number[]): Value {
  const { g } = c;
  const { shape } = c.typeOf(x);
  const others = shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const left = others.map((axis) => shape[axis]!);
  let n = sizeOf(axes.map((axis) => shape[axis]!));
  let rest: Value | undefined;
  let factors = g.reshape(g.transpose(x, { order: [...others, ...axes] }), { shape: [...left, n] });
  for (; n > 1; n = Math.floor(n / 2)) {
    const half = Math.floor(n / 2);
    if (n % 2 === 1) {
      const odd = cut(c, factors, n - 1, n);
      rest = rest === undefined ? odd : g.mul(rest, odd);
    }
    factors = g.mul(cut(c, factors, 0, half), cut(c, factors, half, 2 * half));
  }
  return g.reshape(rest === undefined ? factors : g.mul(factors, rest), { shape: left });
}

/** Π x over `axes`, or over all of them; its gradient is right where factors are 0. Throws for axes x does not have. */
export const prod: Reduction = ((x: FloatTensor, axes?: readonly number[], options: ReductionOptions = {}) =>
  reduced("prod", FLOATS, x, axes, options, productOver)) as Reduction;

/** Running products along an axis: y[i] = Π x[k] over k ≤ i; in about log₂ n products a value. Its gradient is right where factors are 0. */
export function cumprod<S extends Shape>(x: FloatTensor<S>, axis: number): FloatTensor<S> {
  const c = called("cumprod", { x, axis }, { x: FLOATS, axis: AXIS });
  return c.run(() => {
    const { g } = c;
    const at = axisIn(c, "cumprod", x.value, axis);
    const n = x.shape[at]!;
    let products = x.value;
    for (let by = 1; by < n; by *= 2) {
      const ones = { axes: x.shape.map((_, other) => other), size: x.shape.map((extent, other) => (other === at ? by : extent)) };
      const limit = x.shape.map((extent, other) => (other === at ? n - by : extent));
      const earlier = g.slice(products, { start: x.shape.map(() => 0), limit, stride: x.shape.map(() => 1) });
      products = g.mul(products, g.concat([g.broadcast(g.literal(1, c.float), ones), earlier], { axis: at }));
    }
    return c.tensor(products);
  }) as FloatTensor<S>; // as many products as factors
}

/** log Σ eˣ over `axes`, or over all of them, without the exponentials that would overflow. Throws for axes x does not have. */
export const logSumExp: Reduction = ((x: FloatTensor, axes?: readonly number[], options: ReductionOptions = {}) =>
  reduced("logSumExp", FLOATS, x, axes, options, (c, v, own) => {
    const { g } = c;
    const zero = g.literal(0, c.float);
    const largest = g.stopGradient(c.named("largest", g.reduceMax(v, { axes: own })));
    // of infinities nothing is taken away: ∞ − ∞ is no number
    const isInfinite = g.eq(g.abs(largest), g.literal(Infinity, c.float));
    const shift = c.named("shift", g.where(isInfinite, zero, largest));
    const total = c.named("total", liveSum(c, g.exp(g.sub(v, respread(c, v, own, shift))), own));
    return g.add(g.log(total), shift);
  })) as Reduction;

export interface VectorNormOptions extends ReductionOptions {
  /** Over which axes. Default: all of them. */
  readonly axes?: readonly number[];
}

const NORM = optionsOf<VectorNormOptions>({ keepDims: FLAG, axes: AXES });

/** (Σ|x|ᵖ)^(1/p) over axes; of p = ∞ the largest |x|, of −∞ the smallest, of 0 how many are not 0. The gradient where it is 0 is 0. */
export function norm(x: FloatTensor, p = 2, options: VectorNormOptions = {}): FloatTensor {
  const c = called("norm", { x, p, options }, { x: FLOATS, p: optional(ANY_NUMBER), options: NORM });
  return c.run(() => {
    if (Number.isNaN(p)) c.fail("norm/p", "norm needs a number p, or an infinite one, but got NaN", "Give 1, 2 or Infinity.");
    const own = axesIn(c, "norm", x.value, options.axes);
    return c.tensor(keeping(c, x.value, own, options, normOver(c, x.value, own, p)));
  }) as FloatTensor;
}

/** (Σ|x|ᵖ)^(1/p) over axes. */
export function normOver(c: Context, x: Value, axes: readonly number[], p: number): Value {
  const { g } = c;
  const [zero, one] = [g.literal(0, c.float), g.literal(1, c.float)];
  if (p === 2) return rootOf(c, liveSum(c, g.mul(x, x), axes));
  if (p === 1) return liveSum(c, g.abs(x), axes);
  if (p === Infinity) return g.reduceMax(g.abs(x), { axes });
  if (p === -Infinity) return g.neg(g.reduceMax(g.neg(g.abs(x)), { axes }));
  const isZero = g.eq(x, zero);
  if (p === 0) return liveSum(c, g.where(isZero, zero, one), axes);
  // at 0 a power below 1 has no slope, and one below 0 no value
  const powers = g.pow(g.abs(g.where(isZero, one, x)), g.literal(p, c.float));
  const total = liveSum(c, g.where(isZero, p < 0 ? g.literal(Infinity, c.float) : zero, powers), axes);
  const isNone = g.eq(total, zero);
  return g.where(isNone, zero, g.pow(g.where(isNone, one, total), g.literal(1 / p, c.float)));
}

export interface Quantifier {
  (x: BoolTensor): BoolTensor<readonly []>;
  <S extends Shape, const A extends readonly number[]>(x: BoolTensor<S>, axes: A): BoolTensor<Without<S, A>>;
  <S extends Shape, const A extends readonly number[]>(
    x: BoolTensor<S>,
    axes: A,
    options: { readonly keepDims: true },
  ): BoolTensor<Ones<S, A>>;
  (x: BoolTensor, axes: readonly number[] | undefined, options: ReductionOptions): BoolTensor;
}

const some = (c: Context, x: Value, axes: readonly number[]): Value =>
  c.g.lt(c.g.literal(0, "i32"), c.g.sum(c.g.cast(x, { to: "i32" }), { axes }));

/** Whether any of the conditions holds, over `axes` or over all of them. Throws for axes x does not have. */
export const any: Quantifier = ((x: BoolTensor, axes?: readonly number[], options: ReductionOptions = {}) =>
  reduced("any", TRUTHS, x, axes, options, some)) as unknown as Quantifier;

/** Whether all of the conditions hold, over `axes` or over all of them. Throws for axes x does not have. */
export const all: Quantifier = ((x: BoolTensor, axes?: readonly number[], options: ReductionOptions = {}) =>
  reduced("all", TRUTHS, x, axes, options, (c, v, own) => c.g.not(some(c, c.g.not(v), own)))) as unknown as Quantifier;
