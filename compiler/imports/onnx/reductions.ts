/** Reductions along axes, and functions that run along one, of ONNX in the layer language. */

import type { Importer } from "./elementwise.ts";
import type { FileNode } from "./proto.ts";
import { axisOf } from "./shapes.ts";
import { isOpen, type Dim } from "../code.ts";
import type { Translation } from "./translation.ts";

interface Over {
  readonly axes: readonly number[];
  readonly dims: readonly Dim[];
  /** As the language is told. */
  readonly args: readonly string[];
}

/** The axes of a reduction; undefined where none go, as opset 18 may say. */
function overOf(t: Translation, node: FileNode, from: readonly Dim[]): Over | undefined {
  const asked = t.ints(node, "axes", 1);
  const given = asked?.length === 0 ? undefined : asked;
  if (given === undefined && t.number(node, "noop_with_empty_axes", 0) !== 0) return undefined;
  const axes = (given ?? from.map((_, axis) => axis)).map((axis) => axisOf(t, node, axis, from.length)).toSorted((a, b) => a - b);
  const keeps = t.number(node, "keepdims", 1) !== 0;
  const dims = from.flatMap((dim, axis): readonly Dim[] => (!axes.includes(axis) ? [dim] : keeps ? [1] : []));
  return { axes, dims, args: [`[${axes.join(", ")}]`, ...(keeps ? ["{ keepDims: true }"] : [])] };
}

/** A reduction of x, or of what `of` makes of it, and `then` of its result. */
export const reduction =
  (name: string, of?: (t: Translation, x: string) => string, then?: (t: Translation, y: string) => string): Importer =>
  (t, node) => {
    const x = t.tensor(node);
    const over = overOf(t, node, x.dims);
    const inner = of === undefined ? x.code : of(t, x.code);
    const reduced = over === undefined ? inner : t.call(name, inner, ...over.args);
    if (over === undefined && of === undefined && then === undefined) return t.alias(node, x);
    t.make(node, then === undefined ? reduced : then(t, reduced), over?.dims ?? x.dims);
  };

export const squares = (t: Translation, x: string): string => t.call("square", x);
export const absolute = (t: Translation, x: string): string => t.call("abs", x);
export const logOf = (t: Translation, x: string): string => t.call("log", x);
export const rootOf = (t: Translation, x: string): string => t.call("sqrt", x);

/** Below opset 13 all axes from this one on are one. */
export const alongAxis =
  (name: string): Importer =>
  (t, node) => {
    const x = t.tensor(node);
    const rank = x.dims.length;
    const axis = axisOf(t, node, t.number(node, "axis", t.opset < 13 ? 1 : -1), rank);
    if (t.opset >= 13 || axis === rank - 1) return t.make(node, t.call(name, x.code, ...(axis === rank - 1 ? [] : [String(axis)])), x.dims);
    const all = x.dims.slice(axis);
    if (all.some(isOpen)) t.fail(node, "is over the batch too", "export it with opset 13 or newer");
    const lead = x.dims.slice(0, axis);
    const flat = t.call("reshape", x.code, `[${[...lead, (all as readonly number[]).reduce((n, dim) => n * dim, 1)].join(", ")}]`);
    t.make(node, t.call("reshape", t.call(name, flat), `[${x.dims.join(", ")}]`), x.dims);
  };

export const position =
  (name: "argmax" | "argmin"): Importer =>
  (t, node) => {
    const x = t.tensor(node);
    if (t.number(node, "select_last_index", 0) !== 0) t.fail(node, "takes the last of equals", "export it with the first of them");
    const axis = axisOf(t, node, t.number(node, "axis", 0), x.dims.length);
    const found = t.call(name, x.code, String(axis));
    const keeps = t.number(node, "keepdims", 1) !== 0;
    t.make(
      node,
      keeps ? t.call("expandDims", found, String(axis)) : found,
      keeps ? x.dims.with(axis, 1) : x.dims.toSpliced(axis, 1),
      undefined,
      "integer",
    );
  };

export const runningSum: Importer = (t, node) => {
  const x = t.tensor(node);
  const [axis] = t.ints(node, "axis", 1)!;
  const own = axisOf(t, node, axis!, x.dims.length);
  const turned = (code: string): string => (t.number(node, "reverse", 0) === 0 ? code : t.call("reversed", code, `[${own}]`));
  const summed = t.call("cumsum", turned(x.code), String(own));
  const code = turned(summed);
  t.make(node, t.number(node, "exclusive", 0) === 0 ? code : t.call("sub", code, x.code), x.dims);
};
