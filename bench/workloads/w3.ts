import { add, he, input, l2, labels, matmul, model, param, relu, sgd, svmLoss, zeros } from "adjoint";

/** 3072-100-10, the lecture's SVM loss and L2, SGD. */
export default model("w3", { batch: { train: 256, evaluate: 256, predict: 1 } }, ({ batch }) => {
  const x = input("x", [batch, 3072]);
  const y = labels("y", [batch], { classes: 10 });
  const W1 = param("W1", [3072, 100], he());
  const b1 = param("b1", [100], zeros());
  const W2 = param("W2", [100, 10], he());
  const b2 = param("b2", [10], zeros());
  const hidden = relu(add(matmul(x, W1), b1));
  const scores = add(matmul(hidden, W2), b2);
  return {
    loss: add(svmLoss(scores, y), l2([W1, W2], 1e-3)),
    outputs: { scores },
    optimizer: sgd({ learningRate: 1e-3 }),
  };
});
