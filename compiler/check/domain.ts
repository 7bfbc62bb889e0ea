/**
 * Guarantees that what the check draws lies where the model's functions are defined: an input's own domain, or the one that the graph shows (a logarithm of an
 * input), or the first of a fixed list at which the small instance's losses are finite. Where none is, the fault is the model's, and the op that made it is named.
 */

import { ModelError } from "../graph/error.ts";
import type { Graph, Node, Value } from "../graph/graph.ts";
import { isFloat, type Tensor } from "../graph/type.ts";
import { entriesOf } from "../driver/entries.ts";
import type { CompileOptions } from "../driver/options.ts";
import type { Model } from "../model/declaration.ts";
import { opOf } from "../ops/index.ts";
import { drawLeaf, fedLeaves, type Domain } from "./draw.ts";
import { evaluateGraph, type Feed } from "./evaluate.ts";
import { ROWS, smallEntries, smallInstance } from "./instance.ts";

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
const CANDIDATES: readonly Domain[] = ["normal", "positive", "unit", "probabilities", [-0.9, 0.9], [2, 4], [5, 10]];

const SEED = 1;

const made = new WeakMap<Model, ModelDraws>();

type Named = Pick<ReturnType<typeof entriesOf>[number], "name" | "traced">;

/** The draws that a model is checked with, found once, at the small instance. */
export function drawsOf(model: Model, { source }: Pick<CompileOptions, "source">): ModelDraws {
  const known = made.get(model);
  if (known !== undefined) return known;
  const from = source === undefined ? {} : { source };
  const instance = smallInstance(model, from);
  const entries = smallEntries(model, from);
  const rows = entries.map(({ name }) => instance.batch[name === "evaluate" || name === "predict" ? name : "train"]);
  const draws = found(new Leaves(graphsOf(entries)), rows, () => graphsOf(entriesOf(model, from, "trainer")));
  made.set(model, draws);
  return draws;
}

/** The same where nothing is checked, and no domain is tried. */
export const knownDraws = (model: Model, entries: readonly Named[]): Draws =>
  made.get(model) ?? new Leaves(graphsOf(entries)).draws("normal", true);

/** Draws for graphs by themselves, which share their leaves by name. */
export const drawsIn = (graphs: readonly Graph[]): ModelDraws =>
  found(
    new Leaves(graphs),
    graphs.map(() => ROWS),
    () => graphs,
  );

const graphsOf = (entries: readonly Named[]): readonly Graph[] => entries.map(({ traced }) => traced.graph);

/** The first domains at which every loss is a number. `shown` gives the graphs with the shapes that the model's author knows. */
function found(leaves: Leaves, rows: readonly number[], shown: () => readonly Graph[]): ModelDraws {
  const { graphs } = leaves;
  const tries = [true, false].flatMap((keeps) => CANDIDATES.map((domain) => leaves.draws(domain, keeps)));
  const [first] = tries as [Draws];
  let failed: { readonly at: number; readonly feed: Feed } | undefined;
  for (const draws of leaves.free.length === 0 ? [first] : tries) {
    const feeds = graphs.map((graph, n) => draws.feed(graph, SEED, rows[n]!));
    const at = graphs.findIndex((graph, n) => !isFinite(graph, feeds[n]!));
    if (at < 0) return draws;
    failed ??= { at, feed: feeds[at]! };
  }
  const { at, feed } = failed!;
  return { ...first, failure: failureAt(graphs[at]!, shown()[at]!, feed) };
}

/** The leaves of graphs that share them by name. */
class Leaves {
  readonly graphs: readonly Graph[];
  /** Inputs that say nothing of themselves. */
  readonly free: readonly Node[];
  readonly #ordinals = new Map<string, number>();
  readonly #own = new Map<string, Domain>();
  readonly #inferred: ReadonlyMap<string, Domain>;

