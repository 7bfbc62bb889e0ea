/**
 * Guarantees that what is known of the file alone is computed now: shapes, and whole numbers and truth values of them, in which the batch's
 * extent may stand as itself, and weights that are only moved or widened. Each operator's meaning is ONNX's.
 */

import type { FileNode, FileTensor } from "./proto.ts";
import { axisOf, broadcastIndex, jointOf, kindOfCast, slicesOf, splitSizes } from "./shapes.ts";
import { batches, batchesIn, isOpen, lengthOf, placesOf, type Dim, type Kind, type Open } from "../code.ts";
import type { Held, Translation } from "./translation.ts";

type Values = ArrayLike<Dim>;
interface Made {
  readonly dims: readonly number[];
  readonly data: Values;
  readonly kind?: Kind;
}

type Fold = (t: Translation, node: FileNode, given: readonly (Held | undefined)[]) => readonly Made[] | undefined;

const numbers = (t: Translation, node: FileNode, held: Held): ArrayLike<number> => t.plain(node, held).data;
const dimsOf = ({ tensor }: Held): readonly number[] => tensor.dims;

/** Elements of the first operand by their places. */
function taken(data: Values, places: readonly number[]): Values {
  if (data instanceof Float32Array) return Float32Array.from(places, (at) => data[at]!);
  return places.map((at) => data[at]!);
}

const moved =
  (
    places: (t: Translation, node: FileNode, given: readonly (Held | undefined)[]) => { dims: readonly number[]; at: readonly number[] },
  ): Fold =>
  (t, node, given) => {
    const { dims, at } = places(t, node, given);
    return [{ dims, data: taken(given[0]!.tensor.data, at) }];
  };

/** The same elements under another shape. */
const shaped =
  (dims: (t: Translation, node: FileNode, given: readonly (Held | undefined)[]) => readonly number[]): Fold =>
  (t, node, given) => [{ dims: dims(t, node, given), data: given[0]!.tensor.data }];

/** Two operands element by element; undefined where the batch's extent does not come through. */
const pairwise =
  (fn: (a: number, b: number) => number, kind?: Kind, withBatch?: (a: Dim, b: Dim) => Dim | undefined): Fold =>
  (t, node, [a, b]) => {
    const dims = jointOf(t, node, dimsOf(a!), dimsOf(b!)) as readonly number[];
    const [p, q] = [broadcastIndex(dimsOf(a!), dims), broadcastIndex(dimsOf(b!), dims)];
    const whole = a!.tensor.kind === "integer" && node.op === "Div";
    const data = Array.from({ length: lengthOf(dims) }, (_, n): Dim => {
      const [x, y] = [a!.tensor.data[p(n)]!, b!.tensor.data[q(n)]!];
      if (isOpen(x) || isOpen(y)) return withBatch?.(x, y) ?? t.fail(node, "computes with the batch", "fix it with --batch");
      return whole ? Math.trunc(x / y) : fn(x, y);
    });
    return [{ dims, data, ...(kind === undefined ? {} : { kind }) }];
  };

const each =
  (fn: (a: number) => number, kind?: Kind): Fold =>
  (t, node, [x]) => [{ dims: dimsOf(x!), data: Array.from(numbers(t, node, x!), fn), ...(kind === undefined ? {} : { kind }) }];

const times = (a: Dim, b: Dim): Dim | undefined => {
  if (isOpen(a) === isOpen(b)) return undefined;
  const [open, by] = isOpen(a) ? [a, b as number] : [b as Open, a as number]; // one is open, the other is not
  return by >= 0 ? batches(batchesIn(open) * by) : undefined;
};
const over = (a: Dim, b: Dim): Dim | undefined => {
  const quotient = isOpen(a) ? batchesIn(a) / (isOpen(b) ? batchesIn(b) : b) : Number.NaN;
  if (!Number.isInteger(quotient) || quotient < 1) return undefined;
  return isOpen(b) ? quotient : batches(quotient);
};
const plus = (a: Dim, b: Dim): Dim | undefined =>
  a === 0 ? b : b === 0 ? a : isOpen(a) && isOpen(b) ? batches(batchesIn(a) + batchesIn(b)) : undefined;
