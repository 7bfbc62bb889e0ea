/**
 * Writes every model of models/, or the named ones, as a program in JAX and as a step in ONNX, with batches and what its trainer makes of them in both precisions,
 * for check.py, devices.py and ../onnx/steps.py:
 * `tsx interop/jax/write.ts <folder> [models…]`.
 */

import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import { compile, load, type LoadedTrainer } from "../../compiler/compile.ts";
import type { AnyGradients } from "../../compiler/check/emitted.ts";
import { exportProgram } from "../../compiler/export.ts";
import type { Model } from "../../compiler/index.ts";
import { traceOf } from "../../compiler/driver/entries.ts";
import { randomBits } from "../../compiler/loop/random.ts";
import { sizeOf } from "../../compiler/graph/type.ts";
import { writeSafetensors, type Tensor } from "../../runtime/safetensors.ts";

const [folder, ...only] = process.argv.slice(2) as [string, ...string[]];
const root = new URL("../../", import.meta.url);
const SEED = 1;
const STEPS = { f64: 10, f32: 5 } as const;
/** Rows of a batch, at most: what is judged needs no more. */
const ROWS = 16;
mkdirSync(folder, { recursive: true });

type Numbers = Float32Array | Float64Array | Int32Array;
const KINDS = { Float32Array: "F32", Float64Array: "F64", Int32Array: "I32" } as const;

/** Of the repository, and those that are only judged here, where they are asked for. */
const FOLDERS = ["models/", "interop/jax/models/"] as const;

for (const path of FOLDERS.flatMap((at) => readdirSync(new URL(at, root)).map((file) => at + file))) {
  const name = basename(path, ".ts");
  if (only.length > 0 ? !only.includes(name) : !path.startsWith(FOLDERS[0])) continue;
  const { default: model } = (await import(new URL(path, root).href)) as { default: Model };
  const source = { path, text: readFileSync(new URL(path, root), "utf8") };
  const batch = Math.min(ROWS, model.batch.train);
  writeFileSync(join(folder, `${name}.py`), await exportProgram(model, { to: "jax", entries: ["gradients"], source, batch }));
  writeFileSync(join(folder, `${name}.onnx`), await exportProgram(model, { to: "onnx-step", source, batch }));
  // float64 stands in a file of its own: of large nets both would be longer than a file may be
  const files = { f32: [] as Tensor[], f64: [] as Tensor[] };
  const put = (key: string, values: Numbers, shape: readonly number[] = [values.length]): void => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
    files[key.startsWith("f64 ") ? "f64" : "f32"].push({
      name: key,
      dtype: KINDS[values.constructor.name as keyof typeof KINDS],
      shape,
      bytes,
    });
  };
  // batches whose floats are float32 values, from 0 to 1
  const { graph } = traceOf(model, "train", { batch });
  const batches = Array.from({ length: STEPS.f64 }, (_, step) =>
    Object.fromEntries(
      graph.nodes.flatMap(({ op, name: own, type: { dtype, shape }, attrs }): [string, Numbers][] => {
        if (op !== "input") return [];
        const length = sizeOf(shape);
        // no pattern: where values repeat, maxima of pools tie, and engines differ in what they round to which side
        const at = (n: number): number => Math.fround(randomBits(step, own.length, n) / 2 ** 32 + 0.5);
        const classes = (attrs["classes"] as number | undefined) ?? 5;
        const values =
          dtype === "i32"
            ? Int32Array.from({ length }, (_, n) => Math.floor(at(n) * 0.9999 * classes))
            : Float32Array.from({ length }, (_, n) => at(n));
        if (step < STEPS.f64) put(`batch ${step} ${own}`, values, shape);
        return [[own, values]];
      }),
    ),
  );
  for (const dtype of ["f64", "f32"] as const) {
    const compiled = await compile(model, { dtype, batch, effort: "none", entries: ["gradients"] });
    const trainer = (await load(compiled)).createTrainer({ seed: SEED });
    const kept = (t: LoadedTrainer, when: string): void => {
      for (const [key, values] of [...Object.entries(t.parameters), ...Object.entries(t.state)])
        put(`${dtype} ${when} ${key}`, values.slice());
    };
    const taken = (n: number): Record<string, Numbers> =>
      Object.fromEntries(
        Object.entries(batches[n]!).map(([key, values]) => [
          key,
          dtype === "f64" && values instanceof Float32Array ? Float64Array.from(values) : values,
        ]),
      );
    kept(trainer, "first");
    const { createGradients } = await load<{ createGradients(options: { seed: number }): AnyGradients }>(compiled, "gradients.ts");
    const { parameters, inputs } = createGradients({ seed: SEED }).gradients(taken(0));
    for (const [key, values] of Object.entries(parameters)) put(`${dtype} gradient parameter:${key}`, values.slice());
    for (const [key, values] of Object.entries(inputs)) put(`${dtype} gradient input:${key}`, values.slice());
    const losses = Array.from({ length: STEPS[dtype] }, (_, n) => {
      const loss = trainer.step(taken(n)) as unknown as number | Record<string, number>;
      // by name: jit gives dicts back in that order
      return typeof loss === "number"
        ? [loss]
        : Object.keys(loss)
            .toSorted()
            .map((phase) => loss[phase]!);
    });
    put(`${dtype} losses`, Float64Array.from(losses.flat()), [losses.length, losses[0]!.length]);
    if (dtype === "f64") kept(trainer, "last");
  }
  writeTensors(`${name}.safetensors`, files.f32);
  writeTensors(`${name}.f64.safetensors`, files.f64);
  console.log(name);
}

/** In parts: one call writes no more than 2 GiB. */
function writeTensors(name: string, tensors: readonly Tensor[]): void {
  const bytes = writeSafetensors({ tensors, metadata: {} });
  const file = openSync(join(folder, name), "w");
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, Math.min(2 ** 30, bytes.length - at));
  closeSync(file);
}
