/**
 * Finds updates that differ in their parameter alone: one function says them all, as one kernel does in other trainers.
 *   W1.m_next = …, W1_next = …, b1.m_next = …, b1_next = …   →   m_next, w_next = adam(w, m, g, rate)
 */

import type { Graph, Node, Value } from "../../graph/graph.ts";
import { isFloat } from "../../graph/type.ts";
import { opOf } from "../../ops/index.ts";

/** What a rule computes of one parameter. */
export interface Update {
  readonly parameter: string;
  readonly nodes: readonly Value[];
  /** What it reads, in the order in which it does, and how that is called where the parameter is `w` and its gradient `g`. */
  readonly given: readonly { readonly value: Value; readonly name: string; readonly crosses: boolean }[];
  readonly results: readonly Value[];
  /** The same for all that differ in the parameter alone. */
  readonly key: string;
  readonly rule: string;
  /** `m ← 0.9·m + (1 − 0.9)·g; …` */
  readonly words: string;
}

/** Whether a value is one number everywhere, which is spread by itself; many parameters share such a value. */
const isSpread = (graph: Graph, value: Value): boolean => {
  const { op, inputs } = graph.nodes[value]!;
  return op === "broadcast" && graph.nodes[inputs[0]!]!.type.shape.length === 0;
};
const scalarOf = (graph: Graph, value: Value): Value => (isSpread(graph, value) ? graph.nodes[value]!.inputs[0]! : value);

const isUpdate = (node: Node | undefined): boolean => node?.origin.role === "update";

/** Those of which there are several alike. */
export function updatesIn(graph: Graph): readonly Update[] {
  const byParameter = new Map<string, Value[]>();
  graph.nodes.forEach((node, at) => {
    const { origin, op } = node;
    if (origin.role !== "update" || opOf(op).leaf === true || isSpread(graph, at as Value)) return;
    byParameter.set(origin.of, [...(byParameter.get(origin.of) ?? []), at as Value]); // every index is one
  });
  const found = [...byParameter].flatMap(([parameter, nodes]) => updateOf(graph, parameter, nodes) ?? []);
  return found.filter(({ key }) => found.filter((other) => other.key === key).length > 1);
}

function updateOf(graph: Graph, parameter: string, nodes: readonly Value[]): Update | undefined {
  const node = (value: Value): Node => graph.nodes[value]!;
  const trained = graph.nodes.find(({ op, name }) => op === "param" && name === parameter);
  const own = new Map(nodes.map((value, n) => [value, n]));
  // shapes may differ: what depends on one is no common rule
  if (trained === undefined || !nodes.every((value) => opOf(node(value).op).elementwise === true)) return undefined;
  const last = nodes.at(-1)!;
  const given: Value[] = [];
  const code = nodes.map((value) => {
    const { op, inputs, type } = node(value);
    const operands = inputs.map((input) => {
      const inside = own.get(input);
      if (inside !== undefined) return inside;
      const from = scalarOf(graph, input);
      const { op: leaf, attrs, type: of } = node(from);
      if (leaf === "literal") return `${String(attrs["value"])} ${of.dtype}`;
      if (!given.includes(from)) given.push(from);
      return `given ${given.indexOf(from)}`;
    });
    return [op, type.dtype, type.shape.length === 0, operands];
  });
  const outside = graph.nodes.flatMap(({ inputs }, at) => (own.has(at as Value) ? [] : inputs.map((input) => [input, at] as const)));
  if (outside.some(([input, at]) => own.has(input) && at < last)) return undefined;
  const read = new Set([...outside.map(([input]) => input), ...graph.results.map(({ value }) => value)]);
  const results = nodes.filter((value) => read.has(value));
  const named = given.map((value) => {
    const { name, op, type } = node(value);
    const crosses = !isUpdate(node(value)) && opOf(op).leaf !== true && isFloat(type.dtype);
    const short = name === parameter ? "w" : name.startsWith(`${parameter}.`) ? name.slice(parameter.length + 1) : crosses ? "g" : name;
    return { value, name: short, crosses };
  });
  // w and g first
  const rank = ({ name }: { readonly name: string }): number => ["w", "g"].indexOf(name) + 1 || 3;
  named.sort((a, b) => rank(a) - rank(b));
  const { origin } = node(last);
  const words = (origin.within ?? "").split(": ").slice(1).join(": ");
  const rule = origin.role === "update" ? origin.rule : "";
  const kinds = named.map(({ name, crosses }) => [name, crosses]);
  const key = JSON.stringify([rule, code, results.map((value) => own.get(value)), kinds]);
  return { parameter, nodes, given: named, results, key, rule, words };
}

/** The nodes of an update alone, under the names that they have where the parameter is `w`. */
export function alone(graph: Graph, { parameter, nodes, given, results }: Update): Graph {
  const moved = new Map<Value, Value>();
  const out: Node[] = [];
  const short = (name: string): string => {
    if (name.startsWith(`${parameter}.`)) return name.slice(parameter.length + 1);
    if (!name.startsWith(`${parameter}_`)) return name;
    const rest = name.slice(parameter.length + 1);
    return rest === "next" ? "w_next" : rest;
  };
  const add = (value: Value, node: Node): void => void moved.set(value, (out.push(node) - 1) as Value);
  for (const { value, name } of given) {
    const { type, origin } = graph.nodes[value]!;
    add(value, { op: "input", name, inputs: [], attrs: {}, type, origin });
  }
  for (const value of nodes) {
    const node = graph.nodes[value]!;
    const inputs = node.inputs.map((input) => scalarOf(graph, input));
    for (const input of inputs) if (!moved.has(input)) add(input, graph.nodes[input]!); // a literal
    add(value, { ...node, name: short(node.name), inputs: inputs.map((input) => moved.get(input)!) });
  }
  return {
    name: parameter,
    nodes: out,
    results: results.map((value) => ({ kind: "output", name: short(graph.nodes[value]!.name), value: moved.get(value)! })),
    aliases: [],
  };
}
