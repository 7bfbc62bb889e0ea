/** Early stopping survives an interrupted run: it waits on where it stood, and ends with the same best weights. */

import { expect, test, vi } from "vitest";
import * as softmax from "../../generated/linear-softmax/trainer.ts";
import {
  DataError,
  earlyStopping,
  fit,
  loadCheckpoint,
  restoreCheckpoint,
  saveCheckpoint,
  type Callbacks,
  type EarlyStoppingOptions,
} from "../../runtime/index.ts";
import { DATA, memory, nameOf, OPTIONS } from "../support/interrupted-run.ts";

// many short runs, on machines that may be busy
vi.setConfig({ testTimeout: 30_000 });

/** No epoch is ten better than the first, so the first stays the best, and the third is the last. */
const STOPPING: EarlyStoppingOptions = { monitor: "val_loss", patience: 2, minDelta: 10 };

interface Run {
  readonly store: ReturnType<typeof memory>;
  /** Steps of this call after which it dies. */
  readonly kill?: number;
  readonly stopping?: EarlyStoppingOptions;
  readonly every?: { readonly steps: number };
}

async function run({ store, kill, stopping = STOPPING, every }: Run) {
  const trainer = softmax.createTrainer({ seed: 2 });
  const early = earlyStopping(stopping);
  let steps = 0;
  const dying: Callbacks = {
    onStep() {
      if (++steps === kill) throw new Error("killed");
    },
  };
  const checkpoint = { store, tables: softmax, ...(every && { every }) };
  const history = await fit(trainer, DATA, { ...OPTIONS, epochs: 6, checkpoint, callbacks: [dying, early] });
  return { bytes: trainer.bytes(), epochs: history.epochs, best: early.best, steps };
}

const whole = await run({ store: memory() });

test("killed within an epoch, at its end, and in the next one: the same best epoch, the same end, the same weights", async () => {
  expect([whole.epochs.length, whole.best?.epoch, whole.steps]).toEqual([3, 1, 12]);
  for (const every of [undefined, { steps: 3 }])
    for (const kill of [2, 4, 5, 8, 11]) {
      const store = memory();
      await expect(run({ store, kill, ...(every && { every }) })).rejects.toThrowError("killed");
      const { steps, ...rest } = await run({ store });
      expect(rest).toEqual({ bytes: whole.bytes, epochs: whole.epochs, best: whole.best });
      expect(steps).toBeLessThanOrEqual(12);
    }
});

test("a run that had stopped takes no further step, and gives the best weights again", async () => {
  const store = memory();
  await run({ store });
  const before = [...store.files.keys()];
  expect(await run({ store })).toEqual({ ...whole, steps: 0 });
  expect([...store.files.keys()]).toEqual(before);
  // more patience is one more epoch
  expect((await run({ store, stopping: { ...STOPPING, patience: 3 } })).epochs).toHaveLength(4);
});

test("without a monitor, a run that goes on watches what it watched before", async () => {
  const { monitor: _, ...stopping } = STOPPING;
  const store = memory();
  await expect(run({ store, kill: 6, stopping })).rejects.toThrowError("killed");
  const { steps: __, ...rest } = await run({ store, stopping });
  expect(rest).toEqual({ bytes: whole.bytes, epochs: whole.epochs, best: whole.best });
});

test("best weights that no checkpoint holds are said to be missing, before a step is taken", async () => {
  const store = memory();
  await run({ store, stopping: { ...STOPPING, restoreBest: false }, kill: 6 }).catch(() => undefined);
  await expect(run({ store })).rejects.toThrowError(
    new DataError(
      "early stopping would end with the weights after epoch 1, the best by val_loss so far, but the checkpoint does not hold them: it was written without early stopping, or under another; go on as the run began, or give this run a store of its own",
    ),
  );
});

test("a checkpoint holds what was kept beside the newest, whatever the model calls its own", () => {
  const row = (name: string) => ({ name, shape: [], dtype: "f32" as const });
  const tables = { PARAMETERS: [row("kept after epoch 2"), row("kept after epoch 2'")], STATE: [] };
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const own = { bytes: () => bytes.slice(), restore: (given: Uint8Array) => bytes.set(given), hyper: {}, stepCount: 4 };
  const kept = new Map([
    [2, new Uint8Array(8).fill(9)],
    [7, new Uint8Array(8).fill(6)],
  ]);
  const checkpoint = loadCheckpoint(saveCheckpoint(tables, own, undefined, kept), "f");
  expect(checkpoint.kept).toEqual(kept);
  expect(checkpoint.tensors.map(({ name }) => name)).toEqual(["kept after epoch 2", "kept after epoch 2'"]);
  bytes.fill(0);
  restoreCheckpoint(tables, own, checkpoint);
  expect([...bytes]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  // of another length than the model's own
  const short = saveCheckpoint(tables, own, undefined, new Map([[1, new Uint8Array(7)]]));
  expect(() => loadCheckpoint(short, "f")).toThrowError(
    new DataError('f holds no usable "kept" in its metadata; take an older checkpoint'),
  );
});

test("aborted between any two steps, the run is saved where it stands, and goes on to the same bits", async () => {
  const options = { ...OPTIONS, epochs: 2 };
  const trained = async (abortAt: number | undefined, store: ReturnType<typeof memory>) => {
    const trainer = softmax.createTrainer({ seed: 2 });
    const abort = new AbortController();
    let steps = 0;
    const onStep = () => {
      if (++steps === abortAt) abort.abort(new Error("enough"));
    };
    const checkpoint = { store, tables: softmax };
    const history = await fit(trainer, DATA, { ...options, checkpoint, signal: abort.signal, callbacks: { onStep } });
    return { bytes: trainer.bytes(), history, steps };
  };
  const straight = await trained(undefined, memory());
  for (const abortAt of [1, 3, 4, 5, 8]) {
    const store = memory();
    // the fourth and the eighth step are followed by validation, during which it is heard
    await expect(trained(abortAt, store)).rejects.toThrowError("enough");
    const newest = [...store.files.keys()].at(-1)!;
    expect(loadCheckpoint(store.files.get(newest)!, newest).step).toBe(abortAt);
    expect(newest).toBe(nameOf(abortAt <= 4 ? 1 : 2));
    expect(await trained(undefined, store)).toEqual({ ...straight, steps: 8 - abortAt });
  }
});
