/** Guarantees the reductions over axes: sum, largest element, and its position. */

import { ShapeError } from "../graph/error.ts";
import type { Attrs } from "../graph/graph.ts";
import { f32, stridesOf, type TensorType } from "../graph/type.ts";
import type { ReduceBy, Scalar } from "../loop/loop.ts";
import { index, type Index } from "../loop/index-expression.ts";
import { eachOffset, number, numbers, type DefineScope, type Op } from "./op.ts";

function checkAxes(op: string, x: TensorType, axes: readonly number[]): void {
  const rank = x.shape.length;
  if (axes.every((axis, n) => Number.isInteger(axis) && axis >= 0 && axis < rank && axes.indexOf(axis) === n)) return;
  throw new ShapeError(op, `needs distinct axes below ${rank}, but got [${axes.join(",")}]`, [{ label: "x", type: x }]);
}

const kept = (x: TensorType, axes: readonly number[]): number[] => x.shape.filter((_, axis) => !axes.includes(axis));

/** Calls `visit` for every element of x with the flat position of the result it belongs to. */
function eachTerm(x: TensorType, axes: readonly number[], visit: (flat: number, to: number) => void): void {
  const own = stridesOf(kept(x, axes));
  let n = 0;
  const strides = x.shape.map((_, axis) => (axes.includes(axis) ? 0 : own[n++]!));
  eachOffset(x.shape, strides, 0, visit);
}

function defineReduce({ at, read, types, axis }: DefineScope, by: ReduceBy, axes: readonly number[], dtype: "i32" | undefined): Scalar {
  const over = axes.map((n) => axis(types[0]!.shape[n]!));
  const position: Index[] = [];
  let n = 0;
  types[0]!.shape.forEach((_, dim) => {
    const which = axes.indexOf(dim);
    position.push(which < 0 ? at[n++]! : index(over[which]!.name, over[which]!.extent));
  });
  const term = read[0]!(...position);
  return { kind: "reduce", dtype: dtype ?? term.dtype, by, over, term };
}

const sizes = (x: TensorType, axes: readonly number[]): number[] => axes.map((axis) => x.shape[axis]!);
const sorted = (attrs: Attrs): readonly number[] => numbers(attrs, "axes");
const list = (attrs: Attrs, types: readonly TensorType[]): string =>
  sorted(attrs).length === types[0]!.shape.length ? "" : ` over axes ${sorted(attrs).join(",")}`;

const SAMPLES = [
  { inputs: [f32(3, 4)], attrs: { axes: [1] } },
  { inputs: [f32(3, 4)], attrs: { axes: [0] } },
  { inputs: [f32(2, 3, 4)], attrs: { axes: [0, 2] } },
  { inputs: [f32(1, 5)], attrs: { axes: [0, 1] } },
];

/** attrs: axes, ascending. */
export const sum: Op<"sum"> = {
  name: "sum",
  arity: 1,
  maths: ([x], attrs, types) => `Σ ${x}${list(attrs, types)}`,
  infer: ([x], attrs) => {
    checkAxes("sum", x!, sorted(attrs));
    return { dtype: x!.dtype, shape: kept(x!, sorted(attrs)) };
  },
  // the transpose of sum is broadcast
  laws: ["d_x = d_y over the summed axes"],
  vjp: ({ g, inputs: [x], node, cotangent }) =>
    g.broadcast(cotangent, {
      axes: sorted(node.attrs),
      size: sizes(g.typeOf(x!), sorted(node.attrs)),
    }),
  evaluate([x], attrs, y) {
    y.data.fill(0);
    eachTerm(x!.type, sorted(attrs), (flat, to) => (y.data[to]! += x!.data[flat]!));
  },
  define: (scope) => defineReduce(scope, "add", sorted(scope.attrs), undefined),
  samples: SAMPLES,
};

/** attrs: axes, ascending. Ties share the cotangent equally. */
export const reduceMax: Op<"reduceMax"> = {
  name: "reduceMax",
  arity: 1,
  exact: true,
  kinks: true,
  maths: ([x], attrs, types) => `max ${x}${list(attrs, types)}`,
  infer: ([x], attrs) => {
    checkAxes("reduceMax", x!, sorted(attrs));
    return { dtype: x!.dtype, shape: kept(x!, sorted(attrs)) };
  },
  laws: ["d_x = [x = y]·d_y / number of ties"],
  vjp({ g, inputs: [x], node, output, cotangent }) {
    const axes = sorted(node.attrs);
    const { dtype, shape } = g.typeOf(x!);
    const spread = { axes, size: axes.map((axis) => shape[axis]!) };
    const largest = g.eq(x!, g.broadcast(output, spread));
    const ties = g.sum(g.cast(largest, { to: dtype }), { axes });
    return g.where(largest, g.broadcast(g.div(cotangent, ties), spread), g.literal(0, dtype));
  },
  evaluate([x], attrs, y) {
    y.data.fill(-Infinity);
    eachTerm(x!.type, sorted(attrs), (flat, to) => (y.data[to] = Math.max(y.data[to]!, x!.data[flat]!)));
  },
  define: (scope) => defineReduce(scope, "max", sorted(scope.attrs), undefined),
  samples: SAMPLES,
};

/** attrs: axis. The first position of the largest element; no gradient. */
export const argmax: Op<"argmax"> = {
  name: "argmax",
  arity: 1,
  maths: ([x], attrs) => `argmax ${x} over axis ${number(attrs, "axis")}`,
  infer: ([x], attrs) => {
    checkAxes("argmax", x!, [number(attrs, "axis")]);
    return { dtype: "i32", shape: kept(x!, [number(attrs, "axis")]) };
  },
  laws: [null],
  vjp: ({ cotangent }) => cotangent,
  evaluate([x], attrs, y) {
    const axis = number(attrs, "axis");
    const best = new Float64Array(y.data.length).fill(-Infinity);
    const seen = new Int32Array(y.data.length);
    y.data.fill(0);
    eachTerm(x!.type, [axis], (flat, to) => {
      const value = x!.data[flat]!;
      if (value > best[to]!) {
        best[to] = value;
        y.data[to] = seen[to]!;
      }
      seen[to]!++;
    });
  },
  define: (scope) => defineReduce(scope, "argmax", [number(scope.attrs, "axis")], "i32"),
  samples: [
    { inputs: [f32(3, 4)], attrs: { axis: 1 } },
    { inputs: [f32(3, 4)], attrs: { axis: 0 } },
  ],
};
