/** Guarantees the movements: views that only say where to read, each the other's transpose. */

import { ShapeError } from "../graph/error.ts";
import { f32, sizeOf, stridesOf, type TensorType } from "../graph/type.ts";
import { apply, at as position, literal, select } from "../loop/build.ts";
import { quotient, rangeOf, remainder, rowMajor, scale, shift, type Index } from "../loop/index-expression.ts";
import type { Scalar } from "../loop/loop.ts";
import { eachOffset, numbers, type Op } from "./op.ts";

const fail = (op: string, law: string, x: TensorType): never => {
  throw new ShapeError(op, law, [{ label: "x", type: x }]);
};

/** y[at] = x[at permuted]. attrs: order, y's axis n is x's axis order[n]. */
export const transpose: Op<"transpose"> = {
  name: "transpose",
  arity: 1,
  view: true,
  exact: true,
  maths: ([x], { order }, types) => (types[0]!.shape.length === 2 ? `${x}ᵀ` : `transpose(${x}, [${String(order)}])`),
  infer([x], attrs) {
    const order = numbers(attrs, "order");
    const axes = x!.shape.map((_, axis) => axis);
    if (order.length !== axes.length || !axes.every((axis) => order.includes(axis)))
      fail("transpose", `needs a permutation of ${axes.length} axes, but got [${order.join(",")}]`, x!);
    return { dtype: x!.dtype, shape: order.map((axis) => x!.shape[axis]!) };
  },
  laws: ["d_x = d_y, axes in their old order"],
  vjp: ({ g, node, cotangent }) => {
    const order = numbers(node.attrs, "order");
    return g.transpose(cotangent, { order: order.map((_, axis) => order.indexOf(axis)) });
  },
  evaluate([x], attrs, y) {
    const order = numbers(attrs, "order");
    const strides = stridesOf(x!.type.shape);
    eachOffset(
      y.type.shape,
      order.map((axis) => strides[axis]!),
      0,
      (flat, from) => (y.data[flat] = x!.data[from]!),
    );
  },
  define({ at, read, attrs }) {
    const from: Index[] = [];
    numbers(attrs, "order").forEach((axis, n) => (from[axis] = at[n]!));
    return read[0]!(...from);
  },
  samples: [
    { inputs: [f32(3, 4)], attrs: { order: [1, 0] } },
    { inputs: [f32(2, 3, 4)], attrs: { order: [2, 0, 1] } },
  ],
};

