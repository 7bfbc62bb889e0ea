/** Training behind messages is training: the same bits and history, while the page asks, pauses, stops and hears. */

import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as softmax from "../../generated/linear-softmax/trainer.ts";
import { serveTrainer, trainInWorker, WorkerError, type WorkerLike, type WorkerOptions } from "../../runtime/browser/index.ts";
import { DataError, fit, type EpochEntry, type StepEvent } from "../../runtime/index.ts";
import { DATA } from "../support/interrupted-run.ts";

vi.setConfig({ testTimeout: 30_000 });
beforeEach(() => vi.stubGlobal("indexedDB", new IDBFactory()));
afterEach(() => void vi.unstubAllGlobals());

const RUN = { epochs: 3, batchSize: 32, shuffle: { seed: 5 } };
const own = () => ({ x: DATA.x.slice(), y: DATA.y.slice() });

/** A worker that serves linear-softmax, on this thread: all that it is told and says is copied as between threads. */
function worker(module: typeof softmax = softmax): WorkerLike & { ended: boolean } {
  const { port1, port2 } = new MessageChannel();
  serveTrainer(module, port2 as unknown as WorkerLike);
  const page = port1 as unknown as WorkerLike & { ended: boolean };
  page.ended = false;
  page.terminate = () => {
    page.ended = true;
    port1.close();
  };
  return page;
}

/** What the same run comes to where fit itself is called. */
async function straight() {
  const trainer = softmax.createTrainer({ seed: 3 });
  const { epochs } = await fit(trainer, own(), RUN);
  return { epochs, bytes: trainer.bytes() };
}

const begin = (options: Partial<WorkerOptions> = {}, of = worker()) =>
  trainInWorker(of, own(), { ...RUN, create: { seed: 3 }, ...options });

test("the history, and weights that are handed over, are those of fit", async () => {
  const heard: EpochEntry[] = [];
  const steps: StepEvent[] = [];
  const training = begin({ onEpoch: (entry) => heard.push(entry), onStep: (event) => steps.push(event) });
  const expected = await straight();
  expect(await training.history).toEqual({ epochs: expected.epochs });
  expect(heard).toEqual(expected.epochs);
  expect(await training.weights()).toEqual(expected.bytes);
  training.terminate();
});

test("predict answers during training and after it, as the trainer with those weights does", async () => {
  const training = begin();
  const batch = { x: DATA.x.slice(0, 784) };
  expect((await training.predict(batch))["scores"]).toHaveLength(10);
  await training.history;
  const trainer = softmax.createTrainer();
  trainer.restore(await training.weights());
  expect(await training.predict(batch)).toEqual({ scores: trainer.predict(batch).scores });
  await expect(training.predict({ x: new Float32Array(3) })).rejects.toThrow("x");
  training.terminate();
});

test("no step is taken while training pauses, and none is lost", async () => {
  const training = begin({ epochs: 40 });
  training.pause();
  const before = await training.weights();
  // the turn in progress may still end
  await new Promise((resolve) => setTimeout(resolve, 60));
  const paused = await training.weights();
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(await training.weights()).toEqual(paused);
  training.resume();
  const { epochs } = await training.history;
  expect(epochs).toHaveLength(40);
  const trainer = softmax.createTrainer({ seed: 3 });
  await fit(trainer, own(), { ...RUN, epochs: 40 });
  const after = await training.weights();
  expect(after).toEqual(trainer.bytes());
  expect([before, paused].map((bytes) => Buffer.compare(bytes, after) === 0)).toEqual([false, false]);
  training.terminate();
});

test("a run that is stopped, then ended with its worker, goes on from its checkpoint with the same bits", async () => {
  const checkpoint = { store: "IndexedDB", name: "run", every: { steps: 1 } } as const;
  const first = begin({ epochs: 3000, checkpoint });
  await new Promise((resolve) => setTimeout(resolve, 100));
  first.stop();
  const stopped = await first.history;
  expect(stopped.stopped).toBe(true);
  first.terminate();

  const done = stopped.epochs.length;
  const epochs = done + 2;
  const second = begin({ epochs, checkpoint });
  const { epochs: entries } = await second.history;
  const trainer = softmax.createTrainer({ seed: 3 });
  const expected = await fit(trainer, own(), { ...RUN, epochs });
  expect(entries).toEqual(expected.epochs);
  expect(await second.weights()).toEqual(trainer.bytes());
  second.terminate();
});

test("early stopping is decided there", async () => {
  const training = begin({ epochs: 50, earlyStopping: { monitor: "loss", patience: 1, minDelta: 1e9 } });
  expect((await training.history).epochs).toHaveLength(2);
  training.terminate();
});

test("data are handed over where that is asked for, else copied", async () => {
  const [kept, given] = [own(), own()];
  const first = trainInWorker(worker(), kept, RUN);
  const second = trainInWorker(worker(), given, { ...RUN, transfer: true });
  expect([kept.x.length > 0, given.x.length, given.y.length]).toEqual([true, 0, 0]);
  expect(await first.history).toEqual(await second.history);
  for (const one of [first, second]) one.terminate();
});

test("what fit refuses is refused with its own error and words", async () => {
  const training = trainInWorker(worker(), { x: DATA.x }, RUN);
  await expect(training.history).rejects.toThrow(new DataError("the data hold no array y; the model takes x, y"));
  training.terminate();
});

test("a worker that has ended is told of in one sentence, to whoever asks and whoever waits", async () => {
  const of = worker();
  const training = begin({ epochs: 3000 }, of);
  const waited = training.predict({ x: DATA.x.slice(0, 784) });
  training.terminate();
  const said = (asked: string) => new WorkerError(`${asked} was asked of a worker that was terminated; start another with trainInWorker`);
  await expect(waited).rejects.toThrow(said("predict"));
  await expect(training.history).rejects.toThrow(said("training"));
  await expect(training.weights()).rejects.toThrow(said("weights"));
  expect(() => training.pause()).toThrow(said("pause"));
  expect(of.ended).toBe(true);
});

test("arguments hold their laws", () => {
  const bad = trainInWorker as (...given: unknown[]) => unknown;
  expect(() => bad(7, {}, RUN)).toThrow(
    "trainInWorker: trainer must be the address of an emitted trainer, or a worker that calls serveTrainer, not 7",
  );
  expect(() => bad(worker(), own(), { epoch: 3 })).toThrow('trainInWorker has no option "epoch"; did you mean epochs?');
  expect(() => bad(worker(), own(), { epochs: 1, checkpoint: { store: "IndexDB", name: "a" } })).toThrow(
    'checkpoint.store must be "IndexedDB" or "OPFS", not "IndexDB"',
  );
  expect(() => bad("trainer.js", own(), RUN)).toThrow(Error);
});
