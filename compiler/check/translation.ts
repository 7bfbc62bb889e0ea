/**
 * Guarantees that the same compiler's output for the small instance does what the float64 interpreter of the unoptimized graph does.
 * Under rules linear in the gradient, weights and state are compared after one and three steps. Under others that would be
 * ill-posed (Adam divides by what may be rounding alone), so there the states that the rule calls comparable (first moments)
 * and the model's own are compared, each step starting from the emitted run's weights, and the rule itself is held to given
 * gradients: see update-rule.ts.
 */

import { STEP_COUNT } from "../autodiff/update.ts";
import type { Graph, Result } from "../graph/graph.ts";
import type { Float, Shape } from "../graph/type.ts";
import { lower, type Lowered } from "../driver/lower.ts";
import type { CompileOptions } from "../driver/options.ts";
import type { Model } from "../model/declaration.ts";
import { differentiate } from "../passes/graph/differentiate.ts";
import { DEFAULT } from "../targets/index.ts";
import { drawsOf, type Draws } from "./domain.ts";
import { fedLeaves } from "./draw.ts";
import { asStored, batchOf, runningTrainer, type AnyTrainer } from "./emitted.ts";
import { evaluateResults, type Watch } from "./evaluate.ts";
import { checkFloat32, emittedGradients } from "./float32.ts";
import { judge, type Pair } from "./norm.ts";
import { STEP_BOUND, type TensorCheck } from "./result.ts";
import { declarationOf, smallInstance } from "./instance.ts";
import { sizesOf, type Again } from "./scale.ts";
import { feedOf, isLinear, moved, read, write, writtenPair, type SmallPhase, type Store } from "./small-step.ts";
import { checkUpdateRules } from "./update-rule.ts";

type Shipped = Pick<CompileOptions, "source" | "target" | "passes" | "winograd" | "chosen">;

/** The small instance, compiled as what ships is. */
export const lowerSmall = (model: Model, options: Shipped, dtype: Float = "f32"): Promise<Lowered> =>
  lower(model, { ...options, ...declarationOf(smallInstance(model, options)), dtype }, "trainer", new Map());

/** `lowered` is what lowerSmall gave. Where float32 says nothing, the same pipeline's code in float64 is judged. */
export async function checkTranslation(lowered: Lowered, options: Shipped, seed: number): Promise<TensorCheck[]> {
  const { model } = lowered;
  const single = await checkIn("f32", lowered, options, seed);
  if (single.every(({ unjudged }) => unjudged === undefined)) return single;
  const other = { ...options, target: DEFAULT.name };
  const double = await checkIn("f64", await lowerSmall(model, other, "f64"), other, seed);
  return single.map((row, n) => (row.unjudged === undefined ? row : { ...double[n]!, inDouble: true as const }));
}

async function checkIn(dtype: Float, lowered: Lowered, options: Shipped, seed: number): Promise<TensorCheck[]> {
  const { model, entries } = lowered;
  const { batch } = smallInstance(model, options);
  const draws = drawsOf(model, options);
  const phases = entries.flatMap(({ purpose, traced }): SmallPhase[] =>
    purpose.kind === "train"
      ? [{ phase: purpose.phase, declared: traced.graph, graph: differentiate(purpose.phase, purpose).run(traced.graph), draws, dtype }]
      : [],
  );
  const trainer = await runningTrainer(lowered);
  const forwards = entries.flatMap(({ purpose, traced }) => (purpose.kind === "forward" ? [traced.graph] : []));
  const graphs = [...phases.map(({ graph }) => graph), ...forwards];
  const store = start(trainer, graphs, draws, seed);
  const forward = entries.filter(({ purpose }) => purpose.kind === "forward");
  const returned = forward.flatMap(({ name, traced }) =>
    name === "predict"
      ? checkPredict(trainer, traced.graph, { draws, dtype }, store, seed, batch.predict)
      : checkEvaluate(trainer, traced.graph, { draws, dtype }, store, seed, batch.evaluate, traced.meeting !== undefined),
  );
  const emitted = await emittedGradients(lowered, phases);
  const float32 = checkFloat32(emitted, phases, store, seed, batch.train);
  const rules = await checkUpdateRules(lowered, emitted, phases, store, seed, batch.train);
  return [...float32, ...checkSteps(trainer, phases, graphs, store, seed, batch.train), ...rules, ...returned];
}

