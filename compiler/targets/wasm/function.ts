/** WebAssembly text of statements: loops with their pointers and lanes, inside a function that declares the locals they need. */

import type { DType } from "../../graph/type.ts";
import { iterationsOf } from "../../loop/build.ts";
import { scale, type Index } from "../../loop/index-expression.ts";
import { gathered, PAIR, type Lanes } from "../../loop/lanes.ts";
import type { Loop, Scalar, Stmt } from "../../loop/loop.ts";
import { Addresses, startOf } from "./address.ts";
import { access, printLanes, printOne, typeOf, type Place } from "./expression.ts";
import { inLane, inVectors, printIndex, sum } from "./indices.ts";

/** One level further in. */
export const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

/** What the functions of one module have in common. */
export interface ModuleText {
  /** Globals by the constants in lanes that they hold: an engine makes a constant of three instructions wherever it stands, and reads a global in one. */
  readonly globals?: Map<string, string>;
  /** Functions that it must import or carry. */
  readonly needs: Set<string>;
  readonly relaxed: boolean;
}

/** Writes one function. */
export class FunctionText {
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
        if (s.form === "vector") return this.body(s.body, [...loops, s], inVectors(s));
        return s.only === undefined ? this.#loop(s, loops, lanes) : this.#only(s, s.only, loops, lanes);
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

  /** The one iteration of a loop whose number is computed, where there is one. */
  #only(s: Loop, only: Scalar, loops: readonly Loop[], lanes: Lanes | undefined): string[] {
    const index = this.#local(s.index, "i32");
    // no iteration before it has moved a pointer here
    const pointers = this.#addresses.of(s).map(({ name, buffer, at }) => {
      const address = sum([`(local.get $${buffer})`, printIndex(scale(at, 4))]);
      return `(local.set ${this.#local(name, "i32")} ${address})`;
    });
    return [
      `(local.set ${index} ${printOne(only, this.place(loops, lanes))})`,
      // as a number without a sign, one below 0 is large
      `(if (i32.lt_u (local.get ${index}) ${printIndex(s.to)})`,
      "  (then",
      ...indent(indent([...pointers, ...this.body(s.body, [...loops, s], lanes)])),
      "  ))",
    ];
  }

  #loop(s: Loop, loops: readonly Loop[], lanes: Lanes | undefined): string[] {
    const index = this.#local(s.index, "i32");
    const inside = [...loops, s];
    const moved = this.#addresses.of(s).filter(({ stride }) => stride !== undefined);
    const fixed = this.#addresses.of(s).filter(({ stride }) => stride === undefined);
    const addressOf = (buffer: string, at: Index): string =>
      at.terms.length === 0 ? further(buffer, 4 * at.offset) : sum([`(local.get $${buffer})`, printIndex(scale(at, 4))]);
    const starts = moved.map((one) => {
      const from = startOf(one, s);
      const known = this.#addresses.start(one.buffer, from, loops);
      const address = known === undefined ? addressOf(one.buffer, from) : further(known.pointer.name, 4 * known.distance);
      return `(local.set ${this.#local(one.name, "i32")} ${address})`;
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

const further = (pointer: string, bytes: number): string =>
  bytes === 0 ? `(local.get $${pointer})` : `(i32.add (local.get $${pointer}) (i32.const ${bytes}))`;

function printStore({ buffer, at, value }: Extract<Stmt, { kind: "store" }>, p: Place): string {
  const address = p.address(buffer, at);
  if (p.lanes === undefined) return access(`${typeOf(value.dtype)}.store`, address, printOne(value, p));
  const lanes = printLanes(value, p);
  const stored = value.dtype === "bool" ? `(v128.and ${lanes} (v128.const i32x4 1 1 1 1))` : lanes;
  if (p.lanes.count !== PAIR) return access("v128.store", address, stored);
  return access("v128.store64_lane", { ...address, offset: `${address.offset} 0`.trim() }, stored);
}
