/** Emitted text that tells where it is: before every numbered statement, and before an entry returns; its kernels' arrays go through a function. */

import { GUARD } from "./guards.ts";

/** A kernel that is given its arrays: sizes that it shares with others, then the arrays by name. */
const BINDING = /^( {2}const \w+ = \w+\((?:-?[\d.]+, )*)(\{[^;{}]*\})\);$/gm;

/** One for each turn of a loop. */
const IN_TURNS = /^( {2}const \w+ = Array\.from\(\s*\{ length: \d+ \},\s*\(_, \w+\) =>\s*\w+\((?:-?[\d.]+, )*)(\{[^;{}]*\})\)/gm;

/** The text with a call of the probe before every numbered statement, and before the entry returns; with room for marks behind all arrays. */
export function instrument(text: string): string {
  let [functions, inside] = [-1, false];
  const roomy = text
    .replace(BINDING, "$1$guarded($2));")
    .replace(IN_TURNS, "$1$guarded($2))")
    .replace("new ArrayBuffer(ARENA_BYTES)", `new ArrayBuffer(ARENA_BYTES + ${GUARD})`);
  const lines = roomy.split("\n").flatMap((line) => {
    if (line === "  }") inside = false;
    const statement = /^(?: {4}| {6})\/\/ (\d+)\.(?: |$)/.exec(line)?.[1];
    if (statement !== undefined) {
      if (!inside) functions++;
      inside = true;
      return [`    $probe(${functions}, ${statement}, arena);`, line];
    }
    return inside && /^ {4}return\b/.test(line) ? [`    $probe(${functions}, 0, arena);`, line] : [line];
  });
  const given =
    "declare const $probe: (at: number, statement: number, arena: ArrayBuffer) => void, $guarded: <Given>(arrays: Given) => Given;";
  return `${given}\n${lines.join("\n")}`;
}
