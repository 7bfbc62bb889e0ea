/** Guarantees that a block of scalars evaluates each repeated part once, as a `let` before them. */

import { bulkOf } from "./bulk.ts";
import { Keys, loadsOf, walkScalar } from "./build.ts";
import { namesIn } from "./index-expression.ts";
import type { DType } from "../graph/type.ts";
import type { Scalar, Stmt } from "./loop.ts";

/** Names a hoisted part; the name must be new. */
export type Namer = (part: Scalar) => string;

const trivial = (s: Scalar): boolean => s.kind === "literal" || s.kind === "local" || s.kind === "index";

/** The number that a cast between floats gives back as it is: no name of its own is worth its line. */
const uncast = (s: Scalar): Scalar | undefined =>
  s.kind === "apply" && s.fn === "cast" && isFloat(s.dtype) && isFloat(s.args[0]!.dtype) ? s.args[0] : undefined;

const isFloat = (dtype: DType): boolean => dtype === "f32" || dtype === "f64";

/** Parts of the scalars that are evaluated whatever branch a select takes. */
function children(s: Scalar): readonly Scalar[] {
  switch (s.kind) {
    case "apply":
      return s.args;
    case "select":
      return [s.when];
    case "round":
      return [s.value];
    default:
      return [];
  }
}

/** Visits the keys of parts that only one branch of a select evaluates. */
function walkBranches(s: Scalar, keys: Keys, visit: (key: string) => void): void {
  if (s.kind === "select")
    for (const branch of [s.then, s.otherwise])
      walkScalar(branch, (part) => {
        if (!trivial(part)) visit(keys.of(part));
      });
  children(s).forEach((child) => walkBranches(child, keys, visit));
}

function mapChildren(s: Scalar, go: (s: Scalar) => Scalar): Scalar {
  switch (s.kind) {
    case "apply":
      return { ...s, args: s.args.map(go) };
    case "select":
      return { ...s, when: go(s.when), then: go(s.then), otherwise: go(s.otherwise) };
    case "round":
      return { ...s, value: go(s.value) };
    case "reduce":
      return { ...s, term: go(s.term) };
    default:
      return s;
  }
}

/** Whether a scalar depends on one of the loop indices, or on a sum still to be taken. */
function varies(s: Scalar, indices: ReadonlySet<string>): boolean {
  let found = false;
  walkScalar(s, (part) => {
    const where = part.kind === "load" ? part.at : part.kind === "index" ? [part.at] : [];
    found ||= part.kind === "reduce" || where.some((one) => [...namesIn(one)].some((name) => indices.has(name)));
  });
  return found;
}

/**
 * Parts that no iteration of the given loops changes become lets before them; loads of buffers that the loops write stay.
 * What only a branch evaluates stays too.
 */
export function hoistInvariants(
  scalars: readonly Scalar[],
  loops: ReadonlySet<string>,
  written: ReadonlySet<string>,
  name: Namer,
): { lets: Stmt[]; scalars: Scalar[] } {
  const lets: Stmt[] = [];
  const keys = new Keys();
  const known = new Map<string, Scalar>();
  const writes = (s: Scalar): boolean => loadsOf(s).some(({ buffer }) => written.has(buffer));
  const go = (s: Scalar): Scalar => {
    if (trivial(s)) return s;
    if (varies(s, loops) || writes(s) || s.kind === "reduce")
      return s.kind === "select" ? { ...s, when: go(s.when) } : s.kind === "reduce" ? s : mapChildren(s, go);
    const key = keys.of(s);
    const made = known.get(key);
    if (made !== undefined) return made;
    const local: Scalar = { kind: "local", dtype: s.dtype, name: name(s) };
    lets.push({ kind: "let", name: local.name, dtype: s.dtype, value: s, mutable: false });
    known.set(key, local);
    return local;
  };
  return { scalars: scalars.map(go), lets };
}

/** How deep an expression nests: an assembler and a parser recur over what they read. */
const MOST_DEEP = 48;

/**
 * Parts that occur at least twice, or that nest deep, become lets; with `loads`, so does every load that no branch guards.
 * Returns the lets in order and the scalars that use them.
 */
export function shareSubexpressions(scalars: readonly Scalar[], name: Namer, loads = false): { lets: Stmt[]; scalars: Scalar[] } {
  const counts = new Map<string, number>();
  const keys = new Keys();
  const count = (s: Scalar): void => {
    if (trivial(s)) return;
    const of = uncast(s);
    if (of !== undefined) return count(of);
    const key = keys.of(s);
    const n = (counts.get(key) ?? 0) + 1;
    counts.set(key, n);
    if (n === 1) children(s).forEach(count);
  };
  scalars.forEach(count);
  // a part that is evaluated anyway serves the branches that repeat it
  for (const s of scalars) walkBranches(s, keys, (key) => counts.has(key) && counts.set(key, counts.get(key)! + 1));
  const lets: Stmt[] = [];
  const known = new Map<string, Scalar>();
  const reuse = (s: Scalar): Scalar => {
    const made = trivial(s) ? undefined : known.get(keys.of(s));
    return made ?? mapChildren(s, reuse);
  };
  const rebuild = (s: Scalar): Scalar => {
    if (trivial(s)) return s;
    if (uncast(s) !== undefined) return mapChildren(s, rebuild);
    const key = keys.of(s);
    const made = known.get(key);
    if (made !== undefined) return made;
    const next = inside(s, rebuild, reuse);
    if (bulkOf(next).depth <= MOST_DEEP && (counts.get(key) ?? 0) < 2 && !(loads && s.kind === "load" && counts.has(key))) return next;
    const local: Scalar = { kind: "local", dtype: s.dtype, name: name(s) };
    lets.push({ kind: "let", name: local.name, dtype: s.dtype, value: next, mutable: false });
    known.set(key, local);
    return local;
  };
  return { scalars: scalars.map(rebuild), lets };
}

/** Rebuilds unconditional parts, and uses what is already hoisted inside branches. */
function inside(s: Scalar, rebuild: (s: Scalar) => Scalar, reuse: (s: Scalar) => Scalar): Scalar {
  switch (s.kind) {
    case "apply":
      return { ...s, args: s.args.map(rebuild) };
    case "select": {
      const when = rebuild(s.when);
      return { ...s, when, then: reuse(s.then), otherwise: reuse(s.otherwise) };
    }
    case "round":
      return { ...s, value: rebuild(s.value) };
    default:
      return s;
  }
}
