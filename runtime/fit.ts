/** Training around a generated step: epochs over batches, exact means, validation, early stopping, aborting. */

import { COUNT, FUNCTION, optionsOf, required } from "./arguments.ts";
import { createAugmenter } from "./augment.ts";
import { allocateBatch, fillBatch, inOrder, permute } from "./batches.ts";
import { CHECKPOINT_OPTIONS, type CheckpointOptions } from "./checkpoint-options.ts";
import { together } from "./callbacks.ts";
import * as error from "./error.ts";
import { checkEvaluation, evaluateBatches } from "./evaluate.ts";
import type { EpochEntry, FitOptions, History, StepEvent } from "./history.ts";
import { CALLBACKS, DATA, hold, NUMBER, SEED, SIGNAL, TRAINER } from "./kinds.ts";
import { createLossMeans } from "./loss-means.ts";
import { createPace, type Pace } from "./pause.ts";
import type { Checkpoints } from "./resume.ts";
import type { RowOrder } from "./run-state.ts";
import { tabulate, type Table } from "./table.ts";
import type { Loss, StepOptions, Trainer, TrainingData } from "./trainer.ts";

const OPTIONS = optionsOf<FitOptions>({
  epochs: required(COUNT),
  batchSize: NUMBER,
  shuffle: optionsOf({ seed: required(SEED) }, "{ seed }"),
  validation: DATA,
  trainingMetrics: DATA,
  callbacks: CALLBACKS,
  augment: FUNCTION,
  checkpoint: CHECKPOINT_OPTIONS,
  signal: SIGNAL,
});

/**
 * Trains in place and resolves to what each epoch measured. The event loop gets its turn now and then
 * between steps, and within them where the trainer was compiled with --sliced; a step itself allocates nothing here but the views that copy wide rows.
 *
 * @param data the batch's own record, each array [n, …], any n ≥ 1; checked once, before the first step
 * @throws DataError when the data do not fit the model or hold NaN or ±Infinity, at first or once augmented
 * @throws RangeError when an option is out of range; TypeError when an argument is of another kind
 * @throws DivergenceError when a loss is no longer finite
 * @throws DataError when a checkpoint cannot be gone on from, or not be written
 * @throws the signal's reason when aborted; the trainer then stands between two steps and stays usable, and a
 * checkpoint holds where
 */
export async function fit<T extends Trainer>(trainer: T, data: TrainingData<T>, options: FitOptions<T>): Promise<History<T>> {
  hold("fit", { trainer, data, options }, { trainer: TRAINER, data: DATA, options: OPTIONS });
  const { epochs, shuffle, signal } = options;
  const callbacks = together(options.callbacks);
  const size = rowsAStep(trainer, options);
  const table = tabulate(trainer, data);
  const validation = options.validation === undefined ? undefined : tabulate(trainer, options.validation);
  const training = options.trainingMetrics === undefined ? undefined : tabulate(trainer, options.trainingMetrics);
  for (const one of [validation, training]) if (one !== undefined) checkEvaluation(trainer, one);
  signal?.throwIfAborted();

  const { used, note: unused } = usedRows(trainer, table.rows);
  const steps = Math.ceil(used / size);
  const buffer = allocateBatch(table, trainer.batch.train);
  const order = inOrder(table.rows);
  const means = createLossMeans();
  const sliced = trainer.stepInSlices !== undefined;
  const pace = createPace(callbacks?.onTurn && (() => callbacks.onTurn!()), sliced);
  const seed = shuffle?.seed ?? 0;
  const augment = options.augment && createAugmenter(options.augment, seed, size, trainer.batch.train);
  const checkpoints =
    options.checkpoint &&
    (await checkpointsOf(trainer, options.checkpoint, {
      rows: table.rows,
      batchSize: size,
      seed: shuffle?.seed ?? null,
    }));
  const resumed = checkpoints?.resumed;
  // the entries of the same trainer, epochs and validation data
  const entries = [...(resumed?.history ?? [])] as unknown as EpochEntry<T>[];
  const save = (epoch: number, row: number): Promise<void> | undefined =>
    checkpoints?.save({ epoch, row, losses: means.save(), history: entries }, callbacks?.kept?.());
  const leaveIfAborted = async (epoch: number, row: number): Promise<void> => {
    if (signal?.aborted) await save(epoch, row);
    signal?.throwIfAborted();
  };
  const ended = checkpoints?.resumed && callbacks?.onResume?.(entries, checkpoints.kept) === "stop";
  // one event, reused, so that reporting a step allocates nothing either
  const event = { epoch: 0, epochs, step: 0, steps, rows: 0, loss: 0 as StepEvent<T>["loss"] };

  for (let epoch = resumed?.epoch ?? 1; epoch <= epochs && !ended; epoch++) {
    if (shuffle !== undefined) permute(order, seed, epoch);
    means.reset();
    let start = 0;
    if (resumed !== undefined && epoch === resumed.epoch) {
      start = resumed.row;
      means.resume(resumed.losses);
    }
    for (let step = 1 + Math.ceil(start / size); start < used; step++, start += size) {
      if (pace.due()) await pace.pause();
      if (signal?.aborted) await leaveIfAborted(epoch, start);
      const rows = Math.min(size, used - start);
      fillBatch(buffer, order, start, rows);
      // the buffer has exactly the arrays of the data
      augment?.(buffer.batch as TrainingData<T>, epoch, order, start, rows);
      let loss: Loss;
      try {
        loss = sliced ? await pace.through(trainer.stepInSlices!(buffer.batch, rows, FINITE)) : trainer.step(buffer.batch, rows, FINITE);
      } catch (cause) {
        throw error.ofStep(cause, { epoch, step, steps }, (input, at) => placeOf(table, order, start, input, at));
      }
      if (!means.add(loss, rows)) throw error.diverged({ ...means.fault(loss), epoch, step, steps });
      if (callbacks?.onStep !== undefined) {
        event.epoch = epoch;
        event.step = step;
        event.rows = rows;
        event.loss = loss as StepEvent<T>["loss"];
        callbacks.onStep(event);
      }
      if (checkpoints?.due.step((epoch - 1) * steps + step)) await save(epoch, start + rows);
    }

    const leave = (): Promise<void> => leaveIfAborted(epoch, used);
    const { loss: _, ...metrics } = training === undefined ? {} : await meansOf(trainer, training, pace, leave);
    const measured =
      validation && Object.entries(await meansOf(trainer, validation, pace, leave)).map(([name, mean]) => [`val_${name}`, mean]);
    // the keys are the trainer's own phases and metrics, which is what EpochEntry spells out
    const entry = { epoch, ...means.read(), ...metrics, ...Object.fromEntries(measured ?? []) } as unknown as EpochEntry<T>;
    entries.push(entry);
    const last = (await callbacks?.onEpoch?.(entry, trainer)) === "stop" || epoch === epochs;
    if (checkpoints !== undefined && (last || checkpoints.due.epoch(epoch))) {
      means.reset();
      await save(epoch + 1, 0);
    }
    if (last) break;
  }
  callbacks?.onEnd?.(trainer);
  const notes = [unused, checkpoints?.note].filter((note) => note !== undefined);
  return notes.length === 0 ? { epochs: entries } : { epochs: entries, note: notes.join("; ") };
}

