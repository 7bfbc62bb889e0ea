/** Movements of ONNX in the layer language: other shapes, other orders, parts, joints. */

import type { Importer } from "./elementwise.ts";
import type { FileNode } from "./proto.ts";
import { axisOf, slicesOf, splitSizes } from "./shapes.ts";
import { batches, batchesIn, isOpen, shapeText, type Dim } from "../code.ts";
import type { Computed } from "../source.ts";
import type { Held, Translation } from "./translation.ts";

/** Elements, of which the batch may be one factor. */
function count(dims: readonly Dim[]): { readonly known: number; readonly batches: number } {
  return {
    known: dims.reduce<number>((product, dim) => product * (isOpen(dim) ? batchesIn(dim) : dim), 1),
    batches: dims.filter(isOpen).length,
  };
}

/** Extents as they are asked for. */
function askedOf(t: Translation, node: FileNode, at: number): readonly Dim[] {
  const known = t.input(node, at);
  if (known.kind === "held") return Array.from(known.tensor.data);
  return t.fail(node, "computes its shape", "fix the extents that it depends on with --batch and --size");
}

const FIXED = "a batch that the file fixes is read with --batch, and that number";

export const flattened: Importer = (t, node) => {
  const x = t.any(node);
  const axis = t.number(node, "axis", 1);
  const own = axis < 0 ? axis + x.dims.length : axis;
  const product = (dims: readonly Dim[]): Dim => {
    const { known, batches: factors } = count(dims);
    if (factors === 0) return known;
    return factors === 1 ? batches(known) : t.fail(node, "makes one axis of the batch twice", "fix the batch with --batch");
  };
  reshape(t, node, x, [product(x.dims.slice(0, own)), product(x.dims.slice(own))]);
};

export const reshaped: Importer = (t, node) => {
  const x = t.any(node);
  const keepsZeros = t.number(node, "allowzero", 0) !== 0;
  const given = askedOf(t, node, 1).map((dim, n): Dim => (dim === 0 && !keepsZeros ? x.dims[n]! : dim));
  // of a file of one row
  const asked = given[0] === 1 && x.dims[0] === "batch" && !given.some(isOpen) ? given.with(0, "batch") : given;
  const free = asked.indexOf(-1);
  if (free < 0) return reshape(t, node, x, asked);
  const [all, others] = [count(x.dims), count(asked.filter((_, n) => n !== free))];
  const left = all.known / others.known;
  const factors = all.batches - others.batches;
  if (!Number.isInteger(left) || factors < 0 || factors > 1) t.fail(node, `makes [${asked.join(",")}] of ${shapeText(x.dims)}`, FIXED);
  reshape(t, node, x, asked.with(free, factors === 1 ? batches(left) : left));
};

function reshape(t: Translation, node: FileNode, x: Computed, to: readonly Dim[]): void {
  const { code, dims: from, of } = x;
  const [a, b] = [count(from), count(to)];
  if (a.known !== b.known || a.batches !== b.batches) t.fail(node, `makes ${shapeText(to)} of ${shapeText(from)}`, FIXED);
  if (String(from) === String(to)) return t.alias(node, x);
  if (of !== "float") return t.make(node, ones(t, node, x, to), to, undefined, of);
  const rows = from[0] === "batch" && to[0] === "batch";
  if (rows && to.length === 2) return t.make(node, `${t.call("flatten")}(${code})`, to);
  if (rows) return t.make(node, `${t.call("reshape", `[${to.slice(1).join(", ")}]`)}(${code})`, to);
  t.make(node, t.call("reshape", code, shapeText(to)), to);
}

/** Whole numbers and truth values lose and gain axes of extent 1 only. */
function ones(t: Translation, node: FileNode, { code, dims }: Computed, to: readonly Dim[]): string {
  const own = dims.filter((dim) => dim !== 1);
  if (String(own) !== String(to.filter((dim) => dim !== 1)))
    t.fail(node, "gives what are no floats another shape", "cast them to floats before it");
  const bare = dims.reduceRight((made, dim, axis) => (dim === 1 ? t.call("squeeze", made, String(axis)) : made), code);
  return to.reduce<string>((made, dim, axis) => (dim === 1 ? t.call("expandDims", made, String(axis)) : made), bare);
}

