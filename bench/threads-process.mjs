/** A trainer in a process of its own, on as many threads as are asked for: says when it is ready, and answers messages of bench/threads.mjs. */

import { createHash } from "node:crypto";
import { workersOf } from "../dist/runtime-node.js";
import { batchesFor } from "./data.mjs";
import { median } from "./timing.mjs";

const [, , url, threads] = process.argv;
const { createTrainer, createThreadedTrainer, timesOf } = await import(url);
const trainer =
  createThreadedTrainer === undefined
    ? createTrainer({ seed: 1 })
    : await createThreadedTrainer({ seed: 1, threads: Number(threads), spawn: workersOf(url) });
const batches = batchesFor(trainer).slice(0, 2);
let at = 0;
const step = () => trainer.step(batches[at++ % batches.length]);

const answers = {
  /** A digest of the state after three steps. */
  bits() {
    for (let n = 0; n < 3; n++) step();
    return { bits: createHash("sha256").update(trainer.bytes()).digest("hex") };
  },
  /** Steps until the time is over, the one that runs then included; the median time of each call where they are watched. */
  run({ seconds }) {
    timesOf?.splice(0);
    const taken = [];
    const began = performance.now();
    let steps = 0;
    for (; steps === 0 || performance.now() - began < 1e3 * seconds; steps++) {
      step();
      if (timesOf !== undefined) taken.push(timesOf.splice(0));
    }
    const ms = performance.now() - began;
    const calls = taken[0]?.map(({ call }, n) => ({ call, ms: median(taken.map((all) => all[n].ms)) }));
    return { steps, ms, calls };
  },
};

process.on("message", (message) => process.send(answers[message.kind](message)));
process.send("ready");
