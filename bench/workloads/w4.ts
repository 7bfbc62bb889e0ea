import { conv2d, dense, flatten, input, labels, maxPool2d, model, sgd, size, softmaxCrossEntropy } from "adjoint";

/** LeNet, SGD with momentum. */
export default model("w4", { batch: { train: 64, evaluate: 64, predict: 1 } }, ({ batch }) => {
  const side = size("side", 28, { check: 16 });
  const x = input("x", [batch, 1, side, side]);
  const y = labels("y", [batch], { classes: 10 });
  const c1 = maxPool2d(2)(conv2d(6, 5, { name: "c1", activation: "relu" })(x));
  const c2 = maxPool2d(2)(conv2d(16, 5, { name: "c2", activation: "relu" })(c1));
  const f3 = dense(120, { name: "f3", activation: "relu" })(flatten()(c2));
  const f4 = dense(84, { name: "f4", activation: "relu" })(f3);
  const scores = dense(10, { name: "f5" })(f4);
  return {
    loss: softmaxCrossEntropy(scores, y),
    outputs: { scores },
    optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }),
  };
});
