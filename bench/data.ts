/** Batches alike on every machine: ten noisy classes of mostly dark pixels, as in MNIST, without its files. */

import type { LoadedTrainer } from "../compiler/compile.ts";

const BATCHES = 8;

export type Batch = Readonly<Record<string, Float32Array | Int32Array>>;

/** Fills as many batches as are taken in turns, each with the inputs the trainer names; labels are below `classes`. */
export function batchesFor(trainer: Pick<LoadedTrainer, "batch" | "inputs">, classes = 10): readonly Batch[] {
  const random = uniform(20240229);
  const rows = trainer.batch.train;
  const floats = Object.entries(trainer.inputs).filter(([, view]) => view instanceof Float32Array);
  const prototypes = new Map(
    floats.map(([name, view]) => [
      name,
      Float32Array.from({ length: (classes * view.length) / rows }, () => (random() < 0.2 ? random() : 0)),
    ]),
  );
  return Array.from({ length: BATCHES }, () => {
    const labels = Int32Array.from({ length: rows }, () => Math.floor(random() * classes));
    const named = Object.entries(trainer.inputs).map(([name, view]): [string, Batch[string]] => {
      if (view instanceof Int32Array) return [name, view.length === rows ? labels : view.map(() => Math.floor(random() * classes))];
      const width = view.length / rows;
      const prototype = prototypes.get(name)!;
      const pixel = (n: number): number => prototype[labels[Math.floor(n / width)]! * width + (n % width)]! * (0.5 + 0.5 * random());
      return [name, Float32Array.from({ length: view.length }, (_, n) => pixel(n))];
    });
    return Object.fromEntries(named);
  });
}

/** mulberry32: numbers in [0, 1) from 32 bits of state. */
export function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
}