/** Draws weights, rounds them as storage does, and gives them to both sides. */
function start(trainer: AnyTrainer, graphs: readonly Graph[], draws: Draws, seed: number): Store {
  const store: Store = new Map();
  for (const graph of graphs)
    for (const node of fedLeaves(graph)) {
      if (node.op !== "param" && node.op !== "state") continue;
      store.set(node.name, asStored(node, draws.leaf(node, seed, 0)));
    }
  write(trainer, store);
  return store;
}

/** One step of every phase in the interpreter: the store moves on, the losses come back. */
export function interpretStep(
  phases: readonly SmallPhase[],
  store: Store,
  seed: number,
  count: number,
  rows: number,
  watch?: Watch,
): Map<string, number> {
  const losses = new Map<string, number>();
  for (const { phase, graph, draws } of phases) {
    const run = evaluateResults(graph, feedOf(draws, graph, store, seed, count, rows), watch);
    losses.set(phase.name, run.losses.get(phase.name)!);
    for (const [name, { data }] of run.writes) store.set(name, data);
  }
  return losses;
}

/** The rows of three steps, or as many as it takes to update every weight: the second has one row masked, unless the model refuses that. */
const countsOf = (phases: readonly SmallPhase[], rows: number): number[] =>
  Array.from({ length: Math.max(3, ...phases.map(({ phase }) => phase.rule.period)) }, (_, n) => (n === 1 ? Math.max(1, rows - 1) : rows));

/** Names of the states that are compared whatever the rule: the model's own, the step count, and what each rule says of its own. */
const comparableStates = (phases: readonly SmallPhase[]): ReadonlySet<string> =>
  new Set([
    STEP_COUNT,
    ...phases.flatMap(({ phase, declared }) =>
      declared.nodes.flatMap(({ name, op }) => [name, ...(op === "param" ? phase.rule.comparable(name).map((of) => `${name}.${of}`) : [])]),
    ),
  ]);

