/** The nodes of an entry with what they are for: their layer, their law, their gradient, and where they are computed. Loops are opened: their bodies' nodes stand among the others. */

import { bodyOf, type Graph, type Node } from "../../graph/graph.ts";
import type { Call, Module } from "../../loop/loop.ts";
import type { CompiledEntry } from "../../driver/lower.ts";
import { opOf } from "../../ops/index.ts";
import { nameOf } from "../../passes/graph/rewrite.ts";
import { cut } from "../../passes/definitions/cut.ts";
import { spotsIn, type Spot } from "../tensor.ts";
import type { InspectedHome, InspectedNode } from "./types.ts";

/** A node with the graph that it stands in, which is the entry's or a part that it is cut into. */
interface Found {
  readonly node: Node;
  readonly graph: Graph;
  readonly loop?: string;
}

/** How names are known: those of nodes that were found equal to others are these. */
export type Known = (name: string) => string | undefined;

/** Every node of an entry but numbers, each name once. */
function allOf(graph: Graph): readonly Found[] {
  const found = new Map<string, Found>();
  const keep = (from: Graph, loop?: string): void => {
    for (const node of from.nodes)
      if (node.op !== "literal" && !found.has(node.name))
        found.set(node.name, { node, graph: from, ...(loop === undefined ? {} : { loop }) });
  };
  keep(graph);
  // in their order, the last part last: values that parts hand to each other have names of their own
  if (graph.nodes.some((node) => bodyOf(node) !== undefined)) for (const piece of cut(graph).pieces) keep(piece.graph, piece.turns?.node);
  return [...found.values()];
}

/** Ids by name and by alias. */
function knownIn(all: readonly Found[]): Known {
  const ids = new Map(all.map(({ node }) => [node.name, node.name]));
  for (const graph of new Set(all.map((one) => one.graph)))
    for (const { name, value } of graph.aliases) {
      const id = ids.get(graph.nodes[value]!.name);
      if (id !== undefined && !ids.has(name)) ids.set(name, id); // a number has no node
    }
  return (name) => ids.get(name);
}

const partOf = ({ origin: { role }, attrs }: Node): InspectedNode["part"] =>
  role === "update" ? "update" : role === "cotangent" || attrs["again"] !== undefined ? "backward" : "forward";

/** `layerNorm_3: μ, σ², x̂·γ + β`: the names from the outside, and the words. */
function layerOf(within: string | undefined): { readonly layer: readonly string[]; readonly words?: string } {
  if (within === undefined) return { layer: [] };
  const end = within.indexOf(": ");
  const path = end < 0 ? within : within.slice(0, end);
  return { layer: path.split(" › "), ...(end < 0 ? {} : { words: within.slice(end + 2) }) };
}

function mathsOf(graph: Graph, node: Node): string {
  if (opOf(node.op).leaf === true && node.inputs.length === 0) return node.name;
  const names = node.inputs.map((input) => nameOf(graph.nodes, input));
  const types = node.inputs.map((input) => graph.nodes[input]!.type);
  return `${node.name} = ${opOf(node.op).maths(names, node.attrs, types)}`;
}

const homeOf = (spot: Spot): InspectedHome => {
  switch (spot.kind) {
    case "buffer":
      return { kind: spot.kind, buffer: spot.buffer, ...(spot.computed === undefined ? {} : { statement: spot.computed }) };
    case "local":
    case "scalar":
      return { kind: spot.kind, statement: spot.computed };
    case "substituted":
      return { kind: spot.kind, statements: spot.into };
    default:
      return { kind: spot.kind };
  }
};

