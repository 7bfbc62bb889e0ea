/** Guarantees what a schedule knows of the machine it is for. */

export interface Machine {
  readonly name: "typescript" | "wasm";
  /** Float32 values of one vector; 1 where there are no vectors. */
  readonly lanes: 1 | 4;
}

const typescript: Machine = { name: "typescript", lanes: 1 };
const wasm: Machine = { name: "wasm", lanes: 4 };

/** By target; the twin prints the loops of wasm. */
export const machines = { typescript, wasm, "wasm-external": wasm, twin: wasm } as const;
