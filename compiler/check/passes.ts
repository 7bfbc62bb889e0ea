/**
 * Guarantees that a pass which changes what a graph means is a compile error that names the pass: after each graph pass of the small instance
 * its graph is evaluated beside the declared one, differentiated but otherwise untouched; the scheduled loops are run beside it too.
 * Everything in float64, where the only difference left is the order of sums.
 */

import { CompilerFault } from "../graph/error.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { createMemory, interpretEntry } from "../loop/interpret.ts";
import type { Module, Program } from "../loop/loop.ts";
import { entriesOf, type CompileOptions } from "../lower.ts";
import type { Model } from "../model/model.ts";
import { pipeline, place, type Purpose } from "../passes/index.ts";
import { differentiate } from "../passes/differentiate.ts";
import type { Pipeline } from "../passes/pass.ts";
import { drawLeaf, fedLeaves } from "./draw.ts";
import { evaluateResults } from "./evaluate.ts";
import { ROWS } from "./small.ts";

/** Largest difference of a result, relative to its largest element: sums in another order, and the rewrites that are approximate by name. */
const BOUND = 1e-9;

/** Results by what they are called: losses and outputs by name, writes by their target. */
type Meaning = ReadonlyMap<string, Float64Array>;

/** Runs the pipeline on the small instance. Throws a CompilerFault naming the pass that changed a result. */
export function validatePasses(model: Model, options: Pick<CompileOptions, "source" | "recomputed">, seed: number): void {
  const entries = entriesOf(model, { ...options, batch: ROWS, small: true, dtype: "f64" }, "trainer");
  const validated = entries.map(({ name, purpose, traced }) => ({ name, ...validateEntry(name, pipeline(purpose, options.recomputed?.get(name)), purpose, traced.graph, seed) }));
  const module = place(model.name).run(validated.map(({ program }) => program));
  for (const { name, meaning, leaves } of validated) compare("schedule", name, meaning, ofModule(module, name, leaves, seed));
} // prettier-ignore

function validateEntry(
  entry: string,
  passes: Pipeline<Graph, Program>,
  purpose: Purpose,
  declared: Graph,
  seed: number,
): { readonly program: Program; readonly meaning: Meaning; readonly leaves: readonly Node[] } {
  let meaning = ofGraph(declared, seed);
  let leaves = fedLeaves(declared);
  const program = passes.run(declared, {
    after(pass, input, output) {
      if (!isGraph(output) || input === output) return;
      // what a step should do: the declared graph's own derivatives and updates, with nothing rewritten
      if (pass.name === "differentiate") meaning = ofGraph(differentiated(purpose, declared), seed);
      compare(pass.name, entry, meaning, ofGraph(output, seed));
      leaves = fedLeaves(output);
    },
  });
  return { program: { ...program, name: entry }, meaning, leaves };
}

const isGraph = (level: unknown): level is Graph => typeof level === "object" && level !== null && "nodes" in level; // prettier-ignore

/** The one pass that is to change what a graph means. */
const differentiated = (purpose: Purpose, graph: Graph): Graph =>
  purpose.kind === "train" ? differentiate(purpose.phase, purpose).run(graph) : graph;

/** Contents of a leaf, the same under every pass. */
const contents = (leaf: Node, seed: number): Float64Array => drawLeaf(leaf, seed, ROWS);

function ofGraph(graph: Graph, seed: number): Meaning {
  const feed = new Map(fedLeaves(graph).map((leaf) => [leaf.name, contents(leaf, seed)]));
  const { losses, outputs, writes } = evaluateResults(graph, feed);
  return new Map([
    ...[...losses].map(([name, value]) => [`loss ${name}`, Float64Array.of(value)] as const),
    ...[...outputs].map(([name, { data }]) => [`output ${name}`, data] as const),
    ...[...writes].map(([name, { data }]) => [`new ${name}`, data] as const),
  ]);
}

function ofModule(module: Module, entry: string, leaves: readonly Node[], seed: number): Meaning {
  const memory = createMemory(module);
  const { results, calls } = module.entries.find(({ name }) => name === entry)!;
  const suffix = module.entries[0]!.name === entry ? "" : `_${entry}`;
  for (const leaf of leaves)
    memory.set(isKept(leaf) ? leaf.name : `${leaf.name}${suffix}`, contents(leaf, seed));
  const returned = interpretEntry(module, entry, memory, { precision: "double" });
  const targets = calls.flatMap((call) => {
    if (call.kind === "call") return call.group.stages.map(({ definition }) => definition.target);
    return call.kind === "store" ? [call.definition.target] : [];
  });
  return new Map([
    ...results.map(({ kind, name }) => [`${kind} ${name}`, returned.get(name)!] as const),
    ...targets.flatMap((name) => name === undefined ? [] : [[`new ${name}`, memory.get(name)!] as const]), // prettier-ignore
  ]);
}

/** Storage that all entry points share under one name. */
const isKept = ({ op }: Node): boolean => op === "param" || op === "state" || op === "hyper";

function compare(pass: string, entry: string, expected: Meaning, found: Meaning): void {
  for (const [name, values] of expected) {
    const other = found.get(name);
    if (other === undefined)
      throw new CompilerFault(pass, `pass "${pass}" changed what ${entry} means: ${name} is gone`);
    const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), Number.MIN_VALUE);
    const at = values.findIndex((value, n) => !(value === other[n] || Math.abs(value - other[n]!) <= BOUND * scale)); // prettier-ignore
    if (at < 0 && other.length === values.length) continue;
    throw new CompilerFault(pass, `pass "${pass}" changed what ${entry} means: ${name}, element ${Math.max(0, at)}, was ${values[at]}, and is ${other[at]}`); // prettier-ignore
  }
}
