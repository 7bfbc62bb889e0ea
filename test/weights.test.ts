/** Weights of PyTorch and Keras come in and go out: their outputs are these, and each tensor keeps its bits. */

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { compile, load, type LoadedTrainer } from "../compiler/compile.ts";
import type { Model } from "../compiler/index.ts";
import { DataError, loadWeights, readSafetensors, readWeights, saveWeights, writeSafetensors, type Tensor } from "../runtime/index.ts";
import { anyBytes, expectExactLength, flipBits } from "./support/fire.ts";
import { IMAGES, images, pixels, sequences } from "./weights/nets.ts";

const bytesOf = (file: string): Uint8Array => new Uint8Array(readFileSync(new URL(`./weights/${file}`, import.meta.url)));
const read = (file: string) => readWeights(bytesOf(file), file);
const tensorsOf = (file: string): ReadonlyMap<string, Tensor> => new Map(read(file).tensors.map((one) => [one.name, one]));
const floats = ({ bytes }: Tensor): Float32Array => new Float32Array(bytes.slice().buffer);

const trainers = new Map<Model, LoadedTrainer>();
const trainerOf = (model: Model): LoadedTrainer => trainers.get(model)!;
beforeAll(async () => {
  for (const one of [images, pixels, sequences])
    trainers.set(one, (await load(await compile(one, { effort: "none", batch: 4 }))).createTrainer());
}, 120_000);

/** The largest difference from what the other framework made of the same inputs, beside its largest output. */
function differenceOf(model: Model, given: Float32Array | Int32Array, expected: Tensor): number {
  const { scores } = trainerOf(model).predict({ x: given });
  const theirs = floats(expected);
  const most = Math.max(...theirs.map(Math.abs));
  return Math.max(...theirs.map((value, n) => Math.abs(value - scores![n]!))) / most;
}
const given = (file: string): Float32Array | Int32Array => {
  const tensor = tensorsOf(file).get("given")!;
  return tensor.dtype === "I32" ? new Int32Array(tensor.bytes.slice().buffer) : floats(tensor);
};

const CASES = [
  { name: "images", layout: "pytorch", model: images, rename: IMAGES },
  { name: "sequences", layout: "pytorch", model: sequences, rename: {} },
  { name: "images", layout: "keras", model: pixels, rename: {} },
  { name: "sequences", layout: "keras", model: sequences, rename: {} },
] as const;

describe.each(CASES)("$name of $layout", ({ name, layout, model, rename }) => {
  const file = `${name}.${layout}.safetensors`;

  test("give its outputs, and every array is taken", () => {
    const { loaded, missing, unfit, unused } = loadWeights(trainerOf(model), read(file), { layout, rename });
    expect({ missing, unfit }).toEqual({ missing: [], unfit: [] });
    expect(unused).toEqual([]);
    const kept = [...trainerOf(model).tables.PARAMETERS, ...trainerOf(model).tables.STATE].filter(({ layer }) => layer !== undefined);
    expect(loaded.map((one) => one.name).sort()).toEqual(kept.map((row) => row.name).sort());
    const expected = tensorsOf(`${name}.${layout}.expected.safetensors`).get("expected")!;
    expect(differenceOf(model, given(`${name}.pytorch.expected.safetensors`), expected)).toBeLessThan(1e-5);
  });

  test("go back with the same names, axes and bits", () => {
    loadWeights(trainerOf(model), read(file), { layout, rename });
    const saved = readSafetensors(saveWeights(trainerOf(model), { layout, rename }), "saved");
    const theirs = [...tensorsOf(file).values()].filter((tensor) => tensor.name !== "bn1.num_batches_tracked");
    expect(saved.tensors.map((tensor) => tensor.name).sort()).toEqual(theirs.map((tensor) => tensor.name).sort());
    for (const tensor of theirs) {
      const ours = saved.tensors.find((one) => one.name === tensor.name)!;
      expect(ours.bytes, tensor.name).toEqual(tensor.bytes);
      // heads share an axis here
      if (!tensor.name.startsWith("attention/") && tensor.name !== "depthwise/kernel")
        expect(ours.shape, tensor.name).toEqual(tensor.shape);
    }
    const before = trainerOf(model).bytes();
    loadWeights(trainerOf(model), readWeights(saveWeights(trainerOf(model), { layout, rename })), { layout, rename });
    expect(trainerOf(model).bytes()).toEqual(before);
  });
});

