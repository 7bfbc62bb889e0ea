import {
  accuracy,
  adam,
  add,
  cast,
  constant,
  conv2d,
  div,
  input,
  labels,
  maximum,
  mean,
  minimum,
  model,
  mul,
  notEqual,
  relu,
  size,
  softmax,
  softmaxCrossEntropy,
  softplus,
  split,
  squeeze,
  sub,
  transpose,
  type FloatTensor,
} from "adjoint";

/** What two boxes [left, top, right, bottom] share, over what they cover. */
function overlap(a: FloatTensor, b: FloatTensor): FloatTensor {
  const area = ([left, top, right, bottom]: readonly FloatTensor[]) => mul(relu(sub(right!, left!)), relu(sub(bottom!, top!)));
  const [one, other] = [split(a, 4), split(b, 4)] as readonly (readonly FloatTensor[])[];
  const shared = area(one!.map((side, n) => (n < 2 ? maximum(side, other![n]!) : minimum(side, other![n]!))));
  return div(shared, sub(add(area(one!), area(other!)), shared));
}

export default model("detector", { batch: { train: 16, evaluate: 50, predict: 1 } }, ({ batch }) => {
  const side = size("side", 64, { check: 16 });
  const filters = size("filters", 12, { check: 2 });
  const cells = side / 8;
  const x = input("x", [batch, 1, side, side]);
  const kind = labels("kind", [batch, cells, cells], { classes: 5 }); // 0 where no figure has its middle
  const box = input("box", [batch, cells, cells, 4], { domain: [0, 64] });

  const conv = (count: number, strides: number) => conv2d(count, 3, { strides, padding: "same", activation: "relu" });
  const edges = conv(filters, 2)(x);
  const parts = conv(2 * filters, 2)(edges);
  const figures = conv(4 * filters, 1)(conv(4 * filters, 2)(parts)); // [n, c, cells, cells]
  const inCells = (count: number, name: string) => transpose(conv2d(count, 1, { name })(figures), [0, 2, 3, 1]);
  const scores = inCells(5, "kinds");
  // a box by how far its sides are from the middle of the cell
  const sides = mul(softplus(inCells(4, "sides")), 8);
  const middle = (n: number) => 8 * n + 4;
  const grid = Array.from({ length: cells * cells }, (_, n) => [middle(n % cells), middle(Math.floor(n / cells))]);
  const middles = constant(
    grid.flatMap(([x, y]) => [x!, y!, x!, y!]),
    [cells, cells, 4],
  );
  const corners = add(middles, mul(sides, constant([-1, -1, 1, 1], [4])));

  const there = cast(notEqual(kind, 0), "float");
  const missed = sub(1, squeeze(overlap(corners, box), -1));
  return {
    loss: add(softmaxCrossEntropy(scores, kind), mul(mean(mul(there, missed)), 2)),
    outputs: { kinds: softmax(scores), corners },
    metrics: { accuracy: accuracy(scores, kind) },
    optimizer: adam({ learningRate: 2e-3 }),
  };
});

// 1 to 3 discs, boxes, diamonds and rings on noise
export const data = { source: "synthetic", kind: "boxes", rows: 6000, seed: 1, epochs: 4 };
export const learns = { detects: "kinds, corners", atLeast: 0.8 };
