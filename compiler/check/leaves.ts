/** The leaves whose gradients a check compares, and when one of them has no scale of its own. */

import type { Graph, Node, Value } from "../graph/graph.ts";
import type { Tensor } from "../graph/type.ts";
import { opOf } from "../ops/index.ts";
import { gradientName } from "../passes/graph/gradients.ts";
import { worse } from "./result.ts";

export interface Leaf {
  readonly at: Value;
  readonly node: Node;
  /** What computes its gradient. */
  readonly value: Value;
  readonly gradient: Float64Array;
}

/** Leaves whose gradients are outputs of the graph, under the names that passes/graph/gradients.ts gives them. */
export function gradientLeaves(graph: Graph, { base }: { readonly base: readonly Tensor[] }): Leaf[] {
  const outputs = new Map(graph.results.flatMap((result) => (result.kind === "output" ? [[result.name, result.value] as const] : [])));
  return graph.nodes.flatMap((node, at): Leaf[] => {
    if (opOf(node.op).leaf !== true) return [];
    const value = outputs.get(gradientName(node.op, node.name));
    return value === undefined ? [] : [{ at: at as Value, node, value, gradient: base[value]!.data }];
  });
}

export const normOf = (values: Float64Array): number => values.reduce((most, value) => worse(Math.abs(value), most), 0);

/** The largest gradient of the loss. */
export const largestOf = (leaves: readonly Leaf[]): number => leaves.reduce((most, { gradient }) => Math.max(most, normOf(gradient)), 0);

/** Below this share of the largest gradient of the loss, a tensor's gradient is zero. */
const ZERO = 1e-8;

/** Whether all of these vanish beside the largest gradient of the loss. */
export const isZero = (slopes: readonly number[], largest: number): boolean => slopes.every((slope) => Math.abs(slope) <= ZERO * largest);
