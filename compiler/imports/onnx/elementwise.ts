/** Operators of one element, or of one of each operand, in the layer language: shapes broadcast alike in both. */

import type { FileGraph, FileNode } from "./proto.ts";
import { jointOf, kindOfCast } from "./shapes.ts";
import { numberText, shapeText, type Dim } from "../code.ts";
import type { Computed } from "../source.ts";
import type { Known, Translation } from "./translation.ts";

/** Makes a node's lines; `read` does so for the nodes of a graph inside it. */
export type Importer = (t: Translation, node: FileNode, read: (graph: FileGraph) => void) => void;

export const unary =
  (name: string): Importer =>
  (t, node) => {
    const x = t.tensor(node);
    t.make(node, t.call(name, x.code), x.dims);
  };

/** A number where one stands for all elements, and makes no new axes. */
export function scalarOf(known: Known, other?: Known): number | undefined {
  if (known.kind !== "held" || known.tensor.data.length !== 1) return undefined;
  if (other?.kind === "tensor" && known.tensor.dims.length > other.dims.length) return undefined;
  const [value] = Array.from(known.tensor.data);
  return typeof value === "number" ? value : undefined;
}

/** Two operands, of which one may be a number that is known. */
export const binary =
  (name: string, of: "float" | "truth" = "float"): Importer =>
  (t, node) => {
    const [a, b] = [t.input(node, 0), t.input(node, 1)];
    // what is added to one channel is its bias
    const isBias = (x: Known, y: Known): boolean =>
      name === "add" &&
      x.kind === "held" &&
      x.isWeight &&
      y.kind === "tensor" &&
      x.tensor.dims.length === y.dims.length &&
      y.dims.length > 2 &&
      y.dims[1] === 1;
    const [p, q] = [isBias(a, b) ? undefined : scalarOf(a, b), isBias(b, a) ? undefined : scalarOf(b, a)];
    const floats = (x: Computed): Computed =>
      of === "truth" || x.of === "float" ? x : t.fail(node, "computes with whole numbers", "cast them to floats before it");
    // the largest of x and nothing at all is x
    const nothing = name === "maximum" ? -Infinity : name === "minimum" ? Infinity : undefined;
    if (q !== undefined && q === nothing) return t.alias(node, a);
    if (p !== undefined && p === nothing) return t.alias(node, b);
    if (q !== undefined && a.kind === "tensor") return t.make(node, t.call(name, floats(a).code, text(q)), a.dims, undefined, of);
    if (p !== undefined && b.kind === "tensor") return t.make(node, t.call(name, text(p), floats(b).code), b.dims, undefined, of);
    const [x, y] = [floats(t.any(node, 0)), floats(t.any(node, 1))];
    t.make(node, t.call(name, x.code, y.code), jointOf(t, node, x.dims, y.dims), undefined, of);
  };

const text = (value: number): string => (Number.isInteger(value) ? String(value) : numberText(value));

/** a / b as ONNX's Mod: with fmod the sign of a. */
export const remainder: Importer = (t, node, read) =>
  t.number(node, "fmod", 0) === 1
    ? binary("fmod")(t, node, read)
    : t.fail(node, "is the remainder of whole numbers", "fix what it depends on with --size");

/** Several operands, one after the other. */
export const several =
  (name: string): Importer =>
  (t, node, read) => {
    if (node.inputs.length === 2) return binary(name)(t, node, read);
    const [first, ...rest] = node.inputs.map((_, at) => t.tensor(node, at)) as [Computed, ...Computed[]];
    if (rest.length === 0) return t.alias(node, first);
    const dims = rest.reduce((joint, one) => jointOf(t, node, joint, one.dims), first.dims);
    t.make(
      node,
      rest.reduce((code, one) => t.call(name, code, one.code), first.code),
      dims,
    );
  };

/** The mean of several operands. */
export const meanOf: Importer = (t, node) => {
  const all = node.inputs.map((_, at) => t.tensor(node, at));
  const dims = all.reduce<readonly Dim[]>((joint, one) => jointOf(t, node, joint, one.dims), []);
  const total = all.map(({ code }) => code).reduce((sum, code) => t.call("add", sum, code));
  t.make(node, t.call("div", total, String(all.length)), dims);
};

export const same: Importer = (t, node) => t.alias(node, t.input(node, 0));

/** With a mask beside it where that is asked for. */
export const dropout: Importer = (t, node) => t.alias(node, t.input(node, 0));

export const cast: Importer = (t, node) => {
  const known = t.any(node);
  const to = kindOfCast(t, node);
  if (known.of === to) return t.alias(node, known);
  t.make(node, t.call("cast", known.code, `"${{ float: "float", integer: "i32", truth: "bool" }[to]}"`), known.dims, undefined, to);
};

export const clip: Importer = (t, node) => {
  const x = t.tensor(node);
  const bound = (attribute: string, at: number, otherwise: number): number => {
    const known = t.optional(node, at);
    return known === undefined
      ? t.number(node, attribute, otherwise)
      : (scalarOf(known) ?? t.fail(node, "computes its bounds", "give them as numbers"));
  };
  const widest = 3.4e38;
  const ends = [bound("min", 1, -Infinity), bound("max", 2, Infinity)] as const;
  const [least, most] = ends.map((end) => (Math.abs(end) > widest ? Math.sign(end) * Infinity : end)) as [number, number];
  if (least === 0 && most === 6) return t.make(node, t.call("relu6", x.code), x.dims);
  // Clip of ONNX is min(max(x, least), most), whatever stands where
  if (least > most) return t.make(node, t.call("add", t.call("mul", x.code, "0"), numberText(most)), x.dims);
  t.make(node, t.call("clip", x.code, numberText(least), numberText(most)), x.dims);
};

