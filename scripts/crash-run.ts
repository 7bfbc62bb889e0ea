/** One checkpointed training run of linear-softmax, for scripts/crash.ts to kill: it says on stdout what it does as it does it. */

import { createHash } from "node:crypto";
import { writeSync } from "node:fs";
import * as trainerModule from "../generated/linear-softmax/trainer.ts";
import { fit } from "../runtime/index.ts";
import { checkpointFolder } from "../runtime/node/index.ts";

const [folder, stepsBetween, lastStep] = process.argv.slice(2);
const ROWS = 640;
const EPOCHS = 40;

/** At once and unbuffered: a line that was written survives the kill. */
const say = (line: string): void => void writeSync(1, `${line}\n`);

/** Pixels about a pattern of each class, from a linear congruential generator. */
function smallSet(): { readonly x: Float32Array; readonly y: Int32Array } {
  let bits = 1;
  const next = (): number => (bits = (Math.imul(bits, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const y = Int32Array.from({ length: ROWS }, (_, row) => row % 10);
  const x = Float32Array.from({ length: ROWS * 784 }, (_, i) => (i % 10 === y[Math.floor(i / 784)] ? 0.2 : 0) + 0.8 * next());
  return { x, y };
}

const store = await checkpointFolder(folder!);
const told: typeof store = {
  ...store,
  async write(name, bytes) {
    say("writing");
    await store.write(name, bytes);
    say(`saved ${trainer.stepCount}`);
  },
};
const trainer = trainerModule.createTrainer({ seed: 3 });
let begun = false;
const { epochs, note } = await fit(trainer, smallSet(), {
  epochs: EPOCHS,
  shuffle: { seed: 11 },
  checkpoint: { store: told, tables: trainerModule, every: { steps: Number(stepsBetween) } },
  callbacks: {
    onStep() {
      if (!begun) say(`resumed ${trainer.stepCount - 1}`);
      begun = true;
      say(`step ${trainer.stepCount}`);
      if (trainer.stepCount === Number(lastStep)) process.kill(process.pid, "SIGKILL");
    },
  },
});
if (!begun) say(`resumed ${trainer.stepCount}`);
if (note !== undefined) say(`note ${note}`);
const hash = createHash("sha256").update(trainer.bytes()).update(JSON.stringify(epochs));
say(`done ${hash.digest("hex")}`);
