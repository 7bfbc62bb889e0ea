/** The shape of the emitted files: header with contents, the constructor with its entry points, memory, types, tables, kernels, checks, mathematics. */

import type { Buffer, Entry, Module } from "../../loop/loop.ts";
import { entryNamed, lossType, printEvaluate, printGradientsFunction, printPhase, printPredict, printStep } from "./callable.ts";
import type { Checks } from "./checking.ts";
import { isSeeded, perRowOf, printInitial, takenBy } from "./entry.ts";
import { isDouble, printHeader, printIdentity, printKept, printTables, region } from "./frame.ts";
import type { Facts, Kind } from "../target.ts";
import { printTablesOfConstants } from "./constant-tables.ts";
import { sourcesFor } from "./mathematics/index.ts";
import { NORMAL, UNIFORM } from "./random.ts";
import { hyperType, hyperValue, recordType, recordValue } from "./record.ts";
import { printRowFacts } from "./row-facts.ts";
import { printStepping, slicesSupport, SLICES_TYPE } from "./slices.ts";
import { printViews, property, scopeOf, type Kernels, type Scope } from "./scope.ts";

const floatsOf = (module: Module): "Float32Array" | "Float64Array" => (module.buffers.some(isDouble) ? "Float64Array" : "Float32Array");

/** The members of a batch, a type of none being written as such. */
const membersOf = (members: ReturnType<typeof takenBy>): string => (members.length === 0 ? "{}" : recordType(members));
const batchType = (module: Module, entries: readonly Entry[]): string => membersOf(takenBy(module, entries));

/** A type of these members; of one, in one line. */
const declared = (name: string, members: ReturnType<typeof takenBy>): string =>
  members.length === 1 ? `export type ${name} = ${recordType(members)};` : `export interface ${name} ${membersOf(members)}`;

/** What evaluation takes: what a step takes, where the rows alone are others. */
function evaluateBatch(module: Module, training: readonly Entry[], { batch }: Facts): string {
  const evaluated = takenBy(module, [entryNamed(module, "evaluate")]);
  const row = (buffer: Buffer, rows: number): string =>
    JSON.stringify([perRowOf(buffer, rows) === 0 ? buffer.shape : buffer.shape.slice(1), buffer.dtype, buffer.classes]);
  const trained = new Map(takenBy(module, training).map(([name, buffer]) => [name, row(buffer, batch.train)]));
  const isSame =
    evaluated.length === trained.size && evaluated.every(([name, buffer]) => trained.get(name) === row(buffer, batch.evaluate));
  return isSame
    ? `/** One batch to evaluate: the same of ${batch.evaluate} rows. */\nexport type EvaluateBatch = TrainBatch;`
    : `/** One batch to evaluate. */\nexport interface EvaluateBatch ${batchType(module, [entryNamed(module, "evaluate")])}`;
}

/** The constructor's parameter. */
const optionsOf = ({ options }: Kernels): string => {
  const members = options.map(({ member }) => member);
  const needed = members.some((member) => !member.includes("?:"));
  return `options: { ${["readonly seed?: number", ...members].join("; ")} }${needed ? "" : " = {}"}`;
};

/** Kernels, checks, generator and mathematics that the text above them calls for. */
function printSupport(module: Module, target: Kernels, scope: Scope, checking: Checks, needs: Set<string>, text: string): string[] {
  const floats = floatsOf(module);
  const kernels = target.print(scope, needs);
  const random: string[] = [];
  if (needs.has("fillUniform")) random.push(UNIFORM.replaceAll("FLOATS", floats));
  if (needs.has("fillNormal")) {
    random.push(NORMAL.replaceAll("FLOATS", floats));
    for (const fn of ["log", "sin", "cos"]) needs.add(fn);
  }
  if (random.length > 0 || needs.has("randomBits")) random.push(target.randomBits);
  const functions = [...needs].filter((name) => !name.startsWith("fill") && name !== "randomBits").sort();
  const mathematics = sourcesFor(functions, floats === "Float64Array" ? "f64" : "f32");
  const checks = checking.functions(floats, [text, ...kernels].join("\n"));
  const numbers = checks.includes("Numbers") ? `type Numbers = ${floats} | Int32Array;\n` : "";
  return [
    region("kernels", kernels.join("\n\n")),
    region("checks", checks === "" ? "" : `${numbers}${checks}`),
    region("mathematics", [...mathematics, ...random].join("\n\n")),
    printTablesOfConstants(module, scope),
  ];
}

