/** What is true of data of flattened rows, of inputs without rows and of models whose rows meet: fit, evaluate, predict, split and augmentation cut by rows. */

import { describe, expect, test } from "vitest";
import {
  add,
  batchMean,
  constant,
  input,
  labels,
  matmul,
  mean,
  model,
  mse,
  mul,
  param,
  reshape,
  sgd,
  softmaxCrossEntropy,
  square,
  sum,
  transpose,
  type FloatTensor,
  type Model,
} from "adjoint";
import { crop, DataError, evaluate, fit, flip, predictAll, split } from "../../runtime/index.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { loadTrainer } from "../support/trainer.ts";

type Any = FloatTensor<readonly number[]>;

const trainerOf = async (of: Model) => (await loadTrainer(await lower(of))).createTrainer({ seed: 1 });
const ramp = (length: number, scale = 1): Float32Array => Float32Array.from({ length }, (_, n) => scale * (n + 1));

/** Rows of three positions of two features; the loss is the mean of (2x·w − t)². */
const flattened = (): Model =>
  model("flattened", { batch: { train: 4, evaluate: 3, predict: 2 } }, ({ batch }) => {
    const x = input("x", [batch * 3, 2]);
    const y = sum(mul(x, param("w", [2], constant(1))) as Any, [1]);
    return { loss: mse(y as Any, input("t", [batch * 3])), outputs: { y }, optimizer: sgd({ learningRate: 0 }) };
  });

describe("a flattened batch", () => {
  const rows = 7;
  const data = { x: ramp(rows * 6, 0.1), t: new Float32Array(rows * 3) };
  const sums = Array.from({ length: rows * 3 }, (_, n) => data.x[2 * n]! + data.x[2 * n + 1]!);
  const expected = sums.reduce((total, y) => total + y * y, 0) / sums.length;

  test("is evaluated, trained on and predicted by rows, the last batch short", async () => {
    const trainer = await trainerOf(flattened());
    const means = evaluate(trainer, data) as unknown as { loss: number; count: number };
    expect(means.count).toBe(7);
    expect(means.loss).toBeCloseTo(expected, 4);
    const history = await fit(trainer, data, { epochs: 1, shuffle: { seed: 3 }, validation: data });
    const [epoch] = history.epochs as unknown as [{ loss: number; val_loss: number }];
    expect(epoch.loss).toBeCloseTo(expected, 4);
    expect(epoch.val_loss).toBeCloseTo(expected, 4);
    const { y } = predictAll(trainer, { x: data.x }) as unknown as { y: Float32Array };
    expect(Array.from(y)).toEqual(sums.map((one) => expect.closeTo(one, 4) as number));
  });

  test("is split into whole rows", async () => {
    const { train, validation } = split(await trainerOf(flattened()), data, { validation: 0.3, seed: 1 }) as unknown as Record<
      string,
      { x: Float32Array; t: Float32Array }
    >;
    expect([train!.x.length, train!.t.length, validation!.x.length]).toEqual([30, 15, 12]);
    const firsts = [train!, validation!].flatMap(({ x }) => Array.from(x).filter((_, n) => n % 6 === 0));
    expect(firsts.sort((a, b) => a - b)).toEqual(Array.from({ length: 7 }, (_, row) => data.x[6 * row]!));
    for (const { x } of [train!, validation!])
      for (let row = 0; row < x.length / 6; row++)
        for (let k = 1; k < 6; k++) expect(x[6 * row + k]! - x[6 * row]!).toBeCloseTo(0.1 * k, 5);
  });

  test("names the row that is broken, of all of its positions", async () => {
    const trainer = await trainerOf(flattened());
    const broken = { x: ramp(10), t: new Float32Array(5) };
    expect(() => evaluate(trainer, broken)).toThrow(
      new DataError("x holds 10 values, which is not a whole number of rows of 6; the last row has 4"),
    );
  });

  test("of pictures is augmented picture by picture, each by a number of its own", () => {
    const at = { epoch: 1, seed: 5, rows: Uint32Array.of(4, 2), count: 2 };
    const [three, one] = [ramp(4 * 3 * 8), ramp(6 * 8)];
    const before = three.slice();
    // row 4's pictures are numbers 12, 13 and 14, row 2's 6, 7 and 8
    flip(three, [1, 2, 4], { ...at, batch: 4 });
    flip(one, [1, 2, 4], { ...at, rows: Uint32Array.of(12, 13, 14, 6, 7, 8), count: 6 });
    expect(Array.from(three.subarray(0, 48))).toEqual(Array.from(one));
    expect(Array.from(three.subarray(48))).toEqual(Array.from(before.subarray(48)));
    expect(Array.from(one)).not.toEqual(Array.from(before.subarray(0, 48)));
    const [shifted, single] = [ramp(4 * 3 * 8), ramp(6 * 8)];
    crop(shifted, [1, 2, 4], 1, { ...at, batch: 4 });
    crop(single, [1, 2, 4], 1, { ...at, rows: Uint32Array.of(12, 13, 14, 6, 7, 8), count: 6 });
    expect(Array.from(shifted.subarray(0, 48))).toEqual(Array.from(single));
    expect(() => flip(ramp(40), [1, 2, 4], { ...at, batch: 4 })).toThrow("an array of 40 values does not hold 2 pictures of 1×2×4");
  });

  test("fit says how many rows a batch has room for", async () => {
    const seen: (number | undefined)[] = [];
    await fit(await trainerOf(flattened()), data, { epochs: 1, batchSize: 3, augment: (_, at) => seen.push(at.batch) });
    expect(seen).toEqual([4, 4, 4]);
  });
});

