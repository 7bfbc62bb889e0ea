/** The models of models/ by name, from their sources, and what the compiler beside them makes of them as text and as a program. */

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TrainerModule } from "../compiler/compile.ts";
import type { Lowered } from "../compiler/driver/lower.ts";
import type { Model } from "../compiler/index.ts";
import { importText, stripTypes } from "../compiler/targets/strip.ts";

export const root = fileURLToPath(new URL("../", import.meta.url));

/** Names of the models: the stems of their files. */
export const modelNames: readonly string[] = readdirSync(`${root}models`)
  .map((file) => file.replace(/\.ts$/, ""))
  .sort();

/** The chosen names, all where none is given; throws an Error that names one that is no model. */
export function chosenModels(names: readonly string[]): readonly string[] {
  const unknown = names.find((name) => !modelNames.includes(name));
  if (unknown !== undefined) throw new Error(`there is no model ${unknown} in models/: there are ${modelNames.join(", ")}`);
  return names.length > 0 ? names : modelNames;
}

/** What a model's file exports: the model itself as `default`. */
export const modelFile = async (name: string): Promise<{ readonly default: Model } & Readonly<Record<string, unknown>>> =>
  (await import(`../models/${name}.ts`)) as { readonly default: Model }; // the models are type-checked themselves

/** A trainer's text, not laid out. */
export const printTrainer = async ({ module, facts, target }: Lowered): Promise<string> => (await target.emit(module, facts)).text;

/** A trainer's text as a module of this process. */
export const imported = async (text: string): Promise<TrainerModule> => importText<TrainerModule>(await stripTypes(text));
