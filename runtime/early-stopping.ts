/** Training ends when a measure stops improving, and the trainer is left as it was when the measure was best. */

import * as error from "./error.ts";
import { COUNT, FLAG, numbers, oneOf, optionsOf, required, TEXT } from "./arguments.ts";
import type { Kept } from "./checkpoint.ts";
import type { Callbacks } from "./history.ts";
import { hold } from "./kinds.ts";
import type { Trainer } from "./trainer.ts";

/** What `earlyStopping` watches, and for how long. */
export interface EarlyStoppingOptions {
  /** A measure of the history: `val_loss`, `val_accuracy`, `loss`, … Default: `val_loss`, or `loss` where `fit` has no validation data. */
  readonly monitor?: string;
  /** Epochs in a row without improvement after which training stops, at least 1. */
  readonly patience: number;
  /** What counts as improvement: more than this much better than the best. Default: 0. */
  readonly minDelta?: number;
  /** Which way is better. Default: `max` for accuracy, precision, recall and F1, `min` for all others. */
  readonly mode?: "min" | "max";
  /** Whether parameters and state end as they were after the best epoch. Default: true. */
  readonly restoreBest?: boolean;
}

/** A callback for `fit`, and what it found. */
export interface EarlyStopping extends Callbacks {
  /** The best epoch of the training in progress, or of the last one; undefined before any. */
  readonly best: { readonly epoch: number; readonly value: number } | undefined;
  onEpoch(entry: { readonly epoch: number }, trainer: Trainer): void | "stop";
  onResume(entries: readonly { readonly epoch: number }[], kept: Kept): void | "stop";
  kept(): Kept;
  onEnd(trainer: Trainer): void;
}

const OPTIONS = optionsOf<EarlyStoppingOptions>({
  monitor: TEXT,
  patience: required({ ...COUNT, remedy: "the epochs without improvement after which training stops" }),
  minDelta: numbers("a finite number of at least 0", (delta) => delta >= 0),
  mode: oneOf("min", "max"),
  restoreBest: FLAG,
});

/**
 * Stops `fit` once `monitor` has not improved for `patience` epochs: `fit(trainer, data, { epochs, validation,
 * callbacks: [earlyStopping({ patience: 3 })] })`. NaN never improves. Each training begins anew;
 * one that goes on from a checkpoint goes on waiting where it stood, and its checkpoints hold the best weights.
 *
 * @throws RangeError when patience or minDelta is out of range; `fit` rejects with DataError where no epoch measures
 * `monitor`, or where a checkpoint does not hold the weights of the best epoch before it
 */
export function earlyStopping(options: EarlyStoppingOptions): EarlyStopping {
  hold("earlyStopping", { options }, { options: OPTIONS });
  const { patience, minDelta = 0, mode = directionOf(options.monitor), restoreBest = true } = options;
  let best: { epoch: number; value: number } | undefined;
  let kept: Uint8Array | undefined;
  let waited = 0;
  let ended = false;
  const improves = (value: number): boolean => {
    if (best === undefined) return value - value === 0;
    return mode === "max" ? value > best.value + minDelta : value < best.value - minDelta;
  };
  const begin = (): void => {
    best = kept = undefined;
    waited = 0;
    ended = false;
  };
  /** What is watched, of those that an epoch measures. */
  const monitorOf = (entry: object | undefined): string =>
    options.monitor ?? (entry !== undefined && Object.hasOwn(entry, "val_loss") ? "val_loss" : "loss");
  /** Whether the epoch is the best so far. */
  const judge = (entry: { readonly epoch: number }): boolean => {
    const measures: ReadonlyMap<string, unknown> = new Map(Object.entries(entry));
    const monitor = monitorOf(entry);
    const value = measures.get(monitor);
    if (typeof value !== "number" || monitor === "epoch")
      throw error.unknownMeasure(
        monitor,
        [...measures.keys()].filter((name) => name !== "epoch"),
      );
    const better = improves(value);
    if (better) best = { epoch: entry.epoch, value };
    waited = better ? 0 : waited + 1;
    return better;
  };
  return {
    get best() {
      return best;
    },
    onEpoch(entry, trainer) {
      if (ended || entry.epoch === 1) begin();
      if (judge(entry) && restoreBest) kept = trainer.bytes();
      return waited >= patience ? "stop" : undefined;
    },
    onResume(entries, held) {
      begin();
      entries.forEach(judge);
      if (restoreBest && best !== undefined) {
        kept = held.get(best.epoch);
        if (kept === undefined) throw error.bestNotKept(monitorOf(entries[0]), best.epoch);
      }
      return waited >= patience ? "stop" : undefined;
    },
    kept: () => new Map(kept === undefined || best === undefined ? [] : [[best.epoch, kept]]),
    onEnd(trainer) {
      if (kept !== undefined) trainer.restore(kept);
      kept = undefined;
      ended = true;
    },
  };
}

const directionOf = (monitor = "loss"): "min" | "max" => (/(accuracy|precision|recall|f1)$/i.test(monitor) ? "max" : "min");
