/** Guarantees which families of models there are, and how often each is drawn. */

import { Draw } from "./draw.ts";
import { Draft, type Stranger } from "./draft.ts";
import { adversarial, convolutionalAutoencoder, denoiser, denseAutoencoder, uNet } from "./generative.ts";
import { batchNormNet, groupNormNet, plainNet, residualNet, separableNet } from "./images.ts";
import { attentionByHand, decoder, encoder, patches, recurrentNet, temporalNet } from "./sequences.ts";
import { bagOfWords, byHand, denseNet, factors, regression } from "./tables.ts";

type Family = readonly [weight: number, name: string, write: (draft: Draft, name: string) => string];

const FAMILIES: readonly Family[] = [
  [20, "convolutions with batch norm", batchNormNet],
  [8, "residual net", residualNet],
  [4, "depthwise separable net", separableNet],
  [4, "U-Net", uNet],
  [3, "convolutional autoencoder", convolutionalAutoencoder],
  [2, "denoiser", denoiser],
  [3, "two phases against each other", adversarial],
  [5, "plain convolutions", plainNet],
  [1, "convolutions with group norm", groupNormNet],
  [2, "convolutions over time", temporalNet],
  [7, "transformer encoder", encoder],
  [6, "transformer decoder", decoder],
  [2, "patches of pictures", patches],
  [4, "attention by hand", attentionByHand],
  [18, "recurrent net", recurrentNet],
  [7, "dense net", denseNet],
  [5, "weights by hand", byHand],
  [3, "dense autoencoder", denseAutoencoder],
  [1, "factors", factors],
  [1, "bag of words", bagOfWords],
  [2, "regression", regression],
];

/** The n-th model of a seed: the same text wherever it is drawn. */
export function stranger(seed: number, n: number): Stranger {
  const draw = new Draw(seed, n);
  const draft = new Draft(draw);
  const [, family, write] = draw.weighted(FAMILIES.map((one) => [one[0], one] as const));
  const name = `stranger-${seed}-${n}`;
  const text = write(draft, name);
  return { name, family, traits: draft.traits, text };
}
