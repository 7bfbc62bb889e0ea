/** Convolution over any number of spatial axes, with stride, padding, dilation and groups, closed under its own gradients. */

import { ShapeError } from "../graph/error.ts";
import type { Value } from "../graph/graph.ts";
import { f32, sizeOf, type TensorType } from "../graph/type.ts";
import { apply, at as position, literal, select, sumOver } from "../loop/build.ts";
import { add, constant, index, quotient, rangeOf, remainder, scale, shift, type Index } from "../loop/index-expression.ts";
import type { Axis, Scalar } from "../loop/loop.ts";
import type { Op, VjpScope } from "./op.ts";
import { tapsOf } from "./taps.ts";

/** Cross-correlation, NCHW and OIHW. Padding may be negative: it crops. */
export type ConvAttrs = {
  readonly stride: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly lhsDilation: readonly number[];
  readonly rhsDilation: readonly number[];
  readonly featureGroups: number;
  readonly batchGroups: number;
};

export const convAttrs = (spatial: number, given: Partial<ConvAttrs> = {}): ConvAttrs => {
  const all = (value: number): number[] => Array.from({ length: spatial }, () => value);
  return {
    stride: all(1),
    low: all(0),
    high: all(0),
    lhsDilation: all(1),
    rhsDilation: all(1),
    featureGroups: 1,
    batchGroups: 1,
    ...given,
  };
};

const dilated = (extent: number, dilation: number): number => (extent - 1) * dilation + 1;
const spatial = (x: TensorType): readonly number[] => x.shape.slice(2);

function infer(x: TensorType, w: TensorType, a: ConvAttrs): TensorType {
  const operands = [
    { label: "x", type: x },
    { label: "w", type: w },
  ];
  const fail = (law: string, remedy?: string): never => {
    throw new ShapeError("conv", law, operands, remedy);
  };
  const rank = x.shape.length;
  if (rank < 3 || w.shape.length !== rank) fail("needs x [n, c, …] and w [o, c, …] of one rank above 2");
  const [n, c] = x.shape as [number, number];
  const [o, i] = w.shape as [number, number];
  if (c % a.featureGroups !== 0) fail(`needs groups that divide the channels, but ${a.featureGroups} does not divide ${c}`);
  if (o % (a.featureGroups * a.batchGroups) !== 0)
    fail(`needs groups that divide the filters, but ${a.featureGroups * a.batchGroups} does not divide ${o}`);
  if (n % a.batchGroups !== 0) fail(`needs groups that divide the batch, but ${a.batchGroups} does not divide ${n}`);
  if (i !== c / a.featureGroups) fail(`needs filters as deep as the channels of a group, but ${i} ≠ ${c / a.featureGroups}`);
  const out = spatial(x).map((extent, axis) => {
    const padded = dilated(extent, a.lhsDilation[axis]!) + a.low[axis]! + a.high[axis]!;
    const window = dilated(spatial(w)[axis]!, a.rhsDilation[axis]!);
    const size = Math.floor((padded - window) / a.stride[axis]!) + 1;
    if (size < 1)
      fail(
        `leaves no output: on spatial axis ${axis} the kernel covers ${window}, the padded input ${padded}`,
        "Use a smaller kernel, more padding, or a larger input.",
      );
    return size;
  });
  return { dtype: x.dtype, shape: [n / a.batchGroups, o, ...out] };
}

/** Where output position p and kernel position k read the undilated input; the conditions say where that is a zero. */
function source(p: Index, k: Index, extent: number, a: ConvAttrs, axis: number): { at: Index; conditions: Scalar[] } {
  const inDilated = shift(add(scale(p, a.stride[axis]!), scale(k, a.rhsDilation[axis]!)), -a.low[axis]!);
  const by = a.lhsDilation[axis]!;
  const whole = quotient(inDilated, by);
  const conditions: Scalar[] = [];
  const [least, most] = rangeOf(whole);
  if (least < 0) conditions.push(apply("le", "bool", literal(0, "i32"), position(whole)));
  if (most >= extent) conditions.push(apply("lt", "bool", position(whole), literal(extent, "i32")));
  if (by > 1) conditions.push(apply("eq", "bool", position(remainder(inDilated, by)), literal(0, "i32")));
  return { at: whole, conditions };
}

