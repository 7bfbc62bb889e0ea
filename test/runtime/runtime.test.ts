/** fit and evaluate count every row once, whatever the batch; bad data and bad options say what to do. */

import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { allocateBatch, fillBatch, inOrder, permute } from "../../runtime/batches.ts";
import { DataError, DivergenceError, evaluate, fit, type StepEvent } from "../../runtime/index.ts";
import { progress } from "../../runtime/node/index.ts";

interface Pairs {
  x: Float32Array;
  y: Float32Array;
}

/** y ≈ x·w + b over two columns, by hand, batch 4 (3 when evaluating): loss is the mean squared error. */
function lineTrainer(learningRate = 0.05) {
  const w = new Float32Array(2);
  const b = new Float32Array(1);
  const hyper = { learningRate };
  /** For each step: its count, the rows it counted (by x's first column), and the loss. */
  const log: { count: number; rows: number[]; loss: number }[] = [];
  const residual = (batch: Pairs, row: number) => batch.x[2 * row]! * w[0]! + batch.x[2 * row + 1]! * w[1]! + b[0]! - batch.y[row]!;
  return {
    log,
    batch: { train: 4, evaluate: 3, predict: 1 },
    inputs: { x: new Float32Array(8), y: new Float32Array(4) },
    parameters: { w, b },
    state: {},
    hyper,
    get stepCount() {
      return log.length;
    },
    step(batch: Pairs, count = 4): number {
      let loss = 0;
      const d = [0, 0, 0];
      for (let row = 0; row < count; row++) {
        const r = residual(batch, row);
        loss += (r * r) / count;
        d[0]! += (2 * r * batch.x[2 * row]!) / count;
        d[1]! += (2 * r * batch.x[2 * row + 1]!) / count;
        d[2]! += (2 * r) / count;
      }
      w[0]! -= hyper.learningRate * d[0]!;
      w[1]! -= hyper.learningRate * d[1]!;
      b[0]! -= hyper.learningRate * d[2]!;
      const rows = Array.from({ length: count }, (_, row) => batch.x[2 * row]!);
      log.push({ count, rows, loss });
      return loss;
    },
    evaluate(batch: Pairs, count = 3): { loss: number; error: number; count: number } {
      let loss = 0;
      let error = 0;
      for (let row = 0; row < count; row++) {
        loss += residual(batch, row) ** 2;
        error += Math.abs(residual(batch, row));
      }
      return { loss, error, count };
    },
    predict: (batch: { x: Float32Array }) => ({ y: batch.x }),
    bytes: () => new Uint8Array(0),
    restore: () => {},
  };
}

/** n rows: x = [row, 1 − row/2] / 10, y = x₀ − x₁ + 1. The first column names the row. */
function line(n: number) {
  const x = new Float32Array(2 * n);
  const y = new Float32Array(n);
  for (let row = 0; row < n; row++) {
    x[2 * row] = row / 10;
    x[2 * row + 1] = (1 - row / 2) / 10;
    y[row] = x[2 * row]! - x[2 * row + 1]! + 1;
  }
  return { x, y };
}

const rowsOf = (log: { rows: number[] }[]) => log.flatMap(({ rows }) => rows.map((x) => Math.round(x * 10)));
const upTo = (n: number) => Array.from({ length: n }, (_, row) => row);
const ascending = (rows: number[]) => rows.toSorted((a, b) => a - b);

