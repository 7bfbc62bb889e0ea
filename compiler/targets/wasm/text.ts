/** WebAssembly text of a module's kernels: one exported function each, its parameters byte offsets, its loops readable. */

import { tripsOf } from "../../loop/apart.ts";
import { dividedKernels, divisionOf, type Section } from "../../loop/divide.ts";
import { index, type Index } from "../../loop/index-expression.ts";
import { LANES } from "../../loop/lanes.ts";
import type { Kernel, Loop, Stmt } from "../../loop/loop.ts";
import { printLanes, printOne } from "./expression.ts";
import { FunctionText, indent, type ModuleText } from "./function.ts";
import { sectionName } from "../sections.ts";
import { sum } from "./indices.ts";
import { FROM, parted, TO } from "./long-loops.ts";
import { FLOAT_FUNCTIONS, type FloatFunction } from "./mathematics.ts";

/** Text from a model stays inside its comment. */
const comment = (text: string): string => `;; ${text.replace(/[\u0000-\u001f\u007f]/g, " ")}`;

function printKernel(
  kernel: Kernel,
  name: string,
  module: ModuleText,
  sections: readonly Section[] | undefined,
  long: number | undefined,
): string[] {
  const doc = kernel.doc.map(comment);
  if (sections === undefined) return [...doc, ...printInParts(kernel, name, module, long)];
  return [...doc, ...sections.flatMap((section, n) => printSection(kernel, sectionName(name, n), section, module))];
}

/** A kernel whose long loops run in parts. */
function printInParts({ params, body }: Kernel, name: string, module: ModuleText, long: number | undefined): string[] {
  const buffers = params.map((param) => param.name);
  const text = new FunctionText(body, module);
  const functions: string[] = [];
  const lines = body.flatMap((s, n) => {
    const found = s.kind === "for" ? parted(body, n, long) : undefined;
    if (s.kind !== "for" || found === undefined) return text.body([s], [], undefined);
    const part = `$kernel.${name}.part${n}`;
    functions.push(...printFunctionOf([...buffers, FROM, TO], found.part, module, part));
    return text.calls(s, found.stride, part, buffers);
  });
  return [...wrapped(`$kernel.${name} (export "${name}")`, buffers, [...text.locals(), ...lines]), ...functions];
}

/** A function of byte offsets and numbers. */
const wrapped = (head: string, params: readonly string[], lines: readonly string[]): string[] => [
  `(func ${head} ${params.map((param) => `(param $${param} i32)`).join(" ")}`,
  ...indent(lines),
  ")",
];

/** The same of statements; `before`: what stands before them, its locals first. */
function printFunctionOf(
  params: readonly string[],
  body: readonly Stmt[],
  module: ModuleText,
  head: string,
  before: readonly string[] = [],
): string[] {
  const text = new FunctionText(body, module);
  const lines = text.body(body, [], undefined);
  const isLocal = (line: string): boolean => line.startsWith("(local ");
  return wrapped(head, params, [...before.filter(isLocal), ...text.locals(), ...before.filter((line) => !isLocal(line)), ...lines]);
}

/** What a section is given beside the buffers, none of which is called so: the dot. */
const [FIRST, END, PARTS] = ["first.", "end.", "parts."];

/**
 * A section: of each divided loop the parts from `first` to before `end` of `parts` equal ones; or all of what one thread runs alone. Of what is
 * divided within an iteration, a part that is less than one runs a part, any other all.
 */
function printSection(kernel: Kernel, name: string, { body, divided, within = [] }: Section, module: ModuleText): string[] {
  const head = `$kernel.${name} (export "${name}")`;
  const buffers = kernel.params.map((param) => param.name);
  if (divided.length === 0) return printFunctionOf(buffers, body, module, head);
  const before: string[] = [];
  const shares = new Map<string, { readonly from: Index; readonly to: Index }>();
  const [first, end, parts] = [FIRST, END, PARTS].map((part) => `(local.get $${part})`);
  const times = (a: string | undefined, b: number): string => `(i32.mul ${a} (i32.const ${b}))`;
  const share = (part: string | undefined, trips: number): string => `(i32.div_u ${times(part, trips)} ${parts})`;
  const outer = tripsOf(divided[0]!);
  /** How many of a loop's iterations lie before a part, and before the part after the last. */
  const sharesOf = (trips: number, inside: boolean): readonly string[] => {
    if (inside) {
      // of `parts` parts of the iteration; at its end the first of the next
      const [begun, done] = [first, end].map((part) => `(i32.rem_u ${times(part, outer)} ${parts})`);
      return [share(begun, trips), share(`(select ${done} ${parts} ${done})`, trips)];
    }
    const above = `(i32.add ${times(end, trips)} (i32.sub ${parts} (i32.const 1)))`;
    return [share(first, trips), within.length === 0 ? share(end, trips) : `(i32.div_u ${above} ${parts})`];
  };
  const shareOf = (loop: Loop, inside: boolean): { readonly from: Index; readonly to: Index } => {
    const trips = tripsOf(loop);
    const key = `${trips} ${loop.step} ${loop.from.offset} ${inside}`;
    const given = shares.get(key);
    if (given !== undefined) return given;
    const own = [`from.${shares.size}`, `to.${shares.size}`] as const;
    before.push(own.map((one) => `(local $${one} i32)`).join(" "));
    sharesOf(trips, inside).forEach((number, n) =>
      before.push(`(local.set $${own[n]} ${sum([times(number, loop.step), `(i32.const ${loop.from.offset})`])})`),
    );
    const last = loop.from.offset + trips * loop.step;
    const made = { from: index(own[0], last), to: index(own[1], last + 1) };
    shares.set(key, made);
    return made;
  };
  const ranged = (s: Stmt): Stmt => {
    if (s.kind !== "for") return s;
    const inner = within.length === 0 && divided.includes(s) ? s : { ...s, body: s.body.map(ranged) };
    const inside = within.includes(s);
    return inside || divided.includes(s) ? { ...inner, ...shareOf(s, inside) } : inner;
  };
  return printFunctionOf([...buffers, FIRST, END, PARTS], body.map(ranged), module, head, before);
}

