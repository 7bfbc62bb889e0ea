/** What every emitted trainer does: what the interpreter does, exactly on the real rows of a batch, from the state that bytes() holds. */

import { add, constant, hyper, input, labels, matmul, model, mul, param, sgd, softmaxCrossEntropy, sum, zeros } from "adjoint";
import { describe, expect, test } from "vitest";
import { bytesOf } from "../../compiler/graph/type.ts";
import { interpretEntry } from "../../compiler/loop/interpret/index.ts";
import { lower, type Lowered } from "../../compiler/driver/lower.ts";
import { importText, stripTypes } from "../../compiler/targets/strip.ts";
import { typescript } from "../../compiler/targets/typescript/index.ts";
import { close } from "../support/close.ts";
import { lowered, memoryOf, modelNames } from "../support/models.ts";
import { randomFrom } from "../support/sample.ts";
import { batchOf, loadTrainer, type Batch } from "../support/trainer.ts";

interface Gradients {
  gradients(batch: object): { readonly loss: number; readonly parameters: Readonly<Record<string, Float32Array>> };
  readonly hyper: Record<string, number>;
}

const phasesOf = ({ entries }: Lowered): string[] => entries.flatMap(({ name, purpose }) => (purpose.kind === "train" ? [name] : []));

/** The phases of a trainer that has several, in order. */
type Phases = Readonly<Record<string, (batch: Batch) => number>>;

/** What every phase of a step takes. */
const stepBatchOf = (one: Lowered, memory: ReadonlyMap<string, Float64Array>): Batch =>
  Object.assign({}, ...phasesOf(one).map((phase) => batchOf(one.module, phase, memory)));

describe.each(modelNames)("%s", (name) => {
  test("does what the interpreter does", async () => {
    const one = await lowered(name, { batch: 2, small: true });
    const { module } = one;
    const trainer = (await loadTrainer(one)).createTrainer();
    const memory = memoryOf(module, 21);
    for (const [key, p] of Object.entries(trainer.parameters)) p.set(memory.get(key)!);
    // what dropout draws starts from the seed
    for (const [key, state] of Object.entries(trainer.state)) memory.get(key)!.set(state);
    // the interpreter takes exp from the engine, the trainer brings its own: 1 ulp apart
    const transcendental = module.kernels.some((kernel) => /"(exp|log|tanh|pow)"/.test(JSON.stringify(kernel.body)));
    const bound = transcendental ? 3e-7 : 0;

    const predicted = trainer.predict(batchOf(module, "predict", memory));
    const expectedPrediction = interpretEntry(module, "predict", memory);
    for (const [key, y] of Object.entries(predicted)) close(y, expectedPrediction.get(key)!, bound, key);

    const { count, ...evaluated } = trainer.evaluate(batchOf(module, "evaluate", memory));
    const expectedMeans = interpretEntry(module, "evaluate", memory);
    for (const [key, value] of Object.entries(evaluated)) close([value], [expectedMeans.get(key)![0]! * count!], bound * 10, key);

    const batch = stepBatchOf(one, memory);
    const phases = "phases" in trainer ? (trainer.phases as Phases) : { train: (given: Batch) => trainer.step(given) };
    expect(Object.keys(phases)).toEqual(phasesOf(one));
    for (const [n, [phase, run]] of Object.entries(phases).entries()) {
      const loss = run(batch);
      close([loss], interpretEntry(module, phase, memory).get(phase)!, bound, phase);
      const { purpose } = one.entries[n]!;
      const linear = purpose.kind === "train" && purpose.phase.rule.linear;
      // a rule like Adam's turns an ulp of a gradient near 0 into a whole step: its moments are compared
      if (linear) for (const [key, p] of Object.entries(trainer.parameters)) close(p, memory.get(key)!, bound, key);
      for (const [key, s] of Object.entries(trainer.state)) close(s, memory.get(key)!, bound, key);
      // the next phase sees the weights that this one left
      for (const [key, p] of Object.entries(trainer.parameters)) memory.get(key)!.set(p);
    }
    expect(trainer.stepCount).toBe(1);
  });

  test("bytes() holds everything that a step depends on", async () => {
    const one = await lowered(name, { batch: 2, small: true });
    const batch = stepBatchOf(one, memoryOf(one.module, 4));
    const { createTrainer, PARAMETERS, STATE } = await loadTrainer(one);
    const [first, second] = [createTrainer({ seed: 1 }), createTrainer({ seed: 2 })];
    for (let n = 0; n < 3; n++) first.step(batch);
    const packed = first.bytes();
    const size = [...PARAMETERS, ...STATE].reduce((bytes, { shape }) => bytes + shape.reduce((a, b) => a * b, 1) * bytesOf("f32"), 0);
    expect(packed.length).toBe(size);
    second.restore(packed);
    expect(second.stepCount).toBe(3);
    expect(second.step(batch)).toEqual(first.step(batch));
    // compared as buffers: an assertion on a million elements takes seconds
    expect(Buffer.compare(second.bytes(), first.bytes())).toBe(0);
    expect(Buffer.compare(first.bytes(), packed)).not.toBe(0);
    expect(() => second.restore(packed.slice(1))).toThrow(
      new RangeError(`restore: needs ${size} bytes, but got ${size - 1}; they belong to another model`),
    );
  });
});

