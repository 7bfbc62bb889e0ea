/** A small net of a convolution and two dense layers with adapters, which interop/weights/adapters.py declares in PyTorch, with PEFT's beside it. */

import { adam, conv2d, dense, flatten, input, labels, lora, model, relu, softmaxCrossEntropy, type Model } from "../../compiler/index.ts";

export const ROWS = 4;

const base: Model = model("adapted", { batch: ROWS }, ({ batch }) => {
  const x = input("x", [batch, 2, 5, 5]);
  const y = labels("y", [batch], { classes: 3 });
  const h = relu(conv2d(4, 3, { name: "conv", padding: 1 })(x));
  const scores = dense(3, { name: "fc" })(relu(dense(8, { name: "hidden" })(flatten()(h))));
  return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: adam({ learningRate: 0.05 }) };
});
export const adapted = lora({ rank: 2, alpha: 3, targets: ["conv", "hidden"] })(base);

/** Numbers that are no pictures. */
export const pictures = (): Float32Array => Float32Array.from({ length: ROWS * 2 * 25 }, (_, n) => Math.sin(n * n));
