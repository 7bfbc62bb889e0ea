/** What callers of an emitted file may pass: everything else is refused in words that name it, before anything changes. */

import { runInNewContext } from "node:vm";
import { he, input, matmul, model, mse, param, sgd, sum, zeros } from "adjoint";
import { describe, expect, test } from "vitest";
import { compile, load } from "../../compiler/compile.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { importText, stripTypes } from "../../compiler/targets/strip.ts";
import { typescript } from "../../compiler/targets/typescript/index.ts";
import { drawn, emitted, plain, said, x, y, type Maker } from "../support/calls.ts";

const gradients = await lower(drawn, {}, "gradients").then(async ({ module, facts }) =>
  importText<{ createGradients: Maker }>(await stripTypes((await typescript.emit(module, facts, "gradients")).text)),
);

const SEED = (got: string): string => `seed needs a whole number from 0 to 2^53 − 1, but got ${got}`;
/** What is no seed, and how a message shows it. */
const NO_SEEDS: readonly (readonly [unknown, string])[] = [
  [NaN, "NaN"],
  [Infinity, "Infinity"],
  [-Infinity, "-Infinity"],
  [-1, "-1"],
  [1.5, "1.5"],
  [2 ** 53, "9007199254740992"],
  [2 ** 60, "1152921504606847000"],
  ["1", '"1"'],
  ["", '""'],
  [null, "null"],
  [true, "true"],
  [5n, "5n"],
  [Symbol("s"), "Symbol(s)"],
  [{}, "Object"],
  [[1], "Array"],
  [() => 1, "Function"],
  [Object.create(null), "Object"],
  [new Date(0), "Date"],
];

