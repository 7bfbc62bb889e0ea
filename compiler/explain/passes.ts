/**
 * One count of every level, so that what a pass saved can be read off: a graph, and definitions before fusion, count as
 * if each value were computed by a kernel of its own and stored in a place of its own, movements alone going into their readers. What runs
 * once a turn counts as often.
 */

import { bodyOf, type Graph } from "../graph/graph.ts";
import type { Buffer, Group, Slot } from "../loop/loop.ts";
import { timesOf } from "../loop/turns.ts";
import type { ScanAttrs } from "../ops/scan-attrs.ts";
import type { CompiledEntry, Lowered } from "../driver/lower.ts";
import { isDefinitions, isGraph, isProgram, type Level } from "../driver/observe.ts";
import { bytesMoved, flopsOf } from "../passes/loops/cost.ts";
import { defined, type Defined } from "../passes/definitions/define.ts";
import { inlineMovements } from "../passes/definitions/inline.ts";
import { hasReduce } from "../passes/definitions/join.ts";
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
  if (isGraph(level)) return countGraph(level);
  if (isDefinitions(level)) {
    const groups = level.work.flatMap((work, n): Counted[] =>
      work.kind === "group" ? [{ group: work.group, times: timesOf(level.loops, n) }] : [],
    );
    return countGroups(groups, level.buffers, level.work.length);
  }
  if (isProgram(level)) return countProgram(level);
  return countDefined(level as Defined); // the one level left before placing
}

const countProgram = ({ calls, loops, buffers }: CompiledEntry["program"]): Count =>
  countGroups(
    calls.flatMap((call, n): Counted[] => (call.kind === "call" ? [{ group: call.group, times: timesOf(loops, n) }] : [])),
    buffers,
    calls.length,
  );

/** The nodes of a graph, and those of its bodies as often as they run; what they store lies in one place for all turns. */
function countGraph(graph: Graph): Count {
  const bodies = graph.nodes.flatMap((node): Count[] => {
    const body = bodyOf(node);
    if (body === undefined) return [];
    const { steps } = node.attrs as unknown as ScanAttrs; // scan alone has a body
    const once = countGraph(body);
    return [{ ...once, kernels: once.kernels * steps, flops: once.flops * steps, bytesMoved: once.bytesMoved * steps }];
  });
  return bodies.reduce(
    (all, one): Count => ({
      size: all.size,
      kernels: all.kernels + one.kernels,
      flops: all.flops + one.flops,
      bytesMoved: all.bytesMoved + one.bytesMoved,
      bytesStored: all.bytesStored + one.bytesStored,
    }),
    { ...countDefined(defined(graph)), size: graph.nodes.length },
  );
}

/** As if nothing were fused. */
function countDefined({ storage, definitions, results, name, sections }: Defined): Count {
  if (sections !== undefined) {
    const counts = sections.all.map(({ of, turns }) => {
      const once = countDefined(of);
      const times = turns?.turn.extent ?? 1;
      return { ...once, kernels: once.kernels * times, flops: once.flops * times, bytesMoved: once.bytesMoved * times };
    });
    const sum = (of: (count: Count) => number): number => counts.reduce((all, one) => all + of(one), 0);
    return {
      size: definitions.length,
      kernels: sum(({ kernels }) => kernels),
      flops: sum(({ flops }) => flops),
      bytesMoved: sum(({ bytesMoved: moved }) => moved),
      // each part counts all that parts share
      bytesStored: sum(({ bytesStored }) => bytesStored) - (counts.length - 1) * storedIn(storage),
    };
  }
  const kept = inlineMovements({ storage, definitions, results, name }).map((term) => term.definition);
  const made = kept.flatMap((definition): Buffer[] => (definition.target === undefined ? [{ ...definition, role: "scratch" }] : []));
  const groups = kept
    .filter(({ shape, value }) => shape.length > 0 || hasReduce(value))
    .map((definition): Counted => ({ group: { axes: definition.axes, stages: [{ definition, storage: "buffer" }] }, times: 1 }));
  return countGroups(groups, [...storage, ...made], definitions.length);
}

interface Counted {
  readonly group: Group;
  /** How often it runs. */
  readonly times: number;
}

function countGroups(groups: readonly Counted[], buffers: readonly Buffer[], size: number): Count {
  const bytes = new Map(buffers.map((buffer) => [buffer.name, sizeInBytes(buffer)]));
  const sum = (of: (group: Group) => number): number => groups.reduce((n, { group, times }) => n + times * of(group), 0);
  return {
    size,
    kernels: sum(() => 1),
    flops: sum(flopsOf),
    bytesMoved: sum((group) => bytesMoved(group, (buffer) => bytes.get(buffer) ?? 0)),
    bytesStored: storedIn(buffers),
  };
}

/** Bytes of what is neither kept from step to step nor a part of something else. */
const storedIn = (buffers: readonly Buffer[]): number =>
  buffers.filter((buffer) => !isPinned(buffer) && buffer.window === undefined).reduce((n, buffer) => n + aligned(sizeInBytes(buffer)), 0);