describe("batches", () => {
  test("ten rows in batches of four are 4, 4 and 2, in order, each epoch", async () => {
    const trainer = lineTrainer();
    await fit(trainer, line(10), { epochs: 2 });
    expect(trainer.log.map(({ count }) => count)).toEqual([4, 4, 2, 4, 4, 2]);
    expect(rowsOf(trainer.log)).toEqual([...upTo(10), ...upTo(10)]);
  });

  test("a smaller batchSize counts as many rows a step", async () => {
    const trainer = lineTrainer();
    await fit(trainer, line(10), { epochs: 1, batchSize: 3 });
    expect(trainer.log.map(({ count }) => count)).toEqual([3, 3, 3, 1]);
    expect(rowsOf(trainer.log)).toEqual(upTo(10));
  });

  test("whatever n, size and seed: every row exactly once an epoch", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 4 }), fc.maxSafeInteger(), async (n, batchSize, seed) => {
        const trainer = lineTrainer(0);
        await fit(trainer, line(n), { epochs: 1, batchSize, shuffle: { seed } });
        expect(ascending(rowsOf(trainer.log))).toEqual(upTo(n));
      }),
    );
  });

  test("wide rows are copied natively and narrow ones by a loop, to the same effect", () => {
    const shape = fc.record({
      rows: fc.integer({ min: 1, max: 12 }),
      width: fc.constantFrom(1, 7, 63, 64, 90),
    });
    fc.assert(
      fc.property(shape, fc.boolean(), fc.nat(), fc.nat(), ({ rows, width }, shuffled, a, b) => {
        const values = Int32Array.from({ length: rows * width }, (_, i) => i);
        const table = { rows, columns: [{ name: "y", values, width }], whole: [] };
        const order = inOrder(rows);
        if (shuffled) permute(order, 1, a);
        const start = a % rows;
        const count = 1 + (b % (rows - start));
        const buffer = allocateBatch(table, rows);
        fillBatch(buffer, order, start, count);
        const expected = [...order.subarray(start, start + count)].flatMap((row) =>
          Array.from({ length: width }, (_, k) => row * width + k),
        );
        expect([...buffer.columns[0]!.to.subarray(0, count * width)]).toEqual(expected);
        expect(buffer.columns[0]!.to.subarray(count * width).every((v) => v === 0)).toBe(true);
      }),
    );
  });

  test("a trainer that refuses short batches gets only full ones, and the note counts the rest", async () => {
    const trainer = { ...lineTrainer(), shortBatch: "refuse" as const };
    const history = await fit(trainer, line(10), { epochs: 2, shuffle: { seed: 1 } });
    expect(trainer.log.map(({ count }) => count)).toEqual([4, 4, 4, 4]);
    expect(history.note).toBe(
      "2 of 10 rows were left out of each epoch: the model takes only full batches of 4, " + "because its rows interact (as in batch norm)",
    );
    expect(await fit(trainer, line(8), { epochs: 1 })).not.toHaveProperty("note");
    await expect(fit(trainer, line(3), { epochs: 1 })).rejects.toThrowError(
      new DataError(
        "the data hold 3 rows, but the model takes only full batches of 4, because its rows interact " +
          "(as in batch norm); give it more rows, or compile it for a smaller batch",
      ),
    );
  });

  test("a model without inputs takes one full step an epoch", async () => {
    const counts: (number | undefined)[] = [];
    const trainer = {
      ...lineTrainer(),
      inputs: {},
      step: (_batch: object, count?: number) => counts.push(count),
    };
    await fit(trainer, {}, { epochs: 3 });
    expect(counts).toEqual([4, 4, 4]);
  });
});

