/** The flags about files of weights: what is read before training, and what is written after it. */

import { readFileSync } from "node:fs";
import { loadWeights, readWeights, saveWeights, type WeightedTrainer, type WeightOptions } from "../../runtime/index.ts";
import { isRecord } from "../graph/arguments.ts";
import { InputError, suggestion } from "./errors.ts";
import { readText, writeOneFile } from "./write-files.ts";

/** Flags of the verbs that read or write weights. */
export const WEIGHT_FLAGS = {
  weights: { type: "string", valueHint: "file", description: "Begin with the weights of a safetensors file or an .npz archive" },
  layout: {
    type: "string",
    valueHint: "name",
    description: "Whose names and axes files of weights have: adjoint (default), pytorch, keras",
  },
  rename: { type: "string", valueHint: "file.json", description: 'What layers and parameters are called there: { "dense": "fc1" }' },
} as const;

const LAYOUTS = ["adjoint", "pytorch", "keras"] as const;
type Layout = (typeof LAYOUTS)[number];

interface Flags {
  readonly layout?: string | undefined;
  readonly rename?: string | undefined;
}

/** How the files' names and axes are told from the model's. Throws InputError for a layout nobody knows, or a map that is none. */
export function weightOptions({ layout, rename }: Flags): WeightOptions {
  if (layout !== undefined && !LAYOUTS.includes(layout as Layout))
    throw new InputError(`--layout needs ${LAYOUTS.join(", ")}, but got ${JSON.stringify(layout)}${suggestion(layout, LAYOUTS)}`);
  return {
    ...(layout === undefined ? {} : { layout: layout as Layout }),
    ...(rename === undefined ? {} : { rename: readRename(rename) }),
  };
}

function readRename(path: string): Readonly<Record<string, string>> {
  const text = readText(path);
  if (text === undefined) throw new InputError(`--rename ${path}: there is no such file`);
  let map: unknown;
  try {
    map = JSON.parse(text);
  } catch (cause) {
    throw new InputError(`--rename ${path} is no JSON (${cause instanceof Error ? cause.message : String(cause)})`, { cause });
  }
  if (!isRecord(map) || !Object.values(map).every((name) => typeof name === "string"))
    throw new InputError(`--rename ${path} needs names in the file by names of the model, such as { "dense": "fc1" }`);
  return map as Readonly<Record<string, string>>; // as the line above says
}

/** Gives a trainer the weights of a file; the number of arrays that have its values now. */
export const takeWeights = (trainer: WeightedTrainer, path: string, options: WeightOptions): number =>
  loadWeights(trainer, readWeights(readFileSync(path), path), options).loaded.length;

/** Writes a trainer's weights; the file is there whole or not at all. */
export const keepWeights = (trainer: WeightedTrainer, path: string, options: WeightOptions): string =>
  writeOneFile(path, saveWeights(trainer, options));