/** w [o, i / groups, …] with its channels exchanged inside each group, [i, o / groups, …]. */
function exchanged(g: VjpScope["g"], w: Value, groups: number): Value {
  const [o, i, ...window] = g.typeOf(w).shape as [number, number, ...number[]];
  if (groups === 1) return g.transpose(w, { order: [1, 0, ...window.map((_, n) => n + 2)] });
  const split = g.reshape(w, { shape: [groups, o / groups, i, ...window] });
  const turned = g.transpose(split, { order: [0, 2, 1, ...window.map((_, n) => n + 3)] });
  return g.reshape(turned, { shape: [groups * i, o / groups, ...window] });
}

type ConvScope = VjpScope<[x: Value, w: Value], ConvAttrs>;

/** d_x = d_y against w with its channels exchanged and its window reversed. */
function pullBackInput({ g, inputs: [x, w], node, cotangent }: ConvScope): Value {
  const a = node.attrs;
  const [xt, wt, yt] = [g.typeOf(x), g.typeOf(w), g.typeOf(cotangent)];
  const groups = a.featureGroups * a.batchGroups; // at most one of them is above 1
  const [, i, ...window] = wt.shape as [number, number, ...number[]];
  const filters = g.reverse(exchanged(g, w, groups), { axes: window.map((_, n) => n + 2) });
  const reach = window.map((extent, n) => dilated(extent, a.rhsDilation[n]!));
  const low = reach.map((extent, n) => extent - 1 - a.low[n]!);
  const high = spatial(xt).map(
    (extent, n) => dilated(extent, a.lhsDilation[n]!) + reach[n]! - 1 - dilated(spatial(yt)[n]!, a.stride[n]!) - low[n]!,
  );
  const d = g.conv(
    cotangent,
    filters,
    convAttrs(window.length, {
      stride: a.lhsDilation,
      lhsDilation: a.stride,
      rhsDilation: a.rhsDilation,
      low,
      high,
      featureGroups: groups,
    }),
  );
  if (a.batchGroups === 1) return d;
  const [n] = yt.shape as [number];
  const apart = g.reshape(d, { shape: [n, groups, i, ...spatial(xt)] });
  return g.reshape(g.transpose(apart, { order: [1, 0, 2, ...window.map((_, n) => n + 3)] }), {
    shape: xt.shape,
  });
}

/**
 * d_w = d_y against x, batch and channels exchanged, the window reversed: where x is dilated, as in a transposed convolution, its elements
 * are the taps, as far apart as the dilation says, and none of the zeros between them is met.
 */
function pullBackFiltersOfDilated({ g, inputs: [x, w], node: { attrs: a }, cotangent }: ConvScope): Value {
  const [xt, wt, yt] = [g.typeOf(x), g.typeOf(w), g.typeOf(cotangent)];
  const [o, depth, ...window] = wt.shape as [number, number, ...number[]];
  const axes = window.map((_, n) => n + 2);
  const swap = { order: [1, 0, ...axes] };
  const low = window.map((extent, n) => extent - 1 - a.low[n]!);
  const high = window.map((extent, n) => extent - 1 + dilated(spatial(xt)[n]!, a.lhsDilation[n]!) - spatial(yt)[n]! - low[n]!);
  const groups = a.featureGroups;
  const attrs = convAttrs(window.length, { rhsDilation: a.lhsDilation, low, high, batchGroups: groups });
  const turned = g.reverse(g.conv(g.transpose(cotangent, swap), g.transpose(x, swap), attrs), { axes });
  if (groups === 1) return turned;
  // [o / groups, groups·depth, …] → [groups·(o / groups), depth, …]
  const apart = g.reshape(turned, { shape: [o / groups, groups, depth, ...window] });
  return g.reshape(g.transpose(apart, { order: [1, 0, 2, ...axes.map((n) => n + 1)] }), { shape: wt.shape });
}

