import { accuracy, adam, clipByGlobalNorm, dense, embedding, labels, lstm, model, size, softmaxCrossEntropy } from "adjoint";

export default model("char-lstm", { batch: { train: 32, evaluate: 32, predict: 1 } }, ({ batch }) => {
  const steps = size("steps", 16, { check: 3 });
  const characters = size("characters", 64, { check: 6 });
  const width = size("width", 64, { check: 4 });
  const x = labels("x", [batch, steps], { classes: characters });
  const next = labels("next", [batch, steps], { classes: characters });
  const embedded = embedding(characters, width)(x);
  const hidden = lstm(width, { returnSequences: true })(embedded);
  const scores = dense(characters, { name: "scores" })(hidden);
  return {
    loss: softmaxCrossEntropy(scores, next),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, next) },
    optimizer: clipByGlobalNorm(adam({ learningRate: 3e-3 }), 1),
  };
});

export const data = { source: "synthetic", rows: 2000, seed: 1, epochs: 5 };
export const learns = { metric: "loss", shareOfFirst: 0.5 };
