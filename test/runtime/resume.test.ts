/** A run that stops anywhere and goes on from its last checkpoint ends with the bits of one that never stopped. */

import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import * as circuit from "../../generated/circuit/trainer.ts";
import * as softmax from "../../generated/linear-softmax/trainer.ts";
import { DataError, fit, loadCheckpoint, type CheckpointStore } from "../../runtime/index.ts";
import { DATA, killed, memory, nameOf, OPTIONS, run, type Options } from "../support/interrupted-run.ts";

// hundreds of short runs, on machines that may be busy
vi.setConfig({ testTimeout: 30_000 });

const says = (message: string) => new DataError(message);
const straight = await run(OPTIONS);

describe("resume", () => {
  test.each([{ epochs: 1 }, { epochs: 2 }, { steps: 1 }, { steps: 3 }, { steps: 4 }])(
    "every %j, killed before each of the 12 steps: the same weights, state and history",
    async (every) => {
      for (let steps = 1; steps <= 12; steps++) {
        const checkpoint = { store: memory(), tables: softmax, every };
        await killed(steps, { ...OPTIONS, checkpoint });
        const resumed = await run({ ...OPTIONS, checkpoint });
        expect(resumed.history).toEqual(straight.history);
        expect(resumed.hash).toBe(straight.hash);
      }
    },
  );

  test("killed again and again", async () => {
    const distances = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(distances, fc.integer({ min: 1, max: 5 }), async (kills, steps) => {
        const checkpoint = { store: memory(), tables: softmax, every: { steps } };
        for (const kill of kills) {
          let taken = 0;
          const onStep = () => {
            if (++taken === kill) throw new Error("killed");
          };
          await run({ ...OPTIONS, checkpoint, callbacks: { onStep } }).catch(() => undefined);
        }
        expect(await run({ ...OPTIONS, checkpoint })).toEqual(straight);
      }),
      { numRuns: 10 },
    );
  });

  test("it goes on where it stood: only the steps since the last checkpoint are taken again", async () => {
    const checkpoint = { store: memory(), tables: softmax, every: { steps: 3 } };
    await killed(8, { ...OPTIONS, checkpoint });
    const steps: string[] = [];
    const epochs: number[] = [];
    await run({
      ...OPTIONS,
      checkpoint,
      callbacks: {
        onStep: ({ epoch, step }) => void steps.push(`${epoch}.${step}`),
        onEpoch: ({ epoch }) => void epochs.push(epoch),
      },
    });
    expect(steps).toEqual(["2.3", "2.4", "3.1", "3.2", "3.3", "3.4"]);
    expect(epochs).toEqual([2, 3]);
  });

  test("a run that has ended is only reported; more epochs go on from it", async () => {
    const checkpoint = { store: memory(), tables: softmax };
    await run({ ...OPTIONS, epochs: 2, checkpoint });
    expect((await run({ ...OPTIONS, epochs: 1, checkpoint })).history.epochs).toHaveLength(2);
    expect(await run({ ...OPTIONS, checkpoint })).toEqual(straight);
  });

  test("a trainer without inputs, and one whose live scalars changed on the way", async () => {
    const hyper = { learningRate: 1 };
    const make = () => ({ ...circuit.createTrainer(), hyper });
    const store = memory();
    const trainer = make();
    const onEpoch = ({ epoch }: { epoch: number }) => void (hyper.learningRate = 1 / epoch);
    await fit(trainer, {}, { epochs: 3, checkpoint: { store, tables: circuit }, callbacks: { onEpoch } });
    hyper.learningRate = 9;
    const again = make();
    await fit(again, {}, { epochs: 3, checkpoint: { store, tables: circuit } });
    expect(hyper.learningRate).toBe(1 / 3);
    expect(again.bytes()).toEqual(trainer.bytes());
  });

  test("several phases keep their sums", async () => {
    const phased = () => {
      const inner = softmax.createTrainer({ seed: 2 });
      return {
        ...inner,
        step: (batch: softmax.TrainBatch, count?: number) => {
          const a = inner.step(batch, count);
          return { a, b: a * a };
        },
      };
    };
    const options = { epochs: 2, batchSize: 40 };
    const whole = await fit(phased(), DATA, options);
    const checkpoint = { store: memory(), tables: softmax, every: { steps: 1 } };
    let taken = 0;
    const onStep = () => {
      if (++taken === 3) throw new Error("killed");
    };
    await expect(fit(phased(), DATA, { ...options, checkpoint, callbacks: { onStep } })).rejects.toThrowError("killed");
    expect(await fit(phased(), DATA, { ...options, checkpoint })).toEqual(whole);
  });

  test("a model that takes only full batches leaves out the same rows", async () => {
    const options = { epochs: 2, shuffle: { seed: 1 } };
    const full = () => ({ ...softmax.createTrainer({ seed: 2 }), shortBatch: "refuse" as const });
    const whole = await fit(full(), DATA, options);
    expect(whole.note).toMatch(/^22 of 150 rows were left out/);
    for (const steps of [1, 2, 3]) {
      const checkpoint = { store: memory(), tables: softmax, every: { steps: 1 } };
      let taken = 0;
      const onStep = () => {
        if (++taken === steps) throw new Error("killed");
      };
      await expect(fit(full(), DATA, { ...options, checkpoint, callbacks: { onStep } })).rejects.toThrowError("killed");
      expect(await fit(full(), DATA, { ...options, checkpoint })).toEqual(whole);
    }
  });

  test("the last so many are kept, and files that are no checkpoints are left alone", async () => {
    const store = memory(new Map([["notes.txt", Uint8Array.of(1)]]));
    await run({ ...OPTIONS, checkpoint: { store, tables: softmax, every: { steps: 1 }, keep: 2 } });
    // 12 steps and the end
    expect([...store.files.keys()]).toEqual(["notes.txt", nameOf(12), nameOf(13)]);
    const { step, run: state } = loadCheckpoint(store.files.get(nameOf(12))!, "f");
    expect([step, state?.epoch, state?.row]).toEqual([12, 3, 150]);
  });
});