/** Loaded only here: half of what a page would load for `fit` is about checkpoints. */
async function checkpointsOf(trainer: Trainer, options: CheckpointOptions, order: RowOrder): Promise<Checkpoints> {
  const { openCheckpoints } = await import("./resume.ts");
  return openCheckpoints(trainer, options, order);
}

/** What every step is asked for: no NaN passes unseen. */
const FINITE: StepOptions = { finite: true };

/** The row of the data behind an element of the batch that began at `start`, and where in that row it stands; of inputs in rows. */
function placeOf(table: Table, order: Uint32Array, start: number, input: string, at: number): { row: number; column: number } | undefined {
  const width = table.columns.find(({ name }) => name === input)?.width;
  const row = width && order[start + Math.floor(at / width)];
  return row === undefined || width === undefined ? undefined : { row, column: at % width };
}

/** Rows a step, once they are known to be in range. */
function rowsAStep<T extends Trainer>(trainer: T, options: FitOptions<T>): number {
  const compiled = trainer.batch.train;
  const size = options.batchSize ?? compiled;
  if (!Number.isInteger(size) || size < 1 || size > compiled) {
    throw error.badBatchSize(size, compiled);
  }
  if (trainer.shortBatch === "refuse" && size < compiled) {
    throw error.shortBatchSize(size, compiled);
  }
  return size;
}

/** All rows; or, where a short batch is refused, those of the full batches, and a note of the rest. */
function usedRows(trainer: Trainer, rows: number): { used: number; note?: string } {
  const batch = trainer.batch.train;
  const rest = rows % batch;
  if (trainer.shortBatch !== "refuse" || rest === 0) return { used: rows };
  if (rows < batch) throw error.tooFewRows(rows, batch);
  return { used: rows - rest, note: error.leftOut(rest, rows, batch) };
}

/** The means of an epoch's measuring, each by its name. */
async function meansOf(trainer: Trainer, table: Table, pace: Pace, leaveIfAborted: () => Promise<void>): Promise<Record<string, number>> {
  const batches = evaluateBatches(trainer, table);
  for (;;) {
    const next = batches.next();
    if (next.done) {
      const { count: _, ...means } = next.value as Readonly<Record<string, number>>; // Means, by name
      return means;
    }
    if (pace.due()) await pace.pause();
    await leaveIfAborted();
  }
}
