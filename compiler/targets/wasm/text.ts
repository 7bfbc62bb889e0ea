/** Guarantees WebAssembly text of a module's kernels: one exported function each, its parameters byte offsets, its loops readable. */

import type { DType } from "../../graph/type.ts";
import { index, scale, substitute, type Index } from "../../loop/index-expression.ts";
import { iterationsOf } from "../../loop/build.ts";
import { tripsOf } from "../../loop/apart.ts";
import { divide, type Section } from "../../loop/divide.ts";
import { gathered, LANES, PAIR, type Lanes } from "../../loop/lanes.ts";
import type { Kernel, Loop, Scalar, Stmt } from "../../loop/loop.ts";
import { Addresses } from "./address.ts";
import { access, printLanes, printOne, typeOf, type Place } from "./expression.ts";
import { inLane, inVectors, printIndex, sum } from "./indices.ts";
import { FLOAT_FUNCTIONS, type FloatFunction } from "./mathematics.ts";
import { FROM, parted, TO } from "./long-loops.ts";

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

/** What the functions of one module have in common. */
interface ModuleText {
  /** Globals by the constants in lanes that they hold: an engine makes a constant of three instructions wherever it stands, and reads a global in one. */
  readonly globals?: Map<string, string>;
  /** Functions that it must import or carry. */
  readonly needs: Set<string>;
  readonly relaxed: boolean;
}

/** Writes one function. */
class FunctionText {
  readonly #locals = new Map<string, "i32" | "f32" | "v128">();
  readonly #addresses: Addresses;
  readonly #module: ModuleText;
  #labels = 0;

  constructor(body: readonly Stmt[], module: ModuleText) {
    this.#addresses = new Addresses(body);
    this.#module = module;
  }

  locals(): string[] {
    return [...this.#locals].map(([name, type]) => `(local $${name} ${type})`);
  }

  place(loops: readonly Loop[], lanes: Lanes | undefined): Place {
    return {
      lanes,
      ...this.#module,
      constant: (vector) => {
        const { globals } = this.#module;
        if (globals === undefined) return vector; // a loop keeps it in a register
        const name = globals.get(vector) ?? `$constant.${globals.size}`;
        globals.set(vector, name);
        return `(global.get ${name})`;
      },
      index: (at, lane = 0) => printIndex(inLane(at, lane, lanes)),
      addressIn: (lane, buffer, at) => ({
        offset: "",
        base: sum([`(local.get $${buffer})`, printIndex(scale(inLane(at, lane, lanes), 4))]),
      }),
      address: (buffer, at, further = 0) => {
        const { pointer, distance } = this.#addresses.reach(buffer, at, loops);
        const bytes = 4 * (distance + further);
        const from = pointer === undefined ? buffer : pointer.name;
        // an offset is never negative, and what lies before a pointer may be guarded
        if (bytes < 0) return { offset: "", base: `(i32.add (local.get $${from}) (i32.const ${bytes}))` };
        return { offset: bytes === 0 ? "" : `offset=${bytes}`, base: `(local.get $${from})` };
      },
    };
  }

  body(body: readonly Stmt[], loops: readonly Loop[], lanes: Lanes | undefined): string[] {
    return body.flatMap((s) => this.#stmt(s, loops, lanes));
  }

  #local(name: string, type: "i32" | "f32" | "v128"): string {
    this.#locals.set(name, type);
    return `$${name}`;
  }

  #stmt(s: Stmt, loops: readonly Loop[], lanes: Lanes | undefined): string[] {
    const p = this.place(loops, lanes);
    switch (s.kind) {
      case "for":
        return s.form === "vector" ? this.body(s.body, [...loops, s], inVectors(s)) : this.#loop(s, loops, lanes);
      case "let":
        return [this.#set(s.name, s.dtype, s.value, p)];
      case "assign": {
        const into = lanes === undefined ? undefined : gathered(s, lanes);
        if (into === undefined) return [this.#set(s.name, s.value.dtype, s.value, p)];
        return this.#gather(s.name, `${typeOf(s.value.dtype)}.${into.fn}`, into.part, p);
      }
      case "store":
        return [printStore(s, p)];
      case "if":
        return [`(if ${printOne(s.when, p)}`, `  (then`, ...indent(indent(this.body(s.then, loops, lanes))), "  ))"];
    }
  }

  #set(name: string, dtype: DType, value: Scalar, p: Place): string {
    const inLanes = p.lanes?.varying.has(name) === true;
    if (!inLanes) return `(local.set ${this.#local(name, typeOf(dtype))} ${printOne(value, p)})`;
    return `(local.set ${this.#local(`${name}.v`, "v128")} ${printLanes(value, p)})`;
  }

  /** Lanes into one local, in their order. */
  #gather(name: string, instruction: string, part: Scalar, p: Place): string[] {
    const lanes = this.#local(`${name}.lanes`, "v128");
    const shape = typeOf(part.dtype) === "f32" ? "f32x4" : "i32x4";
    const one = (lane: number): string => `(${shape}.extract_lane ${lane} (local.get ${lanes}))`;
    return [
      `(local.set ${lanes} ${printLanes(part, p)})`,
      ...[0, 1, 2, 3].slice(0, p.lanes?.count).map((lane) => `(local.set $${name} (${instruction} (local.get $${name}) ${one(lane)}))`),
    ];
  }

