/**
 * Guarantees that what the check draws lies where the model's functions are defined: an input's own domain, or the one that the graph shows (a logarithm of an
 * input), or the first of a fixed list at which the small instance's losses are finite. Where none is, the fault is the model's, and the op that made it is named.
 */

import { ModelError } from "../graph/error.ts";
import type { Graph, Node, Value } from "../graph/graph.ts";
import { isFloat, type Tensor } from "../graph/type.ts";
import { entriesOf, type CompileOptions } from "../lower.ts";
import type { Model } from "../model/model.ts";
import { opOf } from "../ops/index.ts";
import { drawLeaf, fedLeaves, type Domain, type Drawn } from "./draw.ts";
import { evaluateGraph, type Feed } from "./evaluate.ts";

/** Contents of a model's leaves, the same in every entry, under every pass and at every size. */
export interface Draws {
  leaf(node: Node, seed: number, count: number): Float64Array;
  feed(graph: Graph, seed: number, count: number): Map<string, Float64Array>;
}

/** Draws for a model; and what is to be said where no domain serves. */
export interface ModelDraws extends Draws {
  readonly failure?: ModelError;
}

/** What is tried for inputs that say nothing of themselves. */
const CANDIDATES: readonly Domain[] = ["normal", "positive", "unit", "probabilities", [-0.9, 0.9], [2, 4], [5, 10]]; // prettier-ignore

/** Rows of the small instance. */
export const ROWS = 3;

const SEED = 1;

const made = new WeakMap<Model, ModelDraws>();

/** The draws of a model, found once. */
export function drawsOf(model: Model, { source }: Pick<CompileOptions, "source">): ModelDraws {
  const known = made.get(model);
  if (known !== undefined) return known;
  const entries = entriesOf(model, { ...(source === undefined ? {} : { source }), batch: ROWS, small: true, dtype: "f64" }, "trainer"); // prettier-ignore
  const shown = () => entriesOf(model, source === undefined ? {} : { source }, "trainer").map(({ traced }) => traced.graph); // prettier-ignore
  const draws = drawsIn(entries.map(({ traced }) => traced.graph), shown); // prettier-ignore
  made.set(model, draws);
  return draws;
}

/** Draws for the leaves of graphs that share them by name. `shown` are the same graphs with the shapes that the model's author knows. */
export function drawsIn(
  graphs: readonly Graph[],
  shown: () => readonly Graph[] = () => graphs,
): ModelDraws {
  // prettier-ignore
  const leaves = new Map(
    graphs
      .flatMap(fedLeaves)
      .reverse()
      .map((node) => [node.name, node]),
  );
  const inOrder = graphs.flatMap(fedLeaves).filter((node) => leaves.get(node.name) === node);
  const ordinals = new Map<string, number>();
  const counted = new Map<string, number>();
  for (const { op, name } of inOrder) {
    ordinals.set(name, counted.get(op) ?? 0);
    counted.set(op, (counted.get(op) ?? 0) + 1);
  }
  const inferred = new Map(graphs.flatMap((graph) => [...inferredIn(graph)]));
  const free = inOrder.filter(({ op, type, attrs }) => op === "input" && isFloat(type.dtype) && attrs["domain"] === undefined); // prettier-ignore
  const known = new Map(inOrder.flatMap(({ name, attrs }) => attrs["domain"] === undefined ? [] : [[name, attrs["domain"] as unknown as Domain] as const])); // prettier-ignore
  const withDomains = (others: ReadonlyMap<string, Domain>): Draws => {
    const leaf = (node: Node, seed: number, count: number): Float64Array => {
      const drawn: Drawn = {
        ordinal: ordinals.get(node.name) ?? 0,
        domain: known.get(node.name) ?? others.get(node.name) ?? "normal",
      };
      return drawLeaf(node, seed, count, drawn);
    };
    return { leaf, feed: (graph, seed, count) => new Map(fedLeaves(graph).map((node) => [node.name, leaf(node, seed, count)])) }; // prettier-ignore
  };
  const spread = (domain: Domain, keeps: boolean): Draws =>
    withDomains(new Map(free.map(({ name }) => [name, (keeps ? inferred.get(name) : undefined) ?? domain]))); // prettier-ignore
  const tries = [true, false].flatMap((keeps) => CANDIDATES.map((domain) => spread(domain, keeps)));
  const first = tries[0]!;
  const failures = new Map<Draws, { readonly at: number; readonly feed: Feed }>();
  for (const draws of free.length === 0 ? [first] : tries) {
    const feeds = graphs.map((graph) => draws.feed(graph, SEED, ROWS));
    const at = graphs.findIndex((graph, n) => !isFinite(graph, feeds[n]!));
    if (at < 0) return draws;
    failures.set(draws, { at, feed: feeds[at]! });
  }
  const { at, feed } = failures.get(first)!;
  return { ...first, failure: failureAt(graphs[at]!, shown()[at]!, feed) };
}

