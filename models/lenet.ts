import { accuracy, adam, conv2d, dense, flatten, input, labels, maxPool2d, model, size, softmaxCrossEntropy } from "adjoint"; // prettier-ignore

export default model("lenet", { batch: { train: 32, evaluate: 50, predict: 1 } }, ({ batch }) => {
  const side = size("side", 28, { check: 16 });
  const x = input("x", [batch, 1, side, side]);
  const y = labels("y", [batch], { classes: 10 });
  const edges = maxPool2d(2)(conv2d(6, 5, { activation: "relu" })(x)); // [n, 6, 12, 12]
  const parts = maxPool2d(2)(conv2d(16, 5, { activation: "relu" })(edges)); // [n, 16, 4, 4]
  const wide = dense(120, { activation: "relu" })(flatten()(parts));
  const narrow = dense(84, { activation: "relu" })(wide);
  const scores = dense(10)(narrow);
  return {
    loss: softmaxCrossEntropy(scores, y),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, y) },
    optimizer: adam({ learningRate: 1e-3 }),
  };
});

export const data = { source: "mnist", epochs: 5 };
export const learns = { metric: "accuracy", atLeast: 0.98 };
