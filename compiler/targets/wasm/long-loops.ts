/**
 * Guarantees that a long kernel is not one call: its outermost loop runs in parts, each a call of a function of its own. An engine starts
 * with code that it makes quickly and replaces a function between two calls, never in the middle of one.
 *   for i in 0..64 {…}   →   part(…, 0, 4), part(…, 4, 8), …
 */

import { tripsOf } from "../../loop/apart.ts";
import { loadsOf } from "../../loop/build.ts";
import { namesOf, storesOf, workOf } from "../../loop/uses.ts";
import { index } from "../../loop/index-expression.ts";
import type { Loop, Stmt } from "../../loop/loop.ts";

/** A loop that runs in parts. */
export interface Parted {
  /** The statements of one part, from iteration FROM to before TO. */
  readonly part: readonly Stmt[];
  /** Iterations of a part, times the loop's step. */
  readonly stride: number;
}

/** What a part is given beside the buffers. */
export const [FROM, TO] = ["part.from", "part.to"];

/** Vector operations of a loop that is worth it: half a millisecond, which is ten in an engine's first code. */
const LONG = 2_000_000;

/** Parts of a loop, at most. */
const MOST = 32;

/** The loop at a place of a kernel's body in parts; undefined where it is short, or shares what changes with the statements around it. */
export function parted(body: readonly Stmt[], at: number, long = LONG): Parted | undefined {
  const loop = body[at]!;
  if (loop.kind !== "for" || loop.form !== "loop" || loop.unrolled !== undefined || loop.only !== undefined) return undefined;
  if (loop.from.terms.length + loop.to.terms.length > 0 || workOf([loop]) < long) return undefined;
  const trips = tripsOf(loop);
  const size = divisorFrom(trips, trips / MOST);
  if (size >= trips) return undefined;
  const lets = letsFor(loop, body, at);
  if (lets === undefined) return undefined;
  const end = loop.to.offset;
  return { part: [...lets, { ...loop, from: index(FROM, end), to: index(TO, end + 1) }], stride: size * loop.step };
}

/** The least divisor of a number that is not below another. */
function divisorFrom(of: number, least: number): number {
  let divisor = Math.max(1, Math.ceil(least));
  while (of % divisor !== 0) divisor++;
  return divisor;
}

/** The locals before a loop that it reads, to be had again; undefined where one of them changes, or is loaded from what the kernel stores. */
function letsFor(loop: Loop, body: readonly Stmt[], at: number): readonly Stmt[] | undefined {
  const stored = storesOf(body);
  const read = new Set(namesOf([loop]));
  const lets: Stmt[] = [];
  for (const s of body.slice(0, at).toReversed()) {
    if (s.kind !== "let" || !read.has(s.name)) continue;
    if (s.mutable || loadsOf(s.value).some(({ buffer }) => stored.has(buffer))) return undefined;
    lets.unshift(s);
    for (const name of namesOf([s])) read.add(name);
  }
  return lets;
}