/** d_w = x against d_y, batch and channels exchanged. */
function pullBackFilters(scope: ConvScope): Value {
  const {
    g,
    inputs: [x, w],
    node: { attrs: a },
    cotangent,
  } = scope;
  const ones = [...a.stride, ...a.rhsDilation, a.batchGroups].every((n) => n === 1);
  if (ones && a.lhsDilation.some((by) => by > 1)) return pullBackFiltersOfDilated(scope);
  const [xt, wt, yt] = [g.typeOf(x), g.typeOf(w), g.typeOf(cotangent)];
  const swap = { order: xt.shape.map((_, axis) => (axis < 2 ? 1 - axis : axis)) };
  const reach = spatial(yt).map((extent, n) => dilated(extent, a.stride[n]!));
  const high = spatial(wt).map(
    (extent, n) => dilated(extent, a.rhsDilation[n]!) - 1 + reach[n]! - dilated(spatial(xt)[n]!, a.lhsDilation[n]!) - a.low[n]!,
  );
  const attrs = convAttrs(reach.length, {
    stride: a.rhsDilation,
    lhsDilation: a.lhsDilation,
    rhsDilation: a.stride,
    low: a.low,
    high,
    featureGroups: a.batchGroups,
    batchGroups: a.featureGroups,
  });
  return g.transpose(g.conv(g.transpose(x, swap), g.transpose(cotangent, swap), attrs), swap);
}

/** What the windows of one output channel meet: of each where it ends in the table, and there where it reads and by which tap. */
interface Met {
  readonly depth: number;
  readonly inside: number;
  readonly window: number;
  readonly ends: Int32Array;
  readonly sources: Int32Array;
  readonly taps: Int32Array;
}

/** A reference is evaluated many times with the attributes of one node. */
const known = new WeakMap<object, { readonly of: string; readonly met: Pick<Met, "ends" | "sources" | "taps"> }>();

/** What lies inside, window by window: where it is in a channel, and which tap of the filter it meets. */
function metBy(a: ConvAttrs, x: TensorType, w: TensorType, y: TensorType): Pick<Met, "ends" | "sources" | "taps"> {
  const [inside, window, outside] = [spatial(x), spatial(w), spatial(y)];
  const of = `${inside.join()} ${outside.join()}`;
  const found = known.get(a);
  if (found?.of === of) return found.met;
  const table = tapsOf(a, { ...a, inside, window, outside });
  const [ends, sources, taps] = [new Int32Array(sizeOf(outside)), new Int32Array(table.length), new Int32Array(table.length)];
  const inWindow = sizeOf(window);
  for (let p = 0, end = 0; p < ends.length; p++) {
    for (let k = 0; k < inWindow; k++) {
      const tap = table[p * inWindow + k]!;
      if (tap < 0) continue;
      sources[end] = tap;
      taps[end++] = k;
    }
    ends[p] = end;
  }
  const met = { ends, sources, taps };
  known.set(a, { of, met });
  return met;
}

/** An output channel of the reference: of the channels from `from` on, by the filter at `by`. */
function oneFilter(from: Float64Array, by: Float64Array, into: Float64Array, { depth, inside, window, ends, sources, taps }: Met): void {
  for (let p = 0, start = 0; p < ends.length; p++) {
    const end = ends[p]!;
    let total = 0;
    for (let i = 0; i < depth; i++) for (let m = start; m < end; m++) total += from[i * inside + sources[m]!]! * by[i * window + taps[m]!]!;
    into[p] = total;
    start = end;
  }
}

const FILTERS = 4;

/** Four of them, each added up in the same order: one addition need not wait for the one before. */
function severalFilters(
  from: Float64Array,
  by: Float64Array,
  into: Float64Array,
  { depth, inside, window, ends, sources, taps }: Met,
): void {
  const outside = ends.length;
  const [second, third, fourth] = [depth * window, 2 * depth * window, 3 * depth * window];
  for (let p = 0, start = 0; p < outside; p++) {
    const end = ends[p]!;
    // one by one: a list that is taken apart is made anew each time
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = 0; i < depth; i++) {
      for (let m = start; m < end; m++) {
        const value = from[i * inside + sources[m]!]!;
        const tap = i * window + taps[m]!;
        a += value * by[tap]!;
        b += value * by[tap + second]!;
        c += value * by[tap + third]!;
        d += value * by[tap + fourth]!;
      }
    }
    into[p] = a;
    into[p + outside] = b;
    into[p + 2 * outside] = c;
    into[p + 3 * outside] = d;
    start = end;
  }
}

