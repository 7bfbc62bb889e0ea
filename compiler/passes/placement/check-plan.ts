/** Guarantees, from the loops' own loads and stores and not from the planner's tables, that every load finds the bytes its buffer last stored. */

import { VerifyError } from "../../graph/error.ts";
import { loadsOf } from "../../loop/build.ts";
import type { Call, Entry, Module } from "../../loop/loop.ts";
import { whyNotInPlace } from "./check-in-place.ts";
import { checkVersions } from "./check-versions.ts";
import { accessOf, isPinned } from "./place.ts";

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
  for (const entry of module.entries) checkEntry(module, entry, slots, inPlace);
}

/** Why a result of a call may not lie where an operand of it lies, asked once of each pair of parameters; undefined where it may. */
type InPlace = (call: KernelCall, operand: string, result: string) => string | undefined;
type KernelCall = Extract<Call, { kind: "call" }>;

function inPlaceOf(module: Module, threads: number | undefined): InPlace {
  const known = new Map<string, string | undefined>();
  return (call, operand, result) => {
    const kernel = module.kernels.find(({ name }) => name === call.kernel)!;
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

function accesses(module: Module, call: Call): Accesses {
  if (call.kind !== "call") {
    const reads = loadsOf(call.value).map((load) => load.buffer);
    return { reads, writes: call.kind === "store" ? [call.buffer] : [], updates: [] };
  }
  const kernel = module.kernels.find(({ name }) => name === call.kernel);
  if (kernel === undefined) throw new VerifyError(call.kernel, `no kernel is called ${call.kernel}`);
  const { reads, writes } = accessOf(kernel);
  const args = (holds: (name: string) => boolean): string[] => kernel.params.flatMap(({ name }, n) => (holds(name) ? [call.args[n]!] : []));
  return {
    reads: args((name) => reads.has(name) && !writes.has(name)),
    writes: args((name) => writes.has(name)),
    updates: args((name) => reads.has(name) && writes.has(name)),
  };
}

function checkEntry(module: Module, entry: Entry, slots: ReadonlyMap<string, { offset: number; bytes: number }>, inPlace: InPlace): void {
  let memory: Owned[] = [];
  const filled = new Set<string>();
  const own = (buffer: string): void => {
    filled.add(buffer);
    const { offset, bytes } = slots.get(buffer)!;
    memory = memory.filter((held) => held.to <= offset || held.from >= offset + bytes);
    memory.push({ from: offset, to: offset + bytes, buffer });
  };
  for (const buffer of module.buffers)
    if (isPinned(buffer) || (buffer.role === "input" && entry.buffers.includes(buffer.name))) {
      const slot = slots.get(buffer.name)!;
      const rival = memory.find((held) => held.from < slot.offset + slot.bytes && slot.offset < held.to);
      if (rival !== undefined)
        throw new VerifyError(
          buffer.name,
          `${entry.name}: ${buffer.name} and ${rival.buffer} are both there from the start, but share bytes`,
        );
      own(buffer.name);
    }
  const require = (buffer: string, statement: string): void => {
    const slot = slots.get(buffer);
    if (slot === undefined) throw new VerifyError(buffer, `${entry.name}, ${statement}: ${buffer} has no slot`);
    const { offset, bytes } = slot;
    const holder = memory.find((held) => held.from < offset + bytes && offset < held.to);
    if (holder?.buffer === buffer) return;
    throw new VerifyError(
      buffer,
      `${entry.name}, ${statement}: reads ${buffer}, but its bytes ${offset} .. ${offset + bytes} hold ${holder?.buffer ?? "nothing yet"}`,
    );
  };
  const nameOf = (n: number): string => {
    const call = entry.calls[n]!;
    return `statement ${n + 1} (${call.kind === "call" ? call.kernel : call.kind === "let" ? call.name : call.buffer})`;
  };
  entry.calls.forEach((call, n) => {
    const statement = nameOf(n);
    const { reads, writes, updates } = accesses(module, call);
    // what holds nothing yet is read only after the statement's own stores
    for (const buffer of [...reads, ...updates.filter((one) => filled.has(one))]) require(buffer, statement);
    for (const buffer of new Set(writes)) own(buffer);
    for (const buffer of new Set([...reads, ...writes])) {
      const taker = writes.find((other) => other !== buffer && sameBytes(slots.get(other), slots.get(buffer)));
      if (taker === undefined || call.kind !== "call" || writes.includes(buffer)) require(buffer, `${statement}, after its stores`);
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
    (call) => accesses(module, call).writes,
    nameOf,
  );
  const locals = new Set(entry.calls.flatMap((call) => (call.kind === "let" ? [call.name] : [])));
  for (const result of entry.results) if (!locals.has(result.value)) require(result.value, "its results");
}
