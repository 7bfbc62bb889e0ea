/** The order of a sum that the machine asks for where its group stands alone: which of its axes is innermost. */

import { LANES } from "../../../loop/lanes.ts";
import type { Axis, Group, Reduce, Scalar } from "../../../loop/loop.ts";
import { isLong, isProduct, LONG_SUM, mainReduce, type Buffers } from "../group.ts";
import type { Machine } from "../../../loop/machine.ts";
import { columns, contiguousIn, inColumns, operandsOf, strideIn } from "./operands.ts";

/** A sum is taken in lanes along its own axis from this extent on; below, gathering lanes costs more than it saves. */
export const LEAST_IN_LANES = 8;

/** Whether lanes serve a sum along its innermost axis, where it stands alone: its points do not lie in lanes, and its terms side by side. */
export function servedByLanes(group: Group, reduce: Reduce, buffers: Buffers): boolean {
  const [lane, last] = [columns(group), reduce.over.at(-1)];
  if (last === undefined || last.extent < LEAST_IN_LANES) return false;
  return !(lane !== undefined && inColumns(group, lane, reduce, buffers)) && contiguousIn(reduce, last, buffers);
}

/**
 * The sum of a group in the order that the machine asks for where it stands alone: with lanes, the axis that it is taken in lanes along is
 * innermost, or where the points lie in lanes, the longest; without, a long one.
 */
export function ordered(group: Group, machine: Machine, buffers: Buffers): Group {
  const reduce = mainReduce(group);
  if (reduce === undefined || reduce.by !== "add" || reduce.over.length < 2) return group;
  const lane = columns(group);
  const innermost =
    machine.lanes === 1
      ? longInside(reduce)
      : lane !== undefined && inColumns(group, lane, reduce, buffers)
        ? reduce.over.reduce((best, axis) => (rank(reduce, axis, buffers) > rank(reduce, best, buffers) ? axis : best))
        : reduce.over.findLast((axis) => contiguousIn(reduce, axis, buffers));
  if (innermost === undefined || innermost === reduce.over.at(-1)) return group;
  const over = [...reduce.over.filter((axis) => axis !== innermost), innermost];
  const [first, ...rest] = group.stages;
  const value = replaced(first!.definition.value, reduce, { ...reduce, over });
  return { ...group, stages: [{ ...first!, definition: { ...first!.definition, value } }, ...rest] };
}

/** The longest axis of a sum of products, where the innermost is short and that is long. */
function longInside(reduce: Reduce): Axis | undefined {
  const { term, over } = reduce;
  const longest = over.reduce((best, axis) => (axis.extent > best.extent ? axis : best));
  return isProduct(term) && !isLong(reduce) && longest.extent >= LONG_SUM ? longest : undefined;
}

/** Innermost is an axis that is worth a loop; of several, the one along which the operands lie closest. */
function rank(reduce: Reduce, axis: Axis, buffers: Buffers): number {
  if (axis.extent < 2 * LANES) return axis.extent / (2 * LANES);
  const far = operandsOf(reduce).map((load) => Math.abs(strideIn(load, axis.name, buffers) ?? 1e9));
  return 1 + 1 / (1 + Math.max(...far));
}

const replaced = (s: Scalar, from: Reduce, to: Reduce): Scalar => {
  if (s === from) return to;
  if (s.kind === "round") return { ...s, value: replaced(s.value, from, to) };
  if (s.kind === "apply") return { ...s, args: s.args.map((arg) => replaced(arg, from, to)) };
  if (s.kind === "select")
    return { ...s, when: replaced(s.when, from, to), then: replaced(s.then, from, to), otherwise: replaced(s.otherwise, from, to) };
  return s;
};
