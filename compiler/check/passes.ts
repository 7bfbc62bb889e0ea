/**
 * Guarantees that a pass which changes what a graph means is a compile error that names the pass: after each graph pass of the small instance
 * its graph is evaluated beside the declared one, differentiated but otherwise untouched; what is emitted for it runs beside it too.
 * Everything in float64, where the only difference left is the order of sums. Emitted code is quick; the loops it came from are interpreted
 * only where it differs, to tell whose fault it is.
 */

import { CompilerFault } from "../graph/error.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { createMemory, interpretEntry } from "../loop/interpret/index.ts";
import type { Module, Program } from "../loop/loop.ts";
import type { CompileOptions } from "../driver/options.ts";
import { roadOf } from "../driver/memory.ts";
import { isGraph } from "../driver/observe.ts";
import type { Model } from "../model/declaration.ts";
import { pipeline, place, type Purpose } from "../passes/index.ts";
import { DEFAULT } from "../targets/index.ts";
import { choiceOf } from "../passes/selection.ts";
import { differentiate } from "../passes/graph/differentiate.ts";
import type { Pipeline } from "../passes/pass.ts";
import type { Facts } from "../targets/target.ts";
import { drawsOf } from "./domain.ts";
import { fedLeaves } from "./draw.ts";
import { runningTrainer, stored, type AnyTrainer, type Numbers } from "./emitted.ts";
import { evaluateResults, Evaluations, resultsIn, type Results as Evaluated, type Watch } from "./evaluate.ts";
import { smallEntries, smallInstance } from "./instance.ts";
import { Rounding } from "./scale.ts";

/**
 * Largest difference of a result, relative to its largest element, or to a thousandth of the largest of all where it has no scale of its own: sums in
 * another order, and the rewrites that are approximate by name. What rounding moves further by itself is no fault (scale.ts).
 */
const BOUND = 1e-9;

const largestOf = (values: Float64Array): number =>
  values.reduce((most, value) => (Math.abs(value) < Infinity ? Math.max(most, Math.abs(value)) : most), Number.MIN_VALUE);

/** Results by what they are called: losses and outputs by name, writes by their target. */
type Results = ReadonlyMap<string, Float64Array>;

/** What a program should give, and how far rounding may move it: looked at where something differs. */
interface Meaning {
  readonly results: Results;
  readonly rounding: () => Rounding;
}

/** Runs the pipeline on the small instance. Throws a CompilerFault naming the pass that changed a result. */
export async function validatePasses(
  model: Model,
  { facts, ...options }: Pick<CompileOptions, "source" | "passes" | "winograd" | "chosen"> & { readonly facts: Facts },
  seed: number,
): Promise<void> {
  const rows = (name: string): number => batch[name === "evaluate" || name === "predict" ? name : "train"];
  const { batch } = smallInstance(model, options);
  const entries = smallEntries(model, options);
  const draws = drawsOf(model, options);
  const contents =
    (name: string): Contents =>
    (leaf) =>
      draws.leaf(leaf, seed, rows(name));
  const { machine } = DEFAULT;
  const validated = entries.map(({ name, purpose, traced }) => ({
    name,
    purpose,
    ...validateEntry(
      name,
      pipeline(purpose, {
        machine,
        choice: choiceOf(options.passes),
        winograd: options.winograd ?? false,
        ...roadOf(options.chosen?.get(name), rows(name)),
      }),
      purpose,
      traced.graph,
      contents(name),
    ),
  }));
  const module = place(model.name, { machine }).run(validated.map(({ program }) => program));
  const trainer = await runningTrainer({ module, facts: { ...facts, batch }, target: DEFAULT });
  for (const { name, purpose, meaning, leaves } of validated) {
    const fault = difference("emission", name, meaning, ofTrainer(trainer, name, purpose, leaves, contents(name), rows(name)));
    if (fault === undefined) continue;
    throw difference("schedule", name, meaning, ofModule(module, name, leaves, contents(name))) ?? fault;
  }
}

function validateEntry(
  entry: string,
  passes: Pipeline<Graph, Program>,
  purpose: Purpose,
  declared: Graph,
  contents: Contents,
): { readonly program: Program; readonly meaning: Meaning; readonly leaves: readonly Node[] } {
  const evaluations = new Evaluations(contents);
  let meaning = meaningOf(declared, contents, evaluations);
  let leaves = fedLeaves(declared);
  const program = passes.run(declared, {
    after(pass, input, output) {
      if (!isGraph(output) || input === output) return;
      // what a step should do: the declared graph's own derivatives and updates, with nothing rewritten
      if (pass.name === "differentiate") meaning = meaningOf(differentiated(purpose, declared), contents, evaluations);
      const fault = difference(pass.name, entry, meaning, named(resultsIn(output, evaluations.of(output))));
      if (fault !== undefined) throw fault;
      leaves = fedLeaves(output);
    },
  });
  return { program: { ...program, name: entry }, meaning, leaves };
}

