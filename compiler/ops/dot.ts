/** The contraction of two tensors over any axes, with batch axes, closed under its own gradient. */

import type { Value } from "../graph/graph.ts";
import { ShapeError } from "../graph/error.ts";
import { f32, type TensorType } from "../graph/type.ts";
import { apply, sumOver } from "../loop/build.ts";
import { index, type Index } from "../loop/index-expression.ts";
import { later } from "./batching.ts";
import { offsetsOf, type Op, type VjpScope } from "./op.ts";

/** Axes of one operand, by what becomes of them. */
interface Sides {
  readonly batch: readonly number[];
  readonly contract: readonly number[];
  readonly free: readonly number[];
}

/** Batch axes pair up in order, contracted axes too. */
export type DotAttrs = {
  readonly aBatch: readonly number[];
  readonly aContract: readonly number[];
  readonly bBatch: readonly number[];
  readonly bContract: readonly number[];
};

const side = (attrs: DotAttrs, which: "a" | "b", rank: number): Sides => {
  const batch = attrs[`${which}Batch`];
  const contract = attrs[`${which}Contract`];
  const free = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !batch.includes(axis) && !contract.includes(axis));
  return { batch, contract, free };
};

/** Attributes of a dot, without batch axes where none are given. */
export const dotAttrs = (
  aContract: readonly number[],
  bContract: readonly number[],
  aBatch: readonly number[] = [],
  bBatch: readonly number[] = [],
): DotAttrs => ({ aBatch, aContract, bBatch, bContract });

/** a·b with ᵀ where a matrix is read across; contraction axes named otherwise. */
function maths(a: string, b: string, attrs: DotAttrs, [x, y]: readonly [TensorType, TensorType]): string {
  const rank = x.shape.length;
  const matrix = rank === y.shape.length && attrs.aBatch.length === rank - 2;
  const rows = attrs.aBatch.length === 0 ? overRows(attrs, rank, y.shape.length) : undefined;
  if (rows !== undefined) return rows(a, b);
  if (!matrix) return `Σ ${a}·${b} over axes ${attrs.aContract.join(",")} of ${a}`;
  const aᵀ = attrs.aContract[0] === rank - 2 ? "ᵀ" : "";
  const bᵀ = attrs.bContract[0] === rank - 1 ? "ᵀ" : "";
  return `${a}${aᵀ} · ${b}${bᵀ}`;
}

/** The same of what has rows along several axes: x [n, t, in] · W [in, out], and what its adjoints are. */
function overRows({ aContract, bContract }: DotAttrs, rank: number, other: number): ((a: string, b: string) => string) | undefined {
  const isLast = aContract.length === 1 && aContract[0] === rank - 1;
  if (isLast && other === 2 && bContract.length === 1) return (a, b) => `${a} · ${b}${bContract[0] === 0 ? "" : "ᵀ"}`;
  const areLeading = (axes: readonly number[], of: number): boolean => axes.length === of - 1 && axes.every((axis, n) => axis === n);
  return rank > 2 && areLeading(aContract, rank) && areLeading(bContract, other) ? (a, b) => `${a}ᵀ · ${b}` : undefined;
}

/** The gradient of one operand: the cotangent against the other operand, in the layout of the first. */
function pullBack({ g, node, inputs: [a, b], cotangent }: VjpScope<[a: Value, b: Value], DotAttrs>, at: 0 | 1): Value {
  const A = side(node.attrs, "a", g.typeOf(a).shape.length);
  const B = side(node.attrs, "b", g.typeOf(b).shape.length);
  const batches = A.batch.map((_, n) => n);
  const aFree = A.free.map((_, n) => A.batch.length + n);
  const bFree = B.free.map((_, n) => A.batch.length + A.free.length + n);
  if (at === 0) {
    // d_a = d_y · bᵀ: batch, free axes of a, then the contracted axes in b's order
    const product = g.dot(cotangent, b, dotAttrs(bFree, B.free, batches, B.batch));
    const inOrder = [...B.contract].map((_, n) => n).sort((m, n) => B.contract[m]! - B.contract[n]!);
    return restore(g, product, [...A.batch, ...A.free, ...inOrder.map((n) => A.contract[n]!)]);
  }
  // d_b = aᵀ · d_y: batch, the contracted axes in a's order, then free axes of b
  const product = g.dot(a, cotangent, dotAttrs(A.free, aFree, A.batch, batches));
  const inOrder = [...A.contract].map((_, n) => n).sort((m, n) => A.contract[m]! - A.contract[n]!);
  return restore(g, product, [...B.batch, ...inOrder.map((n) => B.contract[n]!), ...B.free]);
}

