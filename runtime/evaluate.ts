/** The mean of every metric over all rows, each row counted once, however the last batch falls. */

import { allocateBatch, fillBatch, inOrder } from "./batches.ts";
import * as error from "./error.ts";
import { DATA, hold, TRAINER } from "./kinds.ts";
import { tabulate, type Table } from "./table.ts";
import type { EvaluationData, Means, Trainer } from "./trainer.ts";

/**
 * Loss and metrics of `data` as means over its rows, and `count`, the number of rows. Changes no parameter.
 *
 * @param data the batch's own record, each array [n, …], any n ≥ 1
 * @throws DataError when the data do not fit the model or hold NaN or ±Infinity, or leave a short batch where rows interact
 */
export function evaluate<T extends Trainer>(trainer: T, data: EvaluationData<T>): Means<T> {
  hold("evaluate", { trainer, data }, { trainer: TRAINER, data: DATA });
  const batches = evaluateBatches(trainer, tabulate(trainer, data));
  for (;;) {
    const next = batches.next();
    // the keys are those of the trainer's own result
    if (next.done) return next.value as Means<T>;
  }
}

/** Throws a DataError where a last batch would be short and the trainer refuses one. */
export function checkEvaluation(trainer: Trainer, { rows, columns }: Table): void {
  const size = trainer.batch.evaluate;
  if (trainer.shortEvaluation === "refuse" && columns.length > 0 && rows % size !== 0) throw error.shortEvaluation(rows, size);
}

/** The same, pausing after each batch so that a caller may yield to the event loop or abort. */
export function* evaluateBatches(trainer: Trainer, table: Table): Generator<undefined, Readonly<Record<string, number>>> {
  const size = trainer.batch.evaluate;
  checkEvaluation(trainer, table);
  const buffer = allocateBatch(table, size);
  const order = inOrder(table.rows);
  const sums = new Map<string, number>();
  // without inputs nothing distinguishes one batch from the next: one is enough
  const rows = table.columns.length === 0 ? size : table.rows;
  for (let start = 0; start < rows; start += size) {
    const count = Math.min(size, rows - start);
    fillBatch(buffer, order, start, count);
    const result: object = trainer.evaluate(buffer.batch, count);
    for (const [name, value] of Object.entries(result) as [string, number][]) {
      sums.set(name, (sums.get(name) ?? 0) + value);
    }
    yield;
  }
  const count = sums.get("count") ?? 0;
  return Object.fromEntries([...sums].map(([name, sum]) => [name, name === "count" ? count : sum / count]));
}
