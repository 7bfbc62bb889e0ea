/** Short seeded runs of a real trainer that can be stopped before any step, and stores to go on from. */

import { createHash } from "node:crypto";
import { expect } from "vitest";
import * as softmax from "../../generated/linear-softmax/trainer.ts";
import { fit, flip, type CheckpointStore, type FitOptions } from "../../runtime/index.ts";

export type Options = FitOptions<softmax.Trainer>;

/** Seeded blobs: 784 pixels about a class's own pattern. */
function blobs(n: number) {
  let bits = 12345;
  const next = () => (bits = (Math.imul(bits, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const y = Int32Array.from({ length: n }, (_, row) => row % 10);
  const x = Float32Array.from({ length: n * 784 }, (_, i) => (i % 10 === y[Math.floor(i / 784)] ? 0.5 : 0) + 0.5 * next());
  return { x, y };
}
export const DATA = blobs(150);
const VALIDATION = blobs(40);
/** 150 rows in batches of 40: 4 steps an epoch, the last of 30 rows. */
export const OPTIONS = {
  epochs: 3,
  batchSize: 40,
  shuffle: { seed: 5 },
  validation: VALIDATION,
  augment: ({ x }, at) => flip(x, [1, 28, 28], at),
} satisfies Options;

/** A store in memory; `files` is what it holds. */
export function memory(files = new Map<string, Uint8Array>()): CheckpointStore & { readonly files: Map<string, Uint8Array> } {
  return {
    files,
    write: async (name, bytes) => void files.set(name, bytes.slice()),
    read: async (name) => files.get(name)!,
    list: async () => [...files.keys()],
    remove: async (name) => void files.delete(name),
  };
}
export const nameOf = (number: number) => `checkpoint-${String(number).padStart(6, "0")}.safetensors`;

/** Trains a fresh trainer; the hash of its bytes, and its history. */
export async function run(options: Options) {
  const trainer = softmax.createTrainer({ seed: 2 });
  const history = await fit(trainer, DATA, options);
  return { hash: createHash("sha256").update(trainer.bytes()).digest("hex"), history };
}
/** The same, killed after so many steps of this call. */
export async function killed(steps: number, options: Options) {
  let taken = 0;
  const onStep = () => {
    if (++taken === steps) throw new Error("killed");
  };
  await expect(run({ ...options, callbacks: { onStep } })).rejects.toThrowError("killed");
}
