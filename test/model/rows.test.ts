/** What is true of the rows of a batch: losses, metrics and weights count them wherever they lie, short batches are as compiled for, or refused. */

import { describe, expect, test } from "vitest";
import {
  abs,
  accuracy,
  add,
  batchMean,
  concatenate,
  constant,
  div,
  exp,
  grad,
  input,
  l2,
  labels,
  log,
  matmul,
  max,
  mean,
  model,
  mse,
  mul,
  normal,
  param,
  reshape,
  sgd,
  slice,
  softmaxCrossEntropy,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  transpose,
  type FloatTensor,
  type Tensor,
  type Model,
  type Scalar,
} from "adjoint";
import { lower } from "../../compiler/driver/lower.ts";
import type { Choices, CompileOptions } from "../../compiler/driver/options.ts";
import { traced } from "../support/row-laws.ts";
import { loadTrainer, type Batch } from "../support/trainer.ts";

type Shape = readonly number[];
type Any = FloatTensor<readonly number[]>;
const TARGETS = ["typescript", "wasm"] as const;

/** A scalar of a batch. */
type Declare = (batch: number) => Scalar;

const lossOf = (declare: Declare, batch: number): Model =>
  model("one loss", { batch: { train: batch, evaluate: batch, predict: 1 } }, ({ batch: rows }) => ({
    loss: declare(rows),
    optimizer: sgd({ learningRate: 1 }),
  }));

async function trainerOf(of: Model, options: CompileOptions = {}) {
  const trainer = (await loadTrainer(await lower(of, options))).createTrainer({ seed: 1 });
  return {
    trainer,
    step: (batch: Batch, count?: number): number => trainer.step(batch, count) as number,
    evaluate: (batch: Batch, count?: number) => trainer.evaluate(batch, count) as unknown as Record<string, number>,
    weights: (): number[] => Object.values(trainer.parameters).flatMap((view) => Array.from(view)),
  };
}

const wave = (length: number, step = 1, from = 0): Float32Array => Float32Array.from({ length }, (_, n) => Math.sin(step * (n + from)));
const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const crossEntropy = (row: readonly number[], y: number): number => Math.log(total(row.map(Math.exp))) - row[y]!;

