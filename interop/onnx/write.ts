/**
 * Writes every model of models/ as ONNX, with inputs and what its trainer predicts of them, for check.py: `tsx interop/onnx/write.ts <folder>`; with
 * STRANGERS=30 in the environment as many models as test/strangers draws instead.
 */

import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile, load } from "../../compiler/compile.ts";
import { exportModel } from "../../compiler/export.ts";
import type { Model } from "../../compiler/index.ts";
import { traceOf } from "../../compiler/driver/entries.ts";
import { reachable } from "../../compiler/graph/walk.ts";
import { sizeOf } from "../../compiler/graph/type.ts";
import { randomBits } from "../../compiler/loop/random.ts";
import { modelOf } from "../../test/strangers/compiled.ts";
import { stranger } from "../../test/strangers/families.ts";

const [folder, ...only] = process.argv.slice(2) as [string, ...string[]];
const root = new URL("../../", import.meta.url);
mkdirSync(folder, { recursive: true });

const strangers = Number(process.env["STRANGERS"] ?? 0);
for (let n = 0; n < strangers; n++) {
  const drawn = stranger(31, n);
  await write(`${drawn.name}-${n}`, modelOf(drawn));
}
for (const file of strangers > 0 ? [] : readdirSync(new URL("models/", root))) {
  const name = file.replace(".ts", "");
  if (only.length > 0 && !only.includes(name)) continue;
  await write(name, ((await import(new URL(`models/${file}`, root).href)) as { default: Model }).default);
}

async function write(name: string, model: Model): Promise<void> {
  const { createTrainer } = await load(await compile(model, { effort: "none" }));
  const trainer = createTrainer({ seed: 1 });
  // nothing is as it begins: running statistics, biases, scales
  for (const [key, values] of [...Object.entries(trainer.parameters), ...Object.entries(trainer.state)])
    if (values.length > 1 && values.every((value) => value === values[0]))
      for (let n = 0; n < values.length; n++) values[n]! += 0.1 * Math.sin(n + key.length);
  const { bytes, open } = exportModel(model, { to: "onnx", weights: { ...trainer.parameters, ...trainer.state } });
  writeFileSync(join(folder, `${name}.onnx`), bytes);
  const { graph } = traceOf(model, "predict", {});
  const live = reachable(graph);
  const given: Record<string, Float32Array | Int32Array> = {};
  const fed: Record<string, { shape: readonly number[]; integers: boolean; data: number[] }> = {};
  graph.nodes.forEach(({ op, name: own, type: { dtype, shape }, attrs }, at) => {
    if (!live[at] || (op !== "input" && op !== "randomBits")) return;
    const length = sizeOf(shape);
    const values =
      op === "randomBits"
        ? Int32Array.from({ length }, (_, n) => randomBits(trainer.state["random"]![0]!, attrs["stream"] as number, n))
        : dtype === "i32"
          ? Int32Array.from({ length }, (_, n) => (n * 7) % ((attrs["classes"] as number | undefined) ?? 5))
          : Float32Array.from({ length }, (_, n) => Math.sin(n * 1.7));
    if (op === "input") given[own] = values;
    fed[graph.results.some((result) => result.kind === "output" && result.name === own) ? `${own}.before` : own] = {
      shape,
      integers: dtype === "i32",
      data: [...values],
    };
  });
  const outputs = Object.fromEntries(Object.entries(trainer.predict(given)).map(([key, values]) => [key, [...values]]));
  writeFileSync(join(folder, `${name}.json`), JSON.stringify({ fed, outputs, open }));
  console.log(`${name}: ${bytes.length} bytes`);
}
