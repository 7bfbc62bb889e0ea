/** Positions as WebAssembly text: index expressions of loops, and of one lane of a vector loop. */

import { add, constant, rangeOf, substitute, type Index } from "../../loop/index-expression.ts";
import { lanesOf, sharedByLanes, type Lanes } from "../../loop/lanes.ts";
import type { Loop } from "../../loop/loop.ts";

export const sum = (parts: readonly string[]): string => parts.reduceRight((rest, part) => `(i32.add ${part} ${rest})`);

/** An i32 expression of loop indices; lanes are counted from 0. */
export function printIndex(at: Index): string {
  const terms = at.terms.map(({ atom, by }) => {
    const of = atom.kind === "index" ? `(local.get $${atom.name})` : printDivided(atom);
    return by === 1 ? of : `(i32.mul ${of} (i32.const ${by}))`;
  });
  const parts = at.offset === 0 && terms.length > 0 ? terms : [...terms, `(i32.const ${at.offset})`];
  return sum(parts);
}

/** ⌊a/n⌋ and a mod n; of a negative a by way of a multiple of n above it. */
function printDivided({ kind, of, by }: Extract<Index["terms"][number]["atom"], { of: Index }>): string {
  const low = rangeOf(of)[0];
  const above = low < 0 ? Math.ceil(-low / by) : 0;
  const dividend = printIndex(add(of, constant(above * by)));
  if (kind === "remainder") return `(i32.rem_u ${dividend} (i32.const ${by}))`;
  const quotient = `(i32.div_u ${dividend} (i32.const ${by}))`;
  return above === 0 ? quotient : `(i32.sub ${quotient} (i32.const ${above}))`;
}

export const inLane = (at: Index, lane: number, lanes: Lanes | undefined): Index =>
  lanes === undefined ? at : substitute(at, new Map([[lanes.lane, constant(lane)]]));

/** Which locals of a vector loop are vectors: those that vary, and those that every lane reads and nothing else. */
export function inVectors(loop: Loop): Lanes {
  const lanes = lanesOf(loop);
  return { ...lanes, varying: new Set([...lanes.varying, ...sharedByLanes(loop, lanes)]) };
}
