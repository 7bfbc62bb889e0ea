/** Group and machine → the tile that the cost of its loops asks for. */

import type { Group } from "../../../loop/loop.ts";
import { isPlaced, isUniform, mainReduce, type Buffers } from "../group.ts";
import type { Machine } from "../../../loop/machine.ts";
import { pointByPoint, sized, type Tile } from "../tile.ts";
import { vectorTile } from "./lanes.ts";
import { piecesTile, piecewise } from "./pieces.ts";
import { scalarTile } from "./scalars.ts";

/** The tile of a group: of pieces where it has them, in lanes where there are lanes. */
export function tileOf(group: Group, machine: Machine, buffers: Buffers): Tile {
  if (isPlaced(group)) return pointByPoint(group);
  const pieces = piecewise(group);
  if (pieces.length > 0) return piecesTile(group, pieces, machine);
  return machine.lanes > 1 ? vectorTile(group, machine, buffers) : scalarTile(group, machine, buffers);
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
