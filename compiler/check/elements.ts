/**
 * The measure of sampled elements of a buffer:  error = |a − n| / max(|n|, 1e-3·the largest sampled |n| of the buffer, what its terms were); of kernels
 * that compute in float32, an eighth of the largest. The magnitudes of the terms (scale.ts, sized.ts) are at hand only where a first look failed.
 */

import type { Precision } from "../loop/interpret/index.ts";
import { sizeOf } from "../graph/type.ts";
import { walkScalar } from "../loop/build.ts";
import type { Definition, Scalar } from "../loop/loop.ts";
import { MATHEMATICS } from "../loop/machine.ts";
import { beats, KERNEL_BOUND, ROUNDED, singleBound, type TensorCheck } from "./result.ts";

/** What a function of a rounded argument may add to its rounding, in terms: log near 1, cos near its zeros. */
const FUNCTION_TERMS = 32;

/** How many terms are summed, one sum after another, at most; of sums that are written out, the magnitudes of their weights. */
export const termsOf = (definitions: readonly Definition[]): number =>
  definitions.reduce((total, { value }) => {
    let [terms, functions] = [0, 0];
    walkScalar(value, (part) => {
      if (part.kind === "reduce" && part.by === "add") terms += sizeOf(part.over.map(({ extent }) => extent));
      if (part.kind === "apply" && MATHEMATICS.has(part.fn)) functions += FUNCTION_TERMS;
    });
    return total + functions + (terms > 0 ? terms : weightOf(value));
  }, 0);

/** How large a sum of numbers below 1 may become. */
function weightOf(s: Scalar): number {
  if (s.kind === "round") return weightOf(s.value);
  if (s.kind === "select") return Math.max(weightOf(s.then), weightOf(s.otherwise));
  if (s.kind !== "apply") return 1;
  const [a, b] = s.args as [Scalar, Scalar];
  if (s.fn === "neg") return weightOf(a);
  if (s.fn === "add" || s.fn === "sub") return weightOf(a) + weightOf(b);
  return s.fn === "mul" && a.kind === "literal" ? Math.abs(a.value) * weightOf(b) : 1;
}

export interface Tolerance {
  /** Share of the largest element that counts as the scale of all. */
  readonly floor: number;
  readonly bound: number;
  /** What rounding may move an element by, relative to the magnitudes of its terms. */
  readonly rounding: number;
}

export const toleranceOf = (precision: Precision, terms: number): Tolerance =>
  precision === "double"
    ? { floor: 1e-3, bound: KERNEL_BOUND, rounding: ROUNDED.double }
    : { floor: 1 / 8, bound: singleBound(terms), rounding: ROUNDED.single };

/** An element: where it lies, what was stored or returned, what its definition gives, and the magnitudes of its terms; 0 where nobody asked. */
export interface Element {
  readonly at: number;
  readonly found: number;
  readonly expected: number;
  readonly size: number;
}

/** What float32 holds at most, and the least that it holds with all its digits. */
const [LARGEST, LEAST] = [3.4028234663852886e38, 2 ** -126];

/** `label` says where an element lies: asked of the worst alone. */
export function judgeElements(
  name: string,
  elements: readonly Element[],
  { floor, bound, rounding }: Tolerance,
  label: (at: number) => string,
): TensorCheck {
  const largest = elements.reduce((most, { expected }) => (Math.abs(expected) < Infinity ? Math.max(most, Math.abs(expected)) : most), 0);
  let worst = 0;
  let at: number | undefined;
  let [undecided, overflows] = [0, 0];
  for (const { at: place, found, expected, size } of elements) {
    const own = Math.max(Math.abs(expected), floor * largest, (size * rounding) / bound);
    const difference = Object.is(found, expected) ? 0 : Math.abs(found - expected);
    const error = difference <= LEAST ? 0 : difference / own;
    if (difference > LEAST && error <= bound && !(size < Infinity)) undecided++;
    if (!beats(error, worst)) continue;
    // what float32 cannot hold comes out infinite, and as no number from there
    if (!(Math.abs(found) < Infinity) && !(size < LARGEST && Math.abs(expected) < LARGEST)) {
      overflows++;
      continue;
    }
    [worst, at] = [error, place];
  }
  const said = at === undefined ? "" : label(at);
  const row = { name, role: "kernel", method: "sampled elements", coordinates: elements.length, worst, bound, at: said, kinks: 0 } as const;
  if (overflows > 0 && overflows === elements.length) return { ...row, unjudged: "it leaves the range of float32" };
  return undecided > 0 && undecided === elements.length ? { ...row, unjudged: "it is decided by rounding alone" } : row;
}