function checkSteps(
  trainer: AnyTrainer,
  phases: readonly SmallPhase[],
  graphs: readonly Graph[],
  first: Store,
  seed: number,
  rows: number,
): TensorCheck[] {
  const linear = isLinear(phases);
  const { dtype } = phases[0]!;
  const known = comparableStates(phases);
  const comparable = (name: string): boolean => linear || known.has(name);
  const counts = countsOf(phases, rows);
  /** What the interpreter did: from which contents, and with how many rows. */
  const done: { readonly given: Store; readonly inputs: number; readonly count: number }[] = [];
  const store: Store = new Map(first);
  return counts.flatMap((wanted, n): TensorCheck[] => {
    const inputs = seed + 100 + n;
    const given: Store = new Map(n === 0 ? first : []);
    // weights follow the emitted run where its own rounding may move them far
    if (!linear) for (const [name, data] of read(trainer)) if (!comparable(name) || name in trainer.parameters) given.set(name, data);
    const { rows: count, loss } = takesStep(trainer, phases, inputs, wanted, rows);
    done.push({ given, inputs, count });
    for (const [name, data] of given) store.set(name, data);
    const losses = interpretStep(phases, store, inputs, count, rows);
    if (n > 0 && n < counts.length - 1) return [];
    const method = n === 0 ? "one step" : n === 2 ? "three steps" : `${n + 1} steps`;
    const startOf = (name: string): Float64Array | undefined => (name in trainer.parameters ? first.get(name)! : undefined);
    const judged = [...read(trainer)].filter(([name]) => (name in trainer.parameters ? linear : comparable(name)));
    const shapeOf = (name: string): Shape => graphs.flatMap(({ nodes }) => nodes).find((node) => node.name === name)!.type.shape;
    const pairs = judged.map(([name, values]) => writtenPair(name, shapeOf(name), values, store.get(name)!, startOf(name), n + 1));
    const lossName = (name: string): string => (phases.length === 1 ? "loss" : `loss ${name}`);
    const lossPairs = [...losses].map(([name, expected]): Pair => ({
      name: lossName(name),
      role: "output",
      shape: [],
      found: [typeof loss === "number" ? loss : loss[name]!],
      expected: [expected],
    }));
    const again: Again = (watch) => {
      const moving: Store = new Map();
      let last = new Map<string, number>();
      for (const step of done.slice(0, n + 1)) {
        for (const [name, data] of step.given) moving.set(name, data);
        last = interpretStep(phases, moving, step.inputs, step.count, rows, watch);
      }
      return new Map<string, ArrayLike<number>>([
        ...judged.map(([name]) => [name, moved(moving.get(name)!, startOf(name))] as const),
        ...[...last].map(([name, value]) => [lossName(name), [value]] as const),
      ]);
    };
    return judge([...pairs, ...lossPairs], { method, bound: STEP_BOUND, dtype, again });
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
  const { declared, draws } = phases[0]!;
  const batch = (rows: number) => batchOf(declared, feedOf(draws, declared, new Map(), seed, rows, all));
  try {
    return { rows: wanted, loss: trainer.step(batch(wanted), wanted) };
  } catch (error) {
    if (!(error instanceof RangeError) || wanted === all) throw error;
    return { rows: all, loss: trainer.step(batch(all), all) };
  }
}

function checkEvaluate(
  trainer: AnyTrainer,
  graph: Graph,
  { draws, dtype }: Pick<SmallPhase, "draws" | "dtype">,
  store: Store,
  seed: number,
  rows: number,
  onlyFull: boolean,
): TensorCheck[] {
  return (rows > 1 && !onlyFull ? [rows, rows - 1] : [rows]).flatMap((count) => {
    const feed = feedOf(draws, graph, store, seed + 200, count, rows);
    const found = trainer.evaluate(batchOf(graph, feed), count);
    const again = (watch?: Watch): Map<string, number[]> =>
      new Map([...evaluateResults(graph, feed, watch).losses].map(([name, value]) => [name, [value]]));
    const pairs = [...again()].map(([name, expected]): Pair => ({
      name,
      role: "output",
      shape: [],
      found: [found[name]! / count],
      expected,
    }));
    const method = count === rows ? "evaluate" : "evaluate, one row masked";
    return judge(pairs, { method, bound: STEP_BOUND, dtype, again });
  });
}

function checkPredict(
  trainer: AnyTrainer,
  graph: Graph,
  { draws, dtype }: Pick<SmallPhase, "draws" | "dtype">,
  store: Store,
  seed: number,
  rows: number,
): TensorCheck[] {
  const feed = feedOf(draws, graph, store, seed + 300, rows);
  const found = trainer.predict(batchOf(graph, feed));
  const { values } = evaluateResults(graph, feed);
  const outputs = graph.results.filter(({ kind }) => kind === "output") as Extract<Result, { kind: "output" }>[];
  const pairs = outputs.map(({ name, value }): Pair => ({
    name,
    role: "output",
    shape: values[value]!.type.shape,
    found: found[name]!,
    expected: values[value]!.data,
    sizes: () => sizesOf(graph, values, value),
  }));
  const again: Again = (watch) => new Map([...evaluateResults(graph, feed, watch).outputs].map(([name, { data }]) => [name, data]));
  return judge(pairs, { method: "predict", bound: STEP_BOUND, dtype, again });
}
