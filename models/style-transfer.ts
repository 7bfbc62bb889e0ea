import {
  adam,
  add,
  conv2d,
  he,
  input,
  matmul,
  maxPool2d,
  mean,
  model,
  mul,
  param,
  relu,
  reshape,
  size,
  square,
  sub,
  transpose,
  uniform,
  type FloatTensor,
} from "adjoint";

/** Which channels fire together, wherever they do: F·Fᵀ / (channels · positions). */
function gram(features: FloatTensor): FloatTensor {
  const [, channels = 1, height = 1, width = 1] = features.shape;
  const F = reshape(features, [channels, height * width]);
  return mul(matmul(F, transpose(F)), 1 / (channels * height * width));
}

const distance = (a: FloatTensor, b: FloatTensor) => mean(square(sub(a, b)));

export default model("style-transfer", {}, () => {
  const side = size("side", 32, { check: 6 });
  const filters = size("filters", 16, { check: 3 });
  const content = input("content", [1, 3, side, side]);
  const style = input("style", [1, 3, side, side]);
  const image = param("image", [1, 3, side, side], uniform(0, 1));

  // features of a fixed random network: nothing but the image is trained
  const fixed = { padding: "same", kernelInitializer: he(), trainable: false } as const;
  const first = conv2d(filters, 3, { name: "first", ...fixed });
  const second = conv2d(2 * filters, 3, { name: "second", ...fixed });
  const features = (x: FloatTensor) => {
    const near = relu(first(x));
    return { near, far: relu(second(maxPool2d(2)(near))) };
  };
  const [ours, theirs, painted] = [features(image), features(content), features(style)];
  const contentLoss = distance(ours.far, theirs.far);
  const nearStyle = distance(gram(ours.near), gram(painted.near));
  const styleLoss = add(nearStyle, distance(gram(ours.far), gram(painted.far)));
  return {
    loss: add(contentLoss, mul(styleLoss, 100)),
    outputs: { image },
    metrics: { contentLoss, styleLoss },
    optimizer: adam({ learningRate: 0.02 }),
  };
});

export const data = { source: "synthetic", rows: 1, seed: 1, epochs: 200 };
export const learns = { metric: "loss", shareOfFirst: 0.5 };
