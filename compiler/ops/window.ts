/** Sums and maxima over sliding windows, and the pair that moves values through a maximum's position. */

import { ShapeError } from "../graph/error.ts";
import type { Value } from "../graph/graph.ts";
import { f32, i32, sizeOf, type TensorType } from "../graph/type.ts";
import { apply, at as position, literal, select } from "../loop/build.ts";
import { add, constant, index, quotient, rangeOf, remainder, scale, shift, type Index } from "../loop/index-expression.ts";
import type { Axis, ReduceBy, Scalar } from "../loop/loop.ts";
import type { DefineScope, Op } from "./op.ts";
import { tapsOf } from "./taps.ts";

/** One entry an axis of the tensor; axes without a window have window 1, stride 1, no padding. */
export type WindowAttrs = {
  readonly window: readonly number[];
  readonly stride: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** Distance between the positions of a window; 1 where there is none. */
  readonly dilation?: readonly number[];
};

/** Distance between the positions of a window along an axis. */
const apart = (a: WindowAttrs, axis: number): number => a.dilation?.[axis] ?? 1;
/** What a window covers of an axis, from its first position to its last. */
const reach = (a: WindowAttrs, axis: number): number => (a.window[axis]! - 1) * apart(a, axis) + 1;
/** The dilation of a window, where it has one, for an op made from another. */
const dilationOf = ({ dilation }: WindowAttrs): Pick<WindowAttrs, "dilation"> => (dilation === undefined ? {} : { dilation });

function windowShape(op: string, x: TensorType, a: WindowAttrs): number[] {
  return x.shape.map((extent, axis) => {
    const size = Math.floor((extent + a.low[axis]! + a.high[axis]! - reach(a, axis)) / a.stride[axis]!) + 1;
    if (!(size >= 1))
      throw new ShapeError(
        op,
        `leaves no output: on axis ${axis} the window covers ${reach(a, axis)}, the padded input ${extent + a.low[axis]! + a.high[axis]!}`,
        [{ label: "x", type: x }],
        "Use a smaller window, more padding, or a larger input.",
      );
    return size;
  });
}

const within = (at: Index, extent: number): Scalar[] => {
  const [least, most] = rangeOf(at);
  return [
    ...(least < 0 ? [apply("le", "bool", literal(0, "i32"), position(at))] : []),
    ...(most >= extent ? [apply("lt", "bool", position(at), literal(extent, "i32"))] : []),
  ];
};

const guarded = (conditions: readonly Scalar[], value: Scalar, otherwise: number): Scalar =>
  conditions.length === 0
    ? value
    : select(
        conditions.reduce((all, one) => apply("and", "bool", all, one)),
        value,
        literal(otherwise, value.dtype),
      );

/** Axes of the windows themselves; those of extent 1 add nothing. */
const windowAxes = (scope: Pick<DefineScope, "axis">, a: WindowAttrs): Axis[] => a.window.map((extent) => scope.axis(extent));
const indexOf = ({ name, extent }: Axis): Index => index(name, extent);

/** Input positions that output position `at` covers, by window position. */
const covered = (at: readonly Index[], axes: readonly Axis[], a: WindowAttrs): Index[] =>
  at.map((p, axis) => shift(add(scale(p, a.stride[axis]!), scale(indexOf(axes[axis]!), apart(a, axis))), -a.low[axis]!));

/** Position in the window, row-major. */
const flatWindow = (axes: readonly Axis[]): Index =>
  axes.reduce<Index>((flat, axis) => add(scale(flat, axis.extent), indexOf(axis)), {
    terms: [],
    offset: 0,
  });

function reduceWindow(scope: DefineScope<[x: Value], WindowAttrs>, by: ReduceBy, outside: number): Scalar {
  const a = scope.attrs;
  const axes = windowAxes(scope, a);
  const from = covered(scope.at, axes, a);
  const conditions = from.flatMap((one, axis) => within(one, scope.types[0].shape[axis]!));
  const term = guarded(conditions, scope.read[0](...from), outside);
  return { kind: "reduce", dtype: by === "argmax" ? "i32" : term.dtype, by, over: axes, term };
}

/** Calls `visit` with each output position, window position (flat) and the input position it covers. */
function eachCovered(x: TensorType, y: TensorType, a: WindowAttrs, visit: (to: number, tap: number, from: number) => void): void {
  const taps = tapsOf(a, { ...a, ...(a.dilation === undefined ? {} : { rhsDilation: a.dilation }), inside: x.shape, outside: y.shape });
  const window = sizeOf(a.window);
  for (let at = 0; at < taps.length; at++) if (taps[at]! >= 0) visit(Math.floor(at / window), at % window, taps[at]!);
}

