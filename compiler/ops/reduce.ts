/** The reductions over axes: sum, largest element, and its position. */

import { ShapeError } from "../graph/error.ts";
import type { Attrs, Value } from "../graph/graph.ts";
import { f32, stridesOf, type TensorType } from "../graph/type.ts";
import type { ReduceBy, Scalar } from "../loop/loop.ts";
import { index, type Index } from "../loop/index-expression.ts";
import { later } from "./batching.ts";
import type { DefineScope, Op } from "./op.ts";
import { eachRun } from "./runs.ts";

function checkAxes(op: string, x: TensorType, axes: readonly number[]): void {
  const rank = x.shape.length;
  if (axes.every((axis, n) => Number.isInteger(axis) && axis >= 0 && axis < rank && axes.indexOf(axis) === n)) return;
  throw new ShapeError(op, `needs distinct axes below ${rank}, but got [${axes.join(",")}]`, [{ label: "x", type: x }]);
}

const kept = (x: TensorType, axes: readonly number[]): number[] => x.shape.filter((_, axis) => !axes.includes(axis));

/** Calls `visit` for runs of elements of x: the result that the first belongs to, and how far apart those of the others lie. */
function eachTerm(x: TensorType, axes: readonly number[], visit: Parameters<typeof eachRun>[3]): void {
  const own = stridesOf(kept(x, axes));
  let n = 0;
  const strides = x.shape.map((_, axis) => (axes.includes(axis) ? 0 : own[n++]!));
  eachRun(x.shape, strides, 0, visit);
}

function defineReduce<A extends Attrs>(
  { at, read, types: [x], axis }: DefineScope<[x: Value], A>,
  by: ReduceBy,
  axes: readonly number[],
  dtype: "i32" | undefined,
): Scalar {
  const over = axes.map((n) => axis(x.shape[n]!));
  const position: Index[] = [];
  let n = 0;
  x.shape.forEach((_, dim) => {
    const which = axes.indexOf(dim);
    position.push(which < 0 ? at[n++]! : index(over[which]!.name, over[which]!.extent));
  });
  const term = read[0](...position);
  return { kind: "reduce", dtype: dtype ?? term.dtype, by, over, term };
}

const sizes = (x: TensorType, axes: readonly number[]): number[] => axes.map((axis) => x.shape[axis]!);
/** Ascending. */
type Axes = { readonly axes: readonly number[] };

const list = ({ axes }: Axes, [x]: readonly [TensorType]): string => (axes.length === x.shape.length ? "" : ` over axes ${axes.join(",")}`);

const SAMPLES = [
  { inputs: [f32(3, 4)], attrs: { axes: [1] } },
  { inputs: [f32(3, 4)], attrs: { axes: [0] } },
  { inputs: [f32(2, 3, 4)], attrs: { axes: [0, 2] } },
  { inputs: [f32(1, 5)], attrs: { axes: [0, 1] } },
];

export const sum: Op<"sum", [x: Value], Axes> = {
  name: "sum",
  arity: 1,
  maths: ([x], attrs, types) => `Σ ${x}${list(attrs, types)}`,
  infer: ([x], attrs) => {
    checkAxes("sum", x, attrs.axes);
    return { dtype: x.dtype, shape: kept(x, attrs.axes) };
  },
  // the transpose of sum is broadcast
  batch: ({ inputs: [x], attrs, append }) => append([x!.value], { axes: later(attrs.axes) }),
  laws: ["d_x = d_y over the summed axes"],
  vjp: ({ g, inputs: [x], node, cotangent }) =>
    g.broadcast(cotangent, {
      axes: node.attrs.axes,
      size: sizes(g.typeOf(x), node.attrs.axes),
    }),
  evaluate([x], attrs, y) {
    y.data.fill(0);
    const [from, into] = [x.data, y.data];
    eachTerm(x.type, attrs.axes, (flat, to, length, step) => {
      for (let n = 0; n < length; n++) into[to + n * step]! += from[flat + n]!;
    });
  },
  define: (scope) => defineReduce(scope, "add", scope.attrs.axes, undefined),
  samples: SAMPLES,
};

/** Ties share the cotangent equally. */
export const reduceMax: Op<"reduceMax", [x: Value], Axes> = {
  name: "reduceMax",
  arity: 1,
  exact: true,
  kinks: true,
  maths: ([x], attrs, types) => `max ${x}${list(attrs, types)}`,
  infer: ([x], attrs) => {
    checkAxes("reduceMax", x, attrs.axes);
    return { dtype: x.dtype, shape: kept(x, attrs.axes) };
  },
  batch: ({ inputs: [x], attrs, append }) => append([x!.value], { ...attrs, axes: later(attrs.axes) }),
  laws: ["d_x = [x = y]·d_y / number of ties"],
  vjp({ g, inputs: [x], node, output, cotangent }) {
    const axes = node.attrs.axes;
    const { dtype, shape } = g.typeOf(x);
    const spread = { axes, size: axes.map((axis) => shape[axis]!) };
    const largest = g.eq(x, g.broadcast(output, spread));
    const ties = g.sum(g.cast(largest, { to: dtype }), { axes });
    return g.where(largest, g.broadcast(g.div(cotangent, ties), spread), g.literal(0, dtype));
  },
  evaluate([x], attrs, y) {
    y.data.fill(-Infinity);
    const [from, into] = [x.data, y.data];
    eachTerm(x.type, attrs.axes, (flat, to, length, step) => {
      for (let n = 0, at = to; n < length; n++, at += step) into[at] = Math.max(into[at]!, from[flat + n]!);
    });
  },
  define: (scope) => defineReduce(scope, "max", scope.attrs.axes, undefined),
  samples: SAMPLES,
};

/** The first position of the largest element; no gradient. */
export const argmax: Op<"argmax", [x: Value], { readonly axis: number }> = {
  name: "argmax",
  arity: 1,
  maths: ([x], attrs) => `argmax ${x} over axis ${attrs.axis}`,
  infer: ([x], attrs) => {
    checkAxes("argmax", x, [attrs.axis]);
    return { dtype: "i32", shape: kept(x, [attrs.axis]) };
  },
  laws: [null],
  vjp: ({ cotangent }) => cotangent,
  evaluate([x], attrs, y) {
    const axis = attrs.axis;
    const best = new Float64Array(y.data.length).fill(-Infinity);
    const seen = new Int32Array(y.data.length);
    y.data.fill(0);
    eachTerm(x.type, [axis], (flat, first, length, step) => {
      for (let n = 0, to = first; n < length; n++, to += step) {
        const value = x.data[flat + n]!;
        if (value > best[to]!) {
          best[to] = value;
          y.data[to] = seen[to]!;
        }
        seen[to]!++;
      }
    });
  },
  define: (scope) => defineReduce(scope, "argmax", [scope.attrs.axis], "i32"),
  samples: [
    { inputs: [f32(3, 4)], attrs: { axis: 1 } },
    { inputs: [f32(3, 4)], attrs: { axis: 0 } },
  ],
};
