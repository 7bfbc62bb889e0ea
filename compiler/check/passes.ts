/**
 * Guarantees that a pass which changes what a graph means is a compile error that names the pass: after each graph pass of the small instance
 * its graph is evaluated beside the declared one, differentiated but otherwise untouched; the definitions that are fused of it are evaluated too
 * (meaning.ts). Everything in float64 and without rounding, where the only difference left is the order of sums. What is emitted of them is held to the
 * interpreter by others (translation.ts, kernels.ts); where it differs, the loops it came from are interpreted, to tell whose fault it is.
 */

import { CompilerFault } from "../graph/error.ts";
import type { Graph, Node } from "../graph/graph.ts";
import type { Float } from "../graph/type.ts";
import { createMemory, interpretEntry, type Memory } from "../loop/interpret/index.ts";
import type { Entry } from "../loop/loop.ts";
import type { CompiledEntry, Lowered } from "../driver/lower.ts";
import { isGraph } from "../driver/observe.ts";
import type { CompileOptions } from "../driver/options.ts";
import type { Model } from "../model/declaration.ts";
import type { Purpose } from "../passes/index.ts";
import { differentiate } from "../passes/graph/differentiate.ts";
import { drawsOf } from "./domain.ts";
import { fedLeaves } from "./draw.ts";
import { evaluateResults, Evaluations, resultsIn, type Results as Evaluated, type Watch } from "./evaluate.ts";
import { smallInstance } from "./instance.ts";
import { meaningsOf, targetsOf } from "./meaning.ts";
import { STEP_BOUND } from "./result.ts";
import { Rounding } from "./scale.ts";

/**
 * Largest difference of a result, relative to its largest element, or to a thousandth of the largest of all where it has no scale of its own: sums in
 * another order, and the rewrites that are approximate by name. What rounding moves further by itself is no fault (scale.ts).
 */
const EXACT: Exactness = { bound: 1e-9, dtype: "f64" };
/** Of loops that round as they are to. */
const ROUNDED: Exactness = { bound: STEP_BOUND, dtype: "f32" };

interface Exactness {
  readonly bound: number;
  readonly dtype: Float;
}

const largestOf = (values: Float64Array): number =>
  values.reduce((most, value) => (Math.abs(value) < Infinity ? Math.max(most, Math.abs(value)) : most), Number.MIN_VALUE);

/** Results by what they are called: losses and outputs by name, writes by their target. */
type Results = ReadonlyMap<string, Float64Array>;

/** What a program should give, and how far rounding may move it: looked at where something differs. */
interface Meaning {
  readonly results: Results;
  readonly rounding: (dtype: Float) => Rounding;
}

/** What was found of a small instance whose passes hold. */
export interface Validated {
  /** Throws a CompilerFault where the loops, interpreted, are not what the passes before them meant. */
  blameLoops(): void;
}

/** Follows the small instance through its passes, as it is compiled for the target. Throws a CompilerFault naming the pass that changed a result. */
export async function validatePasses(
  model: Model,
  { entries, module }: Pick<Lowered, "entries" | "module">,
  options: Pick<CompileOptions, "source">,
  seed: number,
): Promise<Validated> {
  const { batch } = smallInstance(model, options);
  const draws = drawsOf(model, options);
  const meanings = await meaningsOf(module);
  const validated = entries.map((entry, n) => {
    const { name } = entry;
    const rows = batch[name === "evaluate" || name === "predict" ? name : "train"];
    const contents: Contents = (leaf) => draws.leaf(leaf, seed, rows);
    const { meaning, leaves } = validateEntry(entry, contents);
    const own = module.entries[n]!;
    const fill = (memory: Memory): void => {
      const suffix = n === 0 ? "" : `_${name}`;
      for (const leaf of leaves) memory.set(isKept(leaf) ? leaf.name : `${leaf.name}${suffix}`, contents(leaf).slice());
    };
    const { returned, memory } = meanings.run(own, fill);
    const fault = difference("define", name, meaning, ofEntry(own, returned, memory));
    if (fault !== undefined) throw fault;
    return { name, meaning, fill, own };
  });
  return {
    blameLoops() {
      for (const { name, meaning, fill, own } of validated) {
        const memory = createMemory(module);
        fill(memory);
        const returned = interpretEntry(module, own, memory, { precision: "double" });
        const fault = difference("schedule", name, meaning, ofEntry(own, returned, memory), ROUNDED);
        if (fault !== undefined) throw fault;
      }
    },
  };
}

