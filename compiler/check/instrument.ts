/**
 * Emitted text that tells where it is: before every numbered statement, and before an entry returns; its kernels' arrays go through a function; and where
 * a mask says how large a position is, it is held to that.
 */

import { GUARD } from "./guards.ts";

/** A kernel that is given its arrays: sizes that it shares with others, then the arrays by name. */
const BINDING = /^( {2}const \w+ = \w+\((?:-?[\d.]+, )*)(\{[^;{}]*\})\);$/gm;

/** One for each turn of a loop. */
const IN_TURNS = /^( {2}const \w+ = Array\.from\(\s*\{ length: \d+ \},\s*\(_, \w+\) =>\s*\w+\((?:-?[\d.]+, )*)(\{[^;{}]*\})\)/gm;

/** A kernel's function that takes its arrays each time. */
const TAKES_ARRAYS = /^function (\w+)\([^)]*: (?:Float|Int)\d+Array\b[^)]*\): void \{$/gm;

/** A call of such a function, in one line. */
const CALL = /^( +)(\w+)\(([^()]*)\);$/;

/** How large a position is, which a block begins with. */
const MASK = /^( *)(\w+) &= (\d+);$/gm;

/** The text with a call of the probe before every numbered statement, and before the entry returns; with room for marks behind all arrays. */
export function instrument(text: string): string {
  let [functions, inside] = [-1, false];
  const roomy = text
    .replace(BINDING, "$1$guarded($2));")
    .replace(IN_TURNS, "$1$guarded($2))")
    .replace(MASK, "$1if (($2 & $3) !== $2) $outside($2, $3);\n$&")
    .replace("new ArrayBuffer(ARENA_BYTES)", `new ArrayBuffer(ARENA_BYTES + ${GUARD})`);
  const kernels = new Set([...text.matchAll(TAKES_ARRAYS)].map(([, name]) => name!));
  /** How far the statement's lines are indented, and whether its call goes on. */
  let [indentation, isOpen] = ["", false];
  const guardedCall = (line: string): string => {
    if (isOpen && line === `${indentation});`) {
      isOpen = false;
      return `${indentation}]));`;
    }
    const [, before, name, args] = CALL.exec(line) ?? /^( +)(\w+)\($/.exec(line) ?? [];
    if (before !== indentation || !kernels.has(name!)) return line;
    isOpen = args === undefined;
    return `${before}${name}(...$taken([${isOpen ? "" : `${args}]));`}`;
  };
  const lines = roomy.split("\n").flatMap((line) => {
    if (line === "  }") inside = false;
    const [, before, statement] = /^( {4}| {6})\/\/ (\d+)\.(?: |$)/.exec(line) ?? [];
    if (statement !== undefined) {
      indentation = before!;
      if (!inside) functions++;
      inside = true;
      return [`    $probe(${functions}, ${statement}, arena);`, line];
    }
    return inside && /^ {4}return\b/.test(line) ? [`    $probe(${functions}, 0, arena);`, line] : [inside ? guardedCall(line) : line];
  });
  return lines.join("\n");
}
