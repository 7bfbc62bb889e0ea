/** Guarantees models as plain data: whatever a recipe says builds a valid model, so that dropping steps and lowering numbers shrinks a failure. */

import fc from "fast-check";
import { OPS, type OpName } from "./steps.ts";

/** One decision: what to append, to which earlier values (counted from the newest), with which numbers. */
export interface Step {
  readonly op: OpName;
  readonly a: number;
  readonly b: number;
  readonly n: number;
  readonly m: number;
}

export interface Recipe {
  /** Rows of a batch, in every entry. */
  readonly rows: number;
  /** What the first value is: an input of [rows, …extents]. */
  readonly extents: readonly number[];
  readonly steps: readonly Step[];
  /** How each value that nothing reads enters a loss, in turn. */
  readonly losses: readonly number[];
  readonly phases: number;
  readonly rule: number;
  readonly rate: number;
  readonly wrapper: number;
  /** Of weights, state and inputs. */
  readonly seed: number;
}

const extent = fc.constantFrom(1, 2, 3, 5, 7, 13);
const number = fc.nat(63);

const step: fc.Arbitrary<Step> = fc.record({
  op: fc.constantFrom(...OPS),
  a: fc.nat(7),
  b: fc.nat(7),
  n: number,
  m: number,
});

export const anyRecipe: fc.Arbitrary<Recipe> = fc.record({
  rows: fc.constantFrom(1, 2, 3, 5),
  extents: fc.array(extent, { maxLength: 3 }),
  steps: fc.array(step, { minLength: 1, maxLength: 12 }),
  losses: fc.array(fc.nat(11), { minLength: 1, maxLength: 3 }),
  phases: fc.constantFrom(1, 1, 1, 2),
  rule: fc.nat(11),
  rate: fc.nat(7),
  wrapper: fc.nat(9),
  seed: fc.nat(9999),
});
