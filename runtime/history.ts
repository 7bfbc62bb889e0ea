/** What goes into `fit` and what comes out, typed exactly for the trainer at hand. */

import type { Augment } from "./augment.ts";
import type { Kept } from "./checkpoint.ts";
import type { CheckpointOptions } from "./checkpoint-options.ts";
import type { EvaluationData, Means, Trainer, TrainingData } from "./trainer.ts";

/** `{ loss }` with one phase; with several, a mean for each phase by its name. */
export type EpochLoss<L> = L extends number ? { readonly loss: number } : { readonly [Phase in keyof L]: number };

/**
 * One epoch: Σ(loss·rows)/Σrows of its steps, each loss taken before its update; and the means of the
 * validation data after the last of them, under `val_`.
 */
export type EpochEntry<T extends Trainer = Trainer> = { readonly epoch: number } & EpochLoss<ReturnType<T["step"]>> & {
    readonly [K in keyof Means<T> as K extends "count" ? never : `val_${K & string}`]?: number;
  };

/** What a run measured, epoch by epoch. */
export interface History<T extends Trainer = Trainer> {
  readonly epochs: readonly EpochEntry<T>[];
  /** What the reader should know about the run as a whole: rows or checkpoints that could not be used, and why. */
  readonly note?: string;
}

/** A step just taken. Epochs and steps count from 1. The object is reused: read it, do not keep it. */
export interface StepEvent<T extends Trainer = Trainer> {
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  /** Steps in an epoch. */
  readonly steps: number;
  /** Rows of this step: the batch size, but for the last step of an epoch. */
  readonly rows: number;
  /** What the trainer's `step` returned. */
  readonly loss: ReturnType<T["step"]>;
}

/** Called in turn with training, never during a step. What they throw rejects `fit`. */
export interface Callbacks<T extends Trainer = Trainer> {
  onStep?(event: StepEvent<T>): void;
  /** Awaited. `'stop'` ends training with this epoch. */
  onEpoch?(entry: EpochEntry<T>, trainer: T): void | "stop" | Promise<void | "stop">;
  /**
   * Before the first step of a run that goes on from a checkpoint: the epochs that had ended, and what had been kept.
   * `'stop'` where no epoch is to follow.
   */
  onResume?(entries: readonly EpochEntry<T>[], kept: Kept): void | "stop";
  /** What every checkpoint keeps beside the newest weights. */
  kept?(): Kept;
  /** When the event loop has had its turn, a few dozen times a second. Awaited: training waits as long. */
  onTurn?(): void | Promise<void>;
  /** After the last epoch, or the one that was stopped at; not where `fit` rejects. */
  onEnd?(trainer: T): void;
}

/** What `fit` is told of a run. */
export interface FitOptions<T extends Trainer = Trainer> {
  /** Passes over the data, at least 1. */
  readonly epochs: number;
  /** Rows a step, at most what the trainer was compiled for, which is also the default. */
  readonly batchSize?: number;
  /** A new order each epoch, fixed by the seed; without it rows are taken as they stand. */
  readonly shuffle?: { readonly seed: number };
  /** Measured after each epoch. */
  readonly validation?: EvaluationData<T>;
  /** Several are called in order. */
  readonly callbacks?: Callbacks<T> | readonly Callbacks<T>[];
  /** Changes each batch in place before its step, e.g. by `flip` and `crop`. Validation data stay as they are. */
  readonly augment?: Augment<TrainingData<T>>;
  /**
   * Saves the run as it goes, and goes on from where an interrupted one stood, with the same bits as if it had
   * never stopped. The history is then that of the whole run.
   */
  readonly checkpoint?: CheckpointOptions;
  /** Aborts between two steps. */
  readonly signal?: AbortSignal;
}
