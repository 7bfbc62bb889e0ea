import {
  accuracy,
  adam,
  clipByGlobalNorm,
  conv2d,
  dense,
  embedding,
  flatten,
  input,
  labels,
  lstm,
  model,
  polynomialDecay,
  size,
  softmaxCrossEntropy,
  split,
  type FloatTensor,
} from "adjoint";

export default model("captions", { batch: { train: 32, evaluate: 100, predict: 1 } }, ({ batch }) => {
  const side = size("side", 32, { check: 8 });
  const steps = size("steps", 9, { check: 4 });
  const words = size("words", 16, { check: 6 });
  const width = size("width", 96, { check: 4 });
  const x = input("x", [batch, 3, side, side]);
  const before = labels("before", [batch, steps], { classes: words });
  const next = labels("next", [batch, steps], { classes: words });

  const conv = (filters: number, strides: number) => conv2d(filters, 3, { strides, padding: "same", activation: "relu" });
  const edges = conv(16, 2)(x);
  const figures = conv(32, 1)(conv(32, 2)(edges));
  const seen = flatten()(figures);
  // what is seen is where the sentence starts from
  const [h, c] = split(dense(2 * width, { name: "start" })(seen), 2) as [FloatTensor, FloatTensor];
  const embedded = embedding(words, 16)(before);
  const hidden = lstm(width, { returnSequences: true })(embedded, { initialState: [h, c] });
  const scores = dense(words, { name: "scores" })(hidden);
  return {
    loss: softmaxCrossEntropy(scores, next),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, next) },
    optimizer: clipByGlobalNorm(adam({ learningRate: polynomialDecay(4e-3, { steps: 2250 }) }), 1),
    generate: { tokens: before, scores },
  };
});

// "two red squares above a circle"
export const data = { source: "synthetic", kind: "captions", rows: 24000, seed: 1, epochs: 3 };
export const learns = { writes: "next", atLeast: 0.9 };
