/** Guarantees, from the loops' own loads and stores and not from the planner's tables, that every load finds the bytes its buffer last stored. */

import { VerifyError } from "../../graph/error.ts";
import { loadsOf } from "../../loop/build.ts";
import type { Buffer, Call, Entry, Module } from "../../loop/loop.ts";
import { whyNotInPlace } from "./check-in-place.ts";
import { checkVersions } from "./check-versions.ts";
import { bytesOf } from "../../graph/type.ts";
import { startAt, walkTurns, type At } from "../../loop/turns.ts";
import { accessOf, isPinned, touched } from "./place.ts";

/** Bytes and whose value they hold. */
interface Owned {
  readonly from: number;
  readonly to: number;
  readonly buffer: string;
}

/** Throws a VerifyError naming the statement, the buffer and who overwrote it. */
export function checkPlan(module: Module, threads?: number): void {
  const slots = new Map(module.slots.map((slot) => [slot.buffer, slot]));
  for (const { buffer, offset, bytes } of module.slots)
    if (offset < 0 || offset % 4 !== 0 || offset + bytes > module.arenaBytes)
      throw new VerifyError(
        buffer,
        `slot of ${buffer}: ${offset} .. ${offset + bytes} is not a whole number of words inside the arena of ${module.arenaBytes} bytes`,
      );
  const inPlace = inPlaceOf(module, threads);
  const accessesOf = accessesIn(module);
  for (const entry of module.entries) checkEntry(module, entry, slots, inPlace, accessesOf);
}

/** Why a result of a call may not lie where an operand of it lies, asked once of each pair of parameters; undefined where it may. */
type InPlace = (call: KernelCall, operand: string, result: string) => string | undefined;
type KernelCall = Extract<Call, { kind: "call" }>;

function inPlaceOf(module: Module, threads: number | undefined): InPlace {
  const known = new Map<string, string | undefined>();
  const kernels = new Map(module.kernels.map((kernel) => [kernel.name, kernel]));
  return (call, operand, result) => {
    const kernel = kernels.get(call.kernel)!;
    const paramsOf = (buffer: string) => kernel.params.filter((_, n) => call.args[n] === buffer);
    for (const a of paramsOf(operand))
      for (const b of paramsOf(result)) {
        const key = JSON.stringify([kernel.name, a.name, b.name]);
        if (!known.has(key)) known.set(key, whyNotInPlace(kernel, a, b, threads));
        if (known.get(key) !== undefined) return known.get(key);
      }
    return undefined;
  };
}

type Bytes = { readonly offset: number; readonly bytes: number } | undefined;

const sameBytes = (a: Bytes, b: Bytes): boolean => a !== undefined && b !== undefined && a.offset === b.offset && a.bytes === b.bytes;

/** What a statement reads and does not store, what it stores, and what it both reads and stores. */
interface Accesses {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly updates: readonly string[];
}

/** Of a module's statements; a kernel's loops are walked once. */
function accessesIn(module: Module): (call: Call) => Accesses {
  const kernels = new Map(module.kernels.map((kernel) => [kernel.name, { kernel, ...accessOf(kernel) }]));
  return (call) => {
    if (call.kind !== "call") {
      const reads = loadsOf(call.value).map((load) => load.buffer);
      return { reads, writes: call.kind === "store" ? [call.buffer] : [], updates: [] };
    }
    const found = kernels.get(call.kernel);
    if (found === undefined) throw new VerifyError(call.kernel, `no kernel is called ${call.kernel}`);
    const { kernel, reads, writes } = found;
    const args = (holds: (name: string) => boolean): string[] =>
      kernel.params.flatMap(({ name }, n) => (holds(name) ? [call.args[n]!] : []));
    return {
      reads: args((name) => reads.has(name) && !writes.has(name)),
      writes: args((name) => writes.has(name)),
      updates: args((name) => reads.has(name) && writes.has(name)),
    };
  };
}

/** Who holds which bytes: ranges that share none, in order. */
class Memory {
  readonly #held: Owned[] = [];

  /** The first range that shares bytes with these. */
  holder(offset: number, bytes: number): Owned | undefined {
    const held = this.#held[this.#firstAfter(offset)];
    return held !== undefined && held.from < offset + bytes ? held : undefined;
  }

  /** Who holds some of these bytes besides a buffer; undefined where that one holds them all. */
  stranger(buffer: string, offset: number, bytes: number): string | undefined {
    let from = offset;
    for (let n = this.#firstAfter(offset); from < offset + bytes; n++) {
      const held = this.#held[n];
      if (held === undefined || held.from > from) return "nothing yet";
      if (held.buffer !== buffer) return held.buffer;
      from = held.to;
    }
    return undefined;
  }

