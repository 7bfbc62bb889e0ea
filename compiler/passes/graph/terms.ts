/** Guarantees that a sum in index notation adds its terms in the order that the graph carries (additions.ts). */

import type { Attrs, Node } from "../../graph/graph.ts";
import type { Reduce } from "../../loop/loop.ts";

/** A sum with its terms as the graph has them. */
export function inOrder(sum: Reduce, { attrs }: Pick<Node, "attrs">): Reduce {
  const { termsBy, inLanes } = attrs;
  const over = Array.isArray(termsBy) ? (termsBy as readonly number[]).map((at) => sum.over[at]!) : sum.over;
  return { ...sum, over, ...(inLanes === true ? { inLanes } : {}) };
}

/** A node's attributes without the order of its terms: what it computes, and not how it is rounded. */
export function withoutOrder({ termsBy: _, inLanes: __, ...attrs }: Attrs): Attrs {
  return attrs;
}
