/** The forms of a training step in ONNX: those of prediction, and those of what only gradients, draws and updates are made of. */

import type { Node, Value } from "../../graph/graph.ts";
import { sizeOf } from "../../graph/type.ts";
import { ROTATIONS } from "../../loop/random.ts";
import type { ConvAttrs } from "../../ops/conv.ts";
import type { OpName } from "../../ops/index.ts";
import { number, numbers } from "../../ops/op.ts";
import type { WindowAttrs } from "../../ops/window.ts";
import type { Emission } from "../onnx/emission.ts";
import { FORMS, isPooled, type Form } from "../onnx/forms.ts";

const at = (e: Emission, value: Value, n: number): string => e.full(e.node(value).inputs[n]!);

/** Zeros between and around the elements: a new axis behind each that is stretched, padded and joined to it. */
const pad: Form = (e, value, node) => {
  const [low, high, interior] = [numbers(node.attrs, "low"), numbers(node.attrs, "high"), numbers(node.attrs, "interior")];
  const { shape, dtype } = e.node(node.inputs[0]!).type;
  let own = at(e, value, 0);
  if (interior.some((n) => n > 0)) {
    const split = shape.flatMap((extent, axis) => (interior[axis]! > 0 ? [extent, 1] : [extent]));
    const behind = shape.flatMap((_, axis) => (interior[axis]! > 0 ? [0, interior[axis]!] : [0]));
    const wide = e.op("Pad", [e.reshape(own, split), e.ints([...behind.map(() => 0), ...behind]), e.scalar(0, dtype)]);
    const stretched = shape.map((extent, axis) => extent * (interior[axis]! + 1));
    const axes = shape.flatMap((_, axis) => (interior[axis]! > 0 ? [axis] : []));
    const ends = axes.map((axis) => stretched[axis]! - interior[axis]!);
    own = e.op("Slice", [e.reshape(wide, stretched), e.ints(axes.map(() => 0)), e.ints(ends), e.ints(axes)]);
  }
  if ([...low, ...high].some((n) => n > 0)) own = e.op("Pad", [own, e.ints([...low, ...high]), e.scalar(0, dtype)], {}, node.name);
  e.set(value, own);
};

/** x with so much padding around it, or without so much of its margins. */
function padded(e: Emission, x: string, shape: readonly number[], low: readonly number[], high: readonly number[], fill: string): string {
  const cut = shape.flatMap((_, axis) => (low[axis]! < 0 || high[axis]! < 0 ? [axis] : []));
  let own = x;
  if (cut.length > 0) {
    const starts = cut.map((axis) => Math.max(0, -low[axis]!));
    const ends = cut.map((axis) => shape[axis]! - Math.max(0, -high[axis]!));
    own = e.op("Slice", [own, e.ints(starts), e.ints(ends), e.ints(cut)]);
  }
  const around = [...low, ...high].map((n) => Math.max(0, n));
  return around.some((n) => n > 0) ? e.op("Pad", [own, e.ints(around), fill]) : own;
}

/** A convolution of any strides, dilations and groups: the gradient of one is such. */
const conv: Form = (e, value, node) => {
  const a = node.attrs as ConvAttrs;
  const [x, w] = node.inputs as unknown as readonly [Value, Value];
  const { dtype, shape } = e.node(x).type;
  const filters = e.node(w).type.shape;
  const [n, c, ...inside] = shape as [number, number, ...number[]];
  let [own, weights, group] = [e.full(x), e.full(w), a.featureGroups];
  let extents: readonly number[] = inside;
  if (a.batchGroups > 1) {
    // groups of the batch are groups of the channels when they lie there
    const axes = inside.map((_, axis) => axis + 3);
    const apart = e.reshape(own, [a.batchGroups, n / a.batchGroups, c, ...inside]);
    own = e.reshape(e.op("Transpose", [apart], { perm: [1, 0, 2, ...axes] }), [n / a.batchGroups, a.batchGroups * c, ...inside]);
    group = a.batchGroups;
  }
  const transposed = a.lhsDilation.some((by) => by > 1) && a.stride.every((by) => by === 1) && group === 1;
  const reach = filters.slice(2).map((extent, axis) => (extent - 1) * a.rhsDilation[axis]!);
  if (transposed) {
    const [low, high] = [reach.map((by, axis) => by - a.low[axis]!), reach.map((by, axis) => by - a.high[axis]!)];
    if (low.every((by) => by >= 0) && high.every((by, axis) => by >= 0 || -by < a.lhsDilation[axis]!)) {
      const kernel = turned(e, weights, filters);
      const attributes = {
        kernel_shape: filters.slice(2),
        strides: a.lhsDilation,
        dilations: a.rhsDilation,
        pads: [...low, ...high.map((by) => Math.max(0, by))],
        ...(high.some((by) => by < 0) ? { output_padding: high.map((by) => Math.max(0, -by)) } : {}),
      };
      return void e.set(value, e.op("ConvTranspose", [own, kernel], attributes, node.name));
    }
  }
  if (a.lhsDilation.some((by) => by > 1)) {
    own = stretched(e, own, [n / a.batchGroups, a.batchGroups * c, ...inside], a.lhsDilation, dtype);
    extents = inside.map((extent, axis) => (extent - 1) * a.lhsDilation[axis]! + 1);
  }
  const margins = (side: readonly number[]): readonly number[] => [0, 0, ...side];
  const whole = [n / a.batchGroups, a.batchGroups * c, ...extents];
  const negative = [...a.low, ...a.high].some((by) => by < 0);
  if (negative) own = padded(e, own, whole, margins(a.low), margins(a.high), e.scalar(0, dtype));
  const attributes = {
    kernel_shape: filters.slice(2),
    strides: a.stride,
    dilations: a.rhsDilation,
    pads: negative ? a.low.map(() => 0).concat(a.high.map(() => 0)) : [...a.low, ...a.high],
    group,
  };
  e.set(value, e.op("Conv", [own, weights], attributes, node.name));
};

