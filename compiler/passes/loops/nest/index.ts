/**
 * A group under a tile → the loop nest of its kernel: microkernels with their epilogue at the store, reductions in their order.
 *   group over (i, j): local xw, buffer h   →   for i step 4, for j step 2 { 8 sums; for k { … }; 8 stores }
 */

import { sizeOf } from "../../../graph/type.ts";
import type { Param, Stmt } from "../../../loop/loop.ts";
import { mainReduce } from "../group.ts";
import { loop } from "../points.ts";
import { loopsOver } from "./loops.ts";
import { Nest } from "./nest.ts";
import { placedLoops, zeros } from "./placed.ts";
import { totalsOf } from "./totals.ts";

/** A kernel without its name. */
export interface Built {
  readonly params: readonly Param[];
  readonly body: readonly Stmt[];
  readonly args: readonly string[];
}

/** The kernel of a nest, without its name; undefined where the tile's lanes cannot run in lockstep. */
export function build(nest: Nest): Built | undefined {
  const { before, after } = totalsOf(nest);
  const placed = placedLoops(nest);
  const tiles = placed ?? loopsOver(nest, 0, []);
  if (tiles === undefined) return undefined;
  const body = placed === undefined && nest.tile.outer !== undefined ? inBlocks(nest, tiles) : tiles;
  const params = [...nest.params].map(([buffer, { name, reads, writes }]): Param => {
    const { dtype, shape } = nest.buffer(buffer);
    return { name, dtype, length: sizeOf(shape), access: writes ? (reads ? "update" : "write") : "read" };
  });
  return { params, body: [...nest.head, ...before, ...body, ...after], args: [...nest.params.keys()] };
}

/** Sums that stay in memory: zeros, then every block of the sum adds to them. */
function inBlocks(nest: Nest, tiles: readonly Stmt[]): Stmt[] {
  const { definition } = nest.group.stages[0]!;
  const [axis] = mainReduce(nest.group)!.over;
  return [...zeros(nest, definition), ...loop({ ...axis!, name: "k" }, [...tiles])];
}
