/** Laws of scalars: names are defined before use, operands have one dtype, accesses stay in bounds. */

import { apply, conjuncts } from "../build.ts";
import { constant, type Index } from "../index-expression.ts";
import type { Apply, Scalar } from "../loop.ts";
import { printIndex, printName, printScalar } from "../text/index.ts";
import { outsideOf } from "./bounds.ts";
import { fits, pureOf, type Place } from "./place.ts";

/** A scalar at a place; branches under the conditions that lead to them. */
export function verifyScalar(s: Scalar, place: Place): void {
  switch (s.kind) {
    case "literal":
      return;
    case "local": {
      const local = place.locals.get(s.name);
      const name = printName(s.name);
      if (local === undefined) place.complain(`a local is defined before it is used, but ${name} is not`);
      if (local.dtype !== s.dtype) place.complain(`a local has one dtype, but ${name} is ${local.dtype} and is used as ${s.dtype}`);
      return;
    }
    case "index":
      return verifyIndex(s.at, place);
    case "load": {
      const buffer = place.buffers.get(s.buffer);
      const name = printName(s.buffer);
      if (buffer === undefined) place.complain(`a load reads a buffer that is given, but there is none called ${name}`);
      if (buffer.dtype !== s.dtype)
        place.complain(`a load has its buffer's dtype, but ${name} is ${buffer.dtype} and is loaded as ${s.dtype}`);
      if (buffer.access === "write" && !place.stored.has(s.buffer))
        place.complain(`a write parameter is loaded only after a store to it, but ${name} is not stored to above; declare it update`);
      if (s.at.length > 1) place.complain(`a load has one flat index here, but that of ${name} has ${s.at.length}`);
      return verifyAccess("load", s.buffer, buffer.length, s.at[0] ?? constant(0), place);
    }
    case "apply":
      for (const arg of s.args) verifyScalar(arg, place);
      return verifyApply(s, place);
    case "select":
      verifyScalar(s.when, place);
      // only the branch that is taken is evaluated
      verifyScalar(s.then, { ...place, guards: [...place.guards, ...conjuncts(s.when)] });
      verifyScalar(s.otherwise, {
        ...place,
        guards: [...place.guards, apply("not", "bool", s.when)],
      });
      fits("a condition", "bool", s.when.dtype, place);
      if (s.then.dtype !== s.dtype || s.otherwise.dtype !== s.dtype)
        place.complain(`both branches have one dtype, but ${printScalar(s)} has ${s.then.dtype} and ${s.otherwise.dtype}`);
      return;
    case "round":
      return verifyScalar(s.value, place);
    case "reduce":
      return place.complain(`reductions are loops by now, but ${printScalar(s)} is not`);
  }
}

/** Functions of one operand; the others have two, but for the draw of random bits. */
const UNARY = new Set("neg abs sign floor sqrt exp log tanh sin cos erf erfc atan log1p expm1 not cast bitsOf floatOf".split(" "));

const COMPARES = new Set(["lt", "le", "eq"]);

const LOGIC = new Set(["and", "or", "not"]);

/** Each function has its operands, and gives what follows from them. */
function verifyApply(s: Apply, place: Place): void {
  const operands = s.args.map((arg) => arg.dtype);
  const arity = s.fn === "randomBits" ? 3 : UNARY.has(s.fn) ? 1 : 2;
  if (operands.length !== arity)
    place.complain(`${s.fn} takes ${["one operand", "two operands", "three operands"][arity - 1]}, but has ${operands.length}`);
  if (s.fn === "cast") return;
  if (s.fn === "bitsOf" || s.fn === "floatOf") {
    const [from, to] = s.fn === "bitsOf" ? (["f32", "i32"] as const) : (["i32", "f32"] as const);
    if (operands[0] !== from || s.dtype !== to)
      place.complain(`${s.fn} takes ${from} and gives ${to}, but ${printScalar(s)} takes ${operands[0]} and gives ${s.dtype}`);
    return;
  }
  const compares = COMPARES.has(s.fn);
  const wanted = LOGIC.has(s.fn) ? "bool" : compares ? operands[0]! : s.dtype;
  const result = compares || LOGIC.has(s.fn) ? "bool" : s.dtype;
  if (operands.every((dtype) => dtype === wanted) && result === s.dtype) return;
  place.complain(`operands of ${s.fn} have one dtype, but ${printScalar(s)} takes ${operands.join(", ")} and gives ${s.dtype}`);
}

/** Indices are loops around, and stay below the extent that simplification has relied on. */
export function verifyIndex(a: Index, place: Place): void {
  for (const { atom } of a.terms) {
    if (atom.kind !== "index") {
      verifyIndex(atom.of, place);
      if (!Number.isInteger(atom.by) || atom.by < 1) place.complain(`an index is divided by a whole number from 1, but by ${atom.by}`);
      continue;
    }
    const loop = place.loops.get(atom.name);
    const name = printName(atom.name);
    if (loop === undefined) place.complain(`an index belongs to a loop around it, but there is no loop over ${name}`);
    if (loop.range[1] >= atom.extent)
      place.complain(`an index stays below its extent, but ${name} reaches ${loop.range[1]} and is used as ${name}<${atom.extent}`);
  }
}

/** 0 ≤ index < length wherever the guards hold. */
export function verifyAccess(kind: "load" | "store", buffer: string, length: number, index: Index, place: Place): void {
  verifyIndex(index, place);
  const guards = place.guards.map((guard) => pureOf(guard, place)).filter((guard) => guard !== undefined);
  const found = outsideOf(index, length, guards, place.loops);
  if (found === undefined) return;
  const name = printName(buffer);
  const law = `a ${kind} stays inside its buffer, but ${name}[${printIndex(index)}]`;
  const remedy = `${name} has ${length} elements; guard the access or mend the loop`;
  if ("range" in found) place.complain(`${law} could not be proved to: it may lie in ${found.range[0]}..${found.range[1]}, and ${remedy}`);
  const point = [...found.point].map(([loop, value]) => `${printName(loop)} = ${value}`).join(", ");
  const where = point === "" ? "" : ` at ${point}`;
  place.complain(`${law} is ${name}[${found.value}]${where}, and ${remedy}`);
}
