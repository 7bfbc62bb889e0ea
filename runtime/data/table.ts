/** Reads a table with columns of numbers and of categories as the rows that a model takes, and another table in the same way. */

import { isRecord, kind, oneOf, optional, optionsOf, recordOf, TEXT } from "../arguments.ts";

import { BYTES, hold, NAMES } from "../kinds.ts";
import { classOrder, isNumber } from "./csv.ts";
import { csvRows, type CsvRow } from "./csv-rows.ts";
import { decodeText } from "./decode.ts";
import * as error from "./error.ts";
import { fillsOf, fillIn, type MissingRule } from "./missing.ts";

/** How a column of categories becomes numbers: one column a category, of zeros and a one; or the category's place. */
export type CategoricalCode = "one-hot" | "index";

/** What a table's columns are. */
export interface TableOptions {
  /** The columns to predict from, in this order. Default: all but the label's or the target's, as the header has them. */
  readonly features?: readonly string[];
  /** The column of the classes to predict. */
  readonly label?: string;
  /** The column of the numbers to predict. */
  readonly target?: string;
  /** The columns of `features` that hold categories, whatever is written in them; all others hold numbers. */
  readonly categorical?: Readonly<Record<string, CategoricalCode>>;
  /** Between cells: "," (the default), ";", a tab or "|". */
  readonly separator?: "," | ";" | "\t" | "|";
  /**
   * What stands for an empty cell of a feature: nothing (the default: it is refused), or the column's mean, its median, or 0. In a column of
   * categories an empty cell is a category of its own.
   */
  readonly missing?: MissingRule;
  /** Of the table that is trained on, for one that is to be read alike: its columns, categories, classes and fillings. */
  readonly encoding?: TableEncoding;
}

/** How a table was read, and others like it are. It is plain data, and may be kept with the weights as JSON. */
export interface TableEncoding {
  readonly features: readonly string[];
  readonly label?: string;
  readonly target?: string;
  /** By column, in the order of their codes. */
  readonly categories: Readonly<Record<string, { readonly code: CategoricalCode; readonly names: readonly string[] }>>;
  readonly classes?: readonly string[];
  /** What stands for a missing number, by column of x; none where it is refused. */
  readonly fills?: readonly number[];
}

/** A table as rows of numbers. */
export interface EncodedTable {
  readonly rows: number;
  /** Of x: a column's name, or for each of its categories `color=red`. */
  readonly columns: readonly string[];
  /** [rows, columns] */
  readonly x: Float32Array;
  /** Of `label` the place of each row's class in `classes`; of `target` its number. */
  readonly y?: Int32Array | Float32Array;
  readonly classes?: readonly string[];
  /** Cells that were empty and filled. */
  readonly filled: number;
  readonly encoding: TableEncoding;
}

/** What `readTable` may be told. */
export const TABLE_OPTIONS = optionsOf<TableOptions>({
  features: NAMES,
  label: TEXT,
  target: TEXT,
  categorical: recordOf('a record of "one-hot" or "index" by column', oneOf("one-hot", "index")),
  separator: oneOf(",", ";", "\t", "|"),
  missing: oneOf("refuse", "mean", "median", "zero"),
  encoding: kind(
    "the encoding of another table",
    (value) => isRecord(value) && Array.isArray(value["features"]) && isRecord(value["categories"]),
  ),
});

/**
 * The table below a header row, as a model takes it.
 *
 * @throws DataError naming row and column of a cell that is missing or no number, a row of another length, a category or class that the
 * other table lacks; or a column that the header lacks
 */
export function readTable(bytes: Uint8Array, name: string, options: TableOptions = {}): EncodedTable {
  const table = encodeTable(bytes, name, options);
  const fills = options.encoding?.fills ?? fillsOf(table.x, table.columns, name, options.missing ?? "refuse");
  const filled = fillIn(table.x, fills);
  return { ...table, filled, encoding: { ...table.encoding, ...(fills.length > 0 && { fills }) } };
}

