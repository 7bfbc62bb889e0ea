import { add, glorot, input, labels, matmul, model, param, relu, sgd, softmaxCrossEntropy, zeros, type Model } from "adjoint";

/** 784-128-10, relu, softmax cross-entropy, SGD. */
export const mlp = (train: number): Model =>
  model(`w1-b${train}`, { batch: { train, evaluate: train, predict: 1 } }, ({ batch }) => {
    const x = input("x", [batch, 784]);
    const y = labels("y", [batch], { classes: 10 });
    const W1 = param("W1", [784, 128], glorot());
    const b1 = param("b1", [128], zeros());
    const W2 = param("W2", [128, 10], glorot());
    const b2 = param("b2", [10], zeros());
    const hidden = relu(add(matmul(x, W1), b1));
    const scores = add(matmul(hidden, W2), b2);
    return {
      loss: softmaxCrossEntropy(scores, y),
      outputs: { scores },
      optimizer: sgd({ learningRate: 0.1 }),
    };
  });

export default mlp(32);
