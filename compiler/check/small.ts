/** The small instance: a model's training entries with a few rows, and their gradients, unoptimized. */

import type { Graph, Value } from "../graph/graph.ts";
import type { CompileOptions } from "../driver/options.ts";
import type { Model, Traced } from "../model/declaration.ts";
import type { Phase } from "../autodiff/update.ts";
import { gradients } from "../passes/graph/gradients.ts";
import { writeOut } from "../passes/graph/write-out.ts";
import { drawsOf, type Draws } from "./domain.ts";
import { checkForwardMode } from "./forward-mode.ts";
import { checkDifferences, type Sampling } from "./numeric-gradient.ts";
import { Perturbed } from "./perturb.ts";
import { smallEntries, smallInstance } from "./instance.ts";
import { merged, type TensorCheck } from "./result.ts";

/** The loss of a phase: the one loss left in its entry's graph. */
export function lossOf(graph: Graph, phase: string): Value {
  const loss = graph.results.find((result) => result.kind === "loss" && result.name === phase);
  if (loss === undefined) throw new RangeError(`the graph has no loss ${JSON.stringify(phase)}`);
  return loss.value;
}

const checked = new WeakMap<Model, Map<string, Promise<TensorCheck[]>>>();

/**
 * Gradients of every phase against forward mode and central differences: with all rows live, and with one row masked. No target and no pass
 * has a part in it: a model that is compiled once more is not checked once more.
 */
export function checkModelGradients(model: Model, options: Pick<CompileOptions, "source">, sampling: Sampling): Promise<TensorCheck[]> {
  const known = checked.get(model) ?? new Map<string, Promise<TensorCheck[]>>();
  checked.set(model, known);
  const key = JSON.stringify({ ...sampling, coordinates: String(sampling.coordinates) });
  const found = known.get(key) ?? gradientsOf(model, options, sampling);
  known.set(key, found);
  return found;
}

async function gradientsOf(model: Model, options: Pick<CompileOptions, "source">, sampling: Sampling): Promise<TensorCheck[]> {
  const instance = smallInstance(model, options);
  const phases = smallEntries(model, options).flatMap(({ purpose, traced }) =>
    purpose.kind === "train" ? [{ phase: purpose.phase, traced }] : [],
  );
  const found: TensorCheck[] = [];
  for (const { phase, traced } of phases)
    for (const tensor of await checkPhase(phase, traced, drawsOf(model, options), instance.batch.train, sampling))
      found.push(named(tensor, phase, phases.length));
  return found;
}

/** Where there are several phases, a tensor says whose it is. */
export const named = (tensor: TensorCheck, { name }: Phase, phases: number): TensorCheck =>
  phases === 1 ? tensor : { ...tensor, name: `${name}: ${tensor.name}` };

async function checkPhase(phase: Phase, traced: Traced, draws: Draws, all: number, sampling: Sampling): Promise<TensorCheck[]> {
  // differences and tangents look at every turn of a loop by itself
  const graph = writeOut.run(gradients(phase).run(traced.graph));
  const loss = lossOf(graph, phase.name);
  // where rows meet, a step refuses a short batch
  const masks = traced.meeting === undefined && graph.nodes.some((node) => node.op === "count");
  const rows: (readonly TensorCheck[])[] = [];
  for (const [n, count] of (masks && all > 1 ? [all, all - 1] : [all]).entries()) {
    const perturbed = new Perturbed(graph, loss, draws.feed(graph, sampling.seed + n, count));
    const forward = await checkForwardMode(perturbed, sampling.directions, sampling.seed + n);
    rows.push([...forward, ...checkDifferences(perturbed, sampling)]);
  }
  const [first, ...others] = rows as [TensorCheck[], ...TensorCheck[][]];
  return first.map((tensor, n) => others.reduce((total, other) => merged(total, other[n]!), tensor));
}
