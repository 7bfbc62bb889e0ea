/** What is true of a batch that goes through a step in parts: the same losses and weights within rounding, short batches too, and a refusal where rows meet. */

import { DEFAULT } from "../compiler/targets/index.ts";
import { describe, expect, test } from "vitest";
import {
  batchNorm,
  dense,
  dropout,
  input,
  labels,
  matmul,
  model,
  mse,
  param,
  sequential,
  sgd,
  softmaxCrossEntropy,
  sub,
  transpose,
  zeros,
  type FloatTensor,
} from "adjoint";
import { BudgetError } from "../compiler/driver/budget.ts";
import { checkModel } from "../compiler/check/check.ts";
import { entriesOf } from "../compiler/driver/entries.ts";
import { lower } from "../compiler/driver/lower.ts";
import { emit } from "../compiler/driver/emit.ts";
import type { Choices } from "../compiler/driver/options.ts";
import { printDefinition } from "../compiler/loop/text/index.ts";
import type { Model } from "../compiler/model/declaration.ts";
import { define } from "../compiler/passes/definitions/define.ts";
import { toRounded } from "../compiler/passes/index.ts";
import { coursesOf } from "../compiler/passes/definitions/rows.ts";
import { split } from "../compiler/passes/definitions/split.ts";
import { lenet, transformer } from "./support/networks.ts";
import { memoryOf } from "./support/models.ts";
import { batchOf, loadTrainer } from "./support/trainer.ts";

type Wide = FloatTensor<readonly [number, number]>;
const SILENT = { after: () => undefined };

const inParts = (parts: number): Choices =>
  new Map([["train", { parts, recomputed: { again: new Set<string>(), kept: new Set<string>() } }]]);

/** A layer and its loss, in 4 rows. */
const layer = (): Model =>
  model("layer", { batch: { train: 4, evaluate: 2, predict: 1 } }, ({ batch }) => {
    const x = input("x", [batch, 3]);
    const y = labels("y", [batch], { classes: 2 });
    const W = param("W", [3, 2], zeros());
    const scores = matmul(x, W) as Wide;
    return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: sgd({ learningRate: 0.1 }) };
  });

const dropped = (): Model =>
  sequential("dropped", [dense(8, { activation: "tanh" }), dropout(0.5), dense(3)]).compile({
    input: [5],
    optimizer: "sgd",
    loss: "mse",
    batchSize: 6,
  });

const normalized = (memory: string): Model =>
  model("normalized", { batch: 8, memory }, ({ batch }) => {
    const x = input("x", [batch, 16]);
    const h = batchNorm()(dense(16, { activation: "tanh" })(x));
    return { loss: mse(dense(16)(h), x), optimizer: sgd() };
  });

const tall = (memory: string): Model =>
  model("tall", { batch: { train: 24, evaluate: 2, predict: 1 }, memory }, ({ batch }) => {
    const x = input("x", [batch, 8]);
    const h = dense(8, { activation: "tanh" })(x);
    return { loss: mse(dense(8)(dense(8, { activation: "tanh" })(h)), x), optimizer: sgd() };
  });

const definedOf = (of: Model) => {
  const [train] = entriesOf(of, {}, "trainer");
  return define.run(toRounded(train!.purpose, DEFAULT).run(train!.traced.graph, SILENT));
};

describe.each([
  ["lenet", lenet(8), 4],
  ["a transformer", transformer({ batch: 4, length: 4, width: 8, blocks: 1 }), 2],
  ["random masks", dropped(), 3],
] as const)(
  "%s in parts",
  (_, of, parts) => {
    test.each(["typescript", "wasm"] as const)(
      "trains as %s to the losses and the weights of the whole batch, its full and its short ones",
      async (target) => {
        const [whole, tight] = [await lower(of, { target }), await lower(of, { target, chosen: inParts(parts) })];
        // the sum so far and the next are one place
        const sums = tight.module.slots.filter(({ over }) => over !== undefined && over.startsWith("d_"));
        expect(sums.length).toBeGreaterThan(0);
        const [a, b] = [(await loadTrainer(whole)).createTrainer({ seed: 1 }), (await loadTrainer(tight)).createTrainer({ seed: 1 })];
        const batch = batchOf(whole.module, "train", memoryOf(whole.module, 5));
        for (const count of [of.batch.train, of.batch.train - 1, 1]) {
          const [one, other] = [a.step(batch, count) as number, b.step(batch, count) as number];
          expect(Math.abs(one - other)).toBeLessThan(1e-5 * Math.abs(one));
        }
        for (const [name, view] of Object.entries(a.parameters)) {
          const values = Array.from(view);
          const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
          const far = values.reduce((most, value, n) => Math.max(most, Math.abs(value - b.parameters[name]![n]!)), 0);
          expect(far, name).toBeLessThan(1e-3 * largest + 1e-6);
        }
      },
    );

    test("shares the kernels of its parts", async () => {
      const [few, many] = [await lower(of, { chosen: inParts(parts) }), await lower(of, { chosen: inParts(of.batch.train) })];
      const entry = many.module.entries[0]!;
      expect(entry.calls.length).toBeGreaterThan(few.module.entries[0]!.calls.length);
      expect(many.module.kernels.length).toBeLessThan(entry.calls.length / 1.5);
    });
  },
  60_000,
);

