/** Guarantees the list of what random programs are run on: a new target is one line in `targets`. */

import { transform } from "esbuild";
import type { AnyTrainer, Batch, Numbers } from "../../compiler/check/emitted.ts";
import type { Float } from "../../compiler/graph/type.ts";
import { createMemory, interpretEntry } from "../../compiler/loop/interpret/index.ts";
import type { Lowered } from "../../compiler/driver/lower.ts";
import { targetOf, type TargetName } from "../../compiler/targets/index.ts";

export interface ProgramTarget {
  readonly name: string;
  /** Storage; what is computed is compared by a bound of this precision. */
  readonly dtype: Float;
  /** Whose schedule it runs. */
  readonly target: TargetName;
  /** The target, further up in the list, whose bits it has to have. */
  readonly bitsOf?: string;
  trainer(lowered: Lowered): AnyTrainer | Promise<AnyTrainer>;
}

export const targets: readonly ProgramTarget[] = [
  { name: "interpreted module", dtype: "f64", target: "typescript", trainer: interpreted },
  { name: "TypeScript f64", dtype: "f64", target: "typescript", trainer: emitted("typescript") },
  { name: "TypeScript f32", dtype: "f32", target: "typescript", trainer: emitted("typescript") },
  { name: "WebAssembly", dtype: "f32", target: "wasm", trainer: emitted("wasm") },
  { name: "its strict twin", dtype: "f32", target: "wasm", bitsOf: "WebAssembly", trainer: emitted("twin") },
];

/** The trainer as it is emitted. A function's text is collected when it is no longer used; a module's never is, and thousands would pile up. */
function emitted(as: TargetName): ProgramTarget["trainer"] {
  return async ({ module, facts }) => {
    const text = (await targetOf(as).emit(module, facts)).text;
    const { code } = await transform(text, { loader: "ts", format: "iife", globalName: "emitted", target: "es2022" });
    const make = new Function(`${code}; return emitted.createTrainer();`) as () => AnyTrainer;
    return make();
  };
}

/** The placed module in double, dead storage poisoned, behind a trainer's face. */
function interpreted({ module, facts }: Lowered): AnyTrainer {
  const memory = createMemory(module);
  const views = (role: string): Record<string, Numbers> =>
    Object.fromEntries(module.buffers.flatMap(({ name, role: own }) => (own === role ? [[name, memory.get(name)!] as const] : [])));
  const call = (entry: string, batch: Batch, count: number): Map<string, Float64Array> => {
    const suffix = module.entries[0]!.name === entry ? "" : `_${entry}`;
    for (const [name, values] of Object.entries(batch)) {
      const slot = memory.get(`${name}${suffix}`); // an entry that does not read an input has none
      slot?.fill(0);
      slot?.set(values);
    }
    memory.get(`live rows${suffix}`)?.fill(count);
    return interpretEntry(module, entry, memory, { precision: "double", poison: true });
  };
  const lossOf = (phase: string, batch: Batch, count: number): number => {
    const { name } = module.entries.find(({ name }) => name === phase)!.results.find(({ kind }) => kind === "loss")!;
    return call(phase, batch, count).get(name)![0]!;
  };
  return {
    step: (batch, count = facts.batch.train) => Object.fromEntries(facts.phases.map((phase) => [phase, lossOf(phase, batch, count)])),
    evaluate: (batch, count = facts.batch.evaluate) =>
      Object.fromEntries([...call("evaluate", batch, count)].map(([name, values]) => [name, values[0]! * count])),
    predict: (batch) => Object.fromEntries(call("predict", batch, facts.batch.predict)),
    parameters: views("parameter"),
    state: views("state"),
  };
}
