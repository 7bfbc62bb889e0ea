/** Guarantees the road from a declared model to its files: deterministic, without touching the disk. */

import type { Phase } from "../autodiff/update.ts";
import { checkArena } from "./arena.ts";
import { withinBudget } from "./budget.ts";
import { MOST_BYTES, readBudget, type Budget } from "../graph/bytes.ts";
import { CompilerFault, ModelError } from "../graph/error.ts";
import type { Graph } from "../graph/graph.ts";
import { printGraph } from "../graph/print.ts";
import type { Float } from "../graph/type.ts";
import { sha256, textHash } from "./hash.ts";
import type { Definitions, Module, Program } from "../loop/loop.ts";
import { isDefinitions, observe, type Level, type Observation } from "./observe.ts";
import type { Citation } from "../model/context.ts";
import type { ExtentMap } from "../model/extents.ts";
import type { BatchSizes, EntryKind, Model, Traced } from "../model/declaration.ts";
import { checkPlan } from "../passes/placement/check-plan.ts";
import { pipeline, place, type Purpose, type Road } from "../passes/index.ts";
import { roadOf, type Choice } from "./memory.ts";
import { runPass, type Observer } from "../passes/pass.ts";
import { machines } from "../passes/loops/machine.ts";
import { schedule, type Tiles } from "../passes/loops/schedule.ts";
import { withoutOrder } from "../passes/graph/terms.ts";
import type { Tile } from "../passes/loops/tile.ts";
import { kernelSites, readSchedules, type ScheduleText } from "./schedules.ts";
import { requireSteady } from "./steady.ts";
import { withLineNumbers } from "../targets/contents.ts";
import { targets, type TargetName } from "../targets/index.ts";
import { choiceOf, printPasses, type OptionalPass } from "../passes/selection.ts";
import type { Facts } from "../targets/target.ts";
import { VERSION } from "../version.ts";

export interface Source {
  /** Relative to the model's package. */
  readonly path: string;
  readonly text: string;
}

export interface CompileOptions {
  readonly source?: Source;
  readonly dtype?: Float;
  /** What is printed; default: typescript. */
  readonly target?: TargetName;
  /** `gradients` adds gradients.ts. */
  readonly entries?: readonly "gradients"[];
  /** Which passes' text to keep in `stages`. */
  readonly keep?: (pass: string) => boolean;
  /** Rows of every entry, or of each, in place of the model's own. */
  readonly batch?: number | BatchSizes;
  /** Declares the small instance: every size(…) takes its `check` extent. */
  readonly small?: boolean;
  /** What the small instance makes of the extents that a declaration without sizes names, by entry. */
  readonly extents?: InstanceExtents | undefined;
  /** Which optional passes run, for bisecting; default: all. Other bits may come of it, within the check's bounds. */
  readonly passes?: readonly OptionalPass[];
  /** The trainer's arena, at most: 512KB, 1.5MiB. In place of the model's own; gradients.ts has no budget. */
  readonly memory?: string;
  /** What was chosen for each entry before, in place of a budget. */
  readonly chosen?: Choices;
  /** Schedules that were measured for this model and target, of the trainer's kernels; what they do not name the cost model picks. */
  readonly schedules?: ScheduleText;
  /** WebAssembly only: kernels are divided among this many threads, unless whoever makes a trainer says otherwise. */
  readonly threads?: number;
  /** WebAssembly only: uses relaxed SIMD, and gives up that all machines have the same bits. */
  readonly relaxed?: boolean;
  /** 3×3 convolutions of stride 1 by Winograd's algorithm: fewer products, larger errors. */
  readonly winograd?: boolean;
}

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
  readonly before: Level;
  readonly after: Level;
}

/** What a memory budget chose, by entry. */
export type Choices = ReadonlyMap<string, Choice>;

/** Everything but the files: levels by entry, the placed module, what was observed. */
export interface Lowered {
  readonly model: Model;
  readonly entries: readonly CompiledEntry[];
  readonly module: Module;
  readonly facts: Facts;
  readonly target: TargetName;
  readonly observation: Observation;
  /** What the memory budget chose; empty without one, or where everything fits. */
  readonly chosen: Choices;
  /** Tiles that measured schedules gave, by group; empty where the cost model picked all. */
  readonly tiles: Tiles;
}

