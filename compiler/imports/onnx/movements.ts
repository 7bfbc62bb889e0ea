/** Movements of ONNX in the layer language, and whole numbers of shapes, which fold away. */

import type { FileNode } from "./proto.ts";
import { shapeText, type Dim, type Known, type Translation } from "./translation.ts";

/** An axis counted from the front. */
const axisOf = (t: Translation, node: FileNode, axis: number, rank: number): number => {
  const own = axis < 0 ? axis + rank : axis;
  return own >= 0 && own < rank ? own : t.fail(node, `names the axis ${axis} of ${rank}`, "the file is damaged");
};

/** Elements, of which the batch's may be one factor. */
function count(dims: readonly Dim[]): { readonly known: number; readonly batches: number } {
  return dims.reduce((all, dim) => (dim === "batch" ? { ...all, batches: all.batches + 1 } : { ...all, known: all.known * dim }), {
    known: 1,
    batches: 0,
  });
}

/** Extents as they are asked for: held numbers, or computed ones. */
function askedOf(t: Translation, node: FileNode, at: number): readonly Dim[] {
  const known = t.input(node, at);
  if (known.kind === "held") return [...known.tensor.data];
  if (known.kind === "extents") return known.dims;
  return t.fail(node, "computes its shape", "fix the extents that it depends on with --batch and --size");
}

export function reshaped(t: Translation, node: FileNode): void {
  const held = t.input(node, 0);
  if (node.op === "Reshape" && held.kind !== "tensor") return t.alias(node, held); // of whole numbers: their shape is known where they are read
  const x = t.tensor(node);
  const rank = x.dims.length;
  if (node.op === "Flatten") {
    const axis = t.number(node, "axis", 1);
    const own = axis < 0 ? axis + rank : axis;
    const product = (dims: readonly Dim[]): Dim => {
      const { known, batches } = count(dims);
      return batches === 0
        ? known
        : batches === 1 && known === 1
          ? "batch"
          : t.fail(node, "makes one axis of the batch and others", "export it with the batch's axis kept");
    };
    return reshape(t, node, x.code, x.dims, [product(x.dims.slice(0, own)), product(x.dims.slice(own))]);
  }
  const asked = askedOf(t, node, 1).map((dim, n): Dim => (dim === 0 ? x.dims[n]! : dim));
  const free = asked.indexOf(-1);
  if (free < 0) return reshape(t, node, x.code, x.dims, asked);
  const [all, others] = [count(x.dims), count(asked.filter((_, n) => n !== free))];
  const left = all.known / others.known;
  const batches = all.batches - others.batches;
  if (!Number.isInteger(left) || batches < 0 || batches > 1 || (batches === 1 && left !== 1))
    t.fail(node, `makes [${asked.join(",")}] of ${shapeText(x.dims)}`, "a batch that the file fixes is read with --batch, and that number");
  reshape(t, node, x.code, x.dims, asked.with(free, batches === 1 ? "batch" : left));
}

function reshape(t: Translation, node: FileNode, code: string, from: readonly Dim[], to: readonly Dim[]): void {
  const [a, b] = [count(from), count(to)];
  if (a.known !== b.known || a.batches !== b.batches)
    t.fail(node, `makes ${shapeText(to)} of ${shapeText(from)}`, "a batch that the file fixes is read with --batch, and that number");
  const rows = from[0] === "batch" && to[0] === "batch";
  if (String(from) === String(to)) return t.make(node, code, to);
  if (rows && to.length === 2) return t.make(node, `${t.call("flatten")}(${code})`, to);
  if (rows) return t.make(node, `${t.call("reshape", `[${to.slice(1).join(", ")}]`)}(${code})`, to);
  t.make(node, t.call("reshape", code, `[${to.join(", ")}]`), to);
}

export function squeezed(t: Translation, node: FileNode): void {
  const known = t.input(node, 0);
  if (known.kind !== "tensor") return t.alias(node, known);
  const axes = t.ints(node, "axes", 1);
  if (node.op === "Squeeze") {
    const own =
      axes?.map((axis) => axisOf(t, node, axis, known.dims.length)) ?? known.dims.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
    return reshape(
      t,
      node,
      known.code,
      known.dims,
      known.dims.filter((_, axis) => !own.includes(axis)),
    );
  }
  const rank = known.dims.length + (axes?.length ?? 0);
  const own = (axes ?? []).map((axis) => axisOf(t, node, axis, rank));
  let n = 0;
  reshape(
    t,
    node,
    known.code,
    known.dims,
    Array.from({ length: rank }, (_, axis) => (own.includes(axis) ? 1 : known.dims[n++]!)),
  );
}

export function transposed(t: Translation, node: FileNode): void {
  const x = t.tensor(node);
  const given = node.attributes.get("perm");
  const order = Array.isArray(given) ? (given as readonly number[]) : x.dims.map((_, axis) => x.dims.length - 1 - axis);
  t.make(
    node,
    t.call("transpose", x.code, `[${order.join(", ")}]`),
    order.map((axis) => x.dims[axis]!),
  );
}

export function concatenation(t: Translation, node: FileNode): void {
  const all = node.inputs.map((_, at) => t.input(node, at));
  if (all.every((one) => one.kind !== "tensor")) return extents(t, node);
  const parts = node.inputs.map((_, at) => t.tensor(node, at));
  const axis = axisOf(t, node, t.number(node, "axis", 0), parts[0]!.dims.length);
  const along = parts.map(({ dims }) => dims[axis]!);
  if (along.includes("batch")) t.fail(node, "joins batches", "put the batch's axis apart");
  const total = along.reduce<number>((sum, dim) => sum + Number(dim), 0);
  t.make(node, t.call("concatenate", `[${parts.map(({ code }) => code).join(", ")}]`, String(axis)), parts[0]!.dims.with(axis, total));
}

