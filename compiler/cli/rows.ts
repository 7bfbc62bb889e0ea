/** What holds of rows before they are trained on: labels name a class, and a test set shares no row with training. */

import { sizeOf } from "../graph/type.ts";
import { permute } from "../../runtime/batches.ts";
import { InputError } from "./errors.ts";
import type { InputFacts } from "./inputs.ts";
import type { Arrays } from "./synthetic.ts";

/** Throws an InputError for the first label that names no class, with its row in the data. `nameOf` says whose rows are counted. */
export function checkLabels(shown: string, inputs: readonly InputFacts[], arrays: Arrays, nameOf: (input: string) => string): void {
  for (const { name, classes, row } of inputs) {
    const values = arrays[name];
    if (classes === undefined || values === undefined) continue;
    const at = values.findIndex((value) => !(value >= 0 && value < classes));
    if (at === -1) continue;
    const width = sizeOf(row);
    const place = width === 1 ? "" : `, column ${at % width}`;
    let most = 0;
    for (const value of values) most = Math.max(most, value);
    const remedy = values[at]! < 0 ? "" : `, or declare { classes: ${most + 1} }`;
    throw new InputError(
      `${nameOf(name)} holds the label ${values[at]} at row ${Math.floor(at / width)}${place} (counted from 0), ` +
        `but ${name} of ${shown} takes labels from 0 to ${classes - 1}; mend the row, or leave it out${remedy}`,
    );
  }
}

/** How many rows arrays hold. */
export const rowCount = (inputs: readonly InputFacts[], arrays: Arrays): number =>
  Math.max(0, ...inputs.flatMap(({ name, row }) => (arrays[name] === undefined ? [] : [arrays[name].length / sizeOf(row)])));

/** So many of the rows, evenly spread. */
export function spreadRows(inputs: readonly InputFacts[], arrays: Arrays, count: number): Arrays {
  const rows = rowCount(inputs, arrays);
  return Object.fromEntries(
    inputs.flatMap(({ name, row }) => {
      const [values, width] = [arrays[name], sizeOf(row)];
      if (values === undefined) return [];
      const taken = values.slice(0, count * width);
      for (let n = 0; n < count; n++) {
        const from = Math.floor((n * rows) / count) * width;
        taken.set(values.subarray(from, from + width), n * width);
      }
      return [[name, taken]];
    }),
  );
}

export interface Cut {
  /** Whose rows they are, for messages. */
  readonly name: string;
  /** Share of the rows to test with. */
  readonly share: number;
  readonly seed: number;
}

/** The first share of the shuffled rows to test with, the others to train on; at least one each. */
export function parted(
  inputs: readonly InputFacts[],
  arrays: Arrays,
  { name, share, seed }: Cut,
): { readonly train: Arrays; readonly test: Arrays } {
  const widths = inputs.map((input) => sizeOf(input.row));
  const counts = inputs.map((input, n) => arrays[input.name]!.length / widths[n]!);
  const [rows = 0] = counts;
  const other = counts.findIndex((count) => count !== rows);
  if (other !== -1)
    throw new InputError(
      `${name}: ${inputs[0]!.name} has ${rows} rows, but ${inputs[other]!.name} has ${counts[other]}; every array needs one row for each example`,
    );
  if (rows < 2)
    throw new InputError(
      `${name} holds ${rows} row${rows === 1 ? "" : "s"}, which cannot be both trained on and tested with; bring at least two`,
    );
  const held = Math.min(rows - 1, Math.max(1, Math.round(rows * share)));
  const order = Uint32Array.from({ length: rows });
  permute(order, seed, 0);
  const part = (from: number, to: number): Arrays =>
    Object.fromEntries(
      inputs.map((input, n) => {
        const [values, width] = [arrays[input.name]!, widths[n]!];
        const taken = values.slice(0, (to - from) * width);
        for (let at = from; at < to; at++) taken.set(values.subarray(order[at]! * width, (order[at]! + 1) * width), (at - from) * width);
        return [input.name, taken];
      }),
    );
  return { train: part(held, rows), test: part(0, held) };
}