describe.each(TARGETS)(
  "%s",
  (target) => {
    const scores = (batch: number) => {
      const b = param("b", [3, 4], constant(0));
      return reshape(add(input("x", [batch, 3, 4]), b), [batch * 3, 4]);
    };
    const y = (batch: number) => labels("y", [batch * 3], { classes: 4 });
    const x = wave(24);
    const of = [0, 1, 2, 3, 0, 1];
    const losses = of.map((label, n) => crossEntropy(Array.from(x.subarray(4 * n, 4 * n + 4)), label));
    const batch = { x, y: Int32Array.from(of) };

    test("a flattened batch counts count × positions", async () => {
      const flat = model("flat", { batch: 2 }, ({ batch: n }) => {
        const [s, label] = [scores(n), y(n)];
        return { loss: softmaxCrossEntropy(s, label), metrics: { metric: accuracy(s, label) }, optimizer: sgd({ learningRate: 1 }) };
      });
      const { step, evaluate, weights } = await trainerOf(flat, { target });
      expect(evaluate(batch)["loss"]! / 2).toBeCloseTo(1.649151, 5);
      expect(evaluate(batch, 1)["loss"]).toBeCloseTo(total(losses.slice(0, 3)) / 3, 5);
      const right = of.map((label, n) => Number([0, 1, 2, 3].every((k) => x[4 * n + k]! <= x[4 * n + label]!)));
      expect(evaluate(batch)["metric"]! / 2).toBeCloseTo(total(right) / 6, 6);
      expect(evaluate(batch, 1)["metric"]).toBeCloseTo(total(right.slice(0, 3)) / 3, 6);
      expect(step(batch)).toBeCloseTo(1.649151, 5);
      expect(total(losses) / 6).toBeCloseTo(1.649151, 5);
      // every position trains: d_b = Σ over rows (p − one-hot) / 6
      expect(weights().every((w) => w !== 0)).toBe(true);
    });

    test("labels flatten as scores do: of [n, 3], transposed on the way too, with every position its own", async () => {
      const there = (labelled: Tensor<Shape, "i32">) => labelled;
      const thereAndBack = (labelled: Tensor<Shape, "i32">) => transpose(transpose(labelled));
      for (const labelsOf of [there, thereAndBack]) {
        const declared = lossOf((n) => softmaxCrossEntropy(scores(n), reshape(labelsOf(labels("y", [n, 3], { classes: 4 })), [-1])), 2);
        const { step, evaluate } = await trainerOf(declared, { target });
        expect(evaluate(batch, 1)["loss"]).toBeCloseTo(total(losses.slice(0, 3)) / 3, 5);
        expect(step(batch)).toBeCloseTo(1.649151, 5);
      }
    });

    test("a weight a row of the batch goes to all of its positions, or each has its own", async () => {
      const weighted = (shape: (n: number) => number[]) =>
        lossOf((n) => softmaxCrossEntropy(scores(n), y(n), { weights: input("w", shape(n)) }), 2);
      const rows = await trainerOf(
        weighted((n) => [n]),
        { target },
      );
      expect(rows.step({ ...batch, w: Float32Array.of(2, 0.5) })).toBeCloseTo(
        (2 * total(losses.slice(0, 3)) + 0.5 * total(losses.slice(3))) / 6,
        5,
      );
      expect(rows.trainer.evaluate({ ...batch, w: Float32Array.of(2, 0.5) }, 1)).toMatchObject({ count: 1 });
      const own = await trainerOf(
        weighted((n) => [n * 3]),
        { target },
      );
      const w = [1, 0, 0, 3, 1, 2];
      expect(own.step({ ...batch, w: Float32Array.from(w) })).toBeCloseTo(total(losses.map((loss, n) => loss * w[n]!)) / 6, 5);
    });

    test("values without rows are plain means", async () => {
      const six = () => param("w", [6], constant([1, 2, 3, 4, 5, 6]));
      const pairs = () => param("w", [3, 2], constant([1, 2, 3, 4, 5, 6]));
      const first = async (declare: Declare, rows: number): Promise<number> =>
        (await trainerOf(lossOf(declare, rows), { target })).step({});
      const w = pairs;
      expect(await first(() => mse(w(), mul(constantLike(), 0)), 1)).toBeCloseTo(91 / 6, 4);
      expect(await first(() => mse(w(), mul(constantLike(), 0)), 3)).toBeCloseTo(91 / 6, 4);
      expect(await first(() => batchMean(six()), 2)).toBeCloseTo(3.5, 6);
      expect(await first(() => mean(six()) as Scalar, 6)).toBeCloseTo(3.5, 6);
      // a Gram matrix over features is none of the batch's either
      const gram = (): Scalar => batchMean(square(matmul(transpose(pairs()), pairs2()) as Any));
      expect(await first(gram, 2)).toBeCloseTo((35 ** 2 + 2 * 44 ** 2 + 56 ** 2) / 4, 2);
      function pairs2(): FloatTensor<readonly [3, 2]> {
        return param("v", [3, 2], constant([1, 2, 3, 4, 5, 6]));
      }
      function constantLike(): FloatTensor<readonly [3, 2]> {
        return param("zero", [3, 2], constant(0), { trainable: false });
      }
    });

    test.each<[string, (d: Any, n: number) => Any]>([
      ["√Σx²", (d) => sqrt(sum(square(d), [1]))],
      ["log Σx²", (d) => log(sum(square(d), [1]))],
      ["1/Σ|x|", (d) => div(1, sum(abs(d), [1])) as Any],
      ["x/‖x‖", (d, n) => div(d, reshape(sqrt(sum(square(d), [1])), [n, 1])) as Any],
    ])("%s of a short batch has the gradients of a model compiled for it", async (_, of) => {
      const declare: Declare = (n) => {
        const w = param("W", [3, 2], constant([1, -2, 3, 4, -5, 6]));
        return batchMean(of(sub(matmul(input("x", [n, 3]), w), matmul(input("y", [n, 3]), w)), n));
      };
      const [four, three] = [await trainerOf(lossOf(declare, 4), { target }), await trainerOf(lossOf(declare, 3), { target })];
      const given = { x: wave(9), y: wave(9, 0.7, 5) };
      const padded = { x: wave(12), y: wave(12, 0.7, 5) };
      expect(four.step(given, 3)).toBeCloseTo(three.step(given), 5);
      expect(four.step(padded, 3)).toBeCloseTo(three.step(given), 5);
      four.weights().forEach((w, n) => expect(w).toBeCloseTo(three.weights()[n]!, 4));
    });
  },
  60_000,
);

