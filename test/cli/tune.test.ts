/** tune finds what was planted, the same each time; a failed trial is a row; bad spaces and bad declarations are told. */

import { describe, expect, test } from "vitest";
import { readDataDeclaration, loadData } from "../../compiler/cli/data.ts";
import { InputError, Interrupted } from "../../compiler/cli/errors.ts";
import type { LoadedModel } from "../../compiler/cli/load-model.ts";
import { gridChoices, randomChoices, readSpace, shownValue } from "../../compiler/cli/space.ts";
import { search } from "../../compiler/cli/tune.ts";
import { add, input, matmul, model, mse, param, sgd, zeros, type Model } from "../../compiler/index.ts";
import { DivergenceError } from "../../runtime/index.ts";

/** y = x·w + b, fitted by gradient descent; `bad` asks for columns that do not fit. */
const line = (learningRate: number, bad = false): Model =>
  model("line", { batch: 8 }, ({ batch }) => {
    const x = input("x", [batch, 2]);
    const y = input("y", [batch, 1]);
    const w = param("w", [bad ? (3 as 2) : 2, 1], zeros());
    const b = param("b", [1], zeros());
    const scores = add(matmul(x, w), b);
    return { loss: mse(scores, y), outputs: { scores }, optimizer: sgd({ learningRate }) };
  });

const rows = 64;
const x = Float32Array.from({ length: 2 * rows }, (_, n) => Math.fround(((n * 37) % 64) / 32 - 1));
const y = Float32Array.from({ length: rows }, (_, n) => 3 * x[2 * n]! - x[2 * n + 1]! + 0.5);
const options = { train: { x, y }, validation: 0.25, epochs: 4, seed: 1 };
const byRate = (choice: Readonly<Record<string, unknown>>): Model => line(Number(choice["learningRate"]), choice["bad"] === true);

describe("search", { timeout: 30_000 }, () => {
  const space = readSpace("m.ts", { learningRate: [1e-5, 0.2, 1e-3, 1e4], bad: [false] });

  test("finds the planted rate, sorts by validation loss, and a trial that diverges is the last row", async () => {
    const { trials, interrupted } = await search({ ...options, choices: gridChoices("m.ts", space), build: byRate });
    expect(trials.map(({ choice }) => choice["learningRate"])).toEqual([0.2, 1e-3, 1e-5, 1e4]);
    const losses = trials.slice(0, 3).map(({ measures }) => measures["val_loss"]!);
    expect(losses).toEqual(losses.toSorted((a, b) => a - b));
    expect(losses[0]).toBeLessThan(0.05 * losses[2]!);
    expect(trials[0]).toMatchObject({ trial: 2, parameters: 3, epochs: 4 });
    expect(trials[3]!.measures).toEqual({});
    expect(trials[3]!.failure).toMatch(
      /^the loss became (Infinity|NaN) at epoch \d, step \d of 6; start again with a smaller learning rate/,
    );
    expect(interrupted).toBe(false);
  });

  test("is reproducible to the last bit, and the winner is the trainer of the first row", async () => {
    const choices = randomChoices(readSpace("m.ts", { learningRate: { log: [1e-3, 0.3] } }), 3, 7);
    const run = () => search({ ...options, choices, build: byRate });
    const [first, second] = [await run(), await run()];
    expect(second.trials).toEqual(first.trials);
    expect(second.winner.trainer.bytes()).toEqual(first.winner.trainer.bytes());
    const again = await search({ ...options, choices: [{ learningRate: first.trials[0]!.choice["learningRate"] }], build: byRate });
    expect(again.winner.trainer.bytes()).toEqual(first.winner.trainer.bytes());
  });

  test("a choice that cannot be built is a row; epochs are chosen like the rest; unread names are told", async () => {
    const choices = [
      { learningRate: 0.1, bad: true, depth: 1 },
      { learningRate: 0.1, epochs: 2, depth: 1 },
    ];
    const { trials, unread } = await search({ ...options, choices, build: byRate });
    expect(trials.map(({ trial, epochs }) => [trial, epochs])).toEqual([
      [2, 2],
      [1, undefined],
    ]);
    expect(trials[1]!.failure).toContain("2 ≠ 3");
    expect(unread).toEqual(["depth"]);
  });

  test("where every trial fails, the first failure is the error", async () => {
    const choices = [{ learningRate: 1e4 }, { learningRate: 1e5 }];
    await expect(search({ ...options, choices, build: byRate })).rejects.toThrowError(DivergenceError);
  });

  test("an interrupt ends it between two steps, and what is done stands", async () => {
    const abort = new AbortController();
    const done = await search({
      ...options,
      choices: [{ learningRate: 0.1 }, { learningRate: 0.2 }],
      build: byRate,
      signal: abort.signal,
      progress: (text) => text.startsWith("trial 2 of 2: compiling") && abort.abort(new Interrupted()),
    });
    expect(done.interrupted).toBe(true);
    expect(done.trials.map(({ trial }) => trial)).toEqual([1]);
  });
});