const less = (a: Dim, b: Dim): Dim | undefined => (b === 0 ? a : a === b ? 0 : undefined);
/** The batch's extent is no negative number, nor 0: what files ask to know whether it is given. */
const same = (a: Dim, b: Dim): Dim | undefined => (a === b ? 1 : Number(isOpen(a) ? b : a) <= 0 ? 0 : undefined);

const reduced =
  (fn: (a: number, b: number) => number): Fold =>
  (t, node, [x]) => {
    const axes = t.ints(node, "axes", 1)?.map((axis) => axisOf(t, node, axis, dimsOf(x!).length)) ?? dimsOf(x!).map((_, axis) => axis);
    const keeps = t.number(node, "keepdims", 1) !== 0;
    const data = numbers(t, node, x!);
    const dims = dimsOf(x!);
    const ones = dims.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
    const out: (number | undefined)[] = Array.from({ length: lengthOf(ones) }, () => undefined);
    const at = broadcastIndex(ones, dims);
    for (let n = 0; n < data.length; n++) out[at(n)] = out[at(n)] === undefined ? data[n]! : fn(out[at(n)]!, data[n]!);
    return [{ dims: keeps ? ones : ones.filter((_, axis) => !axes.includes(axis)), data: out.map((value) => value ?? 0) }];
  };

const asked = (t: Translation, node: FileNode, held: Held): readonly number[] => Array.from(numbers(t, node, held));

/** int8 · scale, less the zero point, a tensor or a position of an axis. */
const dequantized: Fold = (t, node, [x, scale, zero]) => {
  const [dims, scales, zeros] = [dimsOf(x!), numbers(t, node, scale!), zero === undefined ? undefined : numbers(t, node, zero)];
  if (t.number(node, "block_size", 0) !== 0) t.fail(node, "has scales of blocks", "widen its weights to float32 before");
  const axis = dims.length === 0 ? 0 : axisOf(t, node, t.number(node, "axis", 1), dims.length);
  const inner = lengthOf(dims.slice(axis + 1));
  const at = scales.length === 1 ? () => 0 : (n: number) => Math.floor(n / inner) % dims[axis]!;
  const data = Float32Array.from(numbers(t, node, x!), (value, n) => (value - (zeros?.[at(n)] ?? 0)) * scales[at(n)]!);
  return [{ dims, data, kind: "float" }];
};