/** An activation with numbers of its own, by their attributes and what they are where the file does not say. */
export const withNumbers =
  (name: string, ...given: readonly (readonly [attribute: string, otherwise: number])[]): Importer =>
  (t, node) => {
    const x = t.tensor(node);
    t.make(node, t.call(name, x.code, ...given.map(([attribute, otherwise]) => numberText(t.number(node, attribute, otherwise)))), x.dims);
  };

export const hardSigmoid: Importer = (t, node) => {
  const x = t.tensor(node);
  const [alpha, beta] = [t.number(node, "alpha", 0.2), t.number(node, "beta", 0.5)];
  if (Math.abs(alpha - 1 / 6) < 1e-6 && beta === 0.5) return t.make(node, t.call("hardSigmoid", x.code), x.dims);
  t.make(node, t.call("clip", t.call("add", t.call("mul", x.code, numberText(alpha)), numberText(beta)), "0", "1"), x.dims);
};

export const gelu: Importer = (t, node) => {
  const x = t.tensor(node);
  t.make(node, t.call("gelu", x.code, ...(t.text(node, "approximate", "none") === "tanh" ? ['{ approximate: "tanh" }'] : [])), x.dims);
};

/** x·σ(α·x) */
export const swish: Importer = (t, node) => {
  const x = t.tensor(node);
  const alpha = t.number(node, "alpha", 1);
  if (alpha === 1) return t.make(node, t.call("silu", x.code), x.dims);
  t.make(node, t.call("mul", x.code, t.call("sigmoid", t.call("mul", x.code, numberText(alpha)))), x.dims);
};

/** x beyond ±lambd, moved towards 0 by bias; 0 between. */
export const shrink: Importer = (t, node) => {
  const x = t.tensor(node);
  const [bias, lambd] = [t.number(node, "bias", 0), t.number(node, "lambd", 0.5)];
  if (bias === 0) return t.make(node, t.call("hardshrink", x.code, numberText(lambd)), x.dims);
  if (bias === lambd) return t.make(node, t.call("softshrink", x.code, numberText(lambd)), x.dims);
  const moved = t.call("sub", x.code, t.call("mul", t.call("sign", x.code), numberText(bias)));
  t.make(node, t.call("where", t.call("greater", t.call("abs", x.code), numberText(lambd)), moved, "0"), x.dims);
};

/** x above alpha, 0 elsewhere. */
export const thresholded: Importer = (t, node) => {
  const x = t.tensor(node);
  t.make(node, t.call("threshold", x.code, numberText(t.number(node, "alpha", 1)), "0"), x.dims);
};

/** Slopes of channels, or of anything that broadcasts. */
export const prelu: Importer = (t, node) => {
  const x = t.tensor(node);
  const known = t.input(node, 1);
  const dims = known.kind === "held" ? known.tensor.dims : known.dims;
  const channels = x.dims[1];
  // the channels' axis counts from the end, as broadcasting does
  const lined = [...Array.from({ length: Math.max(0, x.dims.length - dims.length) }, () => 1), ...dims];
  const byChannel = lined.every((dim, axis) => dim === 1 || (axis === 1 && dim === channels));
  if (known.kind === "held" && known.isWeight && byChannel && x.dims.length >= dims.length) {
    const tensor = t.plain(node, known);
    const own = t.parameter({ ...tensor, dims: [tensor.data.length] }, known.isFrozen);
    return t.make(node, t.call("prelu", x.code, own.code), x.dims);
  }
  const slope = t.tensor(node, 1);
  const negative = t.call("mul", x.code, slope.code);
  t.make(node, t.call("where", t.call("less", x.code, "0"), negative, x.code), jointOf(t, node, x.dims, slope.dims));
};

/** a where a condition holds, b elsewhere. */
export const where: Importer = (t, node) => {
  const condition = t.any(node, 0);
  if (condition.of !== "truth") t.fail(node, "chooses by what is no truth value", "the file is damaged");
  const [a, b] = [t.input(node, 1), t.input(node, 2)];
  const told = (known: Known, at: number): { readonly code: string; readonly dims: readonly Dim[] } => {
    const number = scalarOf(known);
    return number === undefined || Number.isNaN(number)
      ? t.tensor(node, at)
      : { code: text(number), dims: known.kind === "held" ? known.tensor.dims : [] };
  };
  // of two numbers one is a tensor
  const [p, q] = [told(a, 1), told(b, 2)];
  const dims = jointOf(t, node, jointOf(t, node, condition.dims, p.dims), q.dims);
  const code = t.call("where", condition.code, p.code, q.code);
  if (dims.length > Math.max(condition.dims.length, ...[a, b].map((one) => (one.kind === "tensor" ? one.dims.length : 0))))
    return t.make(node, t.call("reshape", code, shapeText(dims)), dims);
  t.make(node, code, dims);
};

export const negated: Importer = (t, node) => {
  const x = t.any(node);
  if (x.of !== "truth") t.fail(node, "negates what is no truth value", "the file is damaged");
  t.make(node, t.call("logicalNot", x.code), x.dims, undefined, "truth");
};

export const isNaN: Importer = (t, node) => {
  const x = t.tensor(node);
  t.make(node, t.call("isNaN", x.code), x.dims, undefined, "truth");
};
