/** Guarantees `adjoint summary`: what a model holds and costs, in the table that people know. */

import { defineCommand } from "citty";
import { sizeOf } from "../graph/type.ts";
import { lower, type Lowered } from "../driver/lower.ts";
import { flopsOfCalls } from "../loop/flops.ts";
import { opOf } from "../ops/index.ts";
import { COMMON, onlyModel } from "./arguments.ts";
import type { SummaryJson } from "./json.ts";
import { loadModel } from "./load-model.ts";
import { grouped, paint, result, resultJson, table } from "./output.ts";

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
  const costs = module.entries.map(({ name, calls }) => {
    const kernels = calls.flatMap((call) => (call.kind === "call" ? [call.kernel] : []));
    return {
      name,
      kernels: kernels.length,
      statements: calls.length,
      flops: flopsOfCalls(calls, module.kernels),
    };
  });
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

const right = "right" as const;
const shown = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

/** Layers with what they hold, as people know it; and parameters that belong to no layer. */
function tables(s: SummaryJson): string[] {
  const own = (layer: string) => s.parameters.filter(({ name }) => name.startsWith(`${layer}.`));
  const loose = s.parameters.filter((one) => !s.layers.some(({ name }) => own(name).includes(one)));
  const title = (layer: string): string => (own(layer).some(({ trainable }) => !trainable) ? `${layer} (frozen)` : layer);
  const layers = table(
    [{ head: "layer" }, { head: "kind" }, { head: "output shape" }, { head: "parameters", align: right }],
    s.layers.map(({ name, kind, shape, parameters }) => [title(name), kind, shown(shape), grouped(parameters)]),
  );
  const parameters = table(
    [{ head: "parameter" }, { head: "shape" }, { head: "number", align: right }],
    loose.map(({ name, shape, count, trainable }) => [trainable ? name : `${name} (frozen)`, shown(shape), grouped(count)]),
  );
  if (s.layers.length === 0) return [parameters];
  return loose.length === 0 ? [layers] : [layers, "", parameters];
}

/** The summary as people read it. */
export function show(s: SummaryJson): string {
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
    ...tables(s),
    "",
    ...facts.map(([name, n, unit]) => `${name.padEnd(width)}  ${grouped(n).padStart(digits)}${unit}`),
    "",
    table(
      [{ head: "entry point" }, { head: "statements", align: right }, { head: "kernels", align: right }, { head: "FLOPs", align: right }],
      s.entries.map((e) => [e.name, grouped(e.statements), grouped(e.kernels), grouped(e.flops)]),
    ),
  ].join("\n");
}
