/**
 * Guarantees that the same compiler's output for the small instance does what the float64 interpreter of the unoptimized graph does.
 * Under rules linear in the gradient, weights and state are compared after one and three steps. Under others that would be
 * ill-posed (Adam divides by what may be rounding alone), so there the states that the rule calls comparable (first moments)
 * and the model's own are compared, each step starting from the emitted run's weights, and the rule itself is held to given
 * gradients: see update-rule.ts.
 */

import { STEP_COUNT, type Phase } from "../autodiff/update.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { entriesOf, lower, type CompileOptions } from "../lower.ts";
import type { Model } from "../model/model.ts";
import { differentiate } from "../passes/differentiate.ts";
import { drawLeaf, fedLeaves } from "./draw.ts";
import { asStored, batchOf, runningTrainer, padded, type AnyTrainer } from "./emitted.ts";
import { evaluateResults } from "./evaluate.ts";
import { checkFloat32, emittedGradients } from "./float32.ts";
import { judge, type Pair } from "./norm.ts";
import { STEP_BOUND, type TensorCheck } from "./result.ts";
import { declarationOf, smallInstance } from "./instance.ts";
import { checkUpdateRules } from "./update-rule.ts";

/** One training phase of the small instance, unoptimized, with its updates. */
export interface SmallPhase {
  readonly phase: Phase;
  readonly declared: Graph;
  readonly graph: Graph;
}

/** Contents of parameters and state by name, as the interpreter goes. */
export type Store = Map<string, Float64Array>;

export async function checkTranslation(
  model: Model,
  options: Pick<CompileOptions, "source" | "target" | "passes" | "winograd" | "chosen">,
  seed: number,
): Promise<TensorCheck[]> {
  const instance = smallInstance(model, options);
  const { batch } = instance;
  const small = { ...options, ...declarationOf(instance) };
  const lowered = await lower(model, small);
  const entries = entriesOf(model, small, "trainer");
  const phases = entries.flatMap(({ purpose, traced }): SmallPhase[] =>
    purpose.kind === "train"
      ? [{ phase: purpose.phase, declared: traced.graph, graph: differentiate(purpose.phase, purpose).run(traced.graph) }]
      : [],
  ); // prettier-ignore
  const trainer = await runningTrainer(lowered);
  const forwards = entries.flatMap(({ purpose, traced }) => (purpose.kind === "forward" ? [traced.graph] : [])); // prettier-ignore
  const graphs = [...phases.map(({ graph }) => graph), ...forwards];
  const store = start(trainer, graphs, seed);
  const forward = entries.filter(({ purpose }) => purpose.kind === "forward");
  const returned = forward.flatMap(({ name, traced }) =>
    name === "predict"
      ? checkPredict(trainer, traced.graph, store, seed, batch.predict)
      : checkEvaluate(
          trainer,
          traced.graph,
          store,
          seed,
          batch.evaluate,
          traced.meeting !== undefined,
        ),
  );
  const emitted = await emittedGradients(lowered, phases);
  const float32 = checkFloat32(emitted, phases, store, seed, batch.train);
  const rules = await checkUpdateRules(lowered, emitted, phases, store, seed, batch.train);
  return [
    ...float32,
    ...checkSteps(trainer, phases, graphs, store, seed, batch.train),
    ...rules,
    ...returned,
  ];
}

/** Draws weights, rounds them as storage does, and gives them to both sides. */
function start(trainer: AnyTrainer, graphs: readonly Graph[], seed: number): Store {
  const store: Store = new Map();
  for (const graph of graphs)
    for (const node of fedLeaves(graph)) {
      if (node.op !== "param" && node.op !== "state") continue;
      store.set(node.name, asStored(node, drawLeaf(node, seed, 0)));
    }
  write(trainer, store);
  return store;
}

/** Puts contents into a trainer's parameters and state. */
export function write({ parameters, state }: AnyTrainer, store: Store): void {
  for (const views of [parameters, state])
    for (const [name, view] of Object.entries(views)) view.set(store.get(name) ?? []);
}

/** Takes contents out of a trainer. */
export function read({ parameters, state }: AnyTrainer): Store {
  const views = [...Object.entries(parameters), ...Object.entries(state)];
  return new Map(views.map(([name, view]) => [name, Float64Array.from(view)]));
}

/** Leaves of one call: storage from the store, inputs drawn, padding as the trainer makes it. */
export function feedOf(
  graph: Graph,
  store: Store,
  seed: number,
  count: number,
  /** Rows of the batch, where it may be padded. */
  rows = count,
): Map<string, Float64Array> {
  const contents = (node: Node): Float64Array => {
    const kept = node.op === "param" || node.op === "state" ? store.get(node.name) : undefined;
    if (kept !== undefined) return kept;
    const drawn = asStored(node, drawLeaf(node, seed, count));
    return node.op === "input" ? padded(node, rows, count, drawn) : drawn;
  };
  return new Map(fedLeaves(graph).map((node) => [node.name, contents(node)]));
}

/** One step of every phase in the interpreter: the store moves on, the losses come back. */
export function interpretStep(
  phases: readonly SmallPhase[],
  store: Store,
  seed: number,
  count: number,
  rows: number,
): Map<string, number> {
  const losses = new Map<string, number>();
  for (const { phase, graph } of phases) {
    const run = evaluateResults(graph, feedOf(graph, store, seed, count, rows));
    losses.set(phase.name, run.losses.get(phase.name)!);
    for (const [name, { data }] of run.writes) store.set(name, data);
  }
  return losses;
}

