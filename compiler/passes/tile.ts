/** Guarantees the tile of a group: how many points along each shared axis one microkernel keeps in locals. */

import { walkScalar } from "../loop/build.ts";
import { namesIn, strideOf, type Index } from "../loop/index.ts";
import type { Group, Scalar } from "../loop/loop.ts";

/** Accumulators that fit scalar registers: 4×2 or 2×4 doubles (a larger tile spills). */
const SHAPES: readonly (readonly [number, number])[] = [[4, 2], [2, 4], [3, 3], [4, 1], [2, 2], [1, 4]]; // prettier-ignore

type Load = Extract<Scalar, { kind: "load" }>;

/** The first reduction of the first stage: what the loops exist for. */
export function mainReduce(group: Group): Extract<Scalar, { kind: "reduce" }> | undefined {
  let found: Extract<Scalar, { kind: "reduce" }> | undefined;
  walkScalar(group.stages[0]!.definition.value, (part) => {
    if (part.kind === "reduce") found ??= part;
  });
  return found;
}

const loadsIn = (s: Scalar): Load[] => {
  const loads: Load[] = [];
  walkScalar(s, (part) => {
    if (part.kind === "load") loads.push(part);
  });
  return loads;
};

const dependsOn = (load: Load, axis: string): boolean =>
  load.at.some((where: Index) => namesIn(where).has(axis));

/** One size an axis. Groups whose stages do not all span the shared axes are not tiled. */
export function tileOf(group: Group): readonly number[] {
  const { axes, stages } = group;
  const ones = axes.map(() => 1);
  const uniform = stages.every(
    ({ definition, storage }) => storage !== "total" && definition.axes.length === axes.length,
  );
  const reduce = mainReduce(group);
  if (!uniform || reduce === undefined || reduce.by !== "add") return ones;
  const loads = loadsIn(reduce.term).filter((load) =>
    reduce.over.some((axis) => dependsOn(load, axis.name)),
  );
  const readBy = axes.map((axis) => loads.filter((load) => dependsOn(load, axis.name)).length);
  const free = axes.map((_, n) => n).filter((n) => axes[n]!.extent > 1);
  if (loads.length === 2) {
    const [a, b] = loads as [Load, Load];
    const only = (load: Load, other: Load): number | undefined =>
      free.filter((n) => dependsOn(load, axes[n]!.name) && !dependsOn(other, axes[n]!.name)).at(-1);
    return twoAxes(group, only(a, b), only(b, a));
  }
  // one operand: neighbours along a contiguous last axis share the walk
  const last = free.at(-1);
  const contiguous =
    last !== undefined &&
    loads.every((load) => load.at.length > 0 && strideOf(load.at.at(-1)!, axes[last]!.name) === 1);
  return contiguous && readBy[last]! > 0
    ? ones.map((one, n) => (n === last ? Math.min(4, axes[n]!.extent) : one))
    : ones;
}

function twoAxes({ axes }: Group, p: number | undefined, q: number | undefined): readonly number[] {
  const sized = (along: readonly (readonly [number | undefined, number])[]): number[] =>
    axes.map(({ extent }, n) => {
      const found = along.find(([axis]) => axis === n);
      return found === undefined ? 1 : Math.min(found[1], extent);
    });
  if (p === undefined || q === undefined) return sized([[p ?? q, 4]]);
  const [m, n] = [axes[p]!.extent, axes[q]!.extent];
  const exact = SHAPES.slice(0, 3).find(([a, b]) => m % a === 0 && n % b === 0);
  const [a, b] = exact ?? (m === 2 || n > 4 ? [2, 4] : [4, 2]);
  return sized([[p, a], [q, b]]); // prettier-ignore
}
