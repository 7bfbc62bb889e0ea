/** The form that each primitive has in ONNX, one row an op: a missing one is a type error here. What ONNX has no operator for is refused by name. */

import { ModelError } from "../../graph/error.ts";
import type { Node, Value } from "../../graph/graph.ts";
import type { DType } from "../../graph/type.ts";
import type { DotAttrs } from "../../ops/dot.ts";
import type { OpName } from "../../ops/index.ts";
import { number, numbers } from "../../ops/op.ts";
import type { Dim } from "./proto.ts";
import { sameDim, type Emission, type Emitted } from "./emission.ts";
import { convolution } from "./convolution.ts";
import { loop } from "./loop.ts";

/** Emits a node whose operands are emitted. */
export type Form = (e: Emission, value: Value, node: Node) => void;

/** Axes are spread by the operator itself: as large as the largest of its operands. */
function joint(operands: readonly Emitted[]): { readonly dims: readonly Dim[]; readonly rank: number } {
  const rank = Math.max(...operands.map((one) => one.rank));
  const most = operands.reduce<readonly Dim[]>((all, { dims }) => (dims.length > all.length ? dims : all), []);
  const dims = most.map((_, axis) => {
    const all = operands.flatMap((one) => (one.dims.length === 0 ? [] : [one.dims[axis]!]));
    return all.find((dim) => !sameDim(dim, 1)) ?? 1;
  });
  return { dims, rank };
}

/** An elementwise operator of ONNX, or several, over operands that it spreads itself. */
export const spreading =
  (emit: (e: Emission, inputs: readonly string[], name: string, dtype: DType) => string): Form =>
  (e, value, node) => {
    const operands = node.inputs.map((input) => e.loose(input));
    const { dims, rank } = joint(operands);
    const name = emit(
      e,
      operands.map((one) => one.name),
      node.name,
      e.node(node.inputs.at(-1)!).type.dtype,
    );
    e.set(value, name, dims, rank);
  };

const same = (op: string): Form => spreading((e, inputs, name) => e.op(op, inputs, {}, name));
/** Of one operand: a chain of operators. */
const unary = (emit: (e: Emission, x: string, name: string, dtype: DType) => string): Form =>
  spreading((e, [x], name, dtype) => emit(e, x!, name, dtype));

export const refused =
  (what: string, remedy: string): Form =>
  (_, __, node) => {
    throw new ModelError({ code: "export/form", site: node.origin.site, law: `%${node.name}: ${what}`, operands: [], remedy });
  };
const BACKWARD = refused(
  "ONNX has no operator for positions in windows",
  "Leave outputs that are gradients of pools out of what is exported.",
);

const alias: Form = (e, value, node) => {
  const { name, dims, rank } = e.loose(node.inputs[0]!);
  e.set(value, name, dims, rank);
};

/** Axes before others, in the letters of an Einsum. */
const dot: Form = (e, value, node) => {
  const [a, b] = node.inputs as unknown as readonly [Value, Value];
  const { aBatch, aContract, bBatch, bContract } = node.attrs as DotAttrs;
  const [x, y] = [e.full(a), e.full(b)];
  const [rankA, rankB] = [e.shape(a).length, e.shape(b).length];
  const leading = (axes: readonly number[]): boolean => axes.every((axis, n) => axis === n);
  const one = aContract.length === 1 && leading(aBatch) && leading(bBatch);
  // MatMul takes the last axis of a and the last but one of b, and what is before as batch
  const matrices =
    one && aContract[0] === rankA - 1 && (aBatch.length === 0 ? rankB === 2 : rankA === rankB && aBatch.length === rankA - 2);
  if (matrices && rankB >= 2) {
    if (bContract[0] === rankB - 2) return void e.set(value, e.op("MatMul", [x, y], {}, node.name));
    const order = [...aBatch, rankB - 1, rankB - 2];
    return void e.set(value, e.op("MatMul", [x, e.op("Transpose", [y], { perm: order }, `${node.name}_t`)], {}, node.name));
  }
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  const ofA = Array.from({ length: rankA }, () => letters.shift()!);
  const ofB = Array.from({ length: rankB }, (_, axis) => {
    const at =
      bBatch.indexOf(axis) >= 0 ? aBatch[bBatch.indexOf(axis)] : bContract.includes(axis) ? aContract[bContract.indexOf(axis)] : -1;
    return at === -1 ? letters.shift()! : ofA[at!]!;
  });
  const free = (own: readonly string[], ...not: readonly (readonly number[])[]) =>
    own.filter((_, axis) => !not.some((axes) => axes.includes(axis)));
  const out = [...aBatch.map((axis) => ofA[axis]!), ...free(ofA, aBatch, aContract), ...free(ofB, bBatch, bContract)];
  e.set(value, e.op("Einsum", [x, y], { equation: `${ofA.join("")},${ofB.join("")}->${out.join("")}` }, node.name));
};

