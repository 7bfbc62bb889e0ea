/** What is true of whole image models: the emitted step is the interpreter's, masks move with the step, short batches are refused. */

import { beforeAll, describe, expect, test } from "vitest";
import { checkModel } from "../../compiler/check/check.ts";
import { withinBound } from "../../compiler/check/result.ts";
import {
  accuracy,
  adam,
  avgPool2d,
  batchNorm,
  compile,
  concatenate,
  conv2d,
  conv2dTranspose,
  dense,
  depthwiseConv2d,
  dropout,
  flatten,
  globalAveragePool2d,
  groupNorm,
  input,
  labels,
  load,
  maxPool2d,
  model,
  mse,
  relu,
  residual,
  sgd,
  softmaxCrossEntropy,
  upsampling2d,
  type LoadedTrainer,
  type Model,
} from "../../compiler/index.ts";
import { fit } from "../../runtime/index.ts";
import { complaintsAbout } from "../support/typecheck.ts";

const BATCH = { train: 4, evaluate: 3, predict: 2 };

const convnet = model("convnet", { batch: BATCH }, ({ batch }) => {
  const x = input("x", [batch, 2, 5, 5]);
  const y = labels("y", [batch], { classes: 3 });
  const seen = relu(batchNorm()(conv2d(4, 3, { padding: "same", useBias: false })(x)));
  const block = residual([conv2d(4, 3, { padding: "same", groups: 2 }), batchNorm()]);
  const pooled = maxPool2d(3, { strides: 2, padding: "same" })(block(seen));
  const features = globalAveragePool2d()(pooled);
  const dropped = dropout(0.4)(dense(5, { activation: "relu", name: "hidden" })(features));
  const scores = dense(3, { name: "scores" })(dropped);
  return {
    loss: softmaxCrossEntropy(scores, y),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, y) },
    optimizer: adam(),
  };
});

const unet = model("unet", { batch: BATCH }, ({ batch }) => {
  const x = input("x", [batch, 2, 6, 6]);
  const down = depthwiseConv2d(3, { strides: 2, padding: "same", depthMultiplier: 2, activation: "silu" })(x);
  const coarse = groupNorm(2)(avgPool2d(2, { padding: "same" })(down));
  const up = upsampling2d(2)(coarse);
  const cut = conv2d(4, 2, { activation: "gelu" })(up);
  const joined = concatenate([cut, conv2d(2, 1)(down)], 1);
  const y = conv2dTranspose(2, 3, { strides: 2, padding: "same", activation: "softplus" })(joined);
  return { loss: mse(flatten()(y), flatten()(x)), outputs: { y }, optimizer: sgd({ momentum: 0.9 }) };
});

test.each([convnet, unet].map((of): [string, Model] => [of.name, of]))(
  "%s passes the whole check",
  async (_, of) => {
    const { tensors, holds } = await checkModel(of, { effort: "quick" });
    expect(tensors.filter((one) => !withinBound(one))).toEqual([]);
    expect(holds).toBe(true);
  },
  60_000,
);

describe("the emitted trainer of a model with batch norm and dropout", () => {
  let create: (options?: { seed?: number }) => LoadedTrainer & { readonly shortBatch?: "refuse" };
  let text: string;
  beforeAll(async () => {
    const compiled = await compile(convnet, { effort: "none" });
    text = compiled.files.get("trainer.ts")!;
    create = (await load(compiled)).createTrainer;
  }, 60_000);

  const x = Float32Array.from({ length: 4 * 50 }, (_, n) => Math.sin(n));
  const y = Int32Array.of(0, 1, 2, 0);

  test("refuses a short batch, and says why", () => {
    const trainer = create();
    expect(trainer.shortBatch).toBe("refuse");
    expect(text).toContain('readonly shortBatch: "refuse";');
    expect(() => trainer.step({ x, y }, 3)).toThrow(
      new RangeError(
        "a step needs a full batch of 4 rows, but got 3: in this model a row's result depends on the other rows of its batch, in %sum (image-models.test.ts:43): it combines the rows. Leave the rest of the data out, or compile for a batch that divides it",
      ),
    );
    expect(trainer.stepCount).toBe(0);
    expect(trainer.evaluate({ x: x.subarray(0, 50), y: y.subarray(0, 1) }, 1).count).toBe(1);
  });

  test("fit leaves the rest out and says so", async () => {
    const trainer = create();
    const data = { x: Float32Array.from({ length: 6 * 50 }, (_, n) => Math.cos(n)), y: Int32Array.of(0, 1, 2, 0, 1, 2) };
    const { note } = await fit(trainer, data, { epochs: 1 });
    expect(trainer.stepCount).toBe(1);
    expect(note).toMatch(/2 .*6/);
  });

  test("draws another mask each step, the same for the same seed, and none in evaluation", () => {
    const [one, same, other] = [create({ seed: 1 }), create({ seed: 1 }), create({ seed: 2 })];
    const [start] = one.state["random"]!;
    expect(other.state["random"]![0]).not.toBe(start);
    one.evaluate({ x: x.subarray(0, 3 * 50), y: y.subarray(0, 3) });
    one.predict({ x: x.subarray(0, 2 * 50) });
    expect(one.state["random"]![0]).toBe(start);
    const losses = (of: LoadedTrainer): number[] => [0, 1, 2].map(() => of.step({ x, y }));
    expect(losses(one)).toEqual(losses(same));
    expect(one.state["random"]![0]).toBe((start! + 3) | 0);
    const saved = one.bytes();
    const next = one.step({ x, y });
    one.restore(saved);
    expect(one.step({ x, y })).toBe(next);
  });
});

test("trainer and gradients of a net with batch norm and dropout pass every strict flag", async () => {
  const { files } = await compile(convnet, { effort: "none", entries: ["gradients"] });
  const texts = new Map([...files].filter(([name]) => name.endsWith(".ts")));
  expect([...texts.keys()]).toEqual(["trainer.ts", "gradients.ts"]);
  expect(complaintsAbout(texts)).toEqual([]);
  const { createGradients } = await load<{ createGradients(): { readonly state: object } }>({ files }, "gradients.ts");
  expect(Object.keys(createGradients().state)).toContain("random");
});
