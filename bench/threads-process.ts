/** A trainer in a process of its own, on as many threads as are asked for: says when it is ready, and answers messages of bench/threads.ts. */

import { createHash } from "node:crypto";
import { batchesFor } from "./data.ts";
import type { LoadedTrainer, TrainerModule } from "../compiler/compile.ts";
import type { workersOf } from "../runtime/node/index.ts";
import { median } from "./timing.ts";

/** A call of a step. */
export interface CallTime {
  readonly call: string;
  readonly ms: number;
}

export type Question = { readonly kind: "bits" } | { readonly kind: "run"; readonly seconds: number };

export interface Ran {
  readonly steps: number;
  readonly ms: number;
  /** Where calls are watched: the median time of each. */
  readonly calls?: readonly CallTime[];
}

interface Threaded extends TrainerModule {
  createThreadedTrainer?(options: {
    readonly seed: number;
    readonly threads: number;
    readonly spawn: ReturnType<typeof workersOf>;
  }): Promise<LoadedTrainer>;
  /** Of a trainer that is watched. */
  readonly timesOf?: CallTime[];
}

// the trainer, threads, the built runtime, whose workers are files, and how many classes labels have
const [url, threads, runtime, classes] = process.argv.slice(2) as [string, string, string, string];
const { createTrainer, createThreadedTrainer, timesOf } = (await import(url)) as Threaded;
const trainer =
  createThreadedTrainer === undefined
    ? createTrainer({ seed: 1 })
    : await createThreadedTrainer({
        seed: 1,
        threads: Number(threads),
        spawn: ((await import(runtime)) as { readonly workersOf: typeof workersOf }).workersOf(url),
      });
const batches = batchesFor(trainer, Number(classes)).slice(0, 2);
let at = 0;
const step = (): number => trainer.step(batches[at++ % batches.length]!);

const answers = {
  /** A digest of the state after three steps. */
  bits(): { readonly bits: string } {
    for (let n = 0; n < 3; n++) step();
    return { bits: createHash("sha256").update(trainer.bytes()).digest("hex") };
  },
  /** Steps until the time is over, the one that runs then included; the median time of each call where they are watched. */
  run(seconds: number): Ran {
    timesOf?.splice(0);
    const taken: CallTime[][] = [];
    const began = performance.now();
    let steps = 0;
    for (; steps === 0 || performance.now() - began < 1e3 * seconds; steps++) {
      step();
      if (timesOf !== undefined) taken.push(timesOf.splice(0));
    }
    const ms = performance.now() - began;
    const calls = taken[0]?.map(({ call }, n) => ({ call, ms: median(taken.map((all) => all[n]!.ms)) }));
    return { steps, ms, ...(calls === undefined ? {} : { calls }) };
  },
};

process.on("message", (question: Question) => process.send!(question.kind === "bits" ? answers.bits() : answers.run(question.seconds)));
process.send!("ready");