/** Where the arena table goes, which shows what the rest of the text reads: no text of a model has this character. */
const VIEWS = "\u0000";

function withViews(text: string, module: Module, scope: Scope): string {
  const [above = "", below = ""] = text.split(VIEWS);
  return `${above}${printViews(module, module.buffers, scope, `${above}\n${below}`)}${below}`;
}

/** These parts as a file, under its header. */
function underHeader(
  module: Module,
  facts: Facts,
  kernels: Kernels,
  what: string,
  scope: Scope,
  checks: Checks,
  needs: Set<string>,
  parts: readonly string[],
): string {
  const own = withViews(parts.join("\n\n"), module, scope);
  const text = [own, ...printSupport(module, kernels, scope, checks, needs, own)]
    .filter((part) => part !== "")
    .join("\n\n")
    .replaceAll("// #endregion\n\n// #region", "// #endregion\n// #region");
  return `${printHeader(module, facts, what, text, { idioms: kernels.idioms(text), contents: kernels.contents })}\n\n${text}\n`;
}

/** Of the trainer's type: what readers and writers of weights take. */
const TABLES = `
  /** What is kept, for readers and writers of weights. */
  readonly tables: Readonly<{ MODEL: string; GRAPH: string; PARAMETERS: readonly ParameterRow[]; STATE: readonly StateRow[] }>;`;

