/** The loss as a function of one leaf: only what depends on it is evaluated again, and branches that flip are seen. */

import type { Graph, Node, Value } from "../graph/graph.ts";
import { isFloat, tensor, type Tensor } from "../graph/type.ts";
import { reachableFrom } from "../graph/walk.ts";
import { opOf } from "../ops/index.ts";
import { evaluateGraph, type Feed } from "./evaluate.ts";

/** The loss at a moved leaf, and whether every comparison came out as it did at the start. */
export interface Moved {
  readonly loss: number;
  readonly sameBranches: boolean;
}

/** Values that jump: no number format of their own, or a function without a slope, such as sign. */
export const isDiscrete = (node: Node): boolean => {
  const op = opOf(node.op);
  if (op.leaf) return false;
  return !isFloat(node.type.dtype) || (op.elementwise === true && op.laws.every((law) => law === null));
};

/** What a gradient leaves constant by declaration stays constant in the differences too. */
export const isHeld = (node: Node): boolean => {
  const op = opOf(node.op);
  return op.leaf !== true && !isDiscrete(node) && op.laws.every((law) => law === null);
};

export class Perturbed {
  readonly graph: Graph;
  readonly loss: Value;
  readonly feed: Feed;
  /** Every value at the start. */
  readonly base: readonly Tensor[];
  readonly #needed: readonly boolean[];
  readonly #plans = new Map<Value, readonly Value[]>();
  /** Reused from one perturbation to the next: every op writes its whole result. */
  readonly #moved = new Map<Value, Tensor>();

  constructor(graph: Graph, loss: Value, feed: Feed) {
    this.graph = graph;
    this.loss = loss;
    this.feed = feed;
    this.base = evaluateGraph(graph, feed);
    this.#needed = neededBy(graph, loss);
  }

  /** The nodes to evaluate again when the leaf moves, in order. */
  #plan(leaf: Value): readonly Value[] {
    const known = this.#plans.get(leaf);
    if (known !== undefined) return known;
    const depends = this.graph.nodes.map((_, at) => at === leaf);
    const plan: Value[] = [];
    this.graph.nodes.forEach((node, at) => {
      if (isHeld(node) || !node.inputs.some((input) => depends[input])) return;
      depends[at] = true;
      if (this.#needed[at]) plan.push(at as Value);
    });
    this.#plans.set(leaf, plan);
    return plan;
  }

  /** The loss with other contents in one leaf. */
  at(leaf: Value, data: Float64Array): Moved {
    const values = new Map<Value, Tensor>([[leaf, { type: this.base[leaf]!.type, data }]]);
    const valueOf = (of: Value): Tensor => values.get(of) ?? this.base[of]!;
    for (const at of this.#plan(leaf)) {
      const node = this.graph.nodes[at]!;
      const output = this.#moved.get(at) ?? tensor(node.type);
      this.#moved.set(at, output);
      opOf(node.op).evaluate(node.inputs.map(valueOf), node.attrs, output);
      if (isDiscrete(node) && !sameData(output, this.base[at]!)) return { loss: NaN, sameBranches: false };
      values.set(at, output);
    }
    return { loss: valueOf(this.loss).data[0]!, sameBranches: true };
  }
}

/** The loss, and every comparison of the graph: the masks of the backward pass are where the forward pass has its kinks. */
const neededBy = ({ nodes }: Graph, loss: Value): readonly boolean[] =>
  reachableFrom(
    nodes,
    nodes.flatMap((node, at) => (at === loss || isDiscrete(node) ? [at as Value] : [])),
  );

function sameData({ data }: Tensor, { data: other }: Tensor): boolean {
  for (let n = 0; n < data.length; n++) if (data[n] !== other[n]) return false;
  return true;
}
