/** Operands in panels of a vector's columns: a microkernel reads each panel from end to end. */

import { sizeOf } from "../../../graph/type.ts";
import { load, loadsOf } from "../../../loop/build.ts";
import { index } from "../../../loop/index-expression.ts";
import { LANES } from "../../../loop/lanes.ts";
import type { Axis, Group, Reduce } from "../../../loop/loop.ts";
import type { Buffers } from "../group.ts";
import { NEAR } from "../../../loop/machine.ts";
import { LINE } from "../tiles/loop-order.ts";
import { dependsOn, strideIn } from "../tiles/operands.ts";
import { copied, type Keep } from "./copy.ts";
import { bare, LEAST_DEEP, sumsOf, withLoads, type Site } from "./sums.ts";

/** Whether columns are many, and fill panels of a vector. */
export const comesInPanels = ({ extent }: Axis): boolean => extent % LANES === 0 && extent > LINE * LANES;

/** Rows of a product from which on a copy of the matrix that they share is worth its time: twice what pays for one that stays at hand, and for another. */
const MANY = { near: 32, far: 64 };

/** A matrix that many rows share, in panels of a vector's columns: a microkernel reads each panel from end to end. */
export function inPanels({ reduce, definition }: Site, buffers: Buffers, keep: Keep): Reduce {
  const [row, column] = definition.axes;
  const [inner] = reduce.over;
  if (column === undefined || definition.axes.length !== 2 || reduce.over.length !== 1) return reduce;
  const many = inner!.extent * column.extent * 4 <= 2 * NEAR ? MANY.near : MANY.far;
  if (row!.extent < many || inner!.extent < LEAST_DEEP || !comesInPanels(column)) return reduce;
  return withLoads(reduce, (part) => {
    const rows = strideIn(part, inner!.name, buffers);
    if (dependsOn(part, row!.name) || strideIn(part, column.name, buffers) !== 1 || rows === undefined || rows < column.extent) return part;
    return copied(part, [column, inner!], "pack", definition, buffers, keep, column);
  });
}

/** A weight's gradient as a matrix whose columns are filters: d_w[o,c,…] = Σ d_y[n,o,…]·x[n,c,…] with d_y in panels of a vector's filters. */
export function byFilter(group: Group, buffers: Buffers, keep: Keep): Group {
  const [first, ...rest] = group.stages;
  const { definition, storage } = first!;
  const reduce = bare(definition.value);
  if (reduce === undefined || storage === "total" || definition.axes.length !== 4 || reduce.over.length < 2 || reduce.inLanes === true)
    return group;
  const filters = definition.axes[0]!;
  const loads = loadsOf(reduce.term);
  const d_y = loads.find((one) => dependsOn(one, filters.name));
  if (loads.length !== 2 || d_y === undefined || definition.axes.slice(1).some((axis) => dependsOn(d_y, axis.name))) return group;
  if (filters.extent % 4 !== 0 || reduce.over.at(-1)!.extent < 4 || sizeOf(definition.shape) < 64) return group;
  const [outer, ...inside] = reduce.over;
  const spread = copied(d_y, [outer!, filters, ...inside], "pack", definition, buffers, keep, filters);
  const axes = [...definition.axes.slice(1), filters];
  const sums = withLoads(reduce, (part) => (part === d_y ? spread : part));
  const raw = sumsOf(definition, axes, sums, buffers);
  keep(raw);
  const read = load(raw.name, raw.dtype, ...axes.map((axis) => index(axis.name, axis.extent)));
  return { ...group, stages: [{ storage, definition: { ...definition, value: read, op: "unpack" } }, ...rest] };
}
