import { adam, add, batchMean, bceWithLogits, dense, exp, input, model, mul, randomNormal, sigmoid, size, square, sub, sum } from "adjoint";

export default model("vae", { batch: { train: 64, evaluate: 250, predict: 1 } }, ({ batch }) => {
  const pixels = size("pixels", 784, { check: 16 });
  const width = size("width", 128, { check: 8 });
  const latents = size("latents", 16, { check: 2 });
  const decoder = dense(width, { name: "decoder", activation: "relu" });
  const drawn = dense(pixels, { name: "logits" });

  const x = input("x", [batch, pixels]);
  const encoded = dense(width, { name: "encoder", activation: "relu" })(x);
  const mu = dense(latents, { name: "mu" })(encoded);
  const logVariance = dense(latents, { name: "logVariance" })(encoded);
  // z ~ N(μ, σ²) as a function of μ, σ and noise, so that both have gradients
  const z = add(mu, mul(exp(mul(logVariance, 0.5)), randomNormal([batch, latents])));
  const logits = drawn(decoder(z));
  // −log p(x|z), summed over the pixels, and KL(N(μ, σ²) ‖ N(0, 1))
  const reconstruction = mul(bceWithLogits(logits, x), pixels);
  const surprise = sub(add(exp(logVariance), square(mu)), add(logVariance, 1));
  const divergence = batchMean(mul(sum(surprise, [1]), 0.5));
  return {
    loss: add(reconstruction, divergence),
    outputs: { mu, image: sigmoid(drawn(decoder(mu))) },
    metrics: { reconstruction, divergence },
    optimizer: adam({ learningRate: 1e-3 }),
  };
});

export const data = { source: "mnist", epochs: 2 };
export const learns = { metric: "loss", shareOfFirst: 0.5 };
