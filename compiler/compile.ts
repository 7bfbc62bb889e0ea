/** The whole compilation of a model: its files, checked, or an error that says why there are none. */

import { COUNT, FLAG, FUNCTION, isRecord, kind, listOf, oneOf, optional, optionsOf, required, TEXT } from "./graph/arguments.ts";
import { ModelError, type Diagnostic } from "./graph/error.ts";
import { suggestion } from "./graph/nearest.ts";
import { printGraph } from "./graph/print.ts";
import { certificateOf, withCertificate } from "./check/certificate.ts";
import { adviceOn } from "./check/advice.ts";
import { firstLosses } from "./check/first-loss.ts";
import { checkModel, explainFailure, type CheckResult } from "./check/check.ts";
import { printModule } from "./loop/text/index.ts";
import { lower, type Lowered } from "./driver/lower.ts";
import { emit } from "./driver/emit.ts";
import type { CompileOptions as LowerOptions, Source } from "./driver/options.ts";
import { measurePasses } from "./explain/passes.ts";
import { check as checkArguments } from "./model/arguments.ts";
import { MODEL } from "./model/declared.ts";
import { fromFeatures } from "./model/features.ts";
import type { Model } from "./model/declaration.ts";
import type { Timing } from "./driver/observe.ts";
import { OPTIONAL } from "./passes/selection.ts";
import { javascriptOf } from "./targets/javascript.ts";
import { importText, stripTypes } from "./targets/strip.ts";
import type { Emitted } from "./targets/emitted.ts";
import { fileOf, TARGETS } from "./targets/index.ts";
import { printReport } from "./targets/report.ts";

/** Extents, and rows by entry, are for the instances that the check declares. */
export interface CompileOptions extends Omit<LowerOptions, "extents" | "batch"> {
  /** Rows of every entry, in place of the model's own. */
  readonly batch?: number;
  /** How thoroughly gradients, steps and kernels are checked; `none` writes no certificate. Default: quick. */
  readonly effort?: "none" | "quick" | "more" | "exhaustive";
  /** Hears what is being done. */
  readonly progress?: (text: string) => void;
}

/** The files of a compiled model, as texts. */
export interface Compiled {
  readonly model: string;
  /**
   * By file name: trainer.ts, gradients.ts and model.plan if asked for, model.graph, report.md, certificate.json; of other targets with a suffix,
   * trainer.wasm.ts, and those of them that the target has; trainer.js and trainer.d.ts if asked for.
   */
  readonly files: ReadonlyMap<string, string>;
  /** trainer.wasm, where its bytes lie beside trainer.wasm.ts. */
  readonly binaries: ReadonlyMap<string, Uint8Array>;
  readonly lowered: Lowered;
  /** The model's file, where it was given. */
  readonly source: Source | undefined;
  /** Undefined where effort is none. */
  readonly check: CheckResult | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly timings: readonly Timing[];
}

/** A check that does not hold: no trainer is written. Exit code 1. */
export class CheckError extends Error {
  override readonly name = "CheckError";
  readonly result: CheckResult;
  constructor(result: CheckResult) {
    super(explainFailure(result));
    this.result = result;
  }
}

const isMap = (value: unknown): value is ReadonlyMap<unknown, unknown> => Object.prototype.toString.call(value) === "[object Map]";
const PLACED = optionsOf<Source>({ path: required(TEXT), text: required(TEXT) }, "{ path, text }");
const OPTIONS = optionsOf<CompileOptions>({
  source: PLACED,
  dtype: oneOf("f32", "f64"),
  target: oneOf(...TARGETS.map(({ name }) => name)),
  entries: listOf("a list of entry points", oneOf("gradients")),
  keep: FUNCTION,
  batch: COUNT,
  small: FLAG,
  passes: listOf("a list of passes", oneOf(...OPTIONAL)),
  memory: TEXT,
  chosen: kind("a map of what was chosen, by entry", isMap),
  schedules: PLACED,
  threads: COUNT,
  sliced: FLAG,
  relaxed: FLAG,
  winograd: FLAG,
  features: TEXT,
  js: FLAG,
  plan: FLAG,
  effort: oneOf("none", "quick", "more", "exhaustive"),
  progress: FUNCTION,
});

/**
 * Compiles a model. Touches no disk and is deterministic.
 * Throws a ModelError for what the user can mend, a CheckError where the numeric check fails, a CompilerFault for faults of its own.
 */
