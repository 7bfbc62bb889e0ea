/** Guarantees emitted trainers for the tests: loaded in process from the text as it is emitted, and the batches they take. */

import type { TrainerModule } from "../../compiler/compile.ts";
import type { Module } from "../../compiler/loop/loop.ts";
import type { Lowered } from "../../compiler/driver/lower.ts";

export type Batch = Readonly<Record<string, Float32Array | Int32Array>>;

/** The exports of a trainer, from the emitted text without prettier. */
export async function loadTrainer({ module, facts, target }: Lowered): Promise<TrainerModule> {
  return (await target.emit(module, facts)).load<TrainerModule>();
}

/** The batch that an entry finds in memory, under the names that callers give. */
export function batchOf(module: Module, entry: string, memory: ReadonlyMap<string, Float64Array>): Batch {
  const found = module.entries.find(({ name }) => name === entry)!;
  const suffix = found === module.entries[0] ? "" : `_${entry}`;
  const isGiven = (name: string, shape: readonly number[]): boolean => shape.length > 0 || name === `position${suffix}`; // not the count
  const inputs = module.buffers.filter(({ name, role, shape }) => role === "input" && isGiven(name, shape) && found.buffers.includes(name));
  return Object.fromEntries(
    inputs.map(({ name, dtype }) => {
      const values = memory.get(name)!;
      const given = name.slice(0, name.length - suffix.length);
      return [given, dtype === "i32" ? Int32Array.from(values) : Float32Array.from(values)];
    }),
  );
}