const FOLDS: Readonly<Record<string, Fold>> = {
  Identity: shaped((_, __, [x]) => dimsOf(x!)),
  Dropout: shaped((_, __, [x]) => dimsOf(x!)),
  Cast: (t, node, [x]) => {
    const to = kindOfCast(t, node);
    const { dims, data, kind } = x!.tensor;
    if (to === "float" && kind === "float") return [{ dims, data }];
    const cast = (value: Dim): Dim =>
      isOpen(value) ? value : to === "truth" ? Number(value !== 0) : to === "integer" ? Math.trunc(value) : value;
    return [{ dims, data: Array.from(data as ArrayLike<Dim>, cast), kind: to }];
  },
  Reshape: shaped((t, node, [x, shape]) => {
    const to = asked(t, node, shape!).map((dim, n) => (dim === 0 ? (dimsOf(x!)[n] ?? 0) : dim));
    const known = to.reduce((product, dim) => (dim === -1 ? product : product * dim), 1);
    return to.map((dim) => (dim === -1 ? x!.tensor.data.length / known : dim));
  }),
  Flatten: shaped((t, node, [x]) => {
    const axis = t.number(node, "axis", 1);
    return [lengthOf(dimsOf(x!).slice(0, axis)), lengthOf(dimsOf(x!).slice(axis))];
  }),
  Squeeze: shaped((t, node, [x]) => {
    const dims = dimsOf(x!);
    const axes = t.ints(node, "axes", 1)?.map((axis) => axisOf(t, node, axis, dims.length));
    return dims.filter((dim, axis) => !(axes?.includes(axis) ?? dim === 1));
  }),
  Unsqueeze: shaped((t, node, [x]) => {
    const given = t.ints(node, "axes", 1) ?? [];
    const axes = given.map((axis) => axisOf(t, node, axis, dimsOf(x!).length + given.length));
    const rest = [...dimsOf(x!)];
    return Array.from({ length: rest.length + axes.length }, (_, axis) => (axes.includes(axis) ? 1 : rest.shift()!));
  }),
  Transpose: moved((_, node, [x]) => {
    const given = node.attributes.get("perm");
    const dims = dimsOf(x!);
    const order = Array.isArray(given) ? (given as readonly number[]) : dims.map((__, axis) => dims.length - 1 - axis);
    return placesOf(dims, order);
  }),
  Concat: (t, node, given) => {
    const [first] = given as [Held];
    const axis = axisOf(t, node, t.number(node, "axis", 0), dimsOf(first).length);
    const lead = lengthOf(dimsOf(first).slice(0, axis));
    const parts = (given as readonly Held[]).map(({ tensor }) => ({ all: Array.from(tensor.data), run: tensor.data.length / lead }));
    const data = Array.from({ length: lead }, (_, n) => parts.flatMap(({ all, run }) => all.slice(n * run, (n + 1) * run))).flat();
    return [
      {
        dims: dimsOf(first).with(
          axis,
          given.reduce((sum, one) => sum + dimsOf(one!)[axis]!, 0),
        ),
        data,
      },
    ];
  },
  Slice: (t, node, [x]) => {
    const ranges = slicesOf(t, node, dimsOf(x!));
    const dims = ranges.map(({ length }) => length);
    const strides = dimsOf(x!).map((_, axis) => lengthOf(dimsOf(x!).slice(axis + 1)));
    const places = Array.from({ length: lengthOf(dims) }, (_, n) =>
      ranges.reduce(
        (at, { from, step }, axis) => at + (from + step * (Math.floor(n / lengthOf(dims.slice(axis + 1))) % dims[axis]!)) * strides[axis]!,
        0,
      ),
    );
    return [{ dims, data: taken(x!.tensor.data, places) }];
  },
  Split: (t, node, [x]) => {
    const dims = dimsOf(x!);
    const axis = axisOf(t, node, t.number(node, "axis", 0), dims.length);
    const inner = lengthOf(dims.slice(axis + 1));
    const lead = lengthOf(dims.slice(0, axis));
    let from = 0;
    return splitSizes(t, node, dims[axis]!).map((size) => {
      const start = from;
      from += size;
      const places = Array.from({ length: lead }, (_, n) =>
        Array.from({ length: size * inner }, (__, m) => (n * dims[axis]! + start) * inner + m),
      ).flat();
      return { dims: dims.with(axis, size), data: taken(x!.tensor.data, places) };
    });
  },
  Gather: (t, node, [x, at]) => {
    const dims = dimsOf(x!);
    const axis = axisOf(t, node, t.number(node, "axis", 0), dims.length);
    const [extent, inner, lead] = [dims[axis]!, lengthOf(dims.slice(axis + 1)), lengthOf(dims.slice(0, axis))];
    const rows = asked(t, node, at!).map((row) => (row < 0 ? row + extent : row));
    if (rows.some((row) => row < 0 || row >= extent)) t.fail(node, "takes what is not there", "the file is damaged");
    const places = Array.from({ length: lead }, (_, n) =>
      rows.flatMap((row) => Array.from({ length: inner }, (__, m) => (n * extent + row) * inner + m)),
    ).flat();
    return [{ dims: [...dims.slice(0, axis), ...dimsOf(at!), ...dims.slice(axis + 1)], data: taken(x!.tensor.data, places) }];
  },
  Expand: moved((t, node, [x, shape]) => {
    const dims = jointOf(t, node, dimsOf(x!), asked(t, node, shape!)) as readonly number[];
    const at = broadcastIndex(dimsOf(x!), dims);
    return { dims, at: Array.from({ length: lengthOf(dims) }, (_, n) => at(n)) };
  }),
  ConstantOfShape: (t, node, [shape]) => {
    const value = node.attributes.get("value") as FileTensor | undefined;
    const dims = asked(t, node, shape!);
    return [{ dims, data: Array.from({ length: lengthOf(dims) }, () => value?.data[0] ?? 0), kind: value?.kind ?? "float" }];
  },
  Range: (t, node, given) => {
    const [start, limit, delta] = given.map((one) => numbers(t, node, one!)[0]!) as [number, number, number];
    const length = Math.max(0, Math.ceil((limit - start) / delta));
    return [{ dims: [length], data: Array.from({ length }, (_, n) => start + n * delta) }];
  },
  NonZero: (t, node, [x]) => {
    const [dims, data] = [dimsOf(x!), numbers(t, node, x!)];
    const found = Array.from(data).flatMap((value, n) => (value === 0 ? [] : [n]));
    const places = dims.map((extent, axis) => found.map((n) => Math.floor(n / lengthOf(dims.slice(axis + 1))) % extent));
    return [{ dims: [dims.length, found.length], data: places.flat(), kind: "integer" }];
  },
  Size: (t, node, [x]) => [{ dims: [], data: [t.plain(node, x!).data.length], kind: "integer" }],
  Where: (t, node, [c, a, b]) => {
    const dims = jointOf(t, node, jointOf(t, node, dimsOf(c!), dimsOf(a!)), dimsOf(b!)) as readonly number[];
    const [k, p, q] = [c!, a!, b!].map((one) => broadcastIndex(dimsOf(one), dims)) as [
      (n: number) => number,
      (n: number) => number,
      (n: number) => number,
    ];
    const data = Array.from({ length: lengthOf(dims) }, (_, n) => (c!.tensor.data[k(n)] ? a!.tensor.data[p(n)]! : b!.tensor.data[q(n)]!));
    return [{ dims, data, kind: a!.tensor.kind }];
  },
  DequantizeLinear: dequantized,
  Add: pairwise((a, b) => a + b, undefined, plus),
  Sub: pairwise((a, b) => a - b, undefined, less),
  Mul: pairwise((a, b) => a * b, undefined, times),
  Div: pairwise((a, b) => a / b, undefined, over),
  Pow: pairwise((a, b) => a ** b),
  Mod: pairwise((a, b) => a - b * Math.floor(a / b)),
  Equal: pairwise((a, b) => Number(a === b), "truth", same),
  Less: pairwise((a, b) => Number(a < b), "truth"),
  LessOrEqual: pairwise((a, b) => Number(a <= b), "truth"),
  Greater: pairwise((a, b) => Number(a > b), "truth"),
  GreaterOrEqual: pairwise((a, b) => Number(a >= b), "truth"),
  And: pairwise((a, b) => a && b, "truth"),
  Or: pairwise((a, b) => a || b, "truth"),
  Min: pairwise(Math.min),
  Max: pairwise(Math.max),
  Not: each((a) => Number(a === 0), "truth"),
  Neg: each((a) => -a),
  Abs: each(Math.abs),
  Floor: each(Math.floor),
  Ceil: each(Math.ceil),
  Sqrt: each(Math.sqrt),
  Reciprocal: each((a) => 1 / a),
  ReduceProd: reduced((a, b) => a * b),
  ReduceSum: reduced((a, b) => a + b),
  ReduceMax: reduced(Math.max),
  ReduceMin: reduced(Math.min),
};

