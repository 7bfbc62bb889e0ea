/** At which turn of a loop a running text is, and at which its statements are looked at. */

import type { Entry, Turns } from "../loop/loop.ts";
import { loopAround } from "../loop/turns.ts";

/** At which slice a loop is. */
export interface Turn {
  readonly name: string;
  readonly slice: number;
  readonly isFirst: boolean;
  readonly isLookedAt: boolean;
}

/** The slices at which a loop's statements are looked at: the first, one in the middle, and the last. */
export const looksAt = ({ turn: { extent } }: Pick<Turns, "turn">): ReadonlySet<number> => new Set([0, extent >> 1, extent - 1]);

/** Counts how often the statements of an entry have run. */
export class TurnsTaken {
  readonly #ran = new Map<number, number>();

  /** The turn at which a statement, counted from 1, is about to run; undefined outside of loops. 0 says that the entry is over. */
  before(entry: Entry, statement: number): Turn | undefined {
    if (statement === 0) this.#ran.clear();
    const loop = statement === 0 ? undefined : loopAround(entry.loops, statement - 1);
    if (loop === undefined) return undefined;
    const { name, extent } = loop.turn;
    const ran = this.#ran.get(statement) ?? 0;
    this.#ran.set(statement, ran + 1);
    const slice = loop.reverse ? extent - 1 - ran : ran;
    return { name, slice, isFirst: ran === 0, isLookedAt: looksAt(loop).has(slice) };
  }
}
