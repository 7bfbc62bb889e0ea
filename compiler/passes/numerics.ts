/**
 * Guarantees that the set of rounded values is fixed, once, by the graph alone: schedules, budgets and tiles cannot change bits.
 *   %h = add %xw %b : f32[…] read twice   →   %h = add %xw %b {rounded=true}
 * Rounded: results of contractions and reductions, results of the graph, operands of contractions, scalars that tensors read,
 * and any value with more than one reader (views looked through). A value that is exact already needs no rounding.
 */

import type { Graph, Node, Value } from "../graph/graph.ts";
import { usersOf } from "../graph/walk.ts";
import { opOf } from "../ops/index.ts";
import { numbers } from "../ops/op.ts";
import type { Pass } from "./pass.ts";

/** Readers of each value, views looked through; -1 stands for the graph's results. */
function readers(graph: Graph): readonly ReadonlySet<number>[] {
  const found = graph.nodes.map(() => new Set<number>());
  for (const result of graph.results) found[result.value]!.add(-1);
  for (let at = graph.nodes.length - 1; at >= 0; at--) {
    const node = graph.nodes[at]!;
    for (const input of node.inputs)
      if (opOf(node.op).view) for (const reader of found[at]!) found[input]!.add(reader);
      else found[input]!.add(at);
  }
  return found;
}

/** Whether a scalar is spread over a tensor: it crosses from the entry into a kernel. */
const crosses = (graph: Graph, users: readonly (readonly Value[])[], at: number): boolean =>
  graph.nodes[at]!.type.shape.length === 0 &&
  users[at]!.some((user) => graph.nodes[user]!.type.shape.length > 0);

export const numerics: Pass<Graph> = {
  name: "numerics",
  why: "which values are rounded to storage precision, once and for all",
  run(graph) {
    const read = readers(graph);
    const users = usersOf(graph);
    const exact: boolean[] = [];
    const nodes = graph.nodes.map((node, at): Node => {
      const op = opOf(node.op);
      const isExact = node.attrs["rounded"] === true || exactly(node, op, exact, graph.nodes);
      exact.push(isExact);
      if (isExact || node.type.dtype !== "f32") return node;
      const reduces = !op.elementwise && !op.view;
      const contracted = [...read[at]!].some((reader) => reader >= 0 && opOf(graph.nodes[reader]!.op).contracts); // prettier-ignore
      if (op.view) return node;
      if (!(reduces || contracted || read[at]!.size > 1 || read[at]!.has(-1) || crosses(graph, users, at))) return node; // prettier-ignore
      exact[at] = true;
      return { ...node, attrs: { ...node.attrs, rounded: true } };
    });
    return nodes.every((node, at) => node === graph.nodes[at]) ? graph : { ...graph, nodes };
  },
};

/** Which values of a graph whose roundings are fixed are float32 numbers, or of another type. */
export function exactValues({ nodes }: Graph): readonly boolean[] {
  const exact: boolean[] = [];
  for (const node of nodes) exact.push(node.attrs["rounded"] === true || exactly(node, opOf(node.op), exact, nodes)); // prettier-ignore
  return exact;
}

/** Whether a node's value is a float32 without rounding. */
function exactly(
  node: Node,
  op: { readonly exact?: true; readonly leaf?: true },
  exact: readonly boolean[],
  nodes: readonly Node[],
): boolean {
  if (node.type.dtype !== "f32") return true;
  if (node.op === "literal")
    return Object.is(Math.fround(node.attrs["value"] as number), node.attrs["value"]);
  if (node.op === "table") return numbers(node.attrs, "values").every((value) => Object.is(Math.fround(value), value)); // prettier-ignore
  if (op.leaf) return true;
  // an integer beyond 2^24 is no float32
  return op.exact === true && node.inputs.every((input) => exact[input] && nodes[input]!.type.dtype !== "i32");
}
