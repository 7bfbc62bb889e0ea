/** What the compiler knows of a whole model, and of one of its kernels, as data: costs, memory, and why kernels stand apart. */

import { loadsOf, storedIn } from "../loop/build.ts";
import { isLeft, type Apart, type Call, type Doc, type Entry, type Kernel, type Module, type Storage } from "../loop/loop.ts";
import { keyOfGroup } from "../loop/same.ts";
import { printDefinition, printKernel } from "../loop/text/index.ts";
import type { CompiledEntry, Lowered } from "../driver/lower.ts";
import { bytesMoved, rooflineOf, type Roofline } from "../passes/loops/cost.ts";
import { sameTile } from "../passes/loops/candidates.ts";
import type { Machine } from "../loop/machine.ts";
import { aligned, isHeldAt, isPinned, sizeInBytes } from "../passes/placement/place.ts";
import { unscheduled } from "../passes/loops/schedule.ts";
import { printTile } from "../passes/loops/tile-text.ts";
import { kernelSites } from "../driver/schedules.ts";

type KernelCall = Extract<Call, { kind: "call" }>;

export interface ModelFacts {
  readonly model: string;
  readonly arenaBytes: number;
  readonly entries: readonly EntryFacts[];
}

export interface EntryFacts {
  readonly entry: string;
  /** Where this entry ends in the arena, and the least that any placing could reach in this order. */
  readonly arenaBytes: number;
  readonly lowerBound: number;
  readonly kernels: readonly KernelCost[];
  /** The statement at which the most bytes are held, counted from 1, and what holds them, largest first. */
  readonly peak: { readonly statement: number; readonly bytes: number; readonly held: readonly Held[] };
}

export interface KernelCost {
  readonly statement: number;
  readonly kernel: string;
  readonly flops: number;
  readonly bytesMoved: number;
  readonly atBest: Roofline;
  /** What it stores. */
  readonly stores: readonly string[];
}

export interface Held {
  readonly buffer: string;
  readonly role: string;
  readonly bytes: number;
}

export interface KernelFacts {
  readonly model: string;
  readonly kernel: string;
  readonly flops: number;
  /** The loop nest as text: point by point as the definitions say, and as it was scheduled. */
  readonly unscheduled: string;
  readonly loops: string;
  /** The tile of its loops; and what the cost model would have taken, where another was measured to be faster. */
  readonly schedule: string;
  readonly insteadOf?: string;
  readonly calls: readonly KernelCallFacts[];
}

/** One statement that calls the kernel. */
export interface KernelCallFacts {
  readonly entry: string;
  readonly statement: number;
  readonly bytesMoved: number;
  readonly atBest: Roofline;
  readonly stages: readonly { readonly text: string; readonly storage: Storage; readonly into?: string }[];
  /** The graph nodes computed here. */
  readonly nodes: readonly Doc[];
  readonly neighbours: readonly Neighbour[];
}

/** The kernel before or after in the same entry, and why the two are not one. */
export interface Neighbour {
  readonly side: "before" | "after";
  readonly kernel: string;
  readonly statement: number;
  readonly reasons: readonly { readonly value?: string; readonly reason: Apart | NoCandidate }[];
}

/** Where fusion had nothing to refuse. */
export type NoCandidate = "neither reads the other" | "what reads it is computed with a later value that it reads as well";

/** Kernels with their costs, the arena, and what sits at its peak. */
export function explainModel({ model, module, target: { machine } }: Lowered): ModelFacts {
  const pinnedEnd = endOf(
    module,
    module.buffers.filter(isPinned).map(({ name }) => name),
  );
  return {
    model: model.name,
    arenaBytes: module.arenaBytes,
    entries: module.entries.map((entry) => ({
      entry: entry.name,
      arenaBytes: Math.max(pinnedEnd, endOf(module, entry.buffers)),
      lowerBound: entry.lowerBound,
      kernels: entry.calls.flatMap((call, n) => (call.kind === "call" ? [costOf(module, call, n, machine)] : [])),
      peak: peakOf(module, entry),
    })),
  };
}

const endOf = ({ slots }: Module, buffers: readonly string[]): number =>
  slots.filter(({ buffer }) => buffers.includes(buffer)).reduce((end, { offset, bytes }) => Math.max(end, aligned(offset + bytes)), 0);

/** Bytes between memory and the loops of one call. */
export const movedBy = ({ buffers }: Module, { group }: KernelCall): number =>
  bytesMoved(group, (name) => {
    const buffer = buffers.find((one) => one.name === name);
    return buffer === undefined ? 0 : sizeInBytes(buffer);
  });

function costOf(module: Module, call: KernelCall, n: number, machine: Machine): KernelCost {
  const { flops } = module.kernels.find(({ name }) => name === call.kernel)!;
  const bytes = movedBy(module, call);
  const stores = call.group.stages.flatMap((stage) => (isLeft(stage) ? [storedIn(stage.definition)] : []));
  return { statement: n + 1, kernel: call.kernel, flops, bytesMoved: bytes, atBest: rooflineOf(flops, bytes, machine), stores };
}

