/** The laws of the numbers that optimizers, their wrappers and schedules take. */

import { numbers } from "../../graph/arguments.ts";

export const NOT_NEGATIVE = numbers("a finite number of at least 0", (n) => n >= 0);
export const POSITIVE = numbers("a finite number above 0", (n) => n > 0);
/** Momentum, β, ρ: how much of the old is kept. */
export const SHARE = numbers("a number of at least 0 and below 1", (n) => n >= 0 && n < 1);
export const FRACTION = numbers("a number above 0 and below 1", (n) => n > 0 && n < 1);
