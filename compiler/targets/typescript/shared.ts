/**
 * Guarantees that kernels which differ in nothing but how many rows they take are one function, to which the number is given, where that
 * costs no speed: the same layer in a step, in evaluation and in prediction.
 */

import { TELLING } from "../../loop/flops.ts";
import { identifier, Names } from "../../loop/identifier.ts";
import { index } from "../../loop/index-expression.ts";
import { substituteStmts, walkStmts } from "../../loop/build.ts";
import type { Kernel, Loop, Module, Stmt } from "../../loop/loop.ts";
import { inRoles, usesOf } from "../../loop/roles.ts";
import { endlessKeyOf, numberlessKeyOf } from "../../loop/same.ts";
import { AXIS_LETTERS } from "../../loop/text/reading.ts";
import { namesOf, workOf } from "../../loop/uses.ts";
import { isPlainlyNumbered, numbered } from "./numbers.ts";

/** A function for several kernels, by whose names the rows of each are known: the one with most rows. */
export interface Shared {
  readonly kernel: Kernel;
  /** The local at which its loops over rows end, and the index of these loops; undefined where all kernels take as many. */
  readonly over?: { readonly given: string; readonly index: string };
  readonly rows: ReadonlyMap<string, number>;
  /** Where they differ in more numbers: what these are called, and which each kernel gives. */
  readonly numbered?: { readonly given: readonly string[]; readonly numbers: ReadonlyMap<string, readonly number[]> };
}

/** What a function is given besides arrays. */
export const givenIn = (shared: Shared | undefined): readonly string[] =>
  shared?.over === undefined ? (shared?.numbered?.given ?? []) : [shared.over.given];

/** The numbers that it is given in the place of a kernel: how many rows, or all in which kernels differ. */
export const numbersGiven = (shared: Shared | undefined, kernel: string): readonly number[] =>
  shared?.over === undefined ? (shared?.numbered?.numbers.get(kernel) ?? []) : [shared.rows.get(kernel)!];

/** Functions by the names of the kernels that they stand for; a kernel that stands alone has none. */
export type Sharing = ReadonlyMap<string, Shared>;

interface Form {
  readonly kernel: Kernel;
  /** Where its loops end. */
  readonly ends: readonly number[];
}

/** `gives`: whether a kernel may give up what a function of its own is worth. */
export function sharingOf({ kernels, entries }: Pick<Module, "kernels" | "entries">, gives: (kernel: Kernel) => boolean): Sharing {
  const uses = usesOf(entries);
  const alike = new Map<string, Form[]>();
  const exact = new Map<string, Form[]>();
  for (const kernel of kernels.filter(gives)) {
    const { key, ends } = endlessKeyOf(kernel);
    const form = { kernel, ends };
    alike.set(key, [...(alike.get(key) ?? []), form]);
    exact.set(`${key} ${ends.join()}`, [...(exact.get(`${key} ${ends.join()}`) ?? []), form]);
  }
  const sharing = new Map<string, Shared>();
  const share = (kernel: Kernel, loops: ReadonlySet<number>, rows: ReadonlyMap<string, number>): void => {
    const used = [...rows.keys()].flatMap((name) => uses.get(name) ?? []);
    const shared = shareOf(inRoles(kernel, used), loops, rows);
    for (const name of rows.keys()) sharing.set(name, shared);
  };
  for (const forms of alike.values()) {
    const all = forms.filter(({ kernel }) => !sharing.has(kernel.name));
    const [first] = all;
    if (first === undefined) continue;
    const differing = first.ends.flatMap((end, n) => (all.some(({ ends }) => ends[n] !== end) ? [n] : []));
    const loops = loopsTogether(first, differing[0] ?? 0);
    // one number, the end of all loops over one axis; of one row there is no loop
    const [loop] = loops;
    if (loop === undefined || differing.some((n) => !loops.has(n))) continue;
    if (all.some(({ ends }) => [...loops].some((n) => ends[n] !== ends[loop]))) continue;
    const single = endlessKeyOf(oneRow(first.kernel, loops));
    const ones = (exact.get(`${single.key} ${single.ends.join()}`) ?? []).filter(
      (one) => !all.includes(one) && !sharing.has(one.kernel.name),
    );
    if (differing.length === 0 && ones.length === 0) continue;
    const most = all.reduce((best, form) => (form.ends[loop]! > best.ends[loop]! ? form : best));
    const rows = all.map(({ kernel, ends }) => [kernel.name, ends[loop]!] as const);
    share(most.kernel, loops, new Map([...rows, ...ones.map(({ kernel }) => [kernel.name, 1] as const)]));
  }
  // what is left of equal ones takes as many rows in all entries
  for (const forms of exact.values()) {
    const left = forms.filter(({ kernel }) => !sharing.has(kernel.name));
    if (left.length > 1) share(left[0]!.kernel, new Set(), new Map(left.map(({ kernel }) => [kernel.name, 1])));
  }
  return sharing;
}