/** The nodes of an entry in order, and how names of its comments are known. */
export function nodesOf(
  module: Module,
  compiled: CompiledEntry,
  n: number,
  source: string | undefined,
): { readonly nodes: readonly InspectedNode[]; readonly known: Known } {
  const all = allOf(compiled.graph);
  const known = knownIn(all);
  const spot = spotsIn(module, compiled, n);
  const buffers = new Set(module.buffers.map(({ name }) => name));
  const statements = statementsTelling(compiled, known);
  const laws = all.map(({ node: { origin } }) => (origin.role === "primal" ? undefined : known(origin.of)));
  const adjoints = new Map<string, string[]>();
  all.forEach(({ node }, at) => {
    const of = laws[at];
    if (of !== undefined && node.origin.role === "cotangent") adjoints.set(of, [...(adjoints.get(of) ?? []), node.name]);
  });
  const writes = compiled.graph.results.flatMap((result) =>
    result.kind === "write" ? [[compiled.graph.nodes[result.target]!.name, compiled.graph.nodes[result.value]!.name] as const] : [],
  );
  const next = new Map(writes);
  const replaces = new Map(writes.map(([target, value]) => [value, target]));
  const gradients = gradientsIn(all, known);
  const nodes = all.map(({ node, graph, loop }, at): InspectedNode => {
    const { name, op, origin } = node;
    const [file, line] = placeOf(origin.site);
    const home = homeOf(spot(node));
    const gradient = gradients.of.get(name);
    return {
      id: name,
      op,
      inputs: node.inputs.flatMap((input) => (graph.nodes[input]!.op === "literal" ? [] : [graph.nodes[input]!.name])),
      dtype: node.type.dtype,
      shape: node.type.shape,
      part: partOf(node),
      maths: mathsOf(graph, node),
      site: origin.site,
      ...(file === source && line !== undefined ? { line } : {}),
      ...layerOf(origin.within),
      ...(origin.role === "primal" ? {} : { law: origin.rule, of: origin.of }),
      ...(laws[at] === undefined ? {} : { forward: laws[at] }),
      adjoints: adjoints.get(name) ?? [],
      gradientOf: gradients.from.get(name) ?? [],
      ...(gradient === undefined ? {} : { gradient }),
      ...(next.has(name) ? { next: next.get(name)! } : {}),
      ...(replaces.has(name) ? { replaces: replaces.get(name)! } : {}),
      aliases: aliasesOf(graph, node),
      // an input that nothing reads has no place
      home: home.kind === "buffer" && !buffers.has(home.buffer) ? { kind: "movement" } : home,
      statements: statements.get(name) ?? [],
      ...(loop === undefined ? {} : { loop }),
    };
  });
  return { nodes, known };
}

function placeOf(site: string): [file: string, line: number | undefined] {
  const at = site.lastIndexOf(":");
  const line = Number(site.slice(at + 1));
  return [site.slice(0, at), at > 0 && Number.isInteger(line) ? line : undefined];
}

function aliasesOf({ nodes, aliases }: Graph, node: Node): InspectedNode["aliases"] {
  return aliases.flatMap(({ name, value, maths, origin }) =>
    nodes[value] !== node ? [] : [{ name, maths, ...(origin.role === "primal" ? {} : { law: origin.rule, of: origin.of }) }],
  );
}

/** Ids of the nodes that a statement tells of or makes; copies for a kernel are no nodes. */
export function toldBy(call: Call, known: Known): readonly string[] {
  const made =
    call.kind === "call"
      ? call.group.stages.map(({ definition }) => definition.name)
      : [call.kind === "let" ? call.name : call.definition.name];
  return [...new Set([...call.doc.map(({ node }) => node), ...made].flatMap((name) => known(name) ?? []))];
}

/** Statements that tell of a node, by its id. */
function statementsTelling({ program }: CompiledEntry, known: Known): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  program.calls.forEach((call, at) => {
    for (const id of toldBy(call, known)) found.set(id, [...(found.get(id) ?? []), at + 1]);
  });
  return found;
}

/** Cotangents are called after their values: d_hidden is hidden's. */
function gradientsIn(all: readonly Found[], known: Known) {
  const of = new Map<string, string>();
  const from = new Map<string, string[]>();
  for (const { node } of all) {
    if (node.origin.role !== "primal" && node.op !== "param") continue;
    const gradient = known(`d_${node.name}`);
    if (gradient === undefined) continue;
    of.set(node.name, gradient);
    from.set(gradient, [...(from.get(gradient) ?? []), node.name]);
  }
  return { of, from };
}
