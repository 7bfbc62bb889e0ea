/** The tile of a group without lanes: as many values side by side as scalar registers hold. */

import { sizeOf } from "../../../graph/type.ts";
import { walkScalar } from "../../../loop/build.ts";
import { divisorsOf, strideOf } from "../../../loop/index-expression.ts";
import type { Axis, Group, Load } from "../../../loop/loop.ts";
import { hasReduceIn, isLong, isUniform, mainReduce, type Buffers } from "../group.ts";
import { cutsOf } from "../guards.ts";
import type { Machine } from "../../../loop/machine.ts";
import { pointByPoint, sized, type Tile } from "../tile.ts";
import { outermost } from "./loop-order.ts";
import { axesOfOne, crossed, dependsOn, operandsOf, ownAxes, sidesOf } from "./operands.ts";

/** Accumulators that fit scalar registers: 4×2 or 2×4 doubles (a larger tile spills). */
const SHAPES: readonly (readonly [number, number])[] = [
  [4, 2],
  [2, 4],
  [3, 3],
];

/** The same where the products of one iteration are held beside them: an engine multiplies first, then adds. */
const SHAPES_UNROLLED: readonly (readonly [number, number])[] = [
  [3, 2],
  [2, 3],
];

/** Without lanes: as many sums as registers hold where two operands meet, neighbours that share a walk, or point by point. */
export function scalarTile(group: Group, machine: Machine, buffers: Buffers): Tile {
  const { axes } = group;
  const plain = pointByPoint(group);
  const reduce = mainReduce(group);
  if (isUniform(group) && reduce === undefined && axes.length > 0) {
    const across = crossed(group, axes.length - 1, buffers);
    return across === undefined ? onePeriod(group) : { ...plain, sizes: sized(group, [[across, 8]]) };
  }
  if (!isUniform(group) || reduce === undefined || reduce.by !== "add") return plain;
  const loads = operandsOf(reduce);
  const readBy = axes.map((axis) => loads.filter((load) => dependsOn(load, axis.name)).length);
  const free = axes.map((_, n) => n).filter((n) => axes[n]!.extent > 1);
  const sides = loads.length === 2 ? loads : sidesOf(group, loads);
  if (sides.length === 2) {
    const [a, b] = sides as [Load, Load];
    const own = ownAxes(group, [a, b]);
    if (own[0] === undefined || own[1] === undefined || !isLong(reduce)) return { ...plain, sizes: twoAxes(group, ...own) };
    const { p, q, sizes } = leastLeft(group, axesOfOne(group, a, b), axesOfOne(group, b, a));
    const order =
      p < q
        ? outermost(group, machine, reduce, p, q, [a], [b], sizes, buffers)
        : outermost(group, machine, reduce, q, p, [b], [a], sizes, buffers);
    return { sizes, order, unrolled: machine.unrolled };
  }
  // one operand: neighbours along a contiguous last axis share the walk
  const last = free.at(-1);
  const contiguous = last !== undefined && loads.every((load) => load.at.length > 0 && strideOf(load.at.at(-1)!, axes[last]!.name) === 1);
  const sizes =
    contiguous && readBy[last]! > 0 ? plain.sizes.map((one, n) => (n === last ? Math.min(4, axes[n]!.extent) : one)) : plain.sizes;
  return { ...plain, sizes };
}

/** Point by point; where guards ask for the place of an axis within a period, all points of one at a time: of each they are then decided. */
export function onePeriod(group: Group): Tile {
  const plain = pointByPoint(group);
  if (!isUniform(group) || hasReduceIn(group.stages)) return plain;
  const sizes = group.axes.map((axis) => Math.min(periodOf(group, axis), axis.extent));
  return sizeOf(sizes) > PERIODS ? plain : { ...plain, sizes };
}

/** Points of periods that stand side by side, at most. */
const PERIODS = 16;

/** The longest period of an axis of which a guard asks for the place; 1 where none does, or where a stretch of the axis begins anywhere. */
function periodOf(group: Group, axis: Axis): number {
  const found = [1];
  for (const { definition } of group.stages)
    walkScalar(definition.value, (part) => {
      if (part.kind === "index") found.push(...divisorsOf(part.at, axis.name));
    });
  return cutsOf(group, axis).length > 2 ? 1 : Math.max(...found);
}

/** The shape of sums that two operands share, of which the points come out even where one does. */
function twoAxes(group: Group, p: number | undefined, q: number | undefined): readonly number[] {
  if (p === undefined || q === undefined) return sized(group, [[p ?? q, 4]]);
  const [m, n] = [group.axes[p]!.extent, group.axes[q]!.extent];
  const exact = SHAPES.find(([a, b]) => m % a === 0 && n % b === 0);
  const [a, b] = exact ?? (m === 2 || n > 4 ? [2, 4] : [4, 2]);
  return sized(group, [
    [p, a],
    [q, b],
  ]);
}

/** The axes, one of each operand, and the shape of whose tiles the fewest points are left over; of equal ones the last axes. */
function leastLeft(group: Group, ps: readonly number[], qs: readonly number[]): { p: number; q: number; sizes: readonly number[] } {
  const whole = (axis: number, size: number): number => 1 - (group.axes[axis]!.extent % size) / group.axes[axis]!.extent;
  const all = ps.flatMap((p) =>
    qs.flatMap((q) => [...SHAPES_UNROLLED].reverse().map(([a, b]) => ({ p, q, a, b, covered: whole(p, a) * whole(q, b) }))),
  );
  const { p, q, a, b } = all.reduceRight((best, one) => (one.covered > best.covered ? one : best));
  return {
    p,
    q,
    sizes: sized(group, [
      [p, a],
      [q, b],
    ]),
  };
}
