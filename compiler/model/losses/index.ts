/** Guarantees one door to the losses and penalties. */

export { categoricalCrossentropy, nll, softmaxCrossEntropy, svmLoss, type CrossEntropyOptions } from "./classes.ts";
export type { ClassOptions, SmoothedOptions } from "./class-weights.ts";
export { bceWithLogits, binaryCrossentropy, hinge, squaredHinge, type BinaryOptions, type LogitsOptions } from "./binary.ts";
export { dice, focal, type DiceOptions, type FocalOptions } from "./imbalanced.ts";
export {
  categoricalFocal,
  generalizedCrossEntropy,
  tversky,
  type CategoricalFocalOptions,
  type GeneralizedOptions,
  type TverskyOptions,
} from "./overlap.ts";
export { ctc, type CtcOptions } from "./ctc.ts";
export {
  categoricalHinge,
  hingeEmbedding,
  marginRanking,
  multilabelMargin,
  multilabelSoftMargin,
  multiMargin,
  softMargin,
  type MarginOptions,
  type MultiMarginOptions,
  type SoftMarginOptions,
} from "./margins.ts";
export { gaussianNll, mape, msle, poisson, poissonNll, type GaussianOptions, type PoissonOptions } from "./likelihoods.ts";
export {
  cosineSimilarity,
  huber,
  kl,
  logCosh,
  mae,
  mae as meanAbsoluteError,
  mse,
  smoothL1,
  type DivergenceOptions,
  type HuberOptions,
  type SmoothL1Options,
} from "./numbers.ts";
export {
  circle,
  contrastive,
  cosineEmbedding,
  triplet,
  type CircleOptions,
  type ContrastiveOptions,
  type CosineEmbeddingOptions,
  type TripletOptions,
} from "./pairs.ts";
export type { LossOptions, Reduced } from "./reduction.ts";
export { batchMean } from "./batch.ts";
export { l1, l2 } from "./penalties.ts";
