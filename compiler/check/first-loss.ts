/** Guarantees the loss that training starts from: the emitted trainer's own, on a batch that depends on the seed alone, the same on every machine. */

import type { Lowered } from "../driver/lower.ts";
import type { Emitted } from "../targets/emitted.ts";
import type { FirstLosses } from "../targets/report.ts";
import { knownDraws } from "./domain.ts";
import { fedLeaves } from "./draw.ts";
import { batchOf, type Batch, type TrainerText } from "./emitted.ts";

/** Of the first weights and the first batch. */
export const FIRST_SEED = 0;

/** What the first step is fed. */
export function firstBatch({ entries, facts, model }: Pick<Lowered, "entries" | "facts" | "model">): Batch {
  const graph = entries[0]!.traced.graph;
  const draws = knownDraws(model, entries);
  const inputs = fedLeaves(graph).filter(({ op }) => op === "input");
  return batchOf(graph, new Map(inputs.map((node) => [node.name, draws.leaf(node, FIRST_SEED, facts.batch.train)])));
}

/** Every phase starts from the initial weights: none sees what an earlier one wrote. */
export async function firstLosses(lowered: Lowered, trainer: Emitted): Promise<FirstLosses> {
  const { createTrainer } = await trainer.load<TrainerText>();
  const { given } = trainer;
  const batch = firstBatch(lowered);
  const phases = lowered.facts.phases.map((phase) => {
    const { step, phases } = createTrainer({ ...given, seed: FIRST_SEED });
    return { phase, loss: Number((phases?.[phase] ?? step)(batch)) };
  });
  return { seed: FIRST_SEED, phases };
}
