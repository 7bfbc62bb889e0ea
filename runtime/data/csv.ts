/** Reads a CSV file of numbers, with or without a column of class names; every fault has its row and column. */

import { fewOptionsOf, optional, required, TEXT } from "../arguments.ts";
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

const LABELS = fewOptionsOf<LabelOptions>({ label: required(TEXT), classes: NAMES });

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
  const header = rows.next();
  if (header.done) throw error.noHeader(name);
  const names = header.value.cells.map((cell) => cell.trim());
  const labelAt = labelColumn(name, names, options);

  const values: number[] = [];
  let count = 0;
  const labels: string[] = [];
  for (const row of rows) {
    const place = { name, row: ++count, line: row.line };
    if (row.cells.length !== names.length) throw error.raggedRow(place, row.cells.length, names);
    for (let c = 0; c < names.length; c++) {
      const cell = row.cells[c]!.trim();
      if (cell === "") throw error.missingCell(place, names[c]!, c);
      if (c === labelAt) labels.push(cell);
      else values.push(numberIn(cell, () => error.notNumber(place, names[c]!, c, cell)));
    }
  }
  if (count === 0) throw error.noCsvRows(name);

  const columns = names.filter((_, c) => c !== labelAt);
  const table = { rows: count, columns, x: Float32Array.from(values) };
  if (options === undefined) return table;
  const classes = options.classes ?? [...new Set(labels)].sort(classOrder(labels));
  const idOf = new Map(classes.map((one, id) => [one, id]));
  const y = Int32Array.from(labels, (label, row) => {
    const id = idOf.get(label);
    if (id === undefined) throw error.unknownClass(name, row + 1, options.label, label, classes);
    return id;
  });
  return { ...table, y, classes };
}

/** The place of the label's column; −1 without one. */
function labelColumn(name: string, names: readonly string[], options?: LabelOptions): number {
  const twice = names.find((one, c) => names.indexOf(one) !== c);
  if (twice !== undefined) throw error.repeatedColumn(name, twice);
  if (options === undefined) return -1;
  const at = names.indexOf(options.label);
  if (at === -1) throw error.noColumn(name, options.label, names);
  return at;
}

/** A cell as a finite float32. */
export function numberIn(cell: string, fault: () => Error): number {
  const value = Math.fround(NUMBER.test(cell) ? Number(cell) : NaN);
  // beyond f32 it is ±Infinity
  if (!Number.isFinite(value)) throw fault();
  return value;
}

/** By number where all are whole numbers, else by code point. */
export function classOrder(labels: readonly string[]): (a: string, b: string) => number {
  if (labels.every((label) => /^(?:0|-?[1-9]\d*)$/.test(label))) return (a, b) => Number(a) - Number(b);
  // UTF-16 order differs from that of code points
  const points = (label: string): string => Array.from(label, (one) => one.codePointAt(0)!.toString(16).padStart(6, "0")).join("");
  return (a, b) => (points(a) < points(b) ? -1 : 1);
}
