/** Guarantees that what a pass does to a graph it does to the bodies of its loops first. */

import { bodyOf, type Graph, type Node } from "../../graph/graph.ts";
import type { Pass } from "../pass.ts";

export function inBodies(pass: Pass<Graph>): Pass<Graph> {
  const run: Pass<Graph>["run"] = (graph, fired) => {
    const nodes = graph.nodes.map((node): Node => {
      const body = bodyOf(node);
      const made = body && run(body, fired);
      return made === body ? node : { ...node, attrs: { ...node.attrs, body: made! } };
    });
    const changed = nodes.some((node, at) => node !== graph.nodes[at]);
    return pass.run(changed ? { ...graph, nodes } : graph, fired);
  };
  return { ...pass, run };
}

/** A pass that is for graphs with loops only: others it leaves as they are. */
export const whereLoops = (pass: Pass<Graph>): Pass<Graph> => ({
  ...pass,
  run: (graph, fired) => (graph.nodes.some((node) => bodyOf(node) !== undefined) ? inBodies(pass).run(graph, fired) : graph),
});