describe("permute", () => {
  const order = (n: number, seed: number, epoch: number) => {
    const rows = new Uint32Array(n);
    permute(rows, seed, epoch);
    return [...rows];
  };

  test("is a permutation, and the same one every time", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.maxSafeInteger(), fc.nat(1000), (n, seed, epoch) => {
        const once = order(n, seed, epoch);
        expect(ascending(once)).toEqual(upTo(n));
        expect(order(n, seed, epoch)).toEqual(once);
      }),
    );
  });

  test("differs by seed, in either half, and by epoch", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.nat(1000), (seed, epoch) => {
        const other = seed > 0 ? seed - 2 ** 32 : seed + 2 ** 32;
        const once = order(100, seed, epoch);
        expect(order(100, other, epoch)).not.toEqual(once);
        expect(order(100, seed ^ 1, epoch)).not.toEqual(once);
        expect(order(100, seed, epoch + 1)).not.toEqual(once);
      }),
    );
  });

  test("is pinned: these bits are a promise to every engine", () => {
    expect(order(10, 1, 1)).toEqual([1, 9, 3, 8, 6, 2, 4, 0, 7, 5]);
  });

  test("is fair: over many seeds each row comes first equally often", () => {
    const first = new Uint32Array(6);
    for (let seed = 0; seed < 6000; seed++) first[order(6, seed, 1)[0]!]!++;
    // binomial(6000, 1/6): mean 1000, deviation 29; five deviations
    for (const times of first) expect(Math.abs(times - 1000)).toBeLessThan(145);
  });
});

describe("history", () => {
  test("an epoch’s loss is Σ(loss·rows)/Σrows", async () => {
    const trainer = lineTrainer();
    const history = await fit(trainer, line(10), { epochs: 2 });
    const [a, b, c, d, e, f] = trainer.log.map(({ loss }) => loss);
    expect(history).toEqual({
      epochs: [
        { epoch: 1, loss: (a! * 4 + b! * 4 + c! * 2) / 10 },
        { epoch: 2, loss: (d! * 4 + e! * 4 + f! * 2) / 10 },
      ],
    });
  });

  test("validation is measured after the epoch’s last step, under val_", async () => {
    const trainer = lineTrainer();
    const { epochs } = await fit(trainer, line(10), { epochs: 1, validation: line(7) });
    const direct = evaluate(trainer, line(7));
    expect(epochs[0]!.val_loss).toBe(direct.loss);
    expect(epochs[0]!.val_error).toBe(direct.error);
    expect(Object.keys(epochs[0]!)).toEqual(["epoch", "loss", "val_loss", "val_error"]);
  });

  test("training fits the line", async () => {
    const trainer = lineTrainer(0.3);
    const { epochs } = await fit(trainer, line(10), { epochs: 500, shuffle: { seed: 3 } });
    expect(epochs.at(-1)!.loss).toBeLessThan(1e-5);
  });

  test("several phases are averaged each by its name", async () => {
    let step = 0;
    const trainer = {
      ...lineTrainer(),
      step: (_: Pairs, count = 4) => ({ critic: ++step, generator: count }),
    };
    const { epochs } = await fit(trainer, line(10), { epochs: 1 });
    expect(epochs).toEqual([{ epoch: 1, critic: (1 * 4 + 2 * 4 + 3 * 2) / 10, generator: (16 + 16 + 4) / 10 }]);
    expectTypeOf(epochs[0]!.generator).toEqualTypeOf<number>();
  });
});

describe("evaluate", () => {
  test("is the direct mean, in batches of three with a partial last one", () => {
    const trainer = lineTrainer();
    trainer.parameters.w.set([0.5, -2]);
    const { x, y } = line(10);
    let loss = 0;
    let error = 0;
    for (let row = 0; row < 10; row++) {
      const r = x[2 * row]! * 0.5 + x[2 * row + 1]! * -2 - y[row]!;
      loss += (r * r) / 10;
      error += Math.abs(r) / 10;
    }
    const means = evaluate(trainer, { x, y });
    expect(means.loss).toBeCloseTo(loss, 12);
    expect(means.error).toBeCloseTo(error, 12);
    expect(means.count).toBe(10);
  });
});

