/** Guarantees the table of what a recipe's step may be; the first is what a shrunk step becomes. */

import type { Bench } from "./bench.ts";
import * as composites from "./composites.ts";
import * as contracting from "./contracting.ts";
import * as pointwise from "./pointwise.ts";
import type { Step } from "./recipe.ts";
import * as shaping from "./shaping.ts";

/** Appends what a step says; where its first operand does not allow it, something simpler. */
export type Apply = (b: Bench, step: Step) => void;

const { unary, ...pointwiseOthers } = pointwise;
const TABLE = { unary, ...pointwiseOthers, ...shaping, ...contracting, ...composites };
export type OpName = keyof typeof TABLE | "checkpoint";

/** `checkpoint` takes the steps after it into a region (see build.ts). */
export const OPS: readonly OpName[] = [...(Object.keys(TABLE) as (keyof typeof TABLE)[]), "checkpoint"];

export const apply = (b: Bench, step: Step): void => {
  if (step.op !== "checkpoint") TABLE[step.op](b, step);
};
