/**
 * The text form of a tile, which reads back unchanged: the loops over the shared axes, the outermost first.
 *   i by 4, j by 8 in lanes        loops over i in steps of 4 and inside over j in steps of 8, two vectors of it
 *   i by 3, j by 2, k unrolled 4   so many iterations of the innermost loop of the sum are written in a row
 *   k outside, j by 2, i by 4      the first axis of the sum goes outside them all, and the sums stay in memory meanwhile
 */

import type { Axis } from "../../loop/loop.ts";
import { printName } from "../../loop/text/index.ts";
import type { Tile } from "./tile.ts";

/** A group without shared axes has no loops. */
const ONCE = "once";
const OUTSIDE = "k outside";
const IN_A_ROW = "k unrolled ";

export function printTile({ sizes, order, lane, outer, unrolled }: Tile, axes: readonly Axis[]): string {
  const loops = order.map((n) => `${printName(axes[n]!.name)}${sizes[n] === 1 ? "" : ` by ${sizes[n]!}`}${n === lane ? " in lanes" : ""}`);
  const all = [...(outer === undefined ? [] : [OUTSIDE]), ...loops, ...(unrolled === undefined ? [] : [`${IN_A_ROW}${unrolled}`])];
  return all.length === 0 ? ONCE : all.join(", ");
}

const TIMES = new RegExp(`^${IN_A_ROW}([1-9]\\d?)$`);
const LOOP = /^(.+?)(?: by ([1-9]\d{0,8}))?( in lanes)?$/;

/** The inverse; or why the text is no tile of these axes. */
export function parseTile(text: string, axes: readonly Axis[]): Tile | { readonly wrong: string } {
  const names = axes.map(({ name }) => printName(name));
  const parts = text === ONCE ? [] : text.split(",").map((part) => part.trim());
  const outer = parts[0] === OUTSIDE;
  const [, times] = TIMES.exec(parts.at(-1) ?? "") ?? [];
  const sizes = axes.map(() => 1);
  const order: number[] = [];
  let lane: number | undefined;
  for (const part of parts.slice(outer ? 1 : 0, times === undefined ? undefined : -1)) {
    const [, name = "", size = "1", inLanes] = LOOP.exec(part) ?? [];
    const n = names.indexOf(name);
    if (n < 0) return { wrong: `${JSON.stringify(part)} is no loop of it: its loops are ${names.join(", ") || "none"}` };
    if (order.includes(n)) return { wrong: `${name} is named twice` };
    if (inLanes !== undefined && lane !== undefined) return { wrong: "two loops are in lanes" };
    order.push(n);
    sizes[n] = Number(size);
    if (inLanes !== undefined) lane = n;
  }
  const missing = names.filter((_, n) => !order.includes(n));
  if (missing.length > 0) return { wrong: `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} not named` };
  return {
    sizes,
    order,
    ...(lane === undefined ? {} : { lane }),
    ...(outer ? { outer: 1 as const } : {}),
    ...(times === undefined ? {} : { unrolled: Number(times) }),
  };
}
