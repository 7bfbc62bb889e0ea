/** What a step that is asked for finite numbers says of those that are none, before anything changes; and that fit asks every step. */

import { add, he, input, labels, log, matmul, model, mse, mul, param, sgd, softmaxCrossEntropy, sum } from "adjoint";
import { describe, expect, test } from "vitest";
import type { LoadedTrainer } from "../../compiler/compile.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { importText, stripTypes } from "../../compiler/targets/strip.ts";
import { typescript } from "../../compiler/targets/typescript/index.ts";
import { inOrder, permute } from "../../runtime/batches.ts";
import { DataError, DivergenceError, fit, type Augment } from "../../runtime/index.ts";
import { plain, ROWS, said, thrownBy, x, y, type Batch, type Maker } from "../support/calls.ts";

describe("a step asked for finite numbers", () => {
  test.each([NaN, Infinity, -Infinity])("names the first row that holds %s, before anything changes", (value) => {
    for (let at = 0; at < x.length; at++) {
      const trainer = plain.createTrainer({ seed: 1 });
      const before = trainer.bytes();
      const spoilt = x.with(at, value);
      spoilt[7] = NaN;
      const shown = at === 7 ? NaN : value;
      const error = thrownBy(() => trainer.step({ x: spoilt, y }, ROWS, { finite: true }));
      expect(error).toBeInstanceOf(RangeError);
      expect(error.message).toBe(
        `x[${at}] is ${shown}, in row ${at >> 1} of the batch (counted from 0); leave it out, or fill the value in`,
      );
      expect({ ...error }).toEqual({ input: "x", at, value: shown });
      expect(trainer.bytes()).toEqual(before);
      // rows past the count weigh nothing, whatever they hold
      if (at === 7) expect(trainer.step({ x: spoilt, y }, 3, { finite: true })).toBeTypeOf("number");
    }
  });

  test("does otherwise what it does without, and is asked in one way only", () => {
    const [one, two] = [plain.createTrainer({ seed: 1 }), plain.createTrainer({ seed: 1 })];
    for (const options of [{ finite: true }, { finite: false }, {}, undefined, { finite: undefined }])
      expect(one.step({ x, y }, 3, options)).toBe(two.step({ x, y }, 3));
    expect(one.bytes()).toEqual(two.bytes());
    expect(one.step({ x: x.fill(NaN, 0, 1), y }, 3)).toBeNaN();
    x[0] = 0;
    for (const [options, message] of [
      [null, "TypeError: step takes options { finite }, but got null"],
      [true, "TypeError: step takes options { finite }, but got true"],
      [{ finit: true }, 'RangeError: step takes options { finite } and no "finit"'],
      [{ finite: 1 }, "TypeError: finite needs true or false, but got 1"],
      [{ finite: "no" }, 'TypeError: finite needs true or false, but got "no"'],
    ] as const)
      expect(said(() => two.step({ x, y }, 3, options))).toBe(message);
    expect(two.bytes()).not.toEqual(one.bytes());
  });

  // the first phase reads t, the second y: neither may train while the other's input is none
  const phased = model("phased", { batch: ROWS }, ({ batch }) => {
    const scores = matmul(input("x", [batch, 2]), param("W", [2, 3], he()));
    const fit = mse(scores, input("t", [batch, 3]));
    const rank = softmaxCrossEntropy(scores, labels("y", [batch], { classes: 3 }));
    const lost = mul(add(fit, rank), log(sum(mul(input("s", [batch]), input("s2", [batch])))));
    return {
      phases: [
        { name: "fit", loss: fit, optimizer: sgd() },
        { name: "rank", loss: rank, optimizer: sgd() },
        { name: "lost", loss: lost, optimizer: sgd() },
      ],
      outputs: { scores },
    };
  });

  test("of several phases looks at the inputs of all before the first trains, and names the phase whose loss is none", async () => {
    const { module, facts } = await lower(phased);
    const { createTrainer } = await importText<{ createTrainer: Maker }>(await stripTypes((await typescript.emit(module, facts)).text));
    const trainer = createTrainer();
    expect(Object.keys(trainer.inputs).sort()).toEqual(["s", "s2", "t", "x", "y"]);
    const good = { x, t: new Float32Array(3 * ROWS), y, s: new Float32Array(ROWS).fill(1), s2: new Float32Array(ROWS).fill(1) };
    const before = trainer.bytes();
    const finite = { finite: true };
    for (const [batch, message] of [
      [{ ...good, y: y.with(3, 3) }, "RangeError: y[3] is 3, but labels are whole numbers from 0 to 2"],
      [
        { ...good, s2: good.s2.with(2, NaN) },
        "RangeError: s2[2] is NaN, in row 2 of the batch (counted from 0); leave it out, or fill the value in",
      ],
      [{ ...good, s: [1, 1, 1, 1] }, "TypeError: s needs 4 elements as Float32Array.from(…) makes them, but got Array"],
    ] as const)
      expect(said(() => trainer.step(batch, ROWS, finite))).toBe(message);
    expect(trainer.bytes()).toEqual(before);
    expect(said(() => trainer.phases["rank"]!({ ...good, z: y }))).toMatch(/^RangeError: rank takes a batch \{ .* \} and no "z"$/);
    const error = thrownBy(() => trainer.step({ ...good, s: good.s.fill(0) }, ROWS, finite));
    expect(error.message).toBe(
      "the loss of phase lost is -Infinity on finite inputs, and its weights are lost; take a smaller learning rate, or mend a logarithm of 0 or a division by 0",
    );
    expect({ ...error }).toEqual({ loss: -Infinity, phase: "lost" });
    // without being asked it goes on, and says so by what it returns
    expect(trainer.step(good)).toEqual({ fit: NaN, rank: NaN, lost: NaN });
  }, 30_000);
});

