/**
 * Adapters of here in PEFT, and of PEFT here: `tsx interop/weights/adapters.ts <folder>` trains adapters and writes their file, and what the trainer predicts
 * with and without them merged, for adapters.py; `… <folder> back` reads those that adapters.py trained, and holds predictions to PyTorch's.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile, load } from "../../compiler/index.ts";
import { loadAdapters, loadWeights, mergeAdapters, readWeights, saveAdapters, saveWeights } from "../../runtime/index.ts";
import { adapted, pictures, ROWS } from "../../test/weights/adapted.ts";

const [folder, way] = process.argv.slice(2) as [string, string?];
mkdirSync(folder, { recursive: true });
const trainer = (await load(await compile(adapted, { effort: "none" }))).createTrainer({ seed: 3 });
const x = pictures();
const scores = (): readonly number[] => [...trainer.predict({ x: x.subarray(0, x.length / ROWS) }).scores!]; // of the first row
const file = (name: string): string => join(folder, name);

if (way === "back") {
  const { given, whole } = JSON.parse(readFileSync(file("back.json"), "utf8")) as { given: readonly number[]; whole: readonly number[] };
  loadWeights(trainer, readWeights(readFileSync(file("base.safetensors"))), { layout: "pytorch", strict: false });
  const bytes = readFileSync(file("back/adapter_model.safetensors"));
  const { loaded } = loadAdapters(trainer, readWeights(bytes));
  const off = (expected: readonly number[]): number =>
    Math.max(...scores().map((value, n) => Math.abs(value - expected[n]!))) / Math.max(...expected.map(Math.abs));
  const apart = off(given);
  mergeAdapters(trainer);
  const merged = off(whole);
  console.log(`${loaded.length} tensors of PEFT's: ${apart.toExponential(1)} of the largest output, merged ${merged.toExponential(1)}`);
  if (!(apart <= 1e-5 && merged <= 1e-5)) process.exitCode = 1;
} else {
  for (let n = 0; n < 5; n++) trainer.step({ x, y: Int32Array.from({ length: ROWS }, (_, row) => row % 3) });
  mkdirSync(file("here"), { recursive: true });
  writeFileSync(file("base.safetensors"), saveWeights(trainer, { layout: "pytorch" }));
  writeFileSync(file("here/adapter_model.safetensors"), saveAdapters(trainer));
  const given = scores();
  mergeAdapters(trainer);
  writeFileSync(file("here.json"), JSON.stringify({ x: [...x], given, whole: scores() }));
}
