/** A tile: how many points along each shared axis of a group one microkernel keeps in locals, in which order, and in lanes along which axis. */

import { LANES } from "../../loop/lanes.ts";
import type { Group } from "../../loop/loop.ts";

/** How the points of a group are taken together. */
export interface Tile {
  /** Points along each shared axis. */
  readonly sizes: readonly number[];
  /** Shared axes by position, the outermost loop first. */
  readonly order: readonly number[];
  /** The axis whose points lie in lanes; its size is a whole number of vectors. */
  readonly lane?: number;
  /** Leading axes of the sum that go outside all loops: the sums stay in memory meanwhile. */
  readonly outer?: 1;
  /** Iterations of the innermost loop of the sums that are written in a row. */
  readonly unrolled?: number;
  /** Axes of which every position has an expression of its own: all of them stand side by side and share what they read. */
  readonly pieces?: readonly number[];
}

/** Values that a tile keeps side by side: its points, of lanes one for each vector. */
export const valuesOf = ({ sizes, lane }: Tile): number =>
  sizes.reduce((product, size, n) => product * (n === lane ? size / LANES : size), 1);

/** One point after the other. */
export const pointByPoint = ({ axes }: Group): Tile => ({
  sizes: axes.map(() => 1),
  order: axes.map((_, n) => n),
});

/** So many points along these axes, where there are as many; one along all others. */
export const sized = ({ axes }: Group, along: readonly (readonly [number | undefined, number])[]): number[] =>
  axes.map(({ extent }, n) => {
    const found = along.find(([axis]) => axis === n);
    return found === undefined ? 1 : Math.min(found[1], extent);
  });
