/** Guarantees the public face of the compiler: the layer language, compile and load. */

export { model, type Declaration, type Instance, type Model, type ModelOptions, type PhaseDeclaration } from "./model/model.ts"; // prettier-ignore
export { assign, hyper, input, labels, param, state, type Hyper } from "./model/leaves.ts";
export { abs, add, cos, div, erf, exp, expm1, log, log1p, maximum, minimum, mul, neg, pow, recip, relu, sigmoid, sin, sqrt, square, sub, tanh } from "./model/elementwise.ts"; // prettier-ignore
export { grad, matmul, mean, reshape, sum, transpose } from "./model/tensors.ts";
export { accuracy, l1, l2, mse, softmaxCrossEntropy, svmLoss } from "./model/losses.ts";
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
