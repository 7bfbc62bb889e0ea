/** What each layer of Keras is in the layer language, one row a layer. What has no row is refused by name. */

import { numberText } from "../code.ts";
import { activated, activationName, rectified } from "./activations.ts";
import type { Call } from "./calls.ts";
import { attention, softAttention } from "./attention.ts";
import {
  channelDropout,
  concatenate,
  dense,
  dot,
  embedding,
  flatten,
  merged,
  noisy,
  permute,
  repeatVector,
  rescaling,
  reshape,
} from "./core.ts";
import { isObject, own } from "./file.ts";
import { maskedBy, masking, OPERATIONS, requireUnmasked } from "./masks.ts";
import { batchNorm, groupNorm, layerNorm, prelu, rmsNorm, unitNorm } from "./norms.ts";
import {
  cropped,
  normalization,
  randomBrightness,
  randomContrast,
  randomFlip,
  randomRotation,
  randomTranslation,
  randomZoom,
  resizing,
} from "./preprocess.ts";
import { bidirectional, recurrent } from "./recurrent.ts";
import { adaptivePool, convolution, depthwise, globalPool, margins, pool, separable, transposed, upsampling } from "./spatial.ts";
import type { Placed, Translation, Value } from "./translation.ts";

/** A layer's results of what one call of it is given. */
type Importer = (
  t: Translation,
  l: Placed,
  xs: readonly Value[],
  call: Call,
  named: Readonly<Record<string, readonly Value[]>>,
) => readonly Value[];

/** A layer of one input. */
const one =
  (make: (t: Translation, l: Placed, x: Value) => Value): Importer =>
  (t, l, xs) =>
    xs.length === 1 ? [make(t, l, xs[0]!)] : t.fail(l, `has ${xs.length} inputs, where it takes one`, "the file is damaged");
/** A layer of several. */
const several =
  (make: (t: Translation, l: Placed, xs: readonly Value[]) => Value): Importer =>
  (t, l, xs) =>
    xs.length > 0 ? [make(t, l, xs)] : t.fail(l, "has no inputs", "the file is damaged");
const same = one((_, __, x) => x);

/** A function of one element with a number of its own, which older files call otherwise. */
const numbered = (name: string, keys: readonly string[], otherwise: number): Importer =>
  one((t, l, x) => {
    const key = keys.find((one) => own(l.config, one) !== undefined) ?? keys[0]!;
    return t.make(l, t.call(name, x.code, numberText(t.number(l, key, otherwise))), x.dims, x.order);
  });

/** A dense layer at every step; the language's does so by itself. */
const timeDistributed = one((t, l, x) => {
  const given = own(l.config, "layer");
  const config = isObject(given) ? own(given, "config") : undefined;
  if (!isObject(given) || !isObject(config) || own(given, "class_name") !== "Dense")
    return t.fail(l, "repeats a layer that is not read", "Dense is; write another in the source with timeDistributed");
  return dense(t, { ...l, kind: "Dense", config: { ...config, trainable: t.flag(l, "trainable", true) } }, x);
});

const softmaxed = one((t, l, x) => {
  requireUnmasked(t, l, x, "import the model without masks, and write the softmax of what is masked in the source");
  const axis = own(l.config, "axis") ?? -1;
  if (axis !== -1 && axis !== x.dims.length - 1) t.fail(l, "is along another axis than the last", "permute its input");
  return activated(t, l, "softmax", x);
});

