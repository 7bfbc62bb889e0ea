/**
 * Guarantees that every node serves a result. Inputs are kept only where they are read.
 *   %unused = exp %x   →   (gone)
 */

import { movedResults, type Graph, type Value } from "../../graph/graph.ts";
import { reachable } from "../../graph/walk.ts";
import type { Pass } from "../pass.ts";

export const prune: Pass<Graph> = {
  name: "prune",
  why: "drop what no result needs",
  run(graph) {
    const live = reachable(graph);
    if (live.every(Boolean) && graph.aliases.every((alias) => live[alias.value])) return graph;
    const moved: Value[] = [];
    let next = 0;
    graph.nodes.forEach((_, at) => moved.push((live[at] ? next++ : -1) as Value));
    const to = (value: Value): Value => moved[value]!;
    return {
      name: graph.name,
      nodes: graph.nodes.filter((_, at) => live[at]).map((node) => ({ ...node, inputs: node.inputs.map(to) })),
      results: movedResults(graph.results, to),
      aliases: graph.aliases.filter((alias) => live[alias.value]).map((alias) => ({ ...alias, value: to(alias.value) })),
    };
  },
};