/** Whether a loop's end is a number: such loops are numbered, from outside and the first, as `endlessKeyOf` does. */
const isNumbered = ({ to, unrolled }: Loop): boolean => to.terms.length === 0 && unrolled === undefined;

/** The numbers of the loops that go over the same as one of them. */
function loopsTogether({ kernel, ends }: Form, number: number): ReadonlySet<number> {
  const loops: Loop[] = [];
  walkStmts(kernel.body, { stmt: (s) => void (s.kind === "for" && isNumbered(s) && loops.push(s)) });
  const own = loops[number];
  return new Set(
    loops.flatMap(({ index: over, only }, n) => (over === own?.index && ends[n] === ends[number] && only === undefined ? [n] : [])),
  );
}

/** A body in which the loops of these numbers are other statements. */
function withLoops(body: readonly Stmt[], numbers: ReadonlySet<number>, put: (loop: Loop) => readonly Stmt[]): readonly Stmt[] {
  let before = 0;
  const inside = (stmts: readonly Stmt[]): readonly Stmt[] =>
    stmts.flatMap((s): readonly Stmt[] => {
      if (s.kind === "if") return [{ ...s, then: inside(s.then) }];
      if (s.kind !== "for") return [s];
      const isPut = isNumbered(s) && numbers.has(before++);
      const loop = { ...s, body: inside(s.body) };
      return isPut ? put(loop) : [loop];
    });
  return inside(body);
}

/** A kernel whose loops over an axis are taken once. */
const oneRow = (kernel: Kernel, numbers: ReadonlySet<number>): Kernel => ({
  ...kernel,
  body: withLoops(kernel.body, numbers, ({ index: name, from, body }) => substituteStmts(body, new Map([[name, from]]))),
});

/** A batch's rows are the first axis. */
const isRows = (name: string): boolean => name === AXIS_LETTERS[0];

function shareOf(kernel: Kernel, numbers: ReadonlySet<number>, rows: ReadonlyMap<string, number>): Shared {
  if (new Set(rows.values()).size === 1) return { kernel, rows };
  const taken = new Names([...namesOf(kernel.body), ...kernel.params.map(({ name }) => identifier(name))]);
  let over = "";
  withLoops(kernel.body, numbers, (loop) => [((over = loop.index), loop)]);
  const given = taken.take(isRows(over) ? "rows" : "extent");
  const body = withLoops(kernel.body, numbers, (loop) => [{ ...loop, to: index(given, loop.to.offset + 1) }]);
  return { kernel: { ...kernel, body }, over: { given, index: over }, rows };
}

/** Lines of its doc, in which the axis goes as far as is given, and how far that is. */
export function docOfShared(lines: readonly string[], { over: differing, rows }: Shared): readonly string[] {
  if (differing === undefined) return lines;
  const { given, index: over } = differing;
  const all = [...new Set(rows.values())].sort((a, b) => a - b);
  const most = new RegExp(`(?<=\\b${over}<)${all.at(-1)!}\\b`, "g");
  const list = `${all.slice(0, -1).join(", ")} or ${all.at(-1)!}`;
  return [
    ...lines.map((line) => line.replace(most, given)),
    isRows(over) ? `Takes ${list} rows.` : `Takes an extent of ${list} along ${over}.`,
  ];
}

/** A kernel's name without that of the entry that it was made for. */
export const withoutEntry = (kernel: string): string => kernel.replace(/_(?:evaluate|predict)$/, "");