/** A function of one value, or of four lanes. */
function printFunction(
  { name, doc, lets, value }: FloatFunction,
  inLanes: boolean,
  needs: Set<string>,
  globals: Map<string, string>,
): string[] {
  const text = new FunctionText([], { needs, relaxed: false, globals });
  const lanes = inLanes
    ? { lane: "", count: LANES, own: new Set<string>(), varying: new Set(["x", ...lets.map((one) => one.name)]) }
    : undefined;
  const body = text.body(lets, [], lanes);
  const place = text.place([], lanes);
  const result = inLanes ? printLanes(value, place) : printOne(value, place);
  const head = inLanes ? `(func $${name}x4 (param $x.v v128) (result v128)` : `(func $${name} (param $x f32) (result f32)`;
  return [comment(doc), head, ...indent([...text.locals(), ...body, result]), ")"];
}

/** A function of the surrounding TypeScript for four lanes, one after the other. */
function printApart(name: string): string[] {
  const integers = name === "randomBits";
  const shape = integers ? "i32x4" : "f32x4";
  const names = { pow: ["a", "b"], randomBits: ["a", "b", "c"] }[name] ?? ["a"];
  const lane = (n: number): string => `(call $${name} ${names.map((a) => `(${shape}.extract_lane ${n} (local.get $${a}))`).join(" ")})`;
  const filled = [1, 2, 3].reduce((lanes, n) => `(${shape}.replace_lane ${n} ${lanes} ${lane(n)})`, `(${shape}.splat ${lane(0)})`);
  return [`(func $${name}x4 ${names.map((a) => `(param $${a} v128)`).join(" ")} (result v128) ${filled})`];
}

/** As Facts have them. */
export interface WasmOptions {
  /** Vector operations from which on a loop runs in parts. */
  readonly long?: number;
  /** Kernels whose work pays for it are divided among threads; where there are any, the memory is one that threads share. */
  readonly threads?: number;
  /** Long kernels take a range of parts, so that a step can give way between them. */
  readonly sliced?: true;
  /** a·b + c of lanes may be rounded once. */
  readonly relaxed?: true;
}

export interface WasmText {
  readonly text: string;
  /** Functions that the module imports from "mathematics". */
  readonly imports: readonly string[];
}

/** Bytes after the arena that a vector load may touch. */
const SLACK = 16;

const PAGE = 65536;

/** The module: imports, memory of the arena, mathematics, kernels. */
export function printWasm(
  kernels: readonly Kernel[],
  arenaBytes: number,
  nameOf: (kernel: string) => string,
  options: WasmOptions = {},
): WasmText {
  const needs = new Set<string>();
  const divided = dividedKernels(kernels, divisionOf(options));
  const functions = kernels.flatMap((kernel) =>
    printKernel(kernel, nameOf(kernel.name), { needs, relaxed: options.relaxed === true }, divided.get(kernel.name), options.long),
  );
  const carried: string[] = [];
  const globals = new Map<string, string>();
  // tanh needs exp: a function comes before those it needs
  for (const one of [...FLOAT_FUNCTIONS].reverse()) {
    if (needs.has(one.name)) carried.push(...printFunction(one, false, needs, globals));
    if (needs.has(`${one.name}x4`)) carried.push(...printFunction(one, true, needs, globals));
  }
  const own = new Set<string>(FLOAT_FUNCTIONS.map(({ name }) => name));
  const imports = [...new Set([...needs].map((name) => name.replace(/x4$/, "")))].filter((name) => !own.has(name)).sort();
  for (const name of imports) if (needs.has(`${name}x4`)) carried.push(...printApart(name));
  const typed = (name: string): string =>
    name === "randomBits" ? "(param i32 i32 i32) (result i32)" : `(param${" f32".repeat(name === "pow" ? 2 : 1)}) (result f32)`;
  return {
    imports,
    text: [
      "(module",
      ...indent(imports.map((name) => `(import "mathematics" "${name}" (func $${name} ${typed(name)}))`)),
      divided.size > 0 && options.threads !== undefined
        ? `  (import "arena" "memory" (memory ${pages(arenaBytes)} ${pages(arenaBytes)} shared)) (export "memory" (memory 0))`
        : `  (memory (export "memory") ${pages(arenaBytes)} ${pages(arenaBytes)})`,
      ...indent([...[...globals].map(([vector, name]) => `(global ${name} v128 ${vector})`), ...functions, ...carried]),
      ")",
      "",
    ].join("\n"),
  };
}

/** Whole pages for the arena. */
export const pages = (arenaBytes: number): number => Math.max(1, Math.ceil((arenaBytes + SLACK) / PAGE));
