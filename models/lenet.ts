import { accuracy, adam, conv2d, dense, flatten, input, labels, maxPool2d, model, size, softmaxCrossEntropy } from "adjoint";

export default model("lenet", { batch: { train: 32, evaluate: 50, predict: 1 } }, ({ batch }) => {
  const side = size("side", 28, { check: 16 });
  const x = input("x", [batch, 1, side, side]);
  const y = labels("y", [batch], { classes: 10 });
  const c1 = conv2d(6, 5, { name: "c1", activation: "relu" })(x); // [n, 6, 24, 24]
  const s2 = maxPool2d(2, { name: "s2" })(c1); // [n, 6, 12, 12]
  const c3 = conv2d(16, 5, { name: "c3", activation: "relu" })(s2); // [n, 16, 8, 8]
  const s4 = maxPool2d(2, { name: "s4" })(c3); // [n, 16, 4, 4]
  const f5 = dense(120, { name: "f5", activation: "relu" })(flatten()(s4));
  const f6 = dense(84, { name: "f6", activation: "relu" })(f5);
  const scores = dense(10, { name: "scores" })(f6);
  return {
    loss: softmaxCrossEntropy(scores, y),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, y) },
    optimizer: adam({ learningRate: 1e-3 }),
  };
});

export const data = { source: "mnist", epochs: 5 };
export const learns = { metric: "accuracy", atLeast: 0.95 };
