/**
 * Guarantees that an update rule that is not linear does, in the emitted trainer, what it says for given gradients.
 * The gradients are the emitted ones: gradients.ts of the small instance, at the same weights and on the same batch. Where no
 * state shows them in the trainer's own steps, they are compared with the interpreter's first.
 * The rule in float64 is differentiate's own output for  loss = Σ W ⊙ G,  whose gradient is the given G exactly.
 */

import type { Phase } from "../autodiff/update.ts";
import { Builder } from "../graph/build.ts";
import type { Graph } from "../graph/graph.ts";
import type { Lowered } from "../lower.ts";
import { callsOn, opOf } from "../ops/index.ts";
import { differentiate } from "../passes/differentiate.ts";
import { gradientName, gradients } from "../passes/gradients.ts";
import { batchOf, runningGradients, runningTrainer, type Numbers } from "./emitted.ts";
import { evaluateResults, type Feed } from "./evaluate.ts";
import { judge, type Pair } from "./norm.ts";
import { STEP_BOUND, type TensorCheck } from "./result.ts";
import { ROWS } from "./small.ts";
import { feedOf, isLinear, read, write, type SmallPhase, type Store } from "./translation.ts";

export async function checkUpdateRules(
  lowered: Lowered,
  phases: readonly SmallPhase[],
  first: Store,
  seed: number,
): Promise<TensorCheck[]> {
  if (isLinear(phases)) return [];
  const trainer = await runningTrainer(lowered);
  write(trainer, first);
  const single = phases.length === 1;
  const found: TensorCheck[] = [];
  for (const [n, { phase, declared }] of phases.entries()) {
    const emitted = await runningGradients(lowered, declared, { kind: "gradients", phase });
    // the second step, so that moments are not zero before it, or the one that updates every weight
    const before = stepUpTo(trainer, phases, n, seed);
    const leaves = feedOf(declared, before, seed + 401, ROWS);
    const batch = batchOf(declared, leaves);
    for (const views of [emitted.parameters, emitted.state ?? {}])
      for (const [name, view] of Object.entries(views)) view.set(before.get(name)!);
    const given = emitted.gradients(batch, ROWS).parameters;
    runPhase(trainer, phase.name, single, batch);
    const rule = ruleOf(declared, phase.parameters);
    const graph = differentiate(phase, { counts: false }).run(rule.graph(phase.name));
    const feed = new Map([
      ...feedOf(graph, before, seed, ROWS),
      ...rule.parameters.map((name) => [`gradient ${name}`, Float64Array.from(given[name]!)] as const), // prettier-ignore
    ]);
    const { writes } = evaluateResults(graph, feed);
    const after = read(trainer);
    const pairs = [...writes].map(([name, { data, type }]) =>
      pairOf(
        name,
        name in trainer.parameters,
        type.shape,
        before.get(name)!,
        after.get(name)!,
        data,
      ),
    );
    const method = `${phase.rule.name} on given gradients`;
    const tensors = [...judge(pairs, method, STEP_BOUND), ...checkGiven(phase, declared, rule.parameters, given, leaves)]; // prettier-ignore
    found.push(...tensors.map((tensor) => (single ? tensor : { ...tensor, name: `${phase.name}: ${tensor.name}` }))); // prettier-ignore
  }
  return found;
}

type Running = Awaited<ReturnType<typeof runningTrainer>>;

function runPhase(
  trainer: Running,
  phase: string,
  single: boolean,
  batch: Parameters<Running["step"]>[0],
): void {
  if (single) trainer.step(batch, ROWS);
  else trainer.phases![phase]!(batch, ROWS);
}

/** Whole steps, then the phases before the n-th of the next; what the n-th will see. */
function stepUpTo(trainer: Running, phases: readonly SmallPhase[], n: number, seed: number): Store {
  if (n === 0) {
    const { declared } = phases[0]!;
    const period = Math.max(2, ...phases.map(({ phase }) => phase.rule.period));
    for (let step = 1; step < period; step++)
      trainer.step(batchOf(declared, feedOf(declared, new Map(), seed + 399 + step, ROWS)), ROWS);
  }
  return read(trainer);
}

/** The given gradients against the interpreter's, for parameters that have no comparable state to show theirs. */
function checkGiven(
  phase: Phase,
  declared: Graph,
  parameters: readonly string[],
  given: Readonly<Record<string, Numbers>>,
  leaves: Feed,
): TensorCheck[] {
  const { outputs } = evaluateResults(gradients(phase).run(declared), leaves);
  const unseen = parameters.filter((name) => phase.rule.comparable(name).length === 0);
  const pairs = unseen.map((name): Pair => {
    const { data, type } = outputs.get(gradientName("param", name))!;
    return { name, role: "parameter", shape: type.shape, found: given[name]!, expected: data };
  });
  return judge(pairs, "emitted gradients", STEP_BOUND);
}

/** loss = Σ W ⊙ G over the trained parameters, each G an input of its own. */
function ruleOf(
  declared: Graph,
  names: readonly string[] | undefined,
): { readonly parameters: readonly string[]; graph(phase: string): Graph } {
  const trained = declared.nodes.filter((node) => node.op === "param" && node.attrs["trainable"] !== false && (names?.includes(node.name) ?? true)); // prettier-ignore
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
        return type.shape.length === 0 ? product : g.sum(product, { axes: type.shape.map((_, axis) => axis) }); // prettier-ignore
      });
      const value = terms.reduce((a, b) => g.add(a, b));
      builder.results.push({ kind: "loss", name: phase, value });
      return builder.graph();
    },
  };
}

/** Weights by how far they moved, beside what storing them rounds off. */
function pairOf(
  name: string,
  isParameter: boolean,
  shape: readonly number[],
  before: Float64Array,
  after: Float64Array,
  expected: Float64Array,
): Pair {
  if (!isParameter) return { name, role: "state", shape, found: after, expected };
  const moved = (values: Float64Array): Float64Array =>
    values.map((value, n) => value - before[n]!);
  const size = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return { name, role: "parameter", shape, found: moved(after), expected: moved(expected), slack: 2 ** -24 * size }; // prettier-ignore
}
