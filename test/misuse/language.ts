/** Guarantees a valid call of every public function of the layer language, and of which kind each of its arguments is. */

import * as adjoint from "adjoint";
import type { FloatTensor, Tensor } from "adjoint";
import type { Kinds } from "./wrong.ts";

/** A function, arguments that it takes, and the kind of each by name. Arguments are made within a declaration. */
export interface Row {
  readonly call: (...args: never[]) => unknown;
  readonly valid: () => readonly unknown[];
  readonly kinds: Readonly<Record<string, Kinds>>;
}
export const row = (call: (...args: never[]) => unknown, kinds: Row["kinds"], ...valid: readonly (unknown | (() => unknown))[]): Row => ({
  call,
  kinds,
  valid: () => valid.map((value) => (value instanceof Made ? value.make() : value)),
});

class Made {
  readonly make: () => unknown;
  constructor(make: () => unknown) {
    this.make = make;
  }
}
let made = 0;
export const f = (...shape: readonly number[]): Made => new Made(() => adjoint.input(`f${made++}`, shape));
export const y = (...shape: readonly number[]): Made => new Made(() => adjoint.labels(`y${made++}`, shape, { classes: 3 }));
export const b = (...shape: readonly number[]): Made => new Made(() => adjoint.less(adjoint.input(`b${made++}`, shape), 0));
export const list = (...parts: readonly Made[]): Made => new Made(() => parts.map(({ make }) => make()));
const x = { x: "floats" } as const;

const UNARY = [
  "abs",
  "acos",
  "acosh",
  "asin",
  "asinh",
  "atan",
  "atanh",
  "ceil",
  "cos",
  "cosh",
  "digamma",
  "erf",
  "erfc",
  "exp",
  "exp2",
  "expm1",
  "floor",
  "hardSigmoid",
  "hardSwish",
  "isFinite",
  "isNaN",
  "lgamma",
  "log",
  "log10",
  "log1p",
  "log2",
  "logSigmoid",
  "mish",
  "neg",
  "recip",
  "relu",
  "relu6",
  "round",
  "rsqrt",
  "selu",
  "sigmoid",
  "sign",
  "silu",
  "sin",
  "sinh",
  "softplus",
  "softsign",
  "sqrt",
  "square",
  "stopGradient",
  "tan",
  "tanh",
  "trace",
  "trunc",
] as const;
const BINARY = ["add", "atan2", "div", "fmod", "logAddExp", "maximum", "minimum", "mul", "pow", "sub"] as const;
const COMPARED = ["equal", "greater", "greaterEqual", "less", "lessEqual", "logicalAnd", "logicalOr", "notEqual"] as const;
const REDUCED = ["logSumExp", "max", "mean", "min", "prod", "sum"] as const;
const keep = { keepDims: "flag?" } as const;
const NUMBERS = ["cosineSimilarity", "logCosh", "mae", "meanAbsoluteError", "mse"] as const;
const reduction = { reduction: "text?" } as const;
const classes = { ...reduction, classWeights: "weights?", ignoreIndex: "finite?" } as const;

const every = <Name extends keyof typeof adjoint>(
  names: readonly Name[],
  of: (call: Row["call"], name: Name) => Row,
): Record<string, Row> => Object.fromEntries(names.map((name) => [name, of(adjoint[name] as Row["call"], name)]));

const layer = { name: "text?", trainable: "flag?" } as const;
const convolution = {
  ...layer,
  strides: "a number or numbers?",
  padding: "padding?",
  dilation: "a number or numbers?",
  activation: "activation?",
  useBias: "flag?",
  kernelInitializer: "initializer?",
  biasInitializer: "initializer?",
  kernel: "floats?",
  bias: "floats?",
} as const;
const gamma = { ...layer, epsilon: "not negative?", scale: "flag?", gammaInitializer: "initializer?", gamma: "floats?" } as const;
const norm = { options: { ...gamma, center: "flag?", betaInitializer: "initializer?", beta: "floats?" } } as const;
const windows = { strides: "a number or numbers?", padding: "padding?", ceilMode: "flag?" } as const;
const pool = { ...layer, ...windows } as const;
const recurrent = { units: "count", options: { ...layer, returnSequences: "flag?" } } as const;
const adam = { learningRate: "rate?", beta1: "share?", beta2: "share?", epsilon: "positive?", weightDecay: "not negative?" } as const;
const of =
  (call: (...args: never[]) => unknown): Row["call"] =>
  (at: never) =>
    (call as (x: unknown) => unknown)(at);
