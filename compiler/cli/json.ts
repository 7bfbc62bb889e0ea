/** The types of what `--json` prints: one object a command, `{ results }` where there are several. */

import type { Inspection } from "../explain/inspection/index.ts";
import type { KernelFacts, ModelFacts } from "../explain/model.ts";
import type { TensorFacts } from "../explain/tensor.ts";
import type { Diagnostic } from "../graph/error.ts";
import type { PassFact } from "../targets/report.ts";

/** One object, or several in order. */
export type Results<T> = T | { readonly results: readonly T[] };

export interface CompileJson {
  readonly model: string;
  readonly folder: string;
  readonly files: readonly { readonly file: string; readonly bytes: number; readonly written: boolean }[];
  readonly arenaBytes: number;
  /** The file of measured schedules that was used. */
  readonly schedules?: string;
  readonly timings: readonly TimingJson[];
  /** Warnings of the declaration. */
  readonly diagnostics: readonly Diagnostic[];
  /** Of `--timings`: what each pass did to each entry point. */
  readonly passes?: readonly { readonly entry: string; readonly facts: readonly PassFact[] }[];
  /** Of `--print`. */
  readonly stages?: readonly { readonly entry: string; readonly pass: string; readonly text: string }[];
}

export interface TimingJson {
  readonly stage: string;
  readonly milliseconds: number;
}

/** `compile --check`. */
export interface DriftJson {
  readonly holds: boolean;
  /** Generated files that were made again and compared. */
  readonly files: number;
  readonly differences: readonly Difference[];
}

/** A generated file that its command does not reproduce. */
export interface Difference {
  readonly file: string;
  readonly reason: string;
  /** First differing line, counted from 1, as it is and as the command makes it. */
  readonly line?: number;
  readonly found?: string;
  readonly expected?: string;
  /** From the file to what the command makes, as a unified diff of at most 40 lines. */
  readonly diff?: string;
}

/** `check`, and one trainer of `verify`. */
export interface CheckJson {
  readonly model: string;
  readonly holds: boolean;
  /** The small instance that was found, such as `checked at 6×6 of 32×32`. */
  readonly instance?: string;
  readonly tensors: readonly TensorJson[];
}

export interface TensorJson {
  readonly name: string;
  readonly role: string;
  readonly method: string;
  readonly coordinates: number;
  readonly worst: number;
  readonly at: string | number | readonly number[];
  readonly kinks: number;
  /** Only "wrong" refuses. */
  readonly verdict: "holds" | "wrong" | "not judged";
  /** Why it was not judged. */
  readonly reason?: string;
}

export interface VerifyJson extends CheckJson {
  readonly file: string;
  readonly reason?: string;
}

export interface SummaryJson {
  readonly model: string;
  /** Calls of layers in order, at the training batch; empty for a model declared without layers. */
  readonly layers: readonly {
    readonly name: string;
    readonly kind: string;
    readonly shape: readonly number[];
    readonly parameters: number;
  }[];
  readonly parameters: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly count: number;
    readonly trainable: boolean;
  }[];
  readonly trainable: number;
  readonly frozen: number;
  readonly stateElements: number;
  readonly forwardOps: number;
  readonly flopsPerStep: number;
  readonly arenaBytes: number;
  readonly entries: readonly EntryCosts[];
}

/** What one run of an entry point costs. */
export interface EntryCosts {
  readonly name: string;
  readonly kernels: number;
  readonly statements: number;
  /** Between memory and the loops of the kernels, each buffer once a kernel. */
  readonly bytesMoved: number;
  readonly flops: number;
  /** Of these, by what a value is for: kernels compute several of them in one loop. */
  readonly forward: number;
  readonly backward: number;
  readonly update: number;
}

export interface TrainJson {
  readonly model: string;
  /** Means by epoch; those of the validation rows, if any were set aside, under `val_`. */
  readonly epochs: readonly Readonly<Record<string, number>>[];
  /** Of `--patience`: the epoch whose weights were kept. */
  readonly best?: { readonly epoch: number; readonly value: number };
  readonly note?: string;
  /** How many rows were trained on, and how many were held back. */
  readonly rows: { readonly train: number; readonly validation?: number; readonly test: number };
  /** Means over the test set, after the last epoch. */
  readonly test: Readonly<Record<string, number>>;
  /** Of a classifier whose data name their classes, by class, on the test set. */
  readonly classes?: readonly {
    readonly name: string;
    readonly precision: number;
    readonly recall: number;
    readonly f1: number;
    readonly rows: number;
  }[];
  readonly seconds: number;
  /** The file that holds the gradient code, if it is on disk. */
  readonly trainer?: string;
  /** Files of `--curves` and `--pictures`. */
  readonly pictures?: readonly string[];
  /** The file of `--save`. */
  readonly saved?: string;
}

export interface ExportJson {
  readonly model: string;
  readonly file: string;
  readonly bytes: number;
  /** Rows of a batch; null where any number is taken. */
  readonly batch: number | null;
}

export interface ImportJson {
  readonly model: string;
  readonly source: string;
  readonly weights: string;
  /** Elements of all weights together. */
  readonly parameters: number;
}

export interface InspectJson {
  readonly model: string;
  readonly overview?: SummaryJson;
  /** All levels as data, where no text of one was asked for. */
  readonly inspection?: Inspection;
  readonly graph?: string;
  readonly backward?: string;
  readonly kernels?: string;
  readonly live?: readonly {
    readonly entry: string;
    readonly buffer: string;
    readonly role: string;
    readonly offset: number;
    readonly bytes: number;
    readonly live: "always" | readonly [first: number, last: number];
    readonly over?: string;
  }[];
}

/** `inspect --html`. */
export interface PageJson {
  readonly model: string;
  readonly file: string;
  readonly bytes: number;
}

/** `explain`: of the model, a kernel or a tensor. */
export type ExplainJson = ModelFacts | KernelFacts | TensorFacts;

export interface TuneJson {
  readonly model: string;
  /** What trials are sorted by: of the validation rows, after the last epoch. */
  readonly sortedBy: string;
  /** Best first; those that failed come last. */
  readonly trials: readonly TrialJson[];
  /** Means of the best trial's trainer over the test set. */
  readonly test: Readonly<Record<string, number>>;
  /** Worst error of the best trial's gradients, as `compile` checks them. */
  readonly worst: number;
}

export interface TrialJson {
  /** In order of trying, from 1. */
  readonly trial: number;
  readonly choice: Readonly<Record<string, string | number | boolean>>;
  readonly parameters?: number;
  readonly epochs?: number;
  /** Of the last epoch. */
  readonly measures: Readonly<Record<string, number>>;
  /** Why there are no measures. */
  readonly failure?: string;
}

export interface InitJson {
  readonly template: string;
  readonly folder: string;
  readonly files: readonly string[];
}