describe("callbacks and signal", () => {
  test("onStep tells where training is; the last step has the remaining rows", async () => {
    const seen: string[] = [];
    const trainer = lineTrainer();
    const onStep = ({ epoch, epochs, step, steps, rows, loss }: StepEvent<typeof trainer>) => {
      seen.push(`${epoch}/${epochs} ${step}/${steps} ${rows} ${loss === trainer.log.at(-1)!.loss}`);
    };
    await fit(trainer, line(5), { epochs: 2, callbacks: { onStep } });
    expect(seen).toEqual(["1/2 1/2 4 true", "1/2 2/2 1 true", "2/2 1/2 4 true", "2/2 2/2 1 true"]);
  });

  test("onEpoch stops training with its epoch, also from a promise", async () => {
    const trainer = lineTrainer();
    const onEpoch = async ({ epoch }: { epoch: number }) => (epoch === 2 ? "stop" : undefined);
    const { epochs } = await fit(trainer, line(4), { epochs: 9, callbacks: { onEpoch } });
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(trainer.log).toHaveLength(2);
  });

  test("an aborted signal rejects between two steps with its reason", async () => {
    const trainer = lineTrainer();
    const abort = new AbortController();
    const onStep = ({ step }: { step: number }) => {
      if (step === 2) abort.abort(new Error("enough"));
    };
    const run = fit(trainer, line(10), { epochs: 5, callbacks: { onStep }, signal: abort.signal });
    await expect(run).rejects.toThrowError("enough");
    expect(trainer.log).toHaveLength(2);
  });

  test("long training lets timers run", async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 30);
    const run = fit(lineTrainer(), line(10), { epochs: 1e9, signal: abort.signal });
    await expect(run).rejects.toThrowError("aborted");
  });
});

describe("types", () => {
  test("data and history are exact for the trainer", () => {
    const trainer = lineTrainer();
    const { x, y } = line(4);
    const checks = () => {
      // @ts-expect-error y is missing
      void fit(trainer, { x }, { epochs: 1 });
      // @ts-expect-error y holds f32
      evaluate(trainer, { x, y: new Int32Array(4) });
      // @ts-expect-error no metric of that name
      void evaluate(trainer, { x, y }).accuracy;
      return evaluate(trainer, { x, y });
    };
    expectTypeOf(checks).returns.toEqualTypeOf<{
      readonly loss: number;
      readonly error: number;
      readonly count: number;
    }>();
  });
});

