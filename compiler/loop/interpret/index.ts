/** The meaning of the loop level, run slowly and strictly: every access checked, dead and unwritten storage found. */

export { type Memory, createMemory } from "./memory.ts";
export { type Precision, erf, erfc } from "./functions.ts";
export { interpretEntry } from "./entry.ts";
export { evaluateScalar } from "./scalar.ts";
export { interpretKernel } from "./kernel.ts";
