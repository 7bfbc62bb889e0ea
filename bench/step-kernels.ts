/** The kernels of a workload's training step, each as a function of nothing, and the arena as a step brings it to each of them. */

import type { CompileOptions } from "../compiler/index.ts";
import { lowerWorkload, type LoweredWorkload, type Target } from "./compiled.ts";
import { batchesFor } from "./data.ts";

export interface StepKernel {
  readonly kernel: string;
  readonly flops: number;
  /** What it computes, in the words of the graph. */
  readonly doc: readonly string[];
  /** Names of its values; of a copy, the value that it is made for. */
  readonly serves: readonly string[];
  /** Names of buffers. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly run: () => void;
  /** Puts in the arena what a step has there when it comes to the kernel. */
  readonly prepare: () => void;
}

/** Every kernel of the step in order, and the arena's memory. */
export async function kernelsOf(
  workload: string,
  target: Target,
  folder: string,
  dist: string,
  options: Pick<CompileOptions, "winograd"> = {},
): Promise<{ readonly kernels: readonly StepKernel[]; readonly arena: ArrayBufferLike }> {
  return stepKernels(await lowerWorkload(workload, target, folder, dist, options), target);
}

/** The same of what is lowered already; labels are below `classes`. */
export function stepKernels(
  { module, trainer, functions }: LoweredWorkload,
  target: Target,
  classes = 10,
): { readonly kernels: readonly StepKernel[]; readonly arena: ArrayBufferLike } {
  const entry = module.entries.find(({ name }) => name === "train") ?? module.entries[0]!;
  const declared = new Map(module.kernels.map((kernel) => [kernel.name, kernel]));
  const slots = new Map(module.slots.map((slot) => [slot.buffer, slot]));
  const calls = entry.calls.filter((call) => call.kind !== "let");
  const batch = batchesFor(trainer, classes)[0]!;
  for (let n = 0; n < 3; n++) trainer.step(batch);
  const arena = Object.values(trainer.inputs)[0]!.buffer;
  const begun = new Uint8Array(arena).slice();
  const [floats, integers] = [new Float32Array(arena), new Int32Array(arena)];
  const keyOf = ({ kernel, args }: { readonly kernel: string; readonly args: readonly string[] }): string => `${kernel} ${args.join()}`;
  const distinct = [...new Set(calls.filter((call) => call.kind === "call").map(keyOf))];
  const offsetOf = (name: string): number => slots.get(name)!.offset;
  const prepare = (until: number): void => {
    new Uint8Array(arena).set(begun);
    for (const [name, values] of Object.entries(batch)) trainer.inputs[name]!.set(values);
    if (slots.has("live rows")) integers[offsetOf("live rows") / 4] = trainer.batch.train;
    for (const one of steps.slice(0, until)) one.run();
  };
  const steps = calls.map((call, n): StepKernel | { readonly run: () => void } => {
    // a rate, say: any small number takes as long
    if (call.kind === "store") return { run: () => void (floats[offsetOf(call.buffer) / 4] = 1e-3) };
    const { kernel, args } = call;
    const { flops, params } = declared.get(kernel)!;
    const run = target === "wasm" ? () => functions[kernel]!(...args.map(offsetOf)) : functions[distinct.indexOf(keyOf(call))]!;
    const given = (isMeant: (access: "read" | "write" | "update") => boolean): string[] =>
      args.filter((_, at) => isMeant(params[at]!.access));
    return {
      kernel,
      flops,
      run,
      doc: call.doc.map(({ maths }) => maths),
      serves: call.doc.map(({ node, role }) => / for (\S+)$/.exec(role)?.[1] ?? node),
      prepare: () => prepare(n),
      reads: given((access) => access !== "write"),
      writes: given((access) => access !== "read"),
    };
  });
  return { kernels: steps.filter((step) => "kernel" in step), arena };
}
