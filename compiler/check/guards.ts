/**
 * Guarantees that a statement that stores past the end of its arrays is seen, though a typed array ignores it and the next row would hide it: the
 * bytes behind an array are marked before it runs, and looked at and put back when it has run. Where they belong to what the statement only reads,
 * they are a mark as they stand, for arrays that it stores; where it stores them itself, there is none, but the store then lands there, as it would in
 * WebAssembly, and is seen where nothing comes after it.
 */

import type { Numbers } from "./emitted.ts";

/** Bytes that are looked at behind an array, at most. */
export const GUARD = 16;

/**
 * Words that are NaN, so that what reads past the end reads no number, as without a mark; and signalling ones: what is computed from a mark is NaN of
 * other bits, and seen where it is stored over one. By bytes of an element.
 */
const MARKS: Readonly<Record<number, number>> = { 4: 0x7fa0ad01, 8: 0x7ff0ad01 };

/** Behind positions that are only read: a position like others, so that what reads past the end goes on with it. */
const POSITION = 0;

const markOf = ({ array, stored }: Taken): number => (array instanceof Int32Array && !stored ? POSITION : MARKS[array.BYTES_PER_ELEMENT]!);

/** An array that a statement takes. */
export interface Taken {
  readonly array: Numbers;
  readonly stored: boolean;
}

const endOf = ({ byteOffset, byteLength }: Numbers): number => byteOffset + byteLength;

/** Elements behind an array that are looked at. */
function guardOf({ array, stored }: Taken, all: readonly Taken[]): number {
  const end = endOf(array);
  const next = all
    .filter((other) => endOf(other.array) > end && (other.stored || !stored))
    .reduce((least, other) => Math.min(least, Math.max(end, other.array.byteOffset)), Math.min(array.buffer.byteLength, end + GUARD));
  return Math.floor((next - end) / array.BYTES_PER_ELEMENT);
}

/** The array, longer by its guard: a store that leaves it then lands on a mark, or in what else is stored. */
export function guarded(one: Taken, all: readonly Taken[]): Numbers {
  const { buffer, byteOffset, length, constructor, BYTES_PER_ELEMENT } = one.array;
  const room = Math.floor(Math.min(GUARD, buffer.byteLength - endOf(one.array)) / BYTES_PER_ELEMENT);
  return new (constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => Numbers)(
    buffer,
    byteOffset,
    length + (one.stored ? room : guardOf(one, all)),
  );
}

interface Mark {
  readonly name: string;
  readonly length: number;
  readonly words: Uint32Array;
  readonly before: Uint32Array;
  /** What the words are while the statement runs. */
  readonly marked: Uint32Array;
}

/** Marks behind the arrays of one statement, by their names. */
export class Marks {
  readonly #marks: readonly Mark[];

  constructor(taken: ReadonlyMap<string, Taken>) {
    const all = [...taken.values()];
    // of arrays that end together one is marked: what takes another's place lies there too
    const stored = [...taken].sort(([, a], [, b]) => Number(a.stored) - Number(b.stored));
    const ends = new Map(stored.map((one) => [endOf(one[1].array), one]));
    const behind = [...ends.values()].map(([name, one]) => {
      const { buffer, length, BYTES_PER_ELEMENT } = one.array;
      const words = new Uint32Array(buffer, endOf(one.array), (guardOf(one, all) * BYTES_PER_ELEMENT) / 4);
      return { name, length, words, before: words.slice(), mark: markOf(one) };
    });
    const isRead = (at: number): boolean => all.some(({ array }) => array.byteOffset <= at && at < endOf(array));
    for (const { words, mark } of behind) for (let n = 0; n < words.length; n++) if (!isRead(words.byteOffset + 4 * n)) words[n] = mark;
    // where two meet, both see what was marked last
    this.#marks = behind.map((one) => ({ ...one, marked: one.words.slice() }));
  }

  /** Puts back what was there; gives where each array was left first, by its name. */
  lift(): ReadonlyMap<string, string> {
    const left = new Map<string, string>();
    for (const { name, length, words, marked } of this.#marks)
      if (words.some((word, n) => word !== marked[n])) left.set(name, `${name}[${length}], past its end`);
    for (const { words, before } of this.#marks) words.set(before);
    return left;
  }
}
