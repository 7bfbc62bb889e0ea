/** Guarantees the tile of a group: how many points along each shared axis one microkernel keeps in locals, in which order, and in lanes along which axis. */

import { bytesOf, sizeOf } from "../../graph/type.ts";
import { firstReduce, loadsOf, storedIn, walkScalar } from "../../loop/build.ts";
import { divisorsOf, index, namesIn, rowMajor, strideOf, substitute, type Index } from "../../loop/index-expression.ts";
import { LANES } from "../../loop/lanes.ts";
import type { Axis, Buffer, Group, Scalar, Stage } from "../../loop/loop.ts";
import { cutsOf } from "./guards.ts";
import { NEAR, type Machine } from "./machine.ts";
import { rangesOf, type Range } from "./points.ts";

export interface Tile {
  /** Points along each shared axis. */
  readonly sizes: readonly number[];
  /** Shared axes by position, the outermost loop first. */
  readonly order: readonly number[];
  /** The axis whose points lie in lanes; its size is a whole number of vectors. */
  readonly lane?: number;
  /** Leading axes of the sum that go outside all loops: the sums stay in memory meanwhile. */
  readonly outer?: 1;
  /** Iterations of the innermost loop of the sums that are written in a row. */
  readonly unrolled?: number;
  /** Axes of which every position has an expression of its own: all of them stand side by side and share what they read. */
  readonly pieces?: readonly number[];
}

/** Values that a tile keeps side by side: its points, of lanes one for each vector. */
export const valuesOf = ({ sizes, lane }: Tile): number =>
  sizes.reduce((product, size, n) => product * (n === lane ? size / LANES : size), 1);

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

/** Terms from which on a sum is long. */
export const LONG_SUM = 24;

/** Whether the innermost axis of a sum is long; where nothing is summed there is none. */
export const isLong = ({ over }: Reduce): boolean => (over.at(-1)?.extent ?? 0) >= LONG_SUM;

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

type Load = Extract<Scalar, { kind: "load" }>;
type Reduce = Extract<Scalar, { kind: "reduce" }>;
type Buffers = ReadonlyMap<string, Buffer>;

/** The first reduction of the first stage: what the loops exist for. */
export const mainReduce = ({ stages }: Group): Reduce | undefined => firstReduce(stages[0]!.definition.value);

const dependsOn = (load: Load, axis: string): boolean => load.at.some((where: Index) => namesIn(where).has(axis));

/** Whether every stage spans the shared axes, and nothing else. */
export const isUniform = ({ axes, stages }: Group): boolean =>
  stages.every(({ definition, storage }) => storage !== "total" && definition.axes.length === axes.length);

export const hasReduceIn = (stages: readonly Stage[]): boolean =>
  stages.some(({ definition }) => firstReduce(definition.value) !== undefined);

/** Whether a sum is one of products. */
export const isProduct = (term: Scalar): boolean => term.kind === "apply" && term.fn === "mul";

/** One point after the other. */
export const pointByPoint = ({ axes }: Group): Tile => ({
  sizes: axes.map(() => 1),
  order: axes.map((_, n) => n),
});

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

/** The operands of a reduction: its loads that its own axes move. */
const operandsOf = (reduce: Reduce): Load[] =>
  loadsOf(reduce.term).filter((load) => reduce.over.some((axis) => dependsOn(load, axis.name)));

