/**
 * Guarantees that a compilation does not pay for code that would be quick only after it is over. V8 counts how much a function has run before it
 * optimizes it; of a program that runs thousands of functions for a second or two, a third of the processor time goes into optimizing them.
 * Whole compiles with the check, Node 20: mini-resnet 7.8 s and 5.2 s with four times V8's own count, char-transformer 10.1 s and 6.2 s; at eight
 * times and more, long loops stay slow for longer than that saves.
 */

import { setFlagsFromString } from "node:v8";

/** Bytes of bytecode that a function runs through before V8 looks at it; its own choice is 132 kB in Node 20. */
export const BUDGET = 528_000;

/** Makes V8 optimize later, for the rest of this process; other engines go on as they are. */
export function optimizeLater(): void {
  if (process.versions["bun"] !== undefined || process.versions["deno"] !== undefined) return;
  setFlagsFromString(`--interrupt-budget=${BUDGET}`);
}
