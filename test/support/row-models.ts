/** Guarantees random models that move, mix and reduce the rows of their batch in ways that models do, each a function of its batch. */

import fc from "fast-check";
import {
  add,
  batchMean,
  batchNorm,
  cumsum,
  concatenate,
  embedding,
  exp,
  expandDims,
  grad,
  input,
  l2,
  labels,
  layerNorm,
  log,
  matmul,
  max,
  mean,
  model,
  mse,
  mul,
  pad,
  param,
  reshape,
  reversed,
  sgd,
  sin,
  slice,
  softmax,
  softmaxCrossEntropy,
  sqrt,
  square,
  stack,
  stopGradient,
  sub,
  sum,
  tanh,
  transpose,
  variance,
  normal,
  type Declaration,
  type FloatTensor,
  type Model,
  type Scalar,
  type Tensor,
} from "../../compiler/index.ts";
import { context } from "../../compiler/model/context.ts";
import { sizeOf } from "../../compiler/graph/type.ts";

/** One step: which op, on which earlier values, how. */
type Step = readonly [op: number, a: number, b: number, n: number];

export interface RowRecipe {
  readonly inner: readonly number[];
  /** Positions a row in the second input's leading axis. */
  readonly per: number;
  readonly steps: readonly Step[];
  readonly losses: readonly Step[];
}

const small = fc.integer({ min: 0, max: 11 });
const step = fc.tuple(fc.integer({ min: 0, max: 99 }), small, small, small);

export const rowRecipes: fc.Arbitrary<RowRecipe> = fc.record({
  inner: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 2 }),
  per: fc.integer({ min: 1, max: 3 }),
  steps: fc.array(step, { minLength: 1, maxLength: 6 }),
  losses: fc.array(step, { minLength: 1, maxLength: 2 }),
});

const pick = <T>(from: readonly T[], n: number): T => from[n % from.length]!;
const float = (x: Tensor): FloatTensor => x as FloatTensor; // made of floats

/** Values so far, and the batch, in which every extent is a polynomial. */
class Bench {
  readonly batch: number;
  readonly values: FloatTensor[];
  /** Values that parameters of their own went into: each must reach the loss. */
  readonly owed: FloatTensor[] = [];
  #params = 0;

  constructor({ inner, per }: RowRecipe, batch: number) {
    this.batch = batch;
    const x = input("x", [batch, ...inner]);
    const z = input("z", [batch * per, 2]);
    const w = this.param([3, 2]);
    this.values = [mul(x, this.param(inner)), add(z, this.param([2])), w].map(float);
  }

  param(shape: readonly number[]): FloatTensor {
    return float(param(`w${this.#params++}`, shape, normal(0.5)));
  }

  /** Extents that two values share whatever the batch: compared at another batch they would be equal too. */
  alike(x: FloatTensor, n: number): FloatTensor | undefined {
    const same = this.values.filter((other) => String(other.shape) === String(x.shape) && this.scales(other) === this.scales(x));
    return same.length === 0 ? undefined : pick(same, n);
  }

  /** Which axes are as long as the batch is told by extents alone only where it is prime to them, as batches above 3 here are. */
  scales({ shape }: FloatTensor): string {
    return shape.map((extent) => extent % this.batch === 0).join();
  }

  run([op, a, b, n]: Step): void {
    const x = pick(this.values, a);
    if (x.shape.length === 0) return;
    const before = context().storage.size;
    const made = pick(STEPS, op)(this, x, b, n);
    if (made === undefined) return;
    if (context().storage.size > before) this.owed.push(made);
    this.values.push(made);
  }
}

type Make = (bench: Bench, x: FloatTensor, b: number, n: number) => FloatTensor | undefined;

const last = (x: FloatTensor): number => x.shape.length - 1;
const axisOf = (x: FloatTensor, n: number): number => n % x.shape.length;

/** Axes in another order, the n-th. */
const orderOf = (x: FloatTensor, n: number): number[] => {
  const left = x.shape.map((_, axis) => axis);
  return x.shape.map((_, k) => left.splice((n * (k + 1)) % left.length, 1)[0]!);
};

const merged: Make = (_, x, __, n) => {
  if (x.shape.length < 2) return undefined;
  const at = n % last(x);
  return reshape(x, x.shape.toSpliced(at, 2, x.shape[at]! * x.shape[at + 1]!));
};

/** An axis of m·batch as [batch, m] or [m, batch]: the second takes rows apart unless they lie that way. */
const split: Make = ({ batch }, x, b, n) => {
  const at = axisOf(x, n);
  const extent = x.shape[at]!;
  if (extent % batch !== 0) return undefined;
  const parts = [batch, extent / batch];
  return reshape(x, x.shape.toSpliced(at, 1, ...(b % 3 === 0 ? parts.reverse() : parts)));
};

const widened: Make = (bench, x) => {
  const width = x.shape[last(x)]!;
  return width % bench.batch === 0 || x.shape.length < 2 ? undefined : float(matmul(x, bench.param([width, 2])));
};

