/** Guarantees one sequence of calls for the reference and every target: predict, evaluate, two steps, with names for all that comes back. */

import { drawsIn, type Draws } from "../../compiler/check/domain.ts";
import { fedLeaves } from "../../compiler/check/draw.ts";
import { asStored, batchOf, padded, type AnyTrainer, type Batch, type Numbers } from "../../compiler/check/emitted.ts";
import { evaluateResults, type Watch } from "../../compiler/check/evaluate.ts";
import type { Graph } from "../../compiler/graph/graph.ts";
import type { Float } from "../../compiler/graph/type.ts";
import { entriesOf } from "../../compiler/driver/entries.ts";
import type { Model } from "../../compiler/model/declaration.ts";
import { differentiate } from "../../compiler/passes/graph/differentiate.ts";
import type { Purpose } from "../../compiler/passes/index.ts";

/** Everything a sequence of calls returned or left behind, by name. */
export type Meaning = Map<string, Float64Array>;

/** One entry as it was declared, differentiated where it trains, and not touched otherwise. */
export interface Declared {
  readonly name: string;
  readonly purpose: Purpose;
  readonly declared: Graph;
  readonly graph: Graph;
}

export interface Plan {
  readonly entries: readonly Declared[];
  readonly rows: number;
  /** Live rows of the evaluation and of each step. */
  readonly counts: readonly number[];
  readonly seed: number;
  readonly draws: Draws;
}

export function planOf(model: Model, rows: number, seed: number): Plan {
  const declared = entriesOf(model, { dtype: "f64" }, "trainer");
  const entries = declared.map(({ name, purpose, traced }): Declared => ({
    name,
    purpose,
    declared: traced.graph,
    graph: purpose.kind === "train" ? differentiate(purpose.phase, purpose).run(traced.graph) : traced.graph,
  }));
  const meets = declared.some(({ traced }) => traced.meeting !== undefined);
  const short = meets ? rows : Math.max(1, rows - 1);
  const draws = drawsIn(entries.map((entry) => entry.declared));
  return { entries, rows, counts: [rows, short], seed, draws };
}

type Store = Map<string, Float64Array>;

/** First contents of parameters and state, as float32 storage holds them. */
export function startOf({ entries, rows, seed, draws }: Plan): Store {
  const kept = entries.flatMap(({ graph }) => fedLeaves(graph)).filter(({ op }) => op === "param" || op === "state");
  return new Map(kept.map((node) => [node.name, stored(node, draws.leaf(node, seed, rows))]));
}

const stored = (node: Parameters<typeof asStored>[0], data: Float64Array): Float64Array =>
  node.type.dtype === "f64" ? data.map(Math.fround) : asStored(node, data);

/** Contents of every leaf of one call. */
export function feedOf(plan: Plan, graph: Graph, store: Store, call: number, count: number): Map<string, Float64Array> {
  return new Map(
    fedLeaves(graph).map((node) => {
      const kept = store.get(node.name);
      if (kept !== undefined) return [node.name, kept] as const;
      const drawn = stored(node, plan.draws.leaf(node, plan.seed + call, count));
      return [node.name, node.op === "input" ? padded(node, plan.rows, count, drawn) : drawn] as const;
    }),
  );
}

const entryOf = (plan: Plan, name: string): Declared => plan.entries.find((entry) => entry.name === name)!;
const training = ({ entries }: Plan): readonly Declared[] => entries.filter(({ purpose }) => purpose.kind === "train");

/** The reference: every declared graph evaluated, storage carried from step to step. `called` hears each entry's first feed. */
export function runReference(plan: Plan, watch?: Watch, called?: (entry: Declared, feed: Store, values: Meaning) => void): Meaning {
  const meaning: Meaning = new Map();
  const store = startOf(plan);
  const call = (entry: Declared, n: number, count: number) => {
    const feed = feedOf(plan, entry.graph, store, n, count);
    const results = evaluateResults(entry.graph, feed, watch);
    if (n < 3) called?.(entry, feed, namedResults(results));
    return results;
  };
  for (const [name, { data }] of call(entryOf(plan, "predict"), 0, plan.rows).outputs) meaning.set(`predict ${name}`, data.slice());
  const means = call(entryOf(plan, "evaluate"), 1, plan.counts[1]!).losses;
  for (const [name, mean] of means) meaning.set(`evaluate ${name}`, Float64Array.of(mean));
  plan.counts.forEach((count, n) => {
    for (const phase of training(plan)) {
      const { losses, writes } = call(phase, 2 + n, count);
      meaning.set(`step ${n + 1} loss ${phase.name}`, Float64Array.of(losses.get(phase.name)!));
      for (const [name, { data }] of writes) store.set(name, data.slice());
    }
    for (const [name, data] of store) meaning.set(`step ${n + 1} ${name}`, data);
  });
  return meaning;
}

/** Results of one call by name. */
export const namedResults = ({ losses, outputs, writes }: ReturnType<typeof evaluateResults>): Meaning =>
  new Map([
    ...[...losses].map(([name, value]) => [`loss ${name}`, Float64Array.of(value)] as const),
    ...[...outputs].map(([name, { data }]) => [`output ${name}`, data] as const),
    ...[...writes].map(([name, { data }]) => [`new ${name}`, data] as const),
  ]);

/** The same sequence on a target that stores floats as `dtype`. */
export function runTarget(plan: Plan, trainer: AnyTrainer, dtype: Float): Meaning {
  const meaning: Meaning = new Map();
  const store = startOf(plan);
  const { parameters, state } = trainer;
  const views = [...Object.entries(parameters), ...Object.entries(state)];
  for (const [name, view] of views) view.set(store.get(name) ?? []);
  const kept = (array: Numbers): Numbers => (array instanceof Float64Array && dtype === "f32" ? Float32Array.from(array) : array);
  const batch = (graph: Graph, call: number, count: number): Batch => {
    const given = batchOf(graph, feedOf(plan, graph, new Map(), call, count));
    return Object.fromEntries(Object.entries(given).map(([name, array]) => [name, kept(array)]));
  };
  const predicted = trainer.predict(batch(entryOf(plan, "predict").graph, 0, plan.rows));
  for (const [name, values] of Object.entries(predicted)) meaning.set(`predict ${name}`, Float64Array.from(values));
  const short = plan.counts[1]!;
  const { count: _, ...means } = trainer.evaluate(batch(entryOf(plan, "evaluate").graph, 1, short), short);
  for (const [name, value] of Object.entries(means)) meaning.set(`evaluate ${name}`, Float64Array.of(value / short));
  const phases = training(plan);
  plan.counts.forEach((count, n) => {
    const losses = trainer.step(batch(phases[0]!.declared, 2 + n, count), count);
    for (const { name } of phases)
      meaning.set(`step ${n + 1} loss ${name}`, Float64Array.of(typeof losses === "number" ? losses : losses[name]!));
    for (const [name, view] of views) meaning.set(`step ${n + 1} ${name}`, Float64Array.from(view));
  });
  return meaning;
}
