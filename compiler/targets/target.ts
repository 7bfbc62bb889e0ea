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
  /** Where rows of the batch meet, by kind of entry, which then refuses a short batch. */
  readonly meetings: Readonly<Partial<Record<"train" | "evaluate" | "predict", Meeting>>>;
  /** Outputs of prediction that have no rows along their leading axis. */
  readonly wholeOutputs: readonly string[];
  /** Every input that the model declares, also those that no entry reads: a batch may hold these and no others. */
  readonly inputs: readonly string[];
  /** A hash of the training graphs, by which a checkpoint knows its own. */
  readonly graph: string;
  /** How many threads share a step unless its caller says otherwise; undefined where the trainer knows of no threads. */
  readonly threads?: number;
  /** Products and sums of WebAssembly kernels may be rounded once, where the engine's processor does that faster. */
  readonly relaxed?: true;
  /** Approximate rewrites that were used, by name. */
  readonly approximations: readonly string[];
  /** Where the schedules lie that were measured for it, and the hash of their text. */
  readonly schedules?: { readonly path: string; readonly hash: string };
  /** The budget it was compiled for, and what it took to keep it. */
  readonly memory?: MemoryFacts;
}

/** A value in which a row depends on others, its line, and why. */
export interface Meeting {
  readonly value: string;
  readonly site: string;
  readonly why: string;
}

export interface MemoryFacts {
  /** As it was given: 512KB. */
  readonly budget: string;
  readonly bytes: number;
  /** Entries that compute values again or split their batch, in order. */
  readonly entries: readonly {
    readonly name: string;
    readonly again: readonly { readonly name: string; readonly bytes: number }[];
    /** In how many parts the batch goes, and the rows of each. */
    readonly parts: number;
    readonly rows: number;
    /** A step's operations, and this entry's bytes without what lives from step to step, before and after. */
    readonly flops: readonly [before: number, after: number];
    readonly bytes: readonly [before: number, after: number];
  }[];
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
