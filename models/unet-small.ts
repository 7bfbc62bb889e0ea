import {
  accuracy,
  adam,
  concatenate,
  conv2d,
  conv2dTranspose,
  input,
  labels,
  maxPool2d,
  model,
  size,
  softmaxCrossEntropy,
  transpose,
  upsampling2d,
  type FloatTensor,
} from "adjoint";

/** Two 3×3 convolutions that keep the extents. */
function pair(x: FloatTensor, filters: number): FloatTensor {
  const conv = () => conv2d(filters, 3, { padding: "same", activation: "relu" });
  return conv()(conv()(x));
}

export default model("unet-small", { batch: { train: 8, evaluate: 8, predict: 1 } }, ({ batch }) => {
  const side = size("side", 32, { check: 4 });
  const filters = size("filters", 8, { check: 2 });
  const x = input("x", [batch, 1, side, side]);
  const y = labels("y", [batch, side, side], { classes: 3 });
  const fine = pair(x, filters);
  const middle = pair(maxPool2d(2)(fine), 2 * filters);
  const coarse = pair(maxPool2d(2)(middle), 4 * filters);
  const up = upsampling2d(2)(coarse);
  const rejoined = pair(concatenate([middle, up], 1), 2 * filters);
  const larger = conv2dTranspose(filters, 2, { strides: 2 })(rejoined);
  const last = pair(concatenate([fine, larger], 1), filters);
  const planes = conv2d(3, 1, { name: "planes" })(last);
  const scores = transpose(planes, [0, 2, 3, 1]); // classes last
  return {
    loss: softmaxCrossEntropy(scores, y),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, y) },
    optimizer: adam({ learningRate: 3e-3 }),
  };
});

export const data = { source: "synthetic", rows: 320, seed: 1, epochs: 4 };
export const learns = { metric: "loss", shareOfFirst: 0.5 };
