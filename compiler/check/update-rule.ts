/**
 * Guarantees that an update rule that is not linear does, in the emitted trainer, what it says for given gradients.
 * The gradients are the emitted ones: gradients.ts of the small instance, at the same weights and on the same batch (float32.ts compares them
 * with the interpreter's).
 * The rule in float64 is differentiate's own output for  loss = Σ W ⊙ G,  whose gradient is the given G exactly.
 */

import { Builder } from "../graph/build.ts";
import type { Graph } from "../graph/graph.ts";
import type { Lowered } from "../driver/lower.ts";
import { callsOn, opOf } from "../ops/index.ts";
import { differentiate } from "../passes/graph/differentiate.ts";
import { gradientName, gradients } from "../passes/graph/gradients.ts";
import { batchOf, runningTrainer, type AnyGradients } from "./emitted.ts";
import { evaluateResults } from "./evaluate.ts";
import { give } from "./float32.ts";
import { judge, type Pair } from "./norm.ts";
import { STEP_BOUND, type TensorCheck } from "./result.ts";
import type { Again } from "./scale.ts";
import { named } from "./small.ts";
import { feedOf, isLinear, moved, read, write, writtenPair, type SmallPhase, type Store } from "./small-step.ts";

export async function checkUpdateRules(
  lowered: Lowered,
  emitted: readonly AnyGradients[],
  phases: readonly SmallPhase[],
  first: Store,
  seed: number,
  rows: number,
): Promise<TensorCheck[]> {
  if (isLinear(phases)) return [];
  const trainer = await runningTrainer(lowered);
  write(trainer, first);
  const single = phases.length === 1;
  const found: TensorCheck[] = [];
  for (const [n, { phase, declared, draws, dtype }] of phases.entries()) {
    const own = emitted[n]!;
    // the second step, so that moments are not zero before it, or the one that updates every weight
    const before = stepUpTo(trainer, phases, n, seed, rows);
    const leaves = feedOf(draws, declared, before, seed + 401, rows);
    const batch = batchOf(declared, leaves);
    give(own, before);
    const given = own.gradients(batch, rows).parameters;
    runPhase(trainer, phase.name, single, batch, rows);
    const rule = ruleOf(declared, phase.parameters);
    const graph = differentiate(phase, { counts: false }).run(rule.graph(phase.name));
    const feed = new Map([
      ...feedOf(draws, graph, before, seed, rows),
      ...rule.parameters.map((name) => [`gradient ${name}`, Float64Array.from(given[name]!)] as const),
    ]);
    const { writes } = evaluateResults(graph, feed);
    const after = read(trainer);
    const start = (name: string): Float64Array | undefined => (name in trainer.parameters ? before.get(name)! : undefined);
    const pairs = [...writes].map(([name, { data, type }]): Pair => writtenPair(name, type.shape, after.get(name)!, data, start(name), 1));
    // the trainer's own gradients may be rounded otherwise than the given ones
    const derived = gradients(phase).run(declared);
    let exact: ReturnType<typeof evaluateResults>["outputs"] | undefined;
    const again: Again = (watch) => {
      exact ??= evaluateResults(derived, leaves).outputs;
      const { outputs } = evaluateResults(derived, leaves, watch);
      const shaken = rule.parameters.map((name): [string, Float64Array] => {
        const [one, other] = [outputs, exact!].map((all) => all.get(gradientName("param", name))!.data) as [Float64Array, Float64Array];
        return [`gradient ${name}`, feed.get(`gradient ${name}`)!.map((value, n) => value + one[n]! - other[n]!)];
      });
      const results = evaluateResults(graph, new Map([...feed, ...shaken]), watch);
      return new Map([...results.writes].map(([name, { data }]) => [name, moved(data, start(name))]));
    };
    const judging = { method: `${phase.rule.name} on given gradients`, bound: STEP_BOUND, dtype, again } as const;
    found.push(...judge(pairs, judging).map((tensor) => named(tensor, phase, phases.length)));
  }
  return found;
}

type Running = Awaited<ReturnType<typeof runningTrainer>>;

function runPhase(trainer: Running, phase: string, single: boolean, batch: Parameters<Running["step"]>[0], rows: number): void {
  if (single) trainer.step(batch, rows);
  else trainer.phases![phase]!(batch, rows);
}

/** Whole steps, then the phases before the n-th of the next; what the n-th will see. */
function stepUpTo(trainer: Running, phases: readonly SmallPhase[], n: number, seed: number, rows: number): Store {
  if (n === 0) {
    const { declared, draws } = phases[0]!;
    const period = Math.max(2, ...phases.map(({ phase }) => phase.rule.period));
    for (let step = 1; step < period; step++)
      trainer.step(batchOf(declared, feedOf(draws, declared, new Map(), seed + 399 + step, rows)), rows);
  }
  return read(trainer);
}

/** loss = Σ W ⊙ G over the trained parameters, each G an input of its own. */
function ruleOf(
  declared: Graph,
  names: readonly string[] | undefined,
): { readonly parameters: readonly string[]; graph(phase: string): Graph } {
  const trained = declared.nodes.filter(
    (node) => node.op === "param" && node.attrs["trainable"] !== false && (names?.includes(node.name) ?? true),
  );
  return {
    parameters: trained.map(({ name }) => name),
    graph(phase) {
      const builder = new Builder(declared.name);
      const g = callsOn(builder);
      for (const { op, name, type, attrs } of declared.nodes)
        if (op === "state" || op === "hyper") builder.append(opOf(op), [], attrs, name, type);
      const terms = trained.map(({ name, type, attrs }) => {
        const w = builder.append(opOf("param"), [], attrs, name, type);
        const d = builder.append(opOf("input"), [], {}, `gradient ${name}`, type);
        const product = g.mul(w, d);
        return type.shape.length === 0 ? product : g.sum(product, { axes: type.shape.map((_, axis) => axis) });
      });
      const value = terms.reduce((a, b) => g.add(a, b));
      builder.results.push({ kind: "loss", name: phase, value });
      return builder.graph();
    },
  };
}
