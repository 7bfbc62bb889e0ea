/** What is true of programs that take the tensors of layers: step for step they train as PyTorch's do (interop/pytorch/programs.py). */

import { readFileSync } from "node:fs";
import {
  add,
  assign,
  constant,
  conv2d,
  dense,
  div,
  embedding,
  grad,
  input,
  labels,
  matmul,
  mean,
  model,
  mse,
  mul,
  norm,
  param,
  reshape,
  sgd,
  softmaxCrossEntropy,
  square,
  state,
  stopGradient,
  sub,
  sum,
  tanh,
  transpose,
  type FloatTensor,
  type Initializer,
  type Scalar,
} from "adjoint";
import * as functions from "adjoint/functions";
import { describe, expect, test } from "vitest";
import { checkModel, explainFailure } from "../../compiler/check/check.ts";
import type { Model } from "../../compiler/model/declaration.ts";
import { trainerOf } from "../support/training.ts";

interface Known {
  readonly s: readonly number[];
  readonly x: readonly number[];
}
interface Program {
  readonly start: Readonly<Record<string, Known>>;
  readonly batch: Readonly<Record<string, Known>>;
  readonly losses: readonly number[];
  readonly weights: readonly Readonly<Record<string, readonly number[]>>[];
}
const programs = JSON.parse(readFileSync(new URL("./programs.json", import.meta.url), "utf8")) as Readonly<Record<string, Program>>;

const optimizer = sgd({ learningRate: 0.25 });
const named = (name: string) => {
  const { start, batch } = programs[name]!;
  return {
    begin: (key: string): Initializer => constant(start[key]!.x),
    fed: (key: string): FloatTensor => input(key, batch[key]!.s, { rows: false }),
  };
};

