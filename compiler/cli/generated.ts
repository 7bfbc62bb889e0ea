/** Guarantees what lies under generated/: folders of models, and which model file made each. */

import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, extname, join, relative, resolve } from "node:path";
import type { CompileOptions } from "../compile.ts";
import { InputError } from "./errors.ts";
import { readHeader, type Header } from "./header.ts";
import { packageOf } from "./load-model.ts";
import { readText } from "./write-files.ts";

/** Files that begin with a header. */
export const HEADED = ["trainer.ts", "gradients.ts"] as const;

/** Model files of models/, in order of name. */
export function modelFiles(folder = "models"): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new InputError(`there is no folder ${folder}/ here; name the model files, or run this in the folder of the package`); // prettier-ignore
  const files = readdirSync(folder)
    .filter(
      (name) => [".ts", ".mts", ".js", ".mjs"].includes(extname(name)) && !name.endsWith(".d.ts"),
    ) // prettier-ignore
    .sort();
  if (files.length === 0)
    throw new InputError(`${folder}/ holds no model; write one there, such as ${folder}/mnist-mlp.ts`); // prettier-ignore
  return files.map((name) => join(folder, name));
}

/** The folders under the output folder, in order of name. */
export function generatedFolders(out: string): string[] {
  if (!statSync(out, { throwIfNoEntry: false })?.isDirectory())
    throw new InputError(`there is no folder ${out}/ here; make it with adjoint compile, or name it with --out <folder>`); // prettier-ignore
  return readdirSync(out, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(out, entry.name))
    .sort();
}

/** Options of the command that makes a file. */
export type Asked = Pick<CompileOptions, "entries" | "memory">;

export const askedBy = ({ entries, memory }: Header): Asked =>
  memory === undefined ? { entries } : { entries, memory };

/** What a folder's headed files say was asked for, so that making them again keeps gradients and budgets. */
export function askedBefore(folder: string): Asked {
  const headers = HEADED.flatMap((name) => readHeader(readText(join(folder, name)) ?? "") ?? []);
  const found = headers.find(({ entries }) => entries.length > 0) ?? headers[0];
  return found === undefined ? {} : askedBy(found);
}

/** The model file that a header names, as a path from here; undefined where it is gone. */
export function modelOf(file: string, { model }: Header): string | undefined {
  if (model === undefined) return undefined;
  const bases = [packageOf(resolve(file)), process.cwd()];
  const found = bases.map((base) => join(base, model)).find((path) => existsSync(path));
  return found === undefined ? undefined : relative(process.cwd(), found);
}

/** `generated/mnist-mlp` of `models/mnist-mlp.ts`. */
export const folderFor = (out: string, model: string): string =>
  join(out, basename(model, extname(model)));

/** Two models of one stem would overwrite each other. */
export function checkStems(out: string, models: readonly string[]): void {
  const taken = new Map<string, string>();
  for (const model of models) {
    const folder = folderFor(out, model);
    const other = taken.get(folder);
    if (other !== undefined && resolve(other) !== resolve(model))
      throw new InputError(`${other} and ${model} would both be written to ${folder}/; rename one of the files, or compile them with different --out folders`); // prettier-ignore
    taken.set(folder, model);
  }
}
