/** Guarantees that the gradients as emitted, in float32, are compared with those of the float64 interpreter on the same small instance. */

import type { Lowered } from "../driver/lower.ts";
import { gradientName, gradients } from "../passes/graph/gradients.ts";
import { batchOf, runningGradients, type AnyGradients, type Numbers } from "./emitted.ts";
import { evaluateResults } from "./evaluate.ts";
import { judge, type Pair } from "./norm.ts";
import { FLOAT32, STEP_BOUND, type CheckRole, type TensorCheck } from "./result.ts";
import { sizesOf, type Again } from "./scale.ts";
import { named } from "./small.ts";
import { feedOf, type SmallPhase, type Store } from "./small-step.ts";

/** gradients.ts of every phase, running. */
export const emittedGradients = (lowered: Lowered, phases: readonly SmallPhase[]): Promise<AnyGradients[]> =>
  Promise.all(phases.map(({ phase, declared }) => runningGradients(lowered, declared, { kind: "gradients", phase })));

/** Gives contents of parameters and state to an emitted module. */
export function give({ parameters, state }: AnyGradients, store: Store): void {
  for (const views of [parameters, state ?? {}]) for (const [name, view] of Object.entries(views)) view.set(store.get(name)!);
}

/** How far the gradient of each parameter and input is from the interpreter's, tensor by tensor. */
export function checkFloat32(
  emitted: readonly AnyGradients[],
  phases: readonly SmallPhase[],
  store: Store,
  seed: number,
  rows: number,
): TensorCheck[] {
  return phases.flatMap(({ phase, declared, draws, dtype }, n) => {
    const leaves = feedOf(draws, declared, store, seed + 500, rows);
    give(emitted[n]!, store);
    const found = emitted[n]!.gradients(batchOf(declared, leaves), rows);
    const graph = gradients(phase).run(declared);
    const { values } = evaluateResults(graph, leaves);
    const valueOf = new Map(graph.results.flatMap((result) => (result.kind === "output" ? [[result.name, result.value] as const] : [])));
    const pairs = (op: "param" | "input", role: CheckRole, of: Readonly<Record<string, Numbers>>): Pair[] =>
      Object.entries(of).map(([name, own]) => {
        const value = valueOf.get(gradientName(op, name))!;
        const { data, type } = values[value]!;
        return { name, role, shape: type.shape, found: own, expected: data, sizes: () => sizesOf(graph, values, value) };
      });
    const all = [...pairs("input", "input", found.inputs), ...pairs("param", "parameter", found.parameters)];
    const names = new Map(all.map(({ name, role }) => [name, gradientName(role === "parameter" ? "param" : "input", name)]));
    const again: Again = (watch) => {
      const { outputs } = evaluateResults(graph, leaves, watch);
      return new Map([...names].map(([name, output]) => [name, outputs.get(output)!.data]));
    };
    return judge(all, { method: FLOAT32, bound: STEP_BOUND, dtype, again }).map((tensor) => named(tensor, phase, phases.length));
  });
}