const broadcast: Form = (e, value, node) => {
  const { name, dims, rank } = e.loose(node.inputs[0]!);
  const axes = numbers(node.attrs, "axes");
  let n = 0;
  const spread = e.shape(value).map((_, axis): Dim => (axes.includes(axis) ? 1 : dims[n++]!));
  const kept = spread.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const missing = dims.length - rank; // in front, and spread already
  const first = kept[missing] ?? spread.length;
  // new axes in front of all others are spread by whoever reads it
  const inside = axes.filter((axis) => axis > first).map((axis) => axis - first);
  if (inside.length === 0) return void e.set(value, name, spread, rank);
  const own = e.op("Unsqueeze", [name, e.ints(inside.toSorted((a, b) => a - b))], {}, node.name);
  e.set(value, own, spread, rank + inside.length);
};

const slice: Form = (e, value, node) => {
  const [start, stride] = [numbers(node.attrs, "start"), numbers(node.attrs, "stride")];
  const limit = e.dims(value, ({ attrs }) => numbers(attrs, "limit"));
  const x = node.inputs[0]!;
  const cut = e.shape(x).flatMap((dim, axis) => (start[axis] === 0 && stride[axis] === 1 && sameDim(limit[axis]!, dim) ? [] : [axis]));
  if (cut.length === 0) return alias(e, value, node);
  const of = (values: readonly Dim[]) => e.vector(cut.map((axis) => values[axis]!));
  e.set(value, e.op("Slice", [e.full(x), of(start), of(limit), e.ints(cut), of(stride)], {}, node.name));
};

const pad: Form = (e, value, node) => {
  const [low, high, interior] = [numbers(node.attrs, "low"), numbers(node.attrs, "high"), numbers(node.attrs, "interior")];
  if (interior.some((n) => n > 0))
    return refused("ONNX's Pad has no zeros between neighbours", "Leave this output out of what is exported.")(e, value, node);
  const { dtype } = node.type;
  e.set(value, e.op("Pad", [e.full(node.inputs[0]!), e.ints([...low, ...high]), e.scalar(0, dtype)], {}, node.name));
};

/** Whether windows are over the axes after the first two, and nothing is left out in them. */
export const isPooled = ({ attrs }: Node): boolean => {
  const [window, stride] = [numbers(attrs, "window"), numbers(attrs, "stride")];
  const isOne = (n: number): boolean => n === 1;
  const dilation = (attrs["dilation"] as readonly number[] | undefined) ?? [];
  return window.length > 2 && window.slice(0, 2).every(isOne) && stride.slice(0, 2).every(isOne) && dilation.every(isOne);
};

/** Windows over the axes after the first two. */
function pooled(op: "MaxPool" | "AveragePool", attributes: Record<string, number>): Form {
  return (e, value, node) => {
    if (!isPooled(node))
      return refused(`ONNX's ${op} has plain windows over the axes after the first two`, "Reshape to [n, c, …] around it.")(e, value, node);
    const of = (key: string): readonly number[] => numbers(node.attrs, key).slice(2);
    const attrs = { kernel_shape: of("window"), strides: of("stride"), pads: [...of("low"), ...of("high")] };
    e.set(value, e.op(op, [e.full(node.inputs[0]!)], { ...attrs, ...attributes }, node.name));
  };
}

const windowSum: Form = (e, value, node) => {
  pooled("AveragePool", { count_include_pad: 1 })(e, value, node);
  const size = numbers(node.attrs, "window").reduce((n, extent) => n * extent, 1);
  e.set(value, e.op("Mul", [e.full(value), e.scalar(size, node.type.dtype)], {}, node.name));
};

