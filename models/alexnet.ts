import {
  accuracy,
  conv2d,
  dense,
  dropout,
  flatten,
  heUniform,
  input,
  labels,
  maxPool2d,
  model,
  sgd,
  size,
  softmaxCrossEntropy,
  topKAccuracy,
} from "adjoint";

const relu = { activation: "relu", kernelInitializer: heUniform() } as const;
const pool = (name: string) => maxPool2d(3, { name, strides: 2 });

export default model("alexnet", { batch: { train: 2, evaluate: 1, predict: 1 } }, ({ batch }) => {
  const side = size("side", 227, { check: 67 });
  const filters = (n: number, check: number) => size("filters", n, { check });
  const units = size("units", 4096, { check: 9 });
  const classes = size("classes", 1000, { check: 7 });
  const x = input("x", [batch, 3, side, side]);
  const y = labels("y", [batch], { classes });
  const c1 = conv2d(filters(64, 4), 11, { name: "c1", strides: 4, ...relu })(x); // [n, 64, 55, 55]
  const p1 = pool("p1")(c1);
  const c2 = conv2d(filters(192, 3), 5, { name: "c2", padding: 2, ...relu })(p1); // [n, 192, 27, 27]
  const p2 = pool("p2")(c2);
  const c3 = conv2d(filters(384, 4), 3, { name: "c3", padding: 1, ...relu })(p2); // [n, 384, 13, 13]
  const c4 = conv2d(filters(256, 3), 3, { name: "c4", padding: 1, ...relu })(c3);
  const c5 = conv2d(filters(256, 4), 3, { name: "c5", padding: 1, ...relu })(c4);
  const p5 = pool("p5")(c5); // [n, 256, 6, 6]
  const f6 = dense(units, { name: "f6", ...relu })(dropout(0.5)(flatten()(p5)));
  const f7 = dense(units, { name: "f7", ...relu })(dropout(0.5)(f6));
  const scores = dense(classes, { name: "scores" })(f7);
  return {
    loss: softmaxCrossEntropy(scores, y),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, y), "top 5": topKAccuracy(scores, y, 5) },
    optimizer: sgd({ learningRate: 5e-4, momentum: 0.9 }),
  };
});

// four of the thousand classes occur: chance is a quarter
export const data = { source: "synthetic", classes: 4, rows: 60, seed: 2, epochs: 3 };
export const learns = { metric: "accuracy", atLeast: 0.75 };
