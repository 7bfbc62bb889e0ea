/** The movements: views that only say where to read, each the other's transpose. */

import { ShapeError } from "../graph/error.ts";
import type { Value } from "../graph/graph.ts";
import { f32, sizeOf, stridesOf, type TensorType } from "../graph/type.ts";
import { apply, at as position, literal, select } from "../loop/build.ts";
import { quotient, rangeOf, remainder, rowMajor, scale, shift, type Index } from "../loop/index-expression.ts";
import type { Scalar } from "../loop/loop.ts";
import { later } from "./batching.ts";
import type { Op } from "./op.ts";
import { gathered, scattered } from "./runs.ts";

const fail = (op: string, law: string, x: TensorType): never => {
  throw new ShapeError(op, law, [{ label: "x", type: x }]);
};

/** y[at] = x[at permuted]. y's axis n is x's axis order[n]. */
export const transpose: Op<"transpose", [x: Value], { readonly order: readonly number[] }> = {
  name: "transpose",
  arity: 1,
  view: true,
  exact: true,
  maths: ([x], { order }, types) => (types[0].shape.length === 2 ? `${x}ᵀ` : `transpose(${x}, [${String(order)}])`),
  infer([x], { order }) {
    const axes = x.shape.map((_, axis) => axis);
    if (order.length !== axes.length || !axes.every((axis) => order.includes(axis)))
      fail("transpose", `needs a permutation of ${axes.length} axes, but got [${order.join(",")}]`, x);
    return { dtype: x.dtype, shape: order.map((axis) => x.shape[axis]!) };
  },
  batch: ({ inputs: [x], attrs, append }) => append([x!.value], { order: [0, ...later(attrs.order)] }),
  laws: ["d_x = d_y, axes in their old order"],
  vjp: ({ g, node, cotangent }) => {
    const { order } = node.attrs;
    return g.transpose(cotangent, { order: order.map((_, axis) => order.indexOf(axis)) });
  },
  evaluate([x], { order }, y) {
    const strides = stridesOf(x.type.shape);
    gathered(
      y.data,
      x.data,
      y.type.shape,
      order.map((axis) => strides[axis]!),
    );
  },
  define({ at, read, attrs }) {
    const from: Index[] = [];
    attrs.order.forEach((axis, n) => (from[axis] = at[n]!));
    return read[0](...from);
  },
  samples: [
    { inputs: [f32(3, 4)], attrs: { order: [1, 0] } },
    { inputs: [f32(2, 3, 4)], attrs: { order: [2, 0, 1] } },
  ],
};

/** The same elements, row-major, under another shape. */
export const reshape: Op<"reshape", [x: Value], { readonly shape: readonly number[] }> = {
  name: "reshape",
  arity: 1,
  view: true,
  exact: true,
  maths: ([x], { shape }) => `reshape(${x}, [${String(shape)}])`,
  infer([x], { shape }) {
    if (sizeOf(shape) !== sizeOf(x.shape))
      fail("reshape", `needs as many elements, but [${shape.join(",")}] has ${sizeOf(shape)} and x has ${sizeOf(x.shape)}`, x);
    return { dtype: x.dtype, shape };
  },
  batch: ({ inputs: [x], attrs, steps, append }) => append([x!.value], { shape: [steps, ...attrs.shape] }),
  laws: ["d_x = d_y under x's shape"],
  vjp: ({ g, inputs: [x], cotangent }) => g.reshape(cotangent, { shape: g.typeOf(x).shape }),
  evaluate([x], _, y) {
    y.data.set(x.data);
  },
  define({ at, read, types, type }) {
    const flat = rowMajor(at, type.shape);
    const from = stridesOf(types[0].shape);
    return read[0](
      ...types[0].shape.map((extent, axis) => {
        const whole = quotient(flat, from[axis]!);
        return axis === 0 ? whole : remainder(whole, extent);
      }),
    );
  },
  samples: [
    { inputs: [f32(3, 4)], attrs: { shape: [2, 6] } },
    { inputs: [f32(2, 3, 2)], attrs: { shape: [12] } },
    { inputs: [f32(6)], attrs: { shape: [1, 3, 1, 2] } },
  ],
};

