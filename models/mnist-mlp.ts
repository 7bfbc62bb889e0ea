import { accuracy, adam, add, glorot, input, labels, matmul, model, param, relu, softmaxCrossEntropy, zeros } from "adjoint";

export default model("mnist-mlp", { batch: { train: 32, evaluate: 250, predict: 1 } }, ({ batch }) => {
  const x = input("x", [batch, 784]);
  const y = labels("y", [batch], { classes: 10 });
  const W1 = param("W1", [784, 128], glorot());
  const b1 = param("b1", [128], zeros());
  const W2 = param("W2", [128, 10], glorot());
  const b2 = param("b2", [10], zeros());
  const z1 = add(matmul(x, W1), b1);
  const hidden = relu(z1);
  const scores = add(matmul(hidden, W2), b2);
  return {
    loss: softmaxCrossEntropy(scores, y),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, y) },
    optimizer: adam({ learningRate: 1e-3 }),
  };
});

export const data = { source: "mnist", epochs: 5 };
export const learns = { metric: "accuracy", atLeast: 0.97 };
