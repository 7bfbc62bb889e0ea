/** The entry points of a model, declared: a training step a phase, evaluate and predict, or the gradients of the first phase. */

import type { Phase } from "../autodiff/update.ts";
import { ModelError } from "../graph/error.ts";
import type { Graph } from "../graph/graph.ts";
import type { BatchSizes, EntryKind, Model, Traced } from "../model/declaration.ts";
import type { Purpose } from "../passes/index.ts";
import type { Kind } from "../targets/target.ts";
import { citation } from "./citation.ts";
import type { CompileOptions } from "./options.ts";

/** Rows of every entry. */
export const batchSizes = (model: Model, batch: CompileOptions["batch"]): BatchSizes =>
  typeof batch === "number" ? { train: batch, evaluate: batch, predict: batch } : (batch ?? model.batch);

/** Declares one entry of a model. */
export const traceOf = (model: Model, entry: EntryKind, options: CompileOptions): Traced =>
  model.trace({
    entry,
    batch: batchSizes(model, options.batch)[entry],
    float: options.dtype ?? "f32",
    small: options.small ?? false,
    extents: options.extents?.[entry],
    citation: citation(options.source),
  });

/** The phase's own loss; what the model assigns to its states is written once a step, by the last phase. */
const resultsOf = (graph: Graph, phase: Phase, writes: boolean): Graph => ({
  ...graph,
  results: graph.results.filter((result) => (result.kind === "loss" ? result.name === phase.name : result.kind !== "write" || writes)),
});

export function entriesOf(model: Model, options: CompileOptions, kind: Kind): { name: string; purpose: Purpose; traced: Traced }[] {
  const train = traceOf(model, "train", options);
  const last = train.phases.length - 1;
  if (kind === "gradients") {
    const phase = train.phases[0]!;
    return [
      {
        name: "gradients",
        purpose: { kind: "gradients", phase },
        traced: { ...train, graph: resultsOf(train.graph, phase, false) },
      },
    ];
  }
  const evaluate = traceOf(model, "evaluate", options);
  const site = options.source?.path ?? model.name;
  checkNames(site, "phase", train.phases, ["evaluate", "predict"]);
  const means = evaluate.graph.results.filter((result) => result.kind === "loss");
  checkNames(site, "metric", means, ["count"]);
  return [
    ...train.phases.map((phase, n) => ({
      name: phase.name,
      purpose: { kind: "train", phase, counts: n === last } as const,
      traced: { ...train, graph: resultsOf(train.graph, phase, n === last) },
    })),
    { name: "evaluate", purpose: { kind: "forward" }, traced: evaluate },
    { name: "predict", purpose: { kind: "forward" }, traced: traceOf(model, "predict", options) },
  ];
}

/** What a trainer has or returns by name has one name each, and none that the trainer itself uses. */
function checkNames(site: string, what: string, named: readonly { readonly name: string }[], taken: readonly string[]): void {
  const names = named.map(({ name }) => name);
  const twice = names.find((name, n) => taken.includes(name) || names.indexOf(name) < n);
  if (twice === undefined) return;
  throw new ModelError({
    code: "name/duplicate",
    site,
    law: `two things of the trainer are called ${JSON.stringify(twice)}, one of them a ${what}`,
    operands: [],
    remedy: `Give the ${what} another name.`,
  });
}

/** Rows of an entry's batch. */
export const rowsOf = (model: Model, { batch }: CompileOptions, entry: string): number =>
  batchSizes(model, batch)[entry === "evaluate" || entry === "predict" ? entry : "train"];
