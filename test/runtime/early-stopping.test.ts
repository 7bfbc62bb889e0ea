/** Early stopping leaves the weights of the best epoch, bit for bit; callbacks work together; bad options are told. */

import { describe, expect, test } from "vitest";
import { compile, constant, load, mean, model, mul, param, reshape, sgd, tile } from "adjoint";
import type { TrainerModule } from "../../compiler/compile.ts";
import { DataError, earlyStopping, fit, predictAll, split, type Callbacks, type Trainer } from "../../runtime/index.ts";

interface Rows {
  x: Float32Array;
  y: Int32Array;
}

/** A trainer whose validation losses are those given, one an epoch, and whose one weight counts the epochs. */
function scripted(losses: readonly number[]) {
  const w = new Float32Array(1);
  const state = new Float32Array(w.buffer);
  return {
    batch: { train: 2, evaluate: 2, predict: 2 },
    inputs: { x: new Float32Array(4), y: new Int32Array(2) },
    parameters: { w },
    state: {},
    hyper: {},
    stepCount: 0,
    step: (_: Rows, _count = 2): number => (w[0]! += 0.1),
    evaluate: (_: Rows, count = 2) => ({
      loss: losses[Math.round(w[0]! * 10) - 1]! * count,
      accuracy: (1 - losses[Math.round(w[0]! * 10) - 1]!) * count,
      count,
    }),
    // row k predicts [x₀ + x₁, 10·x₀] and its first column as a whole number
    predict: ({ x }: { x: Float32Array }) => ({
      scores: Float32Array.of(x[0]! + x[1]!, 10 * x[0]!, x[2]! + x[3]!, 10 * x[2]!),
      rounded: Int32Array.of(Math.round(x[0]!), Math.round(x[2]!)),
    }),
    bytes: () => new Uint8Array(state.buffer.slice(0)),
    restore: (bytes: Uint8Array) => w.set(new Float32Array(bytes.slice().buffer)),
  };
}

const two: Rows = { x: Float32Array.of(1, 2, 3, 4), y: Int32Array.of(0, 1) };
const options = { epochs: 9, validation: two };

/** What w is after so many epochs, rounded as float32 rounds. */
const after = (epochs: number): number => {
  const w = new Float32Array(1);
  for (let n = 0; n < epochs; n++) w[0]! += 0.1;
  return w[0]!;
};

