/** Holds gradients of imported nets to PyTorch's, which gradients.py wrote: `tsx interop/onnx/gradients.ts <folder> [names]`. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { lower } from "../../compiler/driver/lower.ts";
import { importOnnx } from "../../compiler/imports/onnx/index.ts";
import { readSafetensors } from "../../runtime/index.ts";
import { modelOf } from "../imported.ts";

interface Gradients {
  readonly parameters: Readonly<Record<string, Float64Array>>;
  readonly state?: Readonly<Record<string, Float64Array>>;
  gradients(batch: object): { readonly loss: number; readonly parameters: Readonly<Record<string, Float64Array>> };
}

const [folder, ...only] = process.argv.slice(2) as [string, ...string[]];
const ENDING = ".gradients.safetensors";
const files = readdirSync(folder).filter((file) => file.endsWith(ENDING));

console.log("| file | tensors | elements | loss | largest ‖Δ‖∞ / ‖g‖∞ of a tensor | of |\n| --- | --- | --- | --- | --- | --- |");
for (const file of files) {
  const name = file.replace(ENDING, "");
  if (only.length > 0 && !only.includes(name)) continue;
  const held = new Map(
    readSafetensors(readFileSync(join(folder, file)), file).tensors.map(({ name: own, dtype, bytes }) => {
      const copy = Uint8Array.from(bytes).buffer;
      return [own, dtype === "F64" ? new Float64Array(copy) : dtype === "I32" ? new Int32Array(copy) : new Float32Array(copy)] as const;
    }),
  );
  const imported = importOnnx(readFileSync(join(folder, `${name}.training.onnx`)), { name, file });
  const { model } = await modelOf(imported, `${name}.gradients`, join(folder, "source"));
  const { module, facts, target } = await lower(model, { batch: 2, dtype: "f64" }, "gradients");
  const emitted = await target.emit(module, facts, "gradients");
  const { createGradients } = await emitted.load<{ createGradients(given: object): Gradients }>();
  const made = createGradients(emitted.given);
  for (const { name: own, values } of imported.weights) (made.parameters[own] ?? made.state?.[own])!.set(Float64Array.from(values));
  const { loss, parameters } = made.gradients({ x: Float64Array.from(held.get("x")!), y: Int32Array.from(held.get("y")!) });
  const most = (values: ArrayLike<number>): number => {
    let largest = 0;
    for (let n = 0; n < values.length; n++) largest = Math.max(largest, Math.abs(values[n]!));
    return largest;
  };
  const rows = Object.entries(parameters).map(([own, gradient]) => {
    const theirs = held.get(own);
    if (theirs?.length !== gradient.length) throw new Error(`${name}: PyTorch has no gradient of ${own}`);
    return { own, off: most(gradient.map((value, n) => value - theirs[n]!)) / most(theirs) };
  });
  const worst = rows.reduce((a, b) => (b.off > a.off ? b : a));
  const elements = Object.values(parameters).reduce((sum, { length }) => sum + length, 0);
  const same = Math.abs(loss / held.get("loss")![0]! - 1);
  console.log(
    `| ${name} | ${rows.length} | ${elements.toLocaleString("en-US")} | ${same.toExponential(1)} | ${worst.off.toExponential(1)} | ${worst.own} |`,
  );
  if (!(worst.off <= 1e-6) || !(same <= 1e-9)) process.exitCode = 1;
}
