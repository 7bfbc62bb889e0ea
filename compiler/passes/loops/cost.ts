/** What a group of definitions costs, from its index notation alone: operations, and bytes between memory and the loops. */

import { bytesOf, sizeOf } from "../../graph/type.ts";
import { Keys, loadsOf, substitute, walkScalar } from "../../loop/build.ts";
import { namesIn } from "../../loop/index-expression.ts";
import { flopsOfScalar } from "../../loop/flops.ts";
import type { Axis, Definition, Group, Scalar } from "../../loop/loop.ts";
import { pickOf, placedSum, type Pick } from "../../loop/pick.ts";
import { identityRun } from "../definitions/join.ts";
import { taken } from "./guards.ts";
import { NEAR, type Machine } from "../../loop/machine.ts";
import { piecewise } from "./tiles/pieces.ts";
import { pointsOf } from "./unroll.ts";

/** How long a kernel takes at best. */
export interface Roofline {
  readonly seconds: number;
  /** What takes that long; the other is done meanwhile. */
  readonly limit: "arithmetic" | "memory";
  /** The part of the machine's arithmetic that this leaves in use: 1 where arithmetic is the limit. */
  readonly share: number;
}

/** The roofline (Williams, Waterman, Patterson 2009): arithmetic and traffic with memory overlap, and the slower is what is waited for. */
export function rooflineOf(flops: number, bytes: number, { rates }: Machine): Roofline {
  const { near, far } = rates.bytesPerSecond;
  const [arithmetic, memory] = [flops / rates.flopsPerSecond, bytes / (bytes <= NEAR ? near : far)];
  const seconds = Math.max(arithmetic, memory);
  return { seconds, limit: arithmetic >= memory ? "arithmetic" : "memory", share: seconds === 0 ? 0 : arithmetic / seconds };
}

/** Floating-point operations of a group. */
export const flopsOf = (group: Group): number => flopsOfStages(group).reduce((sum, flops) => sum + flops, 0);

const known = new WeakMap<Group, readonly number[]>();

/** The same of each stage. */
export function flopsOfStages(group: Group): readonly number[] {
  const flops = known.get(group) ?? counted(group);
  known.set(group, flops);
  return flops;
}

function counted(group: Group): readonly number[] {
  const pieces = piecewise(group).map((n) => group.axes[n]!);
  const first = group.stages[0]!;
  const placed = placedSum(first.definition);
  const terms = placesOf(first.definition) ?? 0;
  return group.stages.map(({ definition }) => {
    const { shape, value } = definition;
    const isSum = definition === first.definition;
    if (placed !== undefined && (isSum || first.storage === "places"))
      return terms * (isSum ? flopsOfScalar(placed.term) + 1 : flopsOfScalar(value));
    return pieces.length === 0
      ? sizeOf(shape) * flopsOfScalar(value)
      : (sizeOf(shape) / sizeOf(pieces.map(({ extent }) => extent))) * shared(value, pieces);
  });
}

/** Operations of all pieces at one point: what they have in common is computed once. */
function shared(value: Scalar, pieces: readonly Axis[]): number {
  const of = pieces.map(({ name, extent }) => `${name}<${extent}`).join();
  const before = sharing.get(value);
  if (before?.of === of) return before.operations;
  const [keys, seen] = [new Keys(), new Set<string>()];
  for (const position of pointsOf(pieces))
    walkScalar(substitute(taken(value, position), position), (part) => {
      if (part.kind === "apply" && part.dtype !== "bool" && part.fn !== "cast") seen.add(keys.of(part));
    });
  sharing.set(value, { of, operations: seen.size });
  return seen.size;
}

/** What was found of a value last, which several passes ask. */
const sharing = new WeakMap<Scalar, { readonly of: string; readonly operations: number }>();

/**
 * Bytes that cross between memory and a group's loops, as if nothing were read twice: for each buffer the elements that its loads can
 * name, at most all of it, and every element that is stored. What a local, a sum, or the point itself hands on costs nothing.
 */
export function bytesMoved({ axes, stages }: Group, sizeInBytes: (buffer: string) => number): number {
  const stored = new Map(stages.map(({ definition, storage }) => [definition.name, storage === "buffer"]));
  const read = new Map<string, number>();
  for (const { definition } of stages) {
    const extents = extentsOf(definition);
    const picks = picksIn(definition);
    for (const { buffer, dtype, at } of loadsOf(definition.value)) {
      const handedOn = stored.has(buffer) && (stored.get(buffer) === false || identityRun(at, axes) === at.length);
      if (handedOn) continue;
      const names = new Set<string>();
      for (const index of at) namesIn(index, names);
      // what a position picks is as many elements as there are positions
      for (const { axis, at: position } of picks)
        if (names.delete(axis.name)) for (const load of loadsOf(position)) load.at.forEach((one) => namesIn(one, names));
      const named = [...names].reduce((n, name) => n * (extents.get(name) ?? 1), 1);
      const elements = stages[0]!.storage === "places" ? Math.min(named, placesOf(stages[0]!.definition)!) : named;
      const bytes = (read.get(buffer) ?? 0) + elements * bytesOf(dtype);
      read.set(buffer, Math.min(bytes, sizeInBytes(buffer)));
    }
  }
  const atPlaces = stages[0]!.storage === "places" ? placesOf(stages[0]!.definition) : undefined;
  const writes = stages.map(({ definition: { dtype, shape }, storage }) =>
    storage === "local" ? 0 : Math.min(sizeOf(shape), atPlaces ?? Infinity) * bytesOf(dtype),
  );
  return [...read.values(), ...writes].reduce((sum, bytes) => sum + bytes, 0);
}

/** How many elements a sum adds to that goes where the data tell, if no place came twice. */
function placesOf(definition: Definition): number | undefined {
  const placed = placedSum(definition);
  if (placed === undefined) return undefined;
  return sizeOf(placed.over.map(({ extent }) => extent)) * (sizeOf(definition.shape) / placed.axis.extent);
}

/** The terms of sums that positions pick. */
function picksIn({ value }: Definition): readonly Pick[] {
  const picks: Pick[] = [];
  walkScalar(value, (part) => {
    const pick = part.kind === "reduce" ? pickOf(part) : undefined;
    if (pick !== undefined) picks.push(pick);
  });
  return picks;
}

/** Every axis that a definition's value runs over, those of its reductions included. */
function extentsOf({ axes, value }: Definition): ReadonlyMap<string, number> {
  const all: Axis[] = [...axes];
  walkScalar(value, (part) => {
    if (part.kind === "reduce") all.push(...part.over);
  });
  return new Map(all.map(({ name, extent }) => [name, extent]));
}
