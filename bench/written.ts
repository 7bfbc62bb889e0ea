/** What every contender of a workload is given, as files: first weights, and batches. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { TrainerModule } from "../compiler/compile.ts";
import type { Manifest, Stored } from "./contender-files.ts";
import { batchesFor, type Batch } from "./data.ts";
import type { Spec } from "./workloads/specs.ts";

/** Initial weights of the trainer itself, and batches, as bytes that every peer reads. */
export async function writeWorkload(spec: Spec, file: string, dir: string): Promise<void> {
  const { createTrainer, PARAMETERS } = (await import(pathToFileURL(file).href)) as TrainerModule;
  const trainer = createTrainer({ seed: 1 });
  const chunks: Buffer[] = [];
  let offset = 0;
  const put = (view: Float32Array | Float64Array | Int32Array, shape: readonly number[]): Stored => {
    const entry: Stored = { shape, dtype: view instanceof Int32Array ? "i32" : "f32", offset };
    chunks.push(Buffer.from(view.buffer, view.byteOffset, view.byteLength));
    offset += view.byteLength;
    return entry;
  };
  // at Glorot's bound 512 turns part the losses by rounding alone: PyTorch's own, 1/√width
  const bound = spec.program === "rnn" ? 1 / Math.sqrt(3) : 1;
  const parameters = PARAMETERS.map(({ name, shape }) => ({
    name,
    ...put(
      trainer.parameters[name]!.map((value) => value * bound),
      shape,
    ),
  }));
  const fed = batchesFor(trainer, spec.classes).slice(0, spec.batch * trainer.inputs["x"]!.length > 1e7 ? 2 : 8);
  if (spec.loss === "mse") for (const batch of fed) (spec.program === "rnn" ? addTwo : bend)(batch, spec);
  const batches = fed.map(({ x, y }) => ({
    x: put(x!, [spec.batch, ...spec.input]),
    y: put(y!, [spec.batch, ...(spec.target ?? [])]),
  }));
  writeFileSync(join(dir, "data.bin"), Buffer.concat(chunks));
  writeFileSync(join(dir, "manifest.json"), JSON.stringify({ spec, parameters, batches } satisfies Manifest));
}

/** A smooth function of two numbers. */
function bend({ x, y }: Batch): void {
  y!.forEach((_, n) => (y![n] = Math.sin(3 * x![2 * n]!) * x![2 * n + 1]!));
}

/** The adding problem: numbers below 1 by twos with a mark, two of which are marked, one in each half; their sum. */
function addTwo({ x, y }: Batch, { batch, input: [steps] }: Spec): void {
  for (let row = 0; row < batch; row++) {
    const at = row * steps! * 2;
    for (let t = 0; t < steps!; t++) [x![at + 2 * t], x![at + 2 * t + 1]] = [((row * steps! + t) * 0.618033988749895) % 1, 0];
    const marked = [(37 * row) % (steps! / 2), steps! / 2 + ((53 * row) % (steps! / 2))].map((t) => at + 2 * t);
    for (const one of marked) x![one + 1] = 1;
    y![row] = marked.reduce((sum, one) => sum + x![one]!, 0);
  }
}