const double = (v: FloatTensor): FloatTensor => adjoint.mul(v, 2);

export const language: Readonly<Record<string, Row>> = {
  ...every(UNARY, (call) => row(call, x, f(2, 3))),
  ...every(BINARY, (call) => row(call, { a: "operand", b: "operand" }, f(2, 3), f(2, 3))),
  ...every(
    COMPARED.filter((name) => !name.startsWith("logical")),
    (call) => row(call, { a: "tensor", b: "any operand" }, f(2, 3), 0),
  ),
  ...every(
    COMPARED.filter((name) => name.startsWith("logical")),
    (call) => row(call, { a: "tensor", b: "any operand" }, b(2), b(2)),
  ),
  ...every(REDUCED, (call) => row(call, { ...x, axes: "numbers?", options: keep }, f(2, 3), [0], {})),
  ...every(["std", "variance"], (call) =>
    row(call, { ...x, axes: "numbers?", options: { ...keep, correction: "not negative?" } }, f(2, 3), [0], {}),
  ),
  ...every(["all", "any"], (call) => row(call, { x: "truths", axes: "numbers?", options: keep }, b(2, 3), [0], {})),
  ...every(["tril", "triu", "diagonal"], (call) => row(call, { ...x, offset: "axis?" }, f(2, 3), 1)),
  ...every(["hardshrink", "softshrink"], (call) => row(call, { ...x, lambda: "not negative?" }, f(2), 0.5)),
  ...every(NUMBERS, (call) => row(call, { x: "floats", target: "floats", options: reduction }, f(2, 3), f(2, 3), {})),
  ...every(["softmax", "logSoftmax"], (call) => row(call, { ...x, axis: "axis?" }, f(2, 3), -1)),
  ...every(["cumprod", "cumsum"], (call) => row(call, { ...x, axis: "axis" }, f(2, 3), 1)),
  ...every(["argmax", "argmin"], (call) => row(call, { ...x, axis: "axis", options: keep }, f(2, 3), 1, {})),
  ...every(["hinge", "squaredHinge"], (call) => row(call, { scores: "floats", y: "targets", options: reduction }, f(2, 3), f(2, 3), {})),
  ...every(["zeros", "ones", "he", "heUniform", "glorot", "glorotNormal"], (call) => row(call, {})),
  ...every(["adam", "adamw"], (call) => row(call, { options: { ...adam, amsgrad: "flag?" } }, {})),
  ...every(["conv1d", "conv2d", "conv3d"], (call) =>
    row(call, { filters: "count", kernelSize: "a number or numbers", options: { ...convolution, groups: "count?" } }, 2, 3, {}),
  ),
  ...every(["conv1dTranspose", "conv2dTranspose", "conv3dTranspose"], (call) =>
    row(
      call,
      {
        filters: "count",
        kernelSize: "a number or numbers",
        options: { ...convolution, groups: "count?", outputPadding: "a number or numbers?" },
      },
      2,
      3,
      {},
    ),
  ),
  ...every(["batchNorm"], (call) => row(call, { options: { ...norm.options, momentum: "number?", frozen: "flag?", axis: "axis?" } }, {})),
  ...every(["layerNorm"], (call) => row(call, norm, {})),
  ...every(["instanceNorm"], (call) => row(call, norm, {})),
  ...every(["rmsNorm"], (call) => row(call, { options: gamma }, {})),
  ...every(
    [
      "flatten",
      "globalAveragePool1d",
      "globalAveragePool2d",
      "globalAveragePool3d",
      "globalMaxPool1d",
      "globalMaxPool2d",
      "globalMaxPool3d",
    ],
    (call) => row(call, { options: layer }, {}),
  ),
  ...every(["maxPool1d", "maxPool2d", "maxPool3d"], (call) =>
    row(call, { size: "a number or numbers", options: { ...pool, dilation: "a number or numbers?" } }, 2, {}),
  ),
  ...every(["avgPool1d", "avgPool2d", "avgPool3d"], (call) =>
    row(call, { size: "a number or numbers", options: { ...pool, paddedZeros: "text?" } }, 2, {}),
  ),
  ...every(
    ["alphaDropout", "dropout", "gaussianDropout", "spatialDropout1d", "spatialDropout2d", "spatialDropout3d", "stochasticDepth"],
    (call) => row(call, { rate: "number", options: layer }, 0.5, {}),
  ),
  gaussianNoise: row(adjoint.gaussianNoise, { deviation: "not negative", options: layer }, 0.5, {}),
  rotaryEmbedding: row(adjoint.rotaryEmbedding, { ...x, options: { base: "positive?", interleaved: "flag?" } }, f(2, 4), {}),
  ...every(["gru", "lstm"], (call) => row(call, recurrent, 3, {})),
  ...every(["l1", "l2"], (call) => row(call, { weights: "tensors", strength: "finite" }, list(f(2)), 0.1)),
  accumulate: row(adjoint.accumulate, { rule: "optimizer", k: "count" }, adjoint.sgd(), 2),
  accuracy: row(adjoint.accuracy, { scores: "floats", y: "targets" }, f(2, 3), y(2)),
  activation: row(adjoint.activation, { of: "activation", options: layer }, "relu", {}),
  adadelta: row(
    adjoint.adadelta,
    { options: { learningRate: "rate?", rho: "share?", epsilon: "positive?", weightDecay: "not negative?" } },
    {},
  ),
  adamax: row(adjoint.adamax, { options: adam }, {}),
  adagrad: row(
    adjoint.adagrad,
    { options: { learningRate: "rate?", epsilon: "positive?", initialAccumulator: "not negative?", weightDecay: "not negative?" } },
    {},
  ),
  assign: row(
    adjoint.assign,
    { target: "floats", value: "floats" },
    new Made(() => adjoint.state(`s${made++}`, [2], adjoint.zeros())),
    f(2),
  ),
  batchMean: row(adjoint.batchMean, { values: "floats" }, f(2)),
  binaryAccuracy: row(adjoint.binaryAccuracy, { scores: "floats", y: "targets", options: { threshold: "finite?" } }, f(2), f(2), {}),
  bceWithLogits: row(
    adjoint.bceWithLogits,
    { scores: "floats", y: "targets", options: { ...reduction, labelSmoothing: "share?", posWeight: "operand?" } },
    f(2, 3),
    f(2, 3),
    {},
  ),
  binaryCrossentropy: row(
    adjoint.binaryCrossentropy,
    { probabilities: "floats", y: "targets", options: { ...reduction, labelSmoothing: "share?" } },
    f(2),
    f(2),
    {},
  ),
  broadcastTo: row(adjoint.broadcastTo, { x: "tensor", shape: "numbers" }, f(3), [2, 3]),
  cast: row(adjoint.cast, { x: "tensor", to: "text" }, f(2), "i32"),
  categoricalCrossentropy: row(
    adjoint.categoricalCrossentropy,
    { probabilities: "floats", y: "targets", options: { ...classes, labelSmoothing: "share?" } },
    f(2, 3),
    y(2),
    {},
  ),
  celu: row(adjoint.celu, { ...x, alpha: "positive?" }, f(2), 1),
  checkpoint: row(adjoint.checkpoint, { body: "function" }, new Made(() => () => adjoint.exp(adjoint.input(`c${made++}`, [2])))),
  clip: row(adjoint.clip, { ...x, min: "number", max: "number?" }, f(2), -1, 1),
  clipByGlobalNorm: row(adjoint.clipByGlobalNorm, { rule: "optimizer", limit: "positive" }, adjoint.sgd(), 1),
  clipByNorm: row(adjoint.clipByNorm, { rule: "optimizer", limit: "positive" }, adjoint.sgd(), 1),
  clipByValue: row(adjoint.clipByValue, { rule: "optimizer", limit: "positive" }, adjoint.sgd(), 1),
  concatenate: row(adjoint.concatenate, { parts: "tensors", axis: "axis?" }, list(f(2), f(2)), 0),
  constant: row(adjoint.constant, { value: "a number or numbers" }, 1),
  "constant(…, shape)": row(
    adjoint.constant,
    { data: "a number or truths", shape: "numbers", options: { dtype: "text?" } },
    [1, 2],
    [2],
    {},
  ),
  contrastive: row(
    adjoint.contrastive,
    { a: "floats", b: "floats", y: "targets", options: { ...reduction, margin: "positive?" } },
    f(2, 3),
    f(2, 3),
    f(2),
    {},
  ),
  cosineRestarts: row(
    adjoint.cosineRestarts,
    { rate: "rate", options: { steps: "count", times: "positive?", factor: "positive?", to: "not negative?" } },
    0.1,
    { steps: 3 },
  ),
  cosineDecay: row(adjoint.cosineDecay, { rate: "rate", options: { steps: "count", to: "not negative?" } }, 0.1, { steps: 3 }),
  customVjp: row(
    adjoint.customVjp,
    { options: { forward: "function", backward: "function" } },
    { forward: double, backward: (d: FloatTensor) => [double(d)] },
  ),
  dense: row(
    adjoint.dense,
    {
      units: "count",
      options: {
        ...layer,
        activation: "activation?",
        useBias: "flag?",
        kernelInitializer: "initializer?",
        biasInitializer: "initializer?",
        kernel: "floats?",
        bias: "floats?",
      },
    },
    3,
    {},
  ),
  "dense(…)": row(
    of((v: never) => adjoint.dense(3)(v)),
    { x: "tensor" },
    f(2, 3),
  ),
  depthwiseConv2d: row(
    adjoint.depthwiseConv2d,
    { kernelSize: "a number or numbers", options: { ...convolution, depthMultiplier: "count?" } },
    3,
    {},
  ),
  dice: row(adjoint.dice, { probabilities: "floats", y: "targets", options: { ...reduction, epsilon: "positive?" } }, f(2, 3), f(2, 3), {}),
  einsum: row(adjoint.einsum, { equation: "text", operands: "tensors" }, "i->", list(f(2))),
  elementwise: row(adjoint.elementwise, { text: "text" }, "x * 2"),
  elu: row(adjoint.elu, { ...x, alpha: "finite?" }, f(2), 1),
  ema: row(adjoint.ema, { rule: "optimizer", decay: "share" }, adjoint.sgd(), 0.9),
  embedding: row(
    adjoint.embedding,
    { vocabulary: "count", width: "count", options: { ...layer, initializer: "initializer?", table: "floats?" } },
    3,
    2,
    {},
  ),
  expandDims: row(adjoint.expandDims, { x: "tensor", axis: "axis" }, f(2), 0),
  exponentialDecay: row(adjoint.exponentialDecay, { rate: "rate", options: { factor: "positive", every: "count?" } }, 0.1, { factor: 0.5 }),
  focal: row(
    adjoint.focal,
    { scores: "floats", y: "targets", options: { ...reduction, gamma: "not negative?", alpha: "not negative?", labelSmoothing: "share?" } },
    f(2, 3),
    f(2, 3),
    {},
  ),
  gather: row(adjoint.gather, { x: "floats", at: "integers", axis: "axis?" }, f(3, 2), y(2), 0),
  gelu: row(adjoint.gelu, { x: "floats or options", options: { approximate: "text?" } }, f(2), {}),
  glu: row(adjoint.glu, { ...x, axis: "axis?" }, f(2, 4), -1),
  grad: row(
    adjoint.grad,
    { loss: "floats", of: "tensors" },
    ...(() => {
      let w: Tensor;
      return [new Made(() => adjoint.sum((w = adjoint.input(`g${made++}`, [2])) as FloatTensor)), new Made(() => [w])];
    })(),
  ),
  groupNorm: row(adjoint.groupNorm, { groups: "count", ...norm }, 2, {}),
  groups: row(adjoint.groups, { list: "groups" }, [{ parameters: ["w"], optimizer: adjoint.sgd() }, { optimizer: adjoint.adam() }]),
  hardtanh: row(adjoint.hardtanh, { ...x, min: "finite?", max: "finite?" }, f(2), -1, 1),
  huber: row(adjoint.huber, { x: "floats", target: "floats", options: { ...reduction, delta: "finite?" } }, f(2), f(2), {}),
  hyper: row(adjoint.hyper, { name: "text", value: "finite" }, new Made(() => `h${made++}`), 1),
  input: row(
    adjoint.input,
    { name: "text", shape: "numbers", options: { rows: "flag?", domain: "domain?" } },
    new Made(() => `i${made++}`),
    [2],
    {},
  ),
  inverseSquareRoot: row(adjoint.inverseSquareRoot, { rate: "rate", options: { every: "count" } }, 0.1, { every: 3 }),
  kl: row(adjoint.kl, { probabilities: "floats", target: "floats", options: reduction }, f(2, 3), f(2, 3), {}),
  labels: row(adjoint.labels, { name: "text", shape: "numbers", options: { classes: "count" } }, new Made(() => `l${made++}`), [2], {
    classes: 3,
  }),
  leakyRelu: row(adjoint.leakyRelu, { ...x, slope: "finite?" }, f(2), 0.1),
  lion: row(adjoint.lion, { options: { learningRate: "rate?", beta1: "share?", beta2: "share?", weightDecay: "not negative?" } }, {}),
  logicalNot: row(adjoint.logicalNot, { a: "truths" }, b(2)),
  matmul: row(adjoint.matmul, { a: "floats", b: "floats" }, f(2, 3), f(3, 2)),
  meshgrid: row(adjoint.meshgrid, { vectors: "tensors" }, list(f(2), f(3))),
  model: row(adjoint.model, { name: "text", options: { batch: "count?", memory: "text?" }, declare: "function" }, "m", {}, () => undefined),
  multiHeadAttention: row(adjoint.multiHeadAttention, { heads: "count", options: { ...layer, causal: "flag?", kvHeads: "count?" } }, 2, {}),
  "multiHeadAttention(…)": row(
    (v: never, call: never) => adjoint.multiHeadAttention(1)(v, call),
    { x: "floats", options: { memory: "floats?", mask: "truths?", bias: "floats?" } },
    f(2, 3, 4),
    {},
  ),
  nadam: row(adjoint.nadam, { options: { ...adam, momentumDecay: "not negative?" } }, {}),
  nanToNum: row(adjoint.nanToNum, { ...x, options: { nan: "number?", posinf: "number?", neginf: "number?" } }, f(2), {}),
  nll: row(adjoint.nll, { logProbabilities: "floats", y: "integers", options: classes }, f(2, 3), y(2), {}),
  norm: row(adjoint.norm, { ...x, p: "number?", options: { ...keep, axes: "numbers?" } }, f(2, 3), 2, {}),
  normal: row(adjoint.normal, { mean: "number?", deviation: "number?" }, 0, 1),
  oneCycle: row(
    adjoint.oneCycle,
    { peak: "rate", options: { steps: "count", warmup: "positive?", startDivisor: "positive?", endDivisor: "positive?" } },
    0.1,
    { steps: 30 },
  ),
  oneHot: row(adjoint.oneHot, { y: "integers", classes: "count", axis: "axis?" }, y(2), 3, -1),
  outer: row(adjoint.outer, { a: "floats", b: "floats" }, f(2), f(3)),
  pad: row(adjoint.pad, { x: "floats", ends: "pairs", options: { mode: "text?", value: "finite?" } }, f(2), [[1, 1]], {}),
  param: row(
    adjoint.param,
    { name: "text", shape: "numbers", initial: "initializer", options: { trainable: "flag?" } },
    new Made(() => `p${made++}`),
    [2],
    adjoint.zeros(),
    {},
  ),
  piecewise: row(adjoint.piecewise, { rates: "rates", options: { at: "counts" } }, [0.1, 0.2], { at: [3] }),
  polynomialDecay: row(
    adjoint.polynomialDecay,
    { rate: "rate", options: { steps: "count", to: "not negative?", power: "positive?" } },
    0.1,
    { steps: 3 },
  ),
  positionalEncoding: row(adjoint.positionalEncoding, { options: { ...layer, table: "text?" } }, {}),
  prelu: row(adjoint.prelu, { ...x, slope: "floats" }, f(2, 3), f(3)),
  randomNormal: row(adjoint.randomNormal, { shape: "numbers" }, [2]),
  randomUniform: row(adjoint.randomUniform, { shape: "numbers", low: "number?", high: "number?" }, [2], 0, 1),
  repeat: row(adjoint.repeat, { x: "tensor", times: "count", axis: "axis" }, f(2), 2, 0),
  reshape: row(adjoint.reshape, { x: "floats or shape", shape: "numbers" }, f(2, 3), [6]),
  residual: row(adjoint.residual, { layers: "layers", options: layer }, [adjoint.relu], {}),
  reversed: row(adjoint.reversed, { x: "tensor", axes: "numbers" }, f(2), [0]),
  rmsprop: row(
    adjoint.rmsprop,
    {
      options: {
        learningRate: "rate?",
        rho: "share?",
        epsilon: "positive?",
        momentum: "share?",
        centered: "flag?",
        weightDecay: "not negative?",
      },
    },
    {},
  ),
  roll: row(adjoint.roll, { x: "tensor", shift: "a number or numbers", axes: "a number or numbers?" }, f(3), 1, 0),
  scaledDotProductAttention: row(
    adjoint.scaledDotProductAttention,
    { q: "floats", k: "floats", v: "floats", options: { causal: "flag?", mask: "truths?", bias: "floats?", scale: "finite?" } },
    f(2, 3),
    f(2, 3),
    f(2, 3),
    {},
  ),
  scan: row(
    adjoint.scan,
    { step: "function", initial: "anything", xs: "floats" },
    (carry: unknown, v: FloatTensor) => ({ carry, y: v }),
    0,
    f(2, 3, 1),
  ),
  defineConfig: row(adjoint.defineConfig, { options: { out: "text?" } }, { out: "made" }),
  sequential: row(adjoint.sequential, { name: "text", layers: "layers" }, "s", [adjoint.dense(2)]),
  "sequential(…).compile": row(
    (options: never) => adjoint.sequential("s", [adjoint.dense(2)]).compile(options),
    {
      options: {
        input: "numbers",
        optimizer: "word or optimizer",
        loss: "text",
        metrics: "texts?",
        batchSize: "count?",
        classes: "count?",
      },
    },
    { input: [2], optimizer: "sgd", loss: "mse" },
  ),
  sgd: row(adjoint.sgd, { options: { learningRate: "rate?", momentum: "share?", nesterov: "flag?", weightDecay: "not negative?" } }, {}),
  simpleRnn: row(adjoint.simpleRnn, { units: "count", options: { ...recurrent.options, activation: "activation?" } }, 3, {}),
  size: row(adjoint.size, { name: "text", extent: "count", options: { check: "count" } }, "n", 8, { check: 2 }),
  slice: row(adjoint.slice, { x: "tensor", start: "numbers", limit: "numbers", stride: "numbers?" }, f(2), [0], [1], [1]),
  smoothL1: row(adjoint.smoothL1, { x: "floats", target: "floats", options: { ...reduction, beta: "positive?" } }, f(2), f(2), {}),
  softmaxCrossEntropy: row(
    adjoint.softmaxCrossEntropy,
    { scores: "floats", y: "targets", options: { ...classes, labelSmoothing: "share?", weights: "floats?" } },
    f(2, 3),
    y(2),
    {},
  ),
  split: row(adjoint.split, { x: "tensor", parts: "a number or numbers", axis: "axis?" }, f(2), 2, 0),
  squeeze: row(adjoint.squeeze, { x: "tensor", axis: "axis" }, f(2, 1), 1),
  stack: row(adjoint.stack, { parts: "tensors", axis: "axis?" }, list(f(2), f(2)), 0),
  state: row(adjoint.state, { name: "text", shape: "numbers", initial: "initializer" }, new Made(() => `t${made++}`), [2], adjoint.zeros()),
  stepDecay: row(adjoint.stepDecay, { rate: "rate", options: { every: "count", factor: "positive?" } }, 0.1, { every: 3 }),
  svmLoss: row(adjoint.svmLoss, { scores: "floats", y: "integers", options: reduction }, f(2, 3), y(2), {}),
  takeAlongAxis: row(adjoint.takeAlongAxis, { ...x, at: "integers", axis: "axis?" }, f(3), y(2), 0),
  threshold: row(adjoint.threshold, { ...x, threshold: "finite", value: "finite" }, f(2), 0.1, 0),
  tile: row(adjoint.tile, { x: "tensor", times: "numbers" }, f(2), [2]),
  topK: row(adjoint.topK, { x: "floats", k: "count", options: { axis: "axis?", largest: "flag?" } }, f(2, 3), 2, {}),
  topKAccuracy: row(adjoint.topKAccuracy, { scores: "floats", y: "targets", k: "number" }, f(2, 3), y(2), 2),
  ...every(["sort", "argsort"], (call) => row(call, { ...x, axis: "axis?", options: { descending: "flag?" } }, f(2, 3), -1, {})),
  ...every(["scatter", "scatterAdd"], (call) => row(call, { ...x, at: "integers", updates: "floats", axis: "axis?" }, f(3), y(2), f(2), 0)),
  cummax: row(adjoint.cummax, { ...x, axis: "axis?" }, f(2, 3), -1),
  median: row(adjoint.median, { ...x, axis: "axis?", options: keep }, f(2, 3), -1, {}),
  transpose: row(adjoint.transpose, { x: "floats", order: "numbers?" }, f(2, 3), [1, 0]),
  triplet: row(
    adjoint.triplet,
    {
      anchor: "floats",
      positive: "floats",
      negative: "floats",
      options: { ...reduction, margin: "positive?", p: "positive?", swap: "flag?" },
    },
    f(2, 3),
    f(2, 3),
    f(2, 3),
    {},
  ),
  uniform: row(adjoint.uniform, { low: "number", high: "number" }, 0, 1),
  ...every(["upsampling1d", "upsampling2d", "upsampling3d"], (call) =>
    row(call, { factor: "a number or numbers", options: { ...layer, interpolation: "text?" } }, 2, {}),
  ),
  ...every(["pixelShuffle", "pixelUnshuffle"], (call) => row(call, { ...x, factor: "count" }, f(1, 4, 2, 2), 2)),
  gridSample: row(
    adjoint.gridSample,
    { ...x, grid: "floats", options: { mode: "text?", outside: "text?", alignCorners: "flag?" } },
    f(1, 2, 3, 3),
    f(1, 2, 2, 2),
    {},
  ),
  resize: row(
    adjoint.resize,
    { ...x, size: "a number or numbers", options: { mode: "text?", coordinates: "text?", cubicCoefficient: "finite?" } },
    f(1, 2, 3),
    5,
    {},
  ),
  warmup: row(adjoint.warmup, { steps: "count", then: "rate" }, 3, 0.1),
  where: row(adjoint.where, { condition: "truths", a: "operand", b: "operand" }, b(2), f(2), 0),
};
