/** Guarantees every model of models/ lowered for the tests, once a file and option. */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sizeOf } from "../../compiler/graph/type.ts";
import { createMemory, type Memory } from "../../compiler/loop/interpret/index.ts";
import type { Buffer, Module } from "../../compiler/loop/loop.ts";
import { lower, type Lowered } from "../../compiler/driver/lower.ts";
import type { CompileOptions } from "../../compiler/driver/options.ts";
import type { Model } from "../../compiler/model/declaration.ts";
import { randomFrom } from "./sample.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Names of the models: the stems of their files. */
export const modelNames: readonly string[] = readdirSync(`${root}models`)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -3))
  .sort();

/** Floating-point operations of a step that a test may run or print at its shipped size. */
const LIGHT = 1e8;

/** The models whose steps are light enough to test at their shipped size; the others are tested in small. */
export const lightModelNames: readonly string[] = modelNames.filter((name) => {
  const trainer = readFileSync(`${root}generated/${name}/trainer.ts`, "utf8");
  const [, operations = ""] = /([\d,]+) FLOPs a step/.exec(trainer)!;
  return Number(operations.replaceAll(",", "")) <= LIGHT;
});

export const modelText = (name: string): string => readFileSync(`${root}models/${name}.ts`, "utf8");

export async function modelOf(name: string): Promise<Model> {
  const exports = (await import(/* @vite-ignore */ `${root}models/${name}.ts`)) as { default: Model };
  return exports.default;
}

/** A model of models/ through the whole pipeline. */
export async function lowered(name: string, options: CompileOptions = {}, kind: "trainer" | "gradients" = "trainer"): Promise<Lowered> {
  const source = { path: `models/${name}.ts`, text: modelText(name) };
  return lower(await modelOf(name), { source, ...options }, kind);
}

/** Storage with random weights and batches, all rows real; labels name classes. */
export function memoryOf(module: Module, seed: number): Memory {
  const random = randomFrom(seed);
  const memory = createMemory(module);
  const rowsOf = (buffers: readonly Buffer[]): number | undefined =>
    buffers.find(({ role, shape }) => role === "input" && shape.length > 0)?.shape[0];
  const rows = new Map(
    module.entries
      .map((entry) => {
        const inputs = module.buffers.filter(({ name, role }) => role === "input" && entry.buffers.includes(name));
        // a phase that draws all it takes has as many rows as the others
        const n = rowsOf(inputs) ?? rowsOf(module.buffers) ?? 1;
        return inputs.map(({ name }) => [name, n] as const);
      })
      .flat(),
  );
  for (const { name, role, shape, classes, dtype, initial } of module.buffers) {
    const values = memory.get(name)!;
    if (role === "input" && shape.length === 0 && dtype === "i32") values.fill(rows.get(name)!);
    else if (role === "input")
      values.forEach((_, n) => (values[n] = classes === undefined ? Math.fround(random() * 2 - 1) : Math.floor(random() * classes)));
    else if (role === "parameter" && initial?.kind !== "data")
      values.forEach((_, n) => (values[n] = Math.fround((random() - 0.5) / Math.sqrt(sizeOf(shape.slice(0, 1))))));
  }
  return memory;
}
