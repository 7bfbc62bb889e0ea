/** Long sums over operands that no cache holds, block by block: the sums stay in memory while a block of the operands is at hand. */

import { sizeOf } from "../../../graph/type.ts";
import { load, loadsOf } from "../../../loop/build.ts";
import { add, index, scale } from "../../../loop/index-expression.ts";
import { LANES } from "../../../loop/lanes.ts";
import type { Axis, Definition, Group, Reduce } from "../../../loop/loop.ts";
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
  const single = sumsOf(definition, definition.axes, split(found, inner!, size), buffers);
  if (!accumulates({ axes: single.axes, stages: [{ definition: single, storage: "buffer" }] }, buffers)) return group;
  keep(single);
  const read = load(single.name, single.dtype, ...identity(definition.axes));
  return { ...group, stages: [{ storage, definition: { ...definition, value: withSums(definition.value, found, read) } }, ...rest] };
}

/**
 * A convolution's sums by filters, or those of a gradient of its filters, over blocks of the outermost axis: the panels of filters that a
 * microkernel reads, and what they meet, stay in the first cache from one point to the next.
 */
export function inFilterBlocks(sums: Definition, buffers: Buffers): Definition {
  const found = firstSum(sums.value);
  if (found === undefined || found.over.length < 2) return sums;
  const [first, ...rest] = found.over as [Axis, ...Axis[]];
  const terms = sizeOf(rest.map(({ extent }) => extent));
  if (terms * first.extent <= 2 * LONG) return sums;
  const size = Array.from({ length: first.extent }, (_, n) => first.extent - n).find(
    (one) => first.extent % one === 0 && one * terms <= BLOCK.across,
  );
  if (size === undefined || size === 1 || size * terms < BLOCK.across / 2) return sums;
  const blocked = { ...sums, value: withSums(sums.value, found, split(found, first, size)) };
  return accumulates({ axes: sums.axes, stages: [{ definition: blocked, storage: "buffer" }] }, buffers) ? blocked : sums;
}

/** A sum over blocks of so many positions of an axis, outermost. */
function split(of: Reduce, axis: Axis, size: number): Reduce {
  const block: Axis = { name: `${axis.name}b`, extent: axis.extent / size };
  const within: Axis = { ...axis, extent: size };
  const at = add(scale(index(block.name, block.extent), size), index(within.name, size));
  const over = [block, ...of.over.map((one) => (one === axis ? within : one))];
  return { ...of, over, term: renamed(of, new Map([[axis.name, at]])).term };
}

/** The longest block that divides an extent. */
function blockOf(extent: number, longest: number): number | undefined {
  if (extent <= Math.max(longest, 2 * LONG)) return undefined;
  for (let size = longest; size >= 128; size--) if (extent % size === 0) return size;
  return undefined;
}
