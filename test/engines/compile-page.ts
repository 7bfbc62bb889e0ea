/** What a page that compiles does, beside what a program with a finished trainer does: four steps on a batch that both make. */

import { compile, load, type CompileOptions, type LoadedTrainer, type Model, type TrainerModule } from "adjoint";

export interface Told {
  readonly graph: string;
  readonly losses: readonly number[];
}

/** Four steps of a trainer of 784 numbers and ten classes. */
export function trained({ GRAPH, createTrainer }: Pick<TrainerModule, "GRAPH" | "createTrainer">): Told {
  const trainer: LoadedTrainer = createTrainer({ seed: 1 });
  const rows = trainer.batch.train;
  const x = Float32Array.from({ length: rows * 784 }, (_, n) => (n % 251) / 251);
  const y = Int32Array.from({ length: rows }, (_, n) => n % 10);
  return { graph: GRAPH, losses: [0, 0, 0, 0].map(() => trainer.step({ x, y })) };
}

/** Compiles, loads and trains. Throws where the check does not hold. */
export async function compiledAndTrained(model: Model, options: CompileOptions): Promise<Told> {
  return trained(await load(await compile(model, options)));
}