describe("early stopping", () => {
  test("stops after `patience` epochs without improvement, and restores the best weights bit for bit", async () => {
    const trainer = scripted([0.5, 0.3, 0.2, 0.25, 0.2, 0.1]);
    const kept: Uint8Array[] = [];
    const stopping = earlyStopping({ monitor: "val_loss", patience: 2 });
    const record: Callbacks = { onEpoch: (_, { bytes }) => void kept.push(bytes()) };
    const { epochs } = await fit(trainer, two, { ...options, callbacks: [record, stopping] });
    expect(epochs.map(({ val_loss }) => val_loss)).toEqual([0.5, 0.3, 0.2, 0.25, 0.2]);
    expect(stopping.best).toEqual({ epoch: 3, value: 0.2 });
    expect(trainer.bytes()).toEqual(kept[2]);
    expect(trainer.parameters.w[0]).toBe(after(3));
  });

  test("restores also where training ends by itself; unless told not to", async () => {
    const losses = [0.5, 0.1, 0.4];
    const trainer = scripted(losses);
    const monitor = "val_loss";
    await fit(trainer, two, { ...options, epochs: 3, callbacks: earlyStopping({ monitor, patience: 5 }) });
    expect(trainer.parameters.w[0]).toBe(after(2));
    const left = scripted(losses);
    await fit(left, two, { ...options, epochs: 3, callbacks: earlyStopping({ monitor, patience: 5, restoreBest: false }) });
    expect(left.parameters.w[0]).toBe(after(3));
  });

  test("without a monitor it watches val_loss, or loss where nothing validates", async () => {
    const stopping = earlyStopping({ patience: 2 });
    const { epochs } = await fit(scripted([0.5, 0.3, 0.2, 0.25, 0.2, 0.1]), two, { ...options, callbacks: stopping });
    expect([epochs.length, stopping.best]).toEqual([5, { epoch: 3, value: 0.2 }]);
    const alone = await fit(scripted([1]), two, { epochs: 9, callbacks: stopping });
    // the scripted trainer's own loss only rises
    expect([alone.epochs.length, stopping.best]).toEqual([3, { epoch: 1, value: alone.epochs[0]!.loss }]);
    expect(Object.keys(alone.epochs[0]!)).toEqual(["epoch", "loss"]);
  });

  test("accuracy is better when larger, a loss when smaller; mode overrides", async () => {
    const losses = [0.5, 0.3, 0.4, 0.45, 0.6];
    const best = async (monitor: string, mode?: "min" | "max") => {
      const stopping = earlyStopping({ monitor, patience: 9, ...(mode && { mode }) });
      await fit(scripted(losses), two, { ...options, epochs: 5, callbacks: stopping });
      return stopping.best?.epoch;
    };
    expect(await best("val_loss")).toBe(2);
    expect(await best("val_accuracy")).toBe(2);
    expect(await best("val_accuracy", "min")).toBe(5);
    expect(await best("val_loss", "max")).toBe(5);
  });

  test("an improvement of minDelta or less is none, and NaN never is one", async () => {
    const stopping = earlyStopping({ monitor: "val_loss", patience: 3, minDelta: 0.125 });
    const callbacks = stopping;
    const { epochs } = await fit(scripted([NaN, 0.5, 0.375, NaN, 0.4, 0.1]), two, { ...options, callbacks });
    expect(epochs).toHaveLength(5);
    expect(stopping.best).toEqual({ epoch: 2, value: 0.5 });
  });

  test("begins anew with each training", async () => {
    const stopping = earlyStopping({ monitor: "val_loss", patience: 2 });
    const run = () => fit(scripted([0.1, 0.4, 0.3, 0.2]), two, { ...options, callbacks: stopping });
    expect((await run()).epochs).toHaveLength(3);
    expect((await run()).epochs).toHaveLength(3);
  });

  test("names what there is to watch, the nearest first, and what is missing", async () => {
    const watch = (monitor: string) => ({ callbacks: earlyStopping({ monitor, patience: 1 }) });
    await expect(fit(scripted([1]), two, { ...options, ...watch("val_acuracy") })).rejects.toThrowError(
      new DataError(
        "early stopping watches val_acuracy, which no epoch measures; epochs measure loss, val_loss, val_accuracy; " +
          "did you mean val_accuracy?",
      ),
    );
    await expect(fit(scripted([1]), two, { epochs: 2, ...watch("val_loss") })).rejects.toThrowError(
      new DataError("early stopping watches val_loss, which no epoch measures; epochs measure loss: give fit validation data"),
    );
  });

  test("patience and minDelta out of range are refused before training", () => {
    expect(() => earlyStopping({ monitor: "loss", patience: 0 })).toThrowError(
      new RangeError("patience must be a whole number of at least 1, not 0: the epochs without improvement after which training stops"),
    );
    expect(() => earlyStopping({ monitor: "loss", patience: 1, minDelta: -1 })).toThrowError(
      new RangeError("minDelta must be a finite number of at least 0, not -1"),
    );
  });
});

test("several callbacks are called in order, and all hear of the epoch that one stops at", async () => {
  const heard: string[] = [];
  const one = (name: string, stop = false): Callbacks => ({
    onStep: ({ step }) => void heard.push(`${name} step ${step}`),
    onEpoch: ({ epoch }) => (heard.push(`${name} epoch ${epoch}`), stop ? "stop" : undefined),
    onEnd: () => void heard.push(`${name} end`),
  });
  await fit(scripted([1, 1, 1]), two, { epochs: 3, callbacks: [one("a", true), one("b"), {}] });
  expect(heard).toEqual(["a step 1", "b step 1", "a epoch 1", "b epoch 1", "a end", "b end"]);
});