/** 0 where a position is no row, as here. */
const gather: Form = (e, value, node) => {
  const [x, at] = node.inputs as unknown as readonly [Value, Value];
  const rows = e.node(x).type.shape[0]!;
  const { op, attrs } = e.node(at);
  const [table, index] = [e.full(x), e.full(at)];
  const known = op === "input" && typeof attrs["classes"] === "number" && attrs["classes"] <= rows;
  if (known) return void e.set(value, e.op("Gather", [table, index], { axis: 0 }, node.name));
  const [zero, end] = [e.scalar(0, "i32"), e.scalar(rows, "i32")];
  const valid = e.op("And", [e.op("LessOrEqual", [zero, index]), e.op("Less", [index, end])], {}, `${node.name}_valid`);
  const taken = e.op("Gather", [table, e.op("Where", [valid, index, zero])], { axis: 0 });
  const behind = e.shape(value).length - e.shape(at).length;
  const wide = behind === 0 ? valid : e.op("Unsqueeze", [valid, e.ints(Array.from({ length: behind }, (_, n) => e.shape(at).length + n))]);
  e.set(value, e.op("Where", [wide, taken, e.scalar(0, node.type.dtype)], {}, node.name));
};

const reverse: Form = (e, value, node) => {
  const axes = numbers(node.attrs, "axes");
  const each = (n: number) => e.ints(axes.map(() => n));
  e.set(value, e.op("Slice", [e.full(node.inputs[0]!), each(-1), each(-(2 ** 31)), e.ints(axes), each(-1)], {}, node.name));
};

const CAST: Readonly<Record<DType, number>> = { f32: 1, i32: 6, bool: 9, f64: 11 };

