/** In which order the statements of an entry run where some of them run once a turn, and which part of a buffer a window is at a turn. */

import { constant, evaluate, namesIn, type Index } from "./index-expression.ts";
import type { Buffer, Turns } from "./loop.ts";

/** The number of the slice that each loop around is at, by the name of its turn. */
export type At = ReadonlyMap<string, number>;

const NOWHERE: At = new Map();

/** The loop that a statement is in. */
export const loopAround = (loops: readonly Turns[] | undefined, statement: number): Turns | undefined =>
  loops?.find(({ first, last }) => first <= statement && statement <= last);

/** How often a statement runs. */
export const timesOf = (loops: readonly Turns[] | undefined, statement: number): number => loopAround(loops, statement)?.turn.extent ?? 1;

/** The slices of a loop in the order in which it takes them. */
export const slicesOf = ({ turn: { extent }, reverse }: Pick<Turns, "turn" | "reverse">): number[] =>
  Array.from({ length: extent }, (_, n) => (reverse ? extent - 1 - n : n));

/** Visits statements as they run; `slices` says which turns of a loop are taken, all unless it says otherwise. */
export function walkTurns(
  statements: number,
  loops: readonly Turns[] | undefined,
  visit: (statement: number, at: At) => void,
  slices: (loop: Turns) => readonly number[] = slicesOf,
): void {
  for (let n = 0; n < statements; n++) {
    const loop = loopAround(loops, n);
    if (loop === undefined) visit(n, NOWHERE);
    else {
      for (const slice of slices(loop)) {
        const at = new Map([[loop.turn.name, slice]]);
        for (let inside = loop.first; inside <= loop.last; inside++) visit(inside, at);
      }
      n = loop.last;
    }
  }
}

/** Whether a buffer is another part of what it lies in at each turn. */
export const isTurning = ({ window }: Buffer): boolean => window !== undefined && namesIn(window.at).size > 0;

/** The element of what a window lies in at which it begins, at its first slice unless a turn is given. */
export function startAt({ window }: Pick<Buffer, "window">, at?: At): number {
  const index: Index = window?.at ?? constant(0);
  return evaluate(index, at ?? new Map([...namesIn(index)].map((name) => [name, 0])));
}

/** The name of the storage that a buffer is, or is a part of. */
export const storageOf = ({ name, window }: Pick<Buffer, "name" | "window">): string => window?.of ?? name;