/** Filters [out, in, …] as the kernel [in, out, …] of a transposed convolution: what turned them that way is undone by ORT, or here. */
function turned(e: Emission, weights: string, filters: readonly number[]): string {
  const axes = filters.slice(2).map((_, axis) => axis + 2);
  const each = (n: number): string => e.ints(axes.map(() => n));
  const reversed = e.op("Slice", [weights, each(-1), each(-(2 ** 31)), e.ints(axes), each(-1)]);
  return e.op("Transpose", [reversed], { perm: [1, 0, ...axes] });
}

/** Zeros between the elements along the axes after the first two. */
function stretched(e: Emission, x: string, shape: readonly number[], by: readonly number[], dtype: "f32" | "f64" | "i32" | "bool"): string {
  const [n, c, ...inside] = shape as [number, number, ...number[]];
  const split = e.reshape(x, [n, c, ...inside.flatMap((extent) => [extent, 1])]);
  const behind = [0, 0, ...by.flatMap((step) => [0, step - 1])];
  const wide = e.op("Pad", [split, e.ints([...behind.map(() => 0), ...behind]), e.scalar(0, dtype)]);
  const joined = e.reshape(wide, [n, c, ...inside.map((extent, axis) => extent * by[axis]!)]);
  const axes = inside.map((_, axis) => axis + 2);
  const ends = inside.map((extent, axis) => (extent - 1) * by[axis]! + 1);
  return e.op("Slice", [joined, e.ints(axes.map(() => 0)), e.ints(ends), e.ints(axes)]);
}

/** Windows over trailing axes: what is before them in one axis. */
interface Windows {
  readonly lead: number;
  readonly outside: readonly number[];
  readonly inside: readonly number[];
  readonly window: readonly number[];
  readonly stride: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly dilation: readonly number[];
  readonly taps: number;
}

function windowsOf(a: WindowAttrs, inside: readonly number[], outside: readonly number[]): Windows {
  if (inside.length === 0) return windowsOf({ window: [1], stride: [1], low: [0], high: [0] }, [1], [1]); // one number
  const plain = (axis: number): boolean => a.window[axis] === 1 && a.stride[axis] === 1 && a.low[axis] === 0 && a.high[axis] === 0;
  let first = 0;
  while (first < inside.length - 1 && plain(first)) first++;
  const cut = <T>(all: readonly T[]): readonly T[] => all.slice(first);
  return {
    lead: sizeOf(inside.slice(0, first)),
    inside: cut(inside),
    outside: cut(outside),
    window: cut(a.window),
    stride: cut(a.stride),
    low: cut(a.low),
    high: cut(a.high),
    dilation: cut(a.dilation ?? a.window.map(() => 1)),
    taps: sizeOf(a.window),
  };
}

/** [taps, 1, …window]: filter k is 1 at position k. */
function onePosition(e: Emission, w: Windows, dtype: "f32" | "f64"): string {
  const values = Array.from({ length: w.taps * w.taps }, (_, n) => Number(n % (w.taps + 1) === 0));
  return e.constant(dtype, [w.taps, 1, ...w.window], values, `positions_${w.window.join("x")}`);
}