const ROWS = 6;
const small = model("small", { batch: { train: ROWS, evaluate: ROWS, predict: 1 } }, ({ batch }) => {
  const x = input("x", [batch, 3]);
  const y = labels("y", [batch], { classes: 4 });
  const W = param("W", [3, 4], constant([0.1, -0.2, 0.3, 0.4, 0.5, -0.6, 0.7, 0.8, -0.9, 1, 1.1, -1.2]));
  const b = param("b", [4], zeros());
  const scores = add(matmul(x, W), b);
  return {
    loss: softmaxCrossEntropy(scores, y),
    outputs: { scores },
    optimizer: sgd({ learningRate: hyper("learningRate", 0.5) }),
  };
});

describe("a batch", async () => {
  const { createTrainer } = await loadTrainer(await lower(small));
  const random = randomFrom(8);
  const x = Float32Array.from({ length: ROWS * 3 }, () => random() * 4 - 2);
  const y = Int32Array.from({ length: ROWS }, () => Math.floor(random() * 4));

  test.each([1, 2, 5, 6])("of %i real rows is those rows alone", async (count) => {
    const alone = (await loadTrainer(await lower(small, { batch: count }))).createTrainer();
    const rows = { x: x.slice(0, count * 3), y: y.slice(0, count) };
    const expected = { loss: alone.step(rows), bytes: alone.bytes() };
    // rows past the count weigh nothing, whatever they hold
    const rest = { x: x.map((value, n) => (n < count * 3 ? value : 1e6)), y: y.map((label, n) => (n < count ? label : 99)) };
    for (const batch of [rows, rest]) {
      const trainer = createTrainer();
      trainer.evaluate({ x, y }); // leaves other rows behind
      expect({ loss: trainer.step(batch, count), bytes: trainer.bytes() }).toEqual(expected);
    }
  });

  const trainer = createTrainer();
  test.each([
    ["no rows", { x, y }, 0, "count needs a whole number from 1 to 6, but got 0"],
    ["too many rows", { x, y }, 7, "count needs a whole number from 1 to 6, but got 7"],
    ["half a row", { x, y }, 1.5, "count needs a whole number from 1 to 6, but got 1.5"],
    ["NaN rows", { x, y }, NaN, "count needs a whole number from 1 to 6, but got NaN"],
    ["a short input", { x: x.slice(1), y }, 6, "x needs 18 elements, but got 17"],
    ["an input of other rows", { x: x.slice(0, 9), y }, 2, "x needs 18 elements, but got 9"],
    ["short labels", { x, y: y.slice(0, 4) }, 6, "y needs 6 elements, but got 4"],
    ["no labels", { x }, 6, "y is missing from the batch: CALL takes a batch { x, y }"],
    ["a label above the classes", { x, y: y.with(2, 4) }, 6, "y[2] is 4, but labels are whole numbers from 0 to 3"],
    ["a negative label", { x, y: y.with(5, -1) }, 6, "y[5] is -1, but labels are whole numbers from 0 to 3"],
  ] as const)("with %s is refused, and nothing is learned from it", (_, batch, count, message) => {
    const before = trainer.bytes();
    expect(() => trainer.step(batch, count)).toThrow(new RangeError(message.replace("CALL", "step")));
    expect(() => trainer.evaluate(batch, count)).toThrow(new RangeError(message.replace("CALL", "evaluate")));
    expect(trainer.bytes()).toEqual(before);
  });

  test("predict checks its input too", () => {
    expect(() => trainer.predict({ x })).toThrow(new RangeError("x needs 3 elements, but got 18"));
  });

  test("a live scalar counts from the next call on, and must stay finite", () => {
    const [one, two] = [createTrainer(), createTrainer()];
    two.hyper["learningRate"] = 0;
    const before = two.parameters["W"]!.slice();
    one.step({ x, y });
    two.step({ x, y });
    expect(one.parameters["W"]).not.toEqual(before);
    expect(two.parameters["W"]).toEqual(before);
    two.hyper["learningRate"] = NaN;
    expect(() => two.step({ x, y })).toThrow(new RangeError("hyper.learningRate needs a finite number, but is NaN"));
    // the loss of a row needs no rate
    expect(two.evaluate({ x, y }).loss).toBeGreaterThan(0);
  });
});

describe("a live scalar in the loss", () => {
  const scaled = model("scaled", {}, () => {
    const w = param("w", [2], constant(3));
    const loss = mul(sum(mul(w, w)), hyper("strength", 0.5));
    return { loss, outputs: { loss: loss }, optimizer: sgd({ learningRate: 0 }) };
  });

  test("counts in every entry point, before the first step as after it", async () => {
    const trainer = (await loadTrainer(await lower(scaled))).createTrainer();
    expect(trainer.evaluate({}).loss).toBe(9);
    expect(trainer.predict({})["loss"]).toEqual(Float32Array.of(9));
    trainer.hyper["strength"] = 2;
    expect([trainer.evaluate({}).loss, trainer.step({}), trainer.predict({})["loss"]?.[0]]).toEqual([36, 36, 36]);
    trainer.hyper["strength"] = Infinity;
    for (const call of [() => trainer.evaluate({}), () => trainer.step({}), () => trainer.predict({})])
      // prettier-ignore
      expect(call).toThrow(new RangeError("hyper.strength needs a finite number, but is Infinity"));
  });

  test("is live in the file of the gradients too", async () => {
    const { module, facts } = await lower(scaled, {}, "gradients");
    const code = await stripTypes((await typescript.emit(module, facts, "gradients")).text);
    const { createGradients } = await importText<{ createGradients(): Gradients }>(code);
    const { gradients, hyper: live } = createGradients();
    expect(gradients({})).toMatchObject({ loss: 9, parameters: { w: Float32Array.of(3, 3) } });
    live["strength"] = 2;
    expect(gradients({})).toMatchObject({ loss: 36, parameters: { w: Float32Array.of(12, 12) } });
  });
});