/** A trainer over the given kernels. */
export function printTrainer(module: Module, facts: Facts, kernels: Kernels): string {
  const scope = scopeOf(module, kernels);
  const needs = new Set<string>();
  const of = (role: Buffer["role"]): Buffer[] => module.buffers.filter((buffer) => buffer.role === role);
  const named = (buffers: readonly Buffer[]) => buffers.map((buffer) => [buffer.name, buffer] as const);
  const single = facts.phases.length === 1;
  const forWeights = kernels.contents === "told"; // a file to be read names no layers
  const phaseFunction = new Map(facts.phases.map((phase) => [phase, single ? "step" : scope.names.take(phase)]));
  const checks = kernels.checks(module, facts, scope);
  const printing = { module, facts, scope, checks, needs };
  const training = facts.phases.map((phase) => entryNamed(module, phase));
  const phases = training.map((entry) => printPhase(entry, phaseFunction.get(entry.name)!, printing));
  const evaluate = printEvaluate(printing);
  const predict = printPredict(printing);
  const sliced = facts.sliced === true;
  const entries = [
    ...phases,
    ...(single ? [] : [printStep(phaseFunction, printing)]),
    ...(sliced ? [printStepping(lossType(facts), facts.batch.train)] : []),
    evaluate.code,
    predict.code,
  ];
  const hypers = of("hyper");
  const kept = printKept(module, scope);
  const inputs = takenBy(module, training);
  const initial = [...of("parameter"), ...of("state"), ...of("constant")].flatMap((buffer) => printInitial(buffer, scope, needs) ?? []);
  const seeded = isSeeded([...of("parameter"), ...of("state")]);
  const phasesRecord = recordValue(facts.phases.map((phase) => [phase, phaseFunction.get(phase)!]));
  const count = of("state").find(({ name }) => name === "stepCount");
  const constructor = `/** A trainer with its own arena and its initial weights. */
export function createTrainer(${optionsOf(kernels)}): Trainer {
  ${entries.join("\n\n  ")}

  // #region memory
  ${checks.construction("createTrainer", kernels.options, seeded)}
  ${kernels.arena}
  ${VIEWS}

  ${kernels.bound().join("\n  ")}

  ${[...initial, ...(hypers.length === 0 ? [] : [`const hyper = ${hyperValue(hypers)};`]), predict.outputs].join("\n  ")}
  ${checks.lists()}

  ${[checks.packing("trainer"), ...kept.made].join("\n\n  ")}
  // #endregion

  return {
    step,${sliced ? "\n    stepInSlices," : ""}${single ? "" : `\n    phases: ${phasesRecord},`}
    evaluate,
    predict,
    batch: { train: ${facts.batch.train}, evaluate: ${facts.batch.evaluate}, predict: ${facts.batch.predict} },${printRowFacts(module, facts).values}
    inputs: ${recordValue(inputs.map(([given, buffer]) => [given, scope.view(buffer.name)]))},
    parameters: ${kept.parameters},
    state: ${kept.state},
    hyper${hypers.length === 0 ? ": {}" : ""},
    get stepCount() {
      return ${count === undefined ? "0" : `${scope.view(count.name)}[0]!`};
    },
    ${
      sliced
        ? `bytes() {
      checkIdle();
      return bytes();
    },
    restore(packed) {
      restore(packed);
      stepping = false;
    },`
        : `bytes,
    restore,`
    }
    ${forWeights ? "tables: { MODEL, GRAPH, PARAMETERS, STATE }," : ""}
  };
}`;
  const types = `/** One training batch: all rows, or exactly the real ones. */
export interface TrainBatch ${batchType(module, training)}
${evaluateBatch(module, training, facts)}
/** One batch to predict from. */
${declared("PredictBatch", takenBy(module, [entryNamed(module, "predict")]))}
/** With \`finite\`, an input that holds NaN or infinity is refused before anything changes, and so is a loss that became so. */
export type StepOptions = { readonly finite?: boolean };
/** Means times \`count\`: Σ / Σ count is the mean over batches. */
export type Evaluation = ${evaluate.type};
/** Views, valid until the next call. */
export type Prediction = ${predict.type};${sliced ? `\n${SLICES_TYPE}` : ""}

export interface Trainer {
  /** One step on one batch, of which the first \`count\` rows are real. Returns the loss before the update. */
  step(batch: TrainBatch, count?: number, options?: StepOptions): ${lossType(facts)};${
    sliced
      ? `
  /** The same, slice by slice: a step that gives way, whose value at the end is the loss. Until then every other call is refused. */
  stepInSlices(batch: TrainBatch, count?: number, options?: StepOptions): Slices<${lossType(facts)}>;`
      : ""
  }${single ? "" : `\n  /** The phases of a step, each alone. */\nreadonly phases: { ${facts.phases.map((phase) => `${property(phase)}(batch: TrainBatch, count?: number, options?: StepOptions): number`).join("; ")} };`}
  evaluate(batch: EvaluateBatch, count?: number): Evaluation;
  predict(batch: PredictBatch): Prediction;
  /** Rows of a batch, by entry point. */
  readonly batch: { readonly train: number; readonly evaluate: number; readonly predict: number };${printRowFacts(module, facts).types}
  readonly inputs: ${inputs.length === 0 ? recordType(inputs) : "TrainBatch"};
  readonly parameters: ${recordType(named(of("parameter")))};
  readonly state: ${recordType(named(of("state")))};
  readonly hyper: ${hyperType(hypers)};
  readonly stepCount: number;
  bytes(): Uint8Array;
  restore(bytes: Uint8Array): void;${forWeights ? TABLES : ""}
}`;
  const tables = `${printIdentity(module, facts)}\n${printTables(module, facts, forWeights)}`;
  return underHeader(module, facts, kernels, "The trainer", scope, checks, needs, [
    constructor,
    region("types", types),
    region("tables", tables),
    ...(sliced ? [region("slices", slicesSupport(constructor))] : []),
  ]);
}

