/** What a page and the worker that trains for it say to each other. Everything is data that engines copy or hand over. */

import type { EarlyStoppingOptions } from "../early-stopping.ts";
import type { EpochEntry, StepEvent } from "../history.ts";
import type { Values } from "../trainer.ts";

/** Where the worker keeps checkpoints. */
export interface WorkerCheckpoints {
  /** IndexedDB, or the page's own file system. */
  readonly store: "IndexedDB" | "OPFS";
  /** Of the database or the folder, within the page's origin. */
  readonly name: string;
  /** Default: every epoch. The end of training is always one. */
  readonly every?: { readonly epochs: number } | { readonly steps: number };
  /** The newest so many stay. Default: 3. */
  readonly keep?: number;
}

/** Of the options of a run, those that are data. */
export interface RunOptions {
  readonly epochs: number;
  readonly batchSize?: number;
  readonly shuffle?: { readonly seed: number };
  readonly validation?: object;
  readonly earlyStopping?: EarlyStoppingOptions;
  readonly checkpoint?: WorkerCheckpoints;
}

/** Arrays by name. */
export type Arrays = Readonly<Record<string, Values>>;

export type ToWorker =
  | { readonly kind: "load"; readonly address: string }
  | { readonly kind: "train"; readonly create: object; readonly data: object; readonly options: RunOptions; readonly steps: boolean }
  | { readonly kind: "predict"; readonly id: number; readonly batch: object }
  | { readonly kind: "weights"; readonly id: number }
  | { readonly kind: "pause" | "resume" | "stop" };

/** An error by name and message: classes do not cross. */
export interface Told {
  readonly name: string;
  readonly message: string;
}

/** What a run came to. */
export interface Ended {
  readonly epochs: readonly EpochEntry[];
  readonly note?: string;
  /** It was stopped before its last epoch. */
  readonly stopped?: true;
}

export type FromWorker =
  | { readonly kind: "step"; readonly event: StepEvent }
  | { readonly kind: "epoch"; readonly entry: EpochEntry }
  | { readonly kind: "ended"; readonly history: Ended }
  | { readonly kind: "failed"; readonly error: Told }
  | { readonly kind: "answer"; readonly id: number; readonly value: Arrays | Uint8Array }
  | { readonly kind: "refused"; readonly id: number; readonly error: Told };
