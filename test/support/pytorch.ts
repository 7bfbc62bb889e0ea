/** Guarantees calls of the vocabulary as interop/pytorch recorded them, declared again here, with PyTorch's values and gradients beside. */

import { readFileSync } from "node:fs";
import * as functions from "../../compiler/functions.ts";
import * as adjoint from "../../compiler/index.ts";
import { reverse } from "../../compiler/autodiff/reverse.ts";
import type { Value } from "../../compiler/graph/graph.ts";
import { isFloat, sizeOf, type TensorType } from "../../compiler/graph/type.ts";
import type { Context } from "../../compiler/model/context.ts";
import type { Tensor } from "../../compiler/index.ts";

type Number = number | "inf" | "-inf" | "nan";
type Given =
  | { readonly x: readonly Number[]; readonly s: readonly number[] }
  | { readonly i: readonly number[]; readonly s: readonly number[] }
  | { readonly b: readonly number[]; readonly s: readonly number[] }
  | { readonly o: Readonly<Record<string, Given>> }
  | readonly Given[]
  | Number
  | boolean
  | string
  | null;

export interface Case {
  readonly args: readonly Given[];
  readonly y: readonly { readonly s: readonly number[]; readonly d: readonly Number[] }[];
  /** Null where PyTorch's is no number. */
  readonly g?: readonly (readonly Number[])[] | null;
  readonly h?: readonly (readonly Number[])[] | null;
}

export const casesOf = (file: string): Readonly<Record<string, readonly Case[]>> =>
  JSON.parse(readFileSync(new URL(`../pytorch/${file}.json`, import.meta.url), "utf8")) as Readonly<Record<string, readonly Case[]>>;

const WORDS: Readonly<Record<string, number>> = { inf: Infinity, "-inf": -Infinity, nan: NaN };
export const numberOf = (value: Number): number => (typeof value === "number" ? value : WORDS[value]!);

/** A fed tensor of a case. */
export interface Fed {
  readonly name: string;
  readonly type: TensorType;
  readonly data: readonly number[];
}

/** The arguments of a case as tensors of the declaration in progress, and what they are fed. */
export function argumentsOf(prefix: string, args: readonly Given[]): { readonly values: unknown[]; readonly fed: Fed[] } {
  const fed: Fed[] = [];
  const leaf = (data: readonly number[], shape: readonly number[], classes?: number): Tensor => {
    const name = `${prefix}x${fed.length}`;
    const made: Tensor =
      classes === undefined ? adjoint.input(name, shape, { rows: false }) : adjoint.labels(name, shape, { classes, rows: false });
    fed.push({ name, type: { dtype: made.dtype, shape }, data });
    return made;
  };
  const of = (given: Given): unknown => {
    if (given === null) return undefined;
    if (typeof given !== "object") return typeof given === "string" && given in WORDS ? numberOf(given as Number) : given;
    if (Array.isArray(given)) return given.map((one: Given) => of(one));
    if ("x" in given) return leaf(given.x.map(numberOf), given.s);
    if ("i" in given) return leaf(given.i, given.s, Math.max(1, ...given.i) + 1);
    if ("b" in given) return adjoint.cast(leaf(given.b, given.s), "bool");
    if ("o" in given) return Object.fromEntries(Object.entries(given.o).map(([key, one]) => [key, of(one)]));
    throw new TypeError("no argument");
  };
  return { values: args.map(of), fed };
}

/** ((a·i + b) mod c − c/2) / 4, as interop/pytorch/recording.py weighs. */
function weighed(c: Context, y: Value, [a, b, m]: readonly [number, number, number]): Value {
  const { shape, dtype } = c.typeOf(y);
  const values = Array.from({ length: sizeOf(shape) }, (_, i) => (((a * i + b) % m) - m / 2) / 4);
  const product = c.g.mul(y, c.g.table({ dtype, shape }, { values, symbol: "w" }));
  return shape.length === 0 ? product : c.g.sum(product, { axes: shape.map((_, axis) => axis) });
}

/** The gradients of Σ w·y in `leaves`, w as interop/pytorch/recording.py weighs; undefined: none flows. */
export function gradientOf(
  c: Context,
  of: readonly (Value | undefined)[],
  leaves: readonly Value[],
  by: readonly [number, number, number],
): readonly (Value | undefined)[] {
  const terms = of.flatMap((value) => (value === undefined || !isFloat(c.typeOf(value).dtype) ? [] : [weighed(c, value, by)]));
  if (terms.length === 0) return leaves.map(() => undefined);
  return reverse(
    c.builder,
    terms.reduce((a, b) => c.g.add(a, b)),
    leaves,
  );
}

export interface Declared {
  readonly fed: readonly Fed[];
  readonly y: readonly Value[];
  /** Gradients in the fed floats; undefined: none flows. */
  readonly g: readonly (Value | undefined)[];
  readonly h: readonly (Value | undefined)[];
}

type Call = (...args: unknown[]) => Tensor | readonly Tensor[];
/** Everything public, and what is under layers as `functions.<name>`. */
export const calls = {
  ...adjoint,
  ...Object.fromEntries(Object.entries(functions).map(([name, of]) => [`functions.${name}`, of])),
} as unknown as Readonly<Record<string, Call>>; // the recorded names are of functions of tensors

/** Declares a case: the call, and its gradients where they were recorded. */
export function declared(c: Context, name: string, one: Case, prefix = ""): Declared {
  const { values, fed } = argumentsOf(prefix, one.args);
  const found = calls[name]!(...values);
  const y = [found].flat().map((tensor) => (tensor as Tensor).value);
  const leaves = floatsOf(c, fed).map(({ name }) => leafOf(c, name));
  const g = one.g == null ? [] : c.run(() => gradientOf(c, y, leaves, [7, 3, 11]));
  const h = one.h == null ? [] : c.run(() => gradientOf(c, g, leaves, [5, 1, 13]));
  return { fed, y, g, h };
}

/** The fed floats. */
export const floatsOf = (c: Context, fed: readonly Fed[]): readonly Fed[] =>
  fed.filter(({ type, name }) => isFloat(type.dtype) && !isTruth(c, name));

export const leafOf = (c: Context, name: string): Value => c.builder.nodes.findIndex((node) => node.name === name) as Value;

/** Truth values are fed as floats and cast. */
const isTruth = ({ builder: { nodes } }: Context, name: string): boolean => {
  const at = nodes.findIndex((node) => node.name === name);
  return nodes.some(({ op, inputs, attrs }) => op === "cast" && attrs["to"] === "bool" && inputs[0] === at);
};
