import { accuracy, add, he, input, l2, labels, matmul, model, param, relu, sgd, size, svmLoss, zeros } from "adjoint";

export default model("two-layer-net", { batch: { train: 256, evaluate: 250, predict: 1 } }, ({ batch }) => {
  const pixels = size("pixels", 3072, { check: 24 });
  const width = size("hidden", 100, { check: 7 });
  const x = input("x", [batch, pixels]);
  const y = labels("y", [batch], { classes: 10 });
  const W1 = param("W1", [pixels, width], he());
  const b1 = param("b1", [width], zeros());
  const W2 = param("W2", [width, 10], he());
  const b2 = param("b2", [10], zeros());
  const z1 = add(matmul(x, W1), b1);
  const hidden = relu(z1);
  const scores = add(matmul(hidden, W2), b2);
  return {
    loss: add(svmLoss(scores, y), l2([W1, W2], 1e-3)),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, y) },
    optimizer: sgd({ learningRate: 1e-2 }),
  };
});

export const data = { source: "synthetic", rows: 5000, seed: 1, epochs: 3 };
export const learns = { metric: "accuracy", atLeast: 0.3 };