describe("a seed", () => {
  // of the generator as it was while a seed had 32 bits
  test.each([
    [0, "603a72bfd446a7bc0e50a13e057e4b3f2df0b23d4425473eb650073e88774c3f3859f73f73abd33e3b55ceda00000000"],
    [1, "3edc6f3f49b5d5bef978cebef010753e88a6293f9b4294bd8d4a64bf4fb1ba3d1297c1becf684d3fdd77601400000000"],
    [2 ** 31, "979594bfada999bffa63ae3d64e9a1be41a22dbe6804f8be954b38bf0113273fe9eea0bf329102c085ac31d200000000"],
    [2 ** 32 - 1, "0f094b3f805fc4be9b65e9bd2809adbe262705c0dd0b713ed3dbd7bde56a633f0d6b87be96b19dbdbd7a356900000000"],
  ])("%i gives the weights that it gave before", (seed, expected) => {
    expect(Buffer.from(plain.createTrainer({ seed }).bytes()).toString("hex")).toBe(expected);
  });

  test("of none is 0, and −0 too", () => {
    for (const given of [[], [undefined], [{}], [{ seed: undefined }], [{ seed: -0 }]])
      expect(plain.createTrainer(...given).bytes()).toEqual(plain.createTrainer({ seed: 0 }).bytes());
  });

  test("is told from every other: 10,000 around 2^32 and below 2^53, and the first hundred", () => {
    const seeds = [
      ...Array.from({ length: 100 }, (_, n) => n),
      ...Array.from({ length: 5000 }, (_, n) => 2 ** 32 - 2500 + n),
      ...Array.from({ length: 5000 }, (_, n) => 2 ** 53 - 5000 + n),
    ];
    const all = seeds.map((seed) => plain.createTrainer({ seed }));
    const hex = ({ buffer, byteOffset, byteLength }: Float32Array): string => Buffer.from(buffer, byteOffset, byteLength).toString("hex");
    for (const name of ["V", "W"]) expect(new Set(all.map(({ parameters }) => hex(parameters[name]!))).size).toBe(seeds.length);
    // what dropout draws from has 32 bits: of 10,100 of them, two being equal is a chance of one in a hundred, three of one in a million
    expect(new Set(all.map(({ state }) => state["random"]![0])).size).toBeGreaterThan(seeds.length - 3);
    expect(hex(all.at(-1)!.parameters["V"]!)).not.toBe(hex(plain.createTrainer({ seed: 2 ** 21 - 1 }).parameters["V"]!));
  });

  test("that is none is refused, on every target, with threads, for gradients, and where nothing is drawn", async () => {
    const [twin, wasm, external, threads] = await Promise.all([
      emitted("twin"),
      emitted("wasm"),
      emitted("wasm-external"),
      emitted("wasm", 2),
    ]);
    const still = model("still", {}, () => ({ loss: sum(param("w", [2], zeros())), optimizer: sgd() }));
    const undrawn = await lower(still).then(async ({ module, facts }) =>
      importText<{ createTrainer: Maker }>(await stripTypes((await typescript.emit(module, facts)).text)),
    );
    const makers: readonly Maker[] = [
      plain.createTrainer,
      twin.createTrainer,
      wasm.createTrainer,
      threads.createTrainer,
      undrawn.createTrainer,
      gradients.createGradients,
    ];
    for (const [seed, got] of NO_SEEDS) {
      const expected = `${typeof seed === "number" ? "RangeError" : "TypeError"}: ${SEED(got)}`;
      for (const make of makers) expect(said(() => make({ seed }))).toBe(expected);
      expect(said(() => external.createTrainer({ seed, module: external.module }))).toBe(expected);
      let spawned = 0;
      const made = threads.createThreadedTrainer({ seed, spawn: () => void spawned++ });
      await expect(made).rejects.toThrow(SEED(got));
      expect(spawned).toBe(0);
    }
    // and every target draws alike from seeds of more than 32 bits
    const seed = 2 ** 53 - 1;
    const bytes = plain.createTrainer({ seed }).bytes();
    for (const make of [twin.createTrainer, wasm.createTrainer, threads.createTrainer]) expect(make({ seed }).bytes()).toEqual(bytes);
    expect(external.createTrainer({ seed, module: external.module }).bytes()).toEqual(bytes);

    // the other options
    const none = external.createTrainer;
    expect(said(() => none())).toBe("TypeError: createTrainer takes options { seed, module }, but got undefined");
    for (const [given, got] of [
      [{}, "undefined"],
      [{ module: null }, "null"],
      [{ module: "trainer.wasm" }, '"trainer.wasm"'],
      [{ module: {} }, "Object"],
    ] as const)
      expect(said(() => none(given))).toBe(`TypeError: module needs trainer.wasm, compiled or its bytes, but got ${got}`);
    expect(said(() => wasm.createTrainer({ module: 5 }))).toBe("TypeError: module needs the kernels compiled, but got 5");
    const team = threads.createThreadedTrainer;
    await expect(team(null)).rejects.toThrow("createThreadedTrainer takes options { seed, module, threads, spawn }, but got null");
    await expect(team({})).rejects.toThrow("spawn needs a function that starts a worker, but got undefined");
    await expect(team({ spawn: () => {}, threads: "2" })).rejects.toThrow('threads needs a whole number of at least 1, but got "2"');
    await expect(team({ spawn: () => {}, thread: 2 })).rejects.toThrow(
      'createThreadedTrainer takes options { seed, module, threads, spawn } and no "thread"',
    );
  }, 60_000);
});

test("options that are none, or hold what is none", () => {
  for (const [given, got] of [
    [null, "null"],
    [7, "7"],
    ["seed", '"seed"'],
    [[1], "Array"],
    [new Float32Array(1), "Float32Array"],
    [() => 1, "Function"],
  ] as const) {
    // prettier-ignore
    expect(said(() => plain.createTrainer(given))).toBe(`TypeError: createTrainer takes options { seed }, but got ${got}`);
    expect(said(() => gradients.createGradients(given))).toBe(`TypeError: createGradients takes options { seed }, but got ${got}`);
  }
  expect(said(() => plain.createTrainer({ sed: 1 }))).toBe('RangeError: createTrainer takes options { seed } and no "sed"');
});

