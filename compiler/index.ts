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
  digamma,
  div,
  erf,
  erfc,
  exp,
  exp2,
  expm1,
  floor,
  fmod,
  lgamma,
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
export * from "./model/losses/index.ts";
export { accuracy, binaryAccuracy, topKAccuracy } from "./model/metrics.ts";
export {
  accumulate,
  adadelta,
  adafactor,
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
  ftrl,
  groups,
  inverseSquareRoot,
  lamb,
  lion,
  muon,
  nadam,
  oneCycle,
  piecewise,
  polynomialDecay,
  rmsprop,
  scheduleFreeAdamw,
  sgd,
  stepDecay,
  warmup,
  type AdadeltaOptions,
  type AdafactorOptions,
  type AdagradOptions,
  type AdamaxOptions,
  type AdamOptions,
  type CosineRestartsOptions,
  type FtrlOptions,
  type LambOptions,
  type LionOptions,
  type MuonOptions,
  type NadamOptions,
  type OneCycleOptions,
  type ParameterGroup,
  type Rate,
  type RemainingGroup,
  type RmspropOptions,
  type RateSchedule,
  type ScheduleFreeOptions,
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
export * from "./model/layers/index.ts";
export { scaledDotProductAttention, type AttentionOptions } from "./model/attention.ts";
export { rotaryEmbedding, type RotaryOptions } from "./model/rotary.ts";
export { scan, type Scanned, type ScanOptions, type Stepped } from "./model/scan.ts";
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
export { inspect } from "./inspect.ts";
export type {
  InspectedBuffer,
  InspectedEntry,
  InspectedHome,
  InspectedKernel,
  InspectedNode,
  InspectedPass,
  InspectedStatement,
  Inspection,
  Lines,
  PassChange,
} from "./explain/inspection/index.ts";
