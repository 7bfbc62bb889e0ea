/** Guarantees every single edit of a kind that would change what a training kernel computes: signs, products, numbers, comparisons, swapped loads, dropped masks. */

import type { Call, Module } from "../../compiler/loop/loop.ts";
import { loopAround } from "../../compiler/loop/turns.ts";

export interface Edit {
  readonly kind: "sign" | "product" | "number" | "comparison" | "swapped loads" | "dropped mask";
  /** From 1. */
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

/** Statements of training that belong to the backward pass or to an update. */
const isBackward = ({ doc }: Call): boolean => doc.some(({ role }) => /^(adjoint of|update of) /.test(role));

/** Kernels of one kind, in both passes of a step. */
export type Kind = keyof typeof KINDS;

const KINDS = {
  "of convolutions": ({ kernel }: KernelCall) => /^conv/.test(kernel),
  "in loops": (_: KernelCall, isInLoop: boolean) => isInLoop,
  "that gather and scatter": ({ kernel }: KernelCall) => /^(gather|scatter)/.test(kernel),
} as const;

type KernelCall = Extract<Call, { kind: "call" }>;

/** Lines of the kernels and of the scalar statements that training's backward pass and updates run, or of its kernels of one kind. */
function editable(module: Module, phases: readonly string[], lines: readonly string[], kind: Kind | undefined): number[] {
  const training = module.entries.filter(({ name }) => phases.includes(name));
  const isOf = (call: KernelCall, isInLoop: boolean): boolean => (kind === undefined ? isBackward(call) : KINDS[kind](call, isInLoop));
  const kernels = new Set(
    training.flatMap(({ calls, loops }) =>
      calls.flatMap((call, n) => (call.kind === "call" && isOf(call, loopAround(loops, n) !== undefined) ? [call.kernel] : [])),
    ),
  );
  const ops = new Set([...kernels].map((kernel) => kernel.slice(0, kernel.indexOf("_"))));
  /** Kernels' own functions, those that several share, their rows being N, and what kernels have in common. */
  const isOne = (name: string): boolean =>
    kernels.has(name) ||
    (kind === undefined && !/_\d/.test(name)) ||
    (/_(?:\d+x)*N(?=x|_|$)/.test(name) && ops.has(name.slice(0, name.indexOf("_"))));
  const found: number[] = [];
  let among = false;
  let inside = false;
  let entry = -1;
  let statement: Call | undefined;
  lines.forEach((line, n) => {
    const name = /^function (\w+)\(/.exec(line)?.[1];
    if (/^\/\/ #(end)?region/.test(line)) among = line === "// #region kernels";
    if (name !== undefined) inside = among && isOne(name);
    else if (line === "}") inside = false;
    else if (inside && line.startsWith("  ") && !/^  (\w+: \w+|arrays: .*),?$/.test(line)) found.push(n);
    const numbered = /^ {4}\/\/ (\d+)\. /.exec(line)?.[1];
    if (numbered === "1") entry++;
    if (numbered !== undefined) statement = training[entry]?.calls[Number(numbered) - 1];
    else if (
      kind === undefined &&
      statement !== undefined &&
      statement.kind !== "call" &&
      isBackward(statement) &&
      /^ {4}[\w].* = /.test(line)
    )
      found.push(n);
    if (line === "") statement = undefined;
  });
  return found;
}

const replaceAt = (line: string, at: number, length: number, by: string): string => line.slice(0, at) + by + line.slice(at + length);

function editsOf(text: string): { kind: Edit["kind"]; after: string }[] {
  const code = text.replace(/\/\/.*$/, (comment) => " ".repeat(comment.length));
  const edits: { kind: Edit["kind"]; after: string }[] = [];
  const each = (pattern: RegExp, visit: (match: RegExpExecArray) => void): void => [...code.matchAll(pattern)].forEach(visit);
  // the step of a loop only grows: turned around, or 0, it would never end
  const step = /^\s*for \(/.test(code) ? code.lastIndexOf(";") : Infinity;
  each(/ ([+-])(=?) /g, ({ index, 0: all, 1: sign, 2: assigns }) => {
    if (index < step) edits.push({ kind: "sign", after: replaceAt(text, index, all.length, ` ${sign === "+" ? "-" : "+"}${assigns} `) });
  });
  each(/ \* /g, ({ index }) => edits.push({ kind: "product", after: replaceAt(text, index, 3, " + ") }));
  each(/ (<=?|===) /g, ({ index, 0: all, 1: sign }) =>
    edits.push({ kind: "comparison", after: replaceAt(text, index, all.length, sign === "<" ? " <= " : sign === "<=" ? " < " : " !== ") }),
  );
  each(/(?<![\w.$])\d+(\.\d+)?(e-?\d+)?(?![\w.])/g, ({ index, 0: number }) => {
    for (const by of index > step ? [1] : [1, -1])
      edits.push({ kind: "number", after: replaceAt(text, index, number.length, `${Number(number) + by}`) });
  });
  const loads = [...code.matchAll(/\b(\w+)\[[^[\]]*\]!/g)];
  loads.slice(1).forEach((b, n) => {
    const a = loads[n]!;
    if (a[0] === b[0]) return;
    edits.push({ kind: "swapped loads", after: replaceAt(replaceAt(text, b.index, b[0].length, a[0]), a.index, a[0].length, b[0]) });
  });
  each(/ \? /g, ({ index }) => edits.push({ kind: "dropped mask", after: replaceAt(text, index, 3, " || true ? ") }));
  return edits;
}

/** All edits of the training kernels of a trainer's text, or of those of one kind. */
export function allEdits(module: Module, phases: readonly string[], text: string, kind?: Kind): Edit[] {
  const lines = text.split("\n");
  return editable(module, phases, lines, kind).flatMap((n) =>
    editsOf(lines[n]!).map(({ kind, after }) => ({ kind, line: n + 1, before: lines[n]!, after })),
  );
}

export const edited = (text: string, { line, after }: Edit): string =>
  text
    .split("\n")
    .map((one, n) => (n === line - 1 ? after : one))
    .join("\n");
