/** Long sums over operands that no cache holds, block by block: the sums stay in memory while a block of the operands is at hand. */

import { load, loadsOf } from "../../../loop/build.ts";
import { add, index, scale } from "../../../loop/index-expression.ts";
import { LANES } from "../../../loop/lanes.ts";
import type { Axis, Group, Reduce } from "../../../loop/loop.ts";
import { at as identity } from "../../definitions/define.ts";
import type { Buffers } from "../group.ts";
import { accumulates } from "../tiles/lanes.ts";
import { contiguousIn, strideIn } from "../tiles/operands.ts";
import type { Keep } from "./copy.ts";
import { firstSum, LONG, renamed, sumsOf, withSums } from "./sums.ts";

/** Terms of a block at most: of operands that are read in order, and of others, whose lines must stay at hand until the next row of tiles. */
const BLOCK = { inOrder: 1024, across: 320 };

/** A long sum over operands that no cache holds, in blocks: its sums stay in memory while a block of the operands is at hand. */
export function inBlocks(group: Group, buffers: Buffers, keep: Keep): Group {
  const [first, ...rest] = group.stages;
  const { definition, storage } = first!;
  const found = group.stages.every((stage) => stage.definition.axes.length === group.axes.length && stage.storage !== "total")
    ? firstSum(definition.value)
    : undefined;
  if (found === undefined || found.over.length !== 1 || found.inLanes === true) return group;
  const [inner] = found.over;
  if (group.axes.length !== 2 || !contiguousIn(found, group.axes[1]!, buffers)) return group;
  const inOrder = loadsOf(found.term).every((part) => (strideIn(part, inner!.name, buffers) ?? Infinity) <= LANES);
  const size = blockOf(inner!.extent, inOrder ? BLOCK.inOrder : BLOCK.across);
  if (size === undefined) return group;
  const block: Axis = { name: `${inner!.name}b`, extent: inner!.extent / size };
  const within: Axis = { ...inner!, extent: size };
  const at = add(scale(index(block.name, block.extent), size), index(within.name, size));
  const blocked: Reduce = { ...found, over: [block, within], term: renamed(found, new Map([[inner!.name, at]])).term };
  const single = sumsOf(definition, definition.axes, blocked, buffers);
  if (!accumulates({ axes: single.axes, stages: [{ definition: single, storage: "buffer" }] }, buffers)) return group;
  keep(single);
  const read = load(single.name, single.dtype, ...identity(definition.axes));
  return { ...group, stages: [{ storage, definition: { ...definition, value: withSums(definition.value, found, read) } }, ...rest] };
}

/** The longest block that divides an extent. */
function blockOf(extent: number, longest: number): number | undefined {
  if (extent <= Math.max(longest, 2 * LONG)) return undefined;
  for (let size = longest; size >= 128; size--) if (extent % size === 0) return size;
  return undefined;
}
