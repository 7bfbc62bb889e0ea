/**
 * Guarantees a body in fewer statements with the same values: a constant that only the next statement reads, and once, stands there itself;
 * one that says again what another holds is that one; what only renames a sum gives it its name.
 *   let s = 0; …; const total = s; y = total   →   let total = 0; …; y = total
 */

import { Keys, mapScalar, onlyOf, substituteStmts, walkScalar, walkStmts } from "../../loop/build.ts";
import { index } from "../../loop/index-expression.ts";
import type { Scalar, Stmt } from "../../loop/loop.ts";
import { storesOf } from "../../loop/uses.ts";
import type { Called } from "./outline.ts";

/** Parts of a value that may stand inside another, at most: longer ones read better by themselves. */
const LARGEST = 4;

type Line = Stmt | Called;

/** One body, and not those inside it. `elsewhere` are names that other parts of a kernel mention: these stay. */
export function shortened(body: readonly Line[], elsewhere: ReadonlySet<string> = new Set()): readonly Line[] {
  let rest = onceEach(picked(renamed(body, elsewhere)), elsewhere);
  const out: Line[] = [];
  for (let n = 0; n < rest.length; n++) {
    const s = rest[n]!;
    const next = rest[n + 1];
    if (next !== undefined && isConstant(s) && !elsewhere.has(s.name) && isTaking(next) && isOnceIn(s, next, rest.slice(n + 1)))
      rest = [...rest.slice(0, n + 1), taking(next, s), ...rest.slice(n + 2)];
    else out.push(s);
  }
  return out;
}

type Let = Extract<Stmt, { kind: "let" }>;
const isConstant = (s: Line): s is Let => s.kind === "let" && !s.mutable;

/** A statement that reads values and no others inside it. */
type Taking = Exclude<Line, { readonly kind: "for" | "if" }>;
const isTaking = (s: Line): s is Taking => s.kind !== "for" && s.kind !== "if";

function taking(s: Taking, { name, value: by }: Let): Taking {
  const read = (value: Scalar): Scalar => mapScalar(value, (part) => (part.kind === "local" && part.name === name ? by : part));
  return s.kind === "called" ? { ...s, values: s.values.map(read) } : { ...s, value: read(s.value) };
}

function isOnceIn({ name, value }: Let, next: Taking, rest: readonly Line[]): boolean {
  return sizeOf(value) <= LARGEST && readsOf(name, [next]) === 1 && readsOf(name, rest) === 1;
}

function sizeOf(value: Scalar): number {
  let parts = 0;
  walkScalar(value, () => void parts++);
  return parts;
}

function readsOf(name: string, body: readonly Line[]): number {
  let reads = 0;
  const scalar = (part: Scalar): void => void (part.kind === "local" && part.name === name && reads++);
  for (const s of body)
    if (s.kind === "called") s.values.forEach((value) => walkScalar(value, scalar));
    else walkStmts([s], { scalar });
  return reads;
}

/** Constants, and numbers of single iterations, that differ in nothing but their names are the first of them, where nothing that they read changes. */
function onceEach(body: readonly Line[], elsewhere: ReadonlySet<string>): readonly Line[] {
  const keys = new Keys();
  const first = new Map<string, string>();
  const stored = new Set(body.flatMap((s) => (s.kind === "called" ? s.arrays : [...storesOf([s])])));
  const isFixed = (value: Scalar): boolean => {
    let fixed = true;
    walkScalar(value, (part) => {
      if (part.kind === "local" ? isSetIn(part.name, body) : part.kind === "load" && stored.has(part.buffer)) fixed = false;
    });
    return fixed;
  };
  const out: Line[] = [];
  let rest = body;
  while (rest.length > 0) {
    const [s, ...after] = rest as [Line, ...Line[]];
    rest = after;
    const [name, value] = isConstant(s) ? [s.name, s.value] : s.kind === "for" ? [s.index, s.only] : ["", undefined];
    const key = value !== undefined && !elsewhere.has(name) && isFixed(value) ? `${value.dtype} ${keys.of(value)}` : undefined;
    const known = key === undefined ? undefined : first.get(key);
    if (known !== undefined && isConstant(s)) rest = after.map((one) => called(one, name, known));
    else {
      out.push(s);
      if (key !== undefined && known === undefined) first.set(key, name);
    }
  }
  return out;
}

/** The number of a single iteration that a constant holds is called as the constant. */
function picked(body: readonly Line[]): readonly Line[] {
  const constants = new Set(body.flatMap((s) => (isConstant(s) ? [s.name] : [])));
  return body.map((s) => {
    if (s.kind !== "for" || s.only?.kind !== "local" || !constants.has(s.only.name)) return s;
    const { name } = s.only;
    return { ...s, index: name, body: substituteStmts(s.body, new Map([[s.index, index(name, s.to.offset)]])) };
  });
}

/** A sum that a constant is nothing but gets the constant's name. */
function renamed(body: readonly Line[], elsewhere: ReadonlySet<string>): readonly Line[] {
  let now = body;
  for (const s of body) {
    if (!isConstant(s) || s.value.kind !== "local") continue;
    const { name: from } = s.value;
    const at = now.findIndex((one) => one.kind === "let" && one.name === s.name);
    const isOwn = now.some((one) => one.kind === "let" && one.mutable && one.name === from);
    if (at < 0 || !isOwn || elsewhere.has(from) || isSetIn(from, now.slice(at))) continue;
    now = [...now.slice(0, at), ...now.slice(at + 1)].map((one) => called(one, from, s.name));
  }
  return now;
}

function isSetIn(name: string, body: readonly Line[]): boolean {
  let isSet = false;
  walkStmts(
    body.flatMap((s) => (s.kind === "called" ? [] : [s])),
    { stmt: (s) => void (s.kind === "assign" && s.name === name && (isSet = true)) },
  );
  return isSet;
}

/** A statement in which a local has another name. */
function called<One extends Line>(s: One, from: string, to: string): One;
function called(s: Line, from: string, to: string): Line {
  const value = (of: Scalar): Scalar =>
    mapScalar(of, (part) => (part.kind === "local" && part.name === from ? { ...part, name: to } : part));
  const inside = (body: readonly Stmt[]): readonly Stmt[] => body.map((one) => called(one, from, to));
  switch (s.kind) {
    case "called":
      return { ...s, values: s.values.map(value) };
    case "for":
      return { ...s, ...onlyOf(s, value), body: inside(s.body) };
    case "if":
      return { ...s, when: value(s.when), then: inside(s.then) };
    case "store":
      return { ...s, value: value(s.value) };
    case "let":
    case "assign":
      return { ...s, name: s.name === from ? to : s.name, value: value(s.value) };
  }
}