/** Repeats x along new axes: those of y that are new, and the size of each. */
export const broadcast: Op<"broadcast", [x: Value], { readonly axes: readonly number[]; readonly size: readonly number[] }> = {
  name: "broadcast",
  arity: 1,
  view: true,
  exact: true,
  maths: ([x]) => `${x}`,
  infer([x], { axes, size }) {
    const rank = x.shape.length + axes.length;
    const valid = axes.length === size.length && axes.every((axis, n) => axis >= 0 && axis < rank && axes.indexOf(axis) === n);
    if (!valid) fail("broadcast", `needs new axes below ${rank} with a size each`, x);
    let n = 0;
    const shape = Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? size[axes.indexOf(axis)]! : x.shape[n++]!));
    return { dtype: x.dtype, shape };
  },
  batch: ({ inputs: [x], attrs, append }) => append([x!.value], { ...attrs, axes: later(attrs.axes) }),
  laws: ["d_x = Σ d_y"],
  vjp: ({ g, node, cotangent }) => g.sum(cotangent, { axes: [...node.attrs.axes].sort((a, b) => a - b) }),
  evaluate([x], { axes }, y) {
    const own = stridesOf(x.type.shape);
    let n = 0;
    const strides = y.type.shape.map((_, axis) => (axes.includes(axis) ? 0 : own[n++]!));
    gathered(y.data, x.data, y.type.shape, strides);
  },
  define: ({ at, read, attrs }) => read[0](...at.filter((_, axis) => !attrs.axes.includes(axis))),
  samples: [
    { inputs: [f32(4)], attrs: { axes: [0], size: [3] } },
    { inputs: [f32()], attrs: { axes: [0, 1], size: [2, 3] } },
    { inputs: [f32(3, 2)], attrs: { axes: [1], size: [4] } },
  ],
};

/** Elements of x at regular steps: start, limit (excluded) and stride, one an axis. */
export const slice: Op<
  "slice",
  [x: Value],
  { readonly start: readonly number[]; readonly limit: readonly number[]; readonly stride: readonly number[] }
> = {
  name: "slice",
  arity: 1,
  view: true,
  exact: true,
  maths: ([x], { start, limit }) => `${x}[${String(start)} .. ${String(limit)}]`,
  infer([x], { start, limit, stride }) {
    const shape = x.shape.map((extent, axis) => {
      const [from, to, by] = [start[axis]!, limit[axis]!, stride[axis]!];
      if (!(from >= 0 && from < to && to <= extent && by >= 1))
        fail("slice", `needs 0 ≤ start < limit ≤ ${extent} on axis ${axis}, but got ${from} .. ${to} step ${by}`, x);
      return Math.ceil((to - from) / by);
    });
    return { dtype: x.dtype, shape };
  },
  batch: ({ inputs: [x], attrs: { start, limit, stride }, steps, append }) =>
    append([x!.value], { start: [0, ...start], limit: [steps, ...limit], stride: [1, ...stride] }),
  laws: ["d_x = d_y where it was read, 0 elsewhere"],
  vjp({ g, inputs: [x], node, cotangent }) {
    const { start, stride } = node.attrs;
    const { shape } = g.typeOf(x);
    const taken = g.typeOf(cotangent).shape;
    return g.pad(cotangent, {
      low: start,
      high: shape.map((extent, axis) => extent - start[axis]! - ((taken[axis]! - 1) * stride[axis]! + 1)),
      interior: stride.map((by) => by - 1),
    });
  },
  evaluate([x], { start, stride }, y) {
    const own = stridesOf(x.type.shape);
    const first = start.reduce((sum, at, axis) => sum + at * own[axis]!, 0);
    gathered(
      y.data,
      x.data,
      y.type.shape,
      own.map((step, axis) => step * stride[axis]!),
      first,
    );
  },
  define: ({ at, read, attrs }) => read[0](...at.map((i, axis) => shift(scale(i, attrs.stride[axis]!), attrs.start[axis]!))),
  samples: [
    { inputs: [f32(5, 4)], attrs: { start: [1, 0], limit: [4, 4], stride: [1, 1] } },
    { inputs: [f32(7)], attrs: { start: [1], limit: [7], stride: [3] } },
  ],
};

/** x among zeros: low, high and interior (zeros between neighbours), one an axis. */
export const pad: Op<
  "pad",
  [x: Value],
  { readonly low: readonly number[]; readonly high: readonly number[]; readonly interior: readonly number[] }
