/** Guarantees the shape of the emitted files: header, tables, types, the constructor with its entry points, kernels, mathematics. */

import type { Buffer, Entry, Module } from "../../loop/loop.ts";
import type { Facts, Kind } from "../target.ts";
import { CallChecks, printChecks, printOptionChecks } from "./checks.ts";
import { inputsOf, isSeeded, printFeeds, printHypers, printInitial, printResult, printStatements, takenBy } from "./entry.ts";
import { hyperType, hyperValue, recordType, recordValue } from "./record.ts";
import { isDouble, printFeeding, printHeader, printIdentity, printPacking, printTables } from "./frame.ts";
import { printRowFacts } from "./row-facts.ts";
import { sourcesFor } from "./mathematics/index.ts";
import { NORMAL, THREEFRY, UNIFORM } from "./random.ts";
import { printViews, property, quoted, scopeOf, type Kernels, type Scope } from "./scope.ts";

const floatsOf = (module: Module): "Float32Array" | "Float64Array" => (module.buffers.some(isDouble) ? "Float64Array" : "Float32Array");

/** The members of a batch, a type of none being written as such. */
const batchType = (module: Module, entries: readonly Entry[]): string => {
  const type = recordType(takenBy(module, entries));
  return type.startsWith("{") ? type : "{}";
};

const entryNamed = (module: Module, name: string): Entry => module.entries.find((entry) => entry.name === name)!;

/** The constructor's parameter. */
const optionsOf = ({ options }: Kernels): string => {
  const members = options.map(({ member }) => member);
  const needed = members.some((member) => !member.includes("?:"));
  return `options: { ${["readonly seed?: number", ...members].join("; ")} }${needed ? "" : " = {}"}`;
};

/** What a step may be asked for besides. */
const STEP_OPTIONS = "options?: { readonly finite?: boolean }";

/** The function of one training phase. */
function printPhase(
  module: Module,
  entry: Entry,
  facts: Facts,
  scope: Scope,
  needs: Set<string>,
  name: string,
  checks: CallChecks,
): string {
  const loss = printResult(entry, entry.results.find((result) => result.kind === "loss")!.value, scope);
  const checked = checks.of({ name, entries: [entry], rows: facts.batch.train, count: facts.meetings.train ?? "any", finite: true });
  const phase = facts.phases.length === 1 ? "" : `, ${quoted(entry.name)}`;
  return `/** One step on one batch. Returns the loss before the update. */
  function ${name}(batch: TrainBatch, count: number = ${facts.batch.train}, ${STEP_OPTIONS}): number {
    ${[...checked, ...printFeeds(module, entry, facts.batch.train, scope), ...printHypers(module, entry, scope)].join("\n    ")}

    ${printStatements(module, entry, scope, needs).join("\n    ")}

    return finite ? checkLoss(${loss}${phase}) : ${loss};
  }`;
}

function printEvaluate(module: Module, facts: Facts, scope: Scope, needs: Set<string>, checks: CallChecks): { code: string; type: string } {
  const entry = entryNamed(module, "evaluate");
  const type = `{ ${entry.results.map(({ name }) => `readonly ${property(name)}: number`).join("; ")}; readonly count: number }`;
  const values = entry.results.map(({ name, value }) => `${property(name)}: ${printResult(entry, value, scope)} * count`);
  const checked = checks.of({
    name: "evaluate",
    entries: [entry],
    rows: facts.batch.evaluate,
    count: facts.meetings.evaluate ?? "any",
    finite: false,
  });
  const code = `/** Loss and metrics of one batch, each its mean times \`count\`, so that sums over batches divide by the sum of counts. */
  function evaluate(batch: EvaluateBatch, count: number = ${facts.batch.evaluate}): ${type} {
    ${[...checked, ...printFeeds(module, entry, facts.batch.evaluate, scope), ...printHypers(module, entry, scope)].join("\n    ")}

    ${printStatements(module, entry, scope, needs).join("\n    ")}

    return { ${[...values, "count"].join(", ")} };
  }`;
  return { code, type };
}