test.each(["images", "sequences"])("an .npz archive of %s is the safetensors file", (name) => {
  const archive = new Map(read(`${name}.keras.npz`).tensors.map((tensor) => [tensor.name, tensor]));
  expect(archive).toEqual(tensorsOf(`${name}.keras.safetensors`));
});

test("the layout of adjoint is the trainer's own names and axes, of parameters and running statistics alone", () => {
  const trainer = trainerOf(images);
  const saved = readSafetensors(saveWeights(trainer), "saved").tensors;
  const { PARAMETERS, STATE } = trainer.tables;
  const running = STATE.filter(({ layer }) => layer !== undefined).map(({ name }) => name);
  expect(running).toEqual(["batchNorm.mean", "batchNorm.variance"]);
  expect(saved.map(({ name }) => name)).toEqual([...PARAMETERS.map(({ name }) => name), ...running]);
  expect(saved[0]).toMatchObject({ name: "conv2d.kernel", dtype: "F32", shape: [4, 3, 3, 3] });
  expect(floats(saved[0]!)).toEqual(trainer.parameters["conv2d.kernel"]);
});

test("float16 and bfloat16 are widened, float64 rounded, as PyTorch does", () => {
  const [formats, expected] = [read("formats.safetensors"), tensorsOf("formats.expected.safetensors")];
  const row = (name: string, at: number) => ({ name, shape: [6], dtype: "f32" as const, layer: "model", at });
  const names = ["half", "brain", "double"];
  const memory = new Uint8Array(72);
  const trainer = {
    bytes: () => memory.slice(),
    restore: (bytes: Uint8Array) => memory.set(bytes),
    tables: { PARAMETERS: names.map(row), STATE: [] },
  };
  loadWeights(trainer, formats);
  names.forEach((name, n) => expect(memory.slice(24 * n, 24 * n + 24), name).toEqual(expected.get(name)!.bytes.slice()));
});

test("whole numbers are read as the floats that they are", () => {
  let memory = new Uint8Array(12);
  const trainer = {
    bytes: () => memory.slice(),
    restore: (bytes: Uint8Array) => void (memory = bytes.slice()),
    tables: { PARAMETERS: [{ name: "w", shape: [3], dtype: "f32" as const, layer: "model" }], STATE: [] },
  };
  loadWeights(trainer, fileOf({ name: "w", dtype: "I32", shape: [3], bytes: new Uint8Array(Int32Array.of(-7, 0, 2 ** 30 + 1).buffer) }));
  expect(new Float32Array(memory.buffer)).toEqual(Float32Array.of(-7, 0, 2 ** 30));
});

/** A file of these tensors. */
const fileOf = (...tensors: readonly Tensor[]) => readWeights(writeSafetensors({ tensors, metadata: {} }), "w");
const floatTensor = (name: string, shape: readonly number[], values: ArrayLike<number>): Tensor => ({
  name,
  dtype: "F32",
  shape,
  bytes: new Uint8Array(Float32Array.from(values).buffer),
});
const says = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(DataError);
    return (error as Error).message;
  }
  return "nothing";
};

