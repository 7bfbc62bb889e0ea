/** Guarantees that a model file becomes a model with its source, or one clear error: which file, which place, what to do. */

import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, extname, join, relative, resolve, sep } from "node:path";
import { inspect } from "node:util";
import { printDiagnostic, type ModelError } from "../graph/error.ts";
import { canonicalText } from "../driver/hash.ts";
import type { Source } from "../driver/options.ts";
import type { Model } from "../model/declaration.ts";
import { filesOf, importModel, placeIn } from "./bundle-model.ts";
import { InputError } from "./errors.ts";
import { readHeader } from "./header.ts";
import { stemOf } from "./place.ts";
import { blame } from "./stray.ts";
import { readText } from "./write-files.ts";

/** A model as its file declares it; `compile(model, { source })` gives the files that the command line writes, with the model's lines cited. */
export interface LoadedModel {
  /** As the user named it. */
  readonly shown: string;
  /** The file's name without `.ts`, or `.model.ts`: the model's folder under generated/. */
  readonly stem: string;
  readonly model: Model;
  /** The file's path from the folder of its package, with its text: what the files that are made of it cite. */
  readonly source: Source;
  /** `export const data`, as the model declares it. */
  readonly data: unknown;
  /** All that the file exports. */
  readonly exports: Readonly<Record<string, unknown>>;
}

const ENDINGS = [".ts", ".mts", ".js", ".mjs"];
const slashed = (path: string): string => path.split(sep).join("/");

/** The nearest folder upward with a package.json; else the current folder if the file is in it; else the file's. */
export function packageOf(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (dirname(folder) === folder) break;
  }
  const here = process.cwd();
  return file.startsWith(here + sep) ? here : dirname(file);
}

/**
 * Loads the model that a file exports by default: TypeScript or JavaScript, as a module whatever its package says, with what it imports.
 *
 * @param shown path of the file, absolute or from the current folder; messages name the file so
 * @throws InputError when there is no such file, it cannot be run, or it exports no model: which file, which place, what to do
 * @throws ModelError when the call of `model` itself is wrong; what is wrong inside the declaration `compile` says
 */
export async function loadModel(shown: string): Promise<LoadedModel> {
  const file = resolve(shown);
  checkFile(file, shown);
  const text = canonicalText(await readFile(file, "utf8"));
  const header = readHeader(text);
  if (header !== undefined)
    throw new InputError(
      `${shown} is a generated file, not a model; its model is ${header.model ?? "declared in a program"}. ` +
        `To check a generated file, run adjoint verify ${shown}`,
    );
  await requireNotOwn(file, shown, text);
  const path = slashed(relative(packageOf(file), file));
  blame((error) => toldLater(file, shown, error));
  const exports = await imported(file, shown);
  return {
    shown,
    stem: stemOf(file),
    model: guardedModel(file, shown, modelIn(exports["default"], shown)),
    source: { path, text },
    data: exports["data"],
    exports,
  };
}

/** A trainer is made of its model: a model that imports its own would be made of what was made of it. */
async function requireNotOwn(file: string, shown: string, text: string): Promise<void> {
  if (!/["'][^"'\n]*\b(?:trainer|gradients)\b[^"'\n]*["']/.test(text)) return;
  for (const path of await filesOf(file)) {
    const made = path === file ? undefined : readHeader(readText(path) ?? "")?.model;
    if (made !== undefined && resolve(packageOf(path), made) === file)
      throw new InputError(
        `${shown} imports ${relative(process.cwd(), path)}, which is made of this very model; take what it needs into a file of its own, and train in another`,
      );
  }
}

/** Another model of the same file, made by what it exports as `name`. */
export function modelMade({ shown }: LoadedModel, name: string, make: () => unknown): Model {
  const file = resolve(shown);
  let made: unknown;
  try {
    made = make();
  } catch (error) {
    throw told(file, shown, error);
  }
  if (isModel(made)) return guardedModel(file, shown, made);
  throw new InputError(
    `${name} of ${shown} gives ${made === undefined ? "nothing" : describe(made)}, not a model; let it return model(…), where model comes from adjoint`,
  );
}

function checkFile(file: string, shown: string): void {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) throw new InputError(`there is no model file ${shown}; check the spelling, or write the model there`);
  if (stat.isDirectory())
    throw new InputError(`${shown} is a folder; name a model file in it, such as ${shown.replace(/\/$/, "")}/mnist-mlp.ts`);
  if (!ENDINGS.includes(extname(file)))
    throw new InputError(`${shown} is not a model file: a model is written in TypeScript or JavaScript (${ENDINGS.join(", ")})`);
}

function modelIn(exported: unknown, shown: string): Model {
  if (isModel(exported)) return exported;
  const remedy = "end the file with `export default model(…)`, where model comes from adjoint";
  throw new InputError(
    exported === undefined
      ? `${shown} has no default export; ${remedy}`
      : `${shown} exports ${describe(exported)} by default, not a model; ${remedy}`,
  );
}

const isModel = (value: unknown): value is Model =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === "adjoint model";

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "function") return "a function";
  return typeof value === "object" ? "an object of another kind" : `the ${typeof value} ${JSON.stringify(value)}`;
}

