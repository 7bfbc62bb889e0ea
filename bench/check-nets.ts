/** The models that a check is measured on, declared as people write them: full extents, none with a `size`. */

import type { Declaration, FloatTensor, Model } from "../compiler/index.ts";
import type { Adjoint } from "./compiler.ts";

type Images = FloatTensor<readonly [number, number, number, number]>;

export const checked = (adjoint: Adjoint): Readonly<Record<string, Model>> => {
  const {
    accuracy,
    adam,
    add,
    batchNorm,
    conv2d,
    dense,
    embedding,
    flatten,
    globalAveragePool2d,
    input,
    labels,
    layerNorm,
    maxPool2d,
    model,
    multiHeadAttention,
    positionalEncoding,
    relu,
    residual,
    softmaxCrossEntropy,
  } = adjoint;
  const classified = (scores: FloatTensor<readonly [number, number]>, batch: number): Declaration => {
    const y = labels("y", [batch], { classes: 10 });
    return {
      loss: softmaxCrossEntropy(scores, y),
      outputs: { scores },
      metrics: { accuracy: accuracy(scores, y) },
      optimizer: adam({ learningRate: 1e-3 }),
    };
  };
  const normal =
    (filters: number, size: number, strides: number) =>
    (x: Images): Images =>
      batchNorm()(conv2d(filters, size, { strides, padding: "same" })(x));
  const block = (x: Images, filters: number, strides: number): Images => {
    const body = normal(filters, 3, 1)(relu(normal(filters, 3, strides)(x)));
    return relu(add(body, strides === 1 ? x : normal(filters, 1, strides)(x)));
  };
  const batch = 32;
  return {
    "ResNet, 3 stages, 32×32": model("resnet", { batch }, ({ batch }) => {
      let h: Images = relu(normal(16, 3, 1)(input("x", [batch, 3, 32, 32])));
      for (const [filters, strides] of [
        [16, 1],
        [32, 2],
        [64, 2],
      ] as const)
        h = block(h, filters, strides);
      return classified(dense(10)(globalAveragePool2d()(h)), batch);
    }),
    "conv + batch norm + pool, 28×28": model("conv28", { batch }, ({ batch }) => {
      const h = maxPool2d(2)(relu(normal(32, 3, 1)(input("x", [batch, 1, 28, 28]))));
      return classified(dense(10)(flatten()(h)), batch);
    }),
    "conv + batch norm + pool, 32×32": model("conv32", { batch }, ({ batch }) => {
      const first = maxPool2d(2)(relu(normal(16, 3, 1)(input("x", [batch, 3, 32, 32]))));
      const second = maxPool2d(2)(relu(normal(32, 3, 1)(first)));
      return classified(dense(10)(dense(64, { activation: "relu" })(flatten()(second))), batch);
    }),
    "transformer, 2 layers": model("transformer", { batch }, ({ batch }) => {
      const x = labels("x", [batch, 64], { classes: 65 });
      const next = labels("next", [batch, 64], { classes: 65 });
      let h: FloatTensor = positionalEncoding({ table: "learned" })(embedding(65, 128)(x));
      for (let layer = 0; layer < 2; layer++) {
        h = residual([layerNorm(), multiHeadAttention(4, { causal: true })])(h);
        h = residual([layerNorm(), dense(512, { activation: "gelu" }), dense(128)])(h);
      }
      const scores = dense(65, { name: "scores" })(layerNorm()(h));
      return { loss: softmaxCrossEntropy(scores, next), outputs: { scores }, optimizer: adam({ learningRate: 1e-3 }) };
    }),
  };
};
