/** The nets of interop/weights/nets.py, in the layer language, under other names. */

import {
  batchNorm,
  conv1d,
  conv2d,
  conv2dTranspose,
  dense,
  depthwiseConv2d,
  embedding,
  flatten,
  globalAveragePool2d,
  groupNorm,
  gru,
  input,
  labels,
  layerNorm,
  lstm,
  mean,
  model,
  multiHeadAttention,
  relu,
  sgd,
  simpleRnn,
  softmaxCrossEntropy,
  tanh,
  transpose,
  type Model,
} from "adjoint";

export const images: Model = model("images", { batch: 4 }, ({ batch }) => {
  const x = input("x", [batch, 3, 6, 6]);
  const y = labels("y", [batch], { classes: 5 });
  const h = relu(batchNorm()(conv2d(4, 3, { padding: "same" })(x)));
  const up = conv2dTranspose(3, 2, { strides: 2 })(depthwiseConv2d(3, { padding: "same", depthMultiplier: 2, useBias: false })(h));
  const scores = dense(5, { name: "scores" })(flatten()(groupNorm(3)(tanh(up))));
  return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: sgd({ momentum: 0.9 }) };
});

/** What PyTorch calls the layers. */
export const IMAGES = {
  conv2d: "conv1",
  batchNorm: "bn1",
  depthwiseConv2d: "depthwise",
  conv2dTranspose: "up",
  groupNorm: "gn",
  scores: "fc",
};

/** As Keras has it: pooled, and without a group norm. */
export const pixels: Model = model("pixels", { batch: 4 }, ({ batch }) => {
  const x = input("x", [batch, 3, 6, 6]);
  const y = labels("y", [batch], { classes: 5 });
  const h = relu(batchNorm({ name: "bn1" })(conv2d(4, 3, { padding: "same", name: "conv1" })(x)));
  const apart = depthwiseConv2d(3, { padding: "same", depthMultiplier: 2, useBias: false, name: "depthwise" })(h);
  const up = conv2dTranspose(3, 2, { strides: 2, name: "up" })(apart);
  const scores = dense(5, { name: "fc" })(globalAveragePool2d()(tanh(up)));
  return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: sgd() };
});

export const sequences: Model = model("sequences", { batch: 4 }, ({ batch }) => {
  const x = labels("x", [batch, 7], { classes: 11 });
  const y = labels("y", [batch], { classes: 3 });
  const channels = transpose(embedding(11, 6, { name: "embed" })(x), [0, 2, 1]);
  const h = transpose(conv1d(6, 3, { padding: "same", name: "temporal" })(channels), [0, 2, 1]);
  const steps = lstm(8, { returnSequences: true })(simpleRnn(5, { returnSequences: true, name: "rnn" })(h));
  const normal = layerNorm({ name: "norm" })(gru(8, { returnSequences: true })(steps));
  const attended = multiHeadAttention(2, { name: "attention" })(normal);
  const scores = dense(3, { name: "head" })(mean(attended, [1]));
  return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: sgd() };
});