/** The model, with what its own code throws while it is declared told as the model's error. */
const guardedModel = (file: string, shown: string, model: Model): Model => ({
  ...model,
  trace(request) {
    try {
      return model.trace(request);
    } catch (error) {
      throw told(file, shown, error);
    }
  },
});

/** The exports of the file; what is wrong with the call of model() itself is told at its place in the file. */
async function imported(file: string, shown: string): Promise<Record<string, unknown>> {
  try {
    return await importModel(file, shown);
  } catch (error) {
    const place = error instanceof Error && error.name === "ModelError" ? placeIn(file, error) : undefined;
    if (place !== undefined && error instanceof Error)
      throw new InputError(printDiagnostic({ ...(error as ModelError).diagnostic, site: `${shown}:${place}` }), { cause: error });
    throw told(file, shown, error);
  }
}

/** Errors that already say where and what. */
const CLEAR = ["ModelError", "InputError", "CompilerFault", "VerifyError"];

const thrown = (value: unknown): string => inspect(value, { depth: 0, breakLength: Infinity });

/** What the model's own code does after its file was loaded: a timer that throws, a promise that nobody awaits. */
function toldLater(file: string, shown: string, error: unknown): unknown {
  const remedy = "Let the file only declare a model, or catch what its timers and promises throw.";
  if (!(error instanceof Error))
    return new InputError(`${shown}  apart from its declaration the model threw ${thrown(error)}\n\n${remedy}`);
  const place = placeIn(file, error);
  if (CLEAR.includes(error.name) || (place === undefined && isOwn(error))) return error;
  return new InputError(
    `${shown}${place === undefined ? "" : `:${place}`}  apart from its declaration the model threw ${error.name}: ${error.message}\n\n${remedy}`,
    { cause: error },
  );
}

/** Whether this package's own code was running. */
const isOwn = ({ stack = "" }: Error): boolean =>
  stack.includes(new URL(import.meta.url.endsWith("/compiler/cli/load-model.ts") ? "../../" : "./", import.meta.url).href);

function told(file: string, shown: string, error: unknown): unknown {
  if (!(error instanceof Error)) return new InputError(`${shown} threw ${thrown(error)}; it needs to declare a model`);
  if (CLEAR.includes(error.name)) return error;
  const missing = /does not provide an export named '([^']*)'/.exec(error.message);
  if (error instanceof SyntaxError && missing !== null) {
    const from = /requested module '([^']*)'/.exec(error.message)?.[1] ?? "that module";
    const shownFrom = /[\\/](?:index\.(?:js|ts))$/.test(from) ? "adjoint" : from;
    return new InputError(`${shown} imports ${missing[1]} from ${shownFrom}, which exports nothing of that name; check the spelling`);
  }
  const place = placeIn(file, error);
  if (place === undefined) return error;
  return new InputError(
    `${shown}:${place}  the model threw ${error.name}: ${error.message}\n\nMend that line of the model, or what it calls, and run the command again.`,
    { cause: error },
  );
}