  /** A loop in parts: calls of the function that runs one, `stride` positions of its index each. */
  calls({ index: name, from, to }: Loop, stride: number, part: string, buffers: readonly string[]): string[] {
    const index = this.#local(name, "i32");
    const label = `$L${this.#labels++}`;
    const next = `(i32.add (local.get ${index}) (i32.const ${stride}))`;
    const given = buffers.map((buffer) => `(local.get $${buffer})`).join(" ");
    return [
      `(local.set ${index} ${printIndex(from)})`,
      `(loop ${label}`,
      `  (call ${part} ${given} (local.get ${index}) ${next})`,
      `  (br_if ${label} (i32.lt_s (local.tee ${index} ${next}) ${printIndex(to)})))`,
    ];
  }

  #loop(s: Loop, loops: readonly Loop[], lanes: Lanes | undefined): string[] {
    const index = this.#local(s.index, "i32");
    const inside = [...loops, s];
    const moved = this.#addresses.of(s).filter(({ stride }) => stride !== undefined);
    const fixed = this.#addresses.of(s).filter(({ stride }) => stride === undefined);
    const addressOf = (buffer: string, at: Index): string => sum([`(local.get $${buffer})`, printIndex(scale(at, 4))]);
    const starts = moved.map((one) => {
      const from = substitute(one.at, new Map([[s.index, s.from]]));
      return `(local.set ${this.#local(one.name, "i32")} ${addressOf(one.buffer, from)})`;
    });
    const computed = fixed.map((one) => `(local.set ${this.#local(one.name, "i32")} ${addressOf(one.buffer, one.at)})`);
    // a pointer that is computed anew serves one iteration
    const iterations = fixed.length > 0 || s.body.some(({ kind }) => kind === "for") ? [s.body] : iterationsOf(s);
    const step = s.step * iterations.length;
    const moves = moved.map(({ name, stride }) => `(local.set $${name} (i32.add (local.get $${name}) (i32.const ${4 * stride! * step})))`);
    const [from, to] = [printIndex(s.from), printIndex(s.to)];
    const next = `(local.tee ${index} (i32.add (local.get ${index}) (i32.const ${step})))`;
    const [label, end] = [`$L${this.#labels}`, `$E${this.#labels++}`];
    const bodies = iterations.flatMap((body, n) => {
      const leave = n === 0 ? [] : [`(br_if ${end} (i32.eq (local.get ${index}) (i32.const ${s.to.offset - n})))`];
      return [...leave, ...this.body(body, inside, lanes)];
    });
    const rounds = [`(loop ${label}`, ...indent([...computed, ...bodies, ...moves, `(br_if ${label} (i32.lt_s ${next} ${to})))`])];
    const loop = [
      `(local.set ${index} ${from})`,
      ...starts,
      ...(iterations.length === 1 ? rounds : [`(block ${end}`, ...indent(rounds), ")"]),
    ];
    const runs = s.from.terms.length + s.to.terms.length === 0 && s.from.offset < s.to.offset;
    return runs ? loop : [`(if (i32.lt_s ${from} ${to})`, "  (then", ...indent(indent(loop)), "  ))"];
  }
}

