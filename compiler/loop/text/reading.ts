/**
 * Definitions as a reader of emitted code meets them: in the names of the code, an update's value as W′, and without the roundings that
 * storage does anyway.
 */

import { apply, literal, mapScalar } from "../build.ts";
import { identifier } from "../identifier.ts";
import type { Definition, Literal, Scalar, Stage } from "../loop.ts";
import { printIndex } from "./index-expression.ts";
import { printScalar } from "./notation.ts";

/** One line a stage: `d_W2[i,j] = Σ k<32: hidden[k,i]·d_shifted[k,j]`, or `W2′[i,j] = …` where it replaces what W2 holds. */
export function linesOf(stages: readonly Stage[]): string[] {
  const updates = new Map(stages.flatMap(({ definition: { name, target } }) => (target === undefined ? [] : [[name, target] as const])));
  return stages.map(({ definition }) => {
    const { name, target, value } = definition;
    const stored = target === undefined ? identifier(name) : `${identifier(target)}′`;
    return `${stored}${placeOf(definition)} = ${printScalar(readable(value, updates))}`;
  });
}

/** Where in the array: at the stage's own point, unless it is a part of a larger value, named then. */
function placeOf({ axes, part }: Definition): string {
  const own = axes.length === 0 ? "" : `[${axes.map(({ name }) => identifier(name)).join(",")}]`;
  return part === undefined ? own : `${own} in ${identifier(part.of)}[${part.at.map(printIndex).join(", ")}]`;
}

/** Numbers with more characters than this are looked at twice. */
const LONG = 8;

/** A number as whoever wrote the model may have written it: `1 − 0.9`, `1 / 784`, where these are the same double; else the number. */
export function asWritten(number: Literal): Scalar {
  const { value, dtype } = number;
  if (dtype === "i32" || dtype === "bool" || !(value > 0 && value < 1)) return number;
  if (String(value).length <= LONG) return number;
  const of = (n: number): Scalar => literal(n, dtype);
  const rest = Number((1 - value).toPrecision(6));
  if (1 - rest === value && String(rest).length < LONG) return apply("sub", dtype, of(1), of(rest));
  const count = Math.round(1 / value);
  return 1 / count === value && count <= 1e6 ? apply("div", dtype, of(1), of(count)) : number;
}

const readable = (value: Scalar, updates: ReadonlyMap<string, string>): Scalar =>
  mapScalar(value, (part) => {
    if (part.kind === "round") return part.value;
    if (part.kind === "literal") return asWritten(part);
    if (part.kind === "local") return { ...part, name: identifier(part.name) };
    if (part.kind !== "load") return part;
    const target = updates.get(part.buffer);
    return target === undefined ? { ...part, buffer: identifier(part.buffer) } : { ...part, buffer: identifier(target), updated: true };
  });
