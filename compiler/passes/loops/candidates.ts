/**
 * Guarantees which tiles a group may have instead of the one that the cost model picks. None changes a bit, since a sum itself says in which
 * order it adds (additions.ts); but only exact sums may stay in memory.
 *   i by 4, j by 8 in lanes   →   also j by 16 in lanes, i by 2, i by 4 in lanes
 */

import { loadsOf } from "../../loop/build.ts";
import { LANES } from "../../loop/lanes.ts";
import type { Buffer, Group } from "../../loop/loop.ts";
import { isOwnPoint } from "../definitions/own-point.ts";
import { isPlaced, isUniform, mainReduce, sumsAlone } from "./group.ts";
import type { Machine } from "../../loop/machine.ts";
import { valuesOf, type Tile } from "./tile.ts";

type Buffers = ReadonlyMap<string, Buffer>;

/** A group, what its loops are for, and the tile that the cost model gives them. */
export interface Site {
  readonly group: Group;
  readonly machine: Machine;
  readonly buffers: Buffers;
  readonly modelled: Tile;
}

/** Values that a microkernel keeps side by side, at most: more fit no machine's registers. */
const MOST = 32;

/** Why a group cannot have a tile; undefined where it can, unless its lanes then meet an obstacle (loop/lanes.ts). */
export function refusalOf(tile: Tile, site: Site): string | undefined {
  const {
    group: { axes },
    machine,
    modelled,
  } = site;
  if (sameTile(tile, modelled)) return undefined;
  for (const [n, { name, extent }] of axes.entries())
    if (tile.sizes[n]! > extent) return `${name} by ${tile.sizes[n]!} is more than the ${extent} points of ${name}`;
  if (tile.lane !== undefined && machine.lanes === 1) return "its target has no lanes";
  const longest = innermostSum(site.group);
  if (tile.unrolled !== undefined && (tile.unrolled < 2 || tile.unrolled > longest))
    return longest < 2
      ? "it has no loop of a sum to unroll"
      : `from 2 to all ${longest} iterations are written in a row, not ${tile.unrolled}`;
  if (tile.lane !== undefined && tile.sizes[tile.lane]! % LANES !== 0)
    return `${axes[tile.lane]!.name} in lanes goes by whole vectors of ${LANES}`;
  if (valuesOf(tile) > MOST) return `its tile has ${valuesOf(tile)} values side by side, and at most ${MOST} are kept`;
  if (modelled.pieces !== undefined) return "its positions have expressions of their own, which stand side by side";
  if (isFixed(site))
    return "its loops have no other form: they sum over themselves, add where the data tell, hold loops of their own, or overwrite what they read elsewhere";
  if (tile.outer !== modelled.outer && !mayStayInMemory(site))
    return "sums that stay in memory, or no longer do, would be rounded or added otherwise";
  return undefined;
}

/** Iterations of the innermost loop of a group's first sum; 0 where it has none. */
const innermostSum = (group: Group): number => mainReduce(group)?.over.at(-1)?.extent ?? 0;

export const sameTile = (a: Tile, b: Tile): boolean =>
  a.lane === b.lane &&
  a.outer === b.outer &&
  a.unrolled === b.unrolled &&
  a.pieces?.join() === b.pieces?.join() &&
  a.sizes.join() === b.sizes.join() &&
  a.order.join() === b.order.join();

/** Whether the order of a group's points is part of what it computes. */
const isFixed = ({ group, modelled }: Site): boolean =>
  modelled.pieces !== undefined || isPlaced(group) || !isUniform(group) || overwritesElsewhere(group);

/** Whether a group reads storage that it overwrites at other points than its own. */
function overwritesElsewhere({ axes, stages }: Group): boolean {
  const written = new Set(stages.flatMap(({ definition: { target } }) => target ?? []));
  return stages.some(({ definition }) => loadsOf(definition.value).some(({ buffer, at }) => written.has(buffer) && !isOwnPoint(at, axes)));
}

