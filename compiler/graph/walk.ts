/** Guarantees the few walks every pass needs: users, reachable values, and rebuilding a graph node by node. */

import type { Graph, Value } from "./graph.ts";

/** For each value, the nodes that read it (once for each operand that does). */
export function usersOf(graph: Graph): readonly (readonly Value[])[] {
  const users: Value[][] = graph.nodes.map(() => []);
  graph.nodes.forEach((node, at) =>
    node.inputs.forEach((input) => users[input]!.push(at as Value)),
  );
  return users;
}

/** Which values the results depend on. Targets of writes count: their storage is named by the node. */
export function reachable(graph: Graph): readonly boolean[] {
  const live = graph.nodes.map(() => false);
  for (const result of graph.results) {
    live[result.value] = true;
    if (result.kind === "write") live[result.target] = true;
  }
  for (let at = graph.nodes.length - 1; at >= 0; at--)
    if (live[at]) for (const input of graph.nodes[at]!.inputs) live[input] = true;
  return live;
}

/** Which values one value depends on, itself included. */
export function reachableFrom(nodes: Graph["nodes"], value: Value): readonly boolean[] {
  const live = nodes.map((_, at) => at === value);
  for (let at = value as number; at >= 0; at--)
    if (live[at]) for (const input of nodes[at]!.inputs) live[input] = true;
  return live;
}

/** Which values depend on any of the given ones. */
export function dependents(nodes: Graph["nodes"], roots: readonly Value[]): readonly boolean[] {
  const depends = nodes.map(() => false);
  for (const root of roots) depends[root] = true;
  nodes.forEach((node, at) => {
    if (node.inputs.some((input) => depends[input])) depends[at] = true;
  });
  return depends;
}
