/** How the operands of a sum lie: along which axes they move, how far, and how many bytes they are. */

import { bytesOf, sizeOf } from "../../../graph/type.ts";
import { loadsOf } from "../../../loop/build.ts";
import { index, namesIn, rowMajor, strideOf, substitute, type Index } from "../../../loop/index-expression.ts";
import { LANES } from "../../../loop/lanes.ts";
import type { Axis, Group, Load, Reduce } from "../../../loop/loop.ts";
import { isUniform, type Buffers } from "../group.ts";

/** Whether a load moves along an axis. */
export const dependsOn = (load: Load, axis: string): boolean => load.at.some((where: Index) => namesIn(where).has(axis));

/** The operands of a reduction: its loads that its own axes move. */
export const operandsOf = (reduce: Reduce): Load[] =>
  loadsOf(reduce.term).filter((load) => reduce.over.some((axis) => dependsOn(load, axis.name)));

/**
 * One load of each side of a product: an operand may be computed from several, of which one moves along all shared axes that any of the
 * others moves along.
 */
export function sidesOf({ axes }: Group, loads: readonly Load[]): readonly Load[] {
  const moved = (load: Load): number[] => axes.flatMap(({ name }, n) => (dependsOn(load, name) ? [n] : []));
  const all = [...new Map(loads.map((load) => [moved(load).join(), { load, along: moved(load) }])).values()];
  const isPart = (some: readonly number[], of: readonly number[]): boolean => some.length < of.length && some.every((n) => of.includes(n));
  return all.filter(({ along }) => !all.some((other) => isPart(along, other.along))).map(({ load }) => load);
}

/** The axes that only the one operand depends on. */
export const axesOfOne = ({ axes }: Group, load: Load, other: Load): readonly number[] =>
  axes.map((_, n) => n).filter((n) => axes[n]!.extent > 1 && dependsOn(load, axes[n]!.name) && !dependsOn(other, axes[n]!.name));

/** The last axis that only the one operand depends on, and the last that only the other does. */
export const ownAxes = (group: Group, [a, b]: readonly [Load, Load]): readonly [number | undefined, number | undefined] => [
  axesOfOne(group, a, b).at(-1),
  axesOfOne(group, b, a).at(-1),
];

/** How far a load moves in memory with an axis; values of the group itself move with its axes. */
export function strideIn(load: Load, axis: string, buffers: Buffers): number | undefined {
  const shape = buffers.get(load.buffer)?.shape;
  if (shape === undefined) return 0;
  const flat = rowMajor(load.at, shape);
  // in panels of a vector's columns: from the one that a vector starts with
  return strideOf(flat, axis) ?? strideOf(substitute(flat, new Map([[axis, index(axis, LANES)]])), axis);
}

/** Whether along an axis every operand of a reduction stands still or moves to its neighbour, and one moves. */
export function contiguousIn(reduce: Reduce, axis: Axis, buffers: Buffers): boolean {
  const strides = operandsOf(reduce).map((load) => strideIn(load, axis.name, buffers));
  return strides.includes(1) && strides.every((stride) => stride === 0 || stride === 1);
}

/** Whether the points along the last shared axis lie side by side for every operand of the reduction. */
export function columns(group: Group): number | undefined {
  const lane = group.axes.findLastIndex(({ extent }) => extent > 1);
  if (lane < 0 || !isUniform(group) || group.axes[lane]!.extent < LANES) return undefined;
  return lane;
}

/** Whether points in lanes serve a reduction: its operands lie side by side, in whole vectors or with no longer rows of their own. */
export function inColumns(group: Group, lane: number, reduce: Reduce, buffers: Buffers): boolean {
  const { extent } = group.axes[lane]!;
  if (!contiguousIn(reduce, group.axes[lane]!, buffers)) return false;
  return (
    extent >= 2 * LANES || extent === LANES || !reduce.over.some((axis) => axis.extent >= 2 * LANES && contiguousIn(reduce, axis, buffers))
  );
}

/** The axis along which a load lies side by side that the lanes read at a distance: lines are used whole. */
export function crossed(group: Group, lane: number, buffers: Buffers): number | undefined {
  const loads = group.stages
    .flatMap(({ definition }) => loadsOf(definition.value))
    .filter((load) => (strideIn(load, group.axes[lane]!.name, buffers) ?? 0) > 2 * LANES);
  const found = group.axes.findIndex(
    (axis, n) => n !== lane && axis.extent >= 8 && loads.some((load) => strideIn(load, axis.name, buffers) === 1),
  );
  return found < 0 ? undefined : found;
}

/** Bytes of the buffer that a load reads. */
export const bytesRead = (load: Load, buffers: Buffers): number => {
  const buffer = buffers.get(load.buffer);
  return buffer === undefined ? 0 : sizeOf(buffer.shape) * bytesOf(buffer.dtype);
};