export const conv: Op<"conv", [x: Value, w: Value], ConvAttrs> = {
  name: "conv",
  arity: 2,
  contracts: true,
  maths: ([x, w]) => `${x} ∗ ${w}`,
  infer: ([x, w], attrs) => infer(x, w, attrs),

  // y = x ∗ w is linear in each: d_x = d_y ∗ w reversed, d_w = x ∗ d_y with batch and channels exchanged
  laws: ["d_x = d_y ∗ reversed w", "d_w = xᵀ ∗ d_yᵀ"],
  vjp: (scope, at) => (at === 0 ? pullBackInput(scope) : pullBackFilters(scope)),

  evaluate([x, w], a, y) {
    const [rows, filters] = y.type.shape as [number, number];
    const [channels, depth] = [x.type.shape[1]!, w.type.shape[1]!];
    const [inside, window, outside] = [x, w, y].map(({ type }) => sizeOf(spatial(type))) as [number, number, number];
    const met = metBy(a, x.type, w.type, y.type);
    const [perRow, perGroup] = [filters / a.batchGroups, filters / a.featureGroups];
    const together = Math.min(perRow, perGroup);
    for (let n = 0; n < rows; n++)
      for (let o = 0; o < filters;) {
        const row = Math.floor(o / perRow) * rows + n;
        const from = x.data.subarray((row * channels + Math.floor(o / perGroup) * depth) * inside);
        const several = (o % together) + FILTERS <= together;
        const [by, into] = [w.data.subarray(o * depth * window), y.data.subarray((n * filters + o) * outside)];
        if (several) severalFilters(from, by, into, { depth, inside, window, ...met });
        else oneFilter(from, by, into, { depth, inside, window, ...met });
        o += several ? FILTERS : 1;
      }
  },

  define({ at, read: [x, w], types: [xt, wt], type, attrs: a, axis }) {
    const [n, o, ...p] = at as [Index, Index, ...Index[]];
    const [rows, filters] = type.shape as [number, number];
    const depth = axis(wt.shape[1]!);
    const window = spatial(wt).map((extent) => axis(extent));
    const indexOf = ({ name, extent }: Axis): Index => index(name, extent);
    const row = a.batchGroups === 1 ? n : add(n, scale(quotient(o, filters / a.batchGroups), rows));
    const channel =
      a.featureGroups === 1 ? indexOf(depth) : add(indexOf(depth), scale(quotient(o, filters / a.featureGroups), wt.shape[1]!));
    const sources = window.map((k, s) => source(p[s] ?? constant(0), indexOf(k), spatial(xt)[s]!, a, s));
    const value = x(row, channel, ...sources.map((one) => one.at));
    const conditions = sources.flatMap((one) => one.conditions);
    const inside = conditions.reduce<Scalar | undefined>(
      (all, one) => (all === undefined ? one : apply("and", "bool", all, one)),
      undefined,
    );
    const guarded = inside === undefined ? value : select(inside, value, literal(0, type.dtype));
    return sumOver([depth, ...window], apply("mul", type.dtype, guarded, w(o, indexOf(depth), ...window.map(indexOf))));
  },

  samples: [
    { inputs: [f32(2, 3, 5, 4), f32(2, 3, 3, 2)], attrs: convAttrs(2) },
    { inputs: [f32(1, 2, 7), f32(3, 2, 3)], attrs: convAttrs(1, { stride: [3], low: [2], high: [1] }) },
    { inputs: [f32(2, 2, 5, 5), f32(4, 1, 3, 3)], attrs: convAttrs(2, { low: [1, 1], high: [1, 1], featureGroups: 2 }) },
    { inputs: [f32(1, 1, 5), f32(1, 1, 3)], attrs: convAttrs(1, { rhsDilation: [2], low: [1], high: [2] }) },
    { inputs: [f32(1, 2, 3), f32(2, 2, 2)], attrs: convAttrs(1, { lhsDilation: [2], low: [1], high: [0] }) },
    { inputs: [f32(4, 2, 4), f32(4, 2, 2)], attrs: convAttrs(1, { batchGroups: 2 }) },
    { inputs: [f32(1, 1, 4), f32(1, 1, 2)], attrs: convAttrs(1, { low: [-1], high: [1] }) },
  ],
};
