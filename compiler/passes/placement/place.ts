/**
 * An address for every buffer: parameters and state pinned for all entries, everything else by its live range, a result over
 * an operand that dies where it may (in-place.ts). Offsets are searched in offsets.ts.
 */

import { bytesOf, sizeOf } from "../../graph/type.ts";
import { loadsOf, mapScalar, walkStmts } from "../../loop/build.ts";
import type { Buffer, Call, Definition, Entry, Kernel, Module, Program, Role, Scalar, Slot } from "../../loop/loop.ts";
import { inRoles, usesOf } from "../../loop/roles.ts";
import { keyOfKernel } from "../../loop/same.ts";
import { isTurning, startAt, storageOf, timesOf } from "../../loop/turns.ts";
import type { Machine } from "../../loop/machine.ts";
import type { Pass } from "../pass.ts";
import { offsetsFor, type Block } from "./offsets.ts";
import { placesTaken } from "./places-taken.ts";

/** Addresses are multiples of this: one SIMD vector. */
export const ALIGNMENT = 16;
export const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
export const sizeInBytes = ({ dtype, shape }: Buffer): number => sizeOf(shape) * bytesOf(dtype);

const PINNED: ReadonlySet<Role> = new Set(["parameter", "state", "hyper", "constant"]);
export const isPinned = (buffer: Buffer): boolean => PINNED.has(buffer.role);

/** The buffers a statement touches. */
export function touched(call: Call): readonly string[] {
  if (call.kind === "call") return call.args;
  const reads = loadsOf(call.value).map((load) => load.buffer);
  return call.kind === "store" ? [...reads, call.buffer] : reads;
}

interface Placing {
  readonly machine: Machine;
  /** Those that divide kernels among them, if any do. */
  readonly threads?: number | undefined;
}

export function place(name: string, { machine, threads }: Placing): Pass<readonly Program[], Module> {
  return {
    name: "place",
    why: "live ranges to addresses in one arena",
    run(programs) {
      const { programs: renamed, kernels, nameOf } = together(programs, machine);
      const pinned = uniqueBuffers(renamed.flatMap((program) => program.buffers.filter(isPinned)));
      const slots: Slot[] = [];
      let top = 0;
      for (const buffer of pinned) {
        slots.push({
          buffer: buffer.name,
          offset: top,
          bytes: sizeInBytes(buffer),
          live: "always",
        });
        top = aligned(top + sizeInBytes(buffer));
      }
      let arenaBytes = top;
      const entries = renamed.map((program): Entry => {
        const own = program.buffers.filter((buffer) => !isPinned(buffer) && buffer.window === undefined);
        const windows = program.buffers.filter(({ window }) => window !== undefined);
        const lives = liveRanges(program, program.buffers);
        const over = placesTaken(program, new Map(own.map(({ name }) => [name, lives.get(name)!])), threads);
        const { blocks, blockOf } = blocksOf(own, lives, over);
        const peak = peakOf(blocks, program.calls.length);
        const offsets = offsetsFor(blocks, peak);
        const placed = own.map((buffer): Slot => {
          const before = over.get(buffer.name);
          return {
            buffer: buffer.name,
            offset: top + offsets[blockOf.get(buffer.name)!]!,
            bytes: sizeInBytes(buffer),
            live: lives.get(buffer.name)!,
            ...(before === undefined ? {} : { over: before }),
          };
        });
        slots.push(...placed);
        const slotOf = new Map(slots.map((slot) => [slot.buffer, slot]));
        for (const buffer of windows) {
          const of = storageOf(buffer);
          const { offset, live } = slotOf.get(of)!;
          const from = offset + startAt(buffer) * bytesOf(buffer.dtype);
          slots.push({ buffer: buffer.name, offset: from, bytes: sizeInBytes(buffer), live, of });
        }
        for (const slot of placed) arenaBytes = Math.max(arenaBytes, aligned(slot.offset + slot.bytes));
        const { kernels: _, buffers: __, calls, ...rest } = program;
        return {
          ...rest,
          calls: calls.map((call) => (call.kind === "call" ? { ...call, kernel: nameOf.get(call.kernel)! } : call)),
          buffers: [...own, ...windows].map((buffer) => buffer.name),
          lowerBound: top + peak,
        };
      });
      const buffers = [...pinned, ...renamed.flatMap((program) => program.buffers.filter((buffer) => !isPinned(buffer)))];
      const uses = usesOf(entries);
      return { name, entries, buffers, kernels: kernels.map((kernel) => inRoles(kernel, uses.get(kernel.name) ?? [])), slots, arenaBytes };
    },
  };
}