/** Cites the model's file by its relative path, files beside it relative to the same folder, others by name. */
export function citation(source: Source | undefined): Citation {
  const slashed = (file: string): string => file.replaceAll("\\", "/");
  let root: string | undefined;
  const isSource = (file: string): boolean => source !== undefined && slashed(file).endsWith(`/${source.path}`);
  return {
    cite(file) {
      if (isSource(file)) root = slashed(file).slice(0, -source!.path.length);
      if (root !== undefined && slashed(file).startsWith(root)) return slashed(file).slice(root.length);
      return slashed(file).split("/").at(-1) ?? file;
    },
    textOf: (file) => (isSource(file) ? source!.text : undefined),
    ...(source === undefined ? {} : { file: source.path }),
  };
}

/** Of each entry, since each is a graph of its own. */
export type InstanceExtents = Readonly<Record<EntryKind, ExtentMap>>;

/** Rows of every entry. */
export const batchSizes = (model: Model, batch: CompileOptions["batch"]): BatchSizes =>
  typeof batch === "number" ? { train: batch, evaluate: batch, predict: batch } : (batch ?? model.batch);

/** Declares one entry of a model. */
export const traceOf = (model: Model, entry: EntryKind, options: CompileOptions): Traced =>
  model.trace({
    entry,
    batch: batchSizes(model, options.batch)[entry],
    float: options.dtype ?? "f32",
    small: options.small ?? false,
    extents: options.extents?.[entry],
    citation: citation(options.source),
  });

/** The phase's own loss; what the model assigns to its states is written once a step, by the last phase. */
const resultsOf = (graph: Graph, phase: Phase, writes: boolean): Graph => ({
  ...graph,
  results: graph.results.filter((result) => (result.kind === "loss" ? result.name === phase.name : result.kind !== "write" || writes)),
});

export function entriesOf(
  model: Model,
  options: CompileOptions,
  kind: "trainer" | "gradients",
): { name: string; purpose: Purpose; traced: Traced }[] {
  const train = traceOf(model, "train", options);
  const last = train.phases.length - 1;
  if (kind === "gradients") {
    const phase = train.phases[0]!;
    return [
      {
        name: "gradients",
        purpose: { kind: "gradients", phase },
        traced: { ...train, graph: resultsOf(train.graph, phase, false) },
      },
    ];
  }
  const evaluate = traceOf(model, "evaluate", options);
  const site = options.source?.path ?? model.name;
  checkNames(site, "phase", train.phases, ["evaluate", "predict"]);
  const means = evaluate.graph.results.filter((result) => result.kind === "loss");
  checkNames(site, "metric", means, ["count"]);
  return [
    ...train.phases.map((phase, n) => ({
      name: phase.name,
      purpose: { kind: "train", phase, counts: n === last } as const,
      traced: { ...train, graph: resultsOf(train.graph, phase, n === last) },
    })),
    { name: "evaluate", purpose: { kind: "forward" }, traced: evaluate },
    { name: "predict", purpose: { kind: "forward" }, traced: traceOf(model, "predict", options) },
  ];
}

/** What a trainer has or returns by name has one name each, and none that the trainer itself uses. */
function checkNames(site: string, what: string, named: readonly { readonly name: string }[], taken: readonly string[]): void {
  const names = named.map(({ name }) => name);
  const twice = names.find((name, n) => taken.includes(name) || names.indexOf(name) < n);
  if (twice === undefined) return;
  throw new ModelError({
    code: "name/duplicate",
    site,
    law: `two things of the trainer are called ${JSON.stringify(twice)}, one of them a ${what}`,
    operands: [],
    remedy: `Give the ${what} another name.`,
  });
}

