/** Guarantees small networks of the usual kinds, for tests of memory: a LeNet, a convnet for CIFAR-10's images, a transformer's encoder. */

import {
  accuracy,
  adam,
  add,
  conv2d,
  dense,
  flatten,
  input,
  labels,
  layerNorm,
  maxPool2d,
  mean,
  model,
  multiHeadAttention,
  sgd,
  softmaxCrossEntropy,
  type FloatTensor,
  type Model,
} from "../../compiler/index.ts";

type Sequence = FloatTensor<readonly [number, number, number]>;

const sizes = (train: number) => ({ train, evaluate: train, predict: 1 });

/** LeNet-5's layers, with max-pooling and relu, on 28×28 pixels. */
export const lenet = (batch = 32): Model =>
  model("lenet", { batch: sizes(batch) }, ({ batch: n }) => {
    const x = input("x", [n, 1, 28, 28]);
    const y = labels("y", [n], { classes: 10 });
    const first = maxPool2d(2)(conv2d(6, 5, { activation: "relu", name: "c1" })(x));
    const second = maxPool2d(2)(conv2d(16, 5, { activation: "relu", name: "c2" })(first));
    const hidden = dense(120, { activation: "relu", name: "f1" })(flatten()(second));
    const scores = dense(10, { name: "scores" })(dense(84, { activation: "relu", name: "f2" })(hidden));
    return {
      loss: softmaxCrossEntropy(scores, y),
      outputs: { scores },
      metrics: { accuracy: accuracy(scores, y) },
      optimizer: adam(),
    };
  });

/** Pre-norm blocks of attention and a gelu layer over [batch, length, width], classified by the mean position. */
export const transformer = ({ batch = 4, length = 8, width = 16, blocks = 2 } = {}): Model =>
  model("transformer", { batch: sizes(batch) }, ({ batch: n }) => {
    const x = input("x", [n, length, width]);
    const y = labels("y", [n], { classes: 10 });
    let h: Sequence = x;
    for (let block = 1; block <= blocks; block++) {
      h = add(h, multiHeadAttention(2, { name: `attention${block}` })(layerNorm()(h)));
      const wide = dense(2 * width, { activation: "gelu", name: `wide${block}` })(layerNorm()(h));
      h = add(h, dense(width, { name: `narrow${block}` })(wide));
    }
    const scores = dense(10, { name: "scores" })(mean(h, [1]));
    return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: sgd({ learningRate: 0.1 }) };
  });
