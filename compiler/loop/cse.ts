/** Guarantees that a block of scalars evaluates each repeated part once, as a `let` before them. */

import { keyOf } from "./build.ts";
import type { Scalar, Stmt } from "./loop.ts";

/** Names a hoisted part; the name must be new. */
export type Namer = (part: Scalar) => string;

const trivial = (s: Scalar): boolean =>
  s.kind === "literal" || s.kind === "local" || s.kind === "index";

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

/**
 * Parts that occur at least twice become lets; with `loads`, so does every load that no branch guards.
 * Returns the lets in order and the scalars that use them.
 */
export function shareParts(
  scalars: readonly Scalar[],
  name: Namer,
  loads = false,
): { lets: Stmt[]; scalars: Scalar[] } {
  const counts = new Map<string, number>();
  const count = (s: Scalar): void => {
    if (trivial(s)) return;
    const key = keyOf(s);
    const n = (counts.get(key) ?? 0) + 1;
    counts.set(key, n);
    if (n === 1) children(s).forEach(count);
  };
  scalars.forEach(count);
  const lets: Stmt[] = [];
  const known = new Map<string, Scalar>();
  const rebuild = (s: Scalar): Scalar => {
    if (trivial(s)) return s;
    const key = keyOf(s);
    const made = known.get(key);
    if (made !== undefined) return made;
    const next = inside(s, rebuild);
    if ((counts.get(key) ?? 0) < 2 && !(loads && s.kind === "load" && counts.has(key))) return next;
    const local: Scalar = { kind: "local", dtype: s.dtype, name: name(s) };
    lets.push({ kind: "let", name: local.name, dtype: s.dtype, value: next, mutable: false });
    known.set(key, local);
    return local;
  };
  return { scalars: scalars.map(rebuild), lets };
}

/** Rebuilds unconditional parts, and uses what is already hoisted inside branches. */
function inside(s: Scalar, rebuild: (s: Scalar) => Scalar): Scalar {
  switch (s.kind) {
    case "apply":
      return { ...s, args: s.args.map(rebuild) };
    case "select":
      return { ...s, when: rebuild(s.when) };
    case "round":
      return { ...s, value: rebuild(s.value) };
    default:
      return s;
  }
}