function printPredict(module: Module, facts: Facts, scope: Scope, needs: Set<string>, checks: CallChecks): { code: string; type: string } {
  const entry = entryNamed(module, "predict");
  const shown = entry.results.map(({ name, value }) => [name, module.buffers.find((b) => b.name === value)!] as const);
  const type = recordType(shown);
  const rows = facts.batch.predict;
  const checked = checks.of({
    name: "predict",
    entries: [entry],
    rows,
    count: "none",
    finite: false,
  });
  const code = `const outputs = ${recordValue(shown.map(([name, buffer]) => [name, scope.view(buffer.name)]))};

  /** The model's outputs for one batch: views, valid until the next call. */
  function predict(batch: PredictBatch): ${type} {
    ${inputsOf(module, entry).length > 0 ? `const count = ${rows};` : ""}
    ${[...checked, ...printFeeds(module, entry, rows, scope), ...printHypers(module, entry, scope)].join("\n    ")}

    ${printStatements(module, entry, scope, needs).join("\n    ")}

    return outputs;
  }`;
  return { code, type };
}

/** Kernels, checks, generator and mathematics that the text above them calls for. */
function printSupport(module: Module, target: Kernels, scope: Scope, needs: Set<string>, text: string): string {
  const floats = floatsOf(module);
  const kernels = target.print(scope, needs);
  const random: string[] = [];
  if (needs.has("fillUniform")) random.push(UNIFORM.replaceAll("FLOATS", floats));
  if (needs.has("fillNormal")) {
    random.push(NORMAL.replaceAll("FLOATS", floats));
    for (const fn of ["log", "sin", "cos"]) needs.add(fn);
  }
  if (random.length > 0 || needs.has("randomBits")) random.push(THREEFRY);
  const functions = [...needs].filter((name) => !name.startsWith("fill") && name !== "randomBits").sort();
  const mathematics = sourcesFor(functions, floats === "Float64Array" ? "f64" : "f32");
  const checks = printChecks(floats, [text, ...kernels].join("\n"));
  return [...kernels, printFeeding(floats, text), checks, ...random, ...mathematics].filter((part) => part !== "").join("\n\n");
}

/** Where the arena table goes, which shows what the text below it reads: no text of a model has this character. */
const VIEWS = "\u0000";

function withViews(body: string, module: Module, scope: Scope): string {
  const [above = "", below = ""] = body.split(VIEWS);
  return `${above}${printViews(module, module.buffers, scope, below)}${below}`;
}

