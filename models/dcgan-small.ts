import { activation, adam, add, batchMean, batchNorm, conv2d, conv2dTranspose, dense, flatten, input, model, neg, randomNormal, reshape, size, softplus, type FloatTensor, type Layer } from "adjoint"; // prettier-ignore

const through = (layers: readonly Layer[], x: FloatTensor) => layers.reduce((value, layer) => layer(value), x); // prettier-ignore

export default model("dcgan-small", { batch: 64 }, ({ batch }) => {
  const side = size("side", 7, { check: 2 });
  const filters = size("filters", 16, { check: 2 });
  const doubled = { strides: 2, padding: "same" } as const;
  const generator = [
    dense(2 * filters * side * side, { name: "generator.spread" }),
    reshape([2 * filters, side, side]),
    batchNorm({ name: "generator.norm" }),
    activation("relu"),
    conv2dTranspose(filters, 4, { name: "generator.double", ...doubled, activation: "relu" }),
    conv2dTranspose(1, 4, { name: "generator.paint", ...doubled, activation: "sigmoid" }),
  ];
  const discriminator = [
    conv2d(filters, 4, { name: "discriminator.look", ...doubled, activation: "leakyRelu" }),
    conv2d(2 * filters, 4, { name: "discriminator.halve", ...doubled, activation: "leakyRelu" }),
    flatten(),
    dense(1, { name: "discriminator.judge" }),
  ];
  const x = input("x", [batch, 16 * side * side]);
  const images = through(generator, randomNormal([batch, 32]));
  const real = through(discriminator, reshape(x, [batch, 1, 4 * side, 4 * side]));
  const fake = through(discriminator, images);
  // −log σ(s) = softplus(−s), −log(1 − σ(s)) = softplus(s)
  const judging = add(batchMean(softplus(neg(real))), batchMean(softplus(fake)));
  const painting = batchMean(softplus(neg(fake)));
  const optimizer = adam({ learningRate: 1e-3, beta1: 0.5 });
  return {
    phases: [
      { name: "discriminator", loss: judging, parameters: ["discriminator"], optimizer },
      { name: "generator", loss: painting, parameters: ["generator"], optimizer },
    ],
    outputs: { images },
  };
});

export const data = { source: "mnist", epochs: 1 };
export const learns = { generator: "images", within: 0.2 };
