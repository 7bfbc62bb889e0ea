/** Guarantees that data are scaled by what was measured on the training rows alone, the same on every engine. */

import { COUNT, isRecord, kind, optionsOf, required } from "./arguments.ts";
import * as error from "./error.ts";
import { FLOATS, hold } from "./kinds.ts";

/** One affine map a column: (value − shift) · factor. */
export interface Scale {
  /** Values of a column that lie side by side: 1 for a table, height·width for the channels of pictures. */
  readonly plane: number;
  readonly shift: Float64Array;
  readonly factor: Float64Array;
}

/** How the values of a row are grouped: into `columns` of `plane` values each, row-major. */
export interface Columns {
  readonly columns: number;
  readonly plane?: number;
}

const COLUMNS = optionsOf<Columns>({ columns: required(COUNT), plane: COUNT }, "its options as { columns, plane }");
const SCALE = kind(
  "what standardScale or rangeScale returns",
  (value) =>
    isRecord(value) && typeof value["plane"] === "number" && ArrayBuffer.isView(value["shift"]) && ArrayBuffer.isView(value["factor"]),
);

/**
 * To mean 0 and standard deviation 1 (of the whole, so divided by n). A column of one value only is centred.
 *
 * @param values [n, columns, plane]
 */
export function standardScale(values: Float32Array, options: Columns): Scale {
  hold("standardScale", { values, options }, { values: FLOATS, options: COLUMNS });
  const { columns, plane = 1 } = options;
  const count = perColumn(values, columns, plane);
  const shift = new Float64Array(columns);
  const squares = new Float64Array(columns);
  each(values, columns, plane, (value, column) => (shift[column]! += value));
  for (let c = 0; c < columns; c++) shift[c]! /= count;
  // a second pass about the mean: the one-pass formula loses all digits where the mean is large
  each(values, columns, plane, (value, column) => (squares[column]! += (value - shift[column]!) ** 2));
  return {
    plane,
    shift,
    factor: squares.map((sum) => (sum === 0 ? 1 : 1 / Math.sqrt(sum / count))),
  };
}

/**
 * The smallest value to 0 and the largest to 1. A column of one value only goes to 0.
 *
 * @param values [n, columns, plane]
 */
export function rangeScale(values: Float32Array, options: Columns): Scale {
  hold("rangeScale", { values, options }, { values: FLOATS, options: COLUMNS });
  const { columns, plane = 1 } = options;
  perColumn(values, columns, plane);
  const shift = new Float64Array(columns).fill(Infinity);
  const highest = new Float64Array(columns).fill(-Infinity);
  each(values, columns, plane, (value, column) => {
    shift[column] = Math.min(shift[column]!, value);
    highest[column] = Math.max(highest[column]!, value);
  });
  const factor = highest.map((high, c) => (high === shift[c]! ? 1 : 1 / (high - shift[c]!)));
  return { plane, shift, factor };
}

/** The values under `scale`, as a new array: that of the training rows for every other set too. */
export function rescale(values: Float32Array, scale: Scale): Float32Array {
  hold("rescale", { values, scale }, { values: FLOATS, scale: SCALE });
  const { plane, shift, factor } = scale;
  perColumn(values, shift.length, plane);
  const scaled = new Float32Array(values.length);
  each(values, shift.length, plane, (value, column, at) => {
    scaled[at] = (value - shift[column]!) * factor[column]!;
  });
  return scaled;
}

function each(values: Float32Array, columns: number, plane: number, visit: (value: number, column: number, at: number) => void): void {
  for (let at = 0; at < values.length;) {
    for (let column = 0; column < columns; column++) {
      for (let k = 0; k < plane; k++, at++) visit(values[at]!, column, at);
    }
  }
}

/** Values of each column. */
function perColumn(values: Float32Array, columns: number, plane: number): number {
  const width = columns * plane;
  if (!Number.isInteger(columns) || !Number.isInteger(plane) || width < 1 || values.length === 0 || values.length % width !== 0)
    throw error.notColumns(values.length, columns, plane);
  return values.length / columns;
}
