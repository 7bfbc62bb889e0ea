/** Every message of `fit`, `evaluate` and batching: what was found, what was expected, what to do. */

import { nearest } from "./nearest.ts";
import { printable } from "./printable.ts";

/** Data that cannot be trained on as they are: a file, an array, or one value in it. What files call things is printable in it. */
export class DataError extends Error {
  override readonly name = "DataError";
  constructor(message: string, options?: ErrorOptions) {
    super(printable(message), options);
  }
}

/** A loss left the finite numbers; the weights it came from are no longer worth keeping. */
export class DivergenceError extends Error {
  override readonly name = "DivergenceError";
}

/** `['x', 'y']` → `x, y`. */
const list = (names: readonly string[]): string => names.join(", ");

export const missingArray = (name: string, takes: readonly string[]): DataError =>
  new DataError(`the data hold no array ${name}; the model takes ${list(takes)}`);

export const unknownArray = (name: string, takes: readonly string[]): DataError =>
  new DataError(
    takes.length === 0
      ? `the data hold ${name}, but the model takes no inputs; pass {}`
      : `the data hold ${name}, which the model does not take; it takes ${list(takes)}`,
  );

export const wrongArrayType = (name: string, expected: string, found: string): DataError =>
  new DataError(`${name} must be a ${expected}, as the model declares it, not ${found}; convert it with ${expected}.from(…)`);

export const noRowAxis = (name: string, length: number, batch: number): DataError =>
  new DataError(
    `the input ${name} has ${length} values for a batch of ${batch} rows, so it has no leading batch axis ` +
      `and cannot be cut into batches; call trainer.step yourself`,
  );

export const rowsAcross = (name: string, axis: number): DataError =>
  new DataError(
    `the rows of the input ${name} lie along axis ${axis}, so it cannot be cut into batches; declare it with the ` +
      `batch's axis first and transpose it in the model, or call trainer.step yourself`,
  );

export const notWhole = (name: string, expected: number, found: number): DataError =>
  new DataError(`the input ${name} has no rows and is given whole, so it needs ${expected} values, but holds ${found}`);

export const brokenRow = (name: string, length: number, width: number): DataError =>
  new DataError(`${name} holds ${length} values, which is not a whole number of rows of ${width}; ` + `the last row has ${length % width}`);

export const unequalRows = (a: string, rowsA: number, b: string, rowsB: number): DataError =>
  new DataError(`${a} holds ${rowsA} rows, but ${b} holds ${rowsB}; every array needs one row for each example`);

export const noRows = (names: readonly string[]): DataError =>
  new DataError(`the data hold no rows: ${list(names)} ${names.length === 1 ? "is" : "are"} empty`);

export const notFinite = (name: string, value: number, row: number, column: number): DataError =>
  new DataError(
    `${name} holds ${value} at row ${row}, column ${column} (counted from 0); ` +
      `training needs finite numbers: leave the row out, or fill the value in`,
  );

export const tooFewRows = (rows: number, batch: number): DataError =>
  new DataError(
    `the data hold ${rows} rows, but the model takes only full batches of ${batch}, because its rows ` +
      `interact (as in batch norm); give it more rows, or compile it for a smaller batch`,
  );

export const badBatchSize = (size: number, batch: number): RangeError =>
  new RangeError(
    Number.isInteger(size) && size > batch
      ? `batchSize ${size} is more than the ${batch} rows that the trainer was compiled for; ` +
          `ask for ${batch} or fewer, or compile the model for ${size}`
      : `batchSize must be a whole number from 1 to ${batch}, not ${size}`,
  );

export const shortBatchSize = (size: number, batch: number): RangeError =>
  new RangeError(
    `batchSize ${size} is less than the ${batch} rows that the trainer was compiled for, and its rows ` +
      `interact (as in batch norm), so it takes only full batches; compile the model for ${size}`,
  );

export const shortEvaluation = (rows: number, batch: number): DataError =>
  new DataError(
    `the data hold ${rows} rows, but the model evaluates only full batches of ${batch}, because its rows interact: ` +
      `leave ${rows % batch} of them out, or compile it for an evaluation batch that divides ${rows}`,
  );

export const shortPrediction = (rows: number, batch: number): DataError =>
  new DataError(
    `the data hold ${rows} rows, but the model predicts only full batches of ${batch}, because its rows interact: ` +
      `leave ${rows % batch} of them out, or compile it for a prediction batch that divides ${rows}`,
  );

export interface Divergence {
  readonly phase?: string;
  readonly value: number;
  readonly epoch: number;
  readonly step: number;
  readonly steps: number;
}

/** The first loss precedes every update, so there the learning rate cannot be the cause. */
export const diverged = ({ phase, value, epoch, step, steps }: Divergence): DivergenceError =>
  new DivergenceError(
    `the loss${phase === undefined ? "" : ` of phase ${phase}`} became ${value} ` +
      `at epoch ${epoch}, step ${step} of ${steps}; ` +
      (epoch === 1 && step === 1
        ? `no update had been made yet, so the cause is in the starting weights, the scale of the data, ` +
          `or the loss (a logarithm or a division by 0)`
        : `start again with a smaller learning rate: the weights it left are not usable`),
  );

/**
 * What a step threw, told of the run: a loss that is none by epoch and step, an element of the batch by its place in the data; anything
 * else as it is.
 */
