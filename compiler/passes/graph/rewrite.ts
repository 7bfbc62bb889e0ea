/** The one way a graph pass rebuilds a graph: node by node, names and laws kept, the same object when nothing changed. */

import { Builder } from "../../graph/build.ts";
import type { Graph, Node, Value } from "../../graph/graph.ts";
import { numberText } from "../../loop/text/reading.ts";
import { callsOn, opOf, type Calls } from "../../ops/index.ts";

export interface Visit {
  readonly node: Node;
  /** The node's operands in the graph under construction. */
  readonly inputs: readonly Value[];
  readonly builder: Builder;
  readonly g: Calls;
}

/** `visit` returns the value that replaces the node, or undefined to keep it. */
export function rewrite(graph: Graph, visit: (visit: Visit) => Value | undefined): Graph {
  const builder = new Builder(graph.name);
  builder.reserve(graph.nodes.filter((node) => node.op !== "literal").map((node) => node.name));
  builder.reserve(graph.aliases.map((alias) => alias.name));
  const g = callsOn(builder);
  const moved: Value[] = [];
  let changed = false;
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => moved[input]!);
    const mark = builder.nodes.length;
    builder.origin = node.origin;
    const replacement = visit({ node, inputs, builder, g });
    if (replacement === undefined) {
      moved.push(builder.keep(node, inputs));
      continue;
    }
    changed = true;
    moved.push(takeName(builder, node, inputs, replacement, mark));
  }
  if (!changed) return graph;
  for (const result of graph.results)
    builder.results.push(
      result.kind === "write"
        ? { ...result, target: moved[result.target]!, value: moved[result.value]! }
        : { ...result, value: moved[result.value]! },
    );
  const aliases = graph.aliases.map((alias) => ({ ...alias, value: moved[alias.value]! }));
  return { ...builder.graph(), aliases: [...aliases, ...builder.aliases] };
}

/**
 * The replacement takes over the node's name if it is new; otherwise the name lives on as an alias,
 * or, for a scalar cotangent, as a node: those are read one by one in the emitted step.
 */
function takeName(builder: Builder, node: Node, inputs: readonly Value[], replacement: Value, mark: number): Value {
  if (node.op === "literal") return replacement;
  const made = builder.node(replacement);
  if (replacement >= mark && made.op !== "literal") {
    builder.replaceName(replacement, node.name);
    return replacement;
  }
  if (made.op !== "literal" && node.type.shape.length === 0 && node.origin.role === "cotangent") {
    const same = callsOn(builder).identity(replacement);
    builder.replaceName(same, node.name);
    return same;
  }
  if (node.origin.role === "update" || opOf(node.op).view) return replacement; // its law says nothing new
  const names = inputs.map((input) => nameOf(builder.nodes, input));
  const types = inputs.map((input) => builder.typeOf(input));
  const maths = `${node.name} = ${opOf(node.op).maths(names, node.attrs, types)}`;
  builder.aliases.push({ name: node.name, value: replacement, maths, origin: node.origin });
  return replacement;
}

/** A value as maths show it: a number, a name, or for movements what they move. */
export function nameOf(nodes: readonly Node[], value: Value): string {
  const node = nodes[value]!;
  if (node.op === "literal") return numberText(node.attrs["value"] as number, node.type.dtype); // of literals it is a number
  const op = opOf(node.op);
  if (!op.view) return node.name;
  const types = node.inputs.map((input) => nodes[input]!.type);
  return op.maths(
    node.inputs.map((input) => nameOf(nodes, input)),
    node.attrs,
    types,
  );
}
