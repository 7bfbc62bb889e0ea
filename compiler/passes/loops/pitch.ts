/**
 * Guarantees that no sum walks over channels whose maps lie a power of two apart, where a cache keeps their lines in the same few sets: such
 * maps, and all of their shape, get a row more, which nobody stores or reads.
 *   x[n,c,32,32] read as Σ c<192: w[o,c]·x[n,c,i,j]   →   the same, where x lies in maps of 33×32
 * Later passes may assume that a value is stored where its segment says.
 */

import { loadsOf } from "../../loop/build.ts";
import { index, type Index } from "../../loop/index-expression.ts";
import type { Machine } from "../../loop/machine.ts";
import type { Buffer, Definitions, Group, Stage, Work } from "../../loop/loop.ts";
import type { Pass } from "../pass.ts";
import { isPlaced, isProduct, mainReduce, type Buffers } from "./group.ts";
import { columns, contiguousIn, operandsOf, strideIn } from "./tiles/operands.ts";

/** A stride whose multiples fall into a quarter of the first cache's sets or less, in elements. */
const COLLIDES = 256;

/** Channels from which on they do not fit there. */
const MANY = 16;

/** `sparing`: memory is short. */
export const pitch = (machine: Machine, sparing = false): Pass<Definitions> => ({
  name: "pitch",
  why: "maps a power of two apart, a row further apart",
  run(definitions) {
    if (machine.lanes === 1 || sparing) return definitions;
    const buffers = new Map(definitions.buffers.map((buffer) => [buffer.name, buffer]));
    const free = freeOf(definitions);
    const colliding = definitions.work.flatMap((item) => (item.kind === "group" ? collisions(item.group, buffers) : []));
    // those of the same shape as well: a result takes the place of an operand where it lies as that does
    const shapes = new Set(colliding.filter((name) => free.has(name)).map((name) => shapeKey(buffers.get(name)!)));
    if (shapes.size === 0) return definitions;
    const isMoved = (name: string): boolean => free.has(name) && shapes.has(shapeKey(buffers.get(name)!));
    const apart = ({ group: { axes, stages } }: Extract<Work, { kind: "group" }>): Group => ({
      axes,
      stages: stages.map((stage): Stage => {
        const { definition } = stage;
        if (stage.storage !== "buffer" || !isMoved(definition.name)) return stage;
        const at = definition.axes.map(({ name, extent }) => index(name, extent));
        return { ...stage, definition: { ...definition, segment: { of: definition.name, at } } };
      }),
    });
    return {
      ...definitions,
      buffers: definitions.buffers.map((buffer) => (isMoved(buffer.name) ? { ...buffer, shape: withRow(buffer.shape) } : buffer)),
      work: definitions.work.map((item): Work => (item.kind === "group" ? { ...item, group: apart(item) } : item)),
    };
  },
});

const shapeKey = ({ shape }: Buffer): string => shape.join();

/** [n, c, h, w] → [n, c, h + 1, w] */
const withRow = (shape: readonly number[]): number[] => shape.map((extent, n) => (n === shape.length - 2 ? extent + 1 : extent));

/** What a group's sum of products reads in lanes along a row, channel after channel, a multiple of the stride apart. */
function collisions(group: Group, buffers: Buffers): readonly string[] {
  const reduce = isPlaced(group) ? undefined : mainReduce(group);
  const lane = columns(group);
  if (reduce?.by !== "add" || !isProduct(reduce.term) || reduce.inLanes === true || lane === undefined) return [];
  const { name } = group.axes[lane]!;
  const inner = reduce.over.findLast(({ extent }) => extent > 1);
  if (inner === undefined || inner.extent < MANY || !contiguousIn(reduce, group.axes[lane]!, buffers)) return [];
  return operandsOf(reduce)
    .filter((load) => strideIn(load, name, buffers) === 1 && (strideIn(load, inner.name, buffers) ?? 1) % COLLIDES === 0)
    .map(({ buffer }) => buffer);
}

/** Maps that a row may be added to: made by one group as a whole, shown to no one, and read position by position. */
function freeOf({ work, buffers, results }: Definitions): ReadonlySet<string> {
  const shown = new Set(results.map(({ value }) => value));
  const free = new Set(
    buffers
      .filter(({ name, role, dtype, shape, window }) => {
        const isOwn = (role === "scratch" || role === "residual") && window === undefined && !shown.has(name);
        return isOwn && dtype === "f32" && shape.length === 4;
      })
      .map(({ name }) => name),
  );
  const made = new Set<string>();
  for (const item of work) {
    const definitions = item.kind === "scalar" ? [item.definition] : item.group.stages.map(({ definition }) => definition);
    for (const definition of definitions) {
      const isWhole = item.kind === "group" && definition.target === undefined && definition.segment === undefined && !isPlaced(item.group);
      if (!isWhole || made.has(definition.name)) free.delete(definition.name);
      if (definition.segment !== undefined) free.delete(definition.segment.of);
      made.add(definition.name);
      for (const { buffer, at } of loadsOf(definition.value)) if (item.kind === "scalar" || !at.every(isPosition)) free.delete(buffer);
    }
  }
  return new Set([...free].filter((name) => made.has(name)));
}

/** Whether an index takes no other apart: rows of rows are one only where they follow each other. */
const isPosition = ({ terms }: Index): boolean => terms.every(({ atom }) => atom.kind === "index");
