import { adam, dense, input, model, mse, size } from "adjoint";

export default model("autoencoder", { batch: { train: 32, evaluate: 250, predict: 1 } }, ({ batch }) => {
  const pixels = size("pixels", 784, { check: 16 });
  const hidden = size("hidden", 128, { check: 8 });
  const x = input("x", [batch, pixels]);
  const encoded = dense(hidden, { name: "encoder", activation: "relu" })(x);
  const code = dense(32, { name: "code" })(encoded);
  const decoded = dense(hidden, { name: "decoder", activation: "relu" })(code);
  const image = dense(pixels, { name: "image", activation: "sigmoid" })(decoded);
  return {
    loss: mse(image, x),
    outputs: { code, image },
    optimizer: adam({ learningRate: 1e-3 }),
  };
});

export const data = { source: "mnist", epochs: 2 };
export const learns = { metric: "loss", shareOfFirst: 0.5 };