export const squeezed: Importer = (t, node) => {
  const x = t.any(node);
  const axes = t.ints(node, "axes", 1);
  if (node.op === "Squeeze") {
    const own = axes?.map((axis) => axisOf(t, node, axis, x.dims.length)) ?? x.dims.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
    // of a file of one row the batch stays
    const gone = own.filter((axis) => x.dims[axis] === 1);
    return reshape(
      t,
      node,
      x,
      x.dims.filter((_, axis) => !gone.includes(axis)),
    );
  }
  const rank = x.dims.length + (axes?.length ?? 0);
  const own = (axes ?? []).map((axis) => axisOf(t, node, axis, rank));
  let n = 0;
  reshape(
    t,
    node,
    x,
    Array.from({ length: rank }, (_, axis) => (own.includes(axis) ? 1 : x.dims[n++]!)),
  );
};

/** Axes in another order; there and back is nothing. */
const turnedFrom = new WeakMap<Computed, { readonly x: Computed; readonly order: readonly number[] }>();

export const transposed: Importer = (t, node) => {
  const given = node.attributes.get("perm");
  const direct = t.tensor(node);
  const own = Array.isArray(given) ? (given as readonly number[]) : direct.dims.map((_, axis) => direct.dims.length - 1 - axis);
  if (String(own.toSorted((a, b) => a - b)) !== String(direct.dims.map((_, axis) => axis)))
    t.fail(node, `orders the axes [${own.join(",")}] of ${direct.dims.length}`, "the file is damaged");
  const before = turnedFrom.get(direct);
  const x = before?.x ?? direct;
  const order = before === undefined ? own : own.map((axis) => before.order[axis]!);
  if (order.every((axis, n) => axis === n)) return t.alias(node, x);
  t.make(
    node,
    t.call("transpose", x.code, `[${order.join(", ")}]`),
    order.map((axis) => x.dims[axis]!),
  );
  turnedFrom.set(t.values.get(node.outputs[0]!) as Computed, { x, order });
};

export const concatenation: Importer = (t, node) => {
  const parts = node.inputs.map((_, at) => t.any(node, at)).filter(({ dims }) => !dims.includes(0));
  const [first] = parts;
  if (first === undefined) return t.fail(node, "joins nothing", "leave it out");
  const axis = axisOf(t, node, t.number(node, "axis", 0), first.dims.length);
  const along = parts.map(({ dims }) => dims[axis]!);
  if (parts.length === 1) return t.alias(node, first);
  if (along.some(isOpen)) t.fail(node, "joins batches", "put the batch's axis apart");
  const rest = parts.map(({ dims }) => String(dims.with(axis, 0)));
  t.require(
    node,
    parts.every(({ dims, of }, n) => dims.length === first.dims.length && rest[n] === rest[0] && of === first.of),
    "parts",
    ...parts.map(({ dims }) => dims),
  );
  const total = along.reduce<number>((sum, dim) => sum + Number(dim), 0);
  t.make(
    node,
    t.call("concatenate", `[${parts.map(({ code }) => code).join(", ")}]`, String(axis)),
    first.dims.with(axis, total),
    undefined,
    first.of,
  );
};

export const sliced: Importer = (t, node) => {
  const x = t.any(node);
  const ranges = slicesOf(t, node, x.dims);
  if (ranges.every(({ whole }) => whole)) return t.alias(node, x);
  if (ranges.some(({ length, whole }) => length === 0 && !whole)) t.fail(node, "takes no element", "leave it out");
  take(t, node, x, ranges);
};

interface Taken {
  readonly from: number;
  readonly step: number;
  readonly length: number;
  readonly whole: boolean;
}

