/** Group and machine → the tile that the cost of its loops asks for. */

import type { Group } from "../../../loop/loop.ts";
import type { Buffers } from "../group.ts";
import type { Machine } from "../../../loop/machine.ts";
import type { Tile } from "../tile.ts";
import { vectorTile } from "./lanes.ts";
import { piecesTile, piecewise } from "./pieces.ts";
import { scalarTile } from "./scalars.ts";

/** The tile of a group: of pieces where it has them, in lanes where there are lanes. */
export function tileOf(group: Group, machine: Machine, buffers: Buffers): Tile {
  const pieces = piecewise(group);
  if (pieces.length > 0) return piecesTile(group, pieces, machine);
  return machine.lanes > 1 ? vectorTile(group, machine, buffers) : scalarTile(group, machine, buffers);
}
