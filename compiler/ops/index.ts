/** Guarantees that the vocabulary is this list: one line an op. */

import type { Builder } from "../graph/build.ts";
import type { Attrs, Value } from "../graph/graph.ts";
import type { DType, TensorType } from "../graph/type.ts";
import { conv } from "./conv.ts";
import { customVjp, hole } from "./custom.ts";
import { dot } from "./dot.ts";
import { count, hyper, input, iota, literal, param, state, table } from "./leaf.ts";
import { broadcast, pad, reshape, reverse, slice, stopGradient, transpose } from "./move.ts";
import { number, type Op } from "./op.ts";
import { argmax, reduceMax, sum } from "./reduce.ts";
import { windowArgmax, windowGather, windowMax, windowScatter, windowSum, type WindowAttrs } from "./window.ts";
import { concat, cumsum, gather, randomBits, scatterAdd } from "./sequence.ts";
import { cast, elementwiseOps, identity, type ElementwiseName, type OperandsOf } from "./scalar.ts";

const others = {
  ...{ input, param, state, hyper, count, literal, iota, table },
  ...{ dot, conv, sum, reduceMax, argmax },
  ...{ windowSum, windowMax, windowArgmax, windowGather, windowScatter },
  ...{ transpose, reshape, broadcast, slice, pad, reverse, stopGradient },
  ...{ cast, identity },
  ...{ customVjp, hole },
  ...{ concat, cumsum, gather, scatterAdd, randomBits },
} as const;

export const ops = { ...elementwiseOps, ...others } as const;
export type OpName = keyof typeof ops;

const byName: ReadonlyMap<string, Op> = new Map(Object.entries(ops));

/** The op of that name. Throws a RangeError for a name nobody declared. */
export function opOf(name: string): Op {
  const op = byName.get(name);
  if (op === undefined) throw new RangeError(`no op is called "${name}"`);
  return op;
}

type Elementwise = {
  readonly [Name in ElementwiseName]: OperandsOf<Name> extends 1
    ? (x: Value) => Value
    : OperandsOf<Name> extends 2
      ? (a: Value, b: Value) => Value
      : (c: Value, a: Value, b: Value) => Value;
};

/** One typed method an op, each appending one node; used by gradients, rules and layers alike. */
export interface Calls extends Elementwise {
  dot(a: Value, b: Value, attrs: Attrs): Value;
  conv(x: Value, w: Value, attrs: Attrs): Value;
  windowSum(x: Value, attrs: WindowAttrs): Value;
  windowMax(x: Value, attrs: WindowAttrs): Value;
  windowArgmax(x: Value, attrs: WindowAttrs): Value;
  windowGather(x: Value, where: Value, attrs: WindowAttrs): Value;
  windowScatter(d: Value, where: Value, attrs: WindowAttrs & { readonly shape: readonly number[] }): Value;
  customVjp(operands: readonly Value[], attrs: { inputs: number }): Value;
  hole(type: TensorType): Value;
  concat(parts: readonly Value[], attrs: { axis: number }): Value;
  cumsum(x: Value, attrs: { axis: number }): Value;
  gather(x: Value, at: Value): Value;
  scatterAdd(at: Value, updates: Value, attrs: { rows: number }): Value;
  randomBits(seed: Value, attrs: { stream: number; shape: readonly number[] }): Value;
  reverse(x: Value, attrs: { axes: readonly number[] }): Value;
  sum(x: Value, attrs: { axes: readonly number[] }): Value;
  reduceMax(x: Value, attrs: { axes: readonly number[] }): Value;
  argmax(x: Value, attrs: { axis: number }): Value;
  transpose(x: Value, attrs: { order: readonly number[] }): Value;
  reshape(x: Value, attrs: { shape: readonly number[] }): Value;
  broadcast(x: Value, attrs: { axes: readonly number[]; size: readonly number[] }): Value;
  slice(x: Value, attrs: { start: readonly number[]; limit: readonly number[]; stride: readonly number[] }): Value;
  pad(x: Value, attrs: { low: readonly number[]; high: readonly number[]; interior: readonly number[] }): Value;
  stopGradient(x: Value): Value;
  identity(x: Value): Value;
  cast(x: Value, attrs: { to: DType }): Value;
  iota(type: TensorType, attrs: { axis: number }): Value;
  table(type: TensorType, attrs: { values: readonly number[]; symbol: string }): Value;
  literal(value: number, dtype: DType): Value;
  typeOf(value: Value): TensorType;
  /** The number a literal stands for; undefined for what is computed or fed. */
  constantOf(value: Value): number | undefined;
  /** Any row of the scalar table, by name. */
  elementwise(name: ElementwiseName, args: readonly Value[]): Value;
}

