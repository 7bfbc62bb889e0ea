/** The words of the canonical text: names, numbers and axes, printed so that they are read back. */

import { printable } from "../../graph/printable.ts";
import type { DType } from "../../graph/type.ts";
import type { Axis } from "../loop.ts";
import type { Reader } from "./reader.ts";

const WORD = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** As JSON, all of it visible. */
export const quoted = (value: string | readonly (string | null)[]): string => printable(JSON.stringify(value));

/** Words that the canonical text gives a meaning; as names they are quoted. */
const RESERVED = new Set(["for", "let", "var", "if", "true", "false", "div", "mod"]);

const SPECIAL = /^(inf|nan)(f32|f64|i32|bool)?$/;

/** A name bare where it cannot be mistaken, otherwise as a JSON string. */
export const printName = (name: string): string => (WORD.test(name) && !RESERVED.has(name) && !SPECIAL.test(name) ? name : quoted(name));

/** A number that reads back to the same double: `-0`, `inf` and `nan` included. */
export function printNumber(value: number): string {
  if (Object.is(value, -0)) return "-0";
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

const printAxis = (axis: Axis): string => `${printName(axis.name)}<${axis.extent}`;

/** `i<2, j<3`. */
export const printAxes = (axes: readonly Axis[]): string => axes.map(printAxis).join(", ");

/** One of those axes. */
export const readAxis = (r: Reader): Axis => {
  const name = r.name("an axis");
  r.eat("<");
  return { name, extent: r.number() };
};

/** `[2,3]`. */
export const readShape = (r: Reader): number[] => {
  r.eat("[");
  return r.list("]", () => r.number());
};

/** Dtypes as they are written. */
export const DTYPES = ["f32", "f64", "i32", "bool"] as const satisfies readonly DType[];
