/** Guarantees what a target is: a printer from a module with addresses, and facts about it, to files. */

import type { Module } from "../loop/loop.ts";

/** What the header says and no module knows. */
export interface Facts {
  readonly version: string;
  /** Model file, relative to its package; undefined for a model declared in a program. */
  readonly source?: { readonly path: string; readonly hash: string };
  readonly command: string;
  readonly batch: { readonly train: number; readonly evaluate: number; readonly predict: number };
  /** Entries that train, in order. */
  readonly phases: readonly string[];
  /** A row's result depends on the other rows: training refuses a short batch. */
  readonly rowsInteract: boolean;
  /** A hash of the training graphs, by which a checkpoint knows its own. */
  readonly graph: string;
  /** How many threads share a step unless its caller says otherwise; undefined where the trainer knows of no threads. */
  readonly threads?: number;
  /** Approximate rewrites that were used, by name. */
  readonly approximations: readonly string[];
}

export interface Target {
  readonly name: string;
  /** Of the trainer. */
  readonly file: string;
  /** The trainer's text, unformatted. */
  printTrainer(module: Module, facts: Facts): string | Promise<string>;
  /** The text of gradients.ts: the module's one entry is `gradients`. */
  printGradients(module: Module, facts: Facts): string | Promise<string>;
}
