/** Axes of a sum that every operand moves along as along one, as in sequences laid row by row, are one axis. */

import { loadsOf } from "../../../loop/build.ts";
import { index, quotient, remainder } from "../../../loop/index-expression.ts";
import type { Axis, Load, Reduce } from "../../../loop/loop.ts";
import type { Buffers } from "../group.ts";
import { strideIn } from "../tiles/operands.ts";
import { renamed, type Site } from "./sums.ts";

/**
 * Σ n<32 Σ t<64: a[n,t,i]·b[n,t,j] as Σ k<2048: a[k div 64, k mod 64, i]·b[k div 64, k mod 64, j], which both lie at k·width. The terms and
 * their order are the same, so that no bit changes; what is said of a product of two matrices then holds for it.
 */
export function merged({ reduce, definition }: Site, buffers: Buffers): Reduce {
  if (reduce.inLanes === true || definition.axes.length !== 2) return reduce;
  return reduce.over.slice(1).reduce(
    (whole, next) => {
      const [last, rest] = [whole.over.at(-1)!, whole.over.slice(0, -1)];
      const { extent } = next;
      const asOne = loadsOf(whole.term).every((load) => moves(load, last, next, buffers));
      if (!asOne || last.extent === 1 || extent === 1) return { ...whole, over: [...whole.over, next] };
      const one: Axis = { name: last.name, extent: last.extent * extent };
      const at = index(one.name, one.extent);
      const to = new Map([
        [last.name, quotient(at, extent)],
        [next.name, remainder(at, extent)],
      ]);
      return { ...renamed(whole, to), over: [...rest, one] };
    },
    { ...reduce, over: reduce.over.slice(0, 1) },
  );
}

/** Whether an operand moves along two axes as along one. */
function moves(load: Load, outer: Axis, inner: Axis, buffers: Buffers): boolean {
  const [far, near] = [outer, inner].map(({ name }) => strideIn(load, name, buffers));
  return far !== undefined && near !== undefined && far === near * inner.extent;
}
