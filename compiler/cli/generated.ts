/** What lies under generated/: folders of models, and which model file made each. */

import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, extname, join, relative, resolve } from "node:path";
import type { CompileOptions } from "../compile.ts";
import { InputError } from "./errors.ts";
import { readHeader, type Header } from "./header.ts";
import { DEFAULT, fileOf, TARGETS, targetOf, type TargetName } from "../targets/index.ts";
import { packageOf } from "./load-model.ts";
import { note } from "./output.ts";
import { BESIDE, pathAt, placeFor, type Layout, type Place } from "./place.ts";
import { readText } from "./write-files.ts";

/** One target for each suffix that files have; the default comes first. */
const KINDS = TARGETS.filter(({ suffix }, n) => TARGETS.findIndex((one) => one.suffix === suffix) === n);

/** Files that begin with a header. */
export const HEADED: readonly string[] = KINDS.flatMap((target) =>
  ["trainer.ts", ...(target.understands.has("gradients") ? ["gradients.ts"] : [])].map((file) => fileOf(file, target)),
);

/** The trainers of a folder, each with its certificate. */
export const TRAINERS: readonly { readonly file: string; readonly certificate: string }[] = KINDS.map((target) => ({
  file: fileOf("trainer.ts", target),
  certificate: fileOf("certificate.json", target),
}));

/** The targets whose trainers a place holds, and the default, so that making all again keeps them. */
export const targetsIn = (place: Place): TargetName[] =>
  KINDS.flatMap((target) => {
    const text = readText(pathAt(place, fileOf("trainer.ts", target)));
    if (target !== DEFAULT && text === undefined) return [];
    return [target === DEFAULT ? target.name : (readHeader(text!)?.target ?? target.name)];
  });

/** What was asked for of a place's trainer for a target, so that making it again keeps it: how its kernels are, and its plan. */
export function trainerAsked(
  place: Place,
  target: TargetName,
): Pick<Header, "threads" | "sliced" | "relaxed" | "winograd" | "features" | "js" | "plan"> {
  const header = readHeader(readText(pathAt(place, fileOf("trainer.ts", targetOf(target)))) ?? "");
  const { threads, sliced, relaxed, winograd, features, js, plan } = header ?? {};
  return {
    ...(threads === undefined ? {} : { threads }),
    ...(sliced === undefined ? {} : { sliced }),
    ...(relaxed === undefined ? {} : { relaxed }),
    ...(winograd === undefined ? {} : { winograd }),
    ...(features === undefined ? {} : { features }),
    ...(js === undefined ? {} : { js }),
    ...(plan === undefined ? {} : { plan }),
  };
}

/** Model files of models/, in order of name; what only serves them is left out, and said. */
export function modelFiles(folder = "models"): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new InputError(`there is no folder ${folder}/ here; name the model files, or run this in the folder of the package`);
  const files = readdirSync(folder)
    .filter((name) => [".ts", ".mts", ".js", ".mjs"].includes(extname(name)) && !name.endsWith(".d.ts"))
    .sort();
  if (files.length === 0) throw new InputError(`${folder}/ holds no model; write one there, such as ${folder}/mnist-mlp.ts`);
  // what is generated beside a model is none
  return withoutHelpers(files.map((name) => join(folder, name)).filter((file) => readHeader(readText(file) ?? "") === undefined));
}

const told = new Set<string>();

/** Without files that export nothing by default and that another of them imports. */
function withoutHelpers(files: readonly string[]): string[] {
  const texts = new Map(files.map((file) => [file, readText(file) ?? ""]));
  return files.filter((file) => {
    if (/\bexport\s+default\b|\bas\s+default\b/.test(texts.get(file)!)) return true;
    const [name, stem] = [basename(file), basename(file, extname(file))].map((one) => one.replace(/[.+?^$()[\]{}|\\]/g, "\\$&"));
    const imports = new RegExp(`\\b(?:from|import)\\s*\\(?\\s*["']\\./(?:${name}|${stem}(?:\\.js)?)["']`);
    const by = files.find((other) => other !== file && imports.test(texts.get(other)!));
    if (by === undefined) return true;
    if (!told.has(file)) note(`${file} is no model, since it exports nothing by default and ${by} imports it: left out`);
    told.add(file);
    return false;
  });
}

/** Where generated files lie: the folders under the output folder, in order of name, or beside the models. */
export function generatedPlaces({ out, models }: Layout): Place[] {
  if (out === BESIDE) return models().map((model) => placeFor(out, model));
  if (!statSync(out, { throwIfNoEntry: false })?.isDirectory())
    throw new InputError(`there is no folder ${out}/ here; make it with adjoint compile, or name it with --out <folder>`);
  return readdirSync(out, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(out, entry.name))
    .sort()
    .map((folder) => ({ folder, prefix: "" }));
}

/** What a place's headed files say was asked for, so that making them again for a target keeps gradients and the budget. */
export function askedBefore(place: Place, target: TargetName): Pick<CompileOptions, "entries" | "memory"> {
  const { understands } = targetOf(target);
  const headers = HEADED.flatMap((name) => readHeader(readText(pathAt(place, name)) ?? "") ?? []);
  const entries = headers.find((header) => header.entries.length > 0)?.entries;
  const memory = headers.find((header) => header.memory !== undefined)?.memory;
  return {
    ...(entries === undefined || !understands.has("gradients") ? {} : { entries }),
    ...(memory === undefined || !understands.has("memory") ? {} : { memory }),
  };
}

/** The model file that a header names, as a path from here; undefined where it is gone. */
export function modelOf(file: string, { model }: Header): string | undefined {
  if (model === undefined) return undefined;
  const bases = [packageOf(resolve(file)), process.cwd()];
  const found = bases.map((base) => join(base, model)).find((path) => existsSync(path));
  return found === undefined ? undefined : relative(process.cwd(), found);
}

/** Throws an InputError where a file that no compile made would be written over. */
export function requireGenerated(place: Place, target: TargetName, entries: readonly string[]): void {
  for (const name of ["trainer.ts", ...entries.map((entry) => `${entry}.ts`)]) {
    const file = pathAt(place, fileOf(name, targetOf(target)));
    const text = readText(file) ?? "";
    if (text.trim() !== "" && readHeader(text) === undefined)
      throw new InputError(
        `${file} was not made by adjoint compile, as it has no header of a generated file, and would be lost; move it, choose another --out folder, or overwrite it with --force`,
      );
  }
}
