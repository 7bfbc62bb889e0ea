import { accuracy, adam, dense, input, labels, model, relu, softmaxCrossEntropy } from "adjoint";

/** Two spirals that no straight line separates: two hidden layers learn which of them a point lies on. */
export default model("spirals", { batch: { train: 64, evaluate: 64, predict: 1024 } }, ({ batch }) => {
  const points = input("points", [batch, 2]);
  const spiral = labels("spiral", [batch], { classes: 2 });
  const first = relu(dense(32)(points));
  const second = relu(dense(32)(first));
  const scores = dense(2)(second);
  return {
    loss: softmaxCrossEntropy(scores, spiral),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, spiral) },
    optimizer: adam({ learningRate: 0.01 }),
  };
});
