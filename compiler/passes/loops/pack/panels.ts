/** Operands in panels of a vector's columns: a microkernel reads each panel from end to end. */

import { sizeOf } from "../../../graph/type.ts";
import { load, loadsOf } from "../../../loop/build.ts";
import { index } from "../../../loop/index-expression.ts";
import { LANES } from "../../../loop/lanes.ts";
import type { Apply, Axis, Definition, Group, Reduce, Scalar } from "../../../loop/loop.ts";
import type { Buffers } from "../group.ts";
import { NEAR } from "../../../loop/machine.ts";
import { LINE } from "../tiles/loop-order.ts";
import { LEAST_IN_LANES } from "../tiles/sum-order.ts";
import { contiguousIn, dependsOn, strideIn } from "../tiles/operands.ts";
import { inFilterBlocks } from "./blocks.ts";
import { copied, isExact, type Keep } from "./copy.ts";
import { bare, LEAST_DEEP, sumsOf, withLoads, type Site } from "./sums.ts";

/** Whether columns are many, and fill panels of a vector. */
export const comesInPanels = ({ extent }: Axis): boolean => extent % LANES === 0 && extent > LINE * LANES;

/** Rows of a product from which on a copy of the matrix that they share is worth its time: twice what pays for one that stays at hand, and for another. */
const MANY = { near: 32, far: 64 };

/** A matrix that many rows share, in panels of a vector's columns: a microkernel reads each panel from end to end. */
export function inPanels({ reduce, definition }: Site, buffers: Buffers, keep: Keep): Reduce {
  const column = definition.axes.at(-1);
  const rows = definition.axes.slice(0, -1);
  const [inner] = reduce.over;
  if (column === undefined || rows.length === 0 || reduce.over.length !== 1) return reduce;
  const many = inner!.extent * column.extent * 4 <= 2 * NEAR ? MANY.near : MANY.far;
  if (sizeOf(rows.map(({ extent }) => extent)) < many || inner!.extent < LEAST_DEEP || !comesInPanels(column)) return reduce;
  return withLoads(reduce, (part) => {
    const next = strideIn(part, inner!.name, buffers);
    if (rows.some((row) => dependsOn(part, row.name)) || strideIn(part, column.name, buffers) !== 1) return part;
    if (next === undefined || next < column.extent) return part;
    return copied(part, [column, inner!], "pack", definition, buffers, keep, column);
  });
}

/**
 * A convolution, or a weight's gradient, as a matrix whose columns are filters: what moves with the filters alone lies in panels of a
 * vector's, and what it meets is one number for all of them, wherever that lies.
 *   d_w[o,c,…] = Σ d_y[n,o,…]·x[n,c,…] with d_y in panels;  y[n,o,…] = Σ w[o,c,…]·x[n,c,2·i + …] with w in panels
 */
export function byFilter(group: Group, buffers: Buffers, keep: Keep): Group {
  const found = filtersOf(group, buffers);
  if (found === undefined) return group;
  const { panel, filters, reduce } = found;
  const [first, ...rest] = group.stages;
  const { definition, storage } = first!;
  const last = reduce.over.at(-1)!;
  // what is not stored yet is worth a copy only where lanes along the sum do not serve
  if (panel.kind !== "load" && last.extent >= LEAST_IN_LANES && contiguousIn(reduce, last, buffers)) return group;
  const of = loadsOf(panel).find((one) => dependsOn(one, filters.name))!;
  const [outer, ...inside] = reduce.over;
  const spread = copied(of, [outer!, filters, ...inside], "pack", definition, buffers, keep, filters, panel);
  const turned = [...definition.axes.filter((axis) => axis !== filters), filters];
  const { term } = reduce;
  const sums: Reduce = { ...reduce, term: { ...term, args: term.args.map((factor) => (factor === panel ? spread : factor)) } };
  const raw = sumsOf(definition, turned, sums, buffers);
  keep(inFilterBlocks(raw, buffers));
  const read = load(raw.name, raw.dtype, ...turned.map((axis) => index(axis.name, axis.extent)));
  return { ...group, stages: [{ storage, definition: { ...definition, value: read, op: "unpack" } }, ...rest] };
}

/** A sum of which one factor moves with the filters alone. */
interface ByFilters {
  readonly reduce: Reduce & { readonly term: Apply };
  readonly panel: Scalar;
  readonly filters: Axis;
}

/** The axis of a convolution, or of its gradient, along which filters lie; undefined where there is none, or lanes serve its columns. */
export function filtersOf({ stages }: Group, buffers: Buffers): ByFilters | undefined {
  const { definition, storage } = stages[0]!;
  const { axes, shape } = definition;
  const reduce = bare(definition.value);
  if (reduce === undefined || storage === "total" || axes.length < 3 || reduce.over.length < 2 || reduce.inLanes === true) return undefined;
  const { term } = reduce;
  if (term.kind !== "apply" || sizeOf(shape) < 64) return undefined;
  const moves = (factor: Scalar, { name, extent }: Axis): boolean => extent > 1 && loadsOf(factor).some((one) => dependsOn(one, name));
  // the factor that an axis alone moves, which moves no other
  const [found] = axes.slice(0, 2).flatMap((filters): ByFilters[] => {
    const [panel, ...both] = term.args.filter((factor) => moves(factor, filters));
    const isAlone = panel !== undefined && both.length === 0 && axes.every((other) => other === filters || !moves(panel, other));
    return isAlone && isExact(panel) && filters.extent % LANES === 0 ? [{ reduce: { ...reduce, term }, panel, filters }] : [];
  });
  return found === undefined || servedByColumns(definition, found.filters, reduce, buffers) ? undefined : found;
}

/** Whether the points of a map lie side by side in what they read, in as many vectors as a row has; a window's taps are few. */
function servedByColumns({ axes }: Definition, filters: Axis, reduce: Reduce, buffers: Buffers): boolean {
  const last = axes.at(-1)!;
  return filters !== axes[0] && contiguousIn(reduce, last, buffers) && (last.extent >= 2 * LANES || last.extent === LANES);
}
