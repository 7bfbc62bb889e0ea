/** Where a model's generated files lie: in a folder of their own, or beside the model under names that begin with its. */

import { basename, dirname, extname, join } from "node:path";

/** In place of a folder: `src/x.model.ts` has src/x.trainer.ts, src/x.report.md and so on. */
export const BESIDE = Symbol("beside the models");

/** Where the files of all models go: a folder that holds a folder for each, or beside them. */
export type Out = string | typeof BESIDE;

/** Which models there are, and where their files go. */
export interface Layout {
  readonly out: Out;
  /** Model files, in order of name. */
  models(): readonly string[];
}

export interface Place {
  readonly folder: string;
  /** What the files' names begin with; empty where they have the folder for themselves. */
  readonly prefix: string;
}

/** The name of a model by its file: `mnist-mlp` of `models/mnist-mlp.ts`, and of `src/mnist-mlp.model.ts`. */
export const stemOf = (model: string): string => basename(model, extname(model)).replace(/(?!^)\.model$/, "");

/** `generated/mnist-mlp/` of `models/mnist-mlp.ts`, or beside it. */
export const placeFor = (out: Out, model: string): Place =>
  out === BESIDE ? { folder: dirname(model), prefix: `${stemOf(model)}.` } : { folder: join(out, stemOf(model)), prefix: "" };

/** The path of one of its files, such as trainer.ts. */
export const pathAt = ({ folder, prefix }: Place, file: string): string => join(folder, `${prefix}${file}`);

/** As messages name it: `generated/mnist-mlp/`, `src/mnist-mlp.*`. */
export const shownPlace = ({ folder, prefix }: Place): string => (prefix === "" ? `${folder}/` : join(folder, `${prefix}*`));

/** The place of a file that has one of these names there, and which of them it is; undefined for any other. */
export function placeOf(path: string, names: readonly string[]): { readonly place: Place; readonly name: string } | undefined {
  const base = basename(path);
  const name = names.find((one) => base === one) ?? names.find((one) => base.endsWith(`.${one}`));
  if (name === undefined) return undefined;
  return { place: { folder: dirname(path), prefix: base.slice(0, base.length - name.length) }, name };
}