function checkThreads({ name }: Model, threads: number | undefined, target: TargetName): void {
  if (threads === undefined) return;
  const refuse = (law: string, remedy: string): never => {
    throw new ModelError({ code: "target-threads", site: name, law, operands: [], remedy });
  };
  if (!Number.isInteger(threads) || threads < 1)
    refuse(`threads needs a whole number of at least 1, but got ${threads}`, "Name how many threads share a step, such as 2.");
  if (target !== "wasm" && target !== "wasm-external")
    refuse(
      `only WebAssembly kernels are divided among threads, but the target is ${target}`,
      "Compile for the target wasm, or without threads.",
    );
}

/** Runs the whole pipeline; the plan is proved before anything is printed. */
export async function lower(model: Model, options: CompileOptions = {}, kind: "trainer" | "gradients" = "trainer"): Promise<Lowered> {
  const observation: Observation = { timings: [], stages: [] };
  const keep = options.keep ?? (() => false);
  const approximations = new Set<string>();
  const command = commandOf(options);
  const target = options.target ?? "typescript";
  if (target !== "typescript" && options.dtype === "f64")
    throw new ModelError({
      code: "target-float64",
      site: model.name,
      law: "WebAssembly kernels compute in float32, but float64 was asked for",
      operands: [],
      remedy: "Compile at float64 for the TypeScript target, or at float32 for this one.",
    });
  checkThreads(model, options.threads, target);
  if (options.relaxed === true && !target.startsWith("wasm"))
    throw new ModelError({
      code: "target-relaxed",
      site: model.name,
      law: `only WebAssembly has relaxed SIMD, but the target is ${target}`,
      operands: [],
      remedy: "Compile for the target wasm, or without relaxed.",
    });
  const began = performance.now();
  const declared = entriesOf(model, options, kind);
  if (options.small !== true)
    requireSteady(declared, () => entriesOf(model, options, kind), options.source?.path ?? model.name, options.source);
  observation.timings.push({ stage: "declare", milliseconds: performance.now() - began });
  const budget = kind === "trainer" ? budgetOf(model, options) : undefined;
  const road = {
    target,
    choice: choiceOf(options.passes),
    winograd: options.winograd ?? false,
    sparing: budget !== undefined,
    threads: options.threads,
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
    const watch = observe(entry.name, observation, keep, command);
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
        passes.push({ pass: pass.name, before, after });
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
  const watched = (entry: string): Observer => observe(entry, observation, keep, command);
  const placed = (all: readonly CompiledEntry[]): Module =>
    runPass(
      place(model.name, { threads: options.threads, target }),
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
          { model: model.name, graph, target },
          kernelSites(modelled, first, target),
          `${options.source === undefined ? "adjoint compile <model>" : command} --measure-schedules`,
        )
      : new Map<string, Tile>();
  const entries =
    tiles.size === 0
      ? modelled
      : modelled.map((entry) => scheduled(entry, runPass(schedule(machines[target], tiles), entry.definitions, watched(entry.name))));
  const module = tiles.size === 0 ? first : placed(entries);
  checkPlan(module, options.threads);
  if (budget !== undefined && module.arenaBytes > budget.bytes)
    throw new CompilerFault("memory budget", `the plan of ${module.arenaBytes} bytes is larger than the one it was chosen by`);
  const batch = batchSizes(model, options.batch);
  const phases = declared.filter(({ purpose }) => purpose.kind === "train").map(({ name }) => name);
  const facts: Facts = {
    version: VERSION,
    ...(options.source === undefined
      ? {}
      : { source: { path: options.source.path, hash: (await textHash(options.source.text)).slice(0, 16) } }),
    command,
    batch,
    phases,
    meetings: meetingsOf(declared),
    wholeOutputs: declared.at(-1)!.traced.wholeOutputs,
    inputs: [...new Set(declared.flatMap(({ traced }) => traced.graph.nodes.flatMap(({ op, name }) => (op === "input" ? [name] : []))))],
    graph,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(options.relaxed === true ? { relaxed: true as const } : {}),
    approximations: [...approximations],
    ...(spent === undefined ? {} : { memory: spent.facts }),
    ...(tiles.size === 0
      ? {}
      : { schedules: { path: options.schedules!.path, hash: (await textHash(options.schedules!.text)).slice(0, 16) } }),
  };
  return { model, entries, module, facts, target, observation, chosen, tiles };
}

/** Where rows meet, by kind of entry. */
function meetingsOf(declared: readonly { readonly name: string; readonly purpose: Purpose; readonly traced: Traced }[]): Facts["meetings"] {
  return Object.fromEntries(
    declared.flatMap(({ name, purpose, traced: { meeting } }) =>
      meeting === undefined ? [] : [[purpose.kind === "forward" ? name : "train", meeting]],
    ),
  );
}

/** The hash by which checkpoints and schedules know the graph they belong to. */
async function graphHash(entries: readonly CompiledEntry[]): Promise<string> {
  const trained = entries.filter(({ purpose }) => purpose.kind === "train");
  const text = trained.map(({ graph }) => printGraph(withoutOrigins(graph))).join("");
  return (await sha256(text)).slice(0, 16);
}

/** An entry with other loops. */
const scheduled = (entry: CompiledEntry, program: Program): CompiledEntry => ({
  ...entry,
  program: { ...program, name: entry.name },
  passes: entry.passes.map((run) => (run.pass === "schedule" ? { ...run, after: program } : run)),
});

/** Rows of an entry's batch. */
const rowsOf = (model: Model, { batch }: CompileOptions, entry: string): number =>
  batchSizes(model, batch)[entry === "evaluate" || entry === "predict" ? entry : "train"];

/** The amount asked for, or the model's own; the small instance has none. */
function budgetOf(model: Model, { memory, small, chosen }: CompileOptions): Budget | undefined {
  const text = memory ?? model.memory;
  if (text === undefined || small === true || chosen !== undefined) return undefined;
  return readBudget(model.name, text);
}

/** What is computed, without whose lines it came from, or in which order a target's sums add: moving a line of the model changes no graph. */
const withoutOrigins = (graph: Graph): Graph => ({
  ...graph,
  nodes: graph.nodes.map((node) => ({ ...node, attrs: withoutOrder(node.attrs), origin: { role: "primal", site: "" } })),
  aliases: [],
});

/** What asks for a target that is not asked for by its name. */
const FLAGS: Partial<Record<TargetName, string>> = { "wasm-external": "--target wasm --wasm external", plain: "--plain" };

/** The command that makes the files again. */
export function commandOf({ source, entries, target, passes, threads, relaxed, winograd, memory }: CompileOptions): string {
  const chosen = printPasses(passes);
  if (source === undefined) return "compile(model) in the program that declared it";
  return [
    "adjoint compile",
    source.path,
    ...(target === undefined || target === "typescript" ? [] : [FLAGS[target] ?? `--target ${target}`]),
    ...(threads === undefined ? [] : [`--threads ${threads}`]),
    ...(relaxed === true ? ["--relaxed"] : []),
    ...(winograd === true ? ["--winograd"] : []),
    ...(entries ?? []).map((entry) => `--entry ${entry}`),
    ...(chosen === undefined ? [] : [`--passes ${chosen}`]),
    ...(memory === undefined ? [] : [`--memory ${memory.replaceAll(" ", "")}`]),
  ].join(" ");
}

/** The emitted text of a lowered model, formatted. */
export async function print({ module, facts, target, observation }: Lowered, kind: "trainer" | "gradients"): Promise<string> {
  let began = performance.now();
  const text = kind === "trainer" ? await targets[target].printTrainer(module, facts) : await targets[target].printGradients(module, facts);
  observation.timings.push({ stage: `print ${kind}`, milliseconds: performance.now() - began });
  began = performance.now();
  const formatted = withLineNumbers(await format(text));
  observation.timings.push({ stage: `format ${kind}`, milliseconds: performance.now() - began });
  return formatted;
}

/** What prettier makes of TypeScript; loaded when first needed. */
export async function format(text: string): Promise<string> {
  const [prettier, babel, estree] = await Promise.all([
    import("prettier/standalone"),
    import("prettier/plugins/babel"),
    import("prettier/plugins/estree"),
  ]);
  return prettier.format(text, {
    parser: "babel-ts",
    plugins: [babel, estree.default],
    printWidth: 100,
  });
}
