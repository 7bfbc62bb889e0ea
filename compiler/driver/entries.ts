/** The entry points of a model, declared: a training step a phase, evaluate and predict, or the gradients of the first phase. */

import type { Phase } from "../autodiff/update.ts";
import { ModelError } from "../graph/error.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { sameShape } from "../graph/type.ts";
import type { BatchSizes, EntryKind, Model, Traced, TraceRequest } from "../model/declaration.ts";
import type { Purpose } from "../passes/index.ts";
import type { Kind } from "../targets/target.ts";
import { citation } from "./citation.ts";
import type { CompileOptions } from "./options.ts";

/** Rows of every entry. */
export const batchSizes = (model: Model, batch: CompileOptions["batch"]): BatchSizes =>
  typeof batch === "number" ? { train: batch, evaluate: batch, predict: batch } : (batch ?? model.batch);

/** Declares one entry of a model. */
export const traceOf = (
  model: Model,
  entry: EntryKind,
  options: CompileOptions,
  besides: Pick<TraceRequest, "whole" | "withoutLines"> = {},
): Traced =>
  model.trace({
    ...besides,
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
  const predict = traceOf(model, "predict", options);
  return [
    ...train.phases.map((phase, n) => ({
      name: phase.name,
      purpose: { kind: "train", phase, counts: n === last } as const,
      traced: { ...train, graph: resultsOf(train.graph, phase, n === last) },
    })),
    { name: "evaluate", purpose: { kind: "forward" }, traced: evaluate },
    { name: "predict", purpose: { kind: "forward" }, traced: predict },
  ];
}

/** What a trainer keeps has one shape, whatever the batch of an entry; throws a ModelError where an entry declares another. */
export function requireKept(declared: readonly { readonly name: string; readonly traced: Traced }[]): void {
  const kept = ({ nodes }: Graph): readonly Node[] => nodes.filter(({ op }) => op === "param" || op === "state");
  const known = new Map(kept(declared[0]!.traced.graph).map((node) => [node.name, node])); // a training step comes first
  const others = [
    ["evaluate", "evaluation"],
    ["predict", "prediction"],
  ] as const;
  for (const [entry, word] of others) {
    const other = declared.find(({ name }) => name === entry);
    for (const { op, name, type, origin } of other === undefined ? [] : kept(other.traced.graph)) {
      const own = known.get(name);
      if (own === undefined || sameShape(own.type.shape, type.shape)) continue;
      throw new ModelError({
        code: "entry/shape",
        site: origin.site,
        law: `the ${op === "param" ? "parameter" : "state"} ${JSON.stringify(name)} has the shape [${own.type.shape.join(",")}] in a training step and [${type.shape.join(",")}] in ${word}: what a trainer keeps has one shape for all its batches`,
        operands: [],
        remedy: "Leave the batch out of its shape, or declare one batch size for training, evaluation and prediction.",
      });
    }
  }
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