export const FORMS: Readonly<Record<OpName, Form>> = {
  neg: same("Neg"),
  exp: same("Exp"),
  log: same("Log"),
  sqrt: same("Sqrt"),
  recip: same("Reciprocal"),
  tanh: same("Tanh"),
  sigmoid: same("Sigmoid"),
  relu: same("Relu"),
  erf: same("Erf"),
  sin: same("Sin"),
  cos: same("Cos"),
  log1p: unary((e, x, name, dtype) => e.op("Log", [e.op("Add", [x, e.scalar(1, dtype)])], {}, name)),
  expm1: unary((e, x, name, dtype) => e.op("Sub", [e.op("Exp", [x]), e.scalar(1, dtype)], {}, name)),
  abs: same("Abs"),
  sign: same("Sign"),
  floor: same("Floor"),
  rsqrt: unary((e, x, name) => e.op("Reciprocal", [e.op("Sqrt", [x])], {}, name)),
  erfc: unary((e, x, name, dtype) => e.op("Sub", [e.scalar(1, dtype), e.op("Erf", [x])], {}, name)),
  exp2: unary((e, x, name, dtype) => e.op("Pow", [e.scalar(2, dtype), x], {}, name)),
  lgamma: refused("ONNX has no logarithm of Γ", "Leave outputs that depend on it out of what is exported."),
  digamma: refused("ONNX has no ψ", "Leave outputs that depend on it out of what is exported."),
  log2: unary((e, x, name, dtype) => e.op("Mul", [e.op("Log", [x]), e.scalar(Math.LOG2E, dtype)], {}, name)),
  log10: unary((e, x, name, dtype) => e.op("Mul", [e.op("Log", [x]), e.scalar(Math.LOG10E, dtype)], {}, name)),
  tan: same("Tan"),
  asin: same("Asin"),
  acos: same("Acos"),
  atan: same("Atan"),
  sinh: same("Sinh"),
  cosh: same("Cosh"),
  asinh: same("Asinh"),
  acosh: same("Acosh"),
  atanh: same("Atanh"),
  logSigmoid: unary((e, x, name) => e.op("Neg", [e.op("Softplus", [e.op("Neg", [x])])], {}, name)),
  softsign: same("Softsign"),
  ceil: same("Ceil"),
  trunc: unary((e, x, name) => e.op("Mul", [e.op("Sign", [x]), e.op("Floor", [e.op("Abs", [x])])], {}, name)),
  round: same("Round"),
  add: same("Add"),
  sub: same("Sub"),
  mul: same("Mul"),
  div: same("Div"),
  max: same("Max"),
  min: same("Min"),
  pow: same("Pow"),
  // y by x: of the half circle to the right by the quotient, to the left half a turn more, in between a quarter
  atan2: spreading((e, [y, x], name, dtype) => {
    const at = (n: number): string => e.scalar(n, dtype);
    const half = e.op("Where", [e.op("Less", [y!, at(0)]), at(-Math.PI), at(Math.PI)]);
    const turned = e.op("Where", [e.op("Less", [x!, at(0)]), half, at(0)]);
    const slanted = e.op("Add", [e.op("Atan", [e.op("Div", [y!, x!])]), turned]);
    const upright = e.op("Mul", [e.op("Sign", [y!]), at(Math.PI / 2)]);
    return e.op("Where", [e.op("Equal", [x!, at(0)]), upright, slanted], {}, name);
  }),
  logAddExp: spreading((e, [a, b], name) => {
    const apart = e.op("Abs", [e.op("Sub", [a!, b!])]);
    return e.op("Add", [e.op("Max", [a!, b!]), e.op("Softplus", [e.op("Neg", [apart])])], {}, name);
  }),
  fmod: spreading((e, inputs, name) => e.op("Mod", inputs, { fmod: 1 }, name)),
  lt: same("Less"),
  le: same("LessOrEqual"),
  eq: same("Equal"),
  and: same("And"),
  or: same("Or"),
  not: same("Not"),
  where: same("Where"),
  // leaves and constants stand before all nodes
  input: alias,
  param: alias,
  state: alias,
  constant: alias,
  hyper: alias,
  count: refused("the number of real rows is no output's business", "Leave outputs that count rows out of what is exported."),
  literal: alias,
  iota: refused("its positions grow with the batch", "Leave this output out of what is exported."), // others are constants
  table: alias,
  transpose: (e, value, node) =>
    void e.set(value, e.op("Transpose", [e.full(node.inputs[0]!)], { perm: numbers(node.attrs, "order") }, node.name)),
  reshape: (e, value, node) => void e.set(value, e.reshape(e.full(node.inputs[0]!), e.shape(value), node.name)),
  broadcast,
  slice,
  pad,
  reverse,
  stopGradient: alias,
  sum: (e, value, node) =>
    void e.set(value, e.op("ReduceSum", [e.full(node.inputs[0]!), e.ints(numbers(node.attrs, "axes"))], { keepdims: 0 }, node.name)),
  reduceMax: (e, value, node) =>
    void e.set(value, e.op("ReduceMax", [e.full(node.inputs[0]!)], { axes: numbers(node.attrs, "axes"), keepdims: 0 }, node.name)),
  argmax: (e, value, node) => {
    const found = e.op("ArgMax", [e.full(node.inputs[0]!)], { axis: number(node.attrs, "axis"), keepdims: 0 });
    e.set(value, e.op("Cast", [found], { to: CAST.i32 }, node.name));
  },
  dot,
  conv: convolution,
  windowSum,
  windowMax: pooled("MaxPool", {}),
  windowArgmax: BACKWARD,
  windowGather: BACKWARD,
  windowScatter: BACKWARD,
  concat: (e, value, node) =>
    void e.set(
      value,
      e.op(
        "Concat",
        node.inputs.map((input) => e.full(input)),
        { axis: number(node.attrs, "axis") },
        node.name,
      ),
    ),
  cumsum: (e, value, node) =>
    void e.set(value, e.op("CumSum", [e.full(node.inputs[0]!), e.scalar(number(node.attrs, "axis"), "i32")], {}, node.name)),
  gather,
  scatterAdd: refused("sums at positions have no plain form in ONNX", "Leave outputs that are gradients out of what is exported."),
  randomBits: alias, // an input
  scan: loop,
  turn: alias,
  part: alias, // its loop has emitted it
  customVjp: alias,
  hole: alias,
  cast: (e, value, node) => {
    const { name, dims, rank } = e.loose(node.inputs[0]!);
    e.set(value, e.op("Cast", [name], { to: CAST[node.type.dtype] }, node.name), dims, rank);
  },
  identity: alias,
};
