/** Guarantees that a project's adjoint.config.ts is read, where there is one, or one clear error says what is wrong with it. */

import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve, sep } from "node:path";
import { compilesOf, defineConfig, type Config, type ModelConfig } from "../config.ts";
import { isRecord, shown } from "../graph/arguments.ts";
import { importModel } from "./bundle-model.ts";
import { InputError, suggestion } from "./errors.ts";
import { modelFiles } from "./generated.ts";
import { BESIDE, stemOf, type Layout } from "./place.ts";

/** What the configuration comes to for a command. */
export interface Project extends Layout {
  /** The file it was read from. */
  readonly file?: string;
  /** The folders whose files are models, or may be. */
  readonly folders: readonly string[];
  /** What the configuration says of a model: one compile a trainer; undefined where it says nothing. */
  compilesOf(model: string): readonly ModelConfig[] | undefined;
}

const NAMES = [".ts", ".mts", ".js", ".mjs"].map((ending) => `adjoint.config${ending}`);

/** The project of the folder that the command runs in. Throws an InputError or the ModelError of its first mistake. */
export async function loadProject(folder = "."): Promise<Project> {
  const file = NAMES.map((name) => join(folder, name)).find((path) => existsSync(path));
  if (file === undefined)
    return {
      out: join(folder, "generated"),
      folders: foldersOf({}),
      models: () => modelFiles(join(folder, "models")),
      compilesOf: () => undefined,
    };
  const given = (await importModel(file, file))["default"];
  if (!isRecord(given))
    throw new InputError(
      `${file} ${given === undefined ? "has no default export" : `exports ${shown(given)} by default`}; end it with \`export default defineConfig({ … })\`, where defineConfig comes from adjoint`,
    );
  const config: Config = defineConfig(given);
  if (config.beside === true && config.out !== undefined)
    throw new InputError(`${file} gives both out and beside, of which one says where files go; leave one of them out`);
  const folders = foldersOf(config);
  if (config.beside !== true) requireOutside(`${file}: out:`, config.out ?? "generated", folders, "beside: true");
  return {
    file,
    folders,
    out: config.beside === true ? BESIDE : join(folder, config.out ?? "generated"),
    models: () => {
      const models = named(folder, file, config);
      requireKnown(file, config, models);
      return models;
    },
    compilesOf: (model) => {
      const own = config.options?.[stemOf(model)];
      return own === undefined ? undefined : compilesOf(own);
    },
  };
}

function named(folder: string, file: string, { models }: Config): string[] {
  if (models === undefined) return modelFiles(join(folder, "models"));
  const patterns = typeof models === "string" ? [models] : models;
  return [...new Set(patterns.flatMap((pattern) => matching(join(folder, pattern), file)))].sort();
}

/** A file, a folder's files, or the files whose names fit a pattern. */
function matching(pattern: string, file: string): string[] {
  if (statSync(pattern, { throwIfNoEntry: false })?.isDirectory()) return modelFiles(pattern);
  const [within, name] = [dirname(pattern), basename(pattern)];
  if (within.includes("*") || name.includes("**"))
    throw new InputError(
      `${file}: models: ${JSON.stringify(pattern)} has a * in a folder's name; name each folder, with * in the file's name only`,
    );
  if (!name.includes("*")) {
    if (existsSync(pattern)) return [pattern];
    throw new InputError(`${file}: models: there is no model file ${pattern}; check the spelling, or write the model there`);
  }
  const fits = new RegExp(
    `^${name
      .split("*")
      .map((part) => part.replace(/[.+?^$()[\]{}|\\]/g, "\\$&"))
      .join(".*")}$`,
  );
  const found = existsSync(within) ? readdirSync(within).filter((one) => fits.test(one) && !one.endsWith(".d.ts")) : [];
  if (found.length === 0)
    throw new InputError(`${file}: models: no file fits ${JSON.stringify(pattern)}; check the pattern, or write a model there`);
  return found.map((one) => join(within, one));
}

function requireKnown(file: string, { options = {} }: Config, models: readonly string[]): void {
  const stems = models.map(stemOf);
  const unknown = Object.keys(options).find((stem) => !stems.includes(stem));
  if (unknown !== undefined)
    throw new InputError(
      `${file}: options names ${JSON.stringify(unknown)}, which is no model here${suggestion(unknown, stems)}; the models are ${stems.join(", ")}`,
    );
}

const foldersOf = ({ models = "models" }: Config): readonly string[] =>
  (typeof models === "string" ? [models] : models).map((path) => (extname(path) === "" && !path.includes("*") ? path : dirname(path)));

/** Throws an InputError where an output folder, given by a flag or a key, is one of models: what is generated is no model. */
export function requireOutside(given: string, out: string, folders: readonly string[], beside: string): void {
  const to = resolve(out);
  if (folders.some((path) => resolve(path) === to))
    throw new InputError(
      `${given} ${JSON.stringify(out)} holds the models themselves, so that trainers would be taken for models; choose another folder`,
    );
  const around = folders.find((path) => resolve(path) !== resolve(".") && to.startsWith(join(resolve(path), sep)));
  if (around !== undefined)
    throw new InputError(
      `${given} ${JSON.stringify(out)} lies among the models of ${join(around, sep)}, where everything is taken for something that people write; ` +
        `choose a folder beside it, or ${beside}`,
    );
}
