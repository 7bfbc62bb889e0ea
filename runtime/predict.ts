/** The outputs of every row, copied, whatever batch the trainer predicts in. */

import { allocateBatch, fillBatch, inOrder } from "./batches.ts";
import { noOutputRows, predictsSteps, shortPrediction } from "./error.ts";
import { DATA, hold, TRAINER } from "./kinds.ts";
import { emptyLike, tabulateOnly } from "./table.ts";
import type { Trainer, Values } from "./trainer.ts";

/** The record of arrays that `predict` takes; labels beside them are let pass. */
export type PredictionData<T extends Trainer> = NonNullable<Parameters<T["predict"]>[0]>;

/** What `T` predicts, by name: arrays [n, …]. */
export type Predictions<T extends Trainer> = { readonly [K in keyof ReturnType<T["predict"]>]: Values };

/**
 * What the trainer predicts for each row of `data`: every output as a copy, [n, …] row-major. Changes nothing
 * but the trainer's views.
 *
 * @param data the batch's own record, each array [n, …], any n ≥ 1
 * @throws DataError when the data do not fit the model, hold NaN or ±Infinity, or an output has no row axis
 */
export function predictAll<T extends Trainer>(trainer: T, data: PredictionData<T>): Predictions<T> {
  hold("predictAll", { trainer, data }, { trainer: TRAINER, data: DATA });
  if (trainer.generation !== undefined) throw predictsSteps();
  const table = tabulateOnly(trainer, data, Object.keys(data));
  const size = trainer.batch.predict;
  const buffer = allocateBatch(table, size);
  const order = inOrder(table.rows);
  const outputs = new Map<string, Values>();
  // without inputs there is one batch of predictions, each as good a row as the next
  const rows = table.columns.length === 0 ? size : table.rows;
  if (trainer.shortPrediction === "refuse" && rows % size !== 0) throw shortPrediction(rows, size);
  for (let start = 0; start < rows; start += size) {
    const count = Math.min(size, rows - start);
    fillBatch(buffer, order, start, count);
    const views: object = trainer.predict(buffer.batch);
    for (const [name, view] of Object.entries(views) as [string, Values][]) {
      const width = view.length / size;
      const isWhole = size > 1 && trainer.wholeOutputs?.includes(name) === true;
      if (isWhole || !Number.isInteger(width)) throw noOutputRows(name, view.length, size);
      let all = outputs.get(name);
      if (all === undefined) {
        all = emptyLike(view, rows * width);
        outputs.set(name, all);
      }
      all.set(view.subarray(0, count * width), start * width);
    }
  }
  // the keys are those of the trainer's own result
  return Object.fromEntries(outputs) as unknown as Predictions<T>;
}