const POOL = { window: [1, 2, 2], stride: [1, 2, 2], low: [0, 0, 0], high: [0, 0, 0] };
const OVERLAP = { window: [3], stride: [2], low: [1], high: [1] };
const DILATED = { window: [3, 1], stride: [2, 1], low: [1, 0], high: [1, 0], dilation: [2, 1] };
const SAMPLES = [
  { inputs: [f32(2, 4, 4)], attrs: POOL },
  { inputs: [f32(7)], attrs: OVERLAP },
  { inputs: [f32(5, 3)], attrs: { window: [2, 3], stride: [3, 1], low: [0, 1], high: [1, 0] } },
  { inputs: [f32(8, 2)], attrs: DILATED },
];

/** Σ over each window; padding counts as 0. */
export const windowSum: Op<"windowSum", [x: Value], WindowAttrs> = {
  name: "windowSum",
  arity: 1,
  maths: ([x], { window }) => `Σ ${x} over windows [${String(window)}]`,
  infer: ([x], attrs) => ({ dtype: x.dtype, shape: windowShape("windowSum", x, attrs) }),
  // each input element gets the cotangents of the windows that cover it: a window sum of the dilated cotangent
  laws: ["d_x = Σ d_y of the windows over x"],
  vjp({ g, inputs: [x], node, cotangent }) {
    const a = node.attrs;
    const { shape } = g.typeOf(x);
    const out = g.typeOf(cotangent).shape;
    const low = a.window.map((_, axis) => reach(a, axis) - 1 - a.low[axis]!);
    const high = shape.map((extent, axis) => extent + reach(a, axis) - 1 - ((out[axis]! - 1) * a.stride[axis]! + 1) - low[axis]!);
    // what the dilated cotangent has too much is cut, what it lacks is padded
    const cut = (n: number): number => Math.max(0, -n);
    const wide = g.pad(cotangent, {
      low: low.map((n) => Math.max(0, n)),
      high: high.map((n) => Math.max(0, n)),
      interior: a.stride.map((n) => n - 1),
    });
    const size = g.typeOf(wide).shape;
    const fits = [...low, ...high].every((n) => n >= 0);
    const exact = fits
      ? wide
      : g.slice(wide, { start: low.map(cut), limit: size.map((extent, axis) => extent - cut(high[axis]!)), stride: size.map(() => 1) });
    const none = shape.map(() => 0);
    return g.windowSum(exact, { window: a.window, stride: shape.map(() => 1), low: none, high: none, ...dilationOf(a) });
  },
  evaluate([x], attrs, y) {
    y.data.fill(0);
    eachCovered(x.type, y.type, attrs, (to, _, from) => (y.data[to]! += x.data[from]!));
  },
  define: (scope) => reduceWindow(scope, "add", 0),
  samples: SAMPLES,
};

/** Largest element of each window; padding counts as −∞. Its gradient goes to the first largest. */
export const windowMax: Op<"windowMax", [x: Value], WindowAttrs> = {
  name: "windowMax",
  arity: 1,
  exact: true,
  kinks: true,
  maths: ([x], { window }) => `max ${x} over windows [${String(window)}]`,
  infer: ([x], attrs) => ({ dtype: x.dtype, shape: windowShape("windowMax", x, attrs) }),
  laws: ["d_x = d_y where x was the window's first largest"],
  vjp({ g, inputs: [x], node, cotangent }) {
    const where = g.windowArgmax(x, node.attrs);
    return g.windowScatter(cotangent, where, {
      ...node.attrs,
      shape: g.typeOf(x).shape,
    });
  },
  evaluate([x], attrs, y) {
    y.data.fill(-Infinity);
    eachCovered(x.type, y.type, attrs, (to, _, from) => (y.data[to] = Math.max(y.data[to]!, x.data[from]!)));
  },
  define: (scope) => reduceWindow(scope, "max", -Infinity),
  samples: SAMPLES,
};

/** Where in each window its first largest element is, row-major. */
export const windowArgmax: Op<"windowArgmax", [x: Value], WindowAttrs> = {
  name: "windowArgmax",
  arity: 1,
  maths: ([x], { window }) => `argmax ${x} over windows [${String(window)}]`,
  infer: ([x], attrs) => ({ dtype: "i32", shape: windowShape("windowArgmax", x, attrs) }),
  laws: [null],
  vjp: ({ cotangent }) => cotangent,
  evaluate([x], attrs, y) {
    const best = new Float64Array(y.data.length).fill(-Infinity);
    y.data.fill(0);
    eachCovered(x.type, y.type, attrs, (to, tap, from) => {
      if (!(x.data[from]! > best[to]!)) return;
      best[to] = x.data[from]!;
      y.data[to] = tap;
    });
  },
  define: (scope) => reduceWindow(scope, "argmax", -Infinity),
  samples: SAMPLES,
};