/** The gradients of a module whose one entry is `gradients`. */
export function printGradients(module: Module, facts: Facts, kernels: Kernels): string {
  const scope = scopeOf(module, kernels);
  const needs = new Set<string>();
  const entry = module.entries[0]!;
  const outputs = (kind: string) =>
    entry.results.flatMap(({ kind: result, name, value }) => {
      const buffer = module.buffers.find((b) => b.name === value);
      return result === "output" && name.startsWith(`${kind}:`) && buffer !== undefined
        ? [[name.slice(kind.length + 1), buffer] as const]
        : [];
    });
  const checks = kernels.checks(module, facts, scope);
  const views = (fields: readonly (readonly [string, Buffer])[]) =>
    recordValue(fields.map(([name, buffer]) => [name, scope.view(buffer.name)]));
  const of = (role: Buffer["role"]) =>
    module.buffers.filter((buffer) => buffer.role === role).map((buffer) => [buffer.name, buffer] as const);
  const [parameters, states, hypers] = [of("parameter"), of("state"), module.buffers.filter(({ role }) => role === "hyper")];
  const kept = [...parameters, ...states].map(([, buffer]) => buffer);
  const constants = of("constant").map(([, buffer]) => buffer);
  const initial = [...kept, ...constants].flatMap((buffer) => printInitial(buffer, scope, needs) ?? []);
  const code = printGradientsFunction(entry, { module, facts, scope, checks, needs });
  const constructor = `/** The gradients, with an arena of their own: a training step may never store one. */
export function createGradients(${optionsOf(kernels)}): Gradients {
  ${code}

  // #region memory
  ${checks.construction("createGradients", kernels.options, isSeeded(kept))}
  ${kernels.arena}
  ${VIEWS}

  ${kernels.bound().join("\n  ")}

  ${initial.join("\n  ")}
  ${checks.lists()}
  const ofParameters = ${views(outputs("parameter"))};
  const ofInputs = ${views(outputs("input"))};${hypers.length > 0 ? `\nconst hyper = ${hyperValue(hypers)};` : ""}

  ${checks.packing("gradients")}
  // #endregion

  return { gradients, parameters: ${views(parameters)}, ${states.length === 0 ? "" : `state: ${views(states)},`} ${hypers.length > 0 ? "hyper, " : ""}bytes, restore };
}`;
  const types = `/** One batch: all rows, or exactly the real ones. */
export interface Batch ${batchType(module, [entry])}
/** The loss of a batch, and its gradient by parameter and by float input: views, valid until the next call. */
export interface Found { readonly loss: number; readonly parameters: ${recordType(outputs("parameter"))}; readonly inputs: ${recordType(outputs("input"))} }

export interface Gradients {
  gradients(batch: Batch, count?: number): Found;
  readonly parameters: ${recordType(parameters)};${states.length === 0 ? "" : `\n  /** What the loss reads besides weights, such as the state of random numbers: set it from a trainer's. */\n  readonly state: ${recordType(states)};`}${hypers.length === 0 ? "" : `\n  /** Live scalars. */\nreadonly hyper: ${hyperType(hypers)};`}
  bytes(): Uint8Array;
  /** Takes the weights of a trainer: restore(trainer.bytes()). */
  restore(bytes: Uint8Array): void;
}`;
  const parts = [constructor, region("types", types), region("tables", printTables(module, facts))];
  return underHeader(module, facts, kernels, "The gradients", scope, checks, needs, parts);
}

/** The text of one of the two files over kernels of some kind. */
export const printFile = (module: Module, facts: Facts, kernels: Kernels, kind: Kind): string =>
  kind === "trainer" ? printTrainer(module, facts, kernels) : printGradients(module, facts, kernels);