/** The rows of three steps, or as many as it takes to update every weight: the second has one row masked, unless the model refuses that. */
const countsOf = (phases: readonly SmallPhase[], rows: number): number[] =>
  Array.from({ length: Math.max(3, ...phases.map(({ phase }) => phase.rule.period)) }, (_, n) => (n === 1 ? Math.max(1, rows - 1) : rows)); // prettier-ignore

/** Names of the states that are compared whatever the rule: the model's own, the step count, and what each rule says of its own. */
const comparableStates = (phases: readonly SmallPhase[]): ReadonlySet<string> =>
  new Set([
    STEP_COUNT,
    ...phases.flatMap(({ phase, declared }) =>
      declared.nodes.flatMap(({ name, op }) => [
        name,
        ...(op === "param" ? phase.rule.comparable(name).map((of) => `${name}.${of}`) : []),
      ]),
    ),
  ]);

/** Whether comparing weights after steps is well-posed. */
export const isLinear = (phases: readonly SmallPhase[]): boolean =>
  phases.every(({ phase }) => phase.rule.linear);

function checkSteps(
  trainer: AnyTrainer,
  phases: readonly SmallPhase[],
  graphs: readonly Graph[],
  first: Store,
  seed: number,
  rows: number,
): TensorCheck[] {
  const linear = isLinear(phases);
  const known = comparableStates(phases);
  const comparable = (name: string): boolean => linear || known.has(name);
  const counts = countsOf(phases, rows);
  const store: Store = new Map(first);
  return counts.flatMap((wanted, n): TensorCheck[] => {
    const inputs = seed + 100 + n;
    // weights follow the emitted run where its own rounding may move them far
    if (!linear)
      for (const [name, data] of read(trainer)) if (!comparable(name) || name in trainer.parameters) store.set(name, data); // prettier-ignore
    const count = takesStep(trainer, phases, inputs, wanted, rows);
    const losses = interpretStep(phases, store, inputs, count.rows, rows);
    if (n > 0 && n < counts.length - 1) return [];
    const method = n === 0 ? "one step" : n === 2 ? "three steps" : `${n + 1} steps`;
    const found = read(trainer);
    const pairs = [...found].flatMap(([name, values]): Pair[] => {
      const isParameter = name in trainer.parameters;
      if (isParameter ? !linear : !comparable(name)) return [];
      return [pairOf(graphs, name, isParameter, values, store.get(name)!, isParameter ? first.get(name)! : undefined, n + 1)]; // prettier-ignore
    });
    const lossPairs = [...losses].map(([name, loss]): Pair => ({
      name: phases.length === 1 ? "loss" : `loss ${name}`,
      role: "output",
      shape: [],
      found: [typeof count.loss === "number" ? count.loss : count.loss[name]!],
      expected: [loss],
    }));
    return judge([...pairs, ...lossPairs], method, STEP_BOUND);
  });
}

/** Steps with the wanted rows, or with all of them where the model refuses a short batch. */
function takesStep(
  trainer: AnyTrainer,
  phases: readonly SmallPhase[],
  seed: number,
  wanted: number,
  all: number,
): { readonly rows: number; readonly loss: number | Readonly<Record<string, number>> } {
  const { declared } = phases[0]!;
  const batch = (rows: number) => batchOf(declared, feedOf(declared, new Map(), seed, rows, all));
  try {
    return { rows: wanted, loss: trainer.step(batch(wanted), wanted) };
  } catch (error) {
    if (!(error instanceof RangeError) || wanted === all) throw error;
    return { rows: all, loss: trainer.step(batch(all), all) };
  }
}

/** Rounding of one store, relative. */
const ROUNDING = 2 ** -24;

/** Weights are compared by how far they moved, which is the stricter: storage may have rounded each step's result. */
function pairOf(
  graphs: readonly Graph[],
  name: string,
  isParameter: boolean,
  found: Float64Array,
  expected: Float64Array,
  before: Float64Array | undefined,
  steps: number,
): Pair {
  const nodes = graphs.flatMap((graph) => graph.nodes);
  const { shape } = nodes.find((node) => node.name === name)!.type;
  const role = isParameter ? "parameter" : "state";
  if (before === undefined) return { name, role, shape, found, expected };
  const size = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const moved = (values: Float64Array): Float64Array =>
    values.map((value, n) => value - before[n]!);
  return { name, role, shape, found: moved(found), expected: moved(expected), slack: steps * ROUNDING * size }; // prettier-ignore
}

function checkEvaluate(
  trainer: AnyTrainer,
  graph: Graph,
  store: Store,
  seed: number,
  rows: number,
  onlyFull: boolean,
): TensorCheck[] {
  return (rows > 1 && !onlyFull ? [rows, rows - 1] : [rows]).flatMap((count) => {
    const feed = feedOf(graph, store, seed + 200, count, rows);
    const found = trainer.evaluate(batchOf(graph, feed), count);
    const { losses } = evaluateResults(graph, feed);
    const pairs = [...losses].map(([name, value]): Pair => ({ name, role: "output", shape: [], found: [found[name]! / count], expected: [value] })); // prettier-ignore
    return judge(pairs, count === rows ? "evaluate" : "evaluate, one row masked", STEP_BOUND);
  });
}

function checkPredict(
  trainer: AnyTrainer,
  graph: Graph,
  store: Store,
  seed: number,
  rows: number,
): TensorCheck[] {
  const feed = feedOf(graph, store, seed + 300, rows);
  const found = trainer.predict(batchOf(graph, feed));
  const { outputs } = evaluateResults(graph, feed);
  const pairs = [...outputs].map(([name, { data, type }]): Pair => ({ name, role: "output", shape: type.shape, found: found[name]!, expected: data })); // prettier-ignore
  return judge(pairs, "predict", STEP_BOUND);
}
