/** Adapters beside frozen kernels: they begin as nothing, train alone, are merged without a change of outputs, and lie in a small file of PEFT's names. */

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { summarize } from "../../compiler/cli/summary.ts";
import {
  adam,
  compile,
  conv2d,
  dense,
  flatten,
  input,
  labels,
  load,
  lora,
  model,
  ModelError,
  relu,
  softmaxCrossEntropy,
  type LoadedTrainer,
  type Model,
} from "../../compiler/index.ts";
import {
  DataError,
  loadAdapters,
  loadWeights,
  mergeAdapters,
  readSafetensors,
  readWeights,
  saveAdapters,
  saveWeights,
} from "../../runtime/index.ts";
import { adapted, pictures } from "./adapted.ts";

const base: Model = model("base", { batch: 4 }, ({ batch }) => {
  const x = input("x", [batch, 2, 8, 8]);
  const y = labels("y", [batch], { classes: 5 });
  const h = relu(conv2d(16, 3, { name: "conv", padding: 1 })(x));
  const scores = dense(5, { name: "fc" })(relu(dense(64, { name: "hidden" })(flatten()(h))));
  return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: adam({ learningRate: 1e-2 }) };
});
const withAdapters = lora({ rank: 2, alpha: 3, targets: ["conv", "hidden.*"] })(base);

const x = Float32Array.from({ length: 4 * 2 * 64 }, (_, n) => Math.sin(n * n));
const y = Int32Array.from([0, 1, 2, 3]);
let whole: LoadedTrainer;
let small: LoadedTrainer;
let arenas: readonly [number, number];
beforeAll(async () => {
  const [a, b] = [await compile(base, { effort: "none" }), await compile(withAdapters, { effort: "none" })];
  arenas = [summarize(a.lowered).arenaBytes, summarize(b.lowered).arenaBytes];
  [whole, small] = [(await load(a)).createTrainer({ seed: 3 }), (await load(b)).createTrainer({ seed: 3 })];
}, 120_000);

const scoresOf = (trainer: LoadedTrainer): Float32Array => Float32Array.from(trainer.predict({ x: x.subarray(0, 2 * 64) }).scores!);
const apart = (a: Float32Array, b: Float32Array): number =>
  Math.max(...a.map((value, n) => Math.abs(value - b[n]!))) / Math.max(...a.map(Math.abs));

describe("a model with adapters", () => {
  test("begins as the model itself, in less memory", () => {
    loadWeights(small, readWeights(saveWeights(whole)), { strict: false });
    expect(scoresOf(small)).toEqual(scoresOf(whole));
    expect(arenas[1]).toBeLessThan(0.75 * arenas[0]);
  });

  test("trains the adapters alone; merged it gives the same outputs, and the model itself takes its kernels", () => {
    const kernel = small.parameters["hidden.kernel"]!.slice();
    const first = small.step({ x, y });
    for (let n = 0; n < 30; n++) small.step({ x, y });
    expect(small.step({ x, y })).toBeLessThan(0.5 * first);
    expect(small.parameters["hidden.kernel"]).toEqual(kernel);
    const file = saveAdapters(small);
    const before = scoresOf(small);
    expect(mergeAdapters(small)).toEqual(["conv.kernel", "hidden.kernel"]);
    expect(apart(before, scoresOf(small))).toBeLessThan(1e-5);
    expect(small.parameters["hidden.kernel"]).not.toEqual(kernel);
    loadWeights(whole, readWeights(saveWeights(small)), { strict: false });
    expect(apart(before, scoresOf(whole))).toBeLessThan(1e-5);
    // the pair alone, in PEFT's names and axes: [rank, in] and [out, rank]
    const { tensors } = readSafetensors(file, "adapters");
    expect(Object.fromEntries(tensors.map(({ name, shape }) => [name, shape]))).toEqual({
      "base_model.model.conv.lora_A.weight": [2, 2, 3, 3],
      "base_model.model.conv.lora_B.weight": [16, 2, 1, 1],
      "base_model.model.hidden.lora_A.weight": [2, 1024],
      "base_model.model.hidden.lora_B.weight": [64, 2],
    });
    expect(file.length).toBeLessThan(0.05 * saveWeights(small).length);
    // merged, B is zeros: the file's pair gives back what was trained
    const merged = small.parameters["hidden.loraB"]!.slice();
    expect(loadAdapters(small, readWeights(file)).loaded.map(({ name }) => name)).toEqual([
      "conv.loraA",
      "conv.loraB",
      "hidden.loraA",
      "hidden.loraB",
    ]);
    expect(small.parameters["hidden.loraB"]).not.toEqual(merged);
    expect(saveAdapters(small)).toEqual(file);
  });

  test("has gradients that hold", { timeout: 120_000 }, async () => {
    const { check } = await compile(withAdapters);
    expect(check!.holds).toBe(true);
  });

  test("refuses what it cannot adapt, and a trainer without adapters", () => {
    expect(() =>
      lora({ rank: 2, targets: ["nothing.*"] })(base).trace({
        entry: "train",
        batch: 4,
        float: "f32",
        small: false,
        citation: { cite: (file) => file, textOf: () => undefined },
      }),
    ).toThrow(
      /lora targets "nothing\.\*", but no product or convolution of one group has a kernel of that name[^]*conv\.kernel, hidden\.kernel, fc\.kernel/,
    );
    expect(() => lora({ rank: 0, targets: ["fc"] })).toThrow(ModelError);
    expect(() => mergeAdapters(whole)).toThrow(DataError);
    expect(() => saveAdapters(whole)).toThrow(/needs a trainer with adapters/);
  });
});

test("adapters that PEFT trained and saved load, predict as there, and come out bit for bit (interop/weights/adapters.py)", async () => {
  const fixture = (name: string): Uint8Array => readFileSync(new URL(name, import.meta.url));
  const trainer = (await load(await compile(adapted, { effort: "none" }))).createTrainer({ seed: 1 });
  const { tensors } = readSafetensors(fixture("peft.expected.safetensors"), "expected");
  const bytes = tensors.find(({ name }) => name === "expected")!.bytes;
  loadWeights(trainer, { name: "base", tensors: tensors.filter(({ name }) => name !== "expected") }, { layout: "pytorch", strict: false });
  const file = fixture("peft.safetensors");
  expect(loadAdapters(trainer, readWeights(file)).loaded).toHaveLength(4);
  const { scores } = trainer.predict({ x: pictures().subarray(0, 50) });
  expect(apart(new Float32Array(Uint8Array.from(bytes).buffer), scores as Float32Array)).toBeLessThan(1e-5);
  const byName = (of: Uint8Array): object =>
    Object.fromEntries(readSafetensors(of, "adapters").tensors.map(({ name, shape, bytes: own }) => [name, [shape, [...own]]]));
  expect(byName(saveAdapters(trainer))).toEqual(byName(file));
});
