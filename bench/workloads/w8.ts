import { adam, dense, embedding, labels, lstm, model, size, softmaxCrossEntropy } from "adjoint";

/** A character LSTM: 65 characters, embedding 128, LSTM 128 over 64 steps; Adam. */
export default model("w8", { batch: { train: 32, evaluate: 32, predict: 1 } }, ({ batch }) => {
  const steps = size("steps", 64, { check: 4 });
  const characters = size("characters", 65, { check: 6 });
  const width = size("width", 128, { check: 4 });
  const x = labels("x", [batch, steps], { classes: characters });
  const y = labels("y", [batch, steps], { classes: characters });
  const hidden = lstm(width, { returnSequences: true })(embedding(characters, width)(x));
  const scores = dense(characters, { name: "scores" })(hidden);
  return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: adam({ learningRate: 1e-3 }) };
});
