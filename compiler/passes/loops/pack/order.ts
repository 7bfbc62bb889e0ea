/** Operands in the order in which a sum reads them: along it, across it, or along it in double. */

import { sizeOf } from "../../../graph/type.ts";
import { apply, load, loadsOf, substitute as substituteAll } from "../../../loop/build.ts";
import { index, namesIn, strideOf, type Index } from "../../../loop/index-expression.ts";
import type { Definition, Load, Reduce, Scalar } from "../../../loop/loop.ts";
import { axesOf } from "../../definitions/define.ts";
import { isLong, type Buffers } from "../group.ts";
import { rowOf } from "../tiles/lanes.ts";
import { contiguousIn, dependsOn, strideIn } from "../tiles/operands.ts";
import { copied, Copies, copyOf, named, type Keep } from "./copy.ts";
import { comesInPanels } from "./panels.ts";
import { LEAST_DEEP, LONG, withLoads, type Site } from "./sums.ts";

/** Reads of an element from which on a copy of it in double is worth its time: one that spares conversions, and one that brings it in order as well. */
const LEAST_WIDE = { inOrder: 96, across: 64 };

/** Products of a sum that takes a millisecond. */
const LEAST_PRODUCTS = 4e6;

/**
 * Operands of a long sum as copies in double, along the sum: a loop without lanes reads them in order and converts none, with the same
 * bits, since every float32 is a double.
 */
export function widened({ reduce, definition, points }: Site, copies: Copies): Reduce {
  const inner = reduce.over.at(-1);
  if (inner === undefined || !isLong(reduce) || points < LEAST_PRODUCTS) return reduce;
  return withLoads(reduce, (part) => {
    const shape = copies.buffers.get(part.buffer)?.shape ?? [];
    const [along, ...others] = part.at.flatMap((at, n) => (namesIn(at).has(inner.name) ? [n] : []));
    if (part.dtype !== "f32" || along === undefined || others.length > 0) return part;
    if (strideOf(part.at[along]!, inner.name) !== 1) return part;
    const isInOrder = along === shape.length - 1;
    if (points < (isInOrder ? LEAST_WIDE.inOrder : LEAST_WIDE.across) * sizeOf(shape)) return part;
    const order = [...shape.keys()].sort((a, b) => Number(a === along) - Number(b === along));
    const own = axesOf(order.map((n) => shape[n]!));
    const at = shape.map((_, n) => index(own[order.indexOf(n)]!.name, shape[n]!));
    const name = named(`${part.buffer}_wide`, copies.buffers);
    const value = apply("cast", "f64", valueAt(part, at, copies.get(part.buffer)));
    copies.keep(copyOf(name, part, own, value, "widen", definition));
    return apply("cast", "f32", load(name, "f64", ...order.map((n) => part.at[n]!)));
  });
}

/** An element of a buffer; of what is itself a copy, what that copies. */
const valueAt = ({ buffer, dtype }: Load, at: readonly Index[], copy: Definition | undefined): Scalar =>
  copy === undefined ? load(buffer, dtype, ...at) : substituteAll(copy.value, new Map(copy.axes.map(({ name }, n) => [name, at[n]!])));

/** An operand of a matrix product that is read across its rows, as a copy in which columns lie side by side: all of a row, or those of a panel. */
export function across({ reduce, definition, points }: Site, buffers: Buffers, keep: Keep): Reduce {
  const column = definition.axes.at(-1);
  const [inner] = reduce.over;
  if (column === undefined || definition.axes.length !== 2 || reduce.over.length !== 1 || inner!.extent >= LONG || reduce.inLanes === true)
    return reduce;
  return withLoads(reduce, (part) => {
    const stride = strideIn(part, column.name, buffers);
    if (stride === undefined || stride <= 1 || strideIn(part, inner!.name, buffers) !== 1) return part;
    if (dependsOn(part, definition.axes[0]!.name) || points < 16 * inner!.extent * column.extent) return part;
    const panel = comesInPanels(column) ? column : undefined;
    return copied(part, panel === undefined ? [inner!, column] : [panel, inner!], "transpose", definition, buffers, keep, panel);
  });
}

/** A stride at which every load falls into the same few lines of a cache, in elements. */
const COLLIDES = 1024;

/** An operand that stands still along the columns, in the order of the sum: filters, and rows that lie a page apart. */
export function along({ reduce, definition, points }: Site, buffers: Buffers, keep: Keep): Reduce {
  const column = definition.axes.at(-1);
  const inner = reduce.over.at(-1);
  if (column === undefined || inner === undefined || !contiguousIn(reduce, column, buffers)) return reduce;
  return withLoads(reduce, (part) => {
    const stride = strideIn(part, inner.name, buffers);
    if (dependsOn(part, column.name) || stride === undefined || Math.abs(stride) <= 1) return part;
    if (reduce.over.length === 1 && stride % COLLIDES !== 0 && inner.extent < LEAST_DEEP) return part;
    const axes = [...definition.axes, ...reduce.over].filter((axis) => dependsOn(part, axis.name));
    const size = sizeOf(axes.map(({ extent }) => extent));
    if (size > sizeOf(buffers.get(part.buffer)?.shape ?? []) || points < 64 * size) return part;
    const moving = loadsOf(reduce.term).filter((load) => dependsOn(load, column.name));
    const row = rowOf(definition.axes, definition.axes.length - 1, [part], moving);
    return copied(part, axes, "pack", definition, buffers, keep, row === undefined ? undefined : definition.axes[row]);
  });
}
