/** What a schedule knows of the machine that its loops are for: each target says which is its own. */

import type { Precision } from "./interpret/index.ts";
import type { ScalarFn } from "./loop.ts";

export interface Machine {
  /** What files of measured schedules are bound to: the target that it was made for. */
  readonly name: string;
  /** Whether loops are tiled, packed and written in a row; otherwise they are what the definitions say, for readers. */
  readonly scheduled: boolean;
  /** What statements compute in between stores. */
  readonly precision: Precision;
  /** Float32 values of one vector; 1 where there are no vectors. */
  readonly lanes: 1 | 4;
  /** Iterations of a long sum that are written in a row. */
  readonly unrolled: number;
  /** The best that is known of one core of a server: products in bench/products.md, triads in the second cache and over 64 MiB. */
  readonly rates: Rates;
  /** Functions that are calls of the emitted file's own mathematics, and cost more where they stand often in one kernel. */
  readonly called: ReadonlySet<ScalarFn>;
  /** Whether a kernel that one statement calls runs faster than one that several share: its engine compiles the arrays into the code. */
  readonly binds: boolean;
}

/** Functions whose values no format holds exactly: emitted files bring their own. */
export const MATHEMATICS: ReadonlySet<ScalarFn> = new Set([
  "exp",
  "log",
  "tanh",
  "sin",
  "cos",
  "erf",
  "log1p",
  "expm1",
  "pow",
  "atan",
  "erfc",
]);

export interface Rates {
  readonly flopsPerSecond: number;
  /** Of what the second cache holds, and of more. */
  readonly bytesPerSecond: { readonly near: number; readonly far: number };
}

/** Bytes that the second cache holds beside what else is in use. */
export const NEAR = 256 * 1024;