/** The calls of a builder. */
export function callsOn(builder: Builder): Calls {
  const known = made.get(builder);
  if (known !== undefined) return known;
  const append = (name: OpName, inputs: readonly Value[], attrs: Attrs = {}): Value => builder.append(opOf(name), inputs, attrs);
  const elementwise = Object.fromEntries(
    Object.keys(elementwiseOps).map((name) => [name, (...args: Value[]) => append(name as OpName, args)]),
  ) as unknown as Elementwise; // each row takes as many operands as its `args` says
  const calls: Calls = {
    ...elementwise,
    dot: (a, b, attrs) => append("dot", [a, b], attrs),
    conv: (x, w, attrs) => append("conv", [x, w], attrs),
    windowSum: (x, attrs) => append("windowSum", [x], attrs),
    windowMax: (x, attrs) => append("windowMax", [x], attrs),
    windowArgmax: (x, attrs) => append("windowArgmax", [x], attrs),
    windowGather: (x, where, attrs) => append("windowGather", [x, where], attrs),
    windowScatter: (d, where, attrs) => append("windowScatter", [d, where], attrs),
    customVjp: (operands, attrs) => append("customVjp", operands, attrs),
    hole: (type) => builder.append(opOf("hole"), [], {}, "hole", type),
    concat: (parts, attrs) => append("concat", parts, attrs),
    cumsum: (x, attrs) => append("cumsum", [x], attrs),
    gather: (x, at) => append("gather", [x, at]),
    scatterAdd: (at, updates, attrs) => append("scatterAdd", [at, updates], attrs),
    randomBits: (seed, attrs) => append("randomBits", [seed], attrs),
    reverse: (x, attrs) => append("reverse", [x], attrs),
    sum: (x, attrs) => append("sum", [x], attrs),
    reduceMax: (x, attrs) => append("reduceMax", [x], attrs),
    argmax: (x, attrs) => append("argmax", [x], attrs),
    transpose: (x, attrs) => append("transpose", [x], attrs),
    reshape: (x, attrs) => append("reshape", [x], attrs),
    broadcast: (x, attrs) => append("broadcast", [x], attrs),
    slice: (x, attrs) => append("slice", [x], attrs),
    pad: (x, attrs) => append("pad", [x], attrs),
    stopGradient: (x) => append("stopGradient", [x]),
    identity: (x) => append("identity", [x]),
    cast: (x, attrs) => append("cast", [x], attrs),
    iota: (type, attrs) => builder.append(opOf("iota"), [], attrs, "iota", type),
    table: (type, attrs) => builder.append(opOf("table"), [], attrs, "table", type),
    literal: (value, dtype) => builder.literal(value, dtype),
    typeOf: (value) => builder.typeOf(value),
    constantOf: (value) => {
      const { op, attrs } = builder.node(value);
      return op === "literal" ? number(attrs, "value") : undefined;
    },
    elementwise: (name, args) => append(name, args),
  };
  made.set(builder, calls);
  return calls;
}

const made = new WeakMap<Builder, Calls>();
