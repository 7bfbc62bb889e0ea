/** Guarantees what a schedule knows of the machine it is for. */

import type { ScalarFn } from "../loop/loop.ts";

export interface Machine {
  readonly name: "typescript" | "wasm";
  /** Float32 values of one vector; 1 where there are no vectors. */
  readonly lanes: 1 | 4;
  /** Functions that are calls of the emitted file's own mathematics, and cost more where they stand often in one kernel. */
  readonly called: ReadonlySet<ScalarFn>;
}

const MATHEMATICS = ["exp", "log", "tanh", "sin", "cos", "erf", "log1p", "expm1", "pow"] as const;

const typescript: Machine = { name: "typescript", lanes: 1, called: new Set(MATHEMATICS) };
const wasm: Machine = { name: "wasm", lanes: 4, called: new Set() };

/** By target; the twin prints the loops of wasm. */
export const machines = { typescript, wasm, "wasm-external": wasm, twin: wasm } as const;