function peakOf({ slots, buffers }: Module, entry: Entry): EntryFacts["peak"] {
  const roles = new Map(buffers.map(({ name, role }) => [name, role]));
  const heldAt = (call: number): Held[] =>
    slots.flatMap((slot) => {
      const { buffer, bytes, live } = slot;
      const holds = (live === "always" && slot.of === undefined) || (entry.buffers.includes(buffer) && isHeldAt(slot, call));
      return holds ? [{ buffer, role: roles.get(buffer) ?? "", bytes: aligned(bytes) }] : [];
    });
  const sum = (held: readonly Held[]): number => held.reduce((n, { bytes }) => n + bytes, 0);
  const all = Array.from({ length: entry.calls.length + 1 }, (_, call) => heldAt(call));
  const at = all.reduce((best, held, call) => (sum(held) > sum(all[best]!) ? call : best), 0);
  const held = all[at]!.sort((a, b) => b.bytes - a.bytes || a.buffer.localeCompare(b.buffer));
  return { statement: at + 1, bytes: sum(held), held };
}

/** A kernel by its name; undefined where there is none. */
export const explainKernel = (lowered: Lowered, name: string): KernelFacts | undefined => {
  const kernel = lowered.module.kernels.find((one) => one.name === name);
  return kernel && factsOf(lowered, kernel, sitesOf(lowered));
};

/** Every kernel. */
export function explainKernels(lowered: Lowered): readonly KernelFacts[] {
  const sites = sitesOf(lowered);
  return lowered.module.kernels.map((kernel) => factsOf(lowered, kernel, sites));
}

const sitesOf = ({ entries, module, target }: Lowered): ReturnType<typeof kernelSites> => kernelSites(entries, module, target.machine);

function factsOf(
  { model, module, entries, target: { machine }, tiles }: Lowered,
  kernel: Kernel,
  sites: ReturnType<typeof kernelSites>,
): KernelFacts {
  const { name } = kernel;
  const calls = module.entries.flatMap((entry, at) =>
    entry.calls.flatMap((call, n): KernelCallFacts[] => {
      if (call.kind !== "call" || call.kernel !== name) return [];
      const bytes = movedBy(module, call);
      return [
        {
          entry: entry.name,
          statement: n + 1,
          bytesMoved: bytes,
          atBest: rooflineOf(kernel.flops, bytes, machine),
          stages: call.group.stages.map(({ definition, storage }) => ({
            text: printDefinition(definition),
            storage,
            ...(storedIn(definition) === definition.name ? {} : { into: storedIn(definition) }),
          })),
          nodes: call.doc,
          neighbours: neighboursOf(entry, entries[at]!, n),
        },
      ];
    }),
  );
  const { group, buffers, modelled } = sites.get(name)![0]!;
  const tile = tiles.get(keyOfGroup(group, buffers).key) ?? modelled;
  const before: Kernel = { ...kernel, ...unscheduled(group, buffers), doc: kernel.doc.slice(0, group.stages.length) };
  return {
    model: model.name,
    kernel: name,
    flops: kernel.flops,
    unscheduled: printKernel(before).trimEnd(),
    loops: printKernel(kernel).trimEnd(),
    schedule: printTile(tile, group.axes),
    ...(sameTile(tile, modelled) ? {} : { insteadOf: printTile(modelled, group.axes) }),
    calls,
  };
}

function neighboursOf(entry: Entry, compiled: CompiledEntry, n: number): Neighbour[] {
  const isKernel = (call: Call): boolean => call.kind === "call";
  const before = entry.calls.slice(0, n).findLastIndex(isKernel);
  const after = entry.calls.findIndex((call, at) => at > n && isKernel(call));
  const neighbour = (side: Neighbour["side"], at: number): Neighbour[] => {
    const call = entry.calls[at];
    if (call?.kind !== "call") return [];
    const [first, second] = side === "before" ? [at, n] : [n, at];
    return [{ side, kernel: call.kernel, statement: at + 1, reasons: apart(compiled, first, second) }];
  };
  return [...neighbour("before", before), ...neighbour("after", after)];
}

/** Why two kernels of an entry are not one: what fusion said, in the program's own names. */
function apart({ definitions, program }: CompiledEntry, first: number, second: number): Neighbour["reasons"] {
  const stagesOf = (at: number) => {
    const call = program.calls[at]!;
    return call.kind === "call" ? call.group.stages.map(({ definition }) => definition) : [];
  };
  const [made, reading] = [stagesOf(first), stagesOf(second)];
  const names = new Set(made.map(({ name }) => name));
  const refused = definitions.refusals
    .filter(({ value, from }) => reading.some(({ name }) => name === value) && from.some((one) => names.has(one)))
    .map(({ value, reason }) => ({ value, reason }));
  if (refused.length > 0) return refused;
  const reads = new Set([...names, ...made.flatMap(({ target }) => target ?? [])]);
  const reader = reading.find(({ value }) => loadsOf(value).some(({ buffer }) => reads.has(buffer)));
  return reader === undefined
    ? [{ reason: "neither reads the other" }]
    : [{ value: reader.name, reason: "what reads it is computed with a later value that it reads as well" }];
}
