/**
 * The measure of tensors: ‖a − n‖∞ / max(‖n‖∞, 1e-3·the largest ‖·‖∞ of the same role). Where that is above its bound, the scale is that of
 * scale.ts: what rounding may have moved in any right program does not count, and where it moves all there is, the tensor is not judged.
 */

import { positionOf } from "./numeric-gradient.ts";
import { beats, isWrong, type CheckRole, type TensorCheck } from "./result.ts";
import { LOOSE, Rounding, type Again } from "./scale.ts";

/** One tensor of a run: what was computed, and what it should be. */
export interface Pair {
  readonly name: string;
  readonly role: CheckRole;
  readonly shape: readonly number[];
  readonly found: ArrayLike<number>;
  readonly expected: ArrayLike<number>;
  /** What storage may have rounded off, absolutely; it does not count. */
  readonly slack?: number;
  /** Elementwise, the magnitudes of the terms of `expected`. */
  readonly sizes?: () => ArrayLike<number>;
}

/** How a run is judged: by which method, how strictly, and how it is computed again. */
export interface Judging {
  readonly method: string;
  readonly bound: number;
  readonly dtype: "f32" | "f64";
  readonly again: Again;
}

/** The largest magnitude that is a number. */
const normOf = (values: ArrayLike<number>): number => {
  let norm = 0;
  for (let n = 0; n < values.length; n++) {
    const size = Math.abs(values[n]!);
    if (size < Infinity && size > norm) norm = size;
  }
  return norm;
};

/** What float32 holds at most, and the least that it holds with all its digits. */
const [LARGEST, LEAST] = [3.4028234663852886e38, 2 ** -126];

/** Judges tensors of a run together, since each role has one scale. */
export function judge(pairs: readonly Pair[], judging: Judging): TensorCheck[] {
  const largest = new Map<CheckRole, number>();
  for (const { role, expected } of pairs) largest.set(role, Math.max(largest.get(role) ?? 0, normOf(expected)));
  const scaleOf = ({ role, expected }: Pair): number => Math.max(normOf(expected), 1e-3 * largest.get(role)!);
  let rows = pairs.map((pair) => rowOf(pair, judging, scaleOf(pair), pair.slack ?? 0));
  if (!rows.some(isWrong)) return rows;
  const rounding = new Rounding(judging.again, judging.dtype);
  while (rows.some(isWrong) && rounding.look())
    rows = rows.map((row, n) => (isWrong(row) ? besideRounding(pairs[n]!, judging, scaleOf(pairs[n]!), rounding) : row));
  return rows;
}

function rowOf({ name, role, shape, found, expected }: Pair, { method, bound }: Judging, scale: number, slack: number): TensorCheck {
  let [worst, at] = [0, 0];
  for (let n = 0; n < expected.length; n++) {
    const [one, other] = [found[n]!, expected[n]!];
    // not a number in both is no difference
    const difference = Object.is(one, other) ? 0 : Math.abs(one - other);
    const error = difference === 0 || difference <= slack + LEAST ? 0 : (difference - slack) / scale;
    if (!beats(error, worst)) continue;
    [worst, at] = [error, n];
  }
  if (found.length !== expected.length) worst = NaN;
  return { name, role, method, coordinates: expected.length, worst, bound, at: `[${positionOf(at, shape).join(",")}]`, kinks: 0 };
}

/** The same beside what rounding may do to it. */
function besideRounding(pair: Pair, judging: Judging, scale: number, rounding: Rounding): TensorCheck {
  const moved = rounding.of(pair.name);
  const own = Math.max(scale, pair.sizes === undefined ? 0 : normOf(pair.sizes()));
  const row = { ...rowOf(pair, judging, own, (pair.slack ?? 0) + moved), rounding: moved / own };
  const finite = Array.from(pair.expected).every((value) => Math.abs(value) <= LARGEST);
  if (pair.found.length !== pair.expected.length || (moved <= LOOSE * own && finite)) return row;
  const unjudged =
    moved < Infinity && finite
      ? `rounding alone may move it by ${(moved / own).toExponential(0)} of its terms`
      : `it leaves the range of float32`;
  const { rounding: _, ...rest } = row;
  return { ...rest, worst: 0, at: "", unjudged };
}
