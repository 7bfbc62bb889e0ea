/** Guarantees a verdict on a recipe: its program means the same as declared, after every pass, and on every target; or what differs where. */

import { DEFAULT } from "../../compiler/targets/index.ts";
import { evaluateResults } from "../../compiler/check/evaluate.ts";
import type { Graph } from "../../compiler/graph/graph.ts";
import { printGraph } from "../../compiler/graph/print.ts";
import { isFloat, type Float } from "../../compiler/graph/type.ts";
import { lower, type Lowered } from "../../compiler/driver/lower.ts";
import { pipeline } from "../../compiler/passes/index.ts";
import { modelOf } from "./build.ts";
import { noise, sameDecisions, type Decisions } from "../../compiler/check/noise.ts";
import type { Recipe } from "./recipe.ts";
import { namedResults, planOf, runReference, runTarget, type Declared, type Meaning, type Plan } from "./run.ts";
import { targets, type ProgramTarget } from "./targets.ts";

/**
 * By precision: how far the noise moves each value, and by how many times of what that does a target may differ. 2^-23 is twice what
 * storing a float32 rounds off; few runs may all move a result by little. In double the noise is far above what is rounded off, and the bound is about 1e-11 of the numbers that
 * were added up, a quarter of the 1e-10 that a wrong term could hide in.
 */
const NOISE = { f32: { relative: 2 ** -23, runs: 12, times: 16 }, f64: { relative: 2 ** -40, runs: 2, times: 16 } } as const;

/** How many times as many noisy runs say whether rounding could have made a difference, before it is called one. */
export const DOUBTS = 16;

/** Values beyond this are infinite in float32, or become so when they are combined. */
export const LARGEST = 1e37;

export type Outcome =
  /** `compared`: tensors; `loose`: those among them whose bound in float32 is above a hundredth of them. */
  | { readonly kind: "same"; readonly compared: number; readonly loose: number; readonly f32: "compared" | "kink" | "overflow" }
  /** Nothing to compare: a comparison is decided by rounding, or a result is no number. */
  | { readonly kind: "discarded"; readonly why: "kink" | "overflow" }
  | { readonly kind: "differs"; readonly where: string; readonly what: string };

/** How far each tensor may be off. */
type Bounds = ReadonlyMap<string, number>;

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

interface Reference {
  readonly meaning: Meaning;
  readonly calls: ReadonlyMap<Declared, { readonly feed: ReadonlyMap<string, Float64Array>; readonly values: Meaning }>;
  readonly decisions: Decisions;
  /** Largest magnitude of any computed value. */
  readonly peak: number;
}

export function referenceOf(plan: Plan): Reference {
  const decisions: Decisions = [];
  const record = noise(0, 0, decisions);
  const calls = new Map<Declared, { feed: Map<string, Float64Array>; values: Meaning }>();
  let peak = 0;
  const meaning = runReference(
    plan,
    (node, value) => {
      record(node, value);
      if (isFloat(node.type.dtype)) for (const x of value.data) if (Math.abs(x) > peak) peak = Math.abs(x);
    },
    (entry, feed, values) => calls.set(entry, { feed, values }),
  );
  return { meaning, calls, decisions, peak };
}

/** Bounds for a precision; undefined where the noise changes a decision, so that nothing can be said. */
export function boundsOf(plan: Plan, { meaning, decisions }: Reference, dtype: Float, doubts: number): Bounds | undefined {
  const { relative, runs, times } = NOISE[dtype];
  const bounds = new Map<string, number>();
  const widen = (name: string, values: Float64Array, exact: Float64Array): void => {
    const apart = values.reduce((most, value, n) => Math.max(most, Math.abs(value - exact[n]!)), 0);
    bounds.set(name, Math.max(bounds.get(name) ?? 0, times * apart, times * relative * largest(exact)));
  };
  for (let run = 1; run <= runs * doubts; run++) {
    const own: Decisions = [];
    const noisy = runReference(plan, noise(run, relative, own));
    const defined = [...noisy.values()].every((values) => values.every(Number.isFinite));
    if (!defined || !sameDecisions(decisions, own)) return undefined;
    for (const [name, values] of noisy) widen(name, values, meaning.get(name)!);
  }
  return bounds;
}

/** The first tensor that is further off than its bound, in words. */
function difference(found: Meaning, expected: Meaning, boundOf: (name: string) => number): string | undefined {
  for (const [name, values] of expected) {
    const other = found.get(name);
    if (other === undefined || other.length !== values.length) return `${name}: ${other?.length ?? "no"} elements, not ${values.length}`;
    const bound = boundOf(name);
    const at = values.findIndex((value, n) => !(Math.abs(value - other[n]!) <= bound));
    if (at >= 0) return `${name}, element ${at}: ${other[at]}, not ${values[at]}; the bound is ${bound.toExponential(1)}`;
  }
  return undefined;
}

/** The first element whose bits differ, in words. Whatever is no number has no bits to compare. */
function otherBits(found: Meaning, expected: Meaning): string | undefined {
  for (const [name, values] of expected) {
    const other = found.get(name)!;
    const at = values.findIndex((value, n) => !Object.is(value, other[n]));
    if (at >= 0) return `${name}, element ${at}: ${other[at]}, not ${values[at]}`;
  }
  return undefined;
}