export function tileOf(group: Group, machine: Machine, buffers: Buffers): Tile {
  const pieces = piecewise(group);
  if (pieces.length > 0) return piecesTile(group, pieces, machine);
  if (machine.lanes > 1) return vectorTile(group, machine, buffers);
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

/** Columns that stand side by side where time does not matter, at most. */
const FEW = 5;

/** The tile of a group that does little of the work, one value at a time: a row, whole tiles of columns, nothing in a row, for the shortest text. */
export function shortTile(group: Group, machine: Machine, buffers: Buffers): Tile {
  const tile = tileOf(group, machine, buffers);
  const reduce = mainReduce(group);
  if (machine.lanes > 1 || tile.pieces !== undefined || !isUniform(group) || reduce?.by !== "add") return tile;
  const column = group.axes.findLastIndex((_, n) => tile.sizes[n]! > 1);
  if (column < 0) return tile;
  const { extent } = group.axes[column]!;
  const size = Array.from({ length: FEW }, (_, n) => FEW - n).find((n) => extent % n === 0)!;
  return { ...pointByPoint(group), sizes: sized(group, [[column, size]]) };
}

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
function piecesTile(group: Group, pieces: readonly number[], machine: Machine): Tile {
  const others = group.axes.map((_, n) => n).filter((n) => !pieces.includes(n));
  const last = columns(group);
  const lane = machine.lanes > 1 && last !== undefined && others.includes(last) ? { lane: last } : {};
  const sizes = group.axes.map(({ extent }, n) => (pieces.includes(n) ? extent : n === lane.lane ? LANES : 1));
  return { sizes, order: [...others, ...pieces], ...lane, pieces };
}

/**
 * One load of each side of a product: an operand may be computed from several, of which one moves along all shared axes that any of the
 * others moves along.
 */
function sidesOf({ axes }: Group, loads: readonly Load[]): readonly Load[] {
  const moved = (load: Load): number[] => axes.flatMap(({ name }, n) => (dependsOn(load, name) ? [n] : []));
  const all = [...new Map(loads.map((load) => [moved(load).join(), { load, along: moved(load) }])).values()];
  const isPart = (some: readonly number[], of: readonly number[]): boolean => some.length < of.length && some.every((n) => of.includes(n));
  return all.filter(({ along }) => !all.some((other) => isPart(along, other.along))).map(({ load }) => load);
}

/** The axes that only the one operand depends on. */
const axesOfOne = ({ axes }: Group, load: Load, other: Load): readonly number[] =>
  axes.map((_, n) => n).filter((n) => axes[n]!.extent > 1 && dependsOn(load, axes[n]!.name) && !dependsOn(other, axes[n]!.name));

/** The last axis that only the one operand depends on, and the last that only the other does. */
const ownAxes = (group: Group, [a, b]: readonly [Load, Load]): readonly [number | undefined, number | undefined] => [
  axesOfOne(group, a, b).at(-1),
  axesOfOne(group, b, a).at(-1),
];

const sized = ({ axes }: Group, along: readonly (readonly [number | undefined, number])[]): number[] =>
  axes.map(({ extent }, n) => {
    const found = along.find(([axis]) => axis === n);
    return found === undefined ? 1 : Math.min(found[1], extent);
  });

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

// Lanes.

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

/** A sum is taken in lanes along its own axis from this extent on; below, gathering lanes costs more than it saves. */
export const LEAST_IN_LANES = 8;

/** Whether lanes serve a sum along its innermost axis, where it stands alone: its points do not lie in lanes, and its terms side by side. */
export function servedByLanes(group: Group, reduce: Reduce, buffers: Buffers): boolean {
  const [lane, last] = [columns(group), reduce.over.at(-1)];
  if (last === undefined || last.extent < LEAST_IN_LANES) return false;
  return !(lane !== undefined && inColumns(group, lane, reduce, buffers)) && contiguousIn(reduce, last, buffers);
}

/** Whether the points along the last shared axis lie side by side for every operand of the reduction. */
function columns(group: Group): number | undefined {
  const lane = group.axes.findLastIndex(({ extent }) => extent > 1);
  if (lane < 0 || !isUniform(group) || group.axes[lane]!.extent < LANES) return undefined;
  return lane;
}

/** Whether points in lanes serve a reduction: its operands lie side by side, in whole vectors or with no longer rows of their own. */
function inColumns(group: Group, lane: number, reduce: Reduce, buffers: Buffers): boolean {
  const { extent } = group.axes[lane]!;
  if (!contiguousIn(reduce, group.axes[lane]!, buffers)) return false;
  return (
    extent >= 2 * LANES || extent === LANES || !reduce.over.some((axis) => axis.extent >= 2 * LANES && contiguousIn(reduce, axis, buffers))
  );
}

/**
 * The sum of a group in the order that the machine asks for where it stands alone: with lanes, the axis that it is taken in lanes along is
 * innermost, or where the points lie in lanes, the longest; without, a long one.
 */
export function ordered(group: Group, machine: Machine, buffers: Buffers): Group {
  const reduce = mainReduce(group);
  if (reduce === undefined || reduce.by !== "add" || reduce.over.length < 2) return group;
  const lane = columns(group);
  const innermost =
    machine.lanes === 1
      ? longInside(reduce)
      : lane !== undefined && inColumns(group, lane, reduce, buffers)
        ? reduce.over.reduce((best, axis) => (rank(reduce, axis, buffers) > rank(reduce, best, buffers) ? axis : best))
        : reduce.over.findLast((axis) => contiguousIn(reduce, axis, buffers));
  if (innermost === undefined || innermost === reduce.over.at(-1)) return group;
  const over = [...reduce.over.filter((axis) => axis !== innermost), innermost];
  const [first, ...rest] = group.stages;
  const value = replaced(first!.definition.value, reduce, { ...reduce, over });
  return { ...group, stages: [{ ...first!, definition: { ...first!.definition, value } }, ...rest] };
}

/** The longest axis of a sum of products, where the innermost is short and that is long. */
function longInside(reduce: Reduce): Axis | undefined {
  const { term, over } = reduce;
  const longest = over.reduce((best, axis) => (axis.extent > best.extent ? axis : best));
  return isProduct(term) && !isLong(reduce) && longest.extent >= LONG_SUM ? longest : undefined;
}

/** Innermost is an axis that is worth a loop; of several, the one along which the operands lie closest. */
function rank(reduce: Reduce, axis: Axis, buffers: Buffers): number {
  if (axis.extent < 2 * LANES) return axis.extent / (2 * LANES);
  const far = operandsOf(reduce).map((load) => Math.abs(strideIn(load, axis.name, buffers) ?? 1e9));
  return 1 + 1 / (1 + Math.max(...far));
}

const replaced = (s: Scalar, from: Reduce, to: Reduce): Scalar => {
  if (s === from) return to;
  if (s.kind === "round") return { ...s, value: replaced(s.value, from, to) };
  if (s.kind === "apply") return { ...s, args: s.args.map((arg) => replaced(arg, from, to)) };
  if (s.kind === "select")
    return { ...s, when: replaced(s.when, from, to), then: replaced(s.then, from, to), otherwise: replaced(s.otherwise, from, to) };
  return s;
};

function vectorTile(group: Group, machine: Machine, buffers: Buffers): Tile {
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
  const outer = accumulates(group, buffers) ? { outer: 1 as const } : {};
  const order = row === undefined ? plain.order : outermost(group, machine, reduce, row, lane, still, moving, sizes, buffers);
  const inARow = isProduct(reduce.term) && isLong(reduce) ? { unrolled: machine.unrolled } : {};
  return { sizes, order, lane, ...outer, ...inARow };
}

/** The microkernel for so many rows of so many vectors; rows that come out even lie side by side in copies (pack.ts). */
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

/** The sum that a group is nothing but, over several axes and into a buffer of its own: its loops may be taken up again. */
export function sumsAlone({ stages }: Group): Reduce | undefined {
  const [first, ...rest] = stages;
  const { definition, storage } = first!;
  const { value } = definition;
  const reduce = value.kind === "round" ? value.value : value;
  if (rest.length > 0 || storage !== "buffer" || storedIn(definition) !== definition.name) return undefined;
  return reduce.kind === "reduce" && reduce.by === "add" && reduce.over.length >= 2 && reduce.inLanes !== true ? reduce : undefined;
}

/** Whether a group is nothing but sums, few beside what they are sums of: then they may stay in memory, exact in float32. */
export function accumulates(group: Group, buffers: Buffers): boolean {
  const reduce = sumsAlone(group);
  if (reduce === undefined) return false;
  const bytes = operandsOf(reduce).reduce((sum, load) => sum + bytesRead(load, buffers), 0);
  return sizeOf(group.stages[0]!.definition.shape) * 4 <= SECOND && bytes >= 2 * SECOND;
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

/** Vectors of a line of memory. */
export const LINE = 4;

/** The axis along which a load lies side by side that the lanes read at a distance: lines are used whole. */
function crossed(group: Group, lane: number, buffers: Buffers): number | undefined {
  const loads = group.stages
    .flatMap(({ definition }) => loadsOf(definition.value))
    .filter((load) => (strideIn(load, group.axes[lane]!.name, buffers) ?? 0) > 2 * LANES);
  const found = group.axes.findIndex(
    (axis, n) => n !== lane && axis.extent >= 8 && loads.some((load) => strideIn(load, axis.name, buffers) === 1),
  );
  return found < 0 ? undefined : found;
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
  if (p === undefined || q === undefined) return { ...plain, sizes: sized(group, [[p ?? q, 4]]) };
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

const bytesRead = (load: Load, buffers: Buffers): number => {
  const buffer = buffers.get(load.buffer);
  return buffer === undefined ? 0 : sizeOf(buffer.shape) * bytesOf(buffer.dtype);
};

/** What a byte from beyond the second cache costs, measured by one from it; and where memory is read in order, and thus ahead. */
const [FAR, IN_ORDER] = [3, 1.5];

/** Bytes that stay in the first and in the second cache. */
const [FIRST, SECOND] = [24 * 1024, NEAR];

/**
 * The loop over one of the tile's axes goes outside all others if that moves less memory: the operand of the inner axis is read
 * again for every tile of the outer one, the cheaper the nearer the cache that holds it; and with columns outside, a line of
 * what is stored is taken up again for each tile that it is wider than. One value at a time is slow enough for the second cache to keep up with.
 */
function outermost(
  group: Group,
  machine: Machine,
  { over }: Reduce,
  row: number,
  column: number,
  a: readonly Load[],
  b: readonly Load[],
  sizes: readonly number[],
  buffers: Buffers,
): readonly number[] {
  const natural = group.axes.map((_, n) => n);
  const near = machine.lanes > 1 ? 1 : 0;
  if (group.axes.filter(({ extent }) => extent > 1).length > 2) return near > 0 ? inBatch(group, row, a, b) : natural;
  const along = over.at(-1);
  const inOrder = (load: Load): boolean => along !== undefined && (strideIn(load, along.name, buffers) ?? Infinity) <= LANES;
  const far = (bytes: number, beyond: number): number => (bytes <= FIRST ? 0 : bytes <= SECOND ? near : beyond);
  const cost = (outer: number, inner: readonly Load[]): number => {
    const bytes = inner.reduce((sum, load) => sum + bytesRead(load, buffers), 0);
    return (group.axes[outer]!.extent / sizes[outer]!) * bytes * far(bytes, inner.every(inOrder) ? IN_ORDER : FAR);
  };
  const stored = bytesStored(group);
  const again = Math.max(0, (LINE * LANES) / sizes[column]! - 1) * stored * far(stored, FAR);
  const first = cost(row, b) <= cost(column, a) + again ? row : column;
  return [first, ...natural.filter((n) => n !== first)];
}

const bytesStored = ({ stages }: Group): number =>
  stages.reduce((sum, { definition: { shape, dtype }, storage }) => sum + (storage === "buffer" ? sizeOf(shape) * bytesOf(dtype) : 0), 0);

/** Rows inside the axes that both operands depend on: the operand of the columns stays at hand for all of them. */
function inBatch({ axes }: Group, row: number, a: readonly Load[], b: readonly Load[]): readonly number[] {
  const natural = axes.map((_, n) => n);
  const last = axes.findLastIndex(({ name }) => [a, b].every((loads) => loads.some((load) => dependsOn(load, name))));
  return last < row ? natural : natural.flatMap((n) => (n === row ? [] : n === last ? [last, row] : [n]));
}