const partOf = (t: Translation, code: string, ranges: readonly Taken[]): string => {
  const start = ranges.map(({ from }) => from);
  const limit = ranges.map(({ from, step, length, whole }) => {
    const last = from + (length - 1) * step;
    return whole ? "Infinity" : step > 0 ? last + 1 : last === 0 ? "-Infinity" : last - 1;
  });
  const every = ranges.map(({ step }) => step);
  const strides = every.every((step) => step === 1) ? [] : [`[${every.join(", ")}]`];
  return t.call("slice", code, `[${start.join(", ")}]`, `[${limit.join(", ")}]`, ...strides);
};

const take = (t: Translation, node: FileNode, x: Computed, ranges: readonly Taken[]): void =>
  t.make(
    node,
    partOf(t, x.code, ranges),
    x.dims.map((dim, axis) => (ranges[axis]!.whole ? dim : ranges[axis]!.length)),
    undefined,
    x.of,
  );

const allOf = (dim: Dim): Taken => ({ from: 0, step: 1, length: isOpen(dim) ? 0 : dim, whole: true });

export const divided: Importer = (t, node) => {
  const x = t.any(node);
  const axis = axisOf(t, node, t.number(node, "axis", 0), x.dims.length);
  const extent = x.dims[axis]!;
  if (isOpen(extent)) return t.fail(node, "divides the batch", "leave its rows whole");
  const sizes = splitSizes(t, node, extent);
  if (sizes.length === 1) return t.alias(node, x);
  let from = 0;
  sizes.forEach((length, n) => {
    const ranges = x.dims.map((dim, at) => (at === axis ? { from, step: 1, length, whole: false } : allOf(dim)));
    from += length;
    const output = node.outputs[n] ?? "";
    if (output !== "") t.make(node, partOf(t, x.code, ranges), x.dims.with(axis, length), output, x.of);
  });
};

const MODES: Readonly<Record<string, string | undefined>> = { constant: "constant", reflect: "reflect", edge: "edge" };

export const padded: Importer = (t, node) => {
  const x = t.tensor(node);
  const mode =
    MODES[t.text(node, "mode", "constant")] ??
    t.fail(node, `pads in the mode ${t.text(node, "mode", "")}`, "constant, reflect and edge are read");
  const pads = t.ints(node, "pads", 1) ?? t.ints(node, "paddings", 1) ?? t.fail(node, "lacks its pads", "the file is damaged");
  const axes =
    t.optional(node, 3) === undefined
      ? x.dims.map((_, axis) => axis)
      : t.ints(node, "axes", 3)!.map((axis) => axisOf(t, node, axis, x.dims.length));
  const ends = x.dims.map((_, axis): readonly [number, number] => {
    const n = axes.indexOf(axis);
    return n < 0 ? [0, 0] : [pads[n]!, pads[n + axes.length]!];
  });
  const known = t.optional(node, 2);
  const value =
    known === undefined
      ? t.number(node, "value", 0)
      : Number((t.input(node, 2) as Held).tensor?.data[0] ?? t.fail(node, "computes what it pads with", "give it as a number"));
  if (x.dims.some((dim, axis) => isOpen(dim) && ends[axis]!.some((end) => end !== 0)))
    t.fail(node, "pads the batch", "leave its rows as they are");
  // what is below 0 is cut
  const cut = ends.some((pair) => pair.some((end) => end < 0));
  const ranges = x.dims.map((dim, axis): Taken => {
    const [low, high] = ends[axis]!.map((end) => Math.max(0, -end)) as [number, number];
    return isOpen(dim) || low + high === 0 ? allOf(dim) : { from: low, step: 1, length: dim - low - high, whole: false };
  });
  const inner = cut ? partOf(t, x.code, ranges) : x.code;
  const more = ends.map((pair) => `[${pair.map((end) => Math.max(0, end)).join(", ")}]`);
  const given = mode !== "constant" ? [`{ mode: "${mode}" }`] : value === 0 ? [] : [`{ value: ${value} }`];
  const dims = x.dims.map((dim, axis) => (isOpen(dim) ? dim : dim + ends[axis]![0] + ends[axis]![1]));
  if (ends.every(([low, high]) => low === 0 && high === 0)) return t.alias(node, x);
  t.make(node, t.call("pad", inner, `[${more.join(", ")}]`, ...given), dims);
};

