/** Guarantees, from the loops' own loads and stores and not from the planner's tables, that every load finds the bytes its buffer last stored. */

import { VerifyError } from "../graph/error.ts";
import { loadsOf } from "../loop/build.ts";
import type { Call, Entry, Module } from "../loop/loop.ts";
import { checkVersions } from "./check-versions.ts";
import { accessOf, isPinned } from "./place.ts";

/** Bytes and whose value they hold. */
interface Owned {
  readonly from: number;
  readonly to: number;
  readonly buffer: string;
}

/** Throws a VerifyError naming the statement, the buffer and who overwrote it. */
export function checkPlan(module: Module): void {
  const slots = new Map(module.slots.map((slot) => [slot.buffer, slot]));
  for (const { buffer, offset, bytes } of module.slots)
    if (offset < 0 || offset % 4 !== 0 || offset + bytes > module.arenaBytes)
      throw new VerifyError(buffer, `slot of ${buffer}: ${offset} .. ${offset + bytes} is not a whole number of words inside the arena of ${module.arenaBytes} bytes`); // prettier-ignore
  for (const entry of module.entries) checkEntry(module, entry, slots);
}

function accesses(module: Module, call: Call): { reads: string[]; writes: string[] } {
  if (call.kind !== "call") {
    const reads = loadsOf(call.value).map((load) => load.buffer);
    return { reads, writes: call.kind === "store" ? [call.buffer] : [] };
  }
  const kernel = module.kernels.find(({ name }) => name === call.kernel);
  if (kernel === undefined)
    throw new VerifyError(call.kernel, `no kernel is called ${call.kernel}`);
  const { reads, writes } = accessOf(kernel);
  const arg = (names: ReadonlySet<string>): string[] => kernel.params.flatMap(({ name }, n) => (names.has(name) ? [call.args[n]!] : [])); // prettier-ignore
  // a kernel that also writes what it reads reads its own stores: only the rest must be there before
  const own = writes;
  const readFirst = kernel.params.filter(
    ({ name, access }) => reads.has(name) && (!own.has(name) || access === "update"),
  );
  return {
    reads: readFirst
      .filter(({ name }) => !own.has(name))
      .flatMap(({ name }) => arg(new Set([name]))),
    writes: arg(writes),
  };
}

function checkEntry(
  module: Module,
  entry: Entry,
  slots: ReadonlyMap<string, { offset: number; bytes: number }>,
): void {
  let memory: Owned[] = [];
  const own = (buffer: string): void => {
    const { offset, bytes } = slots.get(buffer)!;
    memory = memory.filter((held) => held.to <= offset || held.from >= offset + bytes);
    memory.push({ from: offset, to: offset + bytes, buffer });
  };
  for (const buffer of module.buffers)
    if (isPinned(buffer) || (buffer.role === "input" && entry.buffers.includes(buffer.name))) {
      const slot = slots.get(buffer.name)!;
      const rival = memory.find(
        (held) => held.from < slot.offset + slot.bytes && slot.offset < held.to,
      );
      if (rival !== undefined)
        throw new VerifyError(buffer.name, `${entry.name}: ${buffer.name} and ${rival.buffer} are both there from the start, but share bytes`); // prettier-ignore
      own(buffer.name);
    }
  const require = (buffer: string, statement: string): void => {
    const slot = slots.get(buffer);
    if (slot === undefined)
      throw new VerifyError(buffer, `${entry.name}, ${statement}: ${buffer} has no slot`);
    const { offset, bytes } = slot;
    const holder = memory.find((held) => held.from < offset + bytes && offset < held.to);
    if (holder?.buffer === buffer) return;
    throw new VerifyError(buffer, `${entry.name}, ${statement}: reads ${buffer}, but its bytes ${offset} .. ${offset + bytes} hold ${holder?.buffer ?? "nothing yet"}`); // prettier-ignore
  };
  const nameOf = (n: number): string => {
    const call = entry.calls[n]!;
    return `statement ${n + 1} (${call.kind === "call" ? call.kernel : call.kind === "let" ? call.name : call.buffer})`;
  };
  entry.calls.forEach((call, n) => {
    const statement = nameOf(n);
    const { reads, writes } = accesses(module, call);
    for (const buffer of reads) require(buffer, statement);
    for (const buffer of new Set(writes)) own(buffer);
    for (const buffer of new Set([...reads, ...writes])) require(buffer, `${statement}, after its stores`); // prettier-ignore
  });
  const kept = new Set(module.buffers.filter(isPinned).map(({ name }) => name));
  checkVersions(entry, (buffer) => kept.has(buffer), (call) => accesses(module, call).writes, nameOf); // prettier-ignore
  const locals = new Set(entry.calls.flatMap((call) => (call.kind === "let" ? [call.name] : [])));
  for (const result of entry.results)
    if (!locals.has(result.value)) require(result.value, "its results");
}
