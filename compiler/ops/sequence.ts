/** Concatenation, running sums, and reading and adding by position. */

import { ShapeError } from "../graph/error.ts";
import type { Value } from "../graph/graph.ts";
import { f32, i32, sameShape, stridesOf, type TensorType } from "../graph/type.ts";
import { apply, at as position, literal, select } from "../loop/build.ts";
import { index, shift, type Index } from "../loop/index-expression.ts";
import type { Scalar } from "../loop/loop.ts";
import { randomBits as bits } from "../loop/random.ts";
import { raised } from "./batching.ts";
import { eachPosition, type Op } from "./op.ts";
import { scattered } from "./runs.ts";

/** Operands one after the other along an axis. */
export const concat: Op<"concat", readonly Value[], { readonly axis: number }> = {
  name: "concat",
  arity: "many",
  exact: true,
  maths: (operands, { axis }) => `concat(${operands.join(", ")}) along axis ${axis}`,
  infer(inputs, { axis }) {
    const [first, ...rest] = inputs as [TensorType, ...TensorType[]];
    const fits = (x: TensorType): boolean =>
      x.dtype === first.dtype &&
      x.shape.length === first.shape.length &&
      x.shape.every((extent, n) => n === axis || extent === first.shape[n]);
    if (!(axis >= 0 && axis < first.shape.length) || !rest.every(fits))
      throw new ShapeError(
        "concat",
        `needs operands that differ on axis ${axis} only`,
        inputs.map((type, n) => ({ label: `${n}`, type })),
      );
    const extent = inputs.reduce((n, x) => n + x.shape[axis]!, 0);
    return { dtype: first.dtype, shape: first.shape.map((e, n) => (n === axis ? extent : e)) };
  },
  batch: (scope) => scope.append(scope.inputs.map((x) => raised(scope, x)), { axis: scope.attrs.axis + 1 }), // prettier-ignore
  laws: ["d_x = d_y where x was put"],
  vjp({ g, inputs, node, cotangent }, at) {
    const { axis } = node.attrs;
    const from = inputs.slice(0, at).reduce((n, x) => n + g.typeOf(x).shape[axis]!, 0);
    const own = g.typeOf(inputs[at]!).shape;
    const start = own.map((_, n) => (n === axis ? from : 0));
    return g.slice(cotangent, { start, limit: own.map((extent, n) => start[n]! + extent), stride: own.map(() => 1) });
  },
  evaluate(inputs, { axis }, y) {
    let from = 0;
    for (const x of inputs) {
      const strides = stridesOf(y.type.shape);
      scattered(y.data, x.data, x.type.shape, strides, from * strides[axis]!);
      from += x.type.shape[axis]!;
    }
  },
  define({ at, read, types, attrs: { axis } }) {
    const moved = (by: number): Index[] => at.map((i, n) => (n === axis ? shift(i, -by) : i));
    let from = types.reduce((n, x) => n + x.shape[axis]!, 0);
    return types.reduceRight<Scalar | undefined>((later, x, n) => {
      from -= x.shape[axis]!;
      const own = read[n]!(...moved(from));
      if (later === undefined) return own;
      const here = apply("lt", "bool", position(at[axis]!), literal(from + x.shape[axis]!, "i32"));
      return select(here, own, later);
    }, undefined)!;
  },
  samples: [
    { inputs: [f32(2, 3), f32(2, 2)], attrs: { axis: 1 } },
    { inputs: [f32(1, 3), f32(2, 3), f32(1, 3)], attrs: { axis: 0 } },
  ],
};

/** y[…,i,…] = Σ x[…,k,…] over k ≤ i. */
export const cumsum: Op<"cumsum", [x: Value], { readonly axis: number }> = {
  name: "cumsum",
  arity: 1,
  maths: ([x], { axis }) => `running Σ ${x} along axis ${axis}`,
  infer: ([x], { axis }) => {
    if (!(axis >= 0 && axis < x.shape.length))
      throw new ShapeError("cumsum", `needs an axis below ${x.shape.length}, but got ${axis}`, [{ label: "x", type: x }]);
    return x;
  },
  laws: ["d_x = running Σ d_y from the end"],
  vjp: ({ g, node, cotangent }) => {
    const axes = [node.attrs.axis];
    return g.reverse(g.cumsum(g.reverse(cotangent, { axes }), { axis: axes[0]! }), { axes });
  },
  evaluate([x], { axis }, y) {
    const { shape } = y.type;
    const stride = shape.slice(axis + 1).reduce((n, extent) => n * extent, 1);
    eachPosition(shape, (at, flat) => {
      y.data[flat] = x.data[flat]! + (at[axis]! > 0 ? y.data[flat - stride]! : 0);
    });
  },
  define({ at, read, types, attrs: { axis }, axis: fresh }) {
    const k = fresh(types[0].shape[axis]!);
    const from = at.map((i, n) => (n === axis ? index(k.name, k.extent) : i));
    const before = apply("le", "bool", position(from[axis]!), position(at[axis]!));
    const term = select(before, read[0](...from), literal(0, types[0].dtype));
    return { kind: "reduce", dtype: term.dtype, by: "add", over: [k], term };
  },
  samples: [
    { inputs: [f32(3, 4)], attrs: { axis: 1 } },
    { inputs: [f32(5)], attrs: { axis: 0 } },
  ],
};

