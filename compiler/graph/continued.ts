/** Guarantees that a graph may be continued: its nodes, results and aliases in a builder that appends to them. */

import { Builder } from "./build.ts";
import type { Graph, Value } from "./graph.ts";

/** A builder that continues a graph. */
export function continued(graph: Graph): Builder {
  const builder = new Builder(graph.name);
  builder.reserve(graph.nodes.filter((node) => node.op !== "literal").map((node) => node.name));
  builder.reserve(graph.aliases.map((alias) => alias.name));
  const moved: Value[] = [];
  for (const node of graph.nodes)
    moved.push(
      builder.keep(
        node,
        node.inputs.map((input) => moved[input]!),
      ),
    );
  for (const result of graph.results)
    if (result.kind !== "write") builder.results.push({ ...result, value: moved[result.value]! });
    else
      builder.results.push({
        ...result,
        target: moved[result.target]!,
        value: moved[result.value]!,
      });
  builder.aliases.push(...graph.aliases.map((alias) => ({ ...alias, value: moved[alias.value]! })));
  return builder;
}
