/**
 * A model that is trained from one of its values on: what leads to that value is frozen, so it is computed once an example, by prediction.
 *   train x, y: h = relu (dot x W), loss h y   →   train h, y: loss h y,   predict x → outputs, h
 */

import { Builder } from "../graph/build.ts";
import { ModelError } from "../graph/error.ts";
import type { Graph, Node, Value } from "../graph/graph.ts";
import { suggestion } from "../graph/nearest.ts";
import { isFloat } from "../graph/type.ts";
import { opOf } from "../ops/index.ts";
import type { Model, Traced } from "./declaration.ts";

/**
 * The model whose training and evaluation take the value of that name as an input, in its place and instead of what only leads to it; its
 * prediction gives it as one more output. Throws a ModelError where that would not be exact: dropout or other randomness before it,
 * running statistics that live, parameters that train, rows that meet, or a value before it that is read behind it too.
 */
export function fromFeatures(model: Model, name: string): Model {
  return {
    ...model,
    trace(request) {
      const traced = model.trace(request);
      return request.entry === "predict" ? shown(model.name, traced, name) : cut(model.name, traced, name);
    },
  };
}

function refuse(site: string, what: string, law: string, remedy: string): never {
  throw new ModelError({ code: `features/${what}`, site, law, operands: [], remedy });
}

/** The value of a node, or of another name of it. */
function found(site: string, { nodes, aliases }: Graph, name: string): Value {
  const at = nodes.findIndex((node) => node.name === name && node.op !== "literal");
  const value = at < 0 ? aliases.find((alias) => alias.name === name)?.value : (at as Value);
  if (value === undefined) {
    const names = nodes.filter(({ op }) => op !== "literal").map((node) => node.name);
    return refuse(
      site,
      "node",
      `there is no value ${JSON.stringify(name)}${suggestion(name, names)}`,
      "adjoint inspect --graph lists all of them.",
    );
  }
  const { op, type } = nodes[value]!;
  if (["input", "param", "state"].includes(op) || !isFloat(type.dtype) || type.shape.length === 0)
    refuse(
      site,
      "node",
      `${JSON.stringify(name)} is ${op === "input" ? "an input already" : "no computed tensor of floats with rows"}`,
      "Name a value that a layer makes.",
    );
  return value;
}

/** What leads to a value, itself included. */
function before({ nodes }: Graph, value: Value): ReadonlySet<Value> {
  const all = new Set<Value>([value]);
  for (let at = value as number; at >= 0; at--) if (all.has(at as Value)) for (const input of nodes[at]!.inputs) all.add(input);
  return all;
}

/** Prediction, with the value among its outputs. */
function shown(site: string, traced: Traced, name: string): Traced {
  const { graph, meeting } = traced;
  if (meeting !== undefined)
    refuse(
      site,
      "rows",
      `rows meet in ${JSON.stringify(meeting.value)}, so no example has features of its own: ${meeting.why}`,
      "Train it whole.",
    );
  const value = found(site, graph, name);
  if (graph.results.some((result) => result.kind === "output" && result.name === name)) return traced;
  return { ...traced, graph: { ...graph, results: [...graph.results, { kind: "output", name, value }] } };
}