export async function compile(declared: Model, options: CompileOptions = {}): Promise<Compiled> {
  checkArguments("compile", { model: declared, options }, { model: MODEL, options: OPTIONS });
  const model = options.features === undefined ? declared : fromFeatures(declared, options.features);
  const { effort = "quick", progress } = options;
  progress?.("compiling");
  const lowered = await lower(model, options);
  requireParameters(lowered, options.source?.path ?? model.name);
  const trainer = await emit(lowered, "trainer");
  const wantsGradients = options.entries?.includes("gradients") ?? false;
  const gradients = wantsGradients ? await emit(await lower(model, options, "gradients"), "gradients") : undefined;
  const { timings } = lowered.observation;
  const { beside, understands } = lowered.target;
  const name = (file: string): string => fileOf(file, lowered.target);
  const files = new Map<string, string>([[name("trainer.ts"), trainer.text]]);
  if (gradients !== undefined) files.set(name("gradients.ts"), gradients.text);
  if (beside.has("model.graph"))
    files.set("model.graph", lowered.entries.map((entry) => printGraph({ ...entry.graph, name: entry.name })).join("\n"));
  if (options.plan === true && understands.has("plan")) files.set(name("model.plan"), printModule(lowered.module));
  const binaries = new Map([...trainer.binaries, ...(gradients?.binaries ?? [])]);
  let check: CheckResult | undefined;
  if (effort !== "none") {
    requireRuns(lowered, trainer);
    const began = performance.now();
    check = await checkModel(model, {
      effort,
      lowered,
      trainer,
      ...(options.target === undefined ? {} : { target: options.target }),
      ...(options.source === undefined ? {} : { source: options.source }),
      ...(options.passes === undefined ? {} : { passes: options.passes }),
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      ...(options.sliced === undefined ? {} : { sliced: options.sliced }),
      ...(options.relaxed === undefined ? {} : { relaxed: options.relaxed }),
      ...(options.winograd === undefined ? {} : { winograd: options.winograd }),
      ...(progress === undefined ? {} : { progress }),
    });
    timings.push({ stage: "check", milliseconds: performance.now() - began });
    if (!check.holds) throw new CheckError(check);
    const texts = { trainer: trainer.text, ...(gradients === undefined ? {} : { gradients: gradients.text }) };
    const { line, json } = await certificateOf(check, texts);
    files.set(name("trainer.ts"), withCertificate(trainer.text, line));
    files.set(name("certificate.json"), json);
  }
  if (options.js === true)
    for (const [file, text] of [...files].filter(([file]) => file.endsWith(".ts")))
      for (const [made, script] of await javascriptOf(file, text)) files.set(made, script);
  if (beside.has("report.md")) {
    const began = performance.now();
    const first = check?.first ?? (await firstLosses(lowered, trainer));
    files.set(name("report.md"), printReport({ ...lowered, passes: measurePasses(lowered) }, trainer.text, first));
    timings.push({ stage: "first loss", milliseconds: performance.now() - began });
  }
  return {
    model: model.name,
    files,
    binaries,
    lowered,
    source: options.source,
    check,
    diagnostics: adviceOn(model, lowered, options),
    timings,
  };
}

/** A trainer has something to train. */
function requireParameters({ module }: Lowered, site: string): void {
  const parameters = module.buffers.filter(({ role }) => role === "parameter");
  if (parameters.some(({ trainable }) => trainable !== false)) return;
  const law =
    parameters.length === 0
      ? "a model needs something to train, but this one declares no parameter"
      : `a model needs something to train, but all its parameters are frozen: ${parameters.map(({ name }) => name).join(", ")}`;
  throw new ModelError({
    code: "model/parameters",
    site,
    law,
    operands: [],
    remedy: "Declare one with param(name, shape, initial), or use a layer that does, such as dense.",
  });
}

/** A trainer that this engine cannot run cannot be checked here: only relaxed SIMD is newer than the engines that it is for. */
function requireRuns({ model }: Lowered, trainer: Emitted): void {
  if (trainer.runs) return;
  throw new ModelError({
    code: "target-relaxed",
    site: model.name,
    law: "this engine has no relaxed SIMD, so that the trainer's check cannot run",
    operands: [],
    remedy: "Compile with Node 22 or newer, or with node --experimental-wasm-relaxed-simd, or without --relaxed.",
  });
}

const COMPILED = kind(
  "what compile resolves to",
  (value) => isRecord(value) && isMap(value["files"]),
  "Await it: await load(await compile(model)).",
);

/** An emitted file, loaded in process: its exports (createTrainer, ARENA_BYTES, …). Default: the trainer. */
export async function load<Exports = TrainerModule>(compiled: Pick<Compiled, "files">, file?: string): Promise<Exports> {
  checkArguments("load", { compiled, file }, { compiled: COMPILED, file: optional(TEXT) });
  const names = [...compiled.files.keys()];
  const asked = file ?? names.find((name) => /^trainer\..*ts$/.test(name)) ?? "trainer.ts";
  const text = compiled.files.get(asked);
  if (text === undefined)
    throw new ModelError({
      code: "load/file",
      site: "load",
      law: `the compilation has no file ${JSON.stringify(asked)}${suggestion(asked, names)}`,
      operands: [],
      remedy: `It has ${names.join(", ")}.`,
    });
  return importText<Exports>(await stripTypes(text));
}

/** What any emitted trainer.ts exports, as far as programs that do not know the model can say. */
export interface TrainerModule {
  readonly MODEL: string;
  readonly GRAPH: string;
  readonly ARENA_BYTES: number;
  readonly PARAMETERS: readonly TableRow[];
  readonly STATE: readonly TableRow[];
  createTrainer(options?: { readonly seed?: number }): LoadedTrainer;
}

export interface TableRow {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "f32" | "f64" | "i32";
  readonly offset: number;
  /** The kind of layer that declared it, "model" where the model did itself; the optimizer's state and the compiler's have none. */
  readonly layer?: string | undefined;
  readonly trainable?: boolean;
}

type Batch = Readonly<Record<string, Float32Array | Float64Array | Int32Array>>;
type Views = Readonly<Record<string, Float32Array | Float64Array | Int32Array>>;

/** A trainer as `load` gives it, whose arrays are known by name only; that of an emitted file has the model's own types. */
export interface LoadedTrainer {
  step(batch: Batch, count?: number, options?: { readonly finite?: boolean }): number;
  evaluate(batch: Batch, count?: number): Readonly<Record<string, number>> & { readonly loss: number; readonly count: number };
  predict(batch: Batch): Views;
  readonly batch: { readonly train: number; readonly evaluate: number; readonly predict: number };
  readonly inputs: Views;
  readonly parameters: Views;
  readonly state: Views;
  readonly hyper: Record<string, number>;
  readonly stepCount: number;
  bytes(): Uint8Array;
  restore(bytes: Uint8Array): void;
  /** What is kept, for readers and writers of weights. */
  readonly tables: Pick<TrainerModule, "MODEL" | "GRAPH" | "PARAMETERS" | "STATE">;
}
