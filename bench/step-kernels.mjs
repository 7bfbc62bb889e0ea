/** Guarantees the kernels of a workload's training step, each as a function of nothing, on the arena as a step leaves it. */

import { lowerWorkload } from "./compiled.mjs";
import { batchesFor } from "./data.mjs";

/** `writes`, `reads`: names of buffers; `doc`: what the kernel computes. */
export async function kernelsOf(workload, target, folder, dist, options = {}) {
  const { module, trainer, functions } = await lowerWorkload(workload, target, folder, dist, options); // prettier-ignore
  const entry = module.entries.find(({ name }) => name === "train") ?? module.entries[0];
  const declared = new Map(module.kernels.map((kernel) => [kernel.name, kernel]));
  const slots = new Map(module.slots.map((slot) => [slot.buffer, slot]));
  const calls = entry.calls.filter(({ kind }) => kind === "call");
  const [batch] = batchesFor(trainer);
  for (let n = 0; n < 3; n++) trainer.step(batch);
  const arena = trainer.inputs.x.buffer;
  const distinct = [...new Set(calls.map(({ kernel, args }) => `${kernel} ${args}`))];
  const kernels = calls.map(({ kernel, args }) => {
    const { flops, doc, params } = declared.get(kernel);
    const run = target === "wasm"
      ? () => functions[kernel](...args.map((name) => slots.get(name).offset))
      : functions[distinct.indexOf(`${kernel} ${args}`)];
    const given = (isMeant) => args.filter((_, n) => isMeant(params[n].access));
    return { kernel, flops, run, doc, reads: given((access) => access !== "write"), writes: given((access) => access !== "read") };
  }); // prettier-ignore
  return { kernels, arena };
}