/** All entries under names that no two share, and the kernels of all: those that differ in names alone are one, whose name is known by theirs. */
export function together(
  all: readonly Program[],
  machine: Machine,
): { readonly programs: readonly Program[]; readonly kernels: readonly Kernel[]; readonly nameOf: ReadonlyMap<string, string> } {
  const programs = all.map((program, n) => (n === 0 ? program : apart(program)));
  return { programs, ...sharedKernels(programs, machine) };
}

/** Later entries get names of their own for what is theirs alone. */
function apart(program: Program): Program {
  const own = new Map(program.buffers.filter((b) => !isPinned(b)).map((b) => [b.name, `${b.name}_${program.name}`]));
  const to = (name: string): string => own.get(name) ?? name;
  const renamed = (value: Scalar): Scalar =>
    mapScalar(value, (part) => (part.kind === "load" && own.has(part.buffer) ? { ...part, buffer: to(part.buffer) } : part));
  const definition = (d: Definition): Definition => ({
    ...d,
    name: to(d.name),
    value: renamed(d.value),
    ...(d.segment === undefined ? {} : { segment: { ...d.segment, of: to(d.segment.of) } }),
  });
  return {
    ...program,
    buffers: program.buffers.map((b) => ({
      ...b,
      name: to(b.name),
      ...(b.window === undefined ? {} : { window: { ...b.window, of: to(b.window.of) } }),
    })),
    kernels: program.kernels.map((kernel) => ({
      ...kernel,
      name: `${kernel.name}_${program.name}`,
    })),
    calls: program.calls.map((call): Call => {
      if (call.kind === "let") return { ...call, value: renamed(call.value) };
      if (call.kind === "store")
        return {
          ...call,
          buffer: to(call.buffer),
          value: renamed(call.value),
          definition: definition(call.definition),
        };
      const stages = call.group.stages.map((stage) => ({
        ...stage,
        definition: definition(stage.definition),
      }));
      return {
        ...call,
        kernel: `${call.kernel}_${program.name}`,
        args: call.args.map(to),
        group: { ...call.group, stages },
      };
    }),
    results: program.results.map((result) => ({ ...result, value: to(result.value) })),
  };
}

const uniqueBuffers = (buffers: readonly Buffer[]): Buffer[] => [...new Map(buffers.map((b) => [b.name, b])).values()];

/** Kernels that differ in names alone become the first of them; where the machine binds arrays, one that is called once keeps to its entry. */
function sharedKernels(programs: readonly Program[], { binds }: Machine): { kernels: Kernel[]; nameOf: ReadonlyMap<string, string> } {
  const first = new Map<string, Kernel>();
  const nameOf = new Map<string, string>();
  for (const { name: entry, kernels, calls, loops } of programs) {
    const keys = new Map(kernels.map((kernel) => [kernel.name, keyOfKernel(kernel)]));
    const times = new Map<string, number>();
    calls.forEach((call, n) => {
      if (call.kind === "call") times.set(keys.get(call.kernel)!, (times.get(keys.get(call.kernel)!) ?? 0) + timesOf(loops, n));
    });
    for (const kernel of kernels) {
      const shape = keys.get(kernel.name)!;
      const key = binds && times.get(shape) === 1 ? `${entry} ${shape}` : shape;
      if (!first.has(key)) first.set(key, kernel);
      nameOf.set(kernel.name, first.get(key)!.name);
    }
  }
  return { kernels: [...first.values()], nameOf };
}