test("several threads pad alike", async () => {
  const declare: Declare = (n) =>
    batchMean(
      sqrt(
        sum(
          square(
            sub(
              matmul(input("x", [n, 3]), param("W", [3, 64], normal(0, 1))),
              matmul(input("y", [n, 3]), param("V", [3, 64], normal(0, 1))),
            ),
          ),
          [1],
        ),
      ),
    );
  const two = await trainerOf(lossOf(declare, 4), { target: "wasm", threads: 2 });
  const one = await trainerOf(lossOf(declare, 4), { target: "wasm" });
  const given = { x: new Float32Array(9).fill(1), y: wave(9) };
  expect(two.step(given, 3)).toBe(one.step(given, 3));
  expect(two.weights()).toEqual(one.weights());
  expect(two.weights().every(Number.isFinite)).toBe(true);
});

describe("a mean and a sum of one's own count the real rows", () => {
  const x = (n: number) => mul(input("x", [n, 2]), param("w", [2], constant(1))) as Any;
  const rows = [
    [1, 2],
    [3, 4],
    [5, 7],
  ] as const;
  const flat = Float32Array.from(rows.flat());
  const squares = rows.flat().map((v) => v * v);
  test.each<[string, Declare, (count: number) => number]>([
    ["mean of squares", (n) => mean(square(x(n))) as Scalar, (c) => total(squares.slice(0, 2 * c)) / (2 * c)],
    ["sum", (n) => sum(x(n)) as Scalar, (c) => total(rows.flat().slice(0, 2 * c))],
    ["l2 of activities", (n) => l2([x(n)], 0.5), (c) => 0.5 * total(squares.slice(0, 2 * c))],
    [
      "a mean over the batch, then over features",
      (n) => mean(square(mean(x(n), [0]))) as Scalar,
      (c) => total([0, 1].map((j) => (total(rows.slice(0, c).map((row) => row[j]!)) / c) ** 2)) / 2,
    ],
    [
      "rows less their mean",
      (n) => {
        const z = x(n);
        return mean(square(sub(z, mean(z, [0])) as Any)) as Scalar;
      },
      (c) =>
        total(
          [0, 1].map((j) => {
            const of = rows.slice(0, c).map((row) => row[j]!);
            return total(of.map((v) => (v - total(of) / c) ** 2));
          }),
        ) /
        (2 * c),
    ],
    [
      "two batches in one",
      (n) => {
        const z = x(n);
        return batchMean(square(concatenate([z, mul(z, 2)], 0) as Any));
      },
      (c) => (5 * total(squares.slice(0, 2 * c))) / (4 * c),
    ],
    [
      "a batch in the middle, merged",
      (n) => batchMean(square(reshape(transpose(x(n), [1, 0]), [2 * n]))),
      (c) => total(squares.slice(0, 2 * c)) / (2 * c),
    ],
  ])("%s", async (_, declare, expected) => {
    const of = lossOf((n) => declare(n), 3);
    expect(traced(of, 3).meeting).toBeUndefined();
    const { evaluate } = await trainerOf(of);
    for (const count of [3, 2, 1]) expect(evaluate({ x: flat }, count)["loss"]! / count).toBeCloseTo(expected(count), 4);
  });
});