test("a layer in two parts, as definitions", () => {
  const defined = split({ rows: 4, parts: 2 }).run(definedOf(layer()));
  const lines = defined.definitions.map(({ definition }) => printDefinition(definition).replace(/ *\/\/.*/, ""));
  expect(lines.join("\n")).toMatchInlineSnapshot(`
    ""0f32" = 0
    cast = f32("live rows")
    perRow = round(1 / cast)
    d_rowSum = perRow
    "x.part1"[i,j] = x[i,j]
    "dot.part1"[i,j] = round(Σ k<3: "x.part1"[i,k]·W[k,j])
    "largest.part1"[i] = max k1<2: "dot.part1"[i,k1]
    "broadcast.part1"[i,j] = "largest.part1"[i]
    "shifted.part1"[i,j] = round("dot.part1"[i,j] − "broadcast.part1"[i,j])
    "exps.part1"[i,j] = round(exp("shifted.part1"[i,j]))
    "total.part1"[i] = round(Σ k2<2: "exps.part1"[i,k2])
    "iota.part1"[i,j] = j
    "y.part1"[i] = y[i]
    "broadcast_2.part1"[i,j] = "y.part1"[i]
    "isLabel.part1"[i,j] = "iota.part1"[i,j] = "broadcast_2.part1"[i,j]
    "where.part1"[i,j] = where("isLabel.part1"[i,j], "shifted.part1"[i,j], "0f32")
    "chosen.part1"[i] = round(Σ k3<2: "where.part1"[i,k3])
    "logTotal.part1"[i] = log("total.part1"[i])
    "rowLoss.part1"[i] = "logTotal.part1"[i] − "chosen.part1"[i]
    "batch.part1" = 0
    "iota_2.part1"[i] = i + "batch.part1"·2
    "broadcast_3.part1"[i] = "live rows"
    "isLive.part1"[i] = "iota_2.part1"[i] < "broadcast_3.part1"[i]
    "liveRows.part1"[i] = where("isLive.part1"[i], "rowLoss.part1"[i], "0f32")
    "rowSum.sum1" = round(Σ k4<2: "liveRows.part1"[k4])
    "d_liveRows.part1"[i] = d_rowSum
    "d_rowLoss.part1"[i] = where("isLive.part1"[i], "d_liveRows.part1"[i], "0f32")
    "d_chosen.part1"[i] = −"d_rowLoss.part1"[i]
    "d_total.part1"[i] = "d_rowLoss.part1"[i] / "total.part1"[i]
    "d_where.part1"[i,j] = "d_chosen.part1"[i]
    "d_shifted_part.part1"[i,j] = where("isLabel.part1"[i,j], "d_where.part1"[i,j], "0f32")
    "d_exps.part1"[i,j] = "d_total.part1"[i]
    "d_shifted_2.part1"[i,j] = "d_exps.part1"[i,j]·"exps.part1"[i,j]
    "d_shifted.part1"[i,j] = round("d_shifted_part.part1"[i,j] + "d_shifted_2.part1"[i,j])
    "d_W.sum1"[i,j] = round(Σ k5<2: "x.part1"[k5,i]·"d_shifted.part1"[k5,j])
    "x.part2"[i,j] = x[i + 2,j]
    "dot.part2"[i,j] = round(Σ k<3: "x.part2"[i,k]·W[k,j])
    "largest.part2"[i] = max k1<2: "dot.part2"[i,k1]
    "broadcast.part2"[i,j] = "largest.part2"[i]
    "shifted.part2"[i,j] = round("dot.part2"[i,j] − "broadcast.part2"[i,j])
    "exps.part2"[i,j] = round(exp("shifted.part2"[i,j]))
    "total.part2"[i] = round(Σ k2<2: "exps.part2"[i,k2])
    "iota.part2"[i,j] = j
    "y.part2"[i] = y[i + 2]
    "broadcast_2.part2"[i,j] = "y.part2"[i]
    "isLabel.part2"[i,j] = "iota.part2"[i,j] = "broadcast_2.part2"[i,j]
    "where.part2"[i,j] = where("isLabel.part2"[i,j], "shifted.part2"[i,j], "0f32")
    "chosen.part2"[i] = round(Σ k3<2: "where.part2"[i,k3])
    "logTotal.part2"[i] = log("total.part2"[i])
    "rowLoss.part2"[i] = "logTotal.part2"[i] − "chosen.part2"[i]
    "batch.part2" = 1
    "iota_2.part2"[i] = i + "batch.part2"·2
    "broadcast_3.part2"[i] = "live rows"
    "isLive.part2"[i] = "iota_2.part2"[i] < "broadcast_3.part2"[i]
    "liveRows.part2"[i] = where("isLive.part2"[i], "rowLoss.part2"[i], "0f32")
    "rowSum.part2" = round(Σ k4<2: "liveRows.part2"[k4])
    rowSum = round("rowSum.sum1" + "rowSum.part2")
    "d_liveRows.part2"[i] = d_rowSum
    "d_rowLoss.part2"[i] = where("isLive.part2"[i], "d_liveRows.part2"[i], "0f32")
    "d_chosen.part2"[i] = −"d_rowLoss.part2"[i]
    "d_total.part2"[i] = "d_rowLoss.part2"[i] / "total.part2"[i]
    "d_where.part2"[i,j] = "d_chosen.part2"[i]
    "d_shifted_part.part2"[i,j] = where("isLabel.part2"[i,j], "d_where.part2"[i,j], "0f32")
    "d_exps.part2"[i,j] = "d_total.part2"[i]
    "d_shifted_2.part2"[i,j] = "d_exps.part2"[i,j]·"exps.part2"[i,j]
    "d_shifted.part2"[i,j] = round("d_shifted_part.part2"[i,j] + "d_shifted_2.part2"[i,j])
    "d_W.part2"[i,j] = round(Σ k5<2: "x.part2"[k5,i]·"d_shifted.part2"[k5,j])
    d_W[i,j] = round("d_W.sum1"[i,j] + "d_W.part2"[i,j])
    mul = round(rowSum·perRow)
    "0.1f32" = 0.1
    W_mul[i,j] = d_W[i,j]·"0.1f32"
    W_next[i,j] = round(W[i,j] − W_mul[i,j])
    "1i32" = 1
    stepCount_next = stepCount + "1i32""
  `);
});