const floatOf = (dtype: string): "f32" | "f64" => (dtype === "f64" ? "f64" : "f32");

/** [lead, taps, …outside]: what each window meets, position by position, as a convolution with ones. */
function met(e: Emission, x: string, w: Windows, dtype: "f32" | "f64", fill: number): string {
  const flat = e.reshape(x, [w.lead, 1, ...w.inside]);
  const wide = padded(e, flat, [w.lead, 1, ...w.inside], [0, 0, ...w.low], [0, 0, ...w.high], e.scalar(fill, dtype));
  const attributes = { kernel_shape: w.window, strides: w.stride, dilations: w.dilation, pads: [...w.low, ...w.high].map(() => 0) };
  return e.op("Conv", [wide, onePosition(e, w, dtype)], attributes, "met");
}

/** Below every number that has neighbours: padding is never the largest, and 0 times it is 0. */
const LOWEST = -3.4e38;

/** Windows over any axes: of sums a convolution with ones. */
const windowSum: Form = (e, value, node) => {
  if (isPooled(node)) return FORMS.windowSum(e, value, node);
  const x = e.node(node.inputs[0]!).type;
  const w = windowsOf(node.attrs as WindowAttrs, x.shape, node.type.shape);
  const dtype = floatOf(x.dtype);
  const flat = e.reshape(at(e, value, 0), [w.lead, 1, ...w.inside]);
  const wide = padded(e, flat, [w.lead, 1, ...w.inside], [0, 0, ...w.low], [0, 0, ...w.high], e.scalar(0, dtype));
  const ones = e.constant(dtype, [1, 1, ...w.window], new Array<number>(w.taps).fill(1), `ones_${w.window.join("x")}`);
  const attributes = { kernel_shape: w.window, strides: w.stride, dilations: w.dilation, pads: [...w.low, ...w.high].map(() => 0) };
  e.set(value, e.reshape(e.op("Conv", [wide, ones], attributes), node.type.shape, node.name));
};

const windowMax: Form = (e, value, node) => {
  if (isPooled(node)) return FORMS.windowMax(e, value, node);
  const x = e.node(node.inputs[0]!).type;
  const w = windowsOf(node.attrs as WindowAttrs, x.shape, node.type.shape);
  const largest = e.op("ReduceMax", [met(e, at(e, value, 0), w, floatOf(x.dtype), LOWEST), e.ints([1])], { keepdims: 0 });
  e.set(value, e.reshape(largest, node.type.shape, node.name));
};

const windowArgmax: Form = (e, value, node) => {
  const x = e.node(node.inputs[0]!).type;
  const w = windowsOf(node.attrs as WindowAttrs, x.shape, node.type.shape);
  const found = e.op("ArgMax", [met(e, at(e, value, 0), w, floatOf(x.dtype), LOWEST)], { axis: 1, keepdims: 0 });
  const named = e.op("Cast", [found], { to: 6 });
  e.set(value, e.reshape(named, node.type.shape, node.name));
};

/** Of each window what stands at its chosen position, and zeros: [lead, taps, …outside]. */
function chosen(e: Emission, d: string, where: string, w: Windows, dtype: "f32" | "f64"): string {
  const [one, all] = [
    [w.lead, 1, ...w.outside],
    [1, w.taps, ...w.outside.map(() => 1)],
  ];
  const positions = e.constant(
    "i32",
    all,
    Array.from({ length: w.taps }, (_, n) => n),
    "position",
  );
  const is = e.op("Equal", [e.reshape(where, one), positions]);
  return e.op("Where", [is, d, e.scalar(0, dtype)], {}, "chosen");
}

const windowGather: Form = (e, value, node) => {
  const x = e.node(node.inputs[0]!).type;
  const w = windowsOf(node.attrs as WindowAttrs, x.shape, node.type.shape);
  const dtype = floatOf(x.dtype);
  const own = chosen(e, met(e, at(e, value, 0), w, dtype, 0), at(e, value, 1), w, dtype);
  const sum = e.op("ReduceSum", [own, e.ints([1])], { keepdims: 0 });
  e.set(value, e.reshape(sum, node.type.shape, node.name));
};

