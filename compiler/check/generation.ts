/** Guarantees that what a model generates step by step is what it computes over all steps at once, in float64, on its small instance. */

import { traceOf } from "../driver/entries.ts";
import type { CompileOptions } from "../driver/options.ts";
import { ModelError } from "../graph/error.ts";
import { nodeOf, type Graph } from "../graph/graph.ts";
import { sizeOf } from "../graph/type.ts";
import type { Generation } from "../graph/generation.ts";
import type { Model } from "../model/declaration.ts";
import { drawsOf } from "./domain.ts";
import { fedLeaves } from "./draw.ts";
import { evaluateGraph } from "./evaluate.ts";
import { declarationOf, smallInstance } from "./instance.ts";
import { FORWARD_BOUND } from "./result.ts";

/** Steps that are compared, from the first. */
const MOST = 8;

/** Throws a ModelError where a step by itself scores otherwise than among all: something mixes steps that no carry tells of. */
export function checkGeneration(model: Model, options: Pick<CompileOptions, "source">, seed: number): void {
  const instance = smallInstance(model, options);
  const small = { ...options, ...declarationOf(instance), dtype: "f64" } as const;
  const { graph: step, generation } = traceOf(model, "predict", small);
  if (generation === undefined) return;
  const whole = traceOf(model, "predict", small, { whole: true }).graph;
  const draws = drawsOf(model, options);
  const rows = instance.batch.predict;
  const fed = new Map(fedLeaves(whole).map((node) => [node.name, { node, data: draws.leaf(node, seed, rows) }]));
  const expected = outputsOf(whole, new Map([...fed].map(([name, { data }]) => [name, data]))).get(generation.scores)!;
  const steps = fed.get(generation.tokens)!.node.type.shape[1]!;
  let carries = new Map<string, Float64Array>();
  for (let t = 0; t < Math.min(steps, MOST); t++) {
    const feed = new Map<string, Float64Array>();
    for (const { name, type } of fedLeaves(step)) {
      const size = sizeOf(type.shape);
      const known = fed.get(name)?.data;
      if (name === "position" && generation.position) feed.set(name, Float64Array.of(t));
      else if (known === undefined) feed.set(name, carries.get(name) ?? new Float64Array(size));
      else feed.set(name, known.length === size ? known : atStep(known, rows, steps, t));
    }
    const found = outputsOf(step, feed);
    compare(step, generation, found.get(generation.scores)!, atStep(expected, rows, steps, t), t);
    carries = new Map(generation.carries.map((name) => [name, found.get(name)!]));
  }
}

const outputsOf = (graph: Graph, feed: ReadonlyMap<string, Float64Array>): ReadonlyMap<string, Float64Array> => {
  const values = evaluateGraph(graph, feed);
  return new Map(graph.results.flatMap((result) => (result.kind === "output" ? [[result.name, values[result.value]!.data]] : [])));
};

/** x[:, t] of x [rows, steps, …]. */
function atStep(x: Float64Array, rows: number, steps: number, t: number): Float64Array {
  const width = x.length / rows / steps;
  return Float64Array.from({ length: rows * width }, (_, n) => x[(Math.floor(n / width) * steps + t) * width + (n % width)]!);
}

function compare(graph: Graph, { scores }: Generation, found: Float64Array, expected: Float64Array, t: number): void {
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const at = found.findIndex((value, n) => !(Math.abs(value - expected[n]!) <= FORWARD_BOUND * scale));
  if (at < 0) return;
  const { value } = graph.results.find((result) => result.kind === "output" && result.name === scores)!;
  throw new ModelError({
    code: "generate/steps",
    site: nodeOf(graph, value).origin.site,
    law: `the model cannot be generated step by step: at step ${t} alone ${scores}[${at}] is ${found[at]}, among all steps ${expected[at]}`,
    operands: [],
    remedy:
      "Between steps let only recurrent layers, scan and causal attention look back: no convolution, mean or norm over them; or leave out generate.",
  });
}