/** A trainer over the given kernels. */
export function printTrainer(module: Module, facts: Facts, kernels: Kernels): string {
  const scope = scopeOf(module, kernels);
  const needs = new Set<string>();
  const of = (role: Buffer["role"]): Buffer[] => module.buffers.filter((buffer) => buffer.role === role);
  const named = (buffers: readonly Buffer[]) => buffers.map((buffer) => [buffer.name, buffer] as const);
  const viewsOf = (buffers: readonly Buffer[]) => recordValue(buffers.map((buffer) => [buffer.name, scope.view(buffer.name)]));
  const single = facts.phases.length === 1;
  const phaseFunction = new Map(facts.phases.map((phase) => [phase, single ? "step" : scope.names.take(phase)]));
  const checks = new CallChecks(module, facts, scope);
  const training = facts.phases.map((phase) => entryNamed(module, phase));
  const phases = training.map((entry) => printPhase(module, entry, facts, scope, needs, phaseFunction.get(entry.name)!, checks));
  const evaluate = printEvaluate(module, facts, scope, needs, checks);
  const predict = printPredict(module, facts, scope, needs, checks);
  const hypers = of("hyper");
  const inputs = takenBy(module, training);
  const lossType = single ? "number" : `{ ${facts.phases.map((phase) => `readonly ${property(phase)}: number`).join("; ")} }`;
  const initial = [...of("parameter"), ...of("state")].flatMap((buffer) => printInitial(buffer, scope, needs) ?? []);
  const seeded = isSeeded([...of("parameter"), ...of("state")]);
  const stepper = single
    ? ""
    : `/** All phases in order, each seeing the weights that the earlier ones wrote. */
  function step(batch: TrainBatch, count: number = ${facts.batch.train}, ${STEP_OPTIONS}): ${lossType} {
    ${checks.of({ name: "step", entries: training, rows: facts.batch.train, count: facts.meetings.train ?? "any", finite: true }).join("\n    ")}
    return { ${facts.phases.map((phase) => `${property(phase)}: ${phaseFunction.get(phase)}(batch, count, options)`).join(", ")} };
  }`;
  const phasesRecord = recordValue(facts.phases.map((phase) => [phase, phaseFunction.get(phase)!]));
  const count = of("state").find(({ name }) => name === "stepCount");
  const body = `${printHeader(module, facts, "The trainer")}

${printIdentity(module, facts)}

${printTables(module)}

/** One training batch: all rows, or exactly the real ones. */
export interface TrainBatch ${batchType(module, training)}
/** One batch to evaluate. */
export interface EvaluateBatch ${batchType(module, [entryNamed(module, "evaluate")])}
/** One batch to predict from. */
export interface PredictBatch ${batchType(module, [entryNamed(module, "predict")])}

export interface Trainer {
  /**
   * One step on one batch, of which the first \`count\` rows are real. Returns the loss before the update. With \`finite\`, an input
   * that holds NaN or infinity is refused before anything changes, and so is a loss that became so.
   */
  step(batch: TrainBatch, count?: number, ${STEP_OPTIONS}): ${lossType};${single ? "" : `\n  /** The phases of a step, each alone. */\nreadonly phases: { ${facts.phases.map((phase) => `${property(phase)}(batch: TrainBatch, count?: number, ${STEP_OPTIONS}): number`).join("; ")} };`}
  /** Means times \`count\`: Σ / Σ count is the mean over batches. */
  evaluate(batch: EvaluateBatch, count?: number): ${evaluate.type};
  /** Views, valid until the next call. */
  predict(batch: PredictBatch): ${predict.type};
  /** Rows of a batch, by entry point. */
  readonly batch: { readonly train: number; readonly evaluate: number; readonly predict: number };${printRowFacts(module, facts).types}
  readonly inputs: ${recordType(inputs)};
  readonly parameters: ${recordType(named(of("parameter")))};
  readonly state: ${recordType(named(of("state")))};
  readonly hyper: ${hyperType(hypers)};
  readonly stepCount: number;
  bytes(): Uint8Array;
  restore(bytes: Uint8Array): void;
}

/** A trainer with its own arena and its initial weights. */
export function createTrainer(${optionsOf(kernels)}): Trainer {
  ${printOptionChecks("createTrainer", kernels, seeded)}
  ${kernels.arena}
  ${VIEWS}

  ${kernels.bound().join("\n  ")}

  ${initial.join("\n  ")}
  const hyper = ${hyperValue(hypers)};
  ${checks.printLists()}

  ${phases.join("\n\n  ")}
  ${stepper}

  ${evaluate.code}

  ${predict.code}
  ${printPacking(module, "trainer")}

  return {
    step,${single ? "" : `\n    phases: ${phasesRecord},`}
    evaluate,
    predict,
    batch: { train: ${facts.batch.train}, evaluate: ${facts.batch.evaluate}, predict: ${facts.batch.predict} },${printRowFacts(module, facts).values}
    inputs: ${recordValue(inputs.map(([given, buffer]) => [given, scope.view(buffer.name)]))},
    parameters: ${viewsOf(of("parameter"))},
    state: ${viewsOf(of("state"))},
    hyper,
    get stepCount() {
      return ${count === undefined ? "0" : `${scope.view(count.name)}[0]!`};
    },
    bytes,
    restore,
  };
}
`;
  const whole = withViews(body, module, scope);
  return `${whole}\n${printSupport(module, kernels, scope, needs, whole)}\n`;
}