describe("an input without rows", () => {
  /** Scores against prototypes, as many as there are rows in a batch. */
  const near = (options: { rows?: boolean } = {}): Model =>
    model("near", { batch: { train: 3, evaluate: 3, predict: 1 } }, ({ batch }) => {
      const x = mul(input("x", [batch, 2]), param("w", [2], constant(1))) as Any;
      const scores = matmul(x, transpose(input("prototypes", [3, 2], options), [1, 0])) as Any;
      return {
        loss: softmaxCrossEntropy(scores, labels("y", [batch], { classes: 3 })),
        outputs: { scores },
        optimizer: sgd({ learningRate: 0 }),
      };
    });
  const prototypes = Float32Array.of(1, 0, 0, 1, -1, -1);
  const data = { x: ramp(10, 0.1), y: Int32Array.of(0, 1, 2, 0, 1), prototypes };

  test.each([[undefined], [false]])("is found to have none, or said to (rows: %s), and given whole", async (rows) => {
    const trainer = await trainerOf(near(rows === undefined ? {} : { rows }));
    expect(trainer).toMatchObject({ inputRows: { prototypes: null } });
    const loss = [0, 1, 2, 3, 4].map((row) => {
      const [a, b] = [data.x[2 * row]!, data.x[2 * row + 1]!];
      const scores = [a, b, -a - b];
      return Math.log(scores.reduce((total, s) => total + Math.exp(s), 0)) - scores[data.y[row]!]!;
    });
    const expected = loss.reduce((total, one) => total + one, 0) / 5;
    expect((evaluate(trainer, data) as unknown as { loss: number }).loss).toBeCloseTo(expected, 5);
    const history = await fit(trainer, data, { epochs: 1 });
    expect((history.epochs[0] as unknown as { loss: number }).loss).toBeCloseTo(expected, 5);
    const { train, validation } = split(trainer, data, { validation: 0.4, seed: 2 }) as unknown as Record<string, typeof data>;
    expect([train!.x.length, validation!.x.length]).toEqual([6, 4]);
    expect([train!.prototypes, validation!.prototypes]).toEqual([prototypes, prototypes]);
    const { scores } = predictAll(trainer, { x: data.x, prototypes }) as unknown as { scores: Float32Array };
    expect(scores).toHaveLength(15);
    expect(scores[14]).toBeCloseTo(-data.x[8]! - data.x[9]!, 5);
    expect(() => evaluate(trainer, { ...data, prototypes: ramp(12) })).toThrow(
      new DataError("the input prototypes has no rows and is given whole, so it needs 6 values, but holds 12"),
    );
  });
});