/** The transpose of what windows meet: a transposed convolution with ones. */
const windowScatter: Form = (e, value, node) => {
  const d = e.node(node.inputs[0]!).type;
  const w = windowsOf(node.attrs as WindowAttrs, node.type.shape, d.shape);
  const dtype = floatOf(d.dtype);
  const own = chosen(e, e.reshape(at(e, value, 0), [w.lead, 1, ...w.outside]), at(e, value, 1), w, dtype);
  // what no window reaches at the end is added
  const reached = w.outside.map((n, axis) => (n - 1) * w.stride[axis]! + (w.window[axis]! - 1) * w.dilation[axis]! + 1);
  const attributes = { kernel_shape: w.window, strides: w.stride, dilations: w.dilation };
  const wide = e.op("ConvTranspose", [own, onePosition(e, w, dtype)], attributes, "scattered");
  const high = w.inside.map((extent, axis) => extent + w.low[axis]! - reached[axis]!);
  const exact = padded(e, wide, [w.lead, 1, ...reached], [0, 0, ...w.low.map((n) => -n)], [0, 0, ...high], e.scalar(0, dtype));
  e.set(value, e.reshape(exact, node.type.shape, node.name));
};

/** Sums at positions; a position that is no row adds 0 to the first. */
const scatterAdd: Form = (e, value, node) => {
  const rows = number(node.attrs, "rows");
  const [where, d] = [at(e, value, 0), at(e, value, 1)];
  const { shape } = e.node(node.inputs[0]!).type;
  const { dtype, shape: full } = e.node(node.inputs[1]!).type;
  const [zero, end] = [e.scalar(0, "i32"), e.scalar(rows, "i32")];
  const valid = e.op("And", [e.op("LessOrEqual", [zero, where]), e.op("Less", [where, end])]);
  const behind = full.slice(shape.length).map(() => 1);
  const kept = e.op("Where", [e.reshape(valid, [...shape, ...behind]), d, e.scalar(0, dtype)]);
  const index = e.op("Cast", [e.op("Where", [valid, where, zero])], { to: 7 });
  const zeros = e.op("Expand", [e.scalar(0, dtype), e.vector(node.type.shape)]);
  e.set(value, e.op("ScatterND", [zeros, e.reshape(index, [...shape, 1]), kept], { reduction: "add" }, node.name));
};

const WORD = 2 ** 32;

/** Threefry in 64-bit integers, each below 2³²; see loop/random.ts. */
const randomBits: Form = (e, value, node) => {
  const { shape } = node.type;
  const size = sizeOf(shape);
  const int = (n: number): string => e.constant("i64", [], [n], "word");
  const wrapped = (x: string): string => e.op("Mod", [x, int(WORD)]);
  const plus = (a: string, b: string): string => wrapped(e.op("Add", [a, b]));
  const xor = (a: string, b: string): string => e.op("BitwiseXor", [a, b]);
  const stream = int(number(node.attrs, "stream") >>> 0);
  const seed = wrapped(e.op("Cast", [at(e, value, 0)], { to: 7 }));
  const keys = [seed, stream, xor(xor(seed, stream), int(0x1bd11bda))] as const;
  const positions = e.op("Range", [int(0), int(size), int(1)]);
  let x = plus(positions, keys[0]);
  let y = e.op("Expand", [keys[1], e.ints([size])]);
  for (let round = 0; round < 13; round++) {
    const turn = ROTATIONS[round & 7]!;
    x = plus(x, y);
    const left = wrapped(e.op("Mul", [y, int(2 ** turn)]));
    y = xor(e.op("Add", [left, e.op("Div", [y, int(2 ** (32 - turn))])]), x);
    if ((round & 3) !== 3) continue;
    const step = (round >> 2) + 1;
    x = plus(x, keys[step % 3]!);
    y = plus(plus(y, keys[(step + 1) % 3]!), int(step));
  }
  const high = e.op("Less", [x, int(WORD / 2)]);
  const signed = e.op("Where", [high, x, e.op("Sub", [x, int(WORD)])]);
  e.set(value, e.reshape(e.op("Cast", [signed], { to: 6 }), shape, node.name));
};

/** Extents of axes are an operand from version 18 on. */
const reduceMax: Form = (e, value, node) =>
  void e.set(value, e.op("ReduceMax", [at(e, value, 0), e.ints(numbers(node.attrs, "axes"))], { keepdims: 0 }, node.name));

const isThere: Form = (_, __, node) => {
  throw new RangeError(`%${node.name} is an input, and stands before all nodes`);
};

export const STEP_FORMS: Readonly<Record<OpName, Form>> = {
  ...FORMS,
  count: isThere,
  pad,
  conv,
  reduceMax,
  windowSum,
  windowMax,
  windowArgmax,
  windowGather,
  windowScatter,
  scatterAdd,
  randomBits,
};

export const isLeaf = ({ op }: Node): boolean => ["input", "param", "state", "hyper", "count", "constant"].includes(op);