/** The same elements, row-major, under another shape. attrs: shape. */
export const reshape: Op<"reshape"> = {
  name: "reshape",
  arity: 1,
  view: true,
  exact: true,
  maths: ([x], { shape }) => `reshape(${x}, [${String(shape)}])`,
  infer([x], attrs) {
    const shape = numbers(attrs, "shape");
    if (sizeOf(shape) !== sizeOf(x!.shape))
      fail("reshape", `needs as many elements, but [${shape.join(",")}] has ${sizeOf(shape)} and x has ${sizeOf(x!.shape)}`, x!);
    return { dtype: x!.dtype, shape };
  },
  laws: ["d_x = d_y under x's shape"],
  vjp: ({ g, inputs: [x], cotangent }) => g.reshape(cotangent, { shape: g.typeOf(x!).shape }),
  evaluate([x], _, y) {
    y.data.set(x!.data);
  },
  define({ at, read, types, type }) {
    const flat = rowMajor(at, type.shape);
    const from = stridesOf(types[0]!.shape);
    return read[0]!(
      ...types[0]!.shape.map((extent, axis) => {
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

/** Repeats x along new axes. attrs: axes of y that are new, size of each. */
export const broadcast: Op<"broadcast"> = {
  name: "broadcast",
  arity: 1,
  view: true,
  exact: true,
  maths: ([x]) => `${x}`,
  infer([x], attrs) {
    const [axes, size] = [numbers(attrs, "axes"), numbers(attrs, "size")];
    const rank = x!.shape.length + axes.length;
    const valid = axes.length === size.length && axes.every((axis, n) => axis >= 0 && axis < rank && axes.indexOf(axis) === n);
    if (!valid) fail("broadcast", `needs new axes below ${rank} with a size each`, x!);
    let n = 0;
    const shape = Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? size[axes.indexOf(axis)]! : x!.shape[n++]!));
    return { dtype: x!.dtype, shape };
  },
  laws: ["d_x = Σ d_y"],
  vjp: ({ g, node, cotangent }) => g.sum(cotangent, { axes: [...numbers(node.attrs, "axes")].sort((a, b) => a - b) }),
  evaluate([x], attrs, y) {
    const axes = numbers(attrs, "axes");
    const own = stridesOf(x!.type.shape);
    let n = 0;
    const strides = y.type.shape.map((_, axis) => (axes.includes(axis) ? 0 : own[n++]!));
    eachOffset(y.type.shape, strides, 0, (flat, from) => (y.data[flat] = x!.data[from]!));
  },
  define: ({ at, read, attrs }) => read[0]!(...at.filter((_, axis) => !numbers(attrs, "axes").includes(axis))),
  samples: [
    { inputs: [f32(4)], attrs: { axes: [0], size: [3] } },
    { inputs: [f32()], attrs: { axes: [0, 1], size: [2, 3] } },
    { inputs: [f32(3, 2)], attrs: { axes: [1], size: [4] } },
  ],
};

/** attrs: start, limit, stride, one an axis; limit is excluded. */
export const slice: Op<"slice"> = {
  name: "slice",
  arity: 1,
  view: true,
  exact: true,
  maths: ([x], { start, limit }) => `${x}[${String(start)} .. ${String(limit)}]`,
  infer([x], attrs) {
    const [start, limit, stride] = ["start", "limit", "stride"].map((key) => numbers(attrs, key)) as [
      readonly number[],
      readonly number[],
      readonly number[],
    ];
    const shape = x!.shape.map((extent, axis) => {
      const [from, to, by] = [start[axis]!, limit[axis]!, stride[axis]!];
      if (!(from >= 0 && from < to && to <= extent && by >= 1))
        fail("slice", `needs 0 ≤ start < limit ≤ ${extent} on axis ${axis}, but got ${from} .. ${to} step ${by}`, x!);
      return Math.ceil((to - from) / by);
    });
    return { dtype: x!.dtype, shape };
  },
  laws: ["d_x = d_y where it was read, 0 elsewhere"],
  vjp({ g, inputs: [x], node, cotangent }) {
    const [start, stride] = [numbers(node.attrs, "start"), numbers(node.attrs, "stride")];
    const { shape } = g.typeOf(x!);
    const taken = g.typeOf(cotangent).shape;
    return g.pad(cotangent, {
      low: start,
      high: shape.map((extent, axis) => extent - start[axis]! - ((taken[axis]! - 1) * stride[axis]! + 1)),
      interior: stride.map((by) => by - 1),
    });
  },
  evaluate([x], attrs, y) {
    const [start, stride] = [numbers(attrs, "start"), numbers(attrs, "stride")];
    const own = stridesOf(x!.type.shape);
    const first = start.reduce((sum, at, axis) => sum + at * own[axis]!, 0);
    eachOffset(
      y.type.shape,
      own.map((step, axis) => step * stride[axis]!),
      first,
      (flat, from) => (y.data[flat] = x!.data[from]!),
    );
  },
  define: ({ at, read, attrs }) =>
    read[0]!(...at.map((i, axis) => shift(scale(i, numbers(attrs, "stride")[axis]!), numbers(attrs, "start")[axis]!))),
  samples: [
    { inputs: [f32(5, 4)], attrs: { start: [1, 0], limit: [4, 4], stride: [1, 1] } },
    { inputs: [f32(7)], attrs: { start: [1], limit: [7], stride: [3] } },
  ],
};

/** x among zeros. attrs: low, high, interior (zeros between neighbours), one an axis. */
export const pad: Op<"pad"> = {
  name: "pad",
  arity: 1,
  view: true,
  exact: true,
  maths: ([x], { low, high }) => `pad(${x}, [${String(low)}], [${String(high)}])`,
  infer([x], attrs) {
    const [low, high, interior] = ["low", "high", "interior"].map((key) => numbers(attrs, key)) as [
      readonly number[],
      readonly number[],
      readonly number[],
    ];
    const shape = x!.shape.map((extent, axis) => {
      if (!(low[axis]! >= 0 && high[axis]! >= 0 && interior[axis]! >= 0))
        fail("pad", `needs low, high and interior ≥ 0 on axis ${axis}`, x!);
      return low[axis]! + high[axis]! + extent + (extent - 1) * interior[axis]!;
    });
    return { dtype: x!.dtype, shape };
  },
  laws: ["d_x = d_y without the padding"],
  vjp({ g, inputs: [x], node, cotangent }) {
    const [low, interior] = [numbers(node.attrs, "low"), numbers(node.attrs, "interior")];
    const { shape } = g.typeOf(x!);
    return g.slice(cotangent, {
      start: low,
      limit: shape.map((extent, axis) => low[axis]! + (extent - 1) * (interior[axis]! + 1) + 1),
      stride: interior.map((n) => n + 1),
    });
  },
  evaluate([x], attrs, y) {
    const [low, interior] = [numbers(attrs, "low"), numbers(attrs, "interior")];
    y.data.fill(0);
    const own = stridesOf(y.type.shape);
    const first = low.reduce((sum, at, axis) => sum + at * own[axis]!, 0);
    eachOffset(
      x!.type.shape,
      own.map((step, axis) => step * (interior[axis]! + 1)),
      first,
      (flat, to) => (y.data[to] = x!.data[flat]!),
    );
  },
  define({ at, read, types, type, attrs }) {
    const [low, interior] = [numbers(attrs, "low"), numbers(attrs, "interior")];
    const conditions: Scalar[] = [];
    const from = at.map((i, axis) => {
      const inner = shift(i, -low[axis]!);
      const step = interior[axis]! + 1;
      const whole = quotient(inner, step);
      const [least, most] = rangeOf(whole);
      const test = (fn: "le" | "eq" | "lt", a: Scalar, b: Scalar): unknown => conditions.push(apply(fn, "bool", a, b));
      if (least < 0) test("le", literal(0, "i32"), position(whole));
      if (most >= types[0]!.shape[axis]!) test("lt", position(whole), literal(types[0]!.shape[axis]!, "i32"));
      if (step > 1) test("eq", position(remainder(inner, step)), literal(0, "i32"));
      return whole;
    });
    const inside = conditions.reduce<Scalar | undefined>(
      (all, one) => (all === undefined ? one : apply("and", "bool", all, one)),
      undefined,
    );
    const value = read[0]!(...from);
    return inside === undefined ? value : select(inside, value, literal(0, type.dtype));
  },
  samples: [
    { inputs: [f32(3, 2)], attrs: { low: [1, 0], high: [0, 2], interior: [0, 0] } },
    { inputs: [f32(4)], attrs: { low: [0], high: [1], interior: [2] } },
  ],
};

/** x itself, through which no gradient flows. */
export const stopGradient: Op<"stopGradient"> = {
  name: "stopGradient",
  arity: 1,
  view: true,
  exact: true,
  maths: ([x]) => x!,
  infer: ([x]) => x!,
  laws: [null],
  vjp: ({ cotangent }) => cotangent,
  evaluate([x], _, y) {
    y.data.set(x!.data);
  },
  define: ({ at, read }) => read[0]!(...at),
  samples: [{ inputs: [f32(3, 2)], attrs: {} }],
};

/** x backwards along some axes. attrs: axes. */
export const reverse: Op<"reverse"> = {
  name: "reverse",
  arity: 1,
  view: true,
  exact: true,
  maths: ([x], { axes }) => `reverse(${x}, [${String(axes)}])`,
  infer([x], attrs) {
    const axes = numbers(attrs, "axes");
    if (!axes.every((axis, n) => axis >= 0 && axis < x!.shape.length && axes.indexOf(axis) === n))
      fail("reverse", `needs distinct axes below ${x!.shape.length}, but got [${axes.join(",")}]`, x!);
    return x!;
  },
  laws: ["d_x = d_y backwards"],
  vjp: ({ g, node, cotangent }) => g.reverse(cotangent, { axes: numbers(node.attrs, "axes") }),
  evaluate([x], attrs, y) {
    const axes = numbers(attrs, "axes");
    const own = stridesOf(y.type.shape);
    const first = axes.reduce((sum, axis) => sum + (y.type.shape[axis]! - 1) * own[axis]!, 0);
    eachOffset(
      y.type.shape,
      own.map((step, axis) => (axes.includes(axis) ? -step : step)),
      first,
      (flat, from) => (y.data[flat] = x!.data[from]!),
    );
  },
  define: ({ at, read, type, attrs }) =>
    read[0]!(...at.map((i, axis) => (numbers(attrs, "axes").includes(axis) ? shift(scale(i, -1), type.shape[axis]! - 1) : i))),
  samples: [
    { inputs: [f32(3, 4)], attrs: { axes: [1] } },
    { inputs: [f32(2, 3, 2)], attrs: { axes: [0, 2] } },
  ],
};
