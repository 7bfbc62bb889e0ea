import {
  add,
  batchNorm,
  conv2d,
  dense,
  depthwiseConv2d,
  globalAveragePool2d,
  input,
  labels,
  minimum,
  model,
  relu,
  sgd,
  size,
  softmaxCrossEntropy,
  type FloatTensor,
} from "adjoint";

/** MobileNetV2-like on 3×64×64: a strided stem, five inverted residuals of expansion 6, batch norm and relu6, global mean; SGD with momentum. */
export default model("w10", { batch: 32 }, ({ batch }) => {
  const side = size("side", 64, { check: 16 });
  const expansion = size("expansion", 6, { check: 2 });
  const relu6 = (v: FloatTensor) => minimum(relu(v), 6) as FloatTensor;
  const norm = (name: string, v: FloatTensor): FloatTensor => batchNorm({ name: `${name}.norm` })(v);
  const block = (name: string, from: number, to: number, strides: number, x: FloatTensor): FloatTensor => {
    const wide = relu6(norm(`${name}.expand`, conv2d(expansion * from, 1, { name: `${name}.expand` })(x)));
    const deep = relu6(norm(`${name}.depth`, depthwiseConv2d(3, { name: `${name}.depth`, strides, padding: "same" })(wide)));
    const y = norm(`${name}.project`, conv2d(to, 1, { name: `${name}.project` })(deep));
    return strides === 1 && from === to ? (add(x, y) as FloatTensor) : y;
  };
  const stem = conv2d(32, 3, { name: "stem", strides: 2, padding: "same" })(input("x", [batch, 3, side, side]));
  let h: FloatTensor = relu6(norm("stem", stem));
  let from = 32;
  const blocks: readonly (readonly [number, number])[] = [
    [16, 1],
    [24, 2],
    [24, 1],
    [32, 2],
    [32, 1],
  ];
  blocks.forEach(([to, strides], n) => {
    h = block(`b${n + 1}`, from, to, strides, h);
    from = to;
  });
  const scores = dense(10, { name: "scores" })(globalAveragePool2d()(h));
  return {
    loss: softmaxCrossEntropy(scores, labels("y", [batch], { classes: 10 })),
    outputs: { scores },
    optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
  };
});
