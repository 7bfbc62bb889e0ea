/** How large scalars are: what an assembler, or a function that recurs, reads at once has bounds. */

import type { Scalar } from "./loop.ts";

/** The parts of a scalar, and how deep they nest; one that occurs twice counts twice. */
export interface Bulk {
  readonly parts: number;
  readonly depth: number;
}

const ONE: Bulk = { parts: 1, depth: 1 };

const known = new WeakMap<Scalar, Bulk>();

/** Of the same object found once. */
export function bulkOf(s: Scalar): Bulk {
  const inside = partsOf(s);
  if (inside.length === 0) return ONE;
  let bulk = known.get(s);
  if (bulk !== undefined) return bulk;
  let [parts, depth] = [1, 0];
  for (const part of inside) {
    const own = bulkOf(part);
    parts += own.parts;
    depth = Math.max(depth, own.depth);
  }
  bulk = { parts, depth: depth + 1 };
  known.set(s, bulk);
  return bulk;
}

const NONE: readonly Scalar[] = [];

function partsOf(s: Scalar): readonly Scalar[] {
  switch (s.kind) {
    case "apply":
      return s.args;
    case "select":
      return [s.when, s.then, s.otherwise];
    case "round":
      return [s.value];
    case "reduce":
      return [s.term];
    default:
      return NONE;
  }
}
