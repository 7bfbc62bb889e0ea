/** What a project's adjoint.config.ts says: where models are, where their files go, and how each is compiled. */

import { anyOf, COUNT, FLAG, kind, listOf, optionsOf, recordOf, TEXT } from "./graph/arguments.ts";
import { check } from "./model/arguments.ts";

/** One compile of a model, in the words of the command line's flags. */
export interface ModelConfig {
  /** `--target`: "typescript" unless this or another says otherwise. */
  readonly target?: string;
  /** `--wasm external`. */
  readonly wasm?: string;
  /** `--plain`. */
  readonly plain?: boolean;
  /** `--entry gradients`. */
  readonly entry?: string;
  /** `--memory`: 512KB, 1MiB. */
  readonly memory?: string;
  readonly threads?: number;
  readonly sliced?: boolean;
  readonly relaxed?: boolean;
  readonly winograd?: boolean;
  /** `--features`. */
  readonly features?: string;
  /** Also writes trainer.js and trainer.d.ts, for those who import no TypeScript: Node 20, pages without a bundler. */
  readonly js?: boolean;
  /** Also writes model.plan. */
  readonly plan?: boolean;
}

/** A project's configuration, the default export of adjoint.config.ts. What it does not say is as without one. */
export interface Config {
  /** Model files, as paths or as patterns with `*` in the file's name; default: every file of models/. */
  readonly models?: string | readonly string[];
  /** The folder that holds a folder for each model; default: generated. */
  readonly out?: string;
  /** In place of a folder: `src/x.model.ts` has its files beside it, src/x.trainer.ts and the others. */
  readonly beside?: boolean;
  /** By the stem of a model's file: how it is compiled, or how each of its trainers is. What is not named keeps what it was made with. */
  readonly options?: Readonly<Record<string, ModelConfig | readonly ModelConfig[]>>;
}

const COMPILED = optionsOf<ModelConfig>({
  target: TEXT,
  wasm: TEXT,
  plain: FLAG,
  entry: TEXT,
  memory: TEXT,
  threads: COUNT,
  sliced: FLAG,
  relaxed: FLAG,
  winograd: FLAG,
  features: TEXT,
  js: FLAG,
  plan: FLAG,
});

const CONFIG = optionsOf<Config>({
  models: anyOf("a path or a list of paths", TEXT, listOf("a list of paths", TEXT)),
  out: TEXT,
  beside: FLAG,
  options: recordOf(
    "an object with the options of each model",
    kind("an object of flags, or a list of them", (value) => typeof value === "object"),
  ),
});

/**
 * What adjoint.config.ts exports by default; gives back what it is given, typed and checked.
 * Throws a ModelError that names an unknown key or a value of another kind.
 */
export function defineConfig(config: Config): Config {
  check("defineConfig", { options: config }, { options: CONFIG });
  for (const [stem, given] of Object.entries(config.options ?? {}))
    for (const options of compilesOf(given)) check(`the options of ${stem} in defineConfig`, { options }, { options: COMPILED });
  return config;
}

/** One compile a trainer, however they were given. */
export const compilesOf = (given: ModelConfig | readonly ModelConfig[]): readonly ModelConfig[] =>
  Array.isArray(given) ? (given as readonly ModelConfig[]) : [given as ModelConfig];
