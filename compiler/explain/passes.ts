/**
 * One count of every level, so that what a pass saved can be read off: a graph, and definitions before fusion, count as
 * if each value were computed by a kernel of its own and stored in a place of its own, movements alone going into their readers, and
 * loops written out.
 */

import type { Buffer, Group, Slot } from "../loop/loop.ts";
import type { CompiledEntry, Lowered } from "../driver/lower.ts";
import { isDefinitions, isGraph, isProgram, type Level } from "../driver/observe.ts";
import { bytesMoved, flopsOf } from "../passes/loops/cost.ts";
import { define, type Defined } from "../passes/definitions/define.ts";
import { inlineMovements } from "../passes/definitions/inline.ts";
import { hasReduce } from "../passes/definitions/join.ts";
import { writeOut } from "../passes/graph/write-out.ts";
import { aligned, isPinned, sizeInBytes } from "../passes/placement/place.ts";
import type { Count, PassFact } from "../targets/report.ts";

/** What each pass did to each entry; after the passes of an entry, what placing did. */
export function measurePasses({ entries, module }: Lowered): readonly { readonly entry: string; readonly facts: readonly PassFact[] }[] {
  const pinned = module.slots.filter(({ live }) => live === "always").reduce(endOf, 0);
  return entries.map((entry, n) => {
    const known = new Map<Level, Count>();
    const counted = (level: Level): Count => {
      const count = known.get(level) ?? countLevel(level);
      known.set(level, count);
      return count;
    };
    const facts = entry.passes.map(({ pass, before, after }): PassFact => ({ pass, before: counted(before), after: counted(after) }));
    const last = countProgram(entry.program);
    const own = module.slots.filter(({ buffer }) => module.entries[n]!.buffers.includes(buffer));
    const placed = { ...last, bytesStored: own.reduce(endOf, pinned) - pinned };
    return { entry: entry.name, facts: [...facts, { pass: "place", before: last, after: placed }] };
  });
}

const endOf = (end: number, { offset, bytes }: Slot): number => Math.max(end, aligned(offset + bytes));

function countLevel(level: Level): Count {
  if (isGraph(level)) return { ...countDefined(define.run(writeOut.run(level))), size: level.nodes.length };
  if (isDefinitions(level)) {
    const groups = level.work.flatMap((work) => (work.kind === "group" ? [work.group] : []));
    return countGroups(groups, level.buffers, level.work.length);
  }
  if (isProgram(level)) return countProgram(level);
  return countDefined(level as Defined); // the one level left before placing
}

const countProgram = ({ calls, buffers }: CompiledEntry["program"]): Count =>
  countGroups(
    calls.flatMap((call) => (call.kind === "call" ? [call.group] : [])),
    buffers,
    calls.length,
  );

/** As if nothing were fused. */
function countDefined({ storage, definitions, results, name }: Defined): Count {
  const kept = inlineMovements({ storage, definitions, results, name }).map((term) => term.definition);
  const made = kept.flatMap((definition): Buffer[] => (definition.target === undefined ? [{ ...definition, role: "scratch" }] : []));
  const groups = kept
    .filter(({ shape, value }) => shape.length > 0 || hasReduce(value))
    .map((definition): Group => ({ axes: definition.axes, stages: [{ definition, storage: "buffer" }] }));
  return countGroups(groups, [...storage, ...made], definitions.length);
}

function countGroups(groups: readonly Group[], buffers: readonly Buffer[], size: number): Count {
  const bytes = new Map(buffers.map((buffer) => [buffer.name, sizeInBytes(buffer)]));
  const sum = (of: (group: Group) => number): number => groups.reduce((n, group) => n + of(group), 0);
  return {
    size,
    kernels: groups.length,
    flops: sum(flopsOf),
    bytesMoved: sum((group) => bytesMoved(group, (buffer) => bytes.get(buffer) ?? 0)),
    bytesStored: buffers.filter((buffer) => !isPinned(buffer)).reduce((n, buffer) => n + aligned(sizeInBytes(buffer)), 0),
  };
}
