import {
  accuracy,
  adam,
  add,
  conv2d,
  dense,
  diagonal,
  div,
  flatten,
  input,
  labels,
  max,
  mean,
  model,
  mul,
  normal,
  param,
  sigmoid,
  size,
  slice,
  softmaxCrossEntropy,
  square,
  sub,
  type FloatTensor,
  type Scalar,
} from "adjoint";

/** How much neighbours differ, down and across. */
function roughness(pictures: FloatTensor): Scalar {
  const end = [Infinity, Infinity, Infinity, Infinity];
  const [below, right] = [slice(pictures, [0, 0, 1, 0], end), slice(pictures, [0, 0, 0, 1], end)];
  const [above, left] = [
    [-1, Infinity],
    [Infinity, -1],
  ].map((space) => slice(pictures, [0, 0, 0, 0], [...end.slice(2), ...space]));
  return add(mean(square(sub(below, above!))), mean(square(sub(right, left!))));
}

export default model("dream", { batch: { train: 32, evaluate: 100, predict: 1 } }, ({ batch }) => {
  const side = size("side", 28, { check: 8 });
  const filters = size("filters", 8, { check: 2 });
  const x = input("x", [batch, 1, side, side]);
  const y = labels("y", [batch], { classes: 10 });
  const halves = { strides: 2, padding: "same", activation: "relu" } as const;
  const look = conv2d(filters, 4, { name: "reader.look", ...halves });
  const compare = conv2d(2 * filters, 4, { name: "reader.compare", ...halves });
  const judge = dense(10, { name: "reader.judge" });
  const read = (pictures: FloatTensor) => {
    const edges = look(pictures);
    const parts = compare(edges);
    return judge(flatten()(parts));
  };
  const scores = read(x);

  // a picture a class, painted by the gradient of that class's score
  const dreamt = sigmoid(param("dream", [10, 1, side, side], normal(0, 0.1)));
  const raised = mean(diagonal(read(dreamt)));
  // smooth and dark where the score asks for nothing
  const calm = mul(add(roughness(dreamt), mean(dreamt)), 40);
  return {
    phases: [
      { name: "reading", loss: softmaxCrossEntropy(scores, y), parameters: ["reader"], optimizer: adam({ learningRate: 1e-3 }) },
      { name: "dreaming", loss: sub(calm, raised), parameters: ["dream"], optimizer: adam({ learningRate: 0.02 }) },
    ],
    outputs: { dreamt },
    // how high the dreams raise what digits raise by themselves
    metrics: { accuracy: accuracy(scores, y), times: div(raised, mean(max(scores, [1]))) },
  };
});

export const data = { source: "mnist", epochs: 1 };
export const learns = { metric: "times", atLeast: 2 };
