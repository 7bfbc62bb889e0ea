import {
  adam,
  add,
  batchMean,
  batchNorm,
  conv2d,
  conv2dTranspose,
  dense,
  flatten,
  input,
  leakyRelu,
  model,
  neg,
  randomNormal,
  relu,
  reshape,
  size,
  softplus,
  type FloatTensor,
} from "adjoint";

export default model("dcgan-small", { batch: 64 }, ({ batch }) => {
  const side = size("side", 7, { check: 2 });
  const filters = size("filters", 8, { check: 2 });
  const leaky = (v: FloatTensor) => leakyRelu(v, 0.2);
  const halves = { strides: 2, padding: "same", activation: leaky } as const;
  const doubles = { strides: 2, padding: "same" } as const;

  const spread = dense(2 * filters * side * side, { name: "generator.spread" })(randomNormal([batch, 32]));
  const coarse = reshape(spread, [batch, 2 * filters, side, side]);
  const started = relu(batchNorm({ name: "generator.norm" })(coarse));
  const doubled = conv2dTranspose(filters, 4, { name: "generator.double", ...doubles, activation: "relu" })(started);
  const images = conv2dTranspose(1, 4, { name: "generator.paint", ...doubles, activation: "sigmoid" })(doubled);

  const look = conv2d(filters, 4, { name: "discriminator.look", ...halves });
  const compare = conv2d(2 * filters, 4, { name: "discriminator.compare", ...halves });
  const judge = dense(1, { name: "discriminator.judge" });
  const scoreOf = (pictures: FloatTensor) => {
    const edges = look(pictures);
    const parts = compare(edges);
    return judge(flatten()(parts));
  };
  const x = input("x", [batch, 16 * side * side]);
  const real = scoreOf(reshape(x, [batch, 1, 4 * side, 4 * side]));
  const fake = scoreOf(images);
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