/** y[p] = x at the chosen position of window p. Transpose of windowScatter. */
export const windowGather: Op<"windowGather", [x: Value, where: Value], WindowAttrs> = {
  name: "windowGather",
  arity: 2,
  maths: ([x, where]) => `${x} at ${where}`,
  infer: ([x, where], attrs) => {
    const shape = windowShape("windowGather", x, attrs);
    if (where.dtype !== "i32" || String(where.shape) !== String(shape))
      throw new ShapeError("windowGather", `needs one i32 position a window, [${shape.join(",")}]`, [
        { label: "x", type: x },
        { label: "where", type: where },
      ]);
    return { dtype: x.dtype, shape };
  },
  laws: ["d_x = d_y at the chosen positions", null],
  vjp: ({ g, inputs: [x, where], node, cotangent }) =>
    g.windowScatter(cotangent, where, {
      ...node.attrs,
      shape: g.typeOf(x).shape,
    }),
  evaluate([x, where], attrs, y) {
    y.data.fill(0);
    eachCovered(x.type, y.type, attrs, (to, tap, from) => {
      if (where.data[to] === tap) y.data[to] = x.data[from]!;
    });
  },
  define(scope) {
    const a = scope.attrs;
    const axes = windowAxes(scope, a);
    const from = covered(scope.at, axes, a);
    const conditions = from.flatMap((one, axis) => within(one, scope.types[0].shape[axis]!));
    const chosen = apply("eq", "bool", scope.read[1](...scope.at), position(flatWindow(axes)));
    const term = guarded([...conditions, chosen], scope.read[0](...from), 0);
    return { kind: "reduce", dtype: term.dtype, by: "add", over: axes, term };
  },
  samples: [
    { inputs: [f32(2, 4, 4), i32(2, 2, 2)], attrs: POOL, within: [0, 3] },
    { inputs: [f32(8, 2), i32(3, 2)], attrs: DILATED, within: [0, 2] },
  ],
};

/** The cotangent of each window added to x at its chosen position. attrs: the window's, and shape of x. */
export const windowScatter: Op<"windowScatter", [d: Value, where: Value], WindowAttrs & { readonly shape: readonly number[] }> = {
  name: "windowScatter",
  arity: 2,
  maths: ([d, where]) => `${d} scattered to ${where}`,
  infer: ([d, where], attrs) => {
    const shape = attrs.shape;
    const out = windowShape("windowScatter", { dtype: d.dtype, shape }, attrs);
    if (where.dtype !== "i32" || String(where.shape) !== String(out) || String(d.shape) !== String(out))
      throw new ShapeError("windowScatter", `needs a value and an i32 position a window, [${out.join(",")}]`, [
        { label: "d", type: d },
        { label: "where", type: where },
      ]);
    return { dtype: d.dtype, shape };
  },
  laws: ["d_d = d_y at the chosen positions", null],
  vjp: ({ g, inputs: [, where], node, cotangent }) => {
    const { window, stride, low, high } = node.attrs;
    return g.windowGather(cotangent, where, { window, stride, low, high, ...dilationOf(node.attrs) });
  },
  evaluate([d, where], attrs, y) {
    y.data.fill(0);
    eachCovered(y.type, d.type, attrs, (to, tap, from) => {
      if (where.data[to] === tap) y.data[from]! += d.data[to]!;
    });
  },
  define(scope) {
    const a = scope.attrs;
    const out = scope.types[0].shape;
    const axes: Axis[] = [];
    // the window p that covers position i at window position k: p·stride + k·dilation − low = i
    const conditions: Scalar[] = [];
    const taps: Index[] = [];
    const p = scope.at.map((i, axis) => {
      const [window, stride, shifted] = [a.window[axis]!, a.stride[axis]!, shift(i, a.low[axis]!)];
      const dilation = apart(a, axis);
      if (window <= stride && dilation === 1) {
        // windows that do not overlap leave one k
        const [tap, whole] = [remainder(shifted, stride), quotient(shifted, stride)];
        taps.push(tap);
        conditions.push(...within(whole, out[axis]!), ...within(tap, window));
        return whole;
      }
      const over = scope.axis(window);
      axes.push(over);
      taps.push(indexOf(over));
      const start = add(shifted, scale(indexOf(over), -dilation));
      const whole = quotient(start, stride);
      conditions.push(...within(whole, out[axis]!));
      if (stride > 1) conditions.push(apply("eq", "bool", position(remainder(start, stride)), literal(0, "i32")));
      return whole;
    });
    const tap = taps.reduce((flat, one, axis) => add(scale(flat, a.window[axis]!), one), constant(0));
    const chosen = apply("eq", "bool", scope.read[1](...p), position(tap));
    const term = guarded(conditions, select(chosen, scope.read[0](...p), literal(0, scope.type.dtype)), 0);
    return axes.length === 0 ? term : { kind: "reduce", dtype: term.dtype, by: "add", over: axes, term };
  },
  samples: [
    { inputs: [f32(2, 2, 2), i32(2, 2, 2)], attrs: { ...POOL, shape: [2, 4, 4] }, within: [0, 3] },
    { inputs: [f32(4), i32(4)], attrs: { ...OVERLAP, shape: [7] }, within: [0, 2] },
    { inputs: [f32(3, 2), i32(3, 2)], attrs: { ...DILATED, shape: [8, 2] }, within: [0, 2] },
  ],
};