/** What a shared function is called: a kernel's name, N in place of rows that differ. */
export const sharedName = ({ kernel, over, rows, numbered: several }: Shared): string => {
  const own = withoutEntry(kernel.name);
  if (several !== undefined) return nameOfAll([...rows.keys()].map(withoutEntry));
  return over === undefined ? own : own.replace(new RegExp(`(?<=_|x)${rows.get(kernel.name)!}(?=x|_|$)`), "N");
};

/** The first name, N in place of what is another in others: `mul_32x64`, `mul_8x16` → `mul_NxN`. */
function nameOfAll(names: readonly string[]): string {
  const parts = names.map((name) => /^([^_]+)_(\d+(?:x\d+)*)/.exec(name) ?? [name, name, ""]);
  const [, op = "", shape = ""] = parts[0]!;
  const shapes = parts.map(([, , own]) => own!.split("x"));
  const extents = shape.split("x").map((extent, n) => (shapes.every((own) => own[n] === extent) ? extent : "N"));
  return `${op}_${extents.join("x")}`;
}

/** Of an entry's work, what kernels may do together and be as slow as those that are not bound: nobody notices. */
const LITTLE = 0.05;

/**
 * Of functions that are given nothing but their arrays, those that are one where numbers are given, too: of kernels that `gives`.
 */
export function sharingNumbers(
  { kernels, entries }: Pick<Module, "kernels" | "entries">,
  sharing: Sharing,
  gives: (kernel: Kernel) => boolean,
): Sharing {
  const uses = usesOf(entries);
  const classes = new Map<string, { readonly kernel: Kernel; readonly names: readonly string[] }[]>();
  const seen = new Set<Shared>();
  for (const kernel of kernels) {
    const shared = sharing.get(kernel.name);
    if (shared?.over !== undefined || (shared !== undefined && seen.has(shared)) || !gives(kernel) || !isPlainlyNumbered(kernel.body))
      continue;
    if (shared !== undefined) seen.add(shared);
    const key = `${kernel.name.split("_")[0]!} ${numberlessKeyOf(kernel)}`;
    const one = { kernel, names: shared === undefined ? [kernel.name] : [...shared.rows.keys()] };
    classes.set(key, [...(classes.get(key) ?? []), one]);
  }
  const all = new Map(sharing);
  for (const own of classes.values()) {
    if (own.length < 2) continue;
    const names = own.flatMap((one) => one.names);
    const made = numbered(own.map(({ kernel }) => kernel));
    if (made === undefined) continue;
    const { given, numbers } = made;
    const shared: Shared = {
      kernel: inRoles(
        made.kernel,
        names.flatMap((name) => uses.get(name) ?? []),
      ),
      rows: new Map(names.map((name) => [name, 1])),
      numbered: { given, numbers: new Map(own.flatMap((one, n) => one.names.map((name) => [name, numbers[n]!]))) },
    };
    for (const name of names) all.set(name, shared);
  }
  return all;
}

/** Kernels that are not bound to their arrays anyway, do little of what their entry does, or belong to prediction, which takes a row. */
export const givesUp = (module: Module): ((kernel: Kernel) => boolean) => littleIn(module, ({ flops }) => flops);

/** Kernels that may be given numbers: addresses are products then, and what a window compares, which is no flop, takes twice as long. */
export const givesUpNumbers = (module: Module): ((kernel: Kernel) => boolean) => littleIn(module, ({ body }) => workOf(body));

function littleIn({ kernels, entries }: Module, workOfKernel: (kernel: Kernel) => number): (kernel: Kernel) => boolean {
  const work = new Map(kernels.map((kernel) => [kernel.name, workOfKernel(kernel)]));
  const times = new Map<string, number>();
  const much = new Set<string>();
  for (const { name, calls } of entries) {
    const called = calls.flatMap((call) => (call.kind === "call" ? [call.kernel] : []));
    const all = called.reduce((sum, one) => sum + work.get(one)!, 0);
    let done = 0;
    for (const one of called.sort((a, b) => work.get(a)! - work.get(b)!)) {
      times.set(one, (times.get(one) ?? 0) + 1);
      done += work.get(one)!;
      if (name !== "predict" && (all < TELLING || done > LITTLE * all)) much.add(one);
    }
  }
  return ({ name }) => (times.get(name) ?? 0) > 1 || !much.has(name);
}
