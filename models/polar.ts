import { accuracy, add, concatenate, div, glorot, input, labels, matmul, model, param, sgd, slice, softmaxCrossEntropy, sqrt, square, zeros } from "adjoint"; // prettier-ignore

export default model("polar", { batch: { train: 32, evaluate: 250, predict: 1 } }, ({ batch }) => {
  const points = input("points", [batch, 2]);
  const color = labels("color", [batch], { classes: 2 });
  const x = slice(points, [0, 0], [batch, 1]);
  const y = slice(points, [0, 1], [batch, 2]);
  // the angle as (cos θ, sin θ), which has no cut at ±π; the small term gives the origin a direction, 0
  const r = sqrt(add(add(square(x), square(y)), 1e-12));
  const polar = concatenate([r, div(x, r), div(y, r)], 1);
  const W = param("W", [3, 2], glorot());
  const b = param("b", [2], zeros());
  const scores = add(matmul(polar, W), b);
  return {
    loss: softmaxCrossEntropy(scores, color),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, color) },
    optimizer: sgd({ learningRate: 1 }),
  };
});

export const data = { source: "synthetic", kind: "rings", rows: 2000, seed: 1, epochs: 5 };
export const learns = { metric: "accuracy", atLeast: 0.95 };