/** Computes a node now, where all that it reads is known; false where it is to be computed when the model runs. */
export function folded(t: Translation, node: FileNode): boolean {
  const fold = Object.hasOwn(FOLDS, node.op) ? FOLDS[node.op] : undefined;
  if (fold === undefined || node.inputs.length === 0) return false;
  const known = node.inputs.map((name) => (name === "" ? undefined : t.values.get(name)));
  if (known.some((one) => one !== undefined && one.kind !== "held") || known[0] === undefined) return false;
  const given = known as readonly (Held | undefined)[];
  const made = fold(t, node, given);
  if (made === undefined) return false;
  const weight = given.find((one) => one !== undefined && one.isWeight);
  const isFrozen = node.op === "DequantizeLinear" || (weight?.isFrozen ?? false);
  made.forEach(({ dims, data, kind }, n) => {
    const output = node.outputs[n];
    if (output === undefined || output === "") return;
    const own = kind ?? given[0]!.tensor.kind;
    // what is the same weight keeps its name, unless an exporter shares equal ones
    const name = node.op !== "Identity" && weight !== undefined ? weight.tensor.name : output;
    const isWeight = own === "float" && (weight !== undefined || node.op === "DequantizeLinear");
    t.values.set(output, { kind: "held", tensor: { name, dims, kind: own, data }, isWeight, isFrozen });
  });
  return true;
}
