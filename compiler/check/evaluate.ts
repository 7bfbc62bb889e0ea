/** The meaning of a graph in float64: every node evaluated by its op's reference, one after the other. */

import type { Graph, Node } from "../graph/graph.ts";
import { tensor, type Tensor } from "../graph/type.ts";
import { opOf } from "../ops/index.ts";
import type { Run } from "../ops/op.ts";

/** Contents of the leaves, by node name. */
export type Feed = ReadonlyMap<string, Float64Array>;

/** Sees each value as it is made, before anything reads it; it may change the elements, as rounding would. */
export type Watch = (node: Node, value: Tensor) => void;

/** All values of a graph. Throws a RangeError for a leaf that is not fed or has another length. */
export const evaluateGraph = (graph: Graph, feed: Feed, watch?: Watch): readonly Tensor[] =>
  valuesOf(graph, ({ name }) => feed.get(name), watch);

function valuesOf(graph: Graph, leaf: (node: Node) => Float64Array | undefined, watch: Watch | undefined): readonly Tensor[] {
  const values: Tensor[] = [];
  const run: Run = (body, input) => {
    const inside = valuesOf(body, (node) => input(node).data, watch);
    return body.results.map(({ value }) => inside[value]!);
  };
  for (const node of graph.nodes) {
    const op = opOf(node.op);
    const output = tensor(node.type);
    if (op.leaf && !op.view) {
      const data = leaf(node);
      if (data === undefined || data.length !== output.data.length)
        throw new RangeError(`%${node.name} is fed ${data?.length ?? "no"} elements, but has ${output.data.length}`);
      output.data.set(data);
    } else
      op.evaluate(
        node.inputs.map((input) => values[input]!),
        node.attrs,
        output,
        run,
      );
    watch?.(node, output);
    values.push(output);
  }
  return values;
}

/** The results of a graph by name: losses, outputs, and writes under their target's name. */
export function evaluateResults(
  graph: Graph,
  feed: Feed,
  watch?: Watch,
): {
  values: readonly Tensor[];
  losses: Map<string, number>;
  outputs: Map<string, Tensor>;
  writes: Map<string, Tensor>;
} {
  const values = evaluateGraph(graph, feed, watch);
  const losses = new Map<string, number>();
  const outputs = new Map<string, Tensor>();
  const writes = new Map<string, Tensor>();
  for (const result of graph.results) {
    const value = values[result.value]!;
    if (result.kind === "loss") losses.set(result.name, value.data[0]!);
    else if (result.kind === "output") outputs.set(result.name, value);
    else writes.set(graph.nodes[result.target]!.name, value);
  }
  return { values, losses, outputs, writes };
}
