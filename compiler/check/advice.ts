/** The warnings of a model, each once: what its declaration says, what its update rules say, and relus that no input wakes at the first step. */

import type { Diagnostic } from "../graph/error.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { sizeOf } from "../graph/type.ts";
import { entriesOf } from "../driver/entries.ts";
import type { CompileOptions } from "../driver/options.ts";
import type { Lowered } from "../driver/lower.ts";
import { dividedKernels, divisionOf, PER_MICROSECOND, WORTH_MICROSECONDS } from "../loop/divide.ts";
import type { Module } from "../loop/loop.ts";
import { workOf } from "../loop/uses.ts";
import type { Model } from "../model/declaration.ts";
import { differentiate } from "../passes/graph/differentiate.ts";
import type { Facts } from "../targets/target.ts";
import { drawsIn, knownDraws, type Draws } from "./domain.ts";
import { fedLeaves } from "./draw.ts";
import { evaluateGraph } from "./evaluate.ts";
import { instanceRows } from "./instance.ts";

/** Warnings of the declaration, of the update rules, and of the small instance; of one code and place there is one. */
export function adviceOn(
  model: Model,
  { entries, module, facts }: Pick<Lowered, "entries" | "module" | "facts">,
  { source }: Pick<CompileOptions, "source">,
): readonly Diagnostic[] {
  const from = source === undefined ? {} : { source };
  const batch = instanceRows(model, from);
  const small = { ...from, batch, small: true, dtype: "f64" } as const;
  const heard: Diagnostic[] = [...entries[0]!.traced.advice];
  const declared = entriesOf(model, small, "trainer");
  for (const { purpose, traced } of declared) {
    if (purpose.kind !== "train") continue;
    const rules: Diagnostic[] = [];
    differentiate(purpose.phase, { counts: false, hear: (advice) => rules.push(advice) }).run(traced.graph);
    // a rule says it of every parameter alike: the first stands for all
    heard.push(...rules.filter(({ law }, n) => rules.findIndex((one) => one.law === law) === n));
  }
  // every phase is declared as the same graph
  heard.push(...adviseDead(declared[0]!.traced.graph, batch.train, 1, knownDraws(model, declared)));
  heard.push(...adviseThreads(model.name, module, facts));
  const place = ({ code, site }: Diagnostic): string => `${code} ${site}`;
  return heard.filter((one, n) => heard.findIndex((other) => place(other) === place(one)) === n);
}

/** Threads that were asked for, where no kernel runs so long that it pays to share it. */
function adviseThreads(site: string, { kernels }: Module, { threads }: Pick<Facts, "threads">): Diagnostic[] {
  if (threads === undefined || dividedKernels(kernels, divisionOf({ threads })).size > 0) return [];
  const longest = Math.max(0, ...kernels.map(({ body }) => workOf(body))) / PER_MICROSECOND;
  return [
    {
      code: "advice/threads",
      severity: "warning",
      site,
      law: `no kernel runs so long that sharing it would pay: the longest is estimated at ${longest.toPrecision(2)} µs, and what threads share takes ${WORTH_MICROSECONDS} µs at least; the trainer is compiled for one thread`,
      operands: [],
      remedy: "Leave out --threads, or give the model larger batches.",
    },
  ];
}

/** Draws of inputs to try. */
const DRAWS = 4;

/** Relus whose output is zero everywhere, for several drawn batches, at the weights that training starts from. */
export function adviseDead(graph: Graph, rows: number, seed: number, draws: Draws = drawsIn([graph])): Diagnostic[] {
  const relus = graph.nodes.flatMap((node, at) => (node.op === "relu" ? [{ node, at }] : []));
  const alive = new Set<string>();
  for (let draw = 0; draw < DRAWS && alive.size < relus.length; draw++) {
    const feed = new Map(fedLeaves(graph).map((leaf) => [leaf.name, startOf(draws, leaf, seed + draw, rows)]));
    const values = evaluateGraph(graph, feed);
    for (const { node, at } of relus) if (values[at]!.data.some((value) => value > 0)) alive.add(node.name);
  }
  return relus
    .filter(({ node }) => !alive.has(node.name))
    .map(({ node: { name, origin } }): Diagnostic => ({
      code: "advice/dead",
      severity: "warning",
      site: origin.site || graph.name,
      law: `%${name}: no unit of this relu is above 0 at the starting weights, so no gradient passes it and nothing before it learns`,
      operands: [],
      remedy: "Start its weights from he() or glorot(), and its bias from zeros().",
    }));
}

/** A constant start stays as it is: it may be the fault. */
function startOf(draws: Draws, leaf: Node, seed: number, rows: number): Float64Array {
  const initial = leaf.attrs["initial"];
  if (leaf.op !== "param" || !Array.isArray(initial) || initial[0] !== "constant") return draws.leaf(leaf, seed, rows);
  return new Float64Array(sizeOf(leaf.type.shape)).fill(initial[1] as number);
}
