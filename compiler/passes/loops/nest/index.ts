/**
 * A group under a tile → the loop nest of its kernel: microkernels with their epilogue at the store, reductions in their order.
 *   group over (i, j): local xw, buffer h   →   for i step 4, for j step 2 { 8 sums; for k { … }; 8 stores }
 */

import { sizeOf } from "../../../graph/type.ts";
import { literal } from "../../../loop/build.ts";
import { add, constant, index, type Index } from "../../../loop/index-expression.ts";
import { LANES } from "../../../loop/lanes.ts";
import type { Param, Stmt } from "../../../loop/loop.ts";
import { mainReduce } from "../group.ts";
import { LANE, laneLoop, loop } from "../points.ts";
import { loopsOver } from "./loops.ts";
import { Nest } from "./nest.ts";
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
  const tiles = loopsOver(nest, 0, []);
  if (tiles === undefined) return undefined;
  const body = nest.tile.outer === undefined ? tiles : inBlocks(nest, tiles);
  const params = [...nest.params].map(([buffer, { name, reads, writes }]): Param => {
    const { dtype, shape } = nest.buffer(buffer);
    return { name, dtype, length: sizeOf(shape), access: writes ? (reads ? "update" : "write") : "read" };
  });
  return { params, body: [...nest.head, ...before, ...body, ...after], args: [...nest.params.keys()] };
}

/** Sums that stay in memory: zeros, then every block of the sum adds to them. */
function inBlocks(nest: Nest, tiles: readonly Stmt[]): Stmt[] {
  const { definition } = nest.group.stages[0]!;
  const size = sizeOf(definition.shape);
  const buffer = nest.write(definition);
  const zero = (at: Index): Stmt => ({ kind: "store", buffer, at, value: literal(0, definition.dtype) });
  const [axis] = mainReduce(nest.group)!.over;
  const whole = size - (size % LANES);
  const vectors: Stmt = {
    kind: "for",
    index: "z",
    from: constant(0),
    to: constant(whole),
    step: LANES,
    form: "loop",
    body: [laneLoop([zero(add(index("z", whole - LANES + 1), index(LANE, LANES)))])],
  };
  const rest = Array.from({ length: size - whole }, (_, n) => zero(constant(whole + n)));
  return [...(whole > 0 ? [vectors] : []), ...rest, ...loop({ ...axis!, name: "k" }, [...tiles])];
}
