/**
 * Which updates touch only the places that a sum adds to: where nothing is added they leave what they update as it is.
 *   d_W[i,j] = Σ n in memory: [p[n] = i] ? d[n,j] : 0;  W[i,j] = W[i,j] − rate·d_W[i,j]   →   the rows p[n] of W alone
 * The sum of a place is whole before its update, so that the bits are those of an update of every place; only a rate that is no finite
 * number would show, which turns W − rate·0 into no number.
 */

import { loadsOf, mapScalar } from "../../loop/build.ts";
import type { Scalar } from "../../loop/loop.ts";
import { placedSum } from "../../loop/pick.ts";
import type { Term } from "./define.ts";
import { isOwnPoint } from "./own-point.ts";

/** By the name of such a sum that nothing else reads: its update. */
export function updatesOfPlaces(terms: readonly Term[]): ReadonlyMap<string, Term> {
  const found = new Map<string, Term>();
  for (const { definition } of terms) {
    if (definition.target !== undefined || placedSum(definition) === undefined) continue;
    const [reader, other] = terms.filter((term) => loadsOf(term.definition.value).some(({ buffer }) => buffer === definition.name));
    if (reader !== undefined && other === undefined && leavesZeros(reader, definition.name)) found.set(definition.name, reader);
  }
  return found;
}

/** Whether a term gives its target back wherever a sum is 0. */
function leavesZeros({ definition: { value, target, axes } }: Term, sum: string): boolean {
  const reads = loadsOf(value).filter(({ buffer }) => buffer === sum);
  if (target === undefined || !reads.every(({ at }) => isOwnPoint(at, axes))) return false;
  const left = mapScalar(value, (part): Scalar => (part.kind === "load" && part.buffer === sum ? zero(part) : simplified(part)));
  return left.kind === "load" && left.buffer === target && isOwnPoint(left.at, axes);
}

const zero = ({ dtype }: Scalar): Scalar => ({ kind: "literal", dtype, value: 0 });
const isZero = (s: Scalar | undefined): boolean => s?.kind === "literal" && s.value === 0;

/** x·0 = 0, −0 = 0, x ± 0 = x; a float32 is its own rounding. */
function simplified(s: Scalar): Scalar {
  if (s.kind === "round") return s.value.kind === "load" || isZero(s.value) ? s.value : s;
  if (s.kind !== "apply") return s;
  const [a, b] = s.args;
  if (s.fn === "mul" && (isZero(a) || isZero(b))) return zero(s);
  if (s.fn === "neg" && isZero(a)) return zero(s);
  if ((s.fn === "add" || s.fn === "sub") && isZero(b)) return a!;
  return s.fn === "add" && isZero(a) ? b! : s;
}
