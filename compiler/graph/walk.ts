/** The few walks every pass needs: users, reachable values, and rebuilding a graph node by node. */

import type { Graph, Value } from "./graph.ts";

/** For each value, the nodes that read it (once for each operand that does). */
export function usersOf({ nodes }: Graph): readonly (readonly Value[])[] {
  const users: Value[][] = nodes.map(() => []);
  nodes.forEach((node, at) => node.inputs.forEach((input) => users[input]!.push(at as Value)));
  return users;
}

/** Which values the results depend on. Targets of writes count: their storage is named by the node. */
export const reachable = ({ nodes, results }: Graph): readonly boolean[] =>
  reachableFrom(
    nodes,
    results.flatMap((result) => (result.kind === "write" ? [result.target, result.value] : [result.value])),
  );

/** Which values the given ones depend on, themselves included. */
export function reachableFrom(nodes: Graph["nodes"], values: readonly Value[]): readonly boolean[] {
  const live = nodes.map(() => false);
  for (const value of values) live[value] = true;
  for (let at = nodes.length - 1; at >= 0; at--) if (live[at]) for (const input of nodes[at]!.inputs) live[input] = true;
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
