/** Prints the milliseconds of processor time from the import of a trainer, named by its address, to the end of its first step. */

import type { TrainerModule } from "../compiler/compile.ts";
import { batchesFor } from "./data.ts";
import { processor } from "./timing.ts";

const began = processor();
const { createTrainer } = (await import(process.argv[2]!)) as TrainerModule;
const trainer = createTrainer({ seed: 1 });
const made = processor();
const [batch] = batchesFor(trainer);
const ready = processor();
trainer.step(batch!);
console.log(made - began + processor() - ready);
