/** Nets of ordinary sizes that nobody tuned the compiler for, declared with the public face `adjoint` of the compiler that is measured. */

import type { FloatTensor, Model } from "../compiler/index.ts";
import type { Adjoint } from "./compiler.ts";

type Images = FloatTensor<readonly [number, number, number, number]>;

/** nanoGPT's configuration for a CPU: 65 characters, 64 positions, four heads, width 128; so many layers, AdamW, no dropout. */
export function gpt(adjoint: Adjoint, { layers }: { readonly layers: number }): Model {
  const { adamw, dense, embedding, labels, layerNorm, model, multiHeadAttention, positionalEncoding, residual, softmaxCrossEntropy } =
    adjoint;
  return model(`gpt-${layers}`, { batch: 12 }, ({ batch }) => {
    const x = labels("x", [batch, 64], { classes: 65 });
    const next = labels("next", [batch, 64], { classes: 65 });
    let h: FloatTensor = positionalEncoding({ table: "learned" })(embedding(65, 128)(x));
    for (let layer = 0; layer < layers; layer++) {
      h = residual([layerNorm(), multiHeadAttention(4, { causal: true })])(h);
      h = residual([layerNorm(), dense(512, { activation: "gelu" }), dense(128)])(h);
    }
    const scores = dense(65, { name: "scores" })(layerNorm()(h));
    return { loss: softmaxCrossEntropy(scores, next), outputs: { scores }, optimizer: adamw({ learningRate: 1e-3 }) };
  });
}

/** The next of 65 characters: embedding and LSTM of width 128, batch 32, Adam. */
export function charLstm(adjoint: Adjoint, { steps }: { readonly steps: number }): Model {
  const { adam, dense, embedding, labels, lstm, model, softmaxCrossEntropy } = adjoint;
  return model(`char-lstm-${steps}`, { batch: 32 }, ({ batch }) => {
    const x = labels("x", [batch, steps], { classes: 65 });
    const next = labels("next", [batch, steps], { classes: 65 });
    const scores = dense(65, { name: "scores" })(lstm(128, { returnSequences: true })(embedding(65, 128)(x)));
    return { loss: softmaxCrossEntropy(scores, next), outputs: { scores }, optimizer: adam({ learningRate: 1e-3 }) };
  });
}

/** A number for each sequence of so many steps of two features: a GRU of so many units, batch 16, Adam. */
export function gruOver(adjoint: Adjoint, { steps, units }: { readonly steps: number; readonly units: number }): Model {
  const { adam, dense, gru, input, model, mse } = adjoint;
  return model(`gru-${steps}`, { batch: 16 }, ({ batch }) => {
    const sum = dense(1, { name: "sum" })(gru(units)(input("x", [batch, steps, 2])));
    return { loss: mse(sum, input("y", [batch, 1])), outputs: { sum }, optimizer: adam({ learningRate: 1e-3 }) };
  });
}

/** So many tanh in a row between two dense layers. */
export function tanhs(adjoint: Adjoint, { count }: { readonly count: number }): Model {
  const { dense, input, model, mse, sgd, tanh } = adjoint;
  return model(`tanh-${count}`, { batch: 4 }, ({ batch }) => {
    let h = dense(8)(input("x", [batch, 8]));
    for (let n = 0; n < count; n++) h = tanh(h);
    const y = dense(8)(h);
    return { loss: mse(y, input("y", [batch, 8])), outputs: { y }, optimizer: sgd({ learningRate: 0.1 }) };
  });
}

/** ResNet-18 as for CIFAR-10: a 3×3 stem, four stages of two blocks, 64 to 512 filters; batch 32, SGD with momentum. */
export function resnet18(adjoint: Adjoint, { side }: { readonly side: number }): Model {
  const { add, dense, globalAveragePool2d, input, labels, model, relu, sgd, softmaxCrossEntropy } = adjoint;
  return model(`resnet18-${side}`, { batch: 32 }, ({ batch }) => {
    const block = (x: Images, filters: number, strides: number): Images => {
      const body = normed(adjoint, filters, 3, { strides: 1 })(relu(normed(adjoint, filters, 3, { strides })(x)));
      const same = strides === 1 && x.shape[1] === filters;
      return relu(add(body, same ? x : normed(adjoint, filters, 1, { strides })(x)));
    };
    let h: Images = relu(normed(adjoint, 64, 3, { strides: 1 })(input("x", [batch, 3, side, side])));
    for (const [filters, strides] of [
      [64, 1],
      [128, 2],
      [256, 2],
      [512, 2],
    ] as const)
      h = block(block(h, filters, strides), filters, 1);
    const scores = dense(10, { name: "scores" })(globalAveragePool2d()(h));
    const loss = softmaxCrossEntropy(scores, labels("y", [batch], { classes: 10 }));
    return { loss, outputs: { scores }, optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }) };
  });
}

