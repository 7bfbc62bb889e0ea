/** Trains the nets of nets.py for a few steps and writes their weights in PyTorch's layout, with inputs and predictions, for back.py: `tsx interop/weights/back.ts <folder>`. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile, load } from "../../compiler/index.ts";
import { saveWeights, writeSafetensors } from "../../runtime/index.ts";
import { IMAGES, images, sequences } from "../../test/weights/nets.ts";

const [folder] = process.argv.slice(2) as [string];
mkdirSync(folder, { recursive: true });
for (const [name, model, rename] of [
  ["images", images, IMAGES],
  ["sequences", sequences, {}],
] as const) {
  const trainer = (await load(await compile(model, { effort: "none", batch: 4 }))).createTrainer({ seed: 2 });
  const isPictures = name === "images";
  const given = isPictures
    ? Float32Array.from({ length: 4 * 3 * 36 }, (_, n) => Math.sin(n * 1.3))
    : Int32Array.from({ length: 4 * 7 }, (_, n) => (n * 5) % 11);
  const key = Object.keys(trainer.inputs).find((one) => trainer.inputs[one]!.length === given.length)!;
  const other = Object.keys(trainer.inputs).find((one) => one !== key)!;
  const target = trainer.inputs[other]!.slice().map((_, n) => n % 3);
  for (let n = 0; n < 3; n++) trainer.step({ [key]: given, [other]: target });
  const { scores } = trainer.predict({ [key]: given });
  writeFileSync(join(folder, `${name}.safetensors`), saveWeights(trainer, { layout: "pytorch", rename }));
  const shape = isPictures ? [4, 3, 6, 6] : [4, 7];
  const tensor = (of: string, dims: readonly number[], values: Float32Array | Int32Array) => ({
    name: of,
    dtype: values instanceof Int32Array ? "I32" : "F32",
    shape: dims,
    bytes: new Uint8Array(values.slice().buffer),
  });
  writeFileSync(
    join(folder, `${name}.expected.safetensors`),
    writeSafetensors({
      tensors: [tensor("given", shape, given), tensor("expected", [4, scores!.length / 4], scores as Float32Array)],
      metadata: {},
    }),
  );
}
