/** Numbers that are missing from a table, NaN until then, are filled by a named rule, measured on the rows that are trained on. */

import * as error from "./error.ts";

/** What stands for a missing number: nothing, or the mean, the median or 0 of its column. */
export type MissingRule = "refuse" | "mean" | "median" | "zero";

/**
 * What stands for a missing number of each column; nothing where it is refused.
 *
 * @param x [n, columns]
 * @throws DataError naming a column without any number
 */
export function fillsOf(x: Float32Array, columns: readonly string[], name: string, rule: MissingRule): readonly number[] {
  if (rule === "refuse") return [];
  if (rule === "zero") return columns.map(() => 0);
  return columns.map((column, c) => {
    const there = x.filter((value, at) => at % columns.length === c && !Number.isNaN(value));
    if (there.length === 0) throw error.emptyColumn(name, column);
    if (rule === "mean") return Math.fround(there.reduce((sum, value) => sum + value, 0) / there.length);
    const [sorted, half] = [there.sort(), there.length >> 1];
    return there.length % 2 === 1 ? sorted[half]! : Math.fround((sorted[half - 1]! + sorted[half]!) / 2);
  });
}

/** Puts them in the place of NaN; gives how many. */
export function fillIn(x: Float32Array, fills: readonly number[]): number {
  if (fills.length === 0) return 0;
  let filled = 0;
  x.forEach((value, at) => {
    if (!Number.isNaN(value)) return;
    x[at] = fills[at % fills.length]!;
    filled++;
  });
  return filled;
}