function validateEntry(
  { name: entry, purpose, traced: { graph: declared }, passes }: CompiledEntry,
  contents: Contents,
): { readonly meaning: Meaning; readonly leaves: readonly Node[] } {
  const evaluations = new Evaluations(contents);
  let meaning = meaningOf(declared, contents, evaluations);
  let leaves = fedLeaves(declared);
  for (const { pass, before, after } of passes) {
    if (!isGraph(after) || before === after) continue;
    // what a step should do: the declared graph's own derivatives and updates, with nothing rewritten
    if (pass === "differentiate") meaning = meaningOf(differentiated(purpose, declared), contents, evaluations);
    const fault = difference(pass, entry, meaning, named(resultsIn(after, evaluations.of(after))));
    if (fault !== undefined) throw fault;
    leaves = fedLeaves(after);
  }
  return { meaning, leaves };
}

/** The one pass that is to change what a graph means. */
const differentiated = (purpose: Purpose, graph: Graph): Graph =>
  purpose.kind === "train" ? differentiate(purpose.phase, purpose).run(graph) : graph;

/** Contents of a leaf, the same under every pass. */
type Contents = (leaf: Node) => Float64Array;

function meaningOf(graph: Graph, contents: Contents, evaluations: Evaluations): Meaning {
  const known = new Map<Float, Rounding>();
  const again = (watch: Watch): Results => {
    const feed = new Map(fedLeaves(graph).map((leaf) => [leaf.name, contents(leaf)]));
    return named(evaluateResults(graph, feed, watch));
  };
  const rounding = (dtype: Float): Rounding => {
    const found = known.get(dtype) ?? new Rounding(again, dtype);
    known.set(dtype, found);
    return found;
  };
  return { results: named(resultsIn(graph, evaluations.of(graph))), rounding };
}

const named = ({ losses, outputs, writes }: Evaluated): Results =>
  new Map([
    ...[...losses].map(([name, value]) => [`loss ${name}`, Float64Array.of(value)] as const),
    ...[...outputs].map(([name, { data }]) => [`output ${name}`, data] as const),
    ...[...writes].map(([name, { data }]) => [`new ${name}`, data] as const),
  ]);

/** What an entry returned and what it left in memory. */
const ofEntry = (entry: Entry, returned: ReadonlyMap<string, Float64Array>, memory: Memory): Results =>
  new Map([
    ...entry.results.map(({ kind, name }) => [`${kind} ${name}`, returned.get(name)!] as const),
    ...targetsOf(entry).map((name) => [`new ${name}`, memory.get(name)!] as const),
  ]);

/** Storage that all entry points share under one name. */
const isKept = ({ op }: Node): boolean => op === "param" || op === "state" || op === "hyper";

/** The fault of a pass that changed a result, if it did. */
function difference(
  pass: string,
  entry: string,
  { results, rounding }: Meaning,
  found: Results,
  { bound, dtype }: Exactness = EXACT,
): CompilerFault | undefined {
  const largest = Math.max(...[...results.values()].map(largestOf));
  for (const [name, values] of results) {
    const other = found.get(name);
    if (other === undefined) return new CompilerFault(pass, `pass "${pass}" changed what ${entry} means: ${name} is gone`);
    const allowed = bound * Math.max(largestOf(values), 1e-3 * largest);
    const beyond = (more: number): number =>
      values.findIndex((value, n) => !(Object.is(value, other[n]) || Math.abs(value - other[n]!) <= allowed + more));
    let at = beyond(0);
    for (let looking = true; at >= 0 && looking; looking = at >= 0 && rounding(dtype).look()) at = beyond(rounding(dtype).of(name));
    if (at < 0 && other.length === values.length) continue;
    return new CompilerFault(
      pass,
      `pass "${pass}" changed what ${entry} means: ${name}, element ${Math.max(0, at)}, was ${values[at]}, and is ${other[at]}`,
    );
  }
  return undefined;
}
