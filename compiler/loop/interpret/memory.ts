/** The storage of a module: every buffer's elements, and which of them a call may see. */

import { VerifyError } from "../../graph/error.ts";
import { sizeOf } from "../../graph/type.ts";
import type { Buffer, Entry, Module } from "../loop.ts";
import type { Get } from "./scalar.ts";

/** Every buffer's elements by name, in double; a bool is 0 or 1. */
export type Memory = Map<string, Float64Array>;

/** Storage for every buffer that is no window of another: constant and data contents filled in, everything else zero. */
export function createMemory({ buffers }: { readonly buffers: readonly Buffer[] }): Memory {
  return new Map(
    buffers
      .filter(({ window }) => window === undefined)
      .map(({ name, shape, initial }) => {
        const values = new Float64Array(sizeOf(shape));
        if (initial?.kind === "constant") values.fill(initial.value);
        if (initial?.kind === "data") values.set(initial.values);
        return [name, values];
      }),
  );
}

/** Storage as a kernel sees it: the elements, and which of them were written since they were poisoned. */
export interface Place {
  readonly buffer: string;
  readonly values: Float64Array;
  readonly written: Uint8Array | undefined;
}

/** A load, refused outside the buffer and where nothing was written. */
export function loadReader(who: string, name: string, place: Place, at: readonly Get[]): Get {
  const { values, written, buffer } = place;
  if (at.length > 1) throw new VerifyError(who, `${who}: ${name} is loaded at ${at.length} indices; kernels load at one flat index`);
  const flat = at[0] ?? (() => 0);
  return () => {
    const n = flat();
    const value = values[n];
    if (value === undefined) throw new VerifyError(who, `${who} loads ${name}[${n}], but ${buffer} has ${values.length} elements`);
    if (written !== undefined && written[n] === 0)
      throw new VerifyError(who, `${who} loads ${name}[${n}], but nothing has written that element of ${buffer} in its live range`);
    return value;
  };
}

/** Poisons what only calls may fill, and, after each call, what no later call may see. */
export function startPoison(
  module: Module,
  entry: Entry,
  memory: Memory,
): { readonly written: ReadonlyMap<string, Uint8Array>; after(call: number): void } {
  const roles = new Map(module.buffers.map((b) => [b.name, b.role]));
  const returned = new Set(entry.results.map((r) => r.value));
  const mine = new Set(entry.buffers);
  const last = new Map<string, number>();
  const written = new Map<string, Uint8Array>();
  for (const { buffer, live } of module.slots) {
    const values = memory.get(buffer);
    if (live === "always" || values === undefined || !mine.has(buffer)) continue;
    last.set(buffer, live[1]);
    const role = roles.get(buffer);
    const given = role !== "residual" && role !== "scratch" && role !== "output";
    written.set(buffer, new Uint8Array(values.length).fill(given ? 1 : 0));
    if (!given) values.fill(NaN);
  }
  return {
    written,
    after(call) {
      for (const [buffer, end] of last) {
        if (end !== call || (returned.has(buffer) && call === entry.calls.length - 1)) continue;
        memory.get(buffer)?.fill(NaN);
        written.get(buffer)?.fill(0);
      }
    },
  };
}
