/**
 * Guarantees that a kernel calls the elements that it holds of its arrays shortly: those of the first array a0, a1, …, of the next b0, b1, …,
 * as the terms of a product are called.
 *   const hidden_0 = hidden[at]; sum += hidden_0 * W2_0   →   const a0 = hidden[at]; sum += a0 * b0
 */

import { mapStmts, walkStmts } from "../../loop/build.ts";
import { identifier } from "../../loop/identifier.ts";
import type { Kernel, Stmt } from "../../loop/loop.ts";
import { namesOf } from "../../loop/uses.ts";

const LETTERS = "abcdefgh";

/** The kernel in which copies of elements have such names; the same where it has none, or no letters are left. */
export function withCopiesNamed(kernel: Kernel): Kernel {
  const groups = new Map<string, string[]>();
  walkStmts(kernel.body, {
    stmt: (s) => {
      if (s.kind !== "let" || s.mutable || s.value.kind !== "load") return;
      const { buffer } = s.value;
      if (buffer.length < 2 || !isCopy(s.name, buffer)) return;
      const own = groups.get(buffer) ?? [];
      if (!own.includes(s.name)) own.push(s.name);
      groups.set(buffer, own);
    },
  });
  if (groups.size === 0) return kernel;
  const taken = [...namesOf(kernel.body), ...kernel.params.map(({ name }) => identifier(name))];
  const letters = [...LETTERS].filter((letter) => !taken.some((name) => name.startsWith(letter) && /^\d*$/.test(name.slice(1))));
  const to = new Map(
    [...groups.values()]
      .filter((own) => own.length > 1)
      .flatMap((own, n) => (letters[n] === undefined ? [] : own.map((name, at) => [name, `${letters[n]!}${at}`] as const))),
  );
  const named = (name: string): string => to.get(name) ?? name;
  const body = mapStmts(kernel.body, (part) => (part.kind === "local" ? { ...part, name: named(part.name) } : part));
  return { ...kernel, body: declared(body, named) };
}

/** `x_0` of x. */
const isCopy = (name: string, array: string): boolean => name.startsWith(`${array}_`) && /^[_\d]+$/.test(name.slice(array.length));

const declared = (body: readonly Stmt[], named: (name: string) => string): readonly Stmt[] =>
  body.map((s): Stmt => {
    if (s.kind === "for") return { ...s, body: declared(s.body, named) };
    if (s.kind === "if") return { ...s, then: declared(s.then, named) };
    return s.kind === "let" || s.kind === "assign" ? { ...s, name: named(s.name) } : s;
  });
