/** The public face of the compiler: the layer language, compile and load. */

export { model } from "./model/model.ts";
export type { Declaration, Instance, Model, ModelOptions, PhaseDeclaration } from "./model/declaration.ts";
export { sequential, type Sequential, type SequentialOptions } from "./model/sequential.ts";
export type { LossName, MetricName, OptimizerName } from "./model/keras.ts";
export { assign, hyper, input, labels, param, size, state, type Hyper, type InputDomain, type InputOptions } from "./model/leaves.ts";
export {
  abs,
  add,
  cos,
  div,
  erf,
  exp,
  expm1,
  log,
  log1p,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  recip,
  relu,
  sigmoid,
  sin,
  sqrt,
  square,
  sub,
  tanh,
} from "./model/elementwise.ts";
export { checkpoint, customVjp, type CustomVjp } from "./model/autodiff.ts";
export { categoricalCrossentropy, softmaxCrossEntropy, svmLoss, type CrossEntropyOptions } from "./model/losses/classes.ts";
export { bceWithLogits, binaryCrossentropy, hinge } from "./model/losses/binary.ts";
export { cosineSimilarity, huber, kl, mae, mae as meanAbsoluteError, mse } from "./model/losses/numbers.ts";
export { batchMean } from "./model/losses/batch.ts";
export { l1, l2 } from "./model/losses/penalties.ts";
export { accuracy, binaryAccuracy, topK } from "./model/metrics.ts";
export {
  accumulate,
  adadelta,
  adagrad,
  adam,
  adamw,
  clipByGlobalNorm,
  clipByValue,
  cosineDecay,
  ema,
  exponentialDecay,
  groups,
  lion,
  oneCycle,
  piecewise,
  rmsprop,
  sgd,
  stepDecay,
  warmup,
  type AdadeltaOptions,
  type AdagradOptions,
  type AdamOptions,
  type LionOptions,
  type OneCycleOptions,
  type ParameterGroup,
  type Rate,
  type RemainingGroup,
  type RmspropOptions,
  type RateSchedule,
  type SgdOptions,
} from "./model/optimizers/index.ts";
export { grad, matmul, transpose } from "./model/tensors.ts";
export { argmax, cumsum, max, mean, min, sum, variance } from "./model/reductions.ts";
export { concatenate, expandDims, gather, oneHot, pad, reversed, slice, split, squeeze, stack, stopGradient } from "./model/movements.ts";
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
export {
  elu,
  gelu,
  leakyRelu,
  logSoftmax,
  selu,
  silu,
  softmax,
  softplus,
  type Activation,
  type ActivationName,
  type GeluOptions,
} from "./model/activations.ts";
export { activation } from "./model/layers/activation.ts";
export {
  conv1d,
  conv2d,
  depthwiseConv2d,
  type Convolution1dLayer,
  type Convolution2dLayer,
  type ConvolutionOptions,
  type DepthwiseOptions,
} from "./model/layers/convolution.ts";
export { conv2dTranspose, type TransposedOptions } from "./model/layers/transposed-convolution.ts";
export {
  multiHeadAttention,
  type MultiHeadAttentionCall,
  type MultiHeadAttentionLayer,
  type MultiHeadAttentionOptions,
} from "./model/layers/attention.ts";
export { scaledDotProductAttention, type AttentionOptions } from "./model/attention.ts";
export { embedding, positionalEncoding, type EmbeddingOptions, type PositionalEncodingOptions } from "./model/layers/embedding.ts";
export { gru, lstm, simpleRnn, type RecurrentOptions, type SimpleRnnOptions } from "./model/layers/recurrent.ts";
export { residual } from "./model/layers/residual.ts";
export { scan, type Scanned, type ScanOptions, type Stepped } from "./model/scan.ts";
export { dense, type DenseOptions } from "./model/layers/dense.ts";
export { dropout } from "./model/layers/dropout.ts";
export type { LastAxisLayer, Layer, LayerOptions, SameShapeLayer } from "./model/layers/layer.ts";
export { batchNorm, groupNorm, layerNorm, rmsNorm, type BatchNormOptions, type NormOptions } from "./model/layers/norm.ts";
export {
  avgPool1d,
  avgPool2d,
  globalAveragePool2d,
  globalMaxPool2d,
  maxPool1d,
  maxPool2d,
  type AveragePoolOptions,
  type PoolOptions,
} from "./model/layers/pool.ts";
export { flatten, reshape, upsampling2d } from "./model/layers/shape.ts";
export type { Padding, PerAxis } from "./model/layers/spatial.ts";
export { constant, glorot, glorotNormal, he, heUniform, normal, ones, uniform, zeros, type Initializer } from "./model/initializers.ts";
export type { FloatTensor, Scalar, Tensor } from "./model/tensor.ts";
export { ModelError, type Diagnostic } from "./graph/error.ts";
export { BudgetError } from "./driver/budget.ts";
export { CheckError, compile, load, type Compiled, type CompileOptions, type LoadedTrainer, type TrainerModule } from "./compile.ts";
