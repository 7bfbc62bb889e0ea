/** Guarantees where statements, kernels and buffers stand in an emitted file, read off its formatted text: every target of trainers writes it in one order. */

import type { Call, Module } from "../../loop/loop.ts";
import type { InspectedStatement, Lines } from "./types.ts";

/** Where a statement stands, at which line its code begins, and in which region of the step. */
export interface StatementLines extends Lines {
  readonly code: number;
  readonly part?: InspectedStatement["part"];
}

export interface FileLines {
  /** By entry, then by statement. */
  readonly statements: readonly (readonly (StatementLines | undefined)[])[];
  /** By kernel. */
  readonly kernels: ReadonlyMap<string, Lines>;
  /** By buffer, with the name of its view. */
  readonly buffers: ReadonlyMap<string, Lines & { readonly view: string }>;
}

const PARTS = ["forward", "backward", "update"] as const;

/** Lines of what a module was printed as. */
export function linesIn(text: string, module: Module): FileLines {
  const lines = text.split("\n");
  const statements = statementsIn(lines, module);
  return { statements, kernels: kernelsIn(lines, module, statements), buffers: buffersIn(lines, module) };
}

const isComment = (line: string): boolean => line.trimStart().startsWith("//");

/** Statements are numbered in the order of the text, entry by entry. */
function statementsIn(lines: readonly string[], { entries }: Module): FileLines["statements"] {
  let at = Math.max(
    0,
    lines.findIndex((line) => /^export function create\w+\(/.test(line)),
  );
  let part: StatementLines["part"];
  const next = (number: number): StatementLines | undefined => {
    const title = `// ${number}. `;
    for (let n = at; n < lines.length; n++) {
      const line = lines[n]!.trim();
      if (line === "// #region memory") return undefined;
      if (line.startsWith("// #")) part = PARTS.find((one) => line === `// #region ${one}`);
      if (!line.startsWith(title)) continue;
      let code = n;
      while (isComment(lines[code]!)) code++;
      let last = code;
      while (!lines[last]!.trimEnd().endsWith(";")) last++;
      at = last + 1;
      return { first: n + 1, last: last + 1, code: code + 1, ...(part === undefined ? {} : { part }) };
    }
    return undefined;
  };
  return entries.map(({ calls }) => {
    part = undefined;
    return calls.map((_, n) => next(n + 1));
  });
}

/** The line after which buffers are listed, in the order of the module. */
const LIST = "// each array: shape, role,";

function buffersIn(lines: readonly string[], { buffers }: Module): FileLines["buffers"] {
  let at = lines.findIndex((line) => line.trimStart().startsWith(LIST)) + 1;
  return new Map(
    buffers.map(({ name }) => {
      let view: string | undefined;
      for (; view === undefined; at++)
        view = /^ +(?:const ([\w$]+) =|\/\/ ([\w$]+): \d+ elements? at )/.exec(lines[at]!)?.slice(1).find(Boolean);
      const first = at;
      if (lines[first - 1]!.trimStart().startsWith("const ")) while (!/;( \/\/.*)?$/.test(lines[at - 1]!)) at++;
      return [name, { view, first, last: at }] as const;
    }),
  );
}

/** What the code of a statement calls: a function, or what was bound to its arrays. */
const calleeOf = (code: string): string | undefined => /^(?:kernels[.[]"?)?([\w$.]+)/.exec(code.trim())?.[1];

const BOUND = /^ {2}const ([\w$]+) =\s+(?:Array\.from\(\s*\{ length: \d+ \},\s*\(_, \w+\) =>\s+)?([\w$]+)\(/;

function kernelsIn(lines: readonly string[], { entries }: Module, statements: FileLines["statements"]): FileLines["kernels"] {
  const bound = new Map<string, string>();
  const functions = new Map<string, number>();
  const members = new Map<string, number>();
  lines.forEach((line, n) => {
    // bound to its arrays, once or once a turn; a long name is followed by a new line
    const made = /^ {2}const [\w$]+ =/.test(line) ? BOUND.exec(lines.slice(n, n + 3).join(" ")) : null;
    if (made !== null) bound.set(made[1]!, made[2]!);
    const declared = /^function ([\w$]+)\(/.exec(line);
    if (declared !== null) functions.set(declared[1]!, n);
    const member = /^ {2}readonly "?([\w$.]+)"?: \(/.exec(line);
    if (member !== null) members.set(member[1]!, n);
  });
  const found = new Map<string, Lines>();
  const seek = (call: Call, where: StatementLines | undefined): void => {
    if (call.kind !== "call" || where === undefined || found.has(call.kernel)) return;
    const callee = calleeOf(lines[where.code - 1]!) ?? "";
    const name = bound.get(callee) ?? callee;
    const at = functions.get(name) ?? members.get(name);
    if (at !== undefined) found.set(call.kernel, { first: docAbove(lines, at) + 1, last: endOf(lines, at, functions.has(name)) + 1 });
  };
  entries.forEach(({ calls }, e) => calls.forEach((call, n) => seek(call, statements[e]![n])));
  return found;
}

/** Where the doc comment above a declaration begins. */
function docAbove(lines: readonly string[], at: number): number {
  if (!lines[at - 1]?.trimEnd().endsWith("*/")) return at;
  let first = at - 1;
  while (!lines[first]!.trimStart().startsWith("/**")) first--;
  return first;
}

/** Where a function ends, or a member of a type. */
function endOf(lines: readonly string[], at: number, isFunction: boolean): number {
  let last = at;
  while (isFunction ? lines[last] !== "}" : !lines[last]!.endsWith(";")) last++;
  return last;
}