/** Whether float32 sums of whole vectors may be put down in memory and taken up again: exact, and in the same order. */
function mayStayInMemory({ group, machine, modelled: { lane } }: Site): boolean {
  const { axes } = group;
  if (machine.lanes === 1 || lane === undefined || axes[lane]!.extent % LANES !== 0) return false;
  return sumsAlone(group) !== undefined;
}

/** Points along the two axes of a tile of scalars. */
const SCALARS: readonly (readonly [number, number])[] = [
  [1, 1],
  [2, 1],
  [1, 2],
  [4, 1],
  [1, 4],
  [8, 1],
  [1, 8],
  [2, 2],
  [4, 2],
  [2, 4],
  [3, 3],
  [3, 4],
  [4, 3],
  [6, 2],
  [2, 6],
  [4, 4],
];
/** Rows and vectors of a tile in lanes. */
const VECTORS: readonly (readonly [number, number])[] = [
  [1, 1],
  [1, 2],
  [1, 3],
  [1, 4],
  [1, 8],
  [2, 1],
  [2, 2],
  [2, 3],
  [2, 4],
  [3, 2],
  [3, 3],
  [4, 1],
  [4, 2],
  [4, 3],
  [5, 2],
  [6, 1],
  [6, 2],
  [8, 1],
];

/** Tiles of other sizes in the modelled order of loops, the modelled tile first. */
export function sizesOf(site: Site): readonly Tile[] {
  const { group, machine, modelled } = site;
  const { axes } = group;
  if (isFixed(site)) return [modelled];
  const { lane } = modelled;
  const free = axes.map((_, n) => n).filter((n) => n !== lane && axes[n]!.extent > 1);
  const tiled = free.filter((n) => modelled.sizes[n]! > 1);
  const sized = (along: readonly (readonly [number | undefined, number])[]): Tile => ({
    ...modelled,
    sizes: axes.map(({ extent }, n) => Math.min(extent, along.find(([axis]) => axis === n)?.[1] ?? 1)),
  });
  const { unrolled, ...rolled } = modelled;
  const most = Math.min(machine.unrolled, innermostSum(group));
  const inARow = unrolled === undefined && most > 1 ? { unrolled: most } : {};
  const other = ({ sizes }: Tile): Tile => ({ ...rolled, ...inARow, sizes });
  const both = (tiles: readonly Tile[]): readonly Tile[] => distinct([modelled, ...tiles, ...tiles.map(other)], site);
  if (lane !== undefined) {
    const whole = Math.floor(axes[lane]!.extent / LANES);
    const rows = [...new Set([tiled.at(-1), ...free.slice(-2)])];
    return both(
      rows.flatMap((row) =>
        VECTORS.filter(([, vectors]) => vectors <= whole).map(([points, vectors]) =>
          sized([
            [lane, vectors * LANES],
            [row, points],
          ]),
        ),
      ),
    );
  }
  const [q, p] = [...new Set([...[...tiled].reverse(), ...[...free].reverse()])];
  if (q === undefined) return [modelled];
  return both(
    SCALARS.map(([a, b]) =>
      sized([
        [p, a],
        [q, b],
      ]),
    ),
  );
}

/** The same tile under other orders of its loops, and its sums in memory or not; itself first. */
export function ordersOf(tile: Tile, site: Site): readonly Tile[] {
  const {
    group: { axes },
  } = site;
  if (isFixed(site)) return [tile];
  const natural = axes.map((_, n) => n);
  const first = natural.filter((n) => axes[n]!.extent > 1).map((n) => [n, ...natural.filter((other) => other !== n)]);
  const last = natural.filter((n) => axes[n]!.extent > 1).map((n) => [...natural.filter((other) => other !== n), n]);
  const orders = [natural, ...first, ...last].map((order): Tile => ({ ...tile, order }));
  const { outer, ...inside } = tile;
  const other: Tile = outer === undefined ? { ...tile, outer: 1 } : inside;
  return distinct([tile, ...orders, other], site);
}

/** Those that are possible, each once. */
function distinct(tiles: readonly Tile[], site: Site): readonly Tile[] {
  return tiles.filter((tile, n) => refusalOf(tile, site) === undefined && tiles.findIndex((one) => sameTile(one, tile)) === n);
}
