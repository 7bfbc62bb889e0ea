/** Elements by position: Gather and its kin of ONNX in the layer language. */

import type { Importer } from "./elementwise.ts";
import { allOf, partOf } from "./movements.ts";
import { frozen } from "./products.ts";
import type { FileNode } from "./proto.ts";
import { axisOf } from "./shapes.ts";
import { isOpen, lengthOf, shapeText, type Dim } from "../code.ts";
import type { Held, Translation } from "./translation.ts";

/** Positions that are known, counted from the front. */
function positions(t: Translation, node: FileNode, held: Held, extent: Dim): readonly number[] {
  const at = Array.from(t.plain(node, held).data);
  if (isOpen(extent)) return t.fail(node, "takes rows of the batch", "leave them whole");
  return at.map((n) => (n < 0 ? n + extent : n));
}

/** A list of positions as code. */
const listed = (t: Translation, at: readonly number[], dims: readonly Dim[] = [at.length]): string =>
  t.call("constant", `[${at.join(", ")}]`, shapeText(dims), '{ dtype: "i32" }');

/** Rows of a table by tokens; elements of an axis by positions. */
export const gathered: Importer = (t, node) => {
  const table = t.input(node, 0);
  const at = t.input(node, 1);
  if (
    table.kind === "held" &&
    table.isWeight &&
    at.kind === "tensor" &&
    table.tensor.dims.length === 2 &&
    t.number(node, "axis", 0) === 0
  ) {
    const { name: of, dims, data } = t.plain(node, table);
    const [vocabulary, width] = dims as readonly [number, number];
    if (at.of !== "integer") t.fail(node, "looks up what are no whole numbers", "the file is damaged");
    const shared = t.shared(node, 0);
    if (shared !== undefined) return t.make(node, t.call("gather", shared, at.code), [...at.dims, width]);
    const name = t.layer(of);
    t.hold(`${name}.table`, dims, data);
    const trains = frozen(t, node);
    const given = `{ name: ${JSON.stringify(name)}${trains === undefined ? "" : `, trainable: ${trains}`} }`;
    return t.make(node, `${t.call("embedding", String(vocabulary), String(width), given)}(${at.code})`, [...at.dims, width]);
  }
  const x = t.any(node);
  const axis = axisOf(t, node, t.number(node, "axis", 0), x.dims.length);
  const before = x.dims.slice(0, axis);
  const after = x.dims.slice(axis + 1);
  if (at.kind === "tensor") {
    if (at.of !== "integer") t.fail(node, "looks up what are no whole numbers", "the file is damaged");
    if (x.of !== "float") t.fail(node, "takes of what are no floats", "cast them before it");
    return t.make(node, t.call("gather", x.code, at.code, ...(axis === 0 ? [] : [String(axis)])), [...before, ...at.dims, ...after]);
  }
  const extent = x.dims[axis]!;
  // of a file of one row its first
  if (isOpen(extent) && at.tensor.data.length === 1 && at.tensor.dims.length === 0 && axis === 0)
    t.fail(node, "takes the first row of the batch", "fix it with --batch");
  const found = positions(t, node, at, extent);
  if (found.some((n) => n < 0 || n >= Number(extent))) t.fail(node, "takes what is not there", "the file is damaged");
  const dims = [...before, ...at.tensor.dims, ...after];
  const isRun = found.every((n, k) => n === found[0]! + k);
  if (isRun && at.tensor.dims.length < 2) {
    const ranges = x.dims.map((dim, n) =>
      n === axis ? { from: found[0]!, step: 1, length: found.length, whole: found.length === extent } : allOf(dim),
    );
    const part = ranges[axis]!.whole ? x.code : partOf(t, x.code, ranges);
    return t.make(node, at.tensor.dims.length === 0 ? t.call("squeeze", part, String(axis)) : part, dims, undefined, x.of);
  }
  if (x.of !== "float") t.fail(node, "takes of what are no floats", "cast them before it");
  t.make(node, t.call("gather", x.code, listed(t, found, at.tensor.dims), ...(axis === 0 ? [] : [String(axis)])), dims);
};

/** Slices by the positions of several leading axes, which are known. */
export const gatheredByTuples: Importer = (t, node) => {
  const x = t.tensor(node);
  const at = t.input(node, 1);
  if (t.number(node, "batch_dims", 0) !== 0) t.fail(node, "has positions of each row", "export it as Gather or GatherElements");
  const shape: readonly Dim[] = at.kind === "held" ? at.tensor.dims : at.dims;
  const depth = Number(shape.at(-1));
  const lead = shape.slice(0, -1);
  const rest = x.dims.slice(depth);
  const own = x.dims.slice(0, depth);
  if (own.some(isOpen)) t.fail(node, "takes rows of the batch", "fix it with --batch");
  const extents = own as readonly number[];
  if (at.kind === "tensor") {
    if (depth !== 1) t.fail(node, `computes positions of ${depth} axes`, "flatten those axes before it");
    return t.make(node, t.call("gather", x.code, t.call("squeeze", at.code, String(shape.length - 1))), [...lead, ...rest]);
  }
  const all = Array.from(t.plain(node, at).data);
  const flat = Array.from({ length: all.length / depth }, (_, n) =>
    extents.reduce((place, extent, axis) => {
      const one = all[n * depth + axis]!;
      return place * extent + (one < 0 ? one + extent : one);
    }, 0),
  );
  const table = depth === 1 ? x.code : t.call("reshape", x.code, shapeText([lengthOf(extents), ...rest]));
  t.make(node, t.call("gather", table, listed(t, flat, lead)), [...lead, ...rest]);
};

/** Of each row elements at positions of its own. */
export const gatheredElements: Importer = (t, node) => {
  const x = t.tensor(node);
  const at = t.input(node, 1);
  const axis = axisOf(t, node, t.number(node, "axis", 0), x.dims.length);
  const dims: readonly Dim[] = at.kind === "held" ? at.tensor.dims : at.dims;
  // other axes may be longer in x
  const ranges = x.dims.map((dim, n) =>
    n === axis || dim === dims[n] || isOpen(dims[n]) ? allOf(dim) : { from: 0, step: 1, length: Number(dims[n]), whole: false },
  );
  const code = ranges.every(({ whole }) => whole) ? x.code : partOf(t, x.code, ranges);
  const places = at.kind === "held" ? listed(t, positions(t, node, at, x.dims[axis]!), dims) : at.code;
  t.make(node, t.call("takeAlongAxis", code, places, String(axis)), dims);
};

/** values[1] at each position, values[0] elsewhere. */
export const oneHot: Importer = (t, node) => {
  const at = t.any(node, 0);
  const depth = Number((t.input(node, 1) as Held).tensor?.data[0]);
  const values = t.input(node, 2);
  if (!Number.isInteger(depth) || values.kind !== "held") t.fail(node, "computes its depth or its values", "give them as numbers");
  const [off, on] = Array.from(t.plain(node, values as Held).data) as [number, number];
  const axis = t.number(node, "axis", -1);
  const own = axis < 0 ? axis + at.dims.length + 1 : axis;
  const code = t.call("oneHot", at.code, String(depth), ...(own === at.dims.length ? [] : [String(own)]));
  const scaled = on - off === 1 ? code : t.call("mul", code, String(on - off));
  t.make(node, off === 0 ? scaled : t.call("add", scaled, String(off)), at.dims.toSpliced(own, 0, depth));
};
