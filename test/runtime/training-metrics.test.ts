/** Metrics of training rows are measured after each epoch, with the weights of then; the loss stays the mean of the steps. */

import { expect, test } from "vitest";
import * as softmax from "../../generated/linear-softmax/trainer.ts";
import { evaluate, fit } from "../../runtime/index.ts";
import { DATA } from "../support/interrupted-run.ts";

test("accuracy stands beside val_accuracy, as evaluate gives it", async () => {
  const some = { x: DATA.x.slice(0, 60 * 784), y: DATA.y.slice(0, 60) };
  const options = { epochs: 3, shuffle: { seed: 5 } };
  const [asked, plain] = [softmax.createTrainer({ seed: 1 }), softmax.createTrainer({ seed: 1 })];
  const measured: number[] = [];
  const { epochs } = await fit(asked, DATA, {
    ...options,
    validation: DATA,
    trainingMetrics: some,
    callbacks: { onEpoch: (_, trainer) => void measured.push(evaluate(trainer, some).accuracy) },
  });
  const { epochs: without } = await fit(plain, DATA, options);
  expect(epochs.map(({ accuracy }) => accuracy)).toEqual(measured);
  expect(epochs.map(({ loss }) => loss)).toEqual(without.map(({ loss }) => loss));
  expect(asked.bytes()).toEqual(plain.bytes());
  expect(Object.keys(epochs[0]!)).toEqual(["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]);
  expect(Object.keys(without[0]!)).toEqual(["epoch", "loss"]);
});
