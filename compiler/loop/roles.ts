/**
 * What a kernel of several statements calls its arrays and values: by what these have in common, and not as the first of them calls them.
 *   layerNorm_2.gamma, layerNorm_3.gamma → gamma      d_hidden, d_scores → d_y where they are read, d_x where they are stored
 */

import { mapStmts } from "./build.ts";
import { identifier, Names } from "./identifier.ts";
import type { Entry, Kernel, Param, Stmt } from "./loop.ts";
import { AXIS_LETTERS } from "./text/reading.ts";
import { indicesOf, localsOf } from "./uses.ts";

/** What one statement gives a kernel, by its names in the graph: arrays, and the values that its stages compute. */
export interface Use {
  readonly args: readonly string[];
  readonly values: readonly string[];
}

/** The statements that call each kernel; buffers of later entries carry the entry's name, which is left out. */
export function usesOf(entries: readonly Entry[]): ReadonlyMap<string, readonly Use[]> {
  const uses = new Map<string, Use[]>();
  entries.forEach(({ name: entry, calls, buffers }, n) => {
    const own = new Set(n === 0 ? [] : buffers);
    const bare = (name: string): string => (own.has(name) ? name.slice(0, -entry.length - 1) : name);
    for (const call of calls) {
      if (call.kind !== "call") continue;
      const use = { args: call.args.map(bare), values: call.group.stages.map(({ definition }) => bare(definition.name)) };
      uses.set(call.kernel, [...(uses.get(call.kernel) ?? []), use]);
    }
  });
  return uses;
}

