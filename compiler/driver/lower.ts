/** The road from a declared model to its placed module: deterministic, without touching the disk. */

import { checkArena } from "./arena.ts";
import { withinBudget } from "./budget.ts";
import { MOST_BYTES, readBudget, type Budget } from "../graph/bytes.ts";
import { CompilerFault, ModelError } from "../graph/error.ts";
import type { Graph } from "../graph/graph.ts";
import { divisionOf } from "../loop/divide.ts";
import type { Definitions, Module, Program } from "../loop/loop.ts";
import type { Model, Traced } from "../model/declaration.ts";
import { checkPlan } from "../passes/placement/check-plan.ts";
import { pipeline, place, type Purpose, type Road } from "../passes/index.ts";
import { runPass, type Observer } from "../passes/pass.ts";
import { schedule, type Nests, type Tiles } from "../passes/loops/schedule.ts";
import type { Tile } from "../passes/loops/tile.ts";
import { choiceOf } from "../passes/selection.ts";
import { ONLY, targetOf, understanding } from "../targets/index.ts";
import type { Facts, Kind, Option, Target } from "../targets/target.ts";
import { entriesOf, requireKept, rowsOf } from "./entries.ts";
import { factsOf, graphHash } from "./facts.ts";
import { roadOf, type Choice } from "./memory.ts";
import { isDefinitions, observe, type Level, type Observation } from "./observe.ts";
import { commandOf, type Choices, type CompileOptions } from "./options.ts";
import { kernelSites, readSchedules } from "./schedules.ts";
import { requireSteady } from "./steady.ts";
import { twinsOf } from "./twins.ts";

/** One entry point, before and after the pipeline. */
export interface CompiledEntry {
  readonly name: string;
  readonly purpose: Purpose;
  readonly traced: Traced;
  /** The graph that was scheduled: after the last graph pass. */
  readonly graph: Graph;
  /** What each pass was given, and what it made of it. */
  readonly passes: readonly PassRun[];
  /** What was fused, and why the rest was not. */
  readonly definitions: Definitions;
  readonly program: Program;
}

export interface PassRun {
  readonly pass: string;
  /** What it is for, in a line. */
  readonly why: string;
  readonly before: Level;
  readonly after: Level;
}

/** Everything but the files: levels by entry, the placed module, what was observed. */
export interface Lowered {
  readonly model: Model;
  readonly entries: readonly CompiledEntry[];
  readonly module: Module;
  readonly facts: Facts;
  readonly target: Target;
  readonly observation: Observation;
  /** What the memory budget chose; empty without one, or where everything fits. */
  readonly chosen: Choices;
  /** Tiles that measured schedules gave, by group; empty where the cost model picked all. */
  readonly tiles: Tiles;
  /** Those that were given. */
  readonly nests?: Nests;
}

/** Refuses what the target has not. */
function requireUnderstood({ name: site }: Model, { dtype, threads, sliced, relaxed }: CompileOptions, target: Target): void {
  const refuse = (option: Option, law: string, remedy: string): never => {
    throw new ModelError({ code: `target-${option}`, site, law, operands: [], remedy });
  };
  const only = (option: "threads" | "sliced" | "relaxed"): void => {
    if (target.understands.has(option)) return;
    refuse(
      option,
      `${ONLY[option]}, but the target is ${target.name}`,
      `Compile for the target ${understanding(option).name}, or without ${option}.`,
    );
  };
  if (dtype === "f64" && !target.understands.has("float64"))
    refuse(
      "float64",
      `kernels of the target ${target.name} compute in float32, but float64 was asked for`,
      `Compile at float64 for the target ${understanding("float64").name}, or at float32 for this one.`,
    );
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1))
    refuse("threads", `threads needs a whole number of at least 1, but got ${threads}`, "Name how many threads share a step, such as 2.");
  if (threads !== undefined) only("threads");
  if (sliced === true) only("sliced");
  if (sliced === true && threads !== undefined)
    refuse("sliced", "a step in slices runs on one thread, but threads were asked for", "Leave out one of the two.");
  if (relaxed === true) only("relaxed");
}