test("the split step is checked like any other, and says what it is", async () => {
  const lowered = await lower(layer(), { chosen: inParts(2) });
  expect((await checkModel(layer(), { effort: "quick", lowered })).holds).toBe(true);
  const tight = await lower(tall("3700B"));
  expect(tight.chosen.get("train")!.parts).toBeGreaterThan(1);
  const docs = tight.module.entries[0]!.calls.flatMap(({ doc }) => doc);
  for (const { node, site } of docs) expect(site, node).toMatch(/:\d+$/);
  const head = (await emit(tight, "trainer")).text.split("\n").slice(0, 12);
  expect(head.filter((line) => /memory budget|in \d parts|computes again/.test(line))).toMatchInlineSnapshot(`
    [
      "//   memory budget 3700B, 3,700 bytes",
      "//   train takes the batch in 4 parts of 6 rows and sums over them, which rounds otherwise than the whole batch",
      "//   train computes again: nothing; 699 FLOPs a step more",
    ]
  `);
}, 60_000);

test("rows that meet are named: in a batch norm's mean, and in every way there is", async () => {
  const refusal = await lower(normalized("2KB")).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(BudgetError);
  expect((refusal as BudgetError).message).toMatchInlineSnapshot(`
    "the trainer of "normalized" does not fit 2KB: the smallest arena found has 4,560 bytes, and 2KB are 2,000. Its entry train binds; most is alive at statement 10, d_mul_6 = d_batchNorm:

        dense.kernel    1,024 bytes  parameter, there from step to step
        dense_2.kernel  1,024 bytes  parameter, there from step to step
        x                 512 bytes  input, read until statement 21
        batchNorm         512 bytes  made by statement 3, kept for the backward pass until 11
        d_difference      512 bytes  scratch, made by statement 8, read until 11
        d_batchNorm       512 bytes  scratch, made by statement 10, read until 16
        dense.bias         64 bytes  parameter, there from step to step
        batchNorm.mean     64 bytes  state, there from step to step
        6 more            336 bytes

    The nearest budget that is possible is 4560B: ask for that with --memory 4560B, declare fewer rows a batch, or a smaller model. The batch cannot go in parts, because of batchNorm.centered (split.test.ts:66): for every row it reads sum (split.test.ts:66), a sum over all of them. No trainer was written"
  `);
  const among = (meet: (x: Wide) => Wide): unknown =>
    coursesOf(
      definedOf(
        model("rows", { batch: { train: 6, evaluate: 6, predict: 6 } }, ({ batch }) => {
          const x = input("x", [batch, 6]);
          const W = param("W", [6, 6], zeros());
          return { loss: mse(meet(matmul(x, W) as Wide), x), optimizer: sgd() };
        }),
      ),
      6,
    );
  const oneBesideAnother = { why: "it reads one row beside another" };
  expect(among((h) => sub(h, transpose(h)) as Wide)).toMatchObject({ value: "sub", ...oneBesideAnother });
  expect(among((h) => matmul(h, transpose(h)) as Wide)).toMatchObject({ value: "dot_2", ...oneBesideAnother });
});
