/**
 * Guarantees that a compilation does not pay for code that would be quick only after it is over. V8 counts how much a function has run before it
 * optimizes it; of a program that runs a thousand functions for a second or two, with its own count a third to a half of the processor time goes
 * into optimizing them (bench/compile-time.md). Measured at twice, four, eight and thirty times that count: four is where both sides balance.
 */

import { setFlagsFromString } from "node:v8";

/** Bytes of bytecode that a function runs through before V8 looks at it; its own choice is 132 kB in Node 20. */
export const BUDGET = 528_000;

/** Makes V8 optimize later, for the rest of this process; other engines go on as they are. */
export function optimizeLater(): void {
  if (process.versions["bun"] !== undefined || process.versions["deno"] !== undefined) return;
  setFlagsFromString(`--interrupt-budget=${BUDGET}`);
}
