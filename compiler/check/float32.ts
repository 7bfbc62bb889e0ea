/** Guarantees that the gradients as emitted, in float32, are compared with those of the float64 interpreter on the same small instance. */

import type { Lowered } from "../lower.ts";
import { gradientName, gradients } from "../passes/gradients.ts";
import { batchOf, runningGradients, type AnyGradients, type Numbers } from "./emitted.ts";
import { evaluateResults } from "./evaluate.ts";
import { judge, type Pair } from "./norm.ts";
import { FLOAT32, STEP_BOUND, type CheckRole, type TensorCheck } from "./result.ts";
import { named } from "./small.ts";
import { feedOf, type SmallPhase, type Store } from "./translation.ts";

/** gradients.ts of every phase, running. */
export const emittedGradients = (lowered: Lowered, phases: readonly SmallPhase[]): Promise<AnyGradients[]> =>
  Promise.all(phases.map(({ phase, declared }) => runningGradients(lowered, declared, { kind: "gradients", phase }))); // prettier-ignore

/** Gives contents of parameters and state to an emitted module. */
export function give({ parameters, state }: AnyGradients, store: Store): void {
  for (const views of [parameters, state ?? {}])
    for (const [name, view] of Object.entries(views)) view.set(store.get(name)!);
}

/** How far the gradient of each parameter and input is from the interpreter's, tensor by tensor. */
export function checkFloat32(emitted: readonly AnyGradients[], phases: readonly SmallPhase[], store: Store, seed: number, rows: number): TensorCheck[] {
  return phases.flatMap(({ phase, declared }, n) => {
    const leaves = feedOf(declared, store, seed + 500, rows);
    give(emitted[n]!, store);
    const found = emitted[n]!.gradients(batchOf(declared, leaves), rows);
    const { outputs } = evaluateResults(gradients(phase).run(declared), leaves);
    const pairs = (op: "param" | "input", role: CheckRole, of: Readonly<Record<string, Numbers>>): Pair[] =>
      Object.entries(of).map(([name, values]) => {
        const { data, type } = outputs.get(gradientName(op, name))!;
        return { name, role, shape: type.shape, found: values, expected: data };
      });
    const all = [...pairs("input", "input", found.inputs), ...pairs("param", "parameter", found.parameters)];
    return judge(all, FLOAT32, STEP_BOUND).map((tensor) => named(tensor, phase, phases.length));
  });
} // prettier-ignore