/** Functions that are defined on a part of the numbers, and on which. */
const DOMAINS: Readonly<Record<string, Domain>> = { log: "positive", sqrt: "positive", log1p: "positive", pow: "positive" }; // prettier-ignore

/** Inputs that such a function is taken of, movements looked through; one whose complement to 1 has a logarithm too lies between 0 and 1. */
function inferredIn({ nodes }: Graph): ReadonlyMap<string, Domain> {
  const found = new Map<string, Domain>();
  const origin = (at: Value): Node => {
    const node = nodes[at]!;
    const moves = (opOf(node.op).view === true || node.op === "identity" || node.op === "cast") && node.inputs.length === 1; // prettier-ignore
    return moves ? origin(node.inputs[0]!) : node;
  };
  for (const { op, inputs } of nodes) {
    const domain = DOMAINS[op];
    const exponent = op === "pow" ? nodes[inputs[1]!]!.attrs["value"] : undefined;
    if (domain === undefined || Number.isInteger(exponent)) continue;
    const of = origin(inputs[0]!);
    if (of.op === "input" && found.get(of.name) !== "unit") found.set(of.name, domain);
    const other = of.op === "sub" ? origin(of.inputs[1]!) : undefined;
    if (op === "log" && other?.op === "input" && origin(of.inputs[0]!).op === "literal") found.set(other.name, "unit"); // prettier-ignore
  }
  return found;
}

/** Whether the losses of a graph are numbers. */
function isFinite(graph: Graph, feed: Feed): boolean {
  const values = evaluateGraph(graph, feed);
  return graph.results.every(({ kind, value }) => kind !== "loss" || Number.isFinite(values[value]!.data[0])); // prettier-ignore
}

/** The op at which a loss stopped being a number, as an error. */
function failureAt(graph: Graph, shown: Graph, feed: Feed): ModelError {
  const values = evaluateGraph(graph, feed);
  const without = (bad: (value: number) => boolean): number => values.findIndex(({ data }) => data.some(bad)); // prettier-ignore
  const [undefinedAt, infiniteAt] = [without(Number.isNaN), without((value) => !Number.isFinite(value))]; // prettier-ignore
  const at = undefinedAt >= 0 ? undefinedAt : infiniteAt;
  const node = graph.nodes[at]!;
  const what = undefinedAt >= 0 ? "is not a number" : "is infinite";
  const ranges = node.inputs.map((input) => `%${graph.nodes[input]!.name} ${rangeOf(values[input]!)}`); // prettier-ignore
  return new ModelError({
    code: "check/finite",
    site: node.origin.site || graph.name,
    law: `the loss cannot be checked: wherever inputs are drawn from, %${node.name} = ${opOf(node.op).maths(node.inputs.map((input) => `%${graph.nodes[input]!.name}`), node.attrs, node.inputs.map((input) => graph.nodes[input]!.type))} ${what}${ranges.length === 0 ? "" : `, with ${ranges.join(" and ")}`}`,
    operands: node.inputs.map((input, n) => {
      const { name, type, origin } = shown.nodes[input]!;
      return { label: `operand ${n + 1}`, name, type, site: origin.site };
    }),
    remedy: 'Keep its operands where it is defined, or say where an input lies: input("x", shape, { domain: "positive" }), "probabilities", "unit" or [low, high].',
  });
} // prettier-ignore

/** From where to where a tensor's elements go. */
function rangeOf({ data }: Tensor): string {
  const known = data.filter((value) => !Number.isNaN(value));
  if (known.length === 0) return "not a number";
  const [low, high] = [known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b))]; // prettier-ignore
  return `from ${Number(low.toPrecision(3))} to ${Number(high.toPrecision(3))}`;
}
