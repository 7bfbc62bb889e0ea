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
  relu,
  reshape,
  size,
  softplus,
  type FloatTensor,
} from "adjoint";

/** DCGAN on 3×32×32, both phases: transposed 4×4 convolutions of stride 2 with batch norm, the discriminator their mirror; Adam. Noise is given, as y. */
export default model("w9", { batch: 32 }, ({ batch }) => {
  const width = size("width", 64, { check: 2 });
  const doubles = { strides: 2, padding: "same" } as const;
  const spread = reshape(dense(4 * width * 16, { name: "g.spread" })(input("y", [batch, 100])), [batch, 4 * width, 4, 4]);
  const g0 = relu(batchNorm({ name: "g.norm0" })(spread));
  const g1 = relu(batchNorm({ name: "g.norm1" })(conv2dTranspose(2 * width, 4, { name: "g.up1", ...doubles })(g0)));
  const g2 = relu(batchNorm({ name: "g.norm2" })(conv2dTranspose(width, 4, { name: "g.up2", ...doubles })(g1)));
  const images = conv2dTranspose(3, 4, { name: "g.paint", ...doubles, activation: "tanh" })(g2);

  const leaky = (v: FloatTensor) => leakyRelu(v, 0.2);
  const [d1, d2, d3] = [width, 2 * width, 4 * width].map((filters, n) => conv2d(filters, 4, { name: `d.down${n + 1}`, ...doubles }));
  const [n2, n3, judge] = [batchNorm({ name: "d.norm2" }), batchNorm({ name: "d.norm3" }), dense(1, { name: "d.judge" })];
  const scoreOf = (pictures: FloatTensor) => judge(flatten()(leaky(n3(d3!(leaky(n2(d2!(leaky(d1!(pictures)))))))) as FloatTensor));
  const real = scoreOf(input("x", [batch, 3, 32, 32]));
  const fake = scoreOf(images);
  // −log σ(s) = softplus(−s), −log(1 − σ(s)) = softplus(s)
  const judging = add(batchMean(softplus(neg(real))), batchMean(softplus(fake)));
  const painting = batchMean(softplus(neg(fake)));
  const optimizer = adam({ learningRate: 2e-4, beta1: 0.5 });
  return {
    phases: [
      { name: "discriminator", loss: judging, parameters: ["d"], optimizer },
      { name: "generator", loss: painting, parameters: ["g"], optimizer },
    ],
    outputs: { images },
  };
});
