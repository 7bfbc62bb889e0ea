/** The two models of the page of templates. */

export const LINEAR = `import { accuracy, adam, add, input, labels, matmul, model, normal, param, softmaxCrossEntropy, zeros } from "adjoint";

export default model("linear", { batch: { train: 32, evaluate: 100, predict: 100 } }, ({ batch }) => {
  const x = input("x", [batch, 784]);
  const y = labels("y", [batch], { classes: 10 });
  const W = param("W", [784, 10], normal(0, 0.01));
  const b = param("b", [10], zeros());
  const scores = add(matmul(x, W), b);
  return {
    loss: softmaxCrossEntropy(scores, y),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, y) },
    optimizer: adam({ learningRate: 1e-3 }),
  };
});
`;

export const NET = `import { accuracy, adam, add, he, input, labels, matmul, model, normal, param, relu, softmaxCrossEntropy, zeros } from "adjoint";

export default model("two-layers", { batch: { train: 32, evaluate: 100, predict: 100 } }, ({ batch }) => {
  const x = input("x", [batch, 784]);
  const y = labels("y", [batch], { classes: 10 });
  const W1 = param("W1", [784, 100], normal(0, 0.02));
  const b1 = param("b1", [100], zeros());
  const W2 = param("W2", [100, 10], he());
  const b2 = param("b2", [10], zeros());
  const hidden = relu(add(matmul(x, W1), b1));
  const scores = add(matmul(hidden, W2), b2);
  return {
    loss: softmaxCrossEntropy(scores, y),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, y) },
    optimizer: adam({ learningRate: 1e-3 }),
  };
});
`;