describe("space", () => {
  const mixed = readSpace("m.ts", { width: [8, 16], rate: { log: [1e-4, 1e-1] }, dropout: { uniform: [0, 0.5] } });

  test("random choices lie within, three digits long, and a longer search begins with the shorter", () => {
    const choices = randomChoices(mixed, 200, 3);
    expect(randomChoices(mixed, 50, 3)).toEqual(choices.slice(0, 50));
    expect(randomChoices(mixed, 50, 4)).not.toEqual(choices.slice(0, 50));
    for (const { width, rate, dropout } of choices as Record<string, number>[]) {
      expect([8, 16]).toContain(width);
      expect(rate).toBeGreaterThanOrEqual(1e-4);
      expect(rate).toBeLessThanOrEqual(1e-1);
      expect(rate).toBe(Number(rate!.toPrecision(3)));
      expect(dropout).toBeLessThanOrEqual(0.5);
    }
    // log-uniform: each third of the exponents equally often; binomial(200, 1/3): 67 ± 7
    const decade = (low: number) => choices.filter(({ rate }) => Number(rate) >= low && Number(rate) < 10 * low).length;
    for (const low of [1e-4, 1e-3, 1e-2]) expect(Math.abs(decade(low) - 67)).toBeLessThan(35);
  });

  test("of lists alone, no combination is tried twice, and there are no more than there are", () => {
    const lists = readSpace("m.ts", { a: [1, 2, 3], b: ["x", "y"] });
    const all = randomChoices(lists, 100, 5);
    expect(all).toHaveLength(6);
    const key = (choices: readonly unknown[]) => choices.map((one) => JSON.stringify(one)).sort();
    expect(key(all)).toEqual(key(gridChoices("m.ts", lists)));
    expect(gridChoices("m.ts", lists).slice(0, 3)).toEqual([
      { a: 1, b: "x" },
      { a: 1, b: "y" },
      { a: 2, b: "x" },
    ]);
  });

  test("values of any kind are shown", () => {
    expect([64, "relu", true, [64, 32], Math.tanh].map(shownValue)).toEqual([64, "relu", true, "[64,32]", "tanh"]);
  });

  test("what is no space is told in full", () => {
    const told = (space: unknown, message: string) => expect(() => readSpace("m.ts", space)).toThrowError(new InputError(message));
    told(
      { width: [] },
      "the space of m.ts gives width an empty list, so there is nothing to choose; give it at least one value, such as width: [1, 2]",
    );
    told(
      { width: 64 },
      "the space of m.ts gives width 64, which is neither a list nor a range; write width: [1, 2], { log: [0.001, 0.1] } or { uniform: [0, 0.5] }",
    );
    told(
      { rate: { log: [0, 1] } },
      "the space of m.ts gives rate the range [0,1], which needs two finite numbers above 0, the smaller first; write rate: { log: [0.001, 0.1] }",
    );
    told({}, "the space of m.ts is empty; write export const space = { width: [64, 128], learningRate: { log: [1e-4, 1e-1] } };");
    expect(() => gridChoices("m.ts", mixed)).toThrowError(
      new InputError(
        "--grid tries every combination, but the space of m.ts gives rate a range, which has no end of them; list its values, or leave --grid out",
      ),
    );
  });
});

describe("the data that a model declares", () => {
  const declaring = (data: unknown): LoadedModel => ({
    shown: "m.ts",
    stem: "m",
    model: line(0.1),
    source: { path: "m.ts", text: "" },
    data,
    exports: {},
  });
  const told = (data: unknown, message: string) => expect(() => readDataDeclaration(declaring(data))).toThrowError(new InputError(message));

  test("an unknown source names the nearest", () => {
    told(
      { source: "sinthetic" },
      'm.ts names the data source "sinthetic", but the sources are mnist, fashion-mnist, cifar10, csv, images, text, npy, npz, synthetic; write export const data = { source: "mnist", epochs: 5 }; did you mean synthetic?',
    );
  });

  test("a share of 1 validates with nothing left to train on", () => {
    told(
      { source: "mnist", validation: 1 },
      "m.ts sets 1 of its rows aside for validation, which needs a share above 0 and below 1; write validation: 0.1",
    );
  });

  test("synthetic rows and their seed are stated", async () => {
    const load = async (data: object, folder?: string) => {
      const loaded = declaring({ source: "synthetic", ...data });
      return loadData(loaded, readDataDeclaration(loaded), folder);
    };
    const example = 'write export const data = { source: "synthetic", rows: 2000, seed: 1, epochs: 5 }';
    await expect(load({ seed: 1 })).rejects.toThrowError(
      new InputError(`m.ts asks for no number of synthetic rows, which needs a whole number of at least 1; ${example}`),
    );
    await expect(load({ rows: 9, seed: -1 })).rejects.toThrowError(
      new InputError(`m.ts seeds its synthetic data with -1, which needs a whole number of at least 0; ${example}`),
    );
    await expect(load({ rows: 9, seed: 1 }, "here")).rejects.toThrowError(
      new InputError("--data names the folder here, but the data of m.ts are synthetic: made, not read; leave --data out"),
    );
    const { train, test } = await load({ rows: 10, seed: 1 });
    expect([train["x"]!.length, train["y"]!.length, test["x"]!.length]).toEqual([20, 10, 4]);
  });
});