> = {
  name: "pad",
  arity: 1,
  view: true,
  exact: true,
  maths: ([x], { low, high }) => `pad(${x}, [${String(low)}], [${String(high)}])`,
  infer([x], { low, high, interior }) {
    const shape = x.shape.map((extent, axis) => {
      if (!(low[axis]! >= 0 && high[axis]! >= 0 && interior[axis]! >= 0))
        fail("pad", `needs low, high and interior ≥ 0 on axis ${axis}`, x);
      return low[axis]! + high[axis]! + extent + (extent - 1) * interior[axis]!;
    });
    return { dtype: x.dtype, shape };
  },
  batch: ({ inputs: [x], attrs: { low, high, interior }, append }) =>
    append([x!.value], { low: [0, ...low], high: [0, ...high], interior: [0, ...interior] }),
  laws: ["d_x = d_y without the padding"],
  vjp({ g, inputs: [x], node, cotangent }) {
    const { low, interior } = node.attrs;
    const { shape } = g.typeOf(x);
    return g.slice(cotangent, {
      start: low,
      limit: shape.map((extent, axis) => low[axis]! + (extent - 1) * (interior[axis]! + 1) + 1),
      stride: interior.map((n) => n + 1),
    });
  },
  evaluate([x], { low, interior }, y) {
    y.data.fill(0);
    const own = stridesOf(y.type.shape);
    const first = low.reduce((sum, at, axis) => sum + at * own[axis]!, 0);
    scattered(
      y.data,
      x.data,
      x.type.shape,
      own.map((step, axis) => step * (interior[axis]! + 1)),
      first,
    );
  },
  define({ at, read, types, type, attrs: { low, interior } }) {
    const conditions: Scalar[] = [];
    const from = at.map((i, axis) => {
      const inner = shift(i, -low[axis]!);
      const step = interior[axis]! + 1;
      const whole = quotient(inner, step);
      const [least, most] = rangeOf(whole);
      const test = (fn: "le" | "eq" | "lt", a: Scalar, b: Scalar): unknown => conditions.push(apply(fn, "bool", a, b));
      if (least < 0) test("le", literal(0, "i32"), position(whole));
      if (most >= types[0].shape[axis]!) test("lt", position(whole), literal(types[0].shape[axis]!, "i32"));
      if (step > 1) test("eq", position(remainder(inner, step)), literal(0, "i32"));
      return whole;
    });
    const inside = conditions.reduce<Scalar | undefined>(
      (all, one) => (all === undefined ? one : apply("and", "bool", all, one)),
      undefined,
    );
    const value = read[0](...from);
    return inside === undefined ? value : select(inside, value, literal(0, type.dtype));
  },
  samples: [
    { inputs: [f32(3, 2)], attrs: { low: [1, 0], high: [0, 2], interior: [0, 0] } },
    { inputs: [f32(4)], attrs: { low: [0], high: [1], interior: [2] } },
  ],
};

/** x itself, through which no gradient flows. */
export const stopGradient: Op<"stopGradient", [x: Value]> = {
  name: "stopGradient",
  arity: 1,
  view: true,
  exact: true,
  maths: ([x]) => x,
  infer: ([x]) => x,
  laws: [null],
  vjp: ({ cotangent }) => cotangent,
  evaluate([x], _, y) {
    y.data.set(x.data);
  },
  define: ({ at, read }) => read[0](...at),
  samples: [{ inputs: [f32(3, 2)], attrs: {} }],
};

/** x backwards along some axes. */
export const reverse: Op<"reverse", [x: Value], { readonly axes: readonly number[] }> = {
  name: "reverse",
  arity: 1,
  view: true,
  exact: true,
  maths: ([x], { axes }) => `reverse(${x}, [${String(axes)}])`,
  infer([x], { axes }) {
    if (!axes.every((axis, n) => axis >= 0 && axis < x.shape.length && axes.indexOf(axis) === n))
      fail("reverse", `needs distinct axes below ${x.shape.length}, but got [${axes.join(",")}]`, x);
    return x;
  },
  batch: ({ inputs: [x], attrs, append }) => append([x!.value], { axes: later(attrs.axes) }),
  laws: ["d_x = d_y backwards"],
  vjp: ({ g, node, cotangent }) => g.reverse(cotangent, { axes: node.attrs.axes }),
  evaluate([x], { axes }, y) {
    const own = stridesOf(y.type.shape);
    const first = axes.reduce((sum, axis) => sum + (y.type.shape[axis]! - 1) * own[axis]!, 0);
    gathered(
      y.data,
      x.data,
      y.type.shape,
      own.map((step, axis) => (axes.includes(axis) ? -step : step)),
      first,
    );
  },
  define: ({ at, read, type, attrs }) =>
    read[0](...at.map((i, axis) => (attrs.axes.includes(axis) ? shift(scale(i, -1), type.shape[axis]! - 1) : i))),
  samples: [
    { inputs: [f32(3, 4)], attrs: { axes: [1] } },
    { inputs: [f32(2, 3, 2)], attrs: { axes: [0, 2] } },
  ],
};
