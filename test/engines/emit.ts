/** Guarantees trainers as JavaScript that every engine takes: the committed ones, and those for WebAssembly with their strict twins. */

import { readFileSync } from "node:fs";
import { lower } from "../../compiler/driver/lower.ts";
import type { Model } from "../../compiler/model/declaration.ts";
import { stripTypes } from "../../compiler/targets/strip.ts";
import { targetOf } from "../../compiler/targets/index.ts";

/** Steps of a model in the table: a hundred, fewer where a step is slow, and where a single product falls without bound (circuit). */
export function stepsOf(trainer: string): number {
  const operations = Number(/([\d,]+) FLOPs a step/.exec(trainer)![1]!.replaceAll(",", ""));
  if (operations < 100) return 10; // circuit is minimized without end
  return operations <= 2e7 ? 100 : operations <= 1e8 ? 30 : operations <= 1e9 ? 5 : 3;
}

/** Labels of a training batch by input, from the comments of the emitted interface. */
export function classesOf(trainer: string): Record<string, number> {
  const [batch = ""] = /export interface TrainBatch \{[^]*?\n\}/.exec(trainer) ?? [];
  const labels = batch.matchAll(/labels 0 ≤ y < (\d+) \*\/\s+readonly "?([^":]+)"?:/g);
  return Object.fromEntries([...labels].map(([, classes, name]) => [name!, Number(classes)]));
}

export const committedTrainer = (root: string, model: string): string => readFileSync(`${root}generated/${model}/trainer.ts`, "utf8");

/** JavaScript by target. */
export async function wasmAndTwin(model: Model): Promise<Readonly<Record<"wasm" | "twin", string>>> {
  const { module, facts } = await lower(model, { target: "wasm" });
  const [wasm, twin] = [(await targetOf("wasm").emit(module, facts)).text, (await targetOf("twin").emit(module, facts)).text];
  return { wasm: await stripTypes(wasm), twin: await stripTypes(twin) };
}