function printStore({ buffer, at, value }: Extract<Stmt, { kind: "store" }>, p: Place): string {
  const address = p.address(buffer, at);
  if (p.lanes === undefined) return access(`${typeOf(value.dtype)}.store`, address, printOne(value, p));
  const lanes = printLanes(value, p);
  const stored = value.dtype === "bool" ? `(v128.and ${lanes} (v128.const i32x4 1 1 1 1))` : lanes;
  if (p.lanes.count !== PAIR) return access("v128.store", address, stored);
  return access("v128.store64_lane", { ...address, offset: `${address.offset} 0`.trim() }, stored);
}

/** Text from a model stays inside its comment. */
const comment = (text: string): string => `;; ${text.replace(/[\u0000-\u001f\u007f]/g, " ")}`;

function printKernel(kernel: Kernel, name: string, module: ModuleText, { threads, long }: WasmOptions): string[] {
  const sections = threads === undefined ? undefined : divide(kernel, threads);
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

/** The first section of a divided kernel has its name; those after a barrier are numbered. */
export const sectionName = (kernel: string, section: number): string => (section === 0 ? kernel : `${kernel}.${section + 1}`);

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

/** A section: of each divided loop the parts from `first` to before `end` of `parts` equal ones; or all of what one thread runs alone. */
function printSection(kernel: Kernel, name: string, { body, divided }: Section, module: ModuleText): string[] {
  const head = `$kernel.${name} (export "${name}")`;
  const buffers = kernel.params.map((param) => param.name);
  if (divided.length === 0) return printFunctionOf(buffers, body, module, head);
  const before: string[] = [];
  const shares = new Map<string, { readonly from: Index; readonly to: Index }>();
  const shareOf = (loop: Loop): { readonly from: Index; readonly to: Index } => {
    const trips = tripsOf(loop);
    const key = `${trips} ${loop.step} ${loop.from.offset}`;
    const given = shares.get(key);
    if (given !== undefined) return given;
    const [from, to] = [`from.${shares.size}`, `to.${shares.size}`];
    const share = (part: string): string => `(i32.div_u (i32.mul ${part} (i32.const ${trips})) (local.get $parts))`;
    const bound = (part: string): string => sum([`(i32.mul ${share(part)} (i32.const ${loop.step}))`, `(i32.const ${loop.from.offset})`]);
    before.push(`(local $${from} i32) (local $${to} i32)`);
    before.push(`(local.set $${from} ${bound("(local.get $first)")})`);
    before.push(`(local.set $${to} ${bound("(local.get $end)")})`);
    const end = loop.from.offset + trips * loop.step;
    const made = { from: index(from, end), to: index(to, end + 1) };
    shares.set(key, made);
    return made;
  };
  const within = (s: Stmt): Stmt => {
    if (s.kind !== "for") return s;
    return divided.includes(s) ? { ...s, ...shareOf(s) } : { ...s, body: s.body.map(within) };
  };
  return printFunctionOf([...buffers, "first", "end", "parts"], body.map(within), module, head, before);
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
  /** Kernels are divided among threads, and the memory is one that they share. */
  readonly threads?: number;
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
  const shared = options.threads !== undefined;
  const functions = kernels.flatMap((kernel) =>
    printKernel(kernel, nameOf(kernel.name), { needs, relaxed: options.relaxed === true }, options),
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
      shared
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