describe("predictAll", () => {
  const three = { x: Float32Array.of(1, 2, 3, 4, 5, 6), y: Int32Array.of(0, 1, 0) };

  test("gives every row once, copied, though the last batch is not full", () => {
    const trainer = scripted([]);
    const { scores, rounded } = predictAll(trainer, { x: three.x });
    expect([...scores]).toEqual([3, 10, 7, 30, 11, 50]);
    expect(rounded).toEqual(Int32Array.of(1, 3, 5));
    predictAll(trainer, { x: new Float32Array(2) });
    expect(scores[0]).toBe(3);
  });

  test("keeps the doubles of a trainer in float64", async () => {
    const halves = model("halves", { batch: 2 }, ({ batch }) => {
      const w = param("w", [3], constant(0.1));
      const of = tile(reshape(w, [1, 3]), [batch, 1]);
      return { loss: mean(mul(of, of)), outputs: { of }, optimizer: sgd() };
    });
    const trainer = (await load<TrainerModule>(await compile(halves, { dtype: "f64", effort: "none" }))).createTrainer();
    expect((predictAll(trainer as unknown as Trainer, {} as never) as { of: unknown }).of).toEqual(Float64Array.of(0.1, 0.1, 0.1));
  });

  test("lets labels pass, and refuses what the model does not take", () => {
    expect(predictAll(scripted([]), three).rounded).toEqual(Int32Array.of(1, 3, 5));
    const more: Rows = Object.assign({ z: three.x }, three);
    expect(() => predictAll(scripted([]), more)).toThrowError(
      new DataError("the data hold z, which the model does not take; it takes x, y"),
    );
  });

  test("an output without rows is named", () => {
    const trainer = { ...scripted([]), predict: (_: Rows) => ({ mean: new Float32Array(1) }) };
    expect(() => predictAll(trainer, three)).toThrowError(
      new DataError(
        "the output mean has 1 values for a batch of 2 rows, so it has no leading batch axis and cannot be taken " +
          "row by row; call trainer.predict yourself",
      ),
    );
  });
});

describe("split", () => {
  const rows = (n: number): Rows => ({
    x: Float32Array.from({ length: 2 * n }, (_, i) => i),
    y: Int32Array.from({ length: n }, (_, i) => i % 2),
  });
  const firsts = ({ x }: Rows) => [...x].filter((_, i) => i % 2 === 0).map((v) => v / 2);

  test("every row is in exactly one part, its columns together, by the seed alone", () => {
    const cut = (seed: number) => split(scripted([]), rows(10), { validation: 0.3, seed });
    const { train, validation } = cut(1);
    expect(firsts(validation)).toHaveLength(3);
    expect([...firsts(train), ...firsts(validation)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const part of [train, validation]) {
      firsts(part).forEach((row, n) => {
        expect(part.x[2 * n + 1]).toBe(2 * row + 1);
        expect(part.y[n]).toBe(row % 2);
      });
    }
    expect(cut(1)).toEqual(cut(1));
    expect(firsts(cut(2).validation)).not.toEqual(firsts(validation));
  });

  test("either part has at least one row", () => {
    expect(firsts(split(scripted([]), rows(2), { validation: 0.01, seed: 0 }).validation)).toHaveLength(1);
    expect(firsts(split(scripted([]), rows(2), { validation: 0.99, seed: 0 }).train)).toHaveLength(1);
  });

  test("what cannot be split says so", () => {
    expect(() => split(scripted([]), rows(4), { validation: 1, seed: 0 })).toThrowError(
      new RangeError("validation must be a share of the rows above 0 and below 1, such as 0.1, not 1"),
    );
    expect(() => split(scripted([]), rows(1), { validation: 0.5, seed: 0 })).toThrowError(
      new DataError("the data hold 1 row, which cannot be both trained on and validated with; bring more rows"),
    );
  });
});