describe("what cannot be gone on from", () => {
  const half = async () => {
    const store = memory();
    await killed(10, { ...OPTIONS, checkpoint: { store, tables: softmax, every: { steps: 2 } } });
    return store;
  };
  const on = (store: CheckpointStore) => ({ ...OPTIONS, checkpoint: { store, tables: softmax } });

  test("a damaged checkpoint costs the work since the one before, and the history says so", async () => {
    const store = await half();
    // steps 2, 4, 6, 8: the last three are kept
    store.files.get(nameOf(4))![300]! ^= 4;
    const { hash, history } = await run(on(store));
    expect(hash).toBe(straight.hash);
    expect(history.epochs).toEqual(straight.history.epochs);
    expect(history.note).toMatch(
      /^training went on from checkpoint-000003.safetensors, an older checkpoint: checkpoint-000004.safetensors .*; it is damaged/,
    );
    // the damaged one is the first to go
    expect([...store.files.keys()]).toEqual([2, 3, 5, 6].map(nameOf).slice(1));
  });

  test("when none is whole nothing is lost: fit refuses, and says how to begin again", async () => {
    const store = await half();
    for (const bytes of store.files.values()) bytes[0]! ^= 1;
    await expect(run(on(store))).rejects.toThrowError(
      /^no checkpoint of the 3 in the store can be used; of the newest: checkpoint-000004.safetensors .*; or remove them all, to train from the start$/,
    );
    expect(store.files.size).toBe(3);
  });

  test("another model, another order of rows, bad options", async () => {
    const store = await half();
    await expect(fit(circuit.createTrainer(), {}, { epochs: 1, checkpoint: { store, tables: circuit } })).rejects.toThrowError(
      /^checkpoint-000004.safetensors is of the model linear-softmax, not of circuit; it belongs to another model/,
    );
    const other = { PARAMETERS: softmax.PARAMETERS, STATE: [] };
    await expect(run({ ...OPTIONS, checkpoint: { store, tables: other } })).rejects.toThrowError(
      says(
        "checkpoint-000004.safetensors holds stepCount as i32[], which the model does not have; it belongs to another model: give this run a store of its own, or use the trainer that wrote it",
      ),
    );
    const differs = (field: string, a: string, b: string) =>
      says(
        `checkpoint-000004.safetensors was written by a run with ${field} ${a}, but this one has ${b}, so it cannot go on where that one stood; ask for the same, or give this run a store of its own`,
      );
    await expect(run({ ...on(store), batchSize: 50 })).rejects.toThrowError(differs("batchSize", "40", "50"));
    const { shuffle: _, ...unshuffled } = on(store);
    await expect(run(unshuffled)).rejects.toThrowError(differs("shuffle seed", "5", "none"));
    await expect(run({ ...OPTIONS, checkpoint: { store, tables: softmax, keep: 0 } })).rejects.toThrowError(
      new RangeError("checkpoint.keep must be a whole number of at least 1, not 0"),
    );
    await expect(run({ ...OPTIONS, checkpoint: { store, tables: softmax, every: { steps: 1.5 } } })).rejects.toThrowError(
      new RangeError("checkpoint.every.steps must be a whole number of at least 1, not 1.5"),
    );
  });

  test("a store that fails at any call: fit says which, and the checkpoints before it still load", async () => {
    const calls = ["write", "remove", "list", "read"] as const;
    const bad = fc.record({ call: fc.constantFrom(...calls), n: fc.integer({ min: 1, max: 8 }) });
    await fc.assert(
      fc.asyncProperty(bad, async ({ call, n }) => {
        const sound = memory();
        let calls = 0;
        const failing: CheckpointStore = {
          ...sound,
          [call]: (name: string, bytes: Uint8Array) =>
            ++calls === n ? Promise.reject(new Error("ENOSPC: no space left on device")) : sound[call](name, bytes),
        };
        const options = (store: CheckpointStore): Options => ({
          ...OPTIONS,
          checkpoint: { store, tables: softmax, every: { steps: 1 }, keep: 1 },
        });
        const failed = await run(options(failing)).catch((error: unknown) => error);
        if (failed instanceof Error) {
          expect(failed).toBeInstanceOf(DataError);
          expect(failed.message).toContain("ENOSPC: no space left on device");
        }
        expect(await run(options(sound))).toEqual(straight);
      }),
      { numRuns: 12 },
    );
  });
});
