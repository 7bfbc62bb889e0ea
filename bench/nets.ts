/** Nets of any size for measurements, declared with the public face `adjoint` of the compiler that is measured. */

import type { Declaration, FloatTensor, Model } from "../compiler/index.ts";
import type { Adjoint } from "./compiler.ts";

/** So many hidden layers, as wide as the input; relu, ten scores, Adam. */
export function perceptron(
  { model, input, dense, ...adjoint }: Adjoint,
  { batch, width, layers }: { readonly batch: number; readonly width: number; readonly layers: number },
): Model {
  return model(`mlp-${layers}`, { batch }, ({ batch }) => {
    let h: FloatTensor<readonly [number, number]> = input("x", [batch, width]);
    for (let n = 0; n < layers; n++) h = dense(width, { activation: "relu", name: `layer${n}` })(h);
    return classifier(adjoint, dense(10, { name: "scores" })(h), batch);
  });
}

/** Two 3×3 convolutions of 8 and 16 filters, each with relu and a pooling by two, on pictures of so many pixels a side; ten scores, Adam. */
export function convnet(
  { model, input, conv2d, maxPool2d, flatten, dense, ...adjoint }: Adjoint,
  { batch, side }: { readonly batch: number; readonly side: number },
): Model {
  return model(`convnet-${side}`, { batch }, ({ batch }) => {
    const options = { activation: "relu", padding: "same" } as const;
    const c1 = maxPool2d(2)(conv2d(8, 3, { ...options, name: "c1" })(input("x", [batch, 3, side, side])));
    const c2 = maxPool2d(2)(conv2d(16, 3, { ...options, name: "c2" })(c1));
    return classifier(adjoint, dense(10, { name: "scores" })(flatten()(c2)), batch);
  });
}

function classifier(
  { labels, softmaxCrossEntropy, adam }: Pick<Adjoint, "labels" | "softmaxCrossEntropy" | "adam">,
  scores: FloatTensor<readonly [number, number]>,
  batch: number,
): Declaration {
  const loss = softmaxCrossEntropy(scores, labels("y", [batch], { classes: 10 }));
  return { loss, optimizer: adam({ learningRate: 0.001 }) };
}
