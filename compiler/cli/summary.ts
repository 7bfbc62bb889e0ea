/** `adjoint summary`: what a model holds and costs, in the table that people know; `inspect` begins with it. */

import { defineCommand } from "citty";
import { movedBy } from "../explain/model.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { sizeOf } from "../graph/type.ts";
import { lower, type CompiledEntry, type Lowered } from "../driver/lower.ts";
import { flopsOfCalls, flopsOfScalar } from "../loop/flops.ts";
import type { Call, Entry, Module, Program } from "../loop/loop.ts";
import { opOf } from "../ops/index.ts";
import { flopsOfStages } from "../passes/loops/cost.ts";
import { COMMON, onlyModel } from "./arguments.ts";
import type { EntryCosts, SummaryJson } from "./json.ts";
import { loadModel } from "./load-model.ts";
import { grouped, paint, result, resultJson, table, type Column } from "./output.ts";

export const summary = defineCommand({
  meta: { name: "adjoint summary", description: "Show a model's parameters, operations and memory" },
  args: {
    model: { type: "positional", required: false, description: "A model file" },
    ...COMMON,
  },
  async run({ args }) {
    const { model, source } = await loadModel(onlyModel("summary", args._));
    const facts = summarize(await lower(model, { source }));
    if (args.json === true) resultJson(facts);
    else result(show(facts));
  },
});

/** The facts of a lowered model. */
export function summarize({ model, module, entries, facts }: Lowered): SummaryJson {
  const parameters = module.buffers
    .filter(({ role }) => role === "parameter")
    .map(({ name, shape, trainable }) => ({ name, shape, count: sizeOf(shape), trainable: trainable !== false }));
  const count = (of: readonly { count: number }[]): number => of.reduce((n, p) => n + p.count, 0);
  const costs = module.entries.map((entry, n) => costsOf(module, entry, entries[n]!));
  const forward = entries[0]!.traced.graph.nodes.filter(({ op }) => op !== "literal" && opOf(op).leaf !== true);
  return {
    model: model.name,
    layers: entries[0]!.traced.layers.map(({ name, kind, shape, parameters }) => ({ name, kind, shape, parameters })),
    parameters,
    trainable: count(parameters.filter(({ trainable }) => trainable)),
    frozen: count(parameters.filter(({ trainable }) => !trainable)),
    stateElements: module.buffers.filter(({ role }) => role === "state").reduce((n, { shape }) => n + sizeOf(shape), 0),
    forwardOps: forward.length,
    flopsPerStep: costs.filter(({ name }) => facts.phases.includes(name)).reduce((n, { flops }) => n + flops, 0),
    arenaBytes: module.arenaBytes,
    entries: costs,
  };
}

type Part = "forward" | "backward" | "update";

function costsOf(module: Module, entry: Entry, { graph, program }: CompiledEntry): EntryCosts {
  const { name, calls } = entry;
  const kernels = calls.filter((call) => call.kind === "call");
  const parts = flopsByPart(graph, program);
  return {
    name,
    kernels: kernels.length,
    statements: calls.length,
    bytesMoved: kernels.reduce((n, call) => n + movedBy(module, call), 0),
    flops: flopsOfCalls(entry, module.kernels),
    ...parts,
  };
}

/** What a value is computed for decides; kernels compute several parts in one loop. */
function flopsByPart({ nodes }: Graph, { calls }: Program): Record<Part, number> {
  const known = new Map(nodes.map((node) => [node.name, partOf(node)]));
  const flops = { forward: 0, backward: 0, update: 0 };
  let [part, waiting]: [Part, number] = ["forward", 0];
  for (const [name, own] of calls.flatMap(flopsOfValues)) {
    waiting += own;
    // what is no node, such as the sums of packed columns, serves the next value that is one
    const named = known.get(name);
    if (named === undefined) continue;
    part = named;
    flops[part] += waiting;
    waiting = 0;
  }
  flops[part] += waiting;
  return flops;
}

/** The values that a statement computes, by name. */
function flopsOfValues(call: Call): (readonly [name: string, flops: number])[] {
  if (call.kind !== "call") return [[call.kind === "let" ? call.name : call.definition.name, flopsOfScalar(call.value)]];
  const flops = flopsOfStages(call.group);
  return call.group.stages.map(({ definition }, n) => [definition.name, flops[n]!]);
}

/** What the backward pass computes again belongs to it. */
function partOf({ origin: { role }, attrs }: Node): Part {
  if (role === "primal") return attrs["again"] === undefined ? "forward" : "backward";
  return role === "cotangent" ? "backward" : "update";
}

const right = "right" as const;
const shown = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

/** A table of at most so many rows; what of them is left out, is counted under it. */
function firstRows(columns: readonly Column[], rows: readonly (readonly string[])[], most: number, what: string): string {
  if (rows.length <= most) return table(columns, rows);
  return `${table(columns, rows.slice(0, most - 1))}\n… and ${rows.length - most + 1} ${what} more`;
}

/** Layers with what they hold, as people know it; and parameters that belong to no layer. */
function tables(s: SummaryJson, most: number): string[] {
  const own = (layer: string) => s.parameters.filter(({ name }) => name.startsWith(`${layer}.`));
  const loose = s.parameters.filter((one) => !s.layers.some(({ name }) => own(name).includes(one)));
  const title = (layer: string): string => (own(layer).some(({ trainable }) => !trainable) ? `${layer} (frozen)` : layer);
  const layers = firstRows(
    [{ head: "layer" }, { head: "kind" }, { head: "output shape" }, { head: "parameters", align: right }],
    s.layers.map(({ name, kind, shape, parameters }) => [title(name), kind, shown(shape), grouped(parameters)]),
    loose.length === 0 ? most : most - Math.min(loose.length, most / 2),
    "layers",
  );
  const parameters = firstRows(
    [{ head: "parameter" }, { head: "shape" }, { head: "number", align: right }],
    loose.map(({ name, shape, count, trainable }) => [trainable ? name : `${name} (frozen)`, shown(shape), grouped(count)]),
    s.layers.length === 0 ? most : most - Math.min(s.layers.length, most / 2),
    "parameters",
  );
  if (s.layers.length === 0) return [parameters];
  return loose.length === 0 ? [layers] : [layers, "", parameters];
}

/** The summary as people read it, with at most so many layers and parameters. */
export function show(s: SummaryJson, most: number = Infinity): string {
  const facts: readonly (readonly [string, number, string])[] = [
    ["trainable parameters", s.trainable, ""],
    ["frozen parameters", s.frozen, ""],
    ["state (optimizer and counters)", s.stateElements, ""],
    ["forward operations", s.forwardOps, ""],
    ["a training step", s.flopsPerStep, " FLOPs"],
    ["arena, all memory there is", s.arenaBytes, " bytes"],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const digits = Math.max(...facts.map(([, n]) => grouped(n).length));
  return [
    `model ${paint.bold(s.model)}`,
    "",
    ...tables(s, most),
    "",
    ...facts.map(([name, n, unit]) => `${name.padEnd(width)}  ${grouped(n).padStart(digits)}${unit}`),
    "",
    table(
      ["entry point", "statements", "kernels", "bytes moved", "FLOPs", "forward", "backward", "update"].map((head, n) =>
        n === 0 ? { head } : { head, align: right },
      ),
      s.entries.map((e) => [
        e.name,
        ...[e.statements, e.kernels, e.bytesMoved, e.flops, e.forward, e.backward, e.update].map((n) => (n === 0 ? "–" : grouped(n))),
      ]),
    ),
  ].join("\n");
}