const STEPS: readonly Make[] = [
  merged,
  merged,
  merged,
  split,
  split,
  (_, x, __, n) => transpose(x, orderOf(x, n)),
  (_, x, __, n) => transpose(x, orderOf(x, n)),
  (_, x) => tanh(x),
  (_, x) => square(x),
  (_, x) => sin(x),
  (_, x) => sqrt(add(square(x), 0.1)),
  widened,
  widened,
  (bench, x, b) => {
    const y = bench.alike(x, b);
    return y && float(add(x, y));
  },
  (bench, x, b) => {
    const y = bench.alike(x, b);
    return y && float(mul(x, y));
  },
  (bench, x) => (x.shape[last(x)]! % bench.batch === 0 ? undefined : float(add(x, bench.param([x.shape[last(x)]!])))),
  (_, x, __, n) => softmax(x, axisOf(x, n)),
  (_, x, __, n) => float(mean(x, [axisOf(x, n)])),
  (_, x, __, n) => float(sum(x, [axisOf(x, n)])),
  (_, x, __, n) => float(max(x, [axisOf(x, n)])),
  (_, x, __, n) => float(variance(x, [axisOf(x, n)])),
  (_, x, __, n) => float(sub(x, reshape(float(mean(x, [axisOf(x, n)])), x.shape.toSpliced(axisOf(x, n), 1, 1)))),
  (bench, x, b, n) => {
    const y = bench.alike(x, b);
    return y && concatenate([x, y], axisOf(x, n));
  },
  (bench, x, b, n) => {
    const y = bench.alike(x, b);
    return y && stack([x, y], n % (x.shape.length + 1));
  },
  (_, x, b, n) => {
    const at = axisOf(x, n);
    const extent = x.shape[at]!;
    return extent < 2
      ? undefined
      : slice(
          x,
          x.shape.map((_, axis) => (axis === at ? b % 2 : 0)),
          x.shape.map((e, axis) => (axis === at && b % 3 > 0 ? Math.max(1 + (b % 2), e - (b % 2 === 0 ? 1 : 0)) : e)),
        );
  },
  (_, x, __, n) => reversed(x, [axisOf(x, n)]),
  (_, x, __, n) => cumsum(x, axisOf(x, n)),
  (_, x, __, n) => expandDims(x, n % (x.shape.length + 1)),
  (_, x, b, n) =>
    pad(
      x,
      x.shape.map((_, axis) => (axis === axisOf(x, n) ? [b % 2, 1] : [0, 0])),
    ),
  (bench, x) => (x.shape.length < 2 || x.shape[last(x)]! % bench.batch === 0 ? undefined : layerNorm()(x)),
  (bench, x, b) => (x.shape.length === 2 && x.shape[0]! > 1 && x.shape[1]! % bench.batch !== 0 && b % 3 === 0 ? batchNorm()(x) : undefined),
  (_, x, b) => (x.shape.length === 2 && b % 3 === 0 ? float(matmul(x, transpose(x, [1, 0]))) : undefined),
  (_, x) => stopGradient(x),
  (_, x) => {
    const total = mean(tanh(x)) as Scalar;
    return grad(total, [x])[0];
  },
  (bench, _, b, n) => float(embedding(3, 2)(labels(`t${b}${n}${bench.values.length}`, [bench.batch, 1 + (b % 2)], { classes: 3 }))),
];

type MakeLoss = (bench: Bench, x: FloatTensor, b: number, at: number) => Scalar;

const flat = (x: FloatTensor): FloatTensor => reshape(x, [sizeOf(x.shape)]);

const LOSSES: readonly MakeLoss[] = [
  (_, x) => batchMean(x),
  (_, x) => batchMean(flat(square(x))),
  (_, x) => mean(square(x)) as Scalar,
  (_, x) => mul(sum(sin(x)) as Scalar, 0.1) as Scalar,
  (_, x) => l2([x], 0.1),
  (_, x) => mse(x, float(mul(x, 0.5))),
  (_, x) => mse(flat(x), float(tanh(flat(x)))),
  (_, x) => batchMean(float(log(add(exp(x), 1)))),
  (_, x) => batchMean(float(sqrt(add(sum(square(x), [last(x)]), 0.01)))),
  (bench, x, b, at) => {
    const scores = x.shape.length < 2 ? undefined : x;
    if (scores === undefined || bench.scales(x) !== x.shape.map((_, axis) => axis === 0).join()) return batchMean(x);
    const y = labels(`y${at}`, x.shape.slice(0, -1), { classes: x.shape[last(x)]! });
    return softmaxCrossEntropy(scores, y, b % 2 === 0 ? {} : { weights: input(`weights${at}`, [bench.batch]) });
  },
];

/** What a recipe declares at a batch. */
export function declareRows(recipe: RowRecipe, rows: number): Declaration & { readonly loss: Scalar } {
  const bench = new Bench(recipe, rows);
  for (const one of recipe.steps) bench.run(one);
  const terms = recipe.losses.map(([op, a, b], at) => {
    const x = pick(bench.values.slice(-4), a);
    return x.shape.length === 0 ? (x as Scalar) : pick(LOSSES, op)(bench, x, b, at);
  });
  const all = [...bench.values.slice(0, 3), ...bench.owed].map((x) => mul(mean(square(x)) as Scalar, 0.01));
  const loss = [...terms, ...all].reduce((a, b) => add(a, b) as Scalar) as Scalar;
  return { loss, optimizer: sgd({ learningRate: 1 }), metrics: { first: terms[0]! } };
}

export const rowModelOf = (recipe: RowRecipe, batch: number): Model =>
  model("rows", { batch: { train: batch, evaluate: batch, predict: batch } }, ({ batch: rows }) => declareRows(recipe, rows));
