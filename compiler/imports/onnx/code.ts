/** Pieces of source: shapes, numbers, options, and the identifiers in a text. */

import { sizeOf } from "../../graph/type.ts";

/** An extent; the batch's own is open. */
export type Dim = number | "batch";

/** The identifiers in a text, without those in its strings. */
export const wordsIn = (text: string): readonly string[] => text.replaceAll(/"(?:[^"\\]|\\.)*"/g, "").match(/[A-Za-z_$][\w$]*/g) ?? [];

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