/** The one pass that is to change what a graph means. */
const differentiated = (purpose: Purpose, graph: Graph): Graph =>
  purpose.kind === "train" ? differentiate(purpose.phase, purpose).run(graph) : graph;

/** Contents of a leaf, the same under every pass. */
type Contents = (leaf: Node) => Float64Array;

function meaningOf(graph: Graph, contents: Contents, evaluations: Evaluations): Meaning {
  let rounding: Rounding | undefined;
  const again = (watch: Watch): Results => {
    const feed = new Map(fedLeaves(graph).map((leaf) => [leaf.name, contents(leaf)]));
    return named(evaluateResults(graph, feed, watch));
  };
  return { results: named(resultsIn(graph, evaluations.of(graph))), rounding: () => (rounding ??= new Rounding(again, "f64")) };
}

const named = ({ losses, outputs, writes }: Evaluated): Results =>
  new Map([
    ...[...losses].map(([name, value]) => [`loss ${name}`, Float64Array.of(value)] as const),
    ...[...outputs].map(([name, { data }]) => [`output ${name}`, data] as const),
    ...[...writes].map(([name, { data }]) => [`new ${name}`, data] as const),
  ]);

function ofModule(module: Module, entry: string, leaves: readonly Node[], contents: Contents): Results {
  const memory = createMemory(module);
  const { results, calls } = module.entries.find(({ name }) => name === entry)!;
  const suffix = module.entries[0]!.name === entry ? "" : `_${entry}`;
  for (const leaf of leaves) memory.set(isKept(leaf) ? leaf.name : `${leaf.name}${suffix}`, contents(leaf));
  const returned = interpretEntry(module, entry, memory, { precision: "double" });
  const targets = calls.flatMap((call) => {
    if (call.kind === "call") return call.group.stages.map(({ definition }) => definition.target);
    return call.kind === "store" ? [call.definition.target] : [];
  });
  return new Map([
    ...results.map(({ kind, name }) => [`${kind} ${name}`, returned.get(name)!] as const),
    ...targets.flatMap((name) => (name === undefined ? [] : [[`new ${name}`, memory.get(name)!] as const])),
  ]);
}

/** Storage that all entry points share under one name. */
const isKept = ({ op }: Node): boolean => op === "param" || op === "state" || op === "hyper";

/** What an entry of the running trainer makes of the same contents. */
function ofTrainer(
  trainer: AnyTrainer,
  entry: string,
  purpose: Purpose,
  leaves: readonly Node[],
  contents: Contents,
  rows: number,
): Results {
  const kept = { ...trainer.parameters, ...trainer.state };
  const batch: Record<string, Numbers> = {};
  for (const leaf of leaves)
    if (leaf.op === "input") batch[leaf.name] = stored(leaf.type.dtype, contents(leaf));
    else kept[leaf.name]?.set(contents(leaf));
  if (purpose.kind === "train") {
    const loss = trainer.phases === undefined ? trainer.step(batch) : trainer.phases[entry]!(batch);
    const after = Object.entries(kept).map(([name, values]) => [`new ${name}`, Float64Array.from(values)] as const);
    return new Map([[`loss ${purpose.phase.name}`, Float64Array.of(loss as number)], ...after]);
  }
  if (entry === "predict")
    return new Map(Object.entries(trainer.predict(batch)).map(([name, values]) => [`output ${name}`, Float64Array.from(values)]));
  return new Map(Object.entries(trainer.evaluate(batch)).map(([name, value]) => [`loss ${name}`, Float64Array.of(value / rows)]));
}

/** The fault of a pass that changed a result, if it did. */
function difference(pass: string, entry: string, { results, rounding }: Meaning, found: Results): CompilerFault | undefined {
  const largest = Math.max(...[...results.values()].map(largestOf));
  for (const [name, values] of results) {
    const other = found.get(name);
    if (other === undefined) return new CompilerFault(pass, `pass "${pass}" changed what ${entry} means: ${name} is gone`);
    const allowed = BOUND * Math.max(largestOf(values), 1e-3 * largest);
    const beyond = (more: number): number =>
      values.findIndex((value, n) => !(Object.is(value, other[n]) || Math.abs(value - other[n]!) <= allowed + more));
    let at = beyond(0);
    for (let looking = true; at >= 0 && looking; looking = at >= 0 && rounding().look()) at = beyond(rounding().of(name));
    if (at < 0 && other.length === values.length) continue;
    return new CompilerFault(
      pass,
      `pass "${pass}" changed what ${entry} means: ${name}, element ${Math.max(0, at)}, was ${values[at]}, and is ${other[at]}`,
    );
  }
  return undefined;
}