/** Runs the whole pipeline; the plan is proved before anything is printed. Entries share `nests`, in which names are those of the first: of what nobody reads. */
export async function lower(model: Model, options: CompileOptions = {}, kind: Kind = "trainer", nests?: Nests): Promise<Lowered> {
  const observation: Observation = { timings: [], stages: [] };
  const keep = options.keep ?? (() => false);
  const approximations = new Set<string>();
  const command = commandOf(options);
  // of a small instance it is looked at what levels mean, which says more than their form; the large one's are verified
  const verified = options.small === true ? undefined : command;
  const target = targetOf(options.target);
  requireUnderstood(model, options, target);
  const began = performance.now();
  const declared = entriesOf(model, options, kind);
  if (options.small !== true)
    requireSteady(declared, () => entriesOf(model, options, kind), options.source?.path ?? model.name, options.source);
  requireKept(declared);
  observation.timings.push({ stage: "declare", milliseconds: performance.now() - began });
  const budget = kind === "trainer" ? budgetOf(model, options) : undefined;
  const { machine } = target;
  // slices are parts that threads could run: what shares bytes has to allow it
  const threads = options.threads ?? (kind === "trainer" ? divisionOf(options)?.by : undefined);
  const road = {
    machine,
    choice: choiceOf(options.passes),
    winograd: options.winograd ?? false,
    sparing: budget !== undefined,
    threads,
    ...(nests && { nests }),
  };
  const spent =
    budget &&
    withinBudget(
      model.name,
      declared.map((entry) => ({ ...entry, rows: rowsOf(model, options, entry.name) })),
      budget,
      road,
    );
  if (spent !== undefined)
    observation.timings.push({ stage: "memory budget", milliseconds: performance.now() - began - observation.timings[0]!.milliseconds });
  const chosen = spent?.choices ?? options.chosen ?? new Map<string, Choice>();
  const entryBy = (entry: (typeof declared)[number], along: Road): CompiledEntry => {
    const watch = observe(entry.name, observation, keep, verified);
    const passes: PassRun[] = [];
    let graph = entry.traced.graph;
    let definitions: Definitions | undefined;
    const own = roadOf(chosen.get(entry.name), rowsOf(model, options, entry.name));
    const program = pipeline(entry.purpose, { ...along, ...own }).run(graph, {
      approximated: (law) => approximations.add(law),
      after(pass, input, output, milliseconds) {
        watch.after(pass, input, output, milliseconds);
        const [before, after] = [input as Level, output as Level]; // pipelines begin at Graph and go from level to level
        if (pass.name === "recompute") graph = output as unknown as Graph; // recompute is Graph → Graph
        if (isDefinitions(after)) definitions = after;
        passes.push({ pass: pass.name, why: pass.why, before, after });
      },
    });
    return {
      ...entry,
      graph,
      passes,
      definitions: definitions!,
      program: { ...program, name: entry.name },
    }; // every pipeline fuses, or keeps apart
  };
  const watched = (entry: string): Observer => observe(entry, observation, keep, verified);
  const placed = (all: readonly CompiledEntry[]): Module =>
    runPass(
      place(model.name, { threads, machine }),
      all.map(({ program }) => program),
      watched("module"),
    );
  let modelled = declared.map((entry) => entryBy(entry, road));
  const graph = await graphHash(modelled);
  let first = placed(modelled);
  // copies that only save time are no reason to refuse a model
  if (first.arenaBytes > MOST_BYTES && !road.sparing) {
    modelled = declared.map((entry) => entryBy(entry, { ...road, sparing: true }));
    first = placed(modelled);
  }
  checkArena(first, options.source?.path ?? model.name);
  const tiles =
    kind === "trainer" && options.schedules !== undefined
      ? readSchedules(
          options.schedules,
          { model: model.name, graph, machine },
          kernelSites(modelled, first, machine),
          `${options.source === undefined ? "adjoint compile <model>" : command} --measure-schedules`,
        )
      : new Map<string, Tile>();
  const entries =
    tiles.size === 0
      ? modelled
      : modelled.map((entry) => scheduled(entry, runPass(schedule(machine, tiles), entry.definitions, watched(entry.name))));
  const module = tiles.size === 0 ? first : placed(entries);
  if (verified !== undefined) checkPlan(module, threads);
  if (budget !== undefined && module.arenaBytes > budget.bytes)
    throw new CompilerFault("memory budget", `the plan of ${module.arenaBytes} bytes is larger than the one it was chosen by`);
  const twins =
    target.twin !== undefined && hasTwin(options, kind) && budget === undefined ? twinsOf(entries, module, target.twin) : undefined;
  const facts = await factsOf(model, options, declared, {
    graph,
    approximations: [...approximations],
    ...(spent === undefined ? {} : { memory: spent.facts }),
    ...(twins === undefined ? {} : { twins }),
    scheduled: tiles.size > 0,
  });
  return { model, entries, module, facts, target, observation, chosen, tiles, ...(nests && { nests }) };
}

/** Whether a model that is compiled so can have a file for readers with the same bits; nobody reads a small instance. */
const hasTwin = ({ dtype, winograd, small }: CompileOptions, kind: Kind): boolean =>
  kind === "trainer" && dtype !== "f64" && winograd !== true && small !== true;

/** An entry with other loops. */
const scheduled = (entry: CompiledEntry, program: Program): CompiledEntry => ({
  ...entry,
  program: { ...program, name: entry.name },
  passes: entry.passes.map((run) => (run.pass === "schedule" ? { ...run, after: program } : run)),
});

/** The amount asked for, or the model's own; the small instance has none. */
function budgetOf(model: Model, { memory, small, chosen }: CompileOptions): Budget | undefined {
  const text = memory ?? model.memory;
  if (text === undefined || small === true || chosen !== undefined) return undefined;
  return readBudget(model.name, text);
}