export function ofStep(
  cause: unknown,
  when: Omit<Divergence, "phase" | "value">,
  placeOf: (input: string, at: number) => { readonly row: number; readonly column: number } | undefined,
): unknown {
  if (!(cause instanceof RangeError)) return cause;
  const found: ReadonlyMap<string, unknown> = new Map(Object.entries(cause));
  const [loss, phase, input, at] = ["loss", "phase", "input", "at"].map((name) => found.get(name));
  if (typeof loss === "number") return diverged({ ...when, value: loss, ...(typeof phase === "string" && { phase }) });
  const place = typeof input === "string" && typeof at === "number" ? placeOf(input, at) : undefined;
  if (place === undefined) return cause;
  const { row, column } = place;
  return new DataError(
    `${String(input)} holds ${String(found.get("value"))} at row ${row}, column ${column} (counted from 0), in epoch ${when.epoch}, ` +
      `step ${when.step} of ${when.steps}, though it was finite when training began: mend augment, or whatever changed it since`,
    { cause },
  );
}

export const leftOut = (rows: number, of: number, batch: number): string =>
  `${rows} of ${of} rows were left out of each epoch: the model takes only full batches of ${batch}, ` +
  `because its rows interact (as in batch norm)`;

export const notPictures = (length: number, rows: number, shape: readonly number[]): RangeError =>
  new RangeError(
    `an array of ${length} values does not hold ${rows} pictures of ${shape.join("×")}; ` +
      `give the batch's pictures, and their channels, height and width`,
  );

export const badPadding = (padding: number, height: number, width: number): RangeError =>
  new RangeError(
    `crop takes a whole number of pixels from 0 to ${Math.min(height, width)} for pictures of ` + `${height}×${width}, not ${padding}`,
  );

/** A measure that is there only with validation data is named as such. */
export const unknownMeasure = (monitor: string, measured: readonly string[]): DataError => {
  const near = nearest(monitor, measured);
  const unvalidated = monitor.startsWith("val_") && !measured.some((one) => one.startsWith("val_"));
  return new DataError(
    `early stopping watches ${monitor}, which no epoch measures; epochs measure ${list(measured)}` +
      (unvalidated ? `: give fit validation data` : near === undefined ? "" : `; did you mean ${near}?`),
  );
};

export const bestNotKept = (monitor: string, epoch: number): DataError =>
  new DataError(
    `early stopping would end with the weights after epoch ${epoch}, the best by ${monitor} so far, but the checkpoint ` +
      `does not hold them: it was written without early stopping, or under another; go on as the run began, or ` +
      `give this run a store of its own`,
  );

export const noOutputRows = (name: string, length: number, batch: number): DataError =>
  new DataError(
    `the output ${name} has ${length} values for a batch of ${batch} rows, so it has no leading batch axis ` +
      `and cannot be taken row by row; call trainer.predict yourself`,
  );

export const predictsSteps = (): DataError =>
  new DataError("the model generates, so that predict is one step with what the step before left; give a prompt to generate");

export const pastSteps = (prompt: number, length: number, steps: number): DataError =>
  new DataError(
    `the model sees ${steps} steps, but a prompt of ${prompt} tokens and ${length} more need ${prompt + length - 1} (the last is given, not read); ` +
      `ask for ${Math.max(0, steps - prompt + 1)} or fewer, or declare the model for more steps`,
  );

export const rowlessCarry = (name: string): DataError =>
  new DataError(`what is carried as ${name} has no leading batch axis; compile the model for a prediction batch of 1 to generate with it`);

export const nothingToSplit = (rows: number): DataError =>
  new DataError(
    rows < 2
      ? `the data hold ${rows} row, which cannot be both trained on and validated with; bring more rows`
      : `the model takes no inputs, so there are no rows to set aside for validation`,
  );

export const badTopK = (k: number, classes: number): RangeError =>
  new RangeError(`k must be a whole number from 1 to the ${classes} classes, not ${k}`);

export const unequalScores = (scores: number, labels: number): RangeError =>
  new RangeError(
    `${scores} scores do not give ${labels} labels a whole number of at least 2 scores each; ` +
      `pass the scores as [n, classes] and one label a row`,
  );

export const labelOutOfRange = (label: number, row: number, classes: number): RangeError =>
  new RangeError(`the label ${label} at row ${row} (counted from 0) names none of the ${classes} classes, 0 to ${classes - 1}`);

export const notSquare = (length: number): RangeError =>
  new RangeError(`a confusion matrix is [classes, classes], but ${length} values are not a square; make it with confusionMatrix`);

export const noCurve = (): DataError =>
  new DataError(`the history holds no finite value, so there is no curve to draw; train for at least one epoch`);

export const notTemplates = (length: number, shape: readonly number[]): RangeError =>
  new RangeError(
    `${length} weights are no whole number of images of ${shape.join("×")}; ` +
      `give the weights as [${shape.join("·")}, units] and the image's [channels, height, width]`,
  );

export const notFilters = (length: number, shape: readonly number[]): RangeError =>
  new RangeError(
    `${length} weights are no whole number of filters of ${shape.join("×")}; ` +
      `give the weights as [filters, channels, height, width] and a filter's [channels, height, width]`,
  );

export const unequalLabels = (labels: number, classes: number): RangeError =>
  new RangeError(`${labels} labels do not name ${classes} classes; give one name a class, or leave them out`);

export const notColumns = (length: number, columns: number, plane: number): RangeError =>
  new RangeError(
    `an array of ${length} values is not a whole number of rows of ${columns} columns` +
      `${plane === 1 ? "" : ` of ${plane} values`}, at least one; give the columns that a row holds`,
  );

export const unequalBoxes = (of: string, boxes: number, name: string, values: number): DataError =>
  new DataError(
    `${of}: boxes hold ${boxes} numbers, but there are ${values} ${name}; give four numbers, left, top, right and bottom, for each of the ${name}`,
  );

export const unequalPictures = (found: number, truth: number): DataError =>
  new DataError(
    `meanAveragePrecision: something was found in ${found} pictures, but there is truth of ${truth}; give a record for each picture, without boxes where there are none`,
  );
