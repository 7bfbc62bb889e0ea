/**
 * Prints two times of a trainer, named by its address, in milliseconds of processor time: from its import to the end of its first step, and a step
 * once it is warm.
 */

import type { TrainerModule } from "../compiler/compile.ts";
import { batchesFor } from "./data.ts";
import { inTurns, processor } from "./timing.ts";

const began = processor();
const { createTrainer } = (await import(process.argv[2]!)) as TrainerModule;
const trainer = createTrainer({ seed: 1 });
const made = processor();
const batches = batchesFor(trainer);
const ready = processor();
trainer.step(batches[0]!);
const first = made - began + processor() - ready;
const { contenders } = inTurns([(n) => trainer.step(batches[n % batches.length]!)], {
  warmUp: 700,
  repeat: 400,
  repeats: 1,
  clock: processor,
});
console.log(JSON.stringify({ first, step: contenders[0]!.median }));
