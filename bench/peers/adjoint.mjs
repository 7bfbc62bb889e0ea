/** Guarantees a compiled trainer as a contender, from the workload's weights; batches are copied and checked inside the step. */

import { pathToFileURL } from "node:url";

export async function build({ parameters, batches }, file) {
  const { createTrainer } = await import(pathToFileURL(file).href);
  const trainer = createTrainer({ seed: 1 });
  const fresh = trainer.bytes();
  const restore = () => {
    trainer.restore(fresh);
    for (const { name, values } of parameters) trainer.parameters[name].set(values);
  };
  restore();
  const step = (n) => trainer.step(batches[n % batches.length]);
  return { version: "adjoint", restore, step };
}