describe("a call", () => {
  const trainer = plain.createTrainer({ seed: 1 });
  const alone = gradients.createGradients({ seed: 1 });
  const CALLS = { step: trainer.step, evaluate: trainer.evaluate, gradients: alone.gradients };
  /** That each call says it, and nothing has changed, the slots of the inputs neither. */
  const refuses = (given: readonly unknown[], message: string): void => {
    const before = { bytes: trainer.bytes(), x: trainer.inputs["x"]!.slice(), y: trainer.inputs["y"]!.slice() };
    for (const [name, call] of Object.entries(CALLS)) expect(said(() => call(...given))).toBe(message.replaceAll("CALL", name));
    expect({ bytes: trainer.bytes(), x: trainer.inputs["x"], y: trainer.inputs["y"] }).toEqual(before);
  };

  test.each([
    [undefined, "undefined"],
    [null, "null"],
    [3, "3"],
    ["x", '"x"'],
    [true, "true"],
    [Symbol("x"), "Symbol(x)"],
    [[x, y], "Array"],
    [x, "Float32Array"],
    [() => 1, "Function"],
  ])("of no batch: %s", (batch, got) => refuses([batch], `TypeError: CALL takes a batch { x, y }, but got ${got}`));

  test.each([
    [{ x, y, weights: x }, 'CALL takes a batch { x, y } and no "weights"'],
    [{ x, labels: y }, 'CALL takes a batch { x, y } and no "labels"'],
    [{ x, "a\n": y }, 'CALL takes a batch { x, y } and no "a\\n"'],
    [{ y }, "x is missing from the batch: CALL takes a batch { x, y }"],
    [{ x }, "y is missing from the batch: CALL takes a batch { x, y }"],
    [{}, "x is missing from the batch: CALL takes a batch { x, y }"],
    [new Map(), "x is missing from the batch: CALL takes a batch { x, y }"],
  ])("with other names: %#", (batch, message) => refuses([batch], `RangeError: ${message}`));

  const holes = Array.from(x);
  delete holes[3];
  test.each([
    ["a text of that length", "12345678", '"12345678"'],
    ["an array with holes", holes, "Array"],
    ["an array", Array.from(x), "Array"],
    ["doubles", Float64Array.from(x), "Float64Array"],
    ["bytes", Uint8Array.from(x), "Uint8Array"],
    ["integers", Int32Array.from(x), "Int32Array"],
    ["a buffer", x.buffer, "ArrayBuffer"],
    ["a DataView", new DataView(x.buffer), "DataView"],
    ["nothing", undefined, "undefined"],
    ["null", null, "null"],
    ["a number", 8, "8"],
    ["what looks like it", { length: 8, [Symbol.toStringTag]: "Float32Array" }, "Float32Array"],
  ])("with %s for floats", (_, given, got) =>
    refuses([{ x: given, y }], `TypeError: x needs 8 elements as Float32Array.from(…) makes them, but got ${got}`),
  );

  test.each([
    ["floats", Float32Array.of(0, 1.5, 2, 0), "Float32Array"],
    ["an array", [0, 1, 2, 0], "Array"],
    ["unsigned integers", Uint32Array.from(y), "Uint32Array"],
    ["big integers", BigInt64Array.of(0n, 1n, 2n, 0n), "BigInt64Array"],
  ])("with %s for labels", (_, given, got) =>
    refuses([{ x, y: given }], `TypeError: y needs 4 elements as Int32Array.from(…) makes them, but got ${got}`),
  );

  test.each([
    ["2", '"2"'],
    [null, "null"],
    [0, "0"],
    [5, "5"],
    [2.5, "2.5"],
    [NaN, "NaN"],
    [2n, "2n"],
    [Symbol("2"), "Symbol(2)"],
    [{}, "Object"],
    [Object.create(null), "Object"],
    [true, "true"],
  ])("of a count that is none: %#", (count, got) =>
    refuses([{ x, y }, count], `RangeError: count needs a whole number from 1 to 4, but got ${got}`),
  );

  test("of the right kind is taken: from another realm, of a class, without prototype, over shared memory, in any order", () => {
    const expected = alone.gradients({ x, y });
    const foreign = runInNewContext("new Float32Array(8)") as Float32Array;
    foreign.set(x);
    const shared = new Int32Array(new SharedArrayBuffer(16));
    shared.set(y);
    const bare = Object.assign(Object.create(null), { y, x });
    class Mine {
      readonly y = y;
      get x(): Float32Array {
        return x;
      }
    }
    for (const batch of [{ x: foreign, y }, { y: shared, x }, bare, new Mine()]) expect(alone.gradients(batch)).toEqual(expected);
    // labels beside what predict reads are let pass; what the model does not know is not
    const two = x.slice(0, 4);
    expect(trainer.predict({ x: two, y })).toEqual(trainer.predict({ x: two }));
    expect(said(() => trainer.predict({ x: two, z: y }))).toBe('RangeError: predict takes a batch { x, y } and no "z"');
    expect(said(() => trainer.predict({ y }))).toBe("RangeError: x is missing from the batch: predict takes a batch { x }");
    expect(said(() => trainer.predict(null))).toBe("TypeError: predict takes a batch { x, y }, but got null");
  });

  test("while a live scalar is none", () => {
    for (const [value, got] of [
      ["0.1", '"0.1"'],
      [null, "null"],
      [Symbol("s"), "Symbol(s)"],
    ]) {
      const other = plain.createTrainer();
      other.hyper["rate"] = value;
      expect(said(() => other.step({ x, y }))).toBe(`RangeError: hyper.rate needs a finite number, but is ${String(got)}`);
    }
  });
});