  take(buffer: string, offset: number, bytes: number): void {
    const first = this.#firstAfter(offset);
    let end = first;
    while (end < this.#held.length && this.#held[end]!.from < offset + bytes) end++;
    this.#held.splice(first, end - first, { from: offset, to: offset + bytes, buffer });
  }

  /** The first range that ends after an address. */
  #firstAfter(offset: number): number {
    let [low, high] = [0, this.#held.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#held[middle]!.to > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** By the first statement of a loop: buffers that are touched in it alone and are no part of others, which each turn fills anew. */
function madeInTurns({ calls, loops = [] }: Entry, buffers: ReadonlyMap<string, Buffer>): ReadonlyMap<number, readonly string[]> {
  const isOwn = (name: string): boolean => buffers.get(name)?.window === undefined && !isPinned(buffers.get(name)!);
  return new Map(
    loops.map(({ first, last }) => {
      const outside = new Set(calls.flatMap((call, n) => (n < first || n > last ? touched(call) : [])));
      const inside = new Set(calls.slice(first, last + 1).flatMap(touched));
      return [first, [...inside].filter((name) => isOwn(name) && !outside.has(name))];
    }),
  );
}

function checkEntry(
  module: Module,
  entry: Entry,
  slots: ReadonlyMap<string, { offset: number; bytes: number }>,
  inPlace: InPlace,
  accesses: (call: Call) => Accesses,
): void {
  const memory = new Memory();
  const filled = new Set<string>();
  const buffers = new Map(module.buffers.map((buffer) => [buffer.name, buffer]));
  /** Whose bytes a buffer's are, and which, at a turn. */
  const placeOf = (name: string, at?: At): { readonly of: string; readonly offset: number; readonly bytes: number } => {
    const buffer = buffers.get(name)!;
    const { offset, bytes } = slots.get(name)!;
    if (buffer.window === undefined) return { of: name, offset, bytes };
    const whole = slots.get(buffer.window.of)!;
    const from = whole.offset + startAt(buffer, at) * bytesOf(buffer.dtype);
    if (from < whole.offset || from + bytes > whole.offset + whole.bytes)
      throw new VerifyError(name, `${entry.name}: ${name} lies at ${from} .. ${from + bytes}, outside of ${buffer.window.of}`);
    return { of: buffer.window.of, offset: from, bytes };
  };
  const own = (buffer: string, at?: At): void => {
    const { of, offset, bytes } = placeOf(buffer, at);
    filled.add(`${buffer} ${offset}`);
    memory.take(of, offset, bytes);
  };
  const inEntry = new Set(entry.buffers);
  for (const buffer of module.buffers)
    if (isPinned(buffer) || (buffer.role === "input" && inEntry.has(buffer.name))) {
      const slot = slots.get(buffer.name)!;
      const rival = memory.holder(slot.offset, slot.bytes);
      if (rival !== undefined)
        throw new VerifyError(
          buffer.name,
          `${entry.name}: ${buffer.name} and ${rival.buffer} are both there from the start, but share bytes`,
        );
      own(buffer.name);
    }
  const require = (buffer: string, statement: string, at?: At): void => {
    if (!slots.has(buffer)) throw new VerifyError(buffer, `${entry.name}, ${statement}: ${buffer} has no slot`);
    const { of, offset, bytes } = placeOf(buffer, at);
    const stranger = memory.stranger(of, offset, bytes);
    if (stranger === undefined) return;
    throw new VerifyError(
      buffer,
      `${entry.name}, ${statement}: reads ${buffer}, but its bytes ${offset} .. ${offset + bytes} hold ${stranger}`,
    );
  };
  const nameOf = (n: number): string => {
    const call = entry.calls[n]!;
    return `statement ${n + 1} (${call.kind === "call" ? call.kernel : call.kind === "let" ? call.name : call.buffer})`;
  };
  const ofTurns = madeInTurns(entry, buffers);
  walkTurns(entry.calls.length, entry.loops, (n, at) => {
    const call = entry.calls[n]!;
    for (const buffer of ofTurns.get(n) ?? []) filled.delete(`${buffer} ${placeOf(buffer).offset}`);
    const statement = nameOf(n);
    const { reads, writes, updates } = accesses(call);
    // what holds nothing yet is read only after the statement's own stores
    for (const buffer of [...reads, ...updates.filter((one) => filled.has(`${one} ${placeOf(one, at).offset}`))])
      require(buffer, statement, at);
    for (const buffer of new Set(writes)) own(buffer, at);
    for (const buffer of new Set([...reads, ...writes])) {
      const taker = writes.find((other) => other !== buffer && sameBytes(placeOf(other, at), placeOf(buffer, at)));
      if (taker === undefined || call.kind !== "call" || writes.includes(buffer)) require(buffer, `${statement}, after its stores`, at);
      else {
        const complaint = inPlace(call, buffer, taker);
        if (complaint !== undefined)
          throw new VerifyError(buffer, `${entry.name}, ${statement}: stores ${taker} over ${buffer}, but ${complaint}`);
      }
    }
  });
  const kept = new Set(module.buffers.filter(isPinned).map(({ name }) => name));
  checkVersions(
    entry,
    (buffer) => kept.has(buffer),
    (call) => accesses(call).writes,
    nameOf,
  );
  const locals = new Set(entry.calls.flatMap((call) => (call.kind === "let" ? [call.name] : [])));
  for (const result of entry.results) if (!locals.has(result.value)) require(result.value, "its results");
}
