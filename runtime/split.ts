/** Cuts data into rows to train on and rows to validate with: every row in one of the two, fixed by the seed. */

import { numbers, optionsOf, required } from "./arguments.ts";
import { allocateBatch, fillBatch, permute } from "./batches.ts";
import * as error from "./error.ts";
import { DATA, hold, SEED, TRAINER } from "./kinds.ts";
import { tabulate } from "./table.ts";
import type { Trainer, TrainingData } from "./trainer.ts";

/** How `split` takes rows aside. */
export interface SplitOptions {
  /** Share of the rows that validate, above 0 and below 1; rounded to whole rows, at least one on either side. */
  readonly validation: number;
  readonly seed: number;
}

const OPTIONS = optionsOf<SplitOptions>({
  validation: required(numbers("a share of the rows above 0 and below 1, such as 0.1", (share) => share > 0 && share < 1)),
  seed: required(SEED),
});

/**
 * Two copies of parts of `data`, shuffled by the seed alone.
 *
 * @param data the batch's own record, each array [n, …], n ≥ 2
 * @throws DataError when the data do not fit the model; RangeError when an option is out of range
 */
export function split<T extends Trainer>(
  trainer: T,
  data: TrainingData<T>,
  options: SplitOptions,
): { readonly train: TrainingData<T>; readonly validation: TrainingData<T> } {
  hold("split", { trainer, data, options }, { trainer: TRAINER, data: DATA, options: OPTIONS });
  const { validation, seed } = options;
  const table = tabulate(trainer, data);
  const { rows } = table;
  if (table.columns.length === 0 || rows < 2) throw error.nothingToSplit(rows);
  const held = Math.min(rows - 1, Math.max(1, Math.round(rows * validation)));
  const order = new Uint32Array(rows);
  // epochs count from 1, so no epoch is visited in this order
  permute(order, seed, 0);
  const part = (start: number, count: number): TrainingData<T> => {
    const buffer = allocateBatch(table, count);
    fillBatch(buffer, order, start, count);
    // the arrays of `data`, under their names, with fewer rows
    return buffer.batch as TrainingData<T>;
  };
  return { train: part(held, rows - held), validation: part(0, held) };
}