/** The same, but missing numbers are NaN: what stands for them may depend on which rows are trained on. */
export function encodeTable(bytes: Uint8Array, name: string, options: TableOptions = {}): Omit<EncodedTable, "filled"> {
  hold("readTable", { bytes, name, options }, { bytes: BYTES, name: TEXT, options: optional(TABLE_OPTIONS) });
  const { encoding, separator, categorical = {} } = options;
  const label = encoding?.label ?? options.label;
  const target = encoding?.target ?? options.target;
  const isFilled = (options.missing ?? "refuse") !== "refuse" || encoding?.fills !== undefined;
  const rows = csvRows(decodeText(bytes, name), name, separator);
  const header = rows.next();
  if (header.done) throw error.noHeader(name);
  const names = header.value.cells.map((cell) => cell.trim());
  const twice = names.find((one, c) => names.indexOf(one) !== c);
  if (twice !== undefined) throw error.repeatedColumn(name, twice);
  const placeOf = (column: string): number => {
    const at = names.indexOf(column);
    if (at === -1) throw error.noColumn(name, column, names);
    return at;
  };
  const toPredict = [label, target].flatMap((column) => (column === undefined ? [] : [placeOf(column)]));
  const features = encoding?.features ?? options.features ?? names.filter((_, c) => !toPredict.includes(c));
  const codes: Readonly<Record<string, CategoricalCode>> =
    encoding === undefined
      ? categorical
      : Object.fromEntries(Object.entries(encoding.categories).map(([column, { code }]) => [column, code]));
  for (const column of Object.keys(codes)) if (!features.includes(column)) throw error.noColumn(name, column, features);
  const places = features.map(placeOf);

  const all: CsvRow[] = [];
  for (const row of rows) {
    if (row.cells.length !== names.length) throw error.raggedRow(error.rowText(name, all.length + 1, row.line), row.cells.length, names);
    all.push(row);
  }
  if (all.length === 0) throw error.noCsvRows(name);
  const cellOf = (row: number, c: number): string => all[row]!.cells[c]!.trim();
  const placeAt = (row: number): string => error.rowText(name, row + 1, all[row]!.line);
  const cellThere = (row: number, c: number): string => {
    const cell = cellOf(row, c);
    if (cell === "") throw error.missingCell(placeAt(row), names[c]!, c);
    return cell;
  };
  const numberAt = (row: number, c: number): number => {
    const cell = cellThere(row, c);
    if (!isNumber(cell)) throw error.notNumber(placeAt(row), names[c]!, c, cell);
    return Number(cell);
  };
  /** The place of a row's name among names. */
  const codeOf = (row: number, c: number, ids: ReadonlyMap<string, number>, of: readonly string[]): number => {
    const cell = isFilled && c !== toPredict[0] ? cellOf(row, c) : cellThere(row, c);
    const id = ids.get(cell);
    if (id === undefined) throw error.unknownClass(name, row + 1, names[c]!, cell, of);
    return id;
  };
  const namesIn = (c: number, mayMiss: boolean): readonly string[] => {
    const found = all.map((_, row) => (mayMiss ? cellOf(row, c) : cellThere(row, c)));
    return [...new Set(found)].sort(classOrder(found));
  };

  const categories: Record<string, { code: CategoricalCode; names: readonly string[] }> = {};
  const columns: string[] = [];
  const writers = features.map((column, n) => {
    const c = places[n]!;
    const code = codes[column];
    if (code === undefined) {
      const at = columns.push(column) - 1;
      return (row: number, x: Float32Array, from: number) => {
        x[from + at] = isFilled && cellOf(row, c) === "" ? NaN : numberAt(row, c);
      };
    }
    const of = encoding?.categories[column]?.names ?? namesIn(c, isFilled);
    categories[column] = { code, names: of };
    const ids = new Map(of.map((one, id) => [one, id]));
    const at = columns.length;
    columns.push(...(code === "index" ? [column] : of.map((one) => `${column}=${one}`)));
    return (row: number, x: Float32Array, from: number) => {
      const id = codeOf(row, c, ids, of);
      if (code === "index") x[from + at] = id;
      else x[from + at + id] = 1;
    };
  });

  const x = new Float32Array(all.length * columns.length);
  for (let row = 0; row < all.length; row++) for (const write of writers) write(row, x, row * columns.length);

  const classes = label === undefined ? undefined : (encoding?.classes ?? namesIn(toPredict[0]!, false));
  const classIds = new Map((classes ?? []).map((one, id) => [one, id]));
  const y =
    classes !== undefined
      ? Int32Array.from(all, (_, row) => codeOf(row, toPredict[0]!, classIds, classes))
      : target !== undefined
        ? Float32Array.from(all, (_, row) => numberAt(row, toPredict[0]!))
        : undefined;
  return {
    rows: all.length,
    columns,
    x,
    ...(y !== undefined && { y }),
    ...(classes !== undefined && { classes }),
    encoding: {
      features,
      ...(label !== undefined && { label }),
      ...(target !== undefined && { target }),
      categories,
      ...(classes !== undefined && { classes }),
    },
  };
}
