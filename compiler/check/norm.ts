/** Guarantees the measure of tensors: ‖a − n‖∞ / max(‖n‖∞, 1e-3·the largest ‖·‖∞ of the same role). */

import { positionOf } from "./numeric-gradient.ts";
import { beats, worse, type CheckRole, type TensorCheck } from "./result.ts";

/** One tensor of a run: what was computed, and what it should be. */
export interface Pair {
  readonly name: string;
  readonly role: CheckRole;
  readonly shape: readonly number[];
  readonly found: ArrayLike<number>;
  readonly expected: ArrayLike<number>;
  /** What storage may have rounded off, absolutely; it does not count. */
  readonly slack?: number;
}

const normOf = (values: ArrayLike<number>): number => {
  let norm = 0;
  for (let n = 0; n < values.length; n++) norm = worse(Math.abs(values[n]!), norm);
  return norm;
};

/** Judges tensors of a run together, since each role has one scale. */
export function judge(pairs: readonly Pair[], method: string, bound: number): TensorCheck[] {
  const largest = new Map<CheckRole, number>();
  for (const { role, expected } of pairs)
    largest.set(role, Math.max(largest.get(role) ?? 0, normOf(expected)));
  return pairs.map(({ name, role, shape, found, expected, slack = 0 }): TensorCheck => {
    const scale = Math.max(normOf(expected), 1e-3 * largest.get(role)!);
    let [worst, at] = [0, 0];
    for (let n = 0; n < expected.length; n++) {
      const difference = Math.abs(found[n]! - expected[n]!);
      const error = difference <= slack ? 0 : (difference - slack) / scale;
      if (!beats(error, worst)) continue;
      [worst, at] = [error, n];
    }
    if (found.length !== expected.length) worst = NaN;
    return { name, role, method, coordinates: expected.length, worst, bound, at: `[${positionOf(at, shape).join(",")}]`, kinks: 0 }; // prettier-ignore
  });
}
