/** The tile of a group of which every position along an axis has an expression of its own: all of them side by side. */

import { sizeOf } from "../../../graph/type.ts";
import { loadsOf } from "../../../loop/build.ts";
import { LANES } from "../../../loop/lanes.ts";
import type { Axis, Group } from "../../../loop/loop.ts";
import { isUniform, mainReduce } from "../group.ts";
import { cutsOf } from "../guards.ts";
import type { Machine } from "../../../loop/machine.ts";
import type { Tile } from "../tile.ts";
import { columns } from "./operands.ts";

/** The axes of which every position has an expression of its own, few in all, where these read the same buffers. */
export function piecewise(group: Group): readonly number[] {
  if (!isUniform(group) || mainReduce(group) !== undefined) return [];
  const shares = group.stages.some(({ definition }) => {
    const loads = loadsOf(definition.value);
    return new Set(loads.map(({ buffer }) => buffer)).size < loads.length;
  });
  if (!shares) return [];
  const isPiecewise = (axis: Axis): boolean => axis.extent > 1 && cutsOf(group, axis).length === axis.extent + 1;
  const found = group.axes.flatMap((axis, n) => (isPiecewise(axis) ? [n] : []));
  return sizeOf(found.map((n) => group.axes[n]!.extent)) > PIECES ? [] : found;
}

/** Expressions that stand side by side in one kernel, at most: an engine optimizes no function of unlimited length. */
const PIECES = 36;

/** Every piece at one point of the other axes, or at a vector of points. */
export function piecesTile(group: Group, pieces: readonly number[], machine: Machine): Tile {
  const others = group.axes.map((_, n) => n).filter((n) => !pieces.includes(n));
  const last = columns(group);
  const lane = machine.lanes > 1 && last !== undefined && others.includes(last) ? { lane: last } : {};
  const sizes = group.axes.map(({ extent }, n) => (pieces.includes(n) ? extent : n === lane.lane ? LANES : 1));
  return { sizes, order: [...others, ...pieces], ...lane, pieces };
}
