import { accuracy, conv2d, dense, flatten, input, labels, maxPool2d, model, sgd, size, softmaxCrossEntropy } from "adjoint";

export default model("first-convnet", { batch: { train: 32, evaluate: 50, predict: 1 } }, ({ batch }) => {
  const side = size("side", 32, { check: 8 });
  const x = input("x", [batch, 3, side, side]);
  const y = labels("y", [batch], { classes: 10 });
  const maps = conv2d(6, 5, { name: "maps", activation: "relu" })(x); // [n, 6, 28, 28]
  const pooled = maxPool2d(2, { name: "pooled" })(maps); // [n, 6, 14, 14]
  const scores = dense(10, { name: "scores" })(flatten()(pooled));
  return {
    loss: softmaxCrossEntropy(scores, y),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, y) },
    optimizer: sgd({ learningRate: 1e-1 }),
  };
});

export const data = { source: "synthetic", rows: 2000, seed: 1, epochs: 3 };
export const learns = { metric: "accuracy", atLeast: 0.3 };
