import { accuracy, add, glorot, input, l2, labels, matmul, model, param, sgd, sigmoid, size, softmaxCrossEntropy, zeros } from "adjoint";

export default model("three-layer-net-sigmoid", { batch: { train: 128, evaluate: 250, predict: 1 } }, ({ batch }) => {
  const pixels = size("pixels", 3072, { check: 24 });
  const width = size("hidden", 100, { check: 7 });
  const x = input("x", [batch, pixels]);
  const y = labels("y", [batch], { classes: 10 });
  const W1 = param("W1", [pixels, width], glorot());
  const b1 = param("b1", [width], zeros());
  const W2 = param("W2", [width, width], glorot());
  const b2 = param("b2", [width], zeros());
  const W3 = param("W3", [width, 10], glorot());
  const b3 = param("b3", [10], zeros());
  const z1 = add(matmul(x, W1), b1);
  const h1 = sigmoid(z1);
  const z2 = add(matmul(h1, W2), b2);
  const h2 = sigmoid(z2);
  const scores = add(matmul(h2, W3), b3);
  return {
    loss: add(softmaxCrossEntropy(scores, y), l2([W1, W2, W3], 1e-4)),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, y) },
    optimizer: sgd({ learningRate: 1e-1, momentum: 0.9 }),
  };
});

export const data = { source: "synthetic", rows: 5000, seed: 1, epochs: 3 };
export const learns = { metric: "accuracy", atLeast: 0.3 };
