/** Turns a record of typed arrays into a table of equally many, finite rows, or says which value is at fault. */

import { tagOf } from "./arguments.ts";
import * as error from "./error.ts";
import type { Trainer, Values } from "./trainer.ts";

/** One input's data, [rows, width] row-major. */
export interface Column {
  readonly name: string;
  readonly values: Values;
  /** Values in a row. */
  readonly width: number;
}

export interface Table {
  readonly rows: number;
  readonly columns: readonly Column[];
  /** Inputs without rows, which every batch holds whole. */
  readonly whole: readonly Omit<Column, "width">[];
}

/** Zeros in an array of the same kind, doubles of a trainer in float64 too. */
export const emptyLike = <V extends Values>(values: V, length: number): V => new (values.constructor as new (length: number) => V)(length);

const isValues = (value: unknown): value is Values => tagOf(value) === "Float32Array" || tagOf(value) === "Int32Array";

/**
 * The table that `data` is to `trainer`. A row's width is read off the trainer's input; the row count follows.
 * A model without inputs has one full training batch of nothing.
 *
 * @throws DataError naming the array, and the row and column where there is one
 */
export const tabulate = (trainer: Trainer, data: object): Table => tabulateOnly(trainer, data, Object.keys(trainer.inputs));

/** The same of some inputs only: prediction reads no labels. */
export function tabulateOnly(trainer: Trainer, data: object, taken: readonly string[]): Table {
  const inputs: ReadonlyMap<string, unknown> = new Map(Object.entries(trainer.inputs));
  const given: ReadonlyMap<string, unknown> = new Map(Object.entries(data));
  const names = [...inputs.keys()];
  for (const name of given.keys()) {
    if (!inputs.has(name)) throw error.unknownArray(name, names);
  }

  const rowsOf: ReadonlyMap<string, unknown> = new Map(Object.entries(trainer.inputRows ?? {}));
  const whole: Omit<Column, "width">[] = [];
  const columns = taken.flatMap((name): Column | [] => {
    const slot = inputs.get(name);
    const values = given.get(name);
    if (values === undefined) throw error.missingArray(name, names);
    if (!isValues(slot) || !isValues(values) || tagOf(slot) !== tagOf(values)) {
      throw error.wrongArrayType(name, tagOf(slot), tagOf(values));
    }
    const axis = rowsOf.get(name);
    if (typeof axis === "number") throw error.rowsAcross(name, axis);
    if (axis === null) {
      if (values.length !== slot.length) throw error.notWhole(name, slot.length, values.length);
      whole.push({ name, values });
      return [];
    }
    const width = slot.length / trainer.batch.train;
    if (!Number.isInteger(width) || width === 0) {
      throw error.noRowAxis(name, slot.length, trainer.batch.train);
    }
    if (values.length % width !== 0) throw error.brokenRow(name, values.length, width);
    return { name, values, width };
  });

  const [first] = columns;
  for (const { name, values } of whole) requireFinite({ name, values, width: values.length });
  if (first === undefined) return { rows: trainer.batch.train, columns, whole };
  const rows = first.values.length / first.width;
  for (const column of columns) {
    const own = column.values.length / column.width;
    if (own !== rows) throw error.unequalRows(first.name, rows, column.name, own);
  }
  if (rows === 0) throw error.noRows(names);
  columns.forEach(requireFinite);
  return { rows, columns, whole };
}

function requireFinite({ name, values, width }: Column): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // v − v is 0 for finite numbers only
    if (value - value !== 0) {
      throw error.notFinite(name, value, Math.floor(i / width), i % width);
    }
  }
}
