/** Guarantees nets that models/ lacks: convolutions with margins, pooling, and a sum too long for any cache. */

import {
  adam,
  add,
  constant,
  conv2d,
  dense,
  flatten,
  glorot,
  input,
  labels,
  matmul,
  maxPool2d,
  model,
  mse,
  param,
  relu,
  reshape,
  sgd,
  softmaxCrossEntropy,
  zeros,
} from "adjoint";
import type { FloatTensor, Model } from "adjoint";
import { context } from "../../compiler/model/context.ts";
import { convAttrs } from "../../compiler/ops/conv.ts";

type Image = FloatTensor<readonly number[]>;

/** relu(x ∗ w + b), a 3×3 filter in a margin of one zero. */
function conv(x: Image, w: Image, b: Image): Image {
  const c = context();
  return c.run(() => {
    const attrs = convAttrs(2, { low: [1, 1], high: [1, 1], stride: [1, 1] });
    const y = c.g.conv(x.value, w.value, attrs);
    const [n, , height, width] = c.typeOf(y).shape;
    const bias = c.g.broadcast(b.value, { axes: [0, 2, 3], size: [n!, height!, width!] });
    return c.tensor(c.g.relu(c.g.add(y, bias))) as Image;
  });
}

/** Largest of 2×2. */
function pool(x: Image): Image {
  const c = context();
  const attrs = { window: [1, 1, 2, 2], stride: [1, 1, 2, 2], low: [0, 0, 0, 0], high: [0, 0, 0, 0] };
  return c.run(() => c.tensor(c.g.windowMax(x.value, attrs)) as Image);
}

export const convolutions = (batch: number): Model =>
  model("convolutions", { batch }, ({ batch }) => {
    const x = input("x", [batch, 3, 10, 10]) as Image;
    const y = labels("y", [batch], { classes: 5 });
    const first = conv(x, param("w1", [8, 3, 3, 3], glorot()) as Image, param("b1", [8], zeros()) as Image);
    const second = conv(pool(first), param("w2", [6, 8, 3, 3], glorot()) as Image, param("b2", [6], zeros()) as Image);
    const flat = reshape(second, [batch, 150]);
    const scores = add(matmul(flat, param("w3", [150, 5], glorot())), param("b3", [5], zeros()));
    return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: adam() };
  });

/** Pooled without a function between: the filters' gradient reads what the places of maxima choose. */
export const pooledAlone = (batch: number): Model =>
  model("pooled-alone", { batch }, ({ batch }) => {
    const x = input("x", [batch, 2, 8, 8]);
    const y = input("y", [batch, 2]);
    const scores = dense(2)(flatten()(maxPool2d(2)(conv2d(4, 3, { padding: 1 })(x))));
    return { loss: mse(scores, y), outputs: { scores }, optimizer: sgd() };
  });

/** Its first product sums 1,024 terms of operands that fill half a megabyte. */
export const longSums = (batch: number): Model =>
  model("long-sums", { batch }, ({ batch }) => {
    const x = input("x", [batch, 1024]);
    const target = input("target", [batch, 3]);
    const hidden = relu(matmul(x, param("V", [1024, 18], glorot())));
    const y = matmul(hidden, param("W", [18, 3], constant(0.1)));
    return { loss: mse(y, target), outputs: { y }, optimizer: sgd() };
  });
