import {
  adam,
  add,
  argmin,
  cast,
  constant,
  dense,
  equal,
  expandDims,
  gather,
  broadcastTo,
  input,
  labels,
  matmul,
  mean,
  model,
  mul,
  size,
  square,
  sub,
  sum,
  transpose,
  tril,
  triplet,
  triu,
  where,
} from "adjoint";

/** More than any distance. */
const FAR = 1e6;

export default model("retrieval", { batch: { train: 64, evaluate: 500, predict: 1 } }, ({ batch }) => {
  const pixels = size("pixels", 784, { check: 16 });
  const width = size("width", 128, { check: 8 });
  const x = input("x", [batch, pixels]);
  const y = labels("y", [batch], { classes: 10 });
  const hidden = dense(width, { name: "hidden", activation: "relu" })(x);
  const embedding = dense(16, { name: "embedding" })(hidden);

  // ‖a − b‖² of all pairs of the batch, and far more of a row and itself
  const lengths = sum(square(embedding), [1]);
  const products = matmul(embedding, transpose(embedding));
  const self = tril(triu(broadcastTo(constant(FAR, []), [batch, batch])));
  const apart = add(sub(add(expandDims(lengths, 1), expandDims(lengths, 0)), mul(products, 2)), self);
  // of each row the nearest of its class, and the nearest of another
  const kin = equal(expandDims(y, 1), expandDims(y, 0));
  const positive = gather(embedding, argmin(where(kin, apart, 2 * FAR), 1));
  const negative = gather(embedding, argmin(where(kin, 2 * FAR, apart), 1));
  // whether the nearest of all others is of the same class
  const kind = cast(y, "float");
  const found = mean(cast(equal(gather(kind, argmin(apart, 1)), kind), "float"));
  return {
    loss: triplet(embedding, positive, negative),
    outputs: { embedding },
    metrics: { found },
    optimizer: adam({ learningRate: 1e-3 }),
  };
});

export const data = { source: "mnist", epochs: 3 };
export const learns = { metric: "found", atLeast: 0.95 };
