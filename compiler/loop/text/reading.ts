/**
 * Definitions as a reader of emitted code meets them: in the names of the code, an update's value as W′, and without the roundings that
 * storage does anyway.
 */

import type { DType } from "../../graph/type.ts";
import { apply, literal, mapScalar, substitute } from "../build.ts";
import { identifier } from "../identifier.ts";
import type { Definition, Literal, Scalar, Stage } from "../loop.ts";
import { equal, index } from "../index-expression.ts";
import { printIndex } from "./index-expression.ts";
import { printScalar } from "./notation.ts";

/** The name of an array in the code, by its buffer. */
export type CodeNames = ReadonlyMap<string, string>;

/** The letters of axes, which no other thing of a kernel is called. */
export const AXIS_LETTERS: readonly string[] = [..."ijlmnopqkz", "k2", "k3", "k4"];

/**
 * One line a stage: `d_W2[i<128,j<10] = Σ k<32: hidden[k,i]·d_shifted[k,j]`, or `W2′[i,j] = …` where it replaces what W2 holds. An axis is
 * given its extent where it is named first; those of a sum are k, k2, … as in the code.
 */
export function linesOf(stages: readonly Stage[], names: CodeNames): string[] {
  const updates = new Map(stages.flatMap(({ definition: { name, target } }) => (target === undefined ? [] : [[name, target] as const])));
  const said = new Set<string>();
  return stages.map(({ definition }) => {
    const { name, target, value } = definition;
    const stored = target === undefined ? codeName(name, names) : `${codeName(target, names)}′`;
    return `${stored}${placeOf(definition, names, said)} = ${printScalar(readable(withLetters(value), updates, names))}`;
  });
}

/** What a value is called in the code: an array as its parameter, another as a local, which gives way to the letters of axes. */
function codeName(name: string, names: CodeNames): string {
  const own = identifier(name);
  return names.get(name) ?? (AXIS_LETTERS.includes(own) ? `${own}_2` : own);
}

/** Where in the array: at the stage's own point, unless it is a segment of a larger value, named then. */
function placeOf({ name: of, axes, segment }: Definition, names: CodeNames, said: Set<string>): string {
  const shown = axes.map(({ name, extent }) => {
    const isNew = !said.has(`${name} ${extent}`);
    said.add(`${name} ${extent}`);
    return `${identifier(name)}${isNew ? `<${extent}` : ""}`;
  });
  const own = axes.length === 0 ? "" : `[${shown.join(",")}]`;
  // its own point in a larger array of its own says nothing
  const isOwn = segment?.of === of && axes.every(({ name, extent }, n) => equal(segment.at[n]!, index(name, extent)));
  return segment === undefined || isOwn ? own : `${own} in ${codeName(segment.of, names)}[${segment.at.map(printIndex).join(", ")}]`;
}

/** Sums over k, k2, …; one inside another goes on where that one ends. */
const withLetters = (value: Scalar): Scalar =>
  // by way of names that no axis has, so that none is taken for another
  renamed(
    renamed(value, (n) => `axis ${n}`),
    (n) => (n === 0 ? "k" : `k${n + 1}`),
  );

/** A scalar whose sums are over other axes, numbered from the outermost in. */
function renamed(s: Scalar, nameOf: (n: number) => string, depth = 0): Scalar {
  const inside = (one: Scalar): Scalar => renamed(one, nameOf, depth);
  if (s.kind === "apply") return { ...s, args: s.args.map(inside) };
  if (s.kind === "select") return { ...s, when: inside(s.when), then: inside(s.then), otherwise: inside(s.otherwise) };
  if (s.kind === "round") return { ...s, value: inside(s.value) };
  if (s.kind !== "reduce") return s;
  const over = s.over.map((axis, n) => ({ ...axis, name: nameOf(depth + n) }));
  const moved = new Map(s.over.map((axis, n) => [axis.name, index(over[n]!.name, axis.extent)]));
  return { ...s, over, term: renamed(substitute(s.term, moved), nameOf, depth + over.length) };
}

/** Numbers with more characters than this are looked at twice, others where they are a mean's. */
const LONG = 8;

/** Powers of two whose reciprocals nobody writes: what a mean over so many divides by. */
const isMany = (count: number): boolean => count >= 32 && Number.isInteger(Math.log2(count));

/** A number as whoever wrote the model may have written it: `1 − 0.9`, `1 / 784`, where these are the same double; else the number. */
export function asWritten(number: Literal): Scalar {
  const { value, dtype } = number;
  if (dtype === "i32" || dtype === "bool" || !(value > 0 && value < 1)) return number;
  const of = (n: number): Scalar => literal(n, dtype);
  const count = Math.round(1 / value);
  if (String(value).length <= LONG) return isMany(count) && 1 / count === value ? apply("div", dtype, of(1), of(count)) : number;
  const rest = Number((1 - value).toPrecision(6));
  if (1 - rest === value && String(rest).length < LONG) return apply("sub", dtype, of(1), of(rest));
  return 1 / count === value && count <= 1e6 ? apply("div", dtype, of(1), of(count)) : number;
}

/** The same as text, in brackets where it is a difference or a quotient. */
export function numberText(value: number, dtype: DType): string {
  const written = asWritten({ kind: "literal", dtype, value });
  if (written.kind !== "apply") return String(value);
  const [a, b] = written.args.map((arg) => (arg.kind === "literal" ? arg.value : NaN)); // numbers both
  return `(${a} ${written.fn === "sub" ? "−" : "/"} ${b})`;
}

const readable = (value: Scalar, updates: ReadonlyMap<string, string>, names: CodeNames): Scalar =>
  mapScalar(value, (part) => {
    if (part.kind === "round") return part.value;
    if (part.kind === "literal") return asWritten(part);
    if (part.kind === "local") return { ...part, name: codeName(part.name, names) };
    if (part.kind !== "load") return part;
    const target = updates.get(part.buffer);
    return { ...part, buffer: codeName(target ?? part.buffer, names), ...(target === undefined ? {} : { updated: true as const }) };
  });
