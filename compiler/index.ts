/** The public face of the compiler: the layer language, compile and load. */

export { defineConfig, type Config, type ModelConfig } from "./config.ts";
export { model } from "./model/model.ts";
export type { Declaration, Instance, Model, ModelOptions, PhaseDeclaration } from "./model/declaration.ts";
export { lora, type LoraOptions } from "./model/lora.ts";
export { sequential, type Sequential, type SequentialOptions } from "./model/sequential.ts";
export type { LossName, MetricName, OptimizerName } from "./model/keras.ts";
export { assign, hyper, input, labels, param, size, state, type Hyper, type InputDomain, type InputOptions } from "./model/leaves.ts";
export {
  abs,
  acos,
  acosh,
  add,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  ceil,
  cos,
  cosh,
  div,
  erf,
  erfc,
  exp,
  exp2,
  expm1,
  floor,
  fmod,
  log,
  log10,
  log1p,
  log2,
  logAddExp,
  logSigmoid,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  recip,
  relu,
  round,
  rsqrt,
  sigmoid,
  sign,
  sin,
  sinh,
  softsign,
  sqrt,
  square,
  sub,
  tan,
  tanh,
  trunc,
} from "./model/elementwise.ts";
export { checkpoint, customVjp, type CustomVjp } from "./model/autodiff.ts";
export { categoricalCrossentropy, nll, softmaxCrossEntropy, svmLoss, type CrossEntropyOptions } from "./model/losses/classes.ts";
export type { ClassOptions, SmoothedOptions } from "./model/losses/class-weights.ts";
export { bceWithLogits, binaryCrossentropy, hinge, squaredHinge, type BinaryOptions, type LogitsOptions } from "./model/losses/binary.ts";
export { dice, focal, type DiceOptions, type FocalOptions } from "./model/losses/imbalanced.ts";
export {
  categoricalFocal,
  generalizedCrossEntropy,
  tversky,
  type CategoricalFocalOptions,
  type GeneralizedOptions,
  type TverskyOptions,
} from "./model/losses/overlap.ts";
export { ctc, type CtcOptions } from "./model/losses/ctc.ts";
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
} from "./model/losses/margins.ts";
export { gaussianNll, mape, msle, poisson, poissonNll, type GaussianOptions, type PoissonOptions } from "./model/losses/likelihoods.ts";
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
} from "./model/losses/numbers.ts";
export {
  circle,
  contrastive,
  cosineEmbedding,
  triplet,
  type CircleOptions,
  type ContrastiveOptions,
  type CosineEmbeddingOptions,
  type TripletOptions,
} from "./model/losses/pairs.ts";
export type { LossOptions, Reduced } from "./model/losses/reduction.ts";
export { batchMean } from "./model/losses/batch.ts";
export { l1, l2 } from "./model/losses/penalties.ts";
export { accuracy, binaryAccuracy, topKAccuracy } from "./model/metrics.ts";
export {
  accumulate,
  adadelta,
  adagrad,
  adam,
  adamax,
  adamw,
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  cosineDecay,
  cosineRestarts,
  ema,
  exponentialDecay,
  groups,
  inverseSquareRoot,
  lion,
  nadam,
  oneCycle,
  piecewise,
  polynomialDecay,
  rmsprop,
  sgd,
  stepDecay,
  warmup,
  type AdadeltaOptions,
  type AdagradOptions,
  type AdamaxOptions,
  type AdamOptions,
  type CosineRestartsOptions,
  type LionOptions,
  type NadamOptions,
  type OneCycleOptions,
  type ParameterGroup,
  type Rate,
  type RemainingGroup,
  type RmspropOptions,
  type RateSchedule,
  type SgdOptions,
} from "./model/optimizers/index.ts";
export { grad, matmul, transpose } from "./model/tensors.ts";
export { einsum } from "./model/einsum.ts";
export { diagonal, outer, trace, tril, triu } from "./model/matrices.ts";
export { all, any, cumprod, logSumExp, norm, prod, type VectorNormOptions } from "./model/products.ts";
export {
  argmax,
  argmin,
  cumsum,
  max,
  mean,
  min,
  std,
  sum,
  variance,
  type ReductionOptions,
  type VarianceOptions,
} from "./model/reductions.ts";
export { argsort, cummax, median, sort, topK, type SortOptions, type TopKOptions } from "./model/sorting.ts";
export { normalize, pairwiseDistance, pdist, type DistanceOptions, type NormalizeOptions } from "./model/distances.ts";
export { scatter, scatterAdd } from "./model/scattering.ts";
export { broadcastTo, meshgrid, repeat, tile } from "./model/repetition.ts";
export { pad, type PadOptions } from "./model/padding.ts";
export {
  concatenate,
  expandDims,
  gather,
  oneHot,
  reversed,
  roll,
  slice,
  split,
  squeeze,
  stack,
  stopGradient,
  takeAlongAxis,
} from "./model/movements.ts";
export {
  cast,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  notEqual,
  where,
} from "./model/comparisons.ts";
export { elementwise } from "./model/formula.ts";
export { randomNormal, randomUniform } from "./model/random.ts";
export { clip, hardshrink, hardSigmoid, hardSwish, hardtanh, prelu, relu6, softshrink, threshold } from "./model/piecewise.ts";
export { isFinite, isNaN, nanToNum, type NanToNumOptions } from "./model/finite.ts";
export {
  celu,
  elu,
  gelu,
  glu,
  leakyRelu,
  logSoftmax,
  mish,
  selu,
  silu,
  softmax,
  softmin,
  softplus,
  tanhShrink,
  type Activation,
  type ActivationName,
  type GeluOptions,
} from "./model/activations.ts";
export { gumbelSoftmax, rrelu, type GumbelOptions, type RreluOptions } from "./model/noisy.ts";
export { activation } from "./model/layers/activation.ts";
export {
  conv1d,
  conv2d,
  conv3d,
  depthwiseConv1d,
  depthwiseConv2d,
  type Convolution1dLayer,
  type Convolution2dLayer,
  type Convolution3dLayer,
  type ConvolutionOptions,
  type DepthwiseOptions,
} from "./model/layers/convolution.ts";
export { separableConv1d, separableConv2d, type SeparableOptions } from "./model/layers/separable.ts";
export { convLstm1d, convLstm2d, convLstm3d, type ConvLstmOptions } from "./model/layers/conv-lstm.ts";
export { conv1dTranspose, conv2dTranspose, conv3dTranspose, type TransposedOptions } from "./model/layers/transposed-convolution.ts";
export {
  multiHeadAttention,
  type MultiHeadAttentionCall,
  type MultiHeadAttentionLayer,
  type MultiHeadAttentionOptions,
} from "./model/layers/attention.ts";
export {
  additiveAttention,
  attention,
  type AdditiveAttentionOptions,
  type DotAttentionOptions,
  type SoftAttentionCall,
  type SoftAttentionLayer,
} from "./model/layers/soft-attention.ts";
export { scaledDotProductAttention, type AttentionOptions } from "./model/attention.ts";
export { rotaryEmbedding, type RotaryOptions } from "./model/rotary.ts";
export { embedding, positionalEncoding, type EmbeddingOptions, type PositionalEncodingOptions } from "./model/layers/embedding.ts";
export { reversibleEmbedding, type ReversibleEmbedding } from "./model/layers/reversible-embedding.ts";
export {
  bidirectional,
  gru,
  lstm,
  simpleRnn,
  type BidirectionalLayer,
  type BidirectionalOptions,
  type RecurrentLayer,
  type SimpleRnnOptions,
} from "./model/layers/recurrent.ts";
export type { RecurrentCall, RecurrentOptions } from "./model/layers/recurrence.ts";
export { stacked } from "./model/layers/stacked.ts";
export { residual } from "./model/layers/residual.ts";
export { scan, type Scanned, type ScanOptions, type Stepped } from "./model/scan.ts";
export { einsumDense, type EinsumDenseOptions } from "./model/layers/einsum-dense.ts";
export { average, dot, type DotOptions } from "./model/layers/merge.ts";
export { spectralNormalization, unitNormalization, type SpectralNormOptions, type UnitNormOptions } from "./model/layers/unit-norm.ts";
export {
  categoryEncoding,
  centerCrop,
  discretization,
  integerLookup,
  normalization,
  rescaling,
  resizing,
  type CategoryOptions,
  type NormalizationOptions,
  type ResizingOptions,
} from "./model/layers/preprocess.ts";
export {
  autoContrast,
  equalization,
  randomBrightness,
  randomColorDegeneration,
  randomColorJitter,
  randomContrast,
  randomGaussianBlur,
  randomGrayscale,
  randomHue,
  randomInvert,
  randomPosterization,
  randomSaturation,
  randomSharpness,
  solarization,
  type EqualizationOptions,
  type JitterOptions,
} from "./model/layers/augment/color.ts";
export {
  randomCrop,
  randomElasticTransform,
  randomFlip,
  randomRotation,
  randomShear,
  randomTranslation,
  randomZoom,
  type ElasticOptions,
  type WarpOptions,
} from "./model/layers/augment/geometry.ts";
export { cutMix, mixUp, pipeline, randomErasing, type ErasingOptions, type Mixed } from "./model/layers/augment/mixing.ts";
export type { ColorOptions, Factor } from "./model/layers/augment/augmenting.ts";
export { dense, type DenseLayer, type DenseOptions } from "./model/layers/dense.ts";
export {
  alphaDropout,
  dropout,
  gaussianDropout,
  gaussianNoise,
  spatialDropout1d,
  spatialDropout2d,
  spatialDropout3d,
  stochasticDepth,
} from "./model/layers/dropout.ts";
export type { Holds, LastAxisLayer, Layer, LayerOptions, SameShapeLayer } from "./model/layers/layer.ts";
export {
  batchNorm,
  groupNorm,
  instanceNorm,
  layerNorm,
  rmsNorm,
  type BatchNormLayer,
  type BatchNormOptions,
  type LayerNormOptions,
  type NormLayer,
  type NormOptions,
  type RmsNormOptions,
} from "./model/layers/norm.ts";
export {
  avgPool1d,
  avgPool2d,
  avgPool3d,
  globalAveragePool1d,
  globalAveragePool2d,
  globalAveragePool3d,
  globalMaxPool1d,
  globalMaxPool2d,
  globalMaxPool3d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  type AveragePoolOptions,
  type PoolOptions,
} from "./model/layers/pool.ts";
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
} from "./model/layers/adaptive-pool.ts";
export {
  cropping1d,
  cropping2d,
  cropping3d,
  identity,
  masking,
  permute,
  repeatVector,
  timeDistributed,
  zeroPadding1d,
  zeroPadding2d,
  zeroPadding3d,
  type Ends,
} from "./model/layers/arrange.ts";
export { flatten, reshape, upsampling1d, upsampling2d, upsampling3d, type UpsamplingOptions } from "./model/layers/shape.ts";
export { pixelShuffle, pixelUnshuffle, resize, type ResizeOptions } from "./model/functions/resize.ts";
export { affineGrid, gridSample, type GridSampleOptions } from "./model/functions/sampling.ts";
export { fold, unfold, type PatchOptions } from "./model/functions/patches.ts";
export { bilinear, embeddingBag, type BilinearOptions, type EmbeddingBagOptions } from "./model/functions/bilinear.ts";
export {
  channelShuffle,
  localResponseNorm,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  type PowerPoolOptions,
  type ResponseOptions,
} from "./model/functions/channels.ts";
export {
  adaptiveMaxPool1dWithIndices,
  adaptiveMaxPool2dWithIndices,
  adaptiveMaxPool3dWithIndices,
  fractionalMaxPool2d,
  fractionalMaxPool2dWithIndices,
  fractionalMaxPool3d,
  fractionalMaxPool3dWithIndices,
  maxPool1dWithIndices,
  maxPool2dWithIndices,
  maxPool3dWithIndices,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
  type FractionalOptions,
  type UnpoolOptions,
  type WithIndices,
} from "./model/functions/indices.ts";
export type { Padding, PerAxis } from "./model/functions/spatial.ts";
export { constant, type ConstantData, type ConstantOptions } from "./model/constants.ts";
export { glorot, glorotNormal, he, heUniform, normal, ones, uniform, zeros, type Initializer } from "./model/initializers.ts";
export type { FloatTensor, Scalar, Tensor } from "./model/tensor.ts";
export { ModelError, type Diagnostic } from "./graph/error.ts";
export { BudgetError } from "./driver/budget.ts";
export { CheckError, compile, load, type Compiled, type CompileOptions, type LoadedTrainer, type TrainerModule } from "./compile.ts";
