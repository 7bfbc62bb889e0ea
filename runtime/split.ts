/** Guarantees a train/validation split that is fixed by its seed on every engine and loses no row. */

import { permute } from "./batches.ts";
import * as error from "./error.ts";

export interface SplitOptions {
  /** Rows of the data; an array's values a row follow from it. */
  readonly rows: number;
  /** The share that validates, between 0 and 1; the nearest whole number of rows. */
  readonly validation: number;
  /** Any safe integer. */
  readonly seed: number;
}

/** One array of data by rows. */
type Rows = Float32Array | Float64Array | Int32Array | Uint8Array;

/**
 * Deals the rows of `data` into two records of the same arrays. Rows keep their order within each part.
 *
 * @throws RangeError when an option is out of range or leaves a part without rows
 * @throws DataError when an array is not a whole number of values for each row
 */
export function split<Data extends Readonly<Record<keyof Data, Rows>>>(
  data: Data,
  options: SplitOptions,
): { train: Data; validation: Data } {
  const { rows, validation, seed } = options;
  if (!Number.isSafeInteger(seed)) throw error.badSplitSeed(seed);
  const held = Math.round(rows * validation);
  if (!Number.isInteger(rows) || !(held >= 1 && held < rows)) {
    throw error.badSplit(rows, validation);
  }
  const order = new Uint32Array(rows);
  // fit counts epochs from 1: under the same seed this order belongs to no epoch
  permute(order, seed, 0);
  return {
    train: take(data, rows, order.subarray(held).toSorted()),
    validation: take(data, rows, order.subarray(0, held).toSorted()),
  };
}

function take<Data extends Readonly<Record<keyof Data, Rows>>>(
  data: Data,
  rows: number,
  chosen: Uint32Array,
): Data {
  const parts = Object.entries<Rows>(data).map(([name, values]) => {
    const width = values.length / rows;
    if (!Number.isInteger(width)) throw error.brokenSplit(name, values.length, rows);
    // the first values of a copy: same class, and every one is overwritten
    const part = values.slice(0, chosen.length * width);
    chosen.forEach((row, at) =>
      part.set(values.subarray(row * width, (row + 1) * width), at * width),
    );
    return [name, part];
  });
  // the same names with arrays of the same classes: what Data spells out
  return Object.fromEntries(parts) as Data;
}
