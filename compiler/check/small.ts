/** Guarantees the small instance: a model's training entries with a few rows, and their gradients, unoptimized. */

import type { Graph, Value } from "../graph/graph.ts";
import { entriesOf, type CompileOptions } from "../lower.ts";
import type { Model } from "../model/model.ts";
import type { Purpose } from "../passes/index.ts";
import { gradients } from "../passes/gradients.ts";
import { drawFeed } from "./draw.ts";
import { checkGradients, type Sampling } from "./numeric-gradient.ts";
import { merged, type TensorCheck } from "./result.ts";

/** Rows of the small instance. */
export const ROWS = 3;

/** The loss of a phase: the one loss left in its entry's graph. */
export function lossOf(graph: Graph, phase: string): Value {
  const loss = graph.results.find((result) => result.kind === "loss" && result.name === phase);
  if (loss === undefined) throw new RangeError(`the graph has no loss ${JSON.stringify(phase)}`);
  return loss.value;
}

/** Gradients of every phase against central differences: with all rows live, and with one row masked. */
export function checkModelGradients(
  model: Model,
  options: Pick<CompileOptions, "source">,
  sampling: Sampling,
): TensorCheck[] {
  const entries = entriesOf(
    model,
    { ...options, batch: ROWS, small: true, dtype: "f64" },
    "trainer",
  );
  const phases = entries.flatMap(({ purpose, traced }) =>
    purpose.kind === "train" ? [{ purpose, graph: traced.graph }] : [],
  );
  return phases.flatMap(({ purpose, graph }) =>
    checkPhase(purpose, graph, sampling).map((tensor) =>
      phases.length === 1 ? tensor : { ...tensor, name: `${purpose.phase.name}: ${tensor.name}` },
    ),
  );
}

function checkPhase(
  { phase }: Extract<Purpose, { kind: "train" }>,
  declared: Graph,
  sampling: Sampling,
): TensorCheck[] {
  const graph = gradients(phase).run(declared);
  const loss = lossOf(graph, phase.name);
  const masks = graph.nodes.some((node) => node.op === "count");
  const found = (masks ? [ROWS, ROWS - 1] : [ROWS]).map((count, n) =>
    checkGradients(graph, loss, drawFeed(graph, sampling.seed + n, count), sampling),
  );
  const [first, ...others] = found as [TensorCheck[], ...TensorCheck[][]];
  return first.map((tensor, n) =>
    others.reduce((total, other) => merged(total, other[n]!), tensor),
  );
}
