/** Guarantees that records print with every name quoted and every shape said: their types, and their values. */

import type { Buffer } from "../../loop/loop.ts";
import { printNumber } from "./expression.ts";
import { property, shapeDoc } from "./scope.ts";
import { arrayOf } from "./statement.ts";

/** `{ readonly x: Float32Array; … }` of buffers under given names, each with its shape as a doc comment. */
export const recordType = (fields: readonly (readonly [string, Buffer])[]): string =>
  fields.length === 0
    ? "Readonly<Record<string, never>>"
    : `{ ${fields.map(([name, buffer]) => `${shapeDoc(buffer)} readonly ${property(name)}: ${arrayOf(buffer.dtype)};`).join("\n")} }`;

/** `{ x: x, … }` of expressions under given names. */
export const recordValue = (fields: readonly (readonly [string, string])[]): string =>
  `{ ${fields.map(([name, value]) => `${property(name)}: ${value}`).join(", ")} }`;

/** Live scalars, as a caller may set them. */
export const hyperType = (hypers: readonly Buffer[]): string =>
  hypers.length === 0 ? "Readonly<Record<string, never>>" : `{ ${hypers.map(({ name }) => `${property(name)}: number`).join("; ")} }`;

/** The first values of live scalars. */
export const hyperValue = (hypers: readonly Buffer[]): string =>
  recordValue(hypers.map(({ name, initial }) => [name, printNumber(initial?.kind === "constant" ? initial.value : 0)]));