describe("what only a full batch is right for", () => {
  const h = (n: number) =>
    matmul(input("x", [n, 3]), param("W", [3, 2], constant([1, -2, 3, 4, -5, 6])) as FloatTensor<readonly [3, 2]>) as Any;
  const gram: Declare = (n) => {
    const z = h(n);
    return mean(square(matmul(z, transpose(z, [1, 0])) as Any)) as Scalar;
  };
  const twice: Declare = (n) => {
    const z = h(n);
    return batchMean(log(sum(exp(matmul(z, transpose(z, [1, 0])) as Any), [1])));
  };

  test.each<[string, Declare, string]>([
    ["a contrastive loss", twice, "it reads one row beside another"],
    ["the largest of the batch", (n) => max(h(n)) as Scalar, "it combines the rows"],
    [
      "neighbours",
      (n) => {
        const z = h(n);
        return batchMean(square(sub(slice(z, [1, 0], [n, 2]), slice(z, [0, 0], [n - 1, 2])) as Any));
      },
      "it reads rows other than its own",
    ],
    [
      "a sum divided by the batch's size",
      (n) => mul(sum(square(h(n))) as Scalar, 1 / n) as Scalar,
      "it reads a number that depends on the rows of a batch",
    ],
    [
      "a loop over the rows",
      (n) => {
        const z = h(n);
        return Array.from({ length: n }, (_, i) => sum(square(slice(z, [i, 0], [i + 1, 2]))) as Scalar).reduce(
          (a, b) => add(a, b) as Scalar,
        );
      },
      "the model's declaration is not the same at other batches, so that nothing is known of its rows",
    ],
    [
      "a norm of gradients that rows not there have none of",
      (n) => {
        const z = tanh(h(n));
        return batchMean(sqrt(sum(square(grad(batchMean(square(z)), [z])[0]), [1])));
      },
      "sqrt has no finite slope at 0, which rows that are not real have there",
    ],
    [
      "a batch written as a number",
      () => batchMean(square(h(4))),
      "its first extent is the batch's, but does not grow with it; declare it by the batch that the declaration is given, or say { rows: false }",
    ],
    [
      "rows along another axis of an input",
      (n) => batchMean(square(mul(input("x", [3, n]), param("w", [1], constant(1))) as Any)),
      "its rows lie along axis 1; put the batch's axis first, and transpose in the model",
    ],
  ])("%s", async (_, declare, why) => {
    expect(traced(lossOf(declare, 4), 4).meeting?.why).toBe(why);
    expect(traced(lossOf(declare, 4), 4, "evaluate").meeting?.why).toBe(why);
  });

  test("means over such values are over all of their elements, and a short batch says where rows meet", async () => {
    const { step, evaluate, trainer } = await trainerOf(lossOf(gram, 4));
    const x = wave(12);
    const rows = [0, 1, 2, 3].map((i) =>
      [0, 1].map((j) =>
        total(
          [0, 1, 2].map(
            (k) =>
              x[3 * i + k]! *
              [
                [1, -2],
                [3, 4],
                [-5, 6],
              ][k]![j]!,
          ),
        ),
      ),
    );
    const expected = total(rows.flatMap((a) => rows.map((b) => (a[0]! * b[0]! + a[1]! * b[1]!) ** 2))) / 16;
    expect(evaluate({ x })["loss"]! / 4).toBeCloseTo(expected, 1);
    expect(() => step({ x }, 3)).toThrow(
      /^a step needs a full batch of 4 rows, but got 3: in this model a row's result depends on the other rows of its batch, in %dot_2 \(rows\.test\.ts:\d+\): it reads one row beside another\. Leave the rest of the data out, or compile for a batch that divides it$/,
    );
    expect(() => evaluate({ x }, 3)).toThrow("an evaluation needs a full batch of 4 rows, but got 3");
    expect(trainer).toMatchObject({ shortBatch: "refuse", shortEvaluation: "refuse" });
    expect(Math.abs(step({ x }) - expected)).toBeLessThan(1e-4 * expected);
  });

  test("what the loss does not read may mix rows as it likes", () => {
    const shown = model("shown", { batch: 4 }, ({ batch }) => {
      const z = h(batch);
      return { loss: batchMean(square(z)), outputs: { like: matmul(z, transpose(z, [1, 0])) }, optimizer: sgd() };
    });
    expect(traced(shown, 4).meeting).toBeUndefined();
  });
});

test("a flattened batch in parts has the losses of the whole", async () => {
  const of = lossOf((n) => {
    const hidden = tanh(matmul(input("x", [n * 3, 4]), param("W", [4, 8], normal(0, 0.5))) as Any);
    return softmaxCrossEntropy(matmul(hidden, param("V", [8, 3], normal(0, 0.5)) as Any) as Any, labels("y", [n * 3], { classes: 3 }));
  }, 4);
  const chosen: Choices = new Map([["train", { parts: 2, recomputed: { again: new Set<string>(), kept: new Set<string>() } }]]);
  const { module } = await lower(of, { chosen });
  expect(module.buffers.map(({ name }) => name)).toContain("x.part2");
  const [whole, parts] = [await trainerOf(of), await trainerOf(of, { chosen })];
  const batch = { x: wave(48), y: Int32Array.from({ length: 12 }, (_, n) => n % 3) };
  for (const count of [4, 3, 1]) expect(parts.step(batch, count)).toBeCloseTo(whole.step(batch, count), 5);
  parts.weights().forEach((w, n) => expect(w).toBeCloseTo(whole.weights()[n]!, 5));
});
