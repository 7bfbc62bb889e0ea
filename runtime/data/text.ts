/** Text as numbers for language models: the same text gives the same vocabulary and windows everywhere. */

import { optional, TEXT } from "../arguments.ts";
import { BYTES, hold, IDS, NAMES, NUMBER } from "../kinds.ts";
import { decodeText } from "./decode.ts";
import * as error from "./error.ts";

/** A text as ids of its characters. */
export interface Characters {
  /** Each character once, by code point; a character's id is its place here. */
  readonly vocabulary: readonly string[];
  /** The text, a character each. */
  readonly ids: Int32Array;
}

/**
 * The characters (code points) of a UTF-8 text. Line ends are characters like others.
 *
 * @param vocabulary that of another text, to be read with the same ids; by default the text's own
 * @throws DataError when the file is empty, is not UTF-8, or holds a character that is not in `vocabulary`
 */
export function readText(bytes: Uint8Array, name: string, vocabulary?: readonly string[]): Characters {
  hold("readText", { bytes, name, vocabulary }, { bytes: BYTES, name: TEXT, vocabulary: optional(NAMES) });
  const text = decodeText(bytes, name);
  if (text === "") throw error.emptyText(name);
  const known = vocabulary ?? [...new Set(text)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  const idOf = new Map(known.map((character, id) => [character, id]));
  // a character is one or two of a string's units, so there are at most text.length
  const ids = new Int32Array(text.length);
  let count = 0;
  for (const character of text) {
    const id = idOf.get(character);
    if (id === undefined) throw error.unknownCharacter(name, character, count);
    ids[count++] = id;
  }
  return { vocabulary: known, ids: ids.slice(0, count) };
}

/**
 * Stretches of `length` characters that follow one another, with the next character of each as its label:
 * x[n, t] = ids[n·length + t], y[n, t] = ids[n·length + t + 1]. What is left at the end is not used.
 *
 * @returns x and y, each [n, length]
 * @throws RangeError when `length` is not a whole number of at least 1
 * @throws DataError when the text is shorter than one window and its last label
 */
export function windows(ids: Int32Array, length: number): { x: Int32Array; y: Int32Array } {
  hold("windows", { ids, length }, { ids: IDS, length: NUMBER });
  if (!Number.isInteger(length) || length < 1) throw error.badWindow(length);
  const used = Math.floor((ids.length - 1) / length) * length;
  if (used < length) throw error.shortText(ids.length, length);
  return { x: ids.slice(0, used), y: ids.slice(1, used + 1) };
}