/** Each with what its weights are called. */
const declared: Readonly<Record<string, readonly [Model, Readonly<Record<string, string>>]>> = {
  tied: [
    model("tied", { batch: 2 }, ({ batch }) => {
      const { begin } = named("tied");
      const tokens = labels("tokens", [batch, 3], { classes: 5 });
      const words = embedding(5, 3, { initializer: begin("table") });
      const hidden = dense(3, { activation: "tanh", useBias: false, kernelInitializer: begin("hidden") })(words(tokens));
      const head = dense(5, { kernel: transpose(words.table), useBias: false }); // one table, in and out
      return { loss: softmaxCrossEntropy(head(hidden), labels("next", [batch, 3], { classes: 5 })), optimizer };
    }),
    { table: "embedding.table", hidden: "dense.kernel" },
  ],
  spectral: [
    model("spectral", {}, ({ training }) => {
      const { begin, fed } = named("spectral");
      const W = param("W", [4, 3], begin("kernel"));
      const u = state("u", [3], constant(programs["spectral"]!.batch["u"]!.x));
      const unit = (v: FloatTensor): FloatTensor => div(v, norm(v));
      const [fixed, before] = [stopGradient(W), u as FloatTensor];
      const v = unit(matmul(fixed, before));
      const next = training ? unit(matmul(transpose(fixed), v)) : before;
      if (training) assign(u, next);
      const sigma = sum(mul(v, matmul(W as FloatTensor, next))); // the largest singular value, by one step of the power method
      return { loss: mse(dense(3, { kernel: div(W, sigma), useBias: false })(fed("x")), fed("y")), optimizer };
    }),
    { kernel: "W" },
  ],
  weightNorm: [
    model("weight-norm", {}, () => {
      const { begin, fed } = named("weightNorm");
      const v = param("v", [3, 2, 2, 2], begin("v"));
      const g = param("g", [3], begin("g"));
      const length = norm(v, 2, { axes: [1, 2, 3], keepDims: true });
      const kernel = mul(div(v, length) as FloatTensor, reshape(g, [3, 1, 1, 1])) as FloatTensor;
      const y = conv2d(3, 2, { kernel, biasInitializer: begin("bias"), activation: "tanh" })(fed("x"));
      return { loss: mse(y as FloatTensor, fed("y")), optimizer };
    }),
    { v: "v", g: "g", bias: "conv2d.bias" },
  ],
  maml: [
    model("maml", {}, () => {
      const { begin, fed } = named("maml");
      const convolution = conv2d(2, 3, { padding: 1, kernelInitializer: begin("kernel"), biasInitializer: begin("bias") });
      const head = dense(2, { useBias: false, kernelInitializer: begin("head") });
      const inner = mse(head(mean(tanh(convolution(fed("x"))), [2, 3]) as FloatTensor) as FloatTensor, fed("y"));
      const weights = [convolution.kernel, convolution.bias, head.kernel] as const;
      const gradients = grad(inner as Scalar, weights);
      const [kernel, bias, fast] = weights.map((w, n) => sub(w, mul(gradients[n]!, 0.5)) as FloatTensor) as [
        FloatTensor,
        FloatTensor,
        FloatTensor,
      ];
      const again = mean(tanh(functions.conv2d(fed("x2"), kernel, { bias, padding: 1 })), [2, 3]);
      return { loss: mse(matmul(again as FloatTensor, fast) as FloatTensor, fed("y2")), optimizer };
    }),
    { kernel: "conv2d.kernel", bias: "conv2d.bias", head: "dense.kernel" },
  ],
  curvature: [
    model("curvature", {}, () => {
      const { begin, fed } = named("curvature");
      const layer = dense(2, { activation: "tanh", kernelInitializer: begin("kernel"), biasInitializer: begin("bias") });
      const loss = mse(layer(fed("x")) as FloatTensor, fed("y")) as Scalar;
      const [g] = grad(loss, [layer.kernel]);
      const v = fed("v");
      const [hv] = grad(sum(mul(g!, v) as FloatTensor) as Scalar, [layer.kernel]); // H·v
      const terms = add(mul(sum(square(g!)), 0.5), mul(sum(mul(hv!, v) as FloatTensor), 0.25)) as Scalar;
      return { loss: add(loss, terms) as Scalar, optimizer };
    }),
    { kernel: "dense.kernel", bias: "dense.bias" },
  ],
  hypernetwork: [
    model("hypernetwork", {}, () => {
      const { begin, fed } = named("hypernetwork");
      const from = param("from", [2, 8], begin("from"));
      const kernel = reshape(matmul(fed("z"), from) as FloatTensor, [2, 1, 2, 2]);
      const y = conv2d(2, 2, { kernel, useBias: false, activation: "tanh" })(fed("x"));
      const scores = dense(3, { useBias: false, kernelInitializer: begin("head") })(mean(y as FloatTensor, [2, 3]) as FloatTensor);
      return { loss: mse(scores as FloatTensor, fed("y")), optimizer };
    }),
    { from: "from", head: "dense.kernel" },
  ],
};

/** Of float32, over three steps. */
const NEAR = 5e-6;

describe.each(Object.entries(declared))("%s", (name, [program, names]) => {
  const known = programs[name]!;

  test("trains as it does in PyTorch", async () => {
    const trainer = await trainerOf(program);
    const batch = Object.fromEntries(
      Object.entries(known.batch)
        .filter(([key]) => key !== "u")
        .map(([key, { x }]) => [key, key === "tokens" || key === "next" ? Int32Array.from(x) : Float32Array.from(x)]),
    );
    for (const [step, weights] of known.weights.entries()) {
      expect(Math.abs((trainer.step(batch) as number) - known.losses[step]!), `loss ${step}`).toBeLessThan(NEAR);
      for (const [key, theirs] of Object.entries(weights)) {
        const mine = trainer.parameters[names[key]!]!;
        const off = theirs.map((value, n) => Math.abs(value - mine[n]!)).reduce((a, b) => Math.max(a, b));
        expect(off, `${key} after step ${step}`).toBeLessThan(NEAR);
      }
    }
  });

  test("passes the whole check", async () => {
    const result = await checkModel(program, { effort: "quick" });
    expect(result.holds, explainFailure(result)).toBe(true);
  });
});
