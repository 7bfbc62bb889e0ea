/** Guarantees the public face of the compiler: the layer language, compile and load. */

export { model, type Declaration, type Instance, type Model, type ModelOptions, type PhaseDeclaration } from "./model/model.ts"; // prettier-ignore
export { sequential, type Sequential, type SequentialOptions } from "./model/sequential.ts";
export type { LossName, MetricName, OptimizerName } from "./model/keras.ts";
export { assign, hyper, input, labels, param, size, state, type Hyper } from "./model/leaves.ts";
export { abs, add, cos, div, erf, exp, expm1, log, log1p, maximum, minimum, mul, neg, pow, recip, relu, sigmoid, sin, sqrt, square, sub, tanh } from "./model/elementwise.ts"; // prettier-ignore
export { checkpoint, customVjp, type CustomVjp } from "./model/autodiff.ts";
export { grad, matmul, mean, reshape, sum, transpose } from "./model/tensors.ts";
export { categoricalCrossentropy, softmaxCrossEntropy, svmLoss, type CrossEntropyOptions } from "./model/losses/classes.ts"; // prettier-ignore
export { bceWithLogits, binaryCrossentropy, hinge } from "./model/losses/binary.ts";
export { cosineSimilarity, huber, kl, mae, mae as meanAbsoluteError, mse } from "./model/losses/numbers.ts"; // prettier-ignore
export { l1, l2 } from "./model/losses/penalties.ts";
export { accuracy, binaryAccuracy, topK } from "./model/metrics.ts";
export { accumulate, adadelta, adagrad, adam, adamw, clipByGlobalNorm, clipByValue, cosineDecay, ema, exponentialDecay, groups, lion, oneCycle, piecewise, rmsprop, sgd, stepDecay, warmup, type AdadeltaOptions, type AdagradOptions, type AdamOptions, type LionOptions, type OneCycleOptions, type ParameterGroup, type Rate, type RemainingGroup, type RmspropOptions, type Schedule, type SgdOptions } from "./model/optimizers/index.ts"; // prettier-ignore
export {
  constant,
  glorot,
  he,
  normal,
  ones,
  uniform,
  zeros,
  type Initializer,
} from "./model/initializers.ts";
export type { FloatTensor, Scalar, Tensor } from "./model/tensor.ts";
export { ModelError, type Diagnostic } from "./graph/error.ts";
export { CheckError, compile, load, type Compiled, type CompileOptions, type LoadedTrainer, type TrainerModule } from "./compile.ts"; // prettier-ignore