/** Transposes so that axis n of the product becomes axis axes[n]. */
function restore(g: VjpScope["g"], product: Value, axes: readonly number[]): Value {
  if (axes.every((axis, n) => axis === n)) return product;
  const order = axes.map((_, n) => axes.indexOf(n));
  return g.transpose(product, { order });
}

type Offsets = [batch: Int32Array, free: Int32Array, contract: Int32Array];

/** Elements of an operand: one for each term. */
interface Terms {
  readonly from: Float64Array;
  readonly at: Int32Array;
}

/** A row of the reference. Four columns are added up side by side, each in its order: one addition need not wait for the one before. */
function rowOf(a: Terms, b: Terms & { readonly columns: Int32Array }, into: Float64Array): void {
  const [x, w, atA, atB, columns] = [a.from, b.from, a.at, b.at, b.columns];
  let j = 0;
  for (; j + 4 <= columns.length; j += 4) {
    const [first, second, third, fourth] = [columns[j]!, columns[j + 1]!, columns[j + 2]!, columns[j + 3]!];
    // one by one: a list that is taken apart is made anew each time
    let p = 0;
    let q = 0;
    let r = 0;
    let s = 0;
    for (let k = 0; k < atA.length; k++) {
      const value = x[atA[k]!]!;
      const at = atB[k]!;
      p += value * w[at + first]!;
      q += value * w[at + second]!;
      r += value * w[at + third]!;
      s += value * w[at + fourth]!;
    }
    into[j] = p;
    into[j + 1] = q;
    into[j + 2] = r;
    into[j + 3] = s;
  }
  for (; j < columns.length; j++) {
    let total = 0;
    for (let k = 0; k < atA.length; k++) total += x[atA[k]!]! * w[atB[k]! + columns[j]!]!;
    into[j] = total;
  }
}

