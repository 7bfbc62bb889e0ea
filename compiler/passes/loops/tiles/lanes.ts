/** The tile of a group in lanes: vectors of the last axis by rows that share them. */

import { sizeOf } from "../../../graph/type.ts";
import { loadsOf } from "../../../loop/build.ts";
import { LANES } from "../../../loop/lanes.ts";
import type { Axis, Group, Load, Reduce } from "../../../loop/loop.ts";
import { isLong, isProduct, isUniform, mainReduce, sumsAlone, type Buffers } from "../group.ts";
import type { Machine } from "../../../loop/machine.ts";
import { rangesOf, type Range } from "../points.ts";
import { pointByPoint, sized, type Tile } from "../tile.ts";
import { LINE, outermost, SECOND } from "./loop-order.ts";
import { axesOfOne, bytesRead, columns, crossed, dependsOn, operandsOf, ownAxes, strideIn } from "./operands.ts";

/** Rows of a microkernel in lanes, where they come out even. */
export const ROWS = 4;

/** Microkernels in lanes, rows by vectors: at most eight sums leave room for operands and products among 16 registers. */
const MICROKERNELS: readonly (readonly [rows: number, vectors: number])[] = [
  [ROWS, 2],
  [2, 4],
  [2, 3],
  [3, 2],
  [1, 4],
];

/** In lanes along the last axis: rows of several vectors for a sum, what is moved line by line, or sums in lanes along themselves. */
export function vectorTile(group: Group, machine: Machine, buffers: Buffers): Tile {
  const plain = pointByPoint(group);
  const lane = columns(group);
  const reduce = mainReduce(group);
  if (lane === undefined) return reduce !== undefined && isUniform(group) ? rowsTile(group, machine, reduce, buffers) : plain;
  if (reduce === undefined || reduce.by !== "add") return movedTile(group, lane, buffers);
  if (reduce.inLanes === true) return rowsTile(group, machine, reduce, buffers);
  const loads = operandsOf(reduce);
  const moves = (load: Load): boolean => dependsOn(load, group.axes[lane]!.name);
  const [still, moving] = [loads.filter((load) => !moves(load)), loads.filter(moves)];
  const row = rowOf(group.axes, lane, still, moving);
  const [rows, vectors] = microkernelOf(row === undefined ? 1 : group.axes[row]!.extent, Math.floor(group.axes[lane]!.extent / LANES));
  const sizes = group.axes.map((_, n) => (n === lane ? vectors * LANES : n === row ? rows : 1));
  if (vectors === 1) besideOf(group.axes, lane, row, still).forEach((size, n) => (sizes[n] = size));
  const accumulating = accumulates(group, buffers);
  const outer = accumulating ? { outer: 1 as const } : {};
  const block = accumulating ? reduce.over[0] : undefined;
  const order = row === undefined ? plain.order : outermost(group, machine, reduce, row, lane, still, moving, sizes, buffers, block);
  const inARow = isProduct(reduce.term) && isLong(reduce) ? { unrolled: machine.unrolled } : {};
  return { sizes, order, lane, ...outer, ...inARow };
}

/** The microkernel for so many rows of so many vectors; rows that come out even lie side by side in copies (pack/). */
function microkernelOf(rows: number, vectors: number): readonly [rows: number, vectors: number] {
  const fitting = MICROKERNELS.map(([r, v]) => [Math.min(r, rows), Math.min(v, vectors)] as const);
  if (rows % ROWS === 0) return fitting[0]!;
  const cycles = (of: readonly [number, number]): number => {
    const [across, along] = [rangesOf(rows, of[0], false), rangesOf(LANES * vectors, LANES * of[1], true)];
    return across.reduce(
      (sum, r) => along.reduce((inner, v) => inner + timesOf(r) * timesOf(v) * cyclesOf(r.size, v.size / LANES), sum),
      0,
    );
  };
  return fitting.reduce((best, one) => (cycles(one) < WORTH * cycles(best) ? one : best));
}

/** Sums side by side, at most: an addition waits for the one before it in the same sum, and not for others. */
const MOST_SUMS = 8;

/**
 * Where rows are one vector, further points beside it, by axis: along those that share what stands still, the last first; where nothing is
 * shared by rows, along all, whole axes before parts of one.
 */
function besideOf(axes: readonly Axis[], lane: number, row: number | undefined, still: readonly Load[]): ReadonlyMap<number, number> {
  const sizes = new Map<number, number>();
  let left = row === undefined ? MOST_SUMS : MOST_SUMS / Math.min(ROWS, axes[row]!.extent);
  for (let n = axes.length - 1; n >= 0 && left >= 2; n--) {
    const isShared = !still.some((load) => dependsOn(load, axes[n]!.name));
    if (n === lane || n === row || axes[n]!.extent === 1 || (row !== undefined && !isShared)) continue;
    const size = Math.min(axes[n]!.extent, Math.floor(left));
    sizes.set(n, size);
    left /= size;
  }
  return sizes;
}

