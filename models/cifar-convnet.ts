import { accuracy, adam, conv2d, dense, flatten, input, labels, maxPool2d, model, size, softmaxCrossEntropy } from "adjoint";

const conv = (name: string, filters: number) => conv2d(filters, 3, { name, padding: 1, activation: "relu" });

export default model("cifar-convnet", { batch: { train: 64, evaluate: 10, predict: 1 } }, ({ batch }) => {
  const side = size("side", 32, { check: 8 });
  const few = size("few", 32, { check: 3 });
  const many = size("many", 64, { check: 5 });
  const units = size("units", 512, { check: 11 });
  const x = input("x", [batch, 3, side, side]);
  const y = labels("y", [batch], { classes: 10 });
  const fine = conv("conv2", few)(conv("conv1", few)(x)); // [n, 32, 32, 32]
  const half = maxPool2d(2, { name: "half" })(fine);
  const coarse = conv("conv4", many)(conv("conv3", many)(half)); // [n, 64, 16, 16]
  const quarter = maxPool2d(2, { name: "quarter" })(coarse);
  const hidden = dense(units, { name: "hidden", activation: "relu" })(flatten()(quarter));
  const scores = dense(10, { name: "scores" })(hidden);
  return {
    loss: softmaxCrossEntropy(scores, y),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, y) },
    optimizer: adam({ learningRate: 1e-3 }),
  };
});

export const data = { source: "synthetic", rows: 640, seed: 1, epochs: 2 };
export const learns = { metric: "accuracy", atLeast: 0.3 };
