import { accuracy, add, glorot, input, labels, matmul, model, param, sgd, softmaxCrossEntropy, zeros } from "adjoint";

export default model("linear-softmax", { batch: { train: 64, evaluate: 250, predict: 1 } }, ({ batch }) => {
  const x = input("x", [batch, 784]);
  const y = labels("y", [batch], { classes: 10 });
  const W = param("W", [784, 10], glorot());
  const b = param("b", [10], zeros());
  const scores = add(matmul(x, W), b);
  return {
    loss: softmaxCrossEntropy(scores, y),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, y) },
    optimizer: sgd({ learningRate: 0.1 }),
  };
});

export const data = { source: "mnist", epochs: 5 };
export const learns = { metric: "accuracy", atLeast: 0.9 };
