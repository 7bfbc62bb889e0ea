/** Keeps a run's checkpoints: it goes on from the newest that is whole, and a failed write never costs an older one. */

import * as error from "./checkpoint-error.ts";
import {
  loadCheckpoint,
  requireSameModel,
  restoreCheckpoint,
  saveCheckpoint,
  type Checkpoint,
  type Kept,
  type Snapshot,
} from "./checkpoint.ts";
import type { CheckpointOptions, CheckpointStore } from "./checkpoint-options.ts";
import type { RowOrder, RunState } from "./run-state.ts";

export interface Checkpoints {
  /** Where the run stood that goes on; undefined for one that begins. */
  readonly resumed?: RunState;
  /** What callbacks had kept then. */
  readonly kept: Kept;
  /** Says so when an older checkpoint had to be used. */
  readonly note?: string;
  /** Whether one is due after so many steps of the run, or epochs. */
  readonly due: { step(done: number): boolean; epoch(done: number): boolean };
  /** @throws DataError when the store fails; older checkpoints are then still there */
  save(run: Omit<RunState, "order">, kept?: Kept): Promise<void>;
}

const NAME = /^checkpoint-(\d{6,15})\.safetensors$/;
const numberOf = (name: string): number => Number(NAME.exec(name)?.[1]);
const nameOf = (number: number): string => `checkpoint-${String(number).padStart(6, "0")}.safetensors`;
const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/**
 * Finds the newest checkpoint that is whole, and gives the trainer what it holds.
 *
 * @throws DataError when it is of another model or another order of rows, or when there are some and none is whole
 * @throws RangeError when an option is out of range
 */
export async function openCheckpoints(trainer: Snapshot, options: CheckpointOptions, order: RowOrder): Promise<Checkpoints> {
  const { store, tables, every = { epochs: 1 }, keep = 3 } = options;
  const steps = "steps" in every ? every.steps : undefined;
  const epochs = "epochs" in every ? every.epochs : undefined;

  const all = await attempt(() => store.list(), error.notListed);
  const names = all.filter((name) => NAME.test(name)).sort((a, b) => numberOf(a) - numberOf(b));
  const { checkpoint, damaged } = await newestWhole(store, names);
  if (checkpoint !== undefined) {
    requireSameModel(tables, trainer, checkpoint);
    requireSameOrder(checkpoint, order);
    restoreCheckpoint(tables, trainer, checkpoint);
  }

  let last = names.length === 0 ? 0 : numberOf(names.at(-1)!);
  const spoilt = new Set(damaged.map(({ name }) => name));
  /** Oldest first; those that cannot be read are the first to go. */
  const stored = [...spoilt, ...names.filter((name) => !spoilt.has(name))];
  let whole = stored.length - spoilt.size;
  return {
    ...(checkpoint?.run === undefined ? {} : { resumed: checkpoint.run }),
    kept: checkpoint?.kept ?? new Map(),
    ...(checkpoint === undefined || damaged.length === 0
      ? {}
      : {
          note: error.fellBack(
            checkpoint.name,
            damaged.map(({ cause }) => reasonOf(cause)),
          ),
        }),
    due: {
      step: (done) => steps !== undefined && done % steps === 0,
      epoch: (done) => epochs !== undefined && done % epochs === 0,
    },
    async save(run, kept) {
      const name = nameOf(++last);
      const bytes = saveCheckpoint(tables, trainer, { ...run, order }, kept);
      await attempt(
        () => store.write(name, bytes),
        (...why) => error.notWritten(name, ...why),
      );
      stored.push(name);
      whole = Math.min(whole + 1, keep);
      while (stored.length > whole) {
        const oldest = stored[0]!;
        await attempt(
          () => store.remove(oldest),
          (...why) => error.notRemoved(oldest, ...why),
        );
        stored.shift();
      }
    },
  };
}

/** What the store does, or why it did not. */
async function attempt<Result>(act: () => Promise<Result>, fault: (reason: string, cause: unknown) => Error): Promise<Result> {
  try {
    return await act();
  } catch (cause) {
    throw fault(reasonOf(cause), cause);
  }
}

/** The newest checkpoint that can be read, and why the newer ones cannot, newest first. */
async function newestWhole(store: CheckpointStore, names: readonly string[]): Promise<{ checkpoint?: Checkpoint; damaged: Damaged[] }> {
  const damaged: Damaged[] = [];
  for (const name of names.toReversed()) {
    try {
      const bytes = await attempt(
        () => store.read(name),
        (...why) => error.notRead(name, ...why),
      );
      return { checkpoint: loadCheckpoint(bytes, name), damaged };
    } catch (cause) {
      damaged.push({ name, cause });
    }
  }
  const [newest] = damaged;
  if (newest !== undefined) {
    throw error.noneUsable(names.length, reasonOf(newest.cause), newest.cause);
  }
  return { damaged };
}

interface Damaged {
  readonly name: string;
  readonly cause: unknown;
}

function requireSameOrder({ name, run }: Checkpoint, given: RowOrder): void {
  if (run === undefined) throw error.noRun(name);
  const { order } = run;
  if (order.rows !== given.rows) throw error.otherOrder(name, "rows", order.rows, given.rows);
  if (order.batchSize !== given.batchSize) {
    throw error.otherOrder(name, "batchSize", order.batchSize, given.batchSize);
  }
  if (order.seed !== given.seed) {
    throw error.otherOrder(name, "shuffle seed", order.seed, given.seed);
  }
}