/** What a microkernel must take of the time of one before it in the list; of many rows, only the last are uneven, and little is gained. */
const WORTH = 0.98;

/** How often a range is taken. */
const timesOf = ({ from, to, size }: Range): number => (to - from) / size;

/** Cycles of one term: two products, two sums and two loads at once, and something for the loop (measured on Zen, conv2d of 6 channels). */
const cyclesOf = (rows: number, vectors: number): number => (Math.max(rows * vectors, rows + vectors) + 1) / 2;

/** The axis whose points share what moves along the columns and read what stands still: of several the last that fills a tile. */
export function rowOf(axes: readonly Axis[], column: number, still: readonly Load[], moving: readonly Load[]): number | undefined {
  return axes
    .map((_, n) => n)
    .filter((n) => n !== column && axes[n]!.extent > 1)
    .filter((n) => still.some((load) => dependsOn(load, axes[n]!.name)) && !moving.some((load) => dependsOn(load, axes[n]!.name)))
    .reduce<number | undefined>(
      (best, n) => (best === undefined || Math.min(ROWS, axes[n]!.extent) >= Math.min(ROWS, axes[best]!.extent) ? n : best),
      undefined,
    );
}

/** Terms that must be added between a load and a store of sums that stay in memory: of sums that the second cache holds, and of others. */
const LEAST_AT_ONCE = { near: 64, far: 144 };

/** Whether a group is nothing but sums, each of many terms at once: then they may stay in memory, exact in float32. */
export function accumulates(group: Group, buffers: Buffers): boolean {
  const reduce = sumsAlone(group);
  if (reduce === undefined) return false;
  const isNear = sizeOf(group.stages[0]!.definition.shape) * 4 <= SECOND;
  if (sizeOf(reduce.over.slice(1).map(({ extent }) => extent)) < (isNear ? LEAST_AT_ONCE.near : LEAST_AT_ONCE.far)) return false;
  return operandsOf(reduce).reduce((sum, load) => sum + bytesRead(load, buffers), 0) >= 2 * SECOND;
}

/** Values that are no sums: a vector, or as many as use lines of memory whole. */
function movedTile(group: Group, lane: number, buffers: Buffers): Tile {
  const plain = pointByPoint(group);
  const panel = lane - 1;
  const strides = (axis: number): (number | undefined)[] =>
    group.stages.flatMap(({ definition }) => loadsOf(definition.value)).map((load) => strideIn(load, group.axes[axis]!.name, buffers));
  // panels: what is written lies a vector apart along one axis, what is read along another
  const near = plain.order.find((n) => n < panel && strides(n).length > 0 && strides(n).every((stride) => stride === LANES));
  if (group.axes[lane]!.extent === LANES && near !== undefined) {
    // whole lines of what is written, two where there are: memory takes neighbours together
    const rows = [2 * LINE, LINE].find((vectors) => group.axes[panel]!.extent % vectors === 0);
    if (rows !== undefined)
      return {
        sizes: sized(group, [
          [lane, LANES],
          [panel, rows],
        ]),
        order: [...plain.order.filter((n) => n !== near), near],
        lane,
      };
  }
  return {
    ...plain,
    sizes: sized(group, [
      [lane, LANES],
      [crossed(group, lane, buffers), 8],
    ]),
    lane,
  };
}

/** Sums of a window side by side, at most: their operands are all loaded before the first is added, and stay in registers beside them. */
const MOST_OF_WINDOW = 6;

/** The points along axes that the first operand has to itself, which all share what the other reads: the last axes first. */
function windowOf(group: Group, [own, shared]: readonly [Load, Load]): readonly (readonly [axis: number, size: number])[] {
  let left = MOST_OF_WINDOW;
  return axesOfOne(group, own, shared)
    .toReversed()
    .map((axis, n) => {
      const { extent } = group.axes[axis]!;
      const size = Math.max(1, n === 0 && extent > 5 ? 4 : Math.min(extent, Math.floor(left)));
      left /= size;
      return [axis, size] as const;
    });
}

/** Sums in lanes along their own axis: rows of both operands side by side. */
function rowsTile(group: Group, machine: Machine, reduce: Reduce, buffers: Buffers): Tile {
  const plain = pointByPoint(group);
  const loads = operandsOf(reduce);
  if (reduce.inLanes !== true) return plain;
  if (loads.length !== 2) {
    const free = group.axes.findLastIndex(({ extent }) => extent > 1);
    return { ...plain, sizes: sized(group, [[free, 4]]) };
  }
  const [a, b] = loads as [Load, Load];
  const [p, q] = ownAxes(group, [a, b]);
  if (p === undefined || q === undefined) return { ...plain, sizes: sized(group, windowOf(group, p === undefined ? [b, a] : [a, b])) };
  const sizes = sized(
    group,
    bytesRead(a, buffers) >= bytesRead(b, buffers)
      ? [
          [p, 4],
          [q, 2],
        ]
      : [
          [p, 2],
          [q, 4],
        ],
  );
  return { sizes, order: outermost(group, machine, reduce, p, q, [a], [b], sizes, buffers) };
}