/** The gradients of a module whose one entry is `gradients`. */
export function printGradients(module: Module, facts: Facts, kernels: Kernels): string {
  const scope = scopeOf(module, kernels);
  const needs = new Set<string>();
  const entry = module.entries[0]!;
  const loss = entry.results.find((result) => result.kind === "loss")!;
  const outputs = (kind: string) =>
    entry.results.flatMap(({ kind: result, name, value }) => {
      const buffer = module.buffers.find((b) => b.name === value);
      return result === "output" && name.startsWith(`${kind}:`) && buffer !== undefined
        ? [[name.slice(kind.length + 1), buffer] as const]
        : [];
    });
  const checks = new CallChecks(module, facts, scope);
  const rows = facts.batch.train;
  const checked = checks.of({ name: "gradients", entries: [entry], rows, count: facts.meetings.train ?? "any", finite: false });
  const views = (fields: readonly (readonly [string, Buffer])[]) =>
    recordValue(fields.map(([name, buffer]) => [name, scope.view(buffer.name)]));
  const parameters = module.buffers.filter(({ role }) => role === "parameter");
  const result = `{ readonly loss: number; readonly parameters: ${recordType(outputs("parameter"))}; readonly inputs: ${recordType(outputs("input"))} }`;
  const states = module.buffers.filter(({ role }) => role === "state");
  const hypers = module.buffers.filter(({ role }) => role === "hyper");
  const initial = [...parameters, ...states].flatMap((buffer) => printInitial(buffer, scope, needs) ?? []);
  const seeded = isSeeded([...parameters, ...states]);
  const statements = printStatements(module, entry, scope, needs);
  const body = `${printHeader(module, facts, "The gradients")}

${printTables(module)}

/** One batch: all rows, or exactly the real ones. */
export interface Batch ${batchType(module, [entry])}

export interface Gradients {
  /** The loss of a batch, and its gradient by parameter and by float input: views, valid until the next call. */
  gradients(batch: Batch, count?: number): ${result};
  readonly parameters: ${recordType(parameters.map((buffer) => [buffer.name, buffer] as const))};${states.length === 0 ? "" : `\n  /** What the loss reads besides weights, such as the state of random numbers: set it from a trainer's. */\n  readonly state: ${recordType(states.map((buffer) => [buffer.name, buffer] as const))};`}${hypers.length === 0 ? "" : `\n  /** Live scalars. */\nreadonly hyper: ${hyperType(hypers)};`}
  bytes(): Uint8Array;
  /** Takes the weights of a trainer: restore(trainer.bytes()). */
  restore(bytes: Uint8Array): void;
}

/** The gradients, with an arena of their own: a training step may never store one. */
export function createGradients(${optionsOf(kernels)}): Gradients {
  ${printOptionChecks("createGradients", kernels, seeded)}
  ${kernels.arena}
  ${VIEWS}

  ${kernels.bound().join("\n  ")}

  ${initial.join("\n  ")}
  ${checks.printLists()}
  const ofParameters = ${views(outputs("parameter"))};
  const ofInputs = ${views(outputs("input"))};${hypers.length > 0 ? `\nconst hyper = ${hyperValue(hypers)};` : ""}

  function gradients(batch: Batch, count: number = ${rows}): ${result} {
    ${[...checked, ...printFeeds(module, entry, rows, scope), ...printHypers(module, entry, scope)].join("\n    ")}

    ${statements.join("\n    ")}

    return { loss: ${printResult(entry, loss.value, scope)}, parameters: ofParameters, inputs: ofInputs };
  }
  ${printPacking(module, "gradients")}

  return { gradients, parameters: ${recordValue(parameters.map((buffer) => [buffer.name, scope.view(buffer.name)]))}, ${states.length === 0 ? "" : `state: ${recordValue(states.map((buffer) => [buffer.name, scope.view(buffer.name)]))},`} ${hypers.length > 0 ? "hyper, " : ""}bytes, restore };
}
`;
  const whole = withViews(body, module, scope);
  return `${whole}\n${printSupport(module, kernels, scope, needs, whole)}\n`;
}

/** The text of one of the two files over kernels of some kind. */
export const printFile = (module: Module, facts: Facts, kernels: Kernels, kind: Kind): string =>
  kind === "trainer" ? printTrainer(module, facts, kernels) : printGradients(module, facts, kernels);
