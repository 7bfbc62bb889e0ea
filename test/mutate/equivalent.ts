/**
 * Guarantees the arguments why an edit that survives changes nothing: each a law, and the form of the edits that it covers. They count only where
 * comparing every element of every buffer found nothing either.
 */

import { DEFAULT } from "../../compiler/targets/index.ts";
import type { Outcome } from "./campaign.ts";
import type { Edit } from "./edits.ts";

interface Law {
  readonly holds: (before: string, after: string, kind: Outcome["edit"]["kind"]) => boolean;
  readonly because: string;
}

/** How often a loop runs: from, below or up to, by. */
function turns(line: string): number | undefined {
  const loop = /^for \(let \w+ = (-?\d+); \w+ (<=?) (\d+); \w+(?:\+\+| \+= (\d+))\)(?: \{)?$/.exec(line);
  if (loop === null) return undefined;
  const [, from, compare, to, by = "1"] = loop as unknown as [string, string, string, string, string?];
  return Math.ceil((Number(to) + (compare === "<=" ? 1 : 0) - Number(from)) / Number(by));
}

/** An exit of a loop that is written in rows: the iteration that a row begins with where it is left in its middle, and where the loop ends. */
function exitOf(line: string): { readonly first: number; readonly end: number } | undefined {
  const exit = /^if \(\w+ ([+-]) (\d+) === (\d+)\) break;$/.exec(line.trim());
  if (exit === null) return undefined;
  const [, sign, ahead, end] = exit as unknown as [string, string, string, string];
  return { first: Number(end) - (sign === "+" ? 1 : -1) * Number(ahead), end: Number(end) };
}

/** Whether an edit is of an exit that is taken neither before it nor after: no row of the loop begins there. */
export function isNeverTaken({ before, after }: Edit): boolean {
  const [own, edited] = [exitOf(before), exitOf(after)];
  if (own === undefined || edited === undefined) return false;
  return [own, edited].every(({ first }) => first < 0 || first >= own.end || first % DEFAULT.machine.unrolled !== 0);
}

const LAWS: readonly Law[] = [
  {
    holds: (before, after) => turns(before) !== undefined && turns(before) === turns(after),
    because: "the loop takes steps of more than one, and runs as often as before",
  },
  {
    holds: (before, after) => (turns(after) ?? 0) === (turns(before) ?? 0) + 1,
    because:
      "the extra turn stores beside its row, into the next row before that is stored itself, or past the end, where a typed array ignores it; a row past the batch weighs 0, and no label names a class before the first",
  },
  {
    holds: (before, after) => before === "let argmax = 0;" && /^let argmax = -?\d+;$/.test(after),
    because: "the first element of a window is more than −∞, and takes the place of what the search began with",
  },
  {
    holds: (before, after) => /\+ 1e-8\b/.test(before) && before.replace("+ 1e-8", "- 1e-8") === after,
    because:
      "ε = 1e-8 stands beside a root some thousand times its size or more: the update changes by less than float32 rounds, or the stated bound of 1e-6 of the largest",
  },
];

/** Why a survivor computes the same; undefined where nothing has been argued. */
export const whyEquivalent = ({ edit: { before, after, kind }, missed }: Outcome): string | undefined =>
  missed === true ? undefined : LAWS.find(({ holds }) => holds(before.trim(), after.trim(), kind))?.because;