test("an input that the model declares and nothing reads may be in a batch, and is of no account", async () => {
  const unread = model("unread", { batch: 2 }, ({ batch }) => {
    input("z", [batch, 3]);
    const s = matmul(input("x", [batch, 2]), param("W", [2, 1], he()));
    return {
      phases: [
        { name: "first", loss: mse(s, input("t", [batch, 1])), optimizer: sgd() },
        { name: "second", loss: mse(s, input("u", [batch, 1])), optimizer: sgd() },
      ],
      outputs: { s },
    };
  });
  // the check gives each phase all inputs of the model
  const compiled = await compile(unread);
  expect(compiled.check?.holds).toBe(true);
  const trainer = (await load(compiled)).createTrainer();
  const batch = { x: new Float32Array(4), t: new Float32Array(2), u: new Float32Array(2) };
  expect(trainer.step({ ...batch, z: new Float32Array(1) })).toEqual({ first: 0, second: 0 });
  expect(said(() => trainer.step({ ...batch, y: batch.x }))).toBe('RangeError: step takes a batch { x, t, u, z } and no "y"');
}, 30_000);

describe("restore", () => {
  const trainer = plain.createTrainer({ seed: 1 });
  const other = plain.createTrainer({ seed: 2 }).bytes();
  const refuses = (given: unknown, message: string): void => {
    const before = trainer.bytes();
    expect(said(() => trainer.restore(given))).toBe(message);
    expect(trainer.bytes()).toEqual(before);
  };

  test.each([
    [null, "null"],
    [undefined, "undefined"],
    ["bytes", '"bytes"'],
    [48, "48"],
    [Array.from(other), "Array"],
    [other.buffer, "ArrayBuffer"],
    [new Float32Array(12), "Float32Array"],
    [new Uint8ClampedArray(48), "Uint8ClampedArray"],
  ])("takes bytes only: %#", (given, got) => refuses(given, `TypeError: restore takes a Uint8Array, as bytes() gives it, but got ${got}`));

  test("names the tensor and the element that are NaN, and takes bits of integers that would be one", () => {
    refuses(other.slice(4), "RangeError: restore: needs 48 bytes, but got 44; they belong to another model");
    for (const [at, where] of [
      [0, "V[0]"],
      [3, "V[3]"],
      [4, "W[0]"],
      [9, "W[5]"],
    ] as const) {
      const spoilt = other.slice();
      new DataView(spoilt.buffer).setFloat32(4 * at, NaN, true);
      refuses(spoilt, `RangeError: restore: ${where} is NaN: the run behind these bytes had diverged; take earlier ones`);
    }
    const random = other.slice();
    new DataView(random.buffer).setFloat32(40, NaN, true);
    // as a part of a larger buffer, at an odd place
    trainer.restore(Buffer.concat([Buffer.of(1), random]).subarray(1));
    expect(trainer.bytes()).toEqual(random);
  });
});
