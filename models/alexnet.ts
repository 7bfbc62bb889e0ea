import { accuracy, conv2d, dense, dropout, flatten, he, input, labels, maxPool2d, model, sgd, size, softmaxCrossEntropy, topK } from "adjoint"; // prettier-ignore

export default model("alexnet", { batch: { train: 2, evaluate: 2, predict: 1 } }, ({ batch }) => {
  const side = size("side", 227, { check: 67 });
  const [f1, f2, f3, f4, f5] = [64, 192, 384, 256, 256].map((n, at) => size(`filters ${at + 1}`, n, { check: 4 - (at % 2) })); // prettier-ignore
  const units = size("units", 4096, { check: 9 });
  const classes = size("classes", 1000, { check: 7 });
  const relu = { activation: "relu", kernelInitializer: he() } as const;
  const pool = () => maxPool2d(3, { strides: 2 });
  const x = input("x", [batch, 3, side, side]);
  const y = labels("y", [batch], { classes });
  const c1 = pool()(conv2d(f1!, 11, { strides: 4, ...relu })(x)); // [n, 64, 27, 27]
  const c2 = pool()(conv2d(f2!, 5, { padding: 2, ...relu })(c1)); // [n, 192, 13, 13]
  const c3 = conv2d(f3!, 3, { padding: 1, ...relu })(c2);
  const c4 = conv2d(f4!, 3, { padding: 1, ...relu })(c3);
  const c5 = pool()(conv2d(f5!, 3, { padding: 1, ...relu })(c4)); // [n, 256, 6, 6]
  const d6 = dense(units, relu)(dropout(0.5)(flatten()(c5)));
  const d7 = dense(units, relu)(dropout(0.5)(d6));
  const scores = dense(classes)(d7);
  return {
    loss: softmaxCrossEntropy(scores, y),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, y), "top 5": topK(scores, y, 5) },
    optimizer: sgd({ learningRate: 1e-2, momentum: 0.9 }),
  };
});

export const data = { source: "synthetic", rows: 60, seed: 1, classes: 4, epochs: 2 };
export const learns = { metric: "accuracy", atLeast: 0.75 };