/** After each pass that gives a graph, its meaning is the declared one's, within the bounds of double precision. */
function checkPasses({ calls }: Reference, bounds: Bounds): Outcome | undefined {
  for (const [entry, { feed, values }] of calls) {
    let failed: Outcome | undefined;
    let expected: Meaning = entry.purpose.kind === "train" ? namedResults(evaluateResults(entry.declared, feed)) : values;
    pipeline(entry.purpose, DEFAULT).run(entry.declared, {
      after(pass, input, output) {
        if (failed !== undefined || !isGraph(output)) return;
        if (pass.name === "differentiate") expected = values;
        if (input === output) return;
        const what = difference(namedResults(evaluateResults(output, feed)), expected, boundIn(bounds, entry.name));
        if (what !== undefined)
          failed = { kind: "differs", where: `pass ${pass.name} of ${entry.name}`, what: `${what}\n${printGraph(output)}` };
      },
    });
    if (failed !== undefined) return failed;
  }
  return undefined;
}

const isGraph = (level: unknown): level is Graph => typeof level === "object" && level !== null && "nodes" in level;

/** The bound of a result of one call, by what the sequence of calls names it. */
const boundIn =
  (bounds: Bounds, entry: string) =>
  (result: string): number => {
    const [kind, name] = [result.slice(0, result.indexOf(" ")), result.slice(result.indexOf(" ") + 1)];
    if (kind === "output") return bounds.get(`predict ${name}`)!;
    if (kind === "loss") return bounds.get(entry === "evaluate" ? `evaluate ${name}` : `step 1 loss ${name}`)!;
    return bounds.get(`step 1 ${name}`)!;
  };

/** Compiles the recipe's model for every target and compares. Compiler faults count as differences. */
export async function check(recipe: Recipe, on: readonly ProgramTarget[] = targets): Promise<Outcome> {
  try {
    const outcome = await checked(recipe, on, 1);
    // what lies far off the numbers it is made of may come out alike in a few noisy runs, and otherwise in the next
    return outcome.kind === "differs" ? await checked(recipe, on, DOUBTS) : outcome;
  } catch (error) {
    return { kind: "differs", where: (error as Error).name, what: String((error as Error).stack) };
  }
}

async function checked(recipe: Recipe, on: readonly ProgramTarget[], doubts: number): Promise<Outcome> {
  const model = modelOf(recipe);
  const plan = planOf(model, recipe.rows, recipe.seed);
  const reference = referenceOf(plan);
  const { meaning, peak } = reference;
  if (![...meaning.values()].every((values) => values.every(Number.isFinite))) return { kind: "discarded", why: "overflow" };
  const double = boundsOf(plan, reference, "f64", doubts);
  if (double === undefined) return { kind: "discarded", why: "kink" };
  const failed = checkPasses(reference, double);
  if (failed !== undefined) return failed;
  const single = peak > LARGEST ? "overflow" : (boundsOf(plan, reference, "f32", doubts) ?? "kink");
  let compared = 0;
  let loose = 0;
  const lowered = new Map<string, Lowered>();
  const meanings = new Map<string, Meaning>();
  for (const { name, dtype, target, bitsOf, trainer } of on) {
    const key = `${dtype} ${target}`;
    const own = lowered.get(key) ?? (await lower(model, { dtype, target }));
    lowered.set(key, own);
    const found = runTarget(plan, await trainer(own), dtype);
    meanings.set(name, found);
    const other = bitsOf === undefined ? undefined : meanings.get(bitsOf);
    const apart = other && otherBits(found, other);
    if (apart !== undefined) return { kind: "differs", where: `${name}, whose bits are not those of ${bitsOf}`, what: apart };
    const linear = own.entries.every(({ purpose }) => purpose.kind !== "train" || purpose.phase.rule.linear);
    const given = dtype === "f64" ? double : single;
    if (typeof given === "string") continue;
    const posed = dtype === "f32" && !linear ? new Map([...meaning].filter(([of]) => isPosed(of))) : meaning;
    const what = difference(found, posed, (of) => given.get(of)!);
    if (what !== undefined) return { kind: "differs", where: name, what };
    compared += posed.size;
    if (dtype === "f32") for (const [of, values] of posed) if (given.get(of)! > 0.01 * largest(values)) loose++;
  }
  return { kind: "same", compared, loose, f32: typeof single === "string" ? single : "compared" };
}

/**
 * What float32 says something about under a rule that is not linear in the gradient: a gradient that is zero up to rounding becomes a whole step
 * there, so weights after it are compared in double only, as the check of a model does.
 */
export const isPosed = (name: string): boolean => !name.startsWith("step ") || name.startsWith("step 1 loss ");

/** The program of a recipe as text: its first training entry as declared, before any pass. */
export function printRecipe(recipe: Recipe): string {
  try {
    const { entries } = planOf(modelOf(recipe), recipe.rows, recipe.seed);
    const { nodes, ...rest } = entries[0]!.declared;
    const plain = nodes.map((node) => ({ ...node, origin: { role: "primal", site: "" } as const })); // sites are this file's
    return printGraph({ ...rest, nodes: plain });
  } catch (error) {
    return `no graph: ${(error as Error).message}
`;
  }
}
