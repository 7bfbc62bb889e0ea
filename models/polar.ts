import {
  accuracy,
  add,
  concatenate,
  div,
  glorot,
  input,
  labels,
  matmul,
  model,
  param,
  sgd,
  slice,
  softmaxCrossEntropy,
  sqrt,
  square,
  zeros,
} from "adjoint";

export default model("polar", { batch: { train: 32, evaluate: 250, predict: 1 } }, ({ batch }) => {
  const points = input("points", [batch, 2]);
  const color = labels("color", [batch], { classes: 2 });
  const x = slice(points, [0, 0], [batch, 1]);
  const y = slice(points, [0, 1], [batch, 2]);
  const xSquared = square(x);
  const ySquared = square(y);
  const rSquared = add(xSquared, ySquared);
  const r = sqrt(add(rSquared, 1e-12)); // never 0: the origin too has a direction to divide by
  const cos = div(x, r); // θ as (cos θ, sin θ), which does not jump from π to −π
  const sin = div(y, r);
  const polar = concatenate([r, cos, sin], 1);
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

// two colors, half of the points each: three times chance is out of reach, so nearly all must be right
export const data = { source: "synthetic", kind: "rings", rows: 2000, seed: 1, epochs: 5 };
export const learns = { metric: "accuracy", atLeast: 0.95 };
