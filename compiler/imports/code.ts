/** Pieces of source: shapes, numbers, options, and the identifiers in a text. */

import { sizeOf } from "../graph/type.ts";

/** The batch's extent, or so many times it, as source. */
export type Open = "batch" | `${number} * batch`;
/** An extent; what grows with the batch is open. */
export type Dim = number | Open;

/** How many batches an open extent is. */
export const batchesIn = (open: Open): number => (open === "batch" ? 1 : Number.parseInt(open));
/** So many batches. */
export const batches = (times: number): Dim => (times === 0 ? 0 : times === 1 ? "batch" : `${times} * batch`);
export const isOpen = (dim: Dim | undefined): dim is Open => typeof dim === "string";

/** What elements are: floats of any width, whole numbers (shapes, axes, indices), truth values. */
export type Kind = "float" | "integer" | "truth";

/** The identifiers in a text, without those in its strings and comments. */
export const wordsIn = (text: string): readonly string[] =>
  text
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, "")
    .replaceAll(/\/\/.*$/gm, "")
    .match(/[A-Za-z_$][\w$]*/g) ?? [];

/** Elements of a shape without the batch. */
export const lengthOf = (dims: readonly number[]): number => sizeOf(dims);

export const shapeText = (dims: readonly Dim[]): string => `[${dims.join(", ")}]`;

/** A float32 in the digits that it has. */
export function numberText(value: number): string {
  for (let digits = 1; digits < 9; digits++)
    if (Math.fround(Number(value.toPrecision(digits))) === Math.fround(value)) return String(Number(value.toPrecision(digits)));
  return String(value);
}

/** An object of options, without those that are undefined. */
export function options(given: Readonly<Record<string, string | undefined>>): string {
  const all = Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`]));
  return all.length === 0 ? "" : `{ ${all.join(", ")} }`;
}

/** Numbers of a layer that begins anew: uniform within ±√(6 / (in + out)) (Glorot), the same ones every time. */
export function fresh(inputs: number, units: number): Float32Array {
  const limit = Math.sqrt(6 / (inputs + units));
  let state = 0x9e3779b9;
  return Float32Array.from({ length: inputs * units }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (((state >>> 0) / 2 ** 32) * 2 - 1) * limit;
  });
}

/** A shape with its axes in another order, and the places of its elements. */
export function placesOf(
  dims: readonly number[],
  order: readonly number[],
): { readonly dims: readonly number[]; readonly at: readonly number[] } {
  const turned = order.map((axis) => dims[axis]!);
  const strides = order.map((axis) => lengthOf(dims.slice(axis + 1)));
  const inner = turned.map((_, axis) => lengthOf(turned.slice(axis + 1)));
  const at = Array.from({ length: lengthOf(dims) }, (_, n) =>
    turned.reduce((place, extent, axis) => place + (Math.floor(n / inner[axis]!) % extent) * strides[axis]!, 0),
  );
  return { dims: turned, at };
}

/** An IEEE 754 binary16: one bit of sign, five of exponent, ten of fraction. */
export function halfOf(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
