/** What asks for a target on a command line, as headers say it. */

import type { Said, Target } from "./target.ts";

/** `--target wasm --wasm external`, `--plain`. */
export const wordsOf = ({ asked }: Pick<Target, "asked">): string => printFlags(asked);

export const printFlags = (said: Said): string =>
  Object.entries(said)
    .map(([flag, value]) => (value === true ? `--${flag}` : `--${flag} ${value}`))
    .join(" ");

/** The one of some targets whose words a command's flags hold: the longest that fit, so that `--target wasm` does not hide what follows it. */
export function namedIn<Of extends Target>(flags: string, targets: readonly Of[]): Of | undefined {
  return [...targets]
    .sort((a, b) => wordsOf(b).length - wordsOf(a).length)
    .find((target) => wordsOf(target) !== "" && `${flags} `.includes(` ${wordsOf(target)} `));
}
