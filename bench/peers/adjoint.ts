/** Guarantees a compiled trainer as a contender, from the workload's weights; batches are copied and checked inside the step. */

import { pathToFileURL } from "node:url";
import type { TrainerModule } from "../../compiler/compile.ts";
import type { Contender, Workload } from "./workload.ts";

export async function build({ parameters, batches }: Workload, file: string): Promise<Contender> {
  const { createTrainer } = (await import(pathToFileURL(file).href)) as TrainerModule;
  const trainer = createTrainer({ seed: 1 });
  const fresh = trainer.bytes();
  const restore = (): void => {
    trainer.restore(fresh);
    for (const { name, values } of parameters) trainer.parameters[name]!.set(values);
  };
  restore();
  const fed = batches.map(({ x, y }) => ({ x, y }));
  const step = (n: number): number => {
    const loss: unknown = trainer.step(fed[n % fed.length]!);
    if (typeof loss === "number") return loss;
    return Object.values(loss as Readonly<Record<string, number>>).reduce((sum, one) => sum + one, 0); // one a phase
  };
  return { version: "adjoint", restore, step };
}
