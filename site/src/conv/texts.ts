/** The two models of the page: six filters on a colour picture, and eight that learn digits. */

export const SIX = `import { adam, conv2d, input, mean, model, normal, square } from "adjoint";

export default model("six-filters", { batch: 1 }, ({ batch }) => {
  const x = input("x", [batch, 3, 32, 32]);
  const maps = conv2d(6, 5, { name: "conv", kernelInitializer: normal(0, 0.12) })(x); // [1, 6, 28, 28]
  return { loss: mean(square(maps)), outputs: { maps }, optimizer: adam({ learningRate: 0.01 }) };
});
`;

export const LEARNS = `import { accuracy, adam, conv2d, dense, flatten, input, labels, maxPool2d, model, softmaxCrossEntropy } from "adjoint";

export default model("filters", { batch: { train: 16, evaluate: 50, predict: 1 } }, ({ batch }) => {
  const x = input("x", [batch, 1, 28, 28]);
  const y = labels("y", [batch], { classes: 10 });
  const maps = conv2d(8, 5, { name: "conv", activation: "relu" })(x); // [n, 8, 24, 24]
  const pooled = maxPool2d(2)(maps); // [n, 8, 12, 12]
  const scores = dense(10, { name: "scores" })(flatten()(pooled));
  return {
    loss: softmaxCrossEntropy(scores, y),
    outputs: { maps, scores },
    metrics: { accuracy: accuracy(scores, y) },
    optimizer: adam({ learningRate: 2e-3 }),
  };
});
`;
