import { accuracy, adam, conv2d, dense, flatten, input, labels, maxPool2d, model, size, softmaxCrossEntropy, type FloatTensor } from "adjoint"; // prettier-ignore

export default model(
  "cifar-convnet",
  { batch: { train: 64, evaluate: 10, predict: 1 } },
  ({ batch }) => {
    const side = size("side", 32, { check: 8 });
    const first = size("first filters", 32, { check: 3 });
    const second = size("second filters", 64, { check: 5 });
    const units = size("units", 512, { check: 11 });
    const x = input("x", [batch, 3, side, side]);
    const y = labels("y", [batch], { classes: 10 });
    const conv = (filters: number) => conv2d(filters, 3, { padding: 1, activation: "relu" });
    const block = (filters: number, maps: FloatTensor) =>
      maxPool2d(2)(conv(filters)(conv(filters)(maps)));
    const features = flatten()(block(second, block(first, x))); // [n, 64·8·8]
    const hidden = dense(units, { activation: "relu" })(features);
    const scores = dense(10)(hidden);
    return {
      loss: softmaxCrossEntropy(scores, y),
      outputs: { scores },
      metrics: { accuracy: accuracy(scores, y) },
      optimizer: adam({ learningRate: 1e-3 }),
    };
  },
);

export const data = { source: "synthetic", rows: 640, seed: 1, epochs: 2 };
export const learns = { metric: "accuracy", atLeast: 0.3 };