/** Like MobileNetV2: a stem, then five inverted residuals of expansion 6, on 3×64×64; batch 32, SGD with momentum. */
export function mobileNet(adjoint: Adjoint): Model {
  const { add, batchNorm, dense, depthwiseConv2d, globalAveragePool2d, input, labels, minimum, model, relu, sgd, softmaxCrossEntropy } =
    adjoint;
  const relu6 = (x: Images): Images => minimum(relu(x), 6);
  return model("mobilenet", { batch: 32 }, ({ batch }) => {
    const inverted = (x: Images, filters: number, strides: number): Images => {
      const wide = relu6(normed(adjoint, 6 * x.shape[1], 1, { strides: 1 })(x));
      const deep = relu6(batchNorm()(depthwiseConv2d(3, { strides, padding: "same" })(wide)));
      const body = normed(adjoint, filters, 1, { strides: 1 })(deep);
      return strides === 1 && x.shape[1] === filters ? add(body, x) : body;
    };
    let h = relu6(normed(adjoint, 32, 3, { strides: 2 })(input("x", [batch, 3, 64, 64])));
    for (const [filters, strides] of [
      [16, 1],
      [24, 2],
      [24, 1],
      [32, 2],
      [32, 1],
    ] as const)
      h = inverted(h, filters, strides);
    const scores = dense(10, { name: "scores" })(globalAveragePool2d()(h));
    const loss = softmaxCrossEntropy(scores, labels("y", [batch], { classes: 10 }));
    return { loss, outputs: { scores }, optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }) };
  });
}

/** DCGAN of 3×32×32: a generator from 100 numbers by three transposed 4×4 of stride 2, its mirror as discriminator; batch 32, Adam. */
export function dcgan(adjoint: Adjoint): Model {
  const { adam, add, batchMean, batchNorm, conv2d, conv2dTranspose, dense, flatten, input, leakyRelu, model, neg } = adjoint;
  const { randomNormal, relu, reshape, softplus, tanh } = adjoint;
  return model("dcgan", { batch: 32 }, ({ batch }) => {
    const doubles = { strides: 2, padding: "same" } as const;
    const spread = dense(4 * 4 * 256, { name: "generator.spread" })(randomNormal([batch, 100]));
    let h: Images = relu(batchNorm({ name: "generator.norm0" })(reshape(spread, [batch, 256, 4, 4])));
    for (const filters of [128, 64] as const) {
      const doubled = conv2dTranspose(filters, 4, { name: `generator.double${filters}`, ...doubles })(h);
      h = relu(batchNorm({ name: `generator.norm${filters}` })(doubled));
    }
    const images = tanh(conv2dTranspose(3, 4, { name: "generator.paint", ...doubles })(h));

    const leaky = (v: Images): Images => leakyRelu(v, 0.2);
    const looks = ([64, 128, 256] as const).map((filters) => conv2d(filters, 4, { name: `discriminator.look${filters}`, ...doubles }));
    const norms = ([128, 256] as const).map((filters) => batchNorm({ name: `discriminator.norm${filters}` }));
    const judge = dense(1, { name: "discriminator.judge" });
    const scoreOf = (pictures: Images): FloatTensor =>
      judge(flatten()(looks.reduce((seen, look, n) => leaky(n === 0 ? look(seen) : norms[n - 1]!(look(seen))), pictures)));
    const real = scoreOf(input("x", [batch, 3, 32, 32]));
    const fake = scoreOf(images);
    const judging = add(batchMean(softplus(neg(real))), batchMean(softplus(fake)));
    const optimizer = adam({ learningRate: 2e-4, beta1: 0.5 });
    return {
      phases: [
        { name: "discriminator", loss: judging, parameters: ["discriminator"], optimizer },
        { name: "generator", loss: batchMean(softplus(neg(fake))), parameters: ["generator"], optimizer },
      ],
      outputs: { images },
    };
  });
}

/** A convolution and batch norm. */
const normed =
  ({ batchNorm, conv2d }: Adjoint, filters: number, size: number, { strides }: { readonly strides: number }) =>
  (x: Images): Images =>
    batchNorm()(conv2d(filters, size, { strides, padding: "same" })(x));
