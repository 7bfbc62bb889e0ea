import {
  accuracy,
  adamw,
  dense,
  embedding,
  labels,
  layerNorm,
  model,
  multiHeadAttention,
  positionalEncoding,
  residual,
  size,
  softmaxCrossEntropy,
} from "adjoint";

export default model("char-transformer", { batch: { train: 16, evaluate: 16, predict: 1 } }, ({ batch }) => {
  const steps = size("steps", 32, { check: 4 });
  const characters = size("characters", 64, { check: 6 });
  const width = size("width", 64, { check: 8 });
  const heads = size("heads", 4, { check: 2 });
  const x = labels("x", [batch, steps], { classes: characters });
  const next = labels("next", [batch, steps], { classes: characters });
  const embedded = embedding(characters, width)(x);
  let hidden = positionalEncoding({ table: "learned" })(embedded);
  for (let layer = 0; layer < 2; layer++) {
    hidden = residual([layerNorm(), multiHeadAttention(heads, { causal: true })])(hidden);
    hidden = residual([layerNorm(), dense(4 * width, { activation: "gelu" }), dense(width)])(hidden);
  }
  const scores = dense(characters, { name: "scores" })(layerNorm()(hidden));
  return {
    loss: softmaxCrossEntropy(scores, next),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, next) },
    optimizer: adamw({ learningRate: 1e-3 }),
  };
});

export const data = { source: "synthetic", rows: 800, seed: 1, epochs: 2 };
export const learns = { metric: "loss", shareOfFirst: 0.5 };
