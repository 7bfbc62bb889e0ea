/** Index notation for people: scalars, definitions and statements as mathematics. Nothing reads it back. */

import { keyOf, orderText } from "../build.ts";
import type { Apply, Definition, Definitions, Group, Scalar, ScalarFn, Select, Stage, Stmt } from "../loop.ts";
import { placeOf, resultLine } from "./definition.ts";
import { isSingle, printIndex } from "./index-expression.ts";
import { formText } from "./kernel.ts";
import { bufferText } from "./scalar.ts";
import { printAxes, printName, printNumber } from "./words.ts";

// How tightly a text holds together; Σ binds its term like a product and stands in sums like one.
const [OR, AND, COMPARE, SUM, REDUCE, PRODUCT, SIGN, POWER, ATOM] = [1, 2, 3, 4, 5, 6, 7, 8, 9];

const INFIX: Partial<Record<ScalarFn, { sign: string; holds: number; right: number }>> = {
  or: { sign: " ∨ ", holds: OR, right: AND },
  and: { sign: " ∧ ", holds: AND, right: COMPARE },
  lt: { sign: " < ", holds: COMPARE, right: SUM },
  le: { sign: " ≤ ", holds: COMPARE, right: SUM },
  eq: { sign: " = ", holds: COMPARE, right: SUM },
  add: { sign: " + ", holds: SUM, right: REDUCE },
  sub: { sign: " − ", holds: SUM, right: REDUCE },
  mul: { sign: "·", holds: PRODUCT, right: POWER },
  div: { sign: " / ", holds: PRODUCT, right: POWER },
  pow: { sign: "^", holds: POWER, right: ATOM },
};

const REDUCE_WORD = { add: "Σ", max: "max", argmax: "argmax" } as const;

/** A scalar in index notation with as few parentheses as the reading allows. */
export function printScalar(s: Scalar): string {
  return held(s, 0);
}

function held(s: Scalar, needs: number): string {
  const [text, holds] = notation(s);
  return holds < needs ? `(${text})` : text;
}

function notation(s: Scalar): readonly [text: string, holds: number] {
  switch (s.kind) {
    case "literal":
      if (s.dtype === "bool") return [s.value === 0 ? "false" : "true", ATOM];
      return isNegative(s.value) ? [`−${people(-s.value)}`, SIGN] : [people(s.value), ATOM];
    case "local":
      return [printName(s.name), ATOM];
    case "index":
      return [printIndex(s.at), isSingle(s.at) ? ATOM : s.at.terms.length === 1 && s.at.offset === 0 ? PRODUCT : SUM];
    case "load":
      return [s.at.length === 0 ? bufferText(s) : `${bufferText(s)}[${s.at.map(printIndex).join(",")}]`, ATOM];
    case "select": {
      const relu = reluOf(s);
      if (relu !== undefined) return [`relu(${printScalar(relu)})`, ATOM];
      return [`where(${[s.when, s.then, s.otherwise].map(printScalar).join(", ")})`, ATOM];
    }
    case "round":
      return [`round(${printScalar(s.value)})`, ATOM];
    case "reduce":
      return [`${REDUCE_WORD[s.by]} ${printAxes(s.over)}${orderText(s)}: ${held(s.term, REDUCE)}`, REDUCE];
    case "apply":
      return applied(s);
  }
}

const people = (value: number): string => (value === Infinity ? "∞" : printNumber(value));

const isNegative = (value: number): boolean => value < 0 || Object.is(value, -0);

function applied(s: Apply): readonly [string, number] {
  const [a, b] = s.args;
  const infix = INFIX[s.fn];
  if (infix !== undefined && a !== undefined && b !== undefined) {
    // comparisons do not chain, and a^b^c is never written
    const left = infix.holds === COMPARE || infix.holds === POWER ? infix.holds + 1 : infix.holds;
    // x + (−3) is x − 3, to the bit
    if (s.fn === "add" && b.kind === "literal" && isNegative(b.value)) return [`${held(a, left)} − ${people(-b.value)}`, SUM];
    return [`${held(a, left)}${infix.sign}${held(b, infix.right)}`, infix.holds];
  }
  if (s.fn === "neg" && a !== undefined) return [`−${held(a, POWER)}`, SIGN];
  if (s.fn === "not" && a !== undefined) return [`¬${held(a, POWER)}`, SIGN];
  const name = s.fn === "cast" ? s.dtype : s.fn;
  return [`${name}(${s.args.map(printScalar).join(", ")})`, ATOM];
}

/** relu(x) = x < 0 ? 0 : x. */
function reluOf({ when, then, otherwise }: Select): Scalar | undefined {
  if (when.kind !== "apply" || when.fn !== "lt") return undefined;
  const [x, zero] = when.args;
  const isZero = (z: Scalar | undefined): boolean => z?.kind === "literal" && z.value === 0;
  if (x === undefined || !isZero(zero) || !isZero(then)) return undefined;
  return keyOf(x) === keyOf(otherwise) ? otherwise : undefined;
}

/** `h[i,j] = relu(Σ k<784: x[i,k]·w[k,j] + b[j])`. */
export function printDefinition(d: Definition): string {
  const axes = d.axes.map((axis) => printName(axis.name)).join(",");
  return `${printName(d.name)}${axes === "" ? "" : `[${axes}]`} = ${printScalar(d.value)}`;
}

function printStage({ definition, storage }: Stage): string {
  const into = placeOf(definition);
  return `  ${storage.padEnd(6)}  ${printDefinition(definition)}${into}`;
}

/** A group for people: its shared axes, and each stage after the storage of its value. */
export function printGroup(g: Group): string {
  return [`group ${g.axes.length === 0 ? "once" : printAxes(g.axes)}`, ...g.stages.map(printStage)].join("\n");
}

/** Level 2 of one entry point, for people. */
export function printDefinitions(d: Definitions): string {
  const work = d.work.map((w) => (w.kind === "group" ? printGroup(w.group) : `scalar\n${printStage(w)}`));
  const results = d.results.map((r) => resultLine(r));
  const apart = d.refusals.map(({ value, from, reason }) => `apart  ${printName(value)} | ${from.map(printName).join(", ")}: ${reason}`);
  return [`definitions ${printName(d.name)}`, ...work, results.join("\n"), apart.join("\n")].join("\n\n").trimEnd() + "\n";
}

/** One statement in index notation, of a loop or condition the head alone: for messages. */
export function printStmt(s: Stmt): string {
  switch (s.kind) {
    case "for":
      return `for ${printName(s.index)} in ${printIndex(s.from)}..${printIndex(s.to)}${formText(s)}${s.only === undefined ? "" : ` only ${printScalar(s.only)}`}`;
    case "let":
      return `${s.mutable ? "var" : "let"} ${printName(s.name)} = ${printScalar(s.value)}`;
    case "assign":
      return `${printName(s.name)} = ${printScalar(s.value)}`;
    case "store":
      return `${printName(s.buffer)}[${printIndex(s.at)}] = ${printScalar(s.value)}`;
    case "if":
      return `if ${printScalar(s.when)}`;
  }
}