/** A line of a doc in which values have other names; a function is none of them. */
export const renamedIn = (line: string, to: (name: string) => string): string =>
  line.replace(/[\p{L}_$][\p{L}\d_$]*(?![\p{L}\d_$(])/gu, to);

/** The kernel in the words that all its uses have in common; the same where it has one. */
export function inRoles(kernel: Kernel, all: readonly Use[]): Kernel {
  // equal loops may have been told of by more values in one place than in another: then these keep their names
  const alike = all.every(({ values }) => values.length === all[0]!.values.length);
  const uses = alike ? all : all.map((use): Use => ({ ...use, values: [] }));
  const [first] = uses;
  if (first === undefined || uses.every((use) => namesIn(use).join() === namesIn(first).join())) return kernel;
  const roles = rolesOf(uses, kernel.params);
  const old = [...kernel.params.map(({ name }) => name), ...first.values];
  const words = renamedWords(kernel, old, roles);
  const to = (name: string): string => words.get(identifier(name)) ?? name;
  const body = mapStmts(kernel.body, (part) => {
    if (part.kind === "load") return { ...part, buffer: to(part.buffer) };
    return part.kind === "local" ? { ...part, name: to(part.name) } : part;
  });
  return {
    ...kernel,
    doc: kernel.doc.map((line) => renamedIn(line, to)),
    params: kernel.params.map((param) => ({ ...param, name: to(param.name) })),
    body: named(body, to),
  };
}

const namesIn = ({ args, values }: Use): readonly string[] => [...args, ...values];

/** What statements declare and store to, under other names. */
const named = (body: readonly Stmt[], to: (name: string) => string): readonly Stmt[] =>
  body.map((s): Stmt => {
    if (s.kind === "for") return { ...s, body: named(s.body, to) };
    if (s.kind === "if") return { ...s, then: named(s.then, to) };
    return s.kind === "store" ? { ...s, buffer: to(s.buffer) } : { ...s, name: to(s.name) };
  });

/** Of each word of the kernel that is an array's or a value's, or a copy of one, the word for its role. */
function renamedWords({ body, doc, params }: Kernel, old: readonly string[], roles: readonly string[]): ReadonlyMap<string, string> {
  const changed = old.flatMap((name, n) => (name === roles[n] ? [] : [[identifier(name), roles[n]!] as const]));
  const roleOf = new Map(changed.toReversed());
  // an array may have had to give way to a value of its name
  for (const [word, role] of changed) if (!roleOf.has(bare(word))) roleOf.set(bare(word), role);
  const locals = [...localsOf(body)];
  const baseOf = (word: string): string | undefined =>
    [...roleOf.keys()]
      .filter((base) => word.startsWith(base) && /^[_\d]*$/.test(word.slice(base.length)))
      .sort((a, b) => b.length - a.length)[0];
  const arrays = params.map(({ name }) => identifier(name));
  const all = [...new Set([...arrays, ...old.map(identifier), ...locals])];
  const moving = all.filter((word) => (arrays.includes(word) ? changed.some(([own]) => own === word) : baseOf(word) !== undefined));
  const kept = [...doc.flatMap((line) => line.match(/[\p{L}_$][\p{L}\d_$]*/gu) ?? []), ...all].filter((word) => !moving.includes(word));
  const names = new Names([...AXIS_LETTERS, ...indicesOf(body), ...kept]);
  return new Map(
    moving.map((word) => {
      const base = roleOf.has(word) ? word : baseOf(word)!;
      return [word, names.take(`${roleOf.get(base)!}${word.slice(base.length)}`)];
    }),
  );
}

const bare = (word: string): string => word.replace(/_\d+$/, "");

/** The role of each array, then of each value. */
function rolesOf(uses: readonly Use[], params: readonly Param[]): readonly string[] {
  const columns = namesIn(uses[0]!).map((_, n) => uses.map((use) => namesIn(use)[n]!));
  const bases = columns.map((_, n) => derived(n, columns, params));
  const shared = columns.map((names, n) => (bases[n] === undefined ? common(names) : undefined));
  const isRead = (n: number): boolean => params[n]?.access === "read" && !columns[n]!.every(isCotangent);
  const read = columns.flatMap((_, n) => (bases[n] === undefined && shared[n] === undefined && isRead(n) ? [n] : []));
  const roleAt = (n: number): string => {
    const base = bases[n];
    if (base !== undefined) return `${base.before}${roleAt(base.from)}${base.after}`;
    if (shared[n] !== undefined) return shared[n];
    const mark = columns[n]!.every(isCotangent) ? "d_" : "";
    if (params[n] === undefined) return `${mark}value`;
    if (isRead(n)) return read.length === 1 ? "x" : LETTERS[read.indexOf(n) % LETTERS.length]!;
    if (mark !== "") return params[n].access === "read" ? "d_y" : "d_x";
    return params[n].access === "write" ? "y" : "w";
  };
  return columns.map((_, n) => roleAt(n));
}

/** What several operands are called that have no name in common: a·b. */
const LETTERS = [..."abcdefgh"];

/** A column that is another in all uses, with something before it or after it: `W.m` of `W`, `d_W` of `W`. */
function derived(
  n: number,
  columns: readonly (readonly string[])[],
  params: readonly Param[],
): { readonly before: string; readonly from: number; readonly after: string } | undefined {
  const own = columns[n]!;
  if (new Set(own).size === 1) return undefined;
  const found = columns.flatMap((other, from) => {
    const before = own[0]!.startsWith(`d_${other[0]!}`) ? "d_" : "";
    if (from === n || !own[0]!.startsWith(`${before}${other[0]!}`)) return [];
    const after = own[0]!.slice(before.length + other[0]!.length);
    // a layer's parts are called by themselves, a weight's states beside it
    if (before + after === "" || /^_?\d/.test(after) || (after.startsWith(".") && params[from]?.access !== "update")) return [];
    return own.every((name, use) => name === `${before}${other[use]!}${after}`) ? [{ before, from, after: bare(after) }] : [];
  });
  return found.sort((a, b) => columns[b.from]![0]!.length - columns[a.from]![0]!.length)[0];
}

const isCotangent = (name: string): boolean => name.startsWith("d_");

/** `d_` of a cotangent, and the parts of the rest without numbers. */
const partsOf = (name: string): readonly string[] => (isCotangent(name) ? name.slice("d_".length) : name).split(".").map(bare);

/** What names have in common: the kind of all layers, a layer's part, the last words of others. */
function common(names: readonly string[]): string | undefined {
  const [first] = names as [string];
  if (names.every((name) => name === first)) return first;
  const isMarked = isCotangent(first);
  if (names.some((name) => isCotangent(name) !== isMarked)) return undefined;
  const all = names.map(partsOf);
  const [own] = all as [readonly string[]];
  let length = 0;
  while (length < own.length && all.every((parts) => parts.at(-length - 1) === own.at(-length - 1))) length++;
  // the layer's own name says nothing where there are several
  const shown = length > 1 && length === own.length ? length - 1 : length;
  return shown === 0 ? undefined : `${isMarked ? "d_" : ""}${own.slice(-shown).join("_")}`;
}
