import {
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

/** nanoGPT's configuration for a CPU: 65 characters, 64 steps, 4 blocks of 4 heads, width 128, exact gelu, no dropout; AdamW. */
export default model("w7", { batch: { train: 12, evaluate: 12, predict: 1 } }, ({ batch }) => {
  const steps = size("steps", 64, { check: 4 });
  const characters = size("characters", 65, { check: 6 });
  const width = size("width", 128, { check: 8 });
  const heads = size("heads", 4, { check: 2 });
  const x = labels("x", [batch, steps], { classes: characters });
  const y = labels("y", [batch, steps], { classes: characters });
  let hidden = positionalEncoding({ table: "learned" })(embedding(characters, width)(x));
  for (let layer = 0; layer < 4; layer++) {
    hidden = residual([layerNorm(), multiHeadAttention(heads, { causal: true })])(hidden);
    hidden = residual([layerNorm(), dense(4 * width, { activation: "gelu" }), dense(width)])(hidden);
  }
  const scores = dense(characters, { name: "scores", useBias: false })(layerNorm()(hidden));
  return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: adamw({ learningRate: 1e-3, weightDecay: 0.1 }) };
});
