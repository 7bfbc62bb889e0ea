import { accuracy, add, glorot, input, l2, labels, matmul, model, param, sgd, svmLoss, zeros } from "adjoint";

export default model("linear-svm", { batch: { train: 64, evaluate: 250, predict: 1 } }, ({ batch }) => {
  const x = input("x", [batch, 784]);
  const y = labels("y", [batch], { classes: 10 });
  const W = param("W", [784, 10], glorot());
  const b = param("b", [10], zeros());
  const scores = add(matmul(x, W), b);
  return {
    loss: add(svmLoss(scores, y), l2([W], 1e-4)),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, y) },
    optimizer: sgd({ learningRate: 1e-2 }),
  };
});

export const data = { source: "mnist", epochs: 5 };
export const learns = { metric: "accuracy", atLeast: 0.88 };