export const LAYERS: Readonly<Record<string, Importer>> = {
  Activation: one((t, l, x) => activated(t, l, activationName(t, l, "activation", "linear"), x)),
  ReLU: one(rectified),
  Softmax: softmaxed,
  LeakyReLU: numbered("leakyRelu", ["negative_slope", "alpha"], 0.3),
  ELU: numbered("elu", ["alpha"], 1),
  PReLU: one(prelu),
  Dense: one(dense),
  Embedding: one(embedding),
  Flatten: one(flatten),
  Reshape: one(reshape),
  Permute: one(permute),
  RepeatVector: one(repeatVector),
  Rescaling: one(rescaling),
  Normalization: one(normalization),
  Resizing: one(resizing),
  CenterCrop: one(cropped("centerCrop")),
  RandomCrop: one(cropped("randomCrop")),
  RandomFlip: one(randomFlip),
  RandomRotation: one(randomRotation),
  RandomTranslation: one(randomTranslation),
  RandomZoom: one(randomZoom),
  RandomContrast: one(randomContrast),
  RandomBrightness: one(randomBrightness),
  Identity: same,
  Dropout: one(noisy("dropout", "rate")),
  AlphaDropout: one(noisy("alphaDropout", "rate")),
  GaussianDropout: one(noisy("gaussianDropout", "rate")),
  GaussianNoise: one(noisy("gaussianNoise", "stddev")),
  SpatialDropout1D: one(channelDropout(1)),
  SpatialDropout2D: one(channelDropout(2)),
  SpatialDropout3D: one(channelDropout(3)),
  Masking: one(masking),
  Add: several(merged("add")),
  Subtract: several(merged("sub")),
  Multiply: several(merged("mul")),
  Maximum: several(merged("maximum")),
  Minimum: several(merged("minimum")),
  Average: several(merged("add", "mean")),
  Concatenate: several(concatenate),
  Dot: several(dot),
  BatchNormalization: one(batchNorm),
  LayerNormalization: one(layerNorm),
  GroupNormalization: one(groupNorm),
  RMSNormalization: one(rmsNorm),
  UnitNormalization: one(unitNorm),
  Conv1D: one(convolution(1)),
  Conv2D: one(convolution(2)),
  Conv3D: one(convolution(3)),
  DepthwiseConv1D: one(depthwise(1)),
  DepthwiseConv2D: one(depthwise(2)),
  SeparableConv1D: one(separable(1)),
  SeparableConv2D: one(separable(2)),
  Conv1DTranspose: one(transposed(1)),
  Conv2DTranspose: one(transposed(2)),
  Conv3DTranspose: one(transposed(3)),
  MaxPooling1D: one(pool("max", 1)),
  MaxPooling2D: one(pool("max", 2)),
  MaxPooling3D: one(pool("max", 3)),
  AveragePooling1D: one(pool("avg", 1)),
  AveragePooling2D: one(pool("avg", 2)),
  AveragePooling3D: one(pool("avg", 3)),
  AdaptiveAveragePooling1D: one(adaptivePool("Avg", 1)),
  AdaptiveAveragePooling2D: one(adaptivePool("Avg", 2)),
  AdaptiveAveragePooling3D: one(adaptivePool("Avg", 3)),
  AdaptiveMaxPooling1D: one(adaptivePool("Max", 1)),
  AdaptiveMaxPooling2D: one(adaptivePool("Max", 2)),
  AdaptiveMaxPooling3D: one(adaptivePool("Max", 3)),
  GlobalAveragePooling1D: (t, l, [x], _, named) => [globalPool("mean", 1)(t, l, maskedBy(t, l, x, named))],
  GlobalAveragePooling2D: one(globalPool("mean", 2)),
  GlobalAveragePooling3D: one(globalPool("mean", 3)),
  GlobalMaxPooling1D: one(globalPool("max", 1)),
  GlobalMaxPooling2D: one(globalPool("max", 2)),
  GlobalMaxPooling3D: one(globalPool("max", 3)),
  ZeroPadding1D: one(margins("zeroPadding", 1)),
  ZeroPadding2D: one(margins("zeroPadding", 2)),
  ZeroPadding3D: one(margins("zeroPadding", 3)),
  Cropping1D: one(margins("cropping", 1)),
  Cropping2D: one(margins("cropping", 2)),
  Cropping3D: one(margins("cropping", 3)),
  UpSampling1D: one(upsampling(1)),
  UpSampling2D: one(upsampling(2)),
  UpSampling3D: one(upsampling(3)),
  LSTM: recurrent,
  GRU: recurrent,
  SimpleRNN: recurrent,
  Bidirectional: (t, l, xs, _, named) => [bidirectional(t, l, xs, named)],
  TimeDistributed: timeDistributed,
  MultiHeadAttention: (t, l, xs, call, named) => [attention(t, l, xs, call, named)],
  Attention: (t, l, xs, call) => [softAttention("attention")(t, l, xs, call)],
  AdditiveAttention: (t, l, xs, call) => [softAttention("additiveAttention")(t, l, xs, call)],
  ...Object.fromEntries(
    Object.entries(OPERATIONS).map(([kind, make]): [string, Importer] => [kind, (t, l, xs, call) => [make(t, l, xs, call)]]),
  ),
};

/** Layers that are no data, and what helps. */
export const REFUSED: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  Lambda: [
    "is Python code, which is not run",
    "save the model with layers in its place, or cut it before that and write the rest in the source",
  ],
};