describe("what is refused, and in which words", () => {
  const { x, y } = line(20);
  const refused = (data: object, message: string) => {
    const trainer = lineTrainer();
    const error = new DataError(message);
    expect(() => evaluate(trainer, data as Pairs)).toThrowError(error);
    return expect(fit(trainer, data as Pairs, { epochs: 1 })).rejects.toThrowError(error);
  };
  const spoilt = (value: number, at: number) => {
    const copy = x.slice();
    copy[at] = value;
    return copy;
  };

  test.each([
    [
      { x: spoilt(NaN, 35), y },
      "x holds NaN at row 17, column 1 (counted from 0); training needs finite numbers: leave the row out, or fill the value in",
    ],
    [
      { x: spoilt(-Infinity, 0), y },
      "x holds -Infinity at row 0, column 0 (counted from 0); training needs finite numbers: leave the row out, or fill the value in",
    ],
    [{ x, y: y.subarray(1) }, "x holds 20 rows, but y holds 19; every array needs one row for each example"],
    [{ x: x.subarray(1), y }, "x holds 39 values, which is not a whole number of rows of 2; the last row has 1"],
    [{ x: new Float32Array(0), y: new Float32Array(0) }, "the data hold no rows: x, y are empty"],
    [{ x }, "the data hold no array y; the model takes x, y"],
    [{ x, y, z: y }, "the data hold z, which the model does not take; it takes x, y"],
    [
      { x, y: Int32Array.from(y) },
      "y must be a Float32Array, as the model declares it, not Int32Array; convert it with Float32Array.from(…)",
    ],
    [{ x: [...x], y }, "x must be a Float32Array, as the model declares it, not Array; convert it with Float32Array.from(…)"],
  ])("data %#", (data, message) => refused(data, message));

  test("validation data are checked before the first step", async () => {
    const trainer = lineTrainer();
    const run = fit(trainer, { x, y }, { epochs: 1, validation: { x: spoilt(NaN, 2), y } });
    await expect(run).rejects.toThrowError(/^x holds NaN at row 1, column 0/);
    expect(trainer.log).toEqual([]);
  });

  test.each([
    [{ epochs: 0 }, "epochs must be a whole number of at least 1, not 0"],
    [
      { epochs: 1, batchSize: 8 },
      "batchSize 8 is more than the 4 rows that the trainer was compiled for; ask for 4 or fewer, or compile the model for 8",
    ],
    [{ epochs: 1, batchSize: 1.5 }, "batchSize must be a whole number from 1 to 4, not 1.5"],
    [{ epochs: 1, shuffle: { seed: 0.5 } }, "shuffle.seed must be a whole number within ±(2^53 − 1), not 0.5"],
  ])("options %#", async (options, message) => {
    await expect(fit(lineTrainer(), { x, y }, options)).rejects.toThrowError(new RangeError(message));
  });

  test("a loss that leaves the finite numbers", async () => {
    const at = (n: number) => {
      const trainer = lineTrainer();
      let step = 0;
      return fit({ ...trainer, step: (_: Pairs) => (++step === n ? NaN : 1) }, { x, y }, { epochs: 2 });
    };
    await expect(at(7)).rejects.toThrowError(
      new DivergenceError(
        "the loss became NaN at epoch 2, step 2 of 5; start again with a smaller learning rate: " + "the weights it left are not usable",
      ),
    );
    await expect(at(1)).rejects.toThrowError(
      new DivergenceError(
        "the loss became NaN at epoch 1, step 1 of 5; no update had been made yet, so the cause is in the " +
          "starting weights, the scale of the data, or the loss (a logarithm or a division by 0)",
      ),
    );
    const phases = { ...lineTrainer(), step: (_: Pairs) => ({ critic: 1, generator: Infinity }) };
    await expect(fit(phases, { x, y }, { epochs: 1 })).rejects.toThrowError(
      /^the loss of phase generator became Infinity at epoch 1, step 1 of 5/,
    );
  });

  test("a learning rate that is too large ends in that message", async () => {
    await expect(fit(lineTrainer(50), { x, y }, { epochs: 500 })).rejects.toThrowError(/start again with a smaller learning rate/);
  });
});

describe("progress", () => {
  /** What is written while 2 epochs of 3 steps pass, each step and each report 4 s long. */
  async function shown(isTTY: boolean, env: Record<string, string>) {
    let text = "";
    let time = 0;
    const stream = { isTTY, columns: 100, write: (more: string) => (text += more) };
    const report = progress({ stream, env, now: () => (time += 4000) });
    await fit(lineTrainer(), line(10), { epochs: 2, callbacks: report });
    report.end();
    return text;
  }

  test("in a pipe: a line an epoch, and one every ten seconds; nothing but text", async () => {
    const lines = (await shown(false, {})).replaceAll(/\d\.\d{3,4}/g, "L").split("\n");
    expect(lines).toEqual(["epoch 1/2  loss L  16s", "epoch 2/2  step 3/3  loss L  1 rows/s  eta 0.0s", "epoch 2/2  loss L  16s", ""]);
  });

  test("on a terminal: one line rewritten, colours unless NO_COLOR", async () => {
    const text = await shown(true, { NO_COLOR: "1" });
    expect(text).toContain("\r\x1b[2K█████████████░░░░░░░ epoch 1/2  step 2/3  loss ");
    expect(text).toContain("  1 rows/s  eta 16s");
    expect(text.replaceAll("\r\x1b[2K", "")).not.toContain("\x1b");
    expect(await shown(true, {})).toContain("\x1b[36m");
  });

  test("in CI a terminal counts as a pipe", async () => {
    expect(await shown(true, { CI: "true" })).toBe(await shown(false, {}));
  });
});