export const dot: Op<"dot", [a: Value, b: Value], DotAttrs> = {
  name: "dot",
  arity: 2,
  contracts: true,
  maths: ([a, b], attrs, types) => maths(a, b, attrs, types),

  infer([a, b], attrs) {
    const A = side(attrs, "a", a.shape.length);
    const B = side(attrs, "b", b.shape.length);
    const operands = [
      { label: "a", type: a },
      { label: "b", type: b },
    ];
    if (a.dtype !== b.dtype || (a.dtype !== "f32" && a.dtype !== "f64"))
      throw new ShapeError("dot", "needs two float operands of one dtype", operands);
    A.contract.forEach((axis, n) => {
      const [left, right] = [a.shape[axis], b.shape[B.contract[n]!]];
      if (left === right && left !== undefined) return;
      const plain = a.shape.length === 2 && b.shape.length === 2 && axis === 1 && B.contract[n] === 0;
      const law = plain ? "columns of a = rows of b" : `axis ${axis} of a = axis ${B.contract[n]} of b`;
      throw new ShapeError("dot", `needs ${law}, but ${left} ≠ ${right}`, operands);
    });
    A.batch.forEach((axis, n) => {
      const [left, right] = [a.shape[axis], b.shape[B.batch[n]!]];
      if (left !== right) throw new ShapeError("dot", `needs equal batch axes, but ${left} ≠ ${right}`, operands);
    });
    const pick = (type: TensorType, axes: readonly number[]): number[] => axes.map((axis) => type.shape[axis]!);
    return {
      dtype: a.dtype,
      shape: [...pick(a, A.batch), ...pick(a, A.free), ...pick(b, B.free)],
    };
  },

  batch({ g, inputs: [a, b], attrs, type, append }) {
    const moved = (which: "a" | "b", along: boolean): Pick<Sides, "batch" | "contract"> => {
      const { batch, contract } = side(attrs, which, 0);
      return along ? { batch: later(batch), contract: later(contract) } : { batch, contract };
    };
    const [A, B] = [moved("a", a!.along), moved("b", b!.along)];
    if (a!.along && b!.along) return append([a!.value, b!.value], dotAttrs(A.contract, B.contract, [0, ...A.batch], [0, ...B.batch]));
    const product = append([a!.value, b!.value], dotAttrs(A.contract, B.contract, A.batch, B.batch));
    // the new axis is the first of the free ones of the operand that has it
    const before = A.batch.length + (a!.along ? 0 : g.typeOf(a!.value).shape.length - A.batch.length - A.contract.length);
    return restore(g, product, [
      ...Array.from({ length: before }, (_, n) => n + 1),
      0,
      ...type.shape.slice(before).map((_, n) => before + n + 1),
    ]);
  },

  // y = a·b   ⇒   d_a = d_y·bᵀ,   d_b = aᵀ·d_y
  laws: ["d_a = d_y·bᵀ", "d_b = aᵀ·d_y"],
  vjp: (scope, at) => pullBack(scope, at as 0 | 1),

  evaluate([a, b], attrs, y) {
    const A = side(attrs, "a", a.type.shape.length);
    const B = side(attrs, "b", b.type.shape.length);
    const [batchA, freeA, depthA] = [A.batch, A.free, A.contract].map((axes) => offsetsOf(a.type.shape, axes)) as Offsets;
    const [batchB, freeB, depthB] = [B.batch, B.free, B.contract].map((axes) => offsetsOf(b.type.shape, axes)) as Offsets;
    let flat = 0;
    for (let n = 0; n < batchA.length; n++)
      for (const i of freeA) {
        const row = { from: a.data.subarray(batchA[n]! + i), at: depthA };
        rowOf(row, { from: b.data.subarray(batchB[n]!), at: depthB, columns: freeB }, y.data.subarray(flat, (flat += freeB.length)));
      }
  },

  define({ at, read, types: [a, b], type, attrs, axis }) {
    const A = side(attrs, "a", a.shape.length);
    const B = side(attrs, "b", b.shape.length);
    const axes = A.contract.map((n) => axis(a.shape[n]!));
    const atA: Index[] = [];
    const atB: Index[] = [];
    let n = 0;
    A.batch.forEach((dim, m) => (atA[dim] = atB[B.batch[m]!] = at[n++]!));
    A.free.forEach((dim) => (atA[dim] = at[n++]!));
    B.free.forEach((dim) => (atB[dim] = at[n++]!));
    axes.forEach((k, m) => {
      atA[A.contract[m]!] = atB[B.contract[m]!] = index(k.name, k.extent);
    });
    return sumOver(axes, apply("mul", type.dtype, read[0](...atA), read[1](...atB)));
  },

  samples: [
    { inputs: [f32(3, 4), f32(4, 5)], attrs: dotAttrs([1], [0]) },
    { inputs: [f32(1, 1), f32(1, 1)], attrs: dotAttrs([1], [0]) },
    { inputs: [f32(7, 1), f32(1, 2)], attrs: dotAttrs([1], [0]) },
    { inputs: [f32(4, 3), f32(5, 4)], attrs: dotAttrs([0], [1]) },
    { inputs: [f32(2, 3, 4), f32(2, 4, 5)], attrs: dotAttrs([2], [1], [0], [0]) },
    { inputs: [f32(2, 3, 4), f32(4, 2, 5)], attrs: dotAttrs([0, 2], [1, 0]) },
    { inputs: [f32(6), f32(6)], attrs: dotAttrs([0], [0]) },
  ],
};
