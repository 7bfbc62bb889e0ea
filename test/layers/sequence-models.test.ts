/** What is true of whole models of sequences and of noise: the emitted step is the interpreter's, and the noise of a step is one. */

import { expect, test } from "vitest";
import { checkModel } from "../../compiler/check/check.ts";
import { withinBound } from "../../compiler/check/result.ts";
import {
  adam,
  add,
  compile,
  dense,
  embedding,
  exp,
  flatten,
  gru,
  input,
  labels,
  layerNorm,
  load,
  lstm,
  mean,
  model,
  mse,
  mul,
  multiHeadAttention,
  positionalEncoding,
  randomNormal,
  residual,
  rmsNorm,
  sgd,
  simpleRnn,
  softmaxCrossEntropy,
  square,
  stopGradient,
  sub,
  sum,
  type LoadedTrainer,
  type Model,
} from "../../compiler/index.ts";

const BATCH = { train: 4, evaluate: 3, predict: 2 };

const transformer = model("transformer", { batch: BATCH }, ({ batch }) => {
  const tokens = labels("tokens", [batch, 3], { classes: 5 });
  const next = labels("next", [batch], { classes: 5 });
  const entered = positionalEncoding()(embedding(5, 4)(tokens));
  const attended = residual([layerNorm(), multiHeadAttention(2, { causal: true })])(entered);
  const thought = residual([rmsNorm(), dense(8, { activation: "gelu" }), dense(4)])(attended);
  const scores = dense(5)(flatten()(thought));
  return { loss: softmaxCrossEntropy(scores, next), outputs: { scores }, optimizer: sgd() };
});

const recurrent = model("recurrent", { batch: BATCH }, ({ batch }) => {
  const x = input("x", [batch, 3, 2]);
  const target = input("target", [batch, 1]);
  const first = lstm(3, { returnSequences: true })(x);
  const second = gru(2, { returnSequences: true })(first);
  const y = dense(1)(simpleRnn(2)(second));
  return { loss: mse(y, target), outputs: { y }, optimizer: sgd() };
});

const vae = model("vae", { batch: BATCH }, ({ batch }) => {
  const x = input("x", [batch, 4]);
  const mu = dense(2, { name: "mu" })(x);
  const logVariance = dense(2, { name: "logVariance" })(x);
  const z = add(mu, mul(randomNormal([batch, 2]), exp(mul(logVariance, 0.5))));
  const y = dense(4, { name: "decoder" })(z);
  const penalty = mean(sub(add(square(mu), exp(logVariance)), logVariance));
  return { loss: add(mse(y, x), mul(penalty, 0.1)), outputs: { y }, optimizer: adam() };
});

/** Two phases that share the noise of a step; the last moves the state on. */
const gan = model("gan", { batch: BATCH }, ({ batch }) => {
  const x = input("x", [batch, 3]);
  const generator = dense(3, { name: "generator" });
  const critic = dense(1, { name: "critic", activation: "tanh" });
  const made = generator(randomNormal([batch, 2]));
  const critical = sub(mean(critic(stopGradient(made))), mean(critic(x)));
  return {
    phases: [
      { name: "critic", loss: critical, optimizer: sgd() },
      { name: "generator", loss: mul(mean(critic(made)), -1), optimizer: sgd() },
    ],
    outputs: { made },
  };
});

test.each([transformer, recurrent, vae, gan].map((of): [string, Model] => [of.name, of]))(
  "%s passes the whole check",
  async (_, of) => {
    const { tensors, holds } = await checkModel(of, { effort: "quick" });
    expect(tensors.filter((one) => !withinBound(one))).toEqual([]);
    expect(holds).toBe(true);
  },
  60_000,
);

test("in phases the noise of a step is one, and moves on with the step", async () => {
  const compiled = await compile(gan, { effort: "none" });
  const { createTrainer } = await load(compiled);
  const trainer = createTrainer() as unknown as LoadedTrainer & { readonly phases: Readonly<Record<string, (batch: object) => number>> };
  const [start] = trainer.state["random"]!;
  const batch = { x: new Float32Array(12) };
  // no batch norm: rows do not interact
  expect(compiled.files.get("trainer.ts")).not.toContain("shortBatch");
  trainer.phases["critic"]!(batch);
  expect(trainer.state["random"]![0]).toBe(start);
  trainer.step(batch);
  expect(trainer.state["random"]![0]).toBe((start! + 1) | 0);
}, 60_000);

test("a model that draws only to predict starts its state for the check", async () => {
  const sampler = model("sampler", { batch: BATCH }, ({ batch, training }) => {
    const x = input("x", [batch, 2]);
    const y = dense(1)(x);
    return { loss: mean(square(y)), outputs: { y: training ? y : add(y, sum(randomNormal([2]))) }, optimizer: sgd() };
  });
  const { tensors } = await checkModel(sampler, { effort: "quick" });
  expect(tensors.filter((one) => !withinBound(one))).toEqual([]);
}, 60_000);
