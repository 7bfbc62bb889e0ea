/** What can be read off statements: what they store, what they mention, how long they take. */

import { walkScalar, walkStmts } from "./build.ts";
import { namesIn, rangeOf, type Index } from "./index-expression.ts";
import type { Loop, Scalar, Stmt } from "./loop.ts";

/** Buffers that are stored to. */
export function storesOf(body: readonly Stmt[]): ReadonlySet<string> {
  const stored = new Set<string>();
  walkStmts(body, { stmt: (s) => s.kind === "store" && stored.add(s.buffer) });
  return stored;
}

/** Locals that are read or set, and loop indices that are read. */
export function namesOf(body: readonly Stmt[]): ReadonlySet<string> {
  const names = new Set<string>();
  const indices = (at: Index): void => void namesIn(at, names);
  walkStmts(body, {
    stmt: (s) => {
      if (s.kind === "for") [s.from, s.to].forEach(indices);
      else if (s.kind === "store") indices(s.at);
      else if (s.kind !== "if") names.add(s.name);
    },
    scalar: (s) => {
      if (s.kind === "local") names.add(s.name);
      else if (s.kind === "load") s.at.forEach(indices);
      else if (s.kind === "index") indices(s.at);
    },
  });
  return names;
}

/** Locals that are declared. */
export function localsOf(body: readonly Stmt[]): ReadonlySet<string> {
  const names = new Set<string>();
  walkStmts(body, { stmt: (s) => s.kind === "let" && names.add(s.name) });
  return names;
}

/** Indices of loops. */
export function indicesOf(body: readonly Stmt[]): ReadonlySet<string> {
  const names = new Set<string>();
  walkStmts(body, { stmt: (s) => s.kind === "for" && names.add(s.index) });
  return names;
}

export const sum = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0);

/** Operations, loads and stores; four lanes of a vector are one. */
export function workOf(body: readonly Stmt[]): number {
  const count = (s: Scalar): number => {
    let operations = 0;
    walkScalar(s, ({ kind }) => {
      if (kind === "apply" || kind === "load" || kind === "select") operations++;
    });
    return operations;
  };
  return sum(
    body.map((s) => {
      if (s.kind === "for") return (s.form === "vector" ? 1 : mostTrips(s)) * workOf(s.body);
      if (s.kind === "if") return count(s.when) + workOf(s.then);
      return count(s.value) + (s.kind === "store" ? 1 : 0);
    }),
  );
}

/** Iterations that a loop may run. */
export const mostTrips = ({ from, to, step, only }: Loop): number =>
  only !== undefined ? 1 : Math.max(0, Math.ceil((rangeOf(to)[1] - rangeOf(from)[0]) / step));
