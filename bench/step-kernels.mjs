/** Guarantees the kernels of a workload's training step, each as a function of nothing, and the arena as a step brings it to each of them. */

import { lowerWorkload } from "./compiled.mjs";
import { batchesFor } from "./data.mjs";

/** `writes`, `reads`: names of buffers; `doc`: what the kernel computes; `prepare`: puts in the arena what a step has there when it comes to the kernel. */
export async function kernelsOf(workload, target, folder, dist, options = {}) {
  const { module, trainer, functions } = await lowerWorkload(workload, target, folder, dist, options);
  const entry = module.entries.find(({ name }) => name === "train") ?? module.entries[0];
  const declared = new Map(module.kernels.map((kernel) => [kernel.name, kernel]));
  const slots = new Map(module.slots.map((slot) => [slot.buffer, slot]));
  const calls = entry.calls.filter(({ kind }) => kind !== "let");
  const [batch] = batchesFor(trainer);
  for (let n = 0; n < 3; n++) trainer.step(batch);
  const arena = trainer.inputs.x.buffer;
  const begun = new Uint8Array(arena).slice();
  const [floats, integers] = [new Float32Array(arena), new Int32Array(arena)];
  const keyOf = ({ kernel, args }) => `${kernel} ${args}`;
  const distinct = [...new Set(calls.filter(({ kind }) => kind === "call").map(keyOf))];
  const prepare = (until) => {
    new Uint8Array(arena).set(begun);
    for (const [name, values] of Object.entries(batch)) trainer.inputs[name].set(values);
    if (slots.has("live rows")) integers[slots.get("live rows").offset / 4] = trainer.batch.train;
    for (const one of steps.slice(0, until)) one.run();
  };
  const steps = calls.map(({ kind, buffer, kernel, args }, n) => {
    // a rate, say: any small number takes as long
    if (kind === "store") return { run: () => void (floats[slots.get(buffer).offset / 4] = 1e-3) };
    const { flops, doc, params } = declared.get(kernel);
    const run =
      target === "wasm"
        ? () => functions[kernel](...args.map((name) => slots.get(name).offset))
        : functions[distinct.indexOf(keyOf({ kernel, args }))];
    const given = (isMeant) => args.filter((_, n) => isMeant(params[n].access));
    return {
      kernel,
      flops,
      run,
      doc,
      prepare: () => prepare(n),
      reads: given((access) => access !== "write"),
      writes: given((access) => access !== "read"),
    };
  });
  return { kernels: steps.filter(({ kernel }) => kernel !== undefined), arena };
}