describe("rows that meet", () => {
  const gram = (predict: number): Model =>
    model("gram", { batch: { train: 4, evaluate: 2, predict } }, ({ batch }) => {
      const z = mul(input("x", [batch, 2]), param("w", [2], constant(1))) as Any;
      const products = matmul(z, transpose(z, [1, 0])) as Any;
      return {
        loss: mean(square(products)) as never,
        outputs: { sums: sum(products, [1]), products },
        optimizer: sgd({ learningRate: 0 }),
      };
    });

  test("fit leaves the rest of the rows out and says so; evaluation and prediction ask for whole batches", async () => {
    const trainer = await trainerOf(gram(2));
    const [nine, eight] = [{ x: ramp(18, 0.1) }, { x: ramp(16, 0.1) }];
    const history = await fit(trainer, nine, { epochs: 1 });
    expect(history.note).toBe(
      "1 of 9 rows were left out of each epoch: the model takes only full batches of 4, because its rows interact (as in batch norm)",
    );
    expect(() => evaluate(trainer, nine)).toThrow(
      new DataError(
        "the data hold 9 rows, but the model evaluates only full batches of 2, because its rows interact: leave 1 of them out, or compile it for an evaluation batch that divides 9",
      ),
    );
    await expect(fit(trainer, eight, { epochs: 1, validation: nine })).rejects.toThrow("the model evaluates only full batches of 2");
    expect(Number.isFinite((evaluate(trainer, eight) as unknown as { loss: number }).loss)).toBe(true);
    expect(() => predictAll(trainer, nine)).toThrow(
      new DataError(
        "the data hold 9 rows, but the model predicts only full batches of 2, because its rows interact: leave 1 of them out, or compile it for a prediction batch that divides 9",
      ),
    );
    const { sums } = predictAll(trainer, eight) as unknown as { sums: Float32Array };
    const of = (a: number, b: number): number => eight.x[2 * a]! * eight.x[2 * b]! + eight.x[2 * a + 1]! * eight.x[2 * b + 1]!;
    expect(sums[5]).toBeCloseTo(of(5, 4) + of(5, 5), 4);
  });

  test("an output of no rows is not cut, but a batch of one row is its own", async () => {
    const of = (predict: number): Model =>
      model("shown", { batch: { train: 4, evaluate: 4, predict } }, ({ batch }) => {
        const w = param("w", [2], constant(1));
        const z = mul(input("x", [batch, 2]), w) as Any;
        return { loss: batchMean(square(z)), outputs: { z, both: add(w, 1) }, optimizer: sgd() };
      });
    const data = { x: ramp(8) };
    const two = await trainerOf(of(2));
    expect(two).toMatchObject({ wholeOutputs: ["both"] });
    expect(() => predictAll(two, data)).toThrow("the output both has 2 values for a batch of 2 rows, so it has no leading batch axis");
    const one = await trainerOf(of(1));
    expect(one).not.toHaveProperty("wholeOutputs");
    expect(predictAll(one, data)).toMatchObject({ z: ramp(8), both: new Float32Array(8).fill(2) });
  });

  test("an input whose rows lie along another axis cannot be cut", async () => {
    const across = model("across", { batch: 4 }, ({ batch }) => ({
      loss: batchMean(square(mul(reshape(input("x", [3, batch]), [3 * batch]), param("w", [1], constant(1))) as Any)),
      optimizer: sgd(),
    }));
    const trainer = await trainerOf(across);
    expect(trainer).toMatchObject({ shortBatch: "refuse", inputRows: { x: 1 } });
    expect(() => evaluate(trainer, { x: ramp(24) })).toThrow(
      new DataError(
        "the rows of the input x lie along axis 1, so it cannot be cut into batches; declare it with the batch's axis first and transpose it in the model, or call trainer.step yourself",
      ),
    );
  });
});
