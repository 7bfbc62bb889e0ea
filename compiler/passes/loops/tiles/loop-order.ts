/** The order of a tile's loops: the one outside all others that moves the least memory. */

import { bytesOf, sizeOf } from "../../../graph/type.ts";
import { LANES } from "../../../loop/lanes.ts";
import type { Axis, Group, Load, Reduce } from "../../../loop/loop.ts";
import type { Buffers } from "../group.ts";
import { NEAR, type Machine } from "../../../loop/machine.ts";
import { bytesRead, dependsOn, strideIn } from "./operands.ts";

/** What a byte from beyond the second cache costs, measured by one from it; and where memory is read in order, and thus ahead. */
const [FAR, IN_ORDER] = [3, 1.5];

/** Vectors of a line of memory. */
export const LINE = 4;

/** Bytes that stay in the first and in the second cache. */
export const [FIRST, SECOND] = [24 * 1024, NEAR];

/**
 * The loop over one of the tile's axes goes outside all others if that moves less memory: the operand of the inner axis is read
 * again for every tile of the outer one, the cheaper the nearer the cache that holds it; and with columns outside, a line of
 * what is stored is taken up again for each tile that it is wider than. `block` is an axis of the sum outside all: with it, the first row axis may go outside the columns, and the others inside. One value at a time is slow enough for the second cache to keep up with.
 */
export function outermost(
  group: Group,
  machine: Machine,
  { over }: Reduce,
  row: number,
  column: number,
  a: readonly Load[],
  b: readonly Load[],
  sizes: readonly number[],
  buffers: Buffers,
  block?: Axis,
): readonly number[] {
  const natural = group.axes.map((_, n) => n);
  const near = machine.lanes > 1 ? 1 : 0;
  const many = group.axes.filter(({ extent }) => extent > 1).length > 2;
  if (many && near === 0) return natural;
  if (many && !isShared(group, column, a, b)) return inBatch(group, row, a, b);
  const along = over.at(-1);
  const inOrder = (load: Load): boolean => along !== undefined && (strideIn(load, along.name, buffers) ?? Infinity) <= LANES;
  const far = (bytes: number, beyond: number): number => (bytes <= FIRST ? 0 : bytes <= SECOND ? near : beyond);
  // of an axis outside, one position is at hand
  const cost = (outer: readonly number[], inner: readonly Load[], ...outside: readonly Axis[]): number => {
    const bytes = inner.reduce((sum, load) => sum + bytesRead(load, buffers) / partsOf(load, outside), 0);
    const times = outer.reduce((product, n) => product * (group.axes[n]!.extent / sizes[n]!), 1);
    return times * bytes * far(bytes, inner.every(inOrder) ? IN_ORDER : FAR);
  };
  const stored = bytesStored(group);
  const again = Math.max(0, (LINE * LANES) / sizes[column]! - 1) * stored * far(stored, FAR);
  const others = many ? natural.filter((n) => n !== column) : [row];
  if (many && block !== undefined && sizes[0] === 1 && column !== 0) {
    const between = cost([0], b, block) + cost([0, column], a, block, group.axes[0]!) + again;
    const least = Math.min(cost(others, b, block), cost([column], a, block) + again);
    if (between < CLEARLY * least) return [0, column, ...natural.filter((n) => n !== 0 && n !== column)];
  }
  if (cost(others, b) > cost([column], a) + again) return [column, ...natural.filter((n) => n !== column)];
  const first = many ? natural[0]! : row;
  return [first, ...natural.filter((n) => n !== first)];
}

/** What a third order must take of the bytes of the other two. */
const CLEARLY = 0.8;

/** In how many parts axes take what a load reads. */
const partsOf = (load: Load, axes: readonly Axis[]): number =>
  axes.reduce((parts, { name, extent }) => (dependsOn(load, name) ? parts * extent : parts), 1);

const bytesStored = ({ stages }: Group): number =>
  stages.reduce((sum, { definition: { shape, dtype }, storage }) => sum + (storage === "buffer" ? sizeOf(shape) * bytesOf(dtype) : 0), 0);

/** Whether the columns' operand moves with nothing else: all rows of all axes share it. */
const isShared = ({ axes }: Group, column: number, a: readonly Load[], b: readonly Load[]): boolean =>
  b.every((load) => axes.every(({ name }, n) => n === column || !dependsOn(load, name))) &&
  a.every((load) => !dependsOn(load, axes[column]!.name));

/** Rows inside the axes that both operands depend on: the operand of the columns stays at hand for all of them. */
function inBatch({ axes }: Group, row: number, a: readonly Load[], b: readonly Load[]): readonly number[] {
  const natural = axes.map((_, n) => n);
  const last = axes.findLastIndex(({ name }) => [a, b].every((loads) => loads.some((load) => dependsOn(load, name))));
  return last < row ? natural : natural.flatMap((n) => (n === row ? [] : n === last ? [last, row] : [n]));
}