describe("fit asks every step for finite numbers", () => {
  const rows = 10;
  const data = { x: Float32Array.from({ length: 2 * rows }, (_, n) => Math.sin(n)), y: Int32Array.from({ length: rows }, (_, n) => n % 3) };
  // what a trainer of any model is to fit
  const trained = (seed: number, options: object): Promise<unknown> => {
    const trainer = plain.createTrainer({ seed }) as unknown as LoadedTrainer;
    return fit(trainer, data, { epochs: 3, shuffle: { seed: 1 }, ...options });
  };

  test("an augmented row that is none is named by its place in the data, and nothing was learned from it", async () => {
    const trainer = plain.createTrainer({ seed: 1 }) as unknown as LoadedTrainer;
    const order = inOrder(rows);
    permute(order, 1, 2);
    let before: Uint8Array = new Uint8Array();
    const augment: Augment<Batch> = (batch, { epoch, rows: [first] }) => {
      if (epoch !== 2 || first !== order[4]) return;
      before = trainer.bytes();
      batch["x"]![3] = Infinity;
    };
    const error = await fit(trainer, data, { epochs: 3, shuffle: { seed: 1 }, augment }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toBe(
      `x holds Infinity at row ${order[5]}, column 1 (counted from 0), in epoch 2, step 2 of 3, though it was finite when training began: mend augment, or whatever changed it since`,
    );
    expect(before.length).toBeGreaterThan(0);
    expect(trainer.bytes()).toEqual(before);
  });

  test("a loss that is none ends the run with epoch and step; what is no matter of numbers is left as it is", async () => {
    const huge = { callbacks: { onStep: () => {} } };
    const trainer = plain.createTrainer({ seed: 1 });
    trainer.hyper["rate"] = 3e38;
    const run = fit(trainer as unknown as LoadedTrainer, data, { epochs: 3, ...huge });
    await expect(run).rejects.toThrow(
      new DivergenceError(
        "the loss became NaN at epoch 1, step 2 of 3; start again with a smaller learning rate: the weights it left are not usable",
      ),
    );
    await expect(trained(1, { epochs: 1, augment: (batch: Batch) => void (batch["y"]![1] = 3) })).rejects.toThrow(
      new RangeError("y[1] is 3, but labels are whole numbers from 0 to 2"),
    );
  });
});