function cut(site: string, traced: Traced, name: string): Traced {
  const { graph } = traced;
  const { nodes } = graph;
  const value = found(site, graph, name);
  const prefix = before(graph, value);
  requireExact(site, graph, prefix, name);
  const isComputed = (node: Node): boolean => node.inputs.length > 0 || node.op === "iota";
  const needed = new Set<Value>();
  const open = graph.results.flatMap((result) => (result.kind === "write" ? [result.target, result.value] : [result.value]));
  while (open.length > 0) {
    const at = open.pop()!;
    if (needed.has(at)) continue;
    needed.add(at);
    if (at !== value) open.push(...nodes[at]!.inputs);
  }
  const rows = nodes.find(({ op }, at) => op === "input" && prefix.has(at as Value));
  const own = nodes[value]!;
  if (
    rows === undefined ||
    own.type.shape[0] !== rows.type.shape[0] ||
    !Array.isArray(rows.attrs["rows"] ?? [0]) ||
    (rows.attrs["rows"] as readonly number[] | undefined)?.[0] === 1
  )
    refuse(site, "rows", `${JSON.stringify(name)} has no row for each row of the batch`, "Name a value whose first axis is the batch's.");
  // what is computed of the inputs before it, and read behind it too, would be computed again
  const reads = (at: Value): boolean => [...before(graph, at)].some((one) => nodes[one]!.op === "input");
  const crossing = [...needed].find((at) => at !== value && prefix.has(at) && isComputed(nodes[at]!) && reads(at));
  if (crossing !== undefined)
    refuse(
      site,
      "crossing",
      `${JSON.stringify(nodes[crossing]!.name)} comes before ${JSON.stringify(name)} and is read behind it too`,
      "Name a value behind which nothing else of before is read.",
    );
  return { ...traced, graph: begun(graph, value, name, needed, rows!) };
}

/** The value is the same in training as in prediction, for one and the same example. */
function requireExact(site: string, { nodes, results }: Graph, prefix: ReadonlySet<Value>, name: string): void {
  const all = [...prefix].map((at) => nodes[at]!);
  const shownName = JSON.stringify(name);
  const random = all.find(({ op }) => op === "randomBits");
  if (random !== undefined)
    refuse(
      site,
      "random",
      `before ${shownName} stands randomness that is another at each step (${random.origin.site})`,
      "Name a value before the dropout, or leave the dropout out.",
    );
  const trained = all.find(({ op, attrs }) => op === "param" && attrs["trainable"] !== false);
  if (trained !== undefined)
    refuse(
      site,
      "trainable",
      `before ${shownName} stands ${JSON.stringify(trained.name)}, which trains`,
      `Freeze it: model(name, { trainable: ["!${trained.name}"] }, …).`,
    );
  const statistic = results.find((result) => result.kind === "write" && prefix.has(result.value));
  const live = results
    .flatMap((result) => (result.kind === "write" ? [nodes[result.target]!.name.replace(/\.[^.]*$/, "")] : []))
    .find((layer) => all.some((node) => node.name.startsWith(`${layer}.`)));
  if (statistic !== undefined || live !== undefined)
    refuse(
      site,
      "statistics",
      `before ${shownName} stands ${JSON.stringify(live ?? name)}, whose running statistics live`,
      "Freeze it: batchNorm({ frozen: true }).",
    );
}

/** The graph that begins at a value. */
function begun(graph: Graph, value: Value, name: string, needed: ReadonlySet<Value>, rows: Node): Graph {
  const builder = new Builder(graph.name);
  builder.reserve(graph.nodes.filter(({ op }) => op !== "literal").map((node) => node.name));
  builder.reserve(graph.aliases.map((alias) => alias.name));
  const moved = new Map<Value, Value>();
  const to = (at: Value): Value => moved.get(at)!;
  graph.nodes.forEach((node, n) => {
    const at = n as Value;
    if (!needed.has(at)) return;
    builder.origin = node.origin;
    if (at !== value) return void moved.set(at, builder.keep(node, node.inputs.map(to)));
    const said = rows.attrs["rows"];
    const attrs = said === undefined ? {} : { rows: said };
    moved.set(at, builder.keep({ ...node, op: opOf("input").name, name, attrs, inputs: [] }, []));
  });
  for (const result of graph.results)
    builder.results.push(
      result.kind === "write" ? { ...result, target: to(result.target), value: to(result.value) } : { ...result, value: to(result.value) },
    );
  const aliases = graph.aliases.filter((alias) => moved.has(alias.value) && alias.name !== name);
  return { ...builder.graph(), aliases: aliases.map((alias) => ({ ...alias, value: to(alias.value) })) };
}