export function sliced(t: Translation, node: FileNode): void {
  const x = t.input(node, 0);
  if (x.kind !== "tensor") return extents(t, node);
  const [starts, ends] = [t.ints(node, "starts", 1), t.ints(node, "ends", 2)];
  if (starts === undefined || ends === undefined) t.fail(node, "lacks its starts and ends", "the file is damaged");
  const axes = (t.ints(node, "axes", 3) ?? starts!.map((_, n) => n)).map((axis) => axisOf(t, node, axis, x.dims.length));
  const steps = t.ints(node, "steps", 4) ?? axes.map(() => 1);
  const [start, limit, stride, dims] = [x.dims.map(() => "0"), x.dims.map(() => "Infinity"), x.dims.map(() => 1), [...x.dims]];
  axes.forEach((axis, n) => {
    const extent = x.dims[axis]!;
    if (extent === "batch") return void (starts![n] === 0 && steps[n] === 1 ? 0 : t.fail(node, "cuts the batch", "leave its rows whole"));
    const step = steps[n]!;
    const clamp = (at: number, least: number, most: number): number => Math.min(most, Math.max(least, at < 0 ? at + extent : at));
    const from = step > 0 ? clamp(starts![n]!, 0, extent) : clamp(starts![n]!, 0, extent - 1);
    const to = step > 0 ? clamp(ends![n]!, 0, extent) : ends![n]! < -extent ? -1 : clamp(ends![n]!, -1, extent - 1);
    const length = Math.max(0, Math.ceil((to - from) / step));
    if (length === 0) t.fail(node, "takes no element", "leave it out");
    start[axis] = String(from);
    limit[axis] = to < 0 ? "-Infinity" : String(to);
    stride[axis] = step;
    dims[axis] = length;
  });
  const strides = stride.every((n) => n === 1) ? [] : [`[${stride.join(", ")}]`];
  t.make(node, t.call("slice", x.code, `[${start.join(", ")}]`, `[${limit.join(", ")}]`, ...strides), dims);
}

/** Rows of a table by tokens. */
export function gathered(t: Translation, node: FileNode): void {
  const table = t.input(node, 0);
  const at = t.input(node, 1);
  if (table.kind === "extents" || (table.kind === "held" && table.tensor.integers)) return extents(t, node);
  if (at.kind !== "tensor" || table.kind !== "held" || table.tensor.dims.length !== 2 || t.number(node, "axis", 0) !== 0)
    return t.fail(node, "takes elements otherwise than rows of a table by tokens", "positions that are known are read as Slice");
  const [vocabulary, width] = table.tensor.dims as readonly [number, number];
  const name = t.layer(table.tensor.name);
  t.hold(`${name}.table`, table.tensor.dims, table.tensor.data);
  t.make(node, `${t.call("embedding", String(vocabulary), String(width), `{ name: ${JSON.stringify(name)} }`)}(${at.code})`, [
    ...at.dims,
    width,
  ]);
}

export function shapeOf(t: Translation, node: FileNode): void {
  const x = t.input(node, 0);
  const dims = x.kind === "tensor" ? x.dims : x.kind === "held" ? x.tensor.dims : [x.dims.length];
  const [start, end] = [t.number(node, "start", 0), t.number(node, "end", dims.length)];
  t.alias(node, { kind: "extents", dims: dims.slice(start, end) });
}

/** Whole numbers of whole numbers. */
export function extents(t: Translation, node: FileNode): void {
  const of = (known: Known): readonly Dim[] =>
    known.kind === "held"
      ? [...known.tensor.data]
      : known.kind === "extents"
        ? known.dims
        : t.fail(node, "computes with a shape", "fix its extents with --batch and --size");
  const all = node.inputs.filter((name) => name !== "").map((_, at) => of(t.input(node, at)));
  const [first, second] = [all[0]!, all[1] ?? []];
  const each = (fn: (a: number, b: number) => number): readonly Dim[] =>
    Array.from({ length: Math.max(first.length, second.length) }, (_, n): Dim => {
      const [a, b] = [first[first.length === 1 ? 0 : n]!, second[second.length === 1 ? 0 : n]!];
      if (a !== "batch" && b !== "batch") return fn(a, b);
      return (node.op === "Mul" || node.op === "Div") && b === 1 ? a : t.fail(node, "computes with the batch", "fix it with --batch");
    });
  const made: Readonly<Record<string, () => readonly Dim[]>> = {
    Concat: () => all.flat(),
    Gather: () =>
      second.map(
        (at) =>
          first[Number(at) < 0 ? first.length + Number(at) : Number(at)] ?? t.fail(node, "takes what is not there", "the file is damaged"),
      ),
    Slice: () => first.slice(Number(second[0] ?? 0), Number(all[2]?.[0] ?? first.length)),
    Add: () => each((a, b) => a + b),
    Sub: () => each((a, b) => a - b),
    Mul: () => each((a, b) => a * b),
    Div: () => each((a, b) => Math.trunc(a / b)),
  };
  const fold = made[node.op] ?? (() => t.fail(node, "computes with a shape", "fix its extents with --batch and --size"));
  t.alias(node, { kind: "extents", dims: fold() });
}
