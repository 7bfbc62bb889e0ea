import {
  accuracy,
  adam,
  add,
  batchNorm,
  conv2d,
  dense,
  globalAveragePool2d,
  input,
  labels,
  model,
  relu,
  size,
  softmaxCrossEntropy,
  type FloatTensor,
} from "adjoint";

/** Two 3×3 convolutions beside a shortcut, which is x itself where the shape stays. */
function block(x: FloatTensor, filters: number, strides: number): FloatTensor {
  const conv = (size: number, strides: number) => conv2d(filters, size, { strides, padding: "same", useBias: false });
  const first = relu(batchNorm()(conv(3, strides)(x)));
  const body = batchNorm()(conv(3, 1)(first));
  const shortcut = strides === 1 ? x : batchNorm()(conv(1, strides)(x));
  return relu(add(shortcut, body));
}

export default model("mini-resnet", { batch: { train: 16, evaluate: 16, predict: 1 } }, ({ batch }) => {
  const side = size("side", 32, { check: 4 });
  const filters = size("filters", 8, { check: 2 });
  const x = input("x", [batch, 3, side, side]);
  const y = labels("y", [batch], { classes: 10 });
  const stem = conv2d(filters, 3, { name: "stem", padding: "same", useBias: false })(x);
  const same = block(relu(batchNorm()(stem)), filters, 1);
  const half = block(same, 2 * filters, 2);
  const features = globalAveragePool2d()(half);
  const scores = dense(10, { name: "scores" })(features);
  return {
    loss: softmaxCrossEntropy(scores, y),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, y) },
    optimizer: adam({ learningRate: 1e-3 }),
  };
});

export const data = { source: "synthetic", rows: 640, seed: 1, epochs: 2 };
export const learns = { metric: "accuracy", atLeast: 0.3 };
