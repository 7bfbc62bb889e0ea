/** Guarantees one notion of closeness for the tests: |a − b| ≤ bound · max(1, largest |b|), NaN and infinities equal to themselves. */

import { expect } from "vitest";

/** The largest difference, relative to the expected tensor's size where that is above 1. */
export function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  const scale = Array.from(expected).reduce((most, n) => (Number.isFinite(n) ? Math.max(most, Math.abs(n)) : most), 1);
  let worst = 0;
  for (let n = 0; n < expected.length; n++) {
    const [a, b] = [actual[n]!, expected[n]!];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const apart = Math.abs(a - b) / scale;
    worst = Number.isNaN(apart) ? Infinity : Math.max(worst, apart);
  }
  return worst;
}

/** Fails with both tensors where they are further apart than the bound. */
export function close(actual: ArrayLike<number>, expected: ArrayLike<number>, bound: number, what = ""): void {
  const apart = distance(actual, expected);
  if (apart <= bound) return;
  expect(Array.from(actual), `${what}: ${apart} apart, more than ${bound}`).toEqual(Array.from(expected));
  expect.fail(`${what}: ${apart} apart, more than ${bound}`);
}
