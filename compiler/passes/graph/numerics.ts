/**
 * Guarantees that the set of rounded values is fixed, once, by the graph alone: schedules, budgets and tiles cannot change bits.
 *   %h = add %xw %b : f32[…] read twice   →   %h = add %xw %b {rounded=true}
 * Rounded: results of contractions and reductions, results of the graph, operands of contractions and of loops, scalars that tensors read,
 * and any value that is read more than once (views looked through: by several readers, or by one at several places), or that many
 * operations or some costly functions lead to, so that a kernel may end there. A value that is exact already needs no rounding.
 * Later passes may assume that what is not exact is read by one reader at one place, and may be computed there.
 */

import { bodyOf, type Graph, type Node, type Value } from "../../graph/graph.ts";
import { usersOf } from "../../graph/walk.ts";
import { opOf, type OpName } from "../../ops/index.ts";
import { numbers, type Op } from "../../ops/op.ts";
import type { Pass } from "../pass.ts";

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

/** How often each value is read, 2 standing for more: once by each reader, and once more through each view that it reads it by. */
function reads(graph: Graph): readonly number[] {
  const found = graph.nodes.map(() => 0);
  const add = (value: Value, times: number): void => void (found[value] = Math.min(2, found[value]! + times));
  for (const result of graph.results) add(result.value, 1);
  for (let at = graph.nodes.length - 1; at >= 0; at--) {
    const { op, inputs } = graph.nodes[at]!;
    if (opOf(op).view) for (const input of inputs) add(input, found[at]!);
    else for (const input of new Set(inputs)) add(input, 1);
  }
  return found;
}

/** Functions that take long, and so many of them in a row as are computed without rounding between. */
const COSTLY: ReadonlySet<string> = new Set([
  "exp",
  "log",
  "sqrt",
  "recip",
  "tanh",
  "sigmoid",
  "erf",
  "erfc",
  "sin",
  "cos",
  "log1p",
  "expm1",
  "div",
  "pow",
  ...(["rsqrt", "exp2", "log2", "log10", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "asinh", "acosh", "atanh"] as const),
  ...(["logSigmoid", "logAddExp", "softsign", "fmod", "lgamma", "digamma"] as const),
] satisfies OpName[]);
const MOST_COSTLY = 6;
/** So many operations of any kind; what is read twice at one place, as x in x·x, is computed twice. */
const MOST_PARTS = 100;

/** What computing a node takes at one place, when each of its operands takes so much. */
const partsOf = ({ op: name, inputs }: Node, { view }: Op, of: (input: Value) => number): number =>
  inputs.reduce((sum, input) => sum + of(input) * (TWICE.has(name) ? 2 : 1), view === true ? 0 : 1);

/** Ops whose formula names an operand twice. */
const TWICE: ReadonlySet<string> = new Set(["relu"] satisfies OpName[]);

/** Whether a scalar is spread over a tensor: it crosses from the entry into a kernel. */
const crosses = (graph: Graph, users: readonly (readonly Value[])[], at: number): boolean =>
  graph.nodes[at]!.type.shape.length === 0 && users[at]!.some((user) => graph.nodes[user]!.type.shape.length > 0);

export const numerics: Pass<Graph> = {
  name: "numerics",
  why: "which values are rounded to storage precision, once and for all",
  run(graph) {
    const read = readers(graph);
    const users = usersOf(graph);
    const times = reads(graph);
    const exact: boolean[] = [];
    const costly: number[] = [];
    const parts: number[] = [];
    const nodes = graph.nodes.map((node, at): Node => {
      const op = opOf(node.op);
      const isExact = node.attrs["rounded"] === true || bodyOf(node) !== undefined || exactly(node, op, exact, graph.nodes);
      exact.push(isExact);
      const leading = node.inputs.reduce((sum, input) => sum + (exact[input] ? 0 : costly[input]!), 0);
      costly.push(leading + Number(COSTLY.has(node.op)));
      parts.push(partsOf(node, op, (input) => (exact[input] ? 1 : parts[input]!)));
      if (isExact || node.type.dtype !== "f32") return node;
      const reduces = !op.elementwise && !op.view;
      // what a loop reads is stored
      const contracted = [...read[at]!].some(
        (reader) => reader >= 0 && (opOf(graph.nodes[reader]!.op).contracts || bodyOf(graph.nodes[reader]!) !== undefined),
      );
      if (op.view) return node;
      if (!(
        reduces ||
        contracted ||
        times[at]! > 1 ||
        costly[at]! >= MOST_COSTLY ||
        parts[at]! > MOST_PARTS ||
        read[at]!.has(-1) ||
        crosses(graph, users, at)
      ))
        return node;
      exact[at] = true;
      return { ...node, attrs: { ...node.attrs, rounded: true } };
    });
    return nodes.every((node, at) => node === graph.nodes[at]) ? graph : { ...graph, nodes };
  },
};

/** Which values of a graph whose roundings are fixed are float32 numbers, or of another type. */
export function exactValues({ nodes }: Graph): readonly boolean[] {
  const exact: boolean[] = [];
  for (const node of nodes) exact.push(node.attrs["rounded"] === true || exactly(node, opOf(node.op), exact, nodes));
  return exact;
}

/** Whether a node's value is a float32 without rounding. */
function exactly(
  node: Node,
  op: { readonly exact?: true; readonly leaf?: true; readonly selects?: true },
  exact: readonly boolean[],
  nodes: readonly Node[],
): boolean {
  if (node.type.dtype !== "f32") return true;
  if (node.op === "literal") return Object.is(Math.fround(node.attrs["value"] as number), node.attrs["value"]);
  if (node.op === "table") return numbers(node.attrs, "values").every((value) => Object.is(Math.fround(value), value));
  // what a loop gives is a result of its body
  if (op.leaf || op.selects) return true;
  // an integer beyond 2^24 is no float32
  return op.exact === true && node.inputs.every((input) => exact[input] && nodes[input]!.type.dtype !== "i32");
}
