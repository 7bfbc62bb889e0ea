/** What a made row is drawn from. */

import type { Random } from "../check/draw.ts";

/** What a row's values may depend on. */
export interface Row {
  readonly hidden: number;
  readonly random: Random;
  /** A generator that starts anew for each input of the row, for what several of them show. */
  readonly shared: () => Random;
  /** Values of the inputs drawn before. */
  readonly drawn: ReadonlyMap<string, ArrayLike<number>>;
}

/** An input's values in a row. */
export type Draw = (row: Row) => ArrayLike<number>;