/** y[i…, j…] = x[indices[i…], j…], and 0 where that is no row of x. The transpose of scatterAdd. */
export const gather: Op<"gather", [x: Value, at: Value]> = {
  name: "gather",
  arity: 2,
  maths: ([x, at]) => `${x}[${at}]`,
  infer([x, at]) {
    if (at.dtype !== "i32" || x.shape.length === 0)
      throw new ShapeError("gather", "needs rows and i32 positions", [
        { label: "x", type: x },
        { label: "positions", type: at },
      ]);
    return { dtype: x.dtype, shape: [...at.shape, ...x.shape.slice(1)] };
  },
  laws: ["d_x = d_y added at the positions", null],
  vjp: ({ g, inputs: [x, at], cotangent }) => g.scatterAdd(at, cotangent, { rows: g.typeOf(x).shape[0]! }),
  evaluate([x, at], _, y) {
    const [rows] = x.type.shape as readonly [number];
    const width = x.data.length / rows;
    at.data.forEach((row, n) => {
      const isRow = row >= 0 && row < rows;
      for (let j = 0; j < width; j++) y.data[n * width + j] = isRow ? x.data[row * width + j]! : 0;
    });
  },
  define({ at, read, types, axis }) {
    const rank = types[1].shape.length;
    const row = axis(types[0].shape[0]!);
    const where = index(row.name, row.extent);
    const chosen = apply("eq", "bool", position(where), read[1](...at.slice(0, rank)));
    const term = select(chosen, read[0](where, ...at.slice(rank)), literal(0, types[0].dtype));
    return { kind: "reduce", dtype: term.dtype, by: "add", over: [row], term };
  },
  samples: [
    { inputs: [f32(4, 3), i32(5)], attrs: {}, within: [0, 3] },
    { inputs: [f32(4), i32(2, 3)], attrs: {}, within: [0, 3] },
    { inputs: [f32(3, 4), i32(8)], attrs: {}, within: [-2, 4] },
  ],
};

/**
 * y[r, j…] = Σ updates[i…, j…] over the i with positions[i…] = r, in order; a position that is no row adds to nothing. The sum is one in
 * memory: it costs its terms, and each of them is rounded as it is added.
 */
export const scatterAdd: Op<"scatterAdd", [at: Value, updates: Value], { readonly rows: number }> = {
  name: "scatterAdd",
  arity: 2,
  maths: ([at, d]) => `${d} added at ${at}`,
  infer([at, d], attrs) {
    const rank = at.shape.length;
    if (at.dtype !== "i32" || !sameShape(at.shape, d.shape.slice(0, rank)))
      throw new ShapeError("scatterAdd", "needs an update for each i32 position", [
        { label: "positions", type: at },
        { label: "updates", type: d },
      ]);
    return { dtype: d.dtype, shape: [attrs.rows, ...d.shape.slice(rank)] };
  },
  laws: [null, "d_updates = d_y at the positions"],
  vjp: ({ g, inputs: [at], cotangent }) => g.gather(cotangent, at),
  evaluate([at, d], { rows }, y) {
    y.data.fill(0);
    const width = d.data.length / at.data.length;
    at.data.forEach((row, n) => {
      if (row < 0 || row >= rows) return;
      for (let j = 0; j < width; j++) y.data[row * width + j]! += d.data[n * width + j]!;
    });
  },
  define({ at, read, types, axis }) {
    const over = types[0].shape.map((extent) => axis(extent));
    const where = over.map(({ name, extent }) => index(name, extent));
    const chosen = apply("eq", "bool", read[0](...where), position(at[0]!));
    const term = select(chosen, read[1](...where, ...at.slice(1)), literal(0, types[1].dtype));
    return { kind: "reduce", dtype: term.dtype, by: "add", over, term, inMemory: true };
  },
  samples: [
    { inputs: [i32(5), f32(5, 3)], attrs: { rows: 4 }, within: [0, 3] },
    { inputs: [i32(2, 3), f32(2, 3)], attrs: { rows: 4 }, within: [0, 3] },
    { inputs: [i32(9), f32(9, 4)], attrs: { rows: 3 }, within: [-2, 4] },
  ],
};

/** Random 32-bit integers: a pure function of a seed, of the op's own stream and of the position. */
export const randomBits: Op<"randomBits", [seed: Value], { readonly stream: number; readonly shape: readonly number[] }> = {
  name: "randomBits",
  arity: 1,
  maths: ([seed], { stream }) => `random bits of ${seed}, stream ${stream}`,
  infer([seed], attrs) {
    if (seed.dtype !== "i32" || seed.shape.length > 0)
      throw new ShapeError("randomBits", "needs an i32 scalar as seed", [{ label: "seed", type: seed }]);
    return { dtype: "i32", shape: attrs.shape };
  },
  laws: [null],
  vjp: ({ cotangent }) => cotangent,
  evaluate([seed], attrs, y) {
    for (let n = 0; n < y.data.length; n++) y.data[n] = bits(seed.data[0]!, attrs.stream, n);
  },
  define({ at, read, type, attrs }) {
    const flat = at.reduce<Index>(
      (sum, i, n) => ({
        terms: [...sum.terms.map((t) => ({ ...t, by: t.by * type.shape[n]! })), ...i.terms],
        offset: sum.offset * type.shape[n]! + i.offset,
      }),
      { terms: [], offset: 0 },
    );
    return apply("randomBits", "i32", read[0](), literal(attrs.stream, "i32"), position(flat));
  },
  samples: [
    { inputs: [i32()], attrs: { stream: 3, shape: [4, 5] }, within: [0, 9] },
    { inputs: [i32()], attrs: { stream: 0, shape: [7] }, within: [0, 9] },
  ],
};