  constructor(graphs: readonly Graph[]) {
    this.graphs = graphs;
    const free: Node[] = [];
    const counted = new Map<string, number>();
    for (const node of graphs.flatMap(fedLeaves)) {
      const { op, name, type, attrs } = node;
      if (this.#ordinals.has(name)) continue;
      this.#ordinals.set(name, counted.get(op) ?? 0);
      counted.set(op, (counted.get(op) ?? 0) + 1);
      const own = attrs["domain"] as Domain | undefined; // the declaration saw to its form
      if (own !== undefined) this.#own.set(name, own);
      else if (op === "input" && isFloat(type.dtype)) free.push(node);
    }
    this.free = free;
    this.#inferred = new Map(graphs.flatMap((graph) => [...inferredIn(graph)]));
  }

  /** Contents where free inputs lie in `domain`, unless the graph shows another and that `keeps`. */
  draws(domain: Domain, keeps: boolean): Draws {
    const leaf = (node: Node, seed: number, count: number): Float64Array =>
      drawLeaf(node, seed, count, {
        ordinal: this.#ordinals.get(node.name) ?? 0,
        domain: this.#own.get(node.name) ?? (keeps ? this.#inferred.get(node.name) : undefined) ?? domain,
      });
    return { leaf, feed: (graph, seed, count) => new Map(fedLeaves(graph).map((node) => [node.name, leaf(node, seed, count)])) };
  }
}

/** Functions that are defined on a part of the numbers, and on which. */
const DOMAINS: Readonly<Record<string, Domain>> = { log: "positive", sqrt: "positive", log1p: "positive", pow: "positive" };

/** Inputs that such a function is taken of, movements looked through; one whose complement to 1 has a logarithm too lies between 0 and 1. */
function inferredIn({ nodes }: Graph): ReadonlyMap<string, Domain> {
  const found = new Map<string, Domain>();
  const origin = (at: Value): Node => {
    const node = nodes[at]!;
    const moves = (opOf(node.op).view === true || node.op === "identity" || node.op === "cast") && node.inputs.length === 1;
    return moves ? origin(node.inputs[0]!) : node;
  };
  for (const { op, inputs } of nodes) {
    const domain = DOMAINS[op];
    const exponent = op === "pow" ? nodes[inputs[1]!]!.attrs["value"] : undefined;
    if (domain === undefined || Number.isInteger(exponent)) continue;
    const of = origin(inputs[0]!);
    if (of.op === "input" && found.get(of.name) !== "unit") found.set(of.name, domain);
    const other = of.op === "sub" ? origin(of.inputs[1]!) : undefined;
    if (op === "log" && other?.op === "input" && origin(of.inputs[0]!).op === "literal") found.set(other.name, "unit");
  }
  return found;
}

/** Whether the losses of a graph are numbers. */
function isFinite(graph: Graph, feed: Feed): boolean {
  if (!graph.results.some(({ kind }) => kind === "loss")) return true;
  const values = evaluateGraph(graph, feed);
  return graph.results.every(({ kind, value }) => kind !== "loss" || Number.isFinite(values[value]!.data[0]));
}

/** The op at which a loss stopped being a number, as an error. */
function failureAt(graph: Graph, shown: Graph, feed: Feed): ModelError {
  const values = evaluateGraph(graph, feed);
  const without = (bad: (value: number) => boolean): number => values.findIndex(({ data }) => data.some(bad));
  const [undefinedAt, infiniteAt] = [without(Number.isNaN), without((value) => !Number.isFinite(value))];
  const at = undefinedAt >= 0 ? undefinedAt : infiniteAt;
  const node = graph.nodes[at]!;
  const what = undefinedAt >= 0 ? "is not a number" : "is infinite";
  const ranges = node.inputs.map((input) => `%${graph.nodes[input]!.name} ${rangeOf(values[input]!)}`);
  return new ModelError({
    code: "check/finite",
    site: node.origin.site || graph.name,
    law: `the loss cannot be checked: wherever inputs are drawn from, %${node.name} = ${opOf(node.op).maths(
      node.inputs.map((input) => `%${graph.nodes[input]!.name}`),
      node.attrs,
      node.inputs.map((input) => graph.nodes[input]!.type),
    )} ${what}${ranges.length === 0 ? "" : `, with ${ranges.join(" and ")}`}`,
    operands: node.inputs.map((input, n) => {
      const { name, type, origin } = shown.nodes[input]!;
      return { label: `operand ${n + 1}`, name, type, site: origin.site };
    }),
    remedy:
      'Keep its operands where it is defined, or say where an input lies: input("x", shape, { domain: "positive" }), "probabilities", "unit" or [low, high].',
  });
}

/** From where to where a tensor's elements go. */
function rangeOf({ data }: Tensor): string {
  const known = data.filter((value) => !Number.isNaN(value));
  if (known.length === 0) return "not a number";
  const [low, high] = [known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b))];
  return `from ${Number(low.toPrecision(3))} to ${Number(high.toPrecision(3))}`;
}