describe("what does not fit", () => {
  const wrong = () => [
    floatTensor("conv1.weight", [4, 3, 3, 2], new Float32Array(72)),
    floatTensor("conv1.bias", [4], [0, NaN, 0, 0]),
    floatTensor("bn1.weigt", [4], new Float32Array(4)),
    { name: "bn1.bias", dtype: "I64", shape: [4], bytes: new Uint8Array(32) },
    { name: "fc.bias", dtype: "F64", shape: [5], bytes: new Uint8Array(Float64Array.of(0, 1e300, 0, 0, 0).buffer) },
  ];

  test("is listed in one error, and nothing is changed", () => {
    const trainer = trainerOf(images);
    const before = trainer.bytes();
    const message = says(() => loadWeights(trainer, fileOf(...wrong()), { layout: "pytorch", rename: IMAGES }));
    expect(message).toMatch(/^w does not fit the trainer, which is as it was: /);
    for (const clause of [
      "conv1.weight f32[4,3,3,2], for conv2d.kernel, needs f32[4,3,3,3]",
      "conv1.bias f32[4], for conv2d.bias, holds NaN at element 1 (counted from 0)",
      "it lacks bn1.weight, for batchNorm.gamma f32[4] (it has bn1.weigt)",
      "bn1.bias i64[4], for batchNorm.beta, is of a type that no weights are read from",
      "fc.bias f64[5], for scores.bias, holds 1e+300 at element 1, which is no float32",
      "it holds bn1.weigt f32[4], which nothing here takes",
    ])
      expect(message).toContain(clause);
    expect(trainer.bytes()).toEqual(before);
  });

  test("is left out where strict is false, and told", () => {
    const trainer = trainerOf(images);
    const fits = floatTensor("bn1.running_mean", [4], [1, 2, 3, 4]);
    const result = loadWeights(trainer, fileOf(fits, ...wrong()), { layout: "pytorch", rename: IMAGES, strict: false });
    expect(result.loaded).toEqual([{ name: "batchNorm.mean", shape: [4], from: "bn1.running_mean" }]);
    expect(result.unfit.map(({ name, from }) => [name, from])).toEqual([
      ["conv2d.kernel", "conv1.weight"],
      ["conv2d.bias", "conv1.bias"],
      ["batchNorm.beta", "bn1.bias"],
      ["scores.bias", "fc.bias"],
    ]);
    expect(result.missing.map(({ name }) => name)).toContain("batchNorm.gamma");
    expect(result.unused).toEqual([{ name: "bn1.weigt", shape: [4] }]);
    expect(trainer.state["batchNorm.mean"]).toEqual(Float32Array.of(1, 2, 3, 4));
  });

  test("is said where a matrix that the model declares itself would fit transposed", () => {
    const trainer = {
      bytes: () => new Uint8Array(24),
      restore: () => undefined,
      tables: { PARAMETERS: [{ name: "W", shape: [2, 3], dtype: "f32" as const, layer: "model" }], STATE: [] },
    };
    expect(says(() => loadWeights(trainer, fileOf(floatTensor("W", [3, 2], new Float32Array(6))), { layout: "pytorch" }))).toContain(
      "needs f32[2,3]; it is declared by the model itself",
    );
  });
});

test("a name that rename does not know is told with the nearest, and two of one name are refused", () => {
  const trainer = trainerOf(images);
  expect(says(() => saveWeights(trainer, { rename: { batchnorm: "bn" } }))).toContain("did you mean batchNorm?");
  expect(says(() => saveWeights(trainer, { rename: { "scores.bias": "a", "conv2d.bias": "a" } }))).toContain(
    'conv2d.bias and scores.bias would both be called "a" in the file',
  );
});

test("a whole name goes before its layer's, and an empty one leaves none", () => {
  const trainer = trainerOf(sequences);
  const names = readSafetensors(
    saveWeights(trainer, { layout: "pytorch", rename: { lstm: "", "gru.kernel": "second.weight_ih_l1" } }),
    "saved",
  ).tensors.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["weight_ih_l0", "bias_hh_l0", "second.weight_ih_l1", "gru.weight_hh_l0"]));
});

describe("a file of weights", () => {
  test("that is none is refused by name", () => {
    expect(says(() => readWeights(new TextEncoder().encode("not a file of weights"), "f"))).toContain("neither a safetensors file nor");
    expect(says(() => readWeights(new Uint8Array(0), "f"))).toContain("f ends within its header");
  });

  test("is refused at whatever byte it is cut, and read or refused whatever its bytes", () => {
    const whole = bytesOf("formats.safetensors");
    const readAll = (bytes: Uint8Array) => readWeights(bytes, "f");
    expectExactLength(whole, readAll);
    flipBits(whole, readAll);
    anyBytes(whole, readAll);
  });
});
