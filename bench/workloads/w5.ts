import { adam, conv2d, dense, flatten, input, labels, maxPool2d, model, size, softmaxCrossEntropy } from "adjoint";

/** Four 3×3 convolutions and two dense layers on 3×32×32, Adam. */
export default model("w5", { batch: { train: 64, evaluate: 64, predict: 1 } }, ({ batch }) => {
  const side = size("side", 32, { check: 8 });
  const x = input("x", [batch, 3, side, side]);
  const y = labels("y", [batch], { classes: 10 });
  const options = { activation: "relu", padding: "same" } as const;
  const c1 = conv2d(32, 3, { ...options, name: "c1" })(x);
  const c2 = maxPool2d(2)(conv2d(32, 3, { ...options, name: "c2" })(c1));
  const c3 = conv2d(64, 3, { ...options, name: "c3" })(c2);
  const c4 = maxPool2d(2)(conv2d(64, 3, { ...options, name: "c4" })(c3));
  const f5 = dense(512, { name: "f5", activation: "relu" })(flatten()(c4));
  const scores = dense(10, { name: "f6" })(f5);
  return {
    loss: softmaxCrossEntropy(scores, y),
    outputs: { scores },
    optimizer: adam({ learningRate: 1e-3 }),
  };
});