/** Whether a slot counts among the bytes held at a statement: where a result takes an operand's place, the operand still holds it. */
export const isHeldAt = ({ live, over, of }: Slot, call: number): boolean =>
  of === undefined && (live === "always" || (live[0] + (over === undefined ? 0 : 1) <= call && call <= live[1]));

/**
 * By name, from the first to the last statement that touches a buffer or a window of it; inputs are there from the start, outputs stay to the end.
 * What a loop shares with statements around it, or hands from turn to turn, is there for all of the loop.
 */
export function liveRanges(
  { calls, results, loops }: Pick<Program, "calls" | "results" | "loops">,
  buffers: readonly Buffer[],
): ReadonlyMap<string, readonly [first: number, last: number]> {
  const firsts = new Map<string, number>();
  const lasts = new Map<string, number>();
  const ofName = new Map(buffers.map((buffer) => [buffer.name, buffer]));
  const placeOf = (name: string): string => {
    const buffer = ofName.get(name);
    return buffer === undefined ? name : storageOf(buffer);
  };
  const over = (name: string, first: number, last: number): void => {
    firsts.set(name, Math.min(firsts.get(name) ?? first, first));
    lasts.set(name, Math.max(lasts.get(name) ?? last, last));
  };
  calls.forEach((call, n) => {
    for (const name of touched(call)) over(placeOf(name), n, n);
  });
  const turning = new Set(buffers.flatMap((buffer) => (isTurning(buffer) ? [storageOf(buffer)] : [])));
  for (const loop of loops ?? [])
    for (let n = loop.first; n <= loop.last; n++)
      for (const name of touched(calls[n]!).map(placeOf))
        if (turning.has(name) || firsts.get(name)! < loop.first || lasts.get(name)! > loop.last) over(name, loop.first, loop.last);
  const shown = new Set(results.map(({ value }) => placeOf(value)));
  return new Map(
    buffers.map((buffer) => {
      const name = storageOf(buffer);
      const first = buffer.role === "input" ? 0 : (firsts.get(name) ?? 0);
      return [buffer.name, [first, shown.has(name) ? calls.length : (lasts.get(name) ?? first)]];
    }),
  );
}

/** One block for each buffer, or for all that take one place one after the other; and which is whose. */
function blocksOf(
  buffers: readonly Buffer[],
  lives: ReadonlyMap<string, Block["life"]>,
  over: ReadonlyMap<string, string>,
): { readonly blocks: readonly Block[]; readonly blockOf: ReadonlyMap<string, number> } {
  const follower = new Map([...over].map(([result, operand]) => [operand, result]));
  const blocks: Block[] = [];
  const blockOf = new Map<string, number>();
  for (const buffer of buffers) {
    if (over.has(buffer.name)) continue;
    let last = buffer.name;
    blockOf.set(last, blocks.length);
    for (let next = follower.get(last); next !== undefined; next = follower.get(last)) blockOf.set((last = next), blocks.length);
    const life = [lives.get(buffer.name)![0], lives.get(last)![1]] as const;
    blocks.push({ bytes: aligned(sizeInBytes(buffer)), life });
  }
  return { blocks, blockOf };
}

/** Largest sum of live bytes over the statements. */
function peakOf(blocks: readonly Block[], calls: number): number {
  const more = new Array<number>(calls + 2).fill(0);
  for (const { bytes, life } of blocks) {
    more[life[0]]! += bytes;
    more[life[1] + 1]! -= bytes;
  }
  let [held, peak] = [0, 0];
  for (const bytes of more) peak = Math.max(peak, (held += bytes));
  return peak;
}

/** Statements read and write what their kernels' loops say, whatever the tables claim. */
export function accessOf(kernel: Kernel): {
  reads: ReadonlySet<string>;
  writes: ReadonlySet<string>;
} {
  const reads = new Set<string>();
  const writes = new Set<string>();
  walkStmts(kernel.body, {
    stmt: (stmt) => {
      if (stmt.kind === "store") writes.add(stmt.buffer);
    },
    scalar: (part) => {
      if (part.kind === "load") reads.add(part.buffer);
    },
  });
  return { reads, writes };
}
