/** Reads a CSV file of numbers, with or without a column of class names; every fault has its row and column. */

import { fewOptionsOf, optional, TEXT } from "../arguments.ts";
import { BYTES, hold, NAMES } from "../kinds.ts";
import { csvRows } from "./csv-rows.ts";
import { decodeText } from "./decode.ts";
import * as error from "./error.ts";

/** A table of numbers. */
export interface CsvTable {
  readonly rows: number;
  /** The names of the numeric columns, as the header has them. */
  readonly columns: readonly string[];
  /** [rows, columns] */
  readonly x: Float32Array;
}

/** A table of numbers whose rows have classes. */
export interface LabelledTable extends CsvTable {
  /** The class of each row, as a place in `classes`. */
  readonly y: Int32Array;
  /** Each class name once: by number where all are whole numbers, else by code point. */
  readonly classes: readonly string[];
}

/** Which column of a table holds classes. */
export interface LabelOptions {
  /** The column that holds the class names. */
  readonly label: string;
  /** Those of another file, to be labelled alike; by default the file's own. */
  readonly classes?: readonly string[];
}

const LABELS = fewOptionsOf<LabelOptions>({ label: TEXT, classes: optional(NAMES) });

/** A decimal number; neither NaN, Infinity nor hexadecimal, which `Number` would take too. */
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * The table below a header row: every column holds numbers, but for that of the labels.
 *
 * @throws DataError naming row and column of a cell that is missing or no number, a row of another length, a class
 * that is not among `classes`; or the header that is missing, repeats a name or lacks the label's
 */
export function readCsv(bytes: Uint8Array, name: string): CsvTable;
export function readCsv(bytes: Uint8Array, name: string, options: LabelOptions): LabelledTable;
export function readCsv(bytes: Uint8Array, name: string, options?: LabelOptions): CsvTable | LabelledTable {
  hold("readCsv", { bytes, name, options }, { bytes: BYTES, name: TEXT, options: optional(LABELS) });
  const rows = csvRows(decodeText(bytes, name), name);
  const names = rows.next().value?.cells.map((cell) => cell.trim());
  if (!names) throw error.noHeader(name);
  const twice = names.find((one, c) => names.indexOf(one) !== c);
  if (twice !== undefined) throw error.repeatedColumn(name, twice);
  const labelAt = names.findIndex((one) => one === options?.label);
  if (options && labelAt < 0) throw error.noColumn(name, options.label, names);

  const values: number[] = [];
  const labels: string[] = [];
  let count = 0;
  for (const { line, cells } of rows) {
    const row = error.rowText(name, ++count, line);
    if (cells.length !== names.length) throw error.raggedRow(row, cells.length, names);
    cells.forEach((untrimmed, c) => {
      const cell = untrimmed.trim();
      if (cell === "") throw error.missingCell(row, names[c]!, c);
      if (c === labelAt) labels.push(cell);
      else if (isNumber(cell)) values.push(Number(cell));
      else throw error.notNumber(row, names[c]!, c, cell);
    });
  }
  if (count === 0) throw error.noCsvRows(name);

  const columns = names.filter((_, c) => c !== labelAt);
  const table = { rows: count, columns, x: new Float32Array(values) };
  if (!options) return table;
  const classes = options.classes ?? [...new Set(labels)].sort(classOrder(labels));
  const ids = new Map(classes.map((one, id) => [one, id]));
  const y = Int32Array.from(labels, (label, row) => {
    const id = ids.get(label);
    if (id === undefined) throw error.unknownClass(name, row + 1, options.label, label, classes);
    return id;
  });
  return { ...table, y, classes };
}

/** Whether a cell is a number that is finite as a float32. */
export const isNumber = (cell: string): boolean => NUMBER.test(cell) && isFinite(Math.fround(Number(cell)));

/** By number where all are whole numbers, else by code point. */
export function classOrder(labels: readonly string[]): (a: string, b: string) => number {
  // UTF-16 order differs from that of code points, which have seven digits each
  const points = (label: string): string => Array.from(label, (one) => 1e6 + one.codePointAt(0)!).join();
  const key = labels.every((label) => /^(?:0|-?[1-9]\d*)$/.test(label)) ? Number : points;
  return (a, b) => (key(a) < key(b) ? -1 : 1);
}