export const expanded: Importer = (t, node) => {
  const x = t.any(node);
  const asked = askedOf(t, node, 1);
  const rank = Math.max(asked.length, x.dims.length);
  const dims = Array.from({ length: rank }, (_, n): Dim => {
    const [a, b] = [x.dims[n - rank + x.dims.length] ?? 1, asked[n - rank + asked.length] ?? 1];
    return b === 1 || a === b
      ? a
      : a === 1
        ? b
        : t.fail(node, `spreads ${shapeText(x.dims)} to [${asked.join(",")}]`, "fix open extents with --size");
  });
  if (String(dims) === String(x.dims)) return t.alias(node, x);
  t.make(node, t.call("broadcastTo", x.code, shapeText(dims)), dims, undefined, x.of);
};

export const tiled: Importer = (t, node) => {
  const x = t.any(node);
  const times = t.ints(node, "repeats", 1)!;
  if (times.every((n) => n === 1)) return t.alias(node, x);
  const dims = x.dims.map((dim, axis): Dim =>
    times[axis] === 1 ? dim : isOpen(dim) ? t.fail(node, "repeats the batch", "fix it with --batch") : dim * times[axis]!,
  );
  t.make(node, t.call("tile", x.code, `[${times.join(", ")}]`), dims, undefined, x.of);
};

/** [c·b², h, w] to [c, h·b, w·b], and back. */
export const blocks: Importer = (t, node) => {
  const x = t.tensor(node);
  const b = t.number(node, "blocksize", 1);
  const [n, ...rest] = x.dims as readonly [Dim, ...number[]];
  const [c, h, w] = rest as [number, number, number];
  const out = node.op === "DepthToSpace";
  const columnsFirst = t.text(node, "mode", "DCR") === "CRD";
  const [apart, order, dims] = out
    ? ([
        columnsFirst ? [c / b ** 2, b, b, h, w] : [b, b, c / b ** 2, h, w],
        columnsFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2],
        [n, c / b ** 2, h * b, w * b],
      ] as const)
    : ([
        [c, h / b, b, w / b, b],
        [0, 3, 5, 1, 2, 4],
        [n, c * b ** 2, h / b, w / b],
      ] as const);
  const first = t.call("reshape", x.code, shapeText([n, ...apart]));
  t.make(node, t.call("reshape", t.call("transpose", first, `[${order.join(", ")}]`), shapeText(dims)), dims);
};

/** The triangle above the diagonal, or below it. */
export const triangle: Importer = (t, node) => {
  const x = t.tensor(node);
  const k = t.ints(node, "k", 1)?.[0] ?? 0;
  t.make(node, t.call(t.number(node, "upper", 1) === 0 ? "tril" : "triu", x.code, ...(k === 0 ? [] : [String(k)])), x.dims);
};

export const shapeOf: Importer = (t, node) => {
  const x = t.input(node, 0);
  const dims: readonly Dim[] = x.kind === "tensor" ? x.dims : x.tensor.dims;
  const own = dims.slice(t.number(node, "start", 0), t.number(node, "end", dims.length));
  const [name] = node.outputs as readonly [string];
  t.alias(node, { kind: "held", tensor: { name, dims: [own.length], kind: "integer", data: own }, isWeight: false });
};

export const sizeOf: Importer = (t, node) => {
  const { known, batches } = count(t.any(node).dims);
  if (batches > 0) t.fail(node, "counts the batch's elements", "fix it with --batch");
  t.alias(node, { kind: "held", tensor: { name: node.outputs[0]!, dims: [], kind: "integer", data: [known] }, isWeight: false });
};

export { allOf, partOf, type Taken };
