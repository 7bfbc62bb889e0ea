/** A small net with two dropouts, to be run on several devices: those of models/ that have some are large. */

import { accuracy, adam, dense, dropout, input, labels, model, softmaxCrossEntropy } from "adjoint";

export default model("dropout", { batch: 32 }, ({ batch }) => {
  const x = input("x", [batch, 64]);
  const y = labels("y", [batch], { classes: 10 });
  const first = dropout(0.5)(dense(128, { activation: "relu" })(x));
  const second = dropout(0.2)(dense(64, { activation: "relu" })(first));
  const scores = dense(10, { name: "scores" })(second);
  return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, metrics: { accuracy: accuracy(scores, y) }, optimizer: adam() };
});
