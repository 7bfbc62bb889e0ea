/** What PyTorch, Keras and ONNX call what is here, name by name: the table docs/names.md (`npm run tables`) is made of this and of the code. */

import { ops } from "../compiler/ops/index.ts";

/** Names elsewhere: torch (functions without prefix are torch.…, `F.` torch.nn.functional, `optim.` torch.optim), keras, onnx; and what differs. */
type Elsewhere = readonly [torch?: string | undefined, keras?: string | undefined, onnx?: string | undefined, differs?: string];

const ELEMENTWISE: Readonly<Record<string, Elsewhere>> = {
  abs: ["abs", "ops.abs", "Abs", "the slope at 0 is 0"],
  acos: ["acos", "ops.arccos", "Acos"],
  acosh: ["acosh", "ops.arccosh", "Acosh"],
  add: ["add", "ops.add", "Add"],
  asin: ["asin", "ops.arcsin", "Asin"],
  asinh: ["asinh", "ops.arcsinh", "Asinh"],
  atan: ["atan", "ops.arctan", "Atan"],
  atan2: ["atan2", "ops.arctan2", undefined, "−0 counts as 0"],
  atanh: ["atanh", "ops.arctanh", "Atanh"],
  ceil: ["ceil", "ops.ceil", "Ceil"],
  clip: ["clip", "ops.clip", "Clip", "the slope on a bound is 1, as in ONNX; in PyTorch 2.15 it is 0"],
  cos: ["cos", "ops.cos", "Cos"],
  cosh: ["cosh", "ops.cosh", "Cosh"],
  digamma: ["digamma", "ops.digamma"],
  div: ["div", "ops.divide", "Div"],
  erf: ["erf", "ops.erf", "Erf"],
  erfc: ["erfc"],
  exp: ["exp", "ops.exp", "Exp"],
  exp2: ["exp2", "ops.exp2"],
  expm1: ["expm1", "ops.expm1"],
  floor: ["floor", "ops.floor", "Floor"],
  fmod: ["fmod", undefined, "Mod (fmod=1)", "where a / b rounds to a whole number, the rest is about 0"],
  isFinite: ["isfinite", "ops.isfinite"],
  isNaN: ["isnan", "ops.isnan", "IsNaN"],
  lgamma: ["lgamma", undefined, undefined, "log |Γ(x)|"],
  log: ["log", "ops.log", "Log"],
  log10: ["log10", "ops.log10"],
  log1p: ["log1p", "ops.log1p"],
  log2: ["log2", "ops.log2"],
  logAddExp: ["logaddexp", "ops.logaddexp"],
  maximum: ["maximum", "ops.maximum", "Max"],
  minimum: ["minimum", "ops.minimum", "Min"],
  mul: ["mul", "ops.multiply", "Mul"],
  nanToNum: ["nan_to_num", "ops.nan_to_num"],
  neg: ["neg", "ops.negative", "Neg"],
  pow: ["pow", "ops.power", "Pow", "slopes at 0 are finite wherever a limit is"],
  recip: ["reciprocal", "ops.reciprocal", "Reciprocal"],
  round: ["round", "ops.round", "Round"],
  rsqrt: ["rsqrt", "ops.rsqrt"],
  sign: ["sign", "ops.sign", "Sign"],
  sin: ["sin", "ops.sin", "Sin"],
  sinh: ["sinh", "ops.sinh", "Sinh"],
  sqrt: ["sqrt", "ops.sqrt", "Sqrt"],
  square: ["square", "ops.square"],
  sub: ["sub", "ops.subtract", "Sub"],
  tan: ["tan", "ops.tan", "Tan"],
  trunc: ["trunc", "ops.trunc"],
  where: ["where", "ops.where", "Where"],
  cast: ["Tensor.to", "ops.cast", "Cast", "to i32 saturates, and takes NaN to 0"],
  equal: ["eq", "ops.equal", "Equal"],
  notEqual: ["ne", "ops.not_equal"],
  less: ["lt", "ops.less", "Less"],
  lessEqual: ["le", "ops.less_equal", "LessOrEqual"],
  greater: ["gt", "ops.greater", "Greater"],
  greaterEqual: ["ge", "ops.greater_equal", "GreaterOrEqual"],
  logicalAnd: ["logical_and", "ops.logical_and", "And"],
  logicalOr: ["logical_or", "ops.logical_or", "Or"],
  logicalNot: ["logical_not", "ops.logical_not", "Not"],
  elementwise: [undefined, undefined, undefined, "a function of x as text"],
};

const ACTIVATIONS: Readonly<Record<string, Elsewhere>> = {
  celu: ["F.celu", "activations.celu", "Celu"],
  elu: ["F.elu", "activations.elu", "Elu"],
  gelu: ["F.gelu", "activations.gelu", "Gelu"],
  glu: ["F.glu", "activations.glu"],
  hardSigmoid: ["F.hardsigmoid", "activations.hard_sigmoid", "HardSigmoid (alpha=1/6)"],
  hardSwish: ["F.hardswish", "activations.hard_silu", "HardSwish"],
  hardshrink: ["F.hardshrink", "activations.hard_shrink", "Shrink"],
  hardtanh: ["F.hardtanh", "activations.hard_tanh", undefined, "the slope on a bound is 0, unlike clip's"],
  leakyRelu: ["F.leaky_relu", "activations.leaky_relu", "LeakyRelu", "slope 0.01, as in PyTorch; Keras has 0.2"],
  logSigmoid: ["F.logsigmoid", "activations.log_sigmoid"],
  logSoftmax: ["F.log_softmax", "activations.log_softmax", "LogSoftmax"],
  mish: ["F.mish", "activations.mish", "Mish"],
  prelu: ["F.prelu", "layers.PReLU", "PRelu"],
  relu: ["F.relu", "activations.relu", "Relu"],
  relu6: ["F.relu6", "activations.relu6"],
  selu: ["F.selu", "activations.selu", "Selu"],
  sigmoid: ["sigmoid", "activations.sigmoid", "Sigmoid"],
  silu: ["F.silu", "activations.silu", "Swish"],
  softmax: ["F.softmax", "activations.softmax", "Softmax"],
  softplus: ["F.softplus", "activations.softplus", "Softplus"],
  softshrink: ["F.softshrink", "activations.soft_shrink", "Shrink (bias)"],
  softsign: ["F.softsign", "activations.softsign", "Softsign"],
  tanh: ["tanh", "activations.tanh", "Tanh"],
  threshold: ["F.threshold", "activations.threshold"],
};

const TENSORS: Readonly<Record<string, Elsewhere>> = {
  all: ["all", "ops.all"],
  any: ["any", "ops.any"],
  argmax: ["argmax", "ops.argmax", "ArgMax"],
  argsort: ["argsort", "ops.argsort", undefined, "stable; every two elements are compared"],
  argmin: ["argmin", "ops.argmin", "ArgMin"],
  broadcastTo: ["broadcast_to", "ops.broadcast_to", "Expand"],
  concatenate: ["cat", "ops.concatenate", "Concat", "along the last axis by default"],
  constant: ["tensor", "ops.convert_to_tensor", "Constant", "without a shape an initializer"],
  cummax: ["cummax", undefined, undefined, "the values; equals share the gradient"],
  cumprod: ["cumprod", "ops.cumprod"],
  cumsum: ["cumsum", "ops.cumsum", "CumSum"],
  diagonal: ["diagonal", "ops.diagonal", undefined, "of the last two axes"],
  einsum: ["einsum", "ops.einsum", "Einsum", "the operands are a list"],
  expandDims: ["unsqueeze", "ops.expand_dims", "Unsqueeze"],
  gather: ["index_select", "ops.take", "Gather"],
  logSumExp: ["logsumexp", "ops.logsumexp", "ReduceLogSumExp"],
  matmul: ["matmul", "ops.matmul", "MatMul"],
  max: ["amax", "ops.max", "ReduceMax", "equals share the gradient"],
  mean: ["mean", "ops.mean", "ReduceMean"],
  median: ["median", "ops.median", undefined, "of two the lower one, as in PyTorch"],
  meshgrid: ["meshgrid", "ops.meshgrid", undefined, 'indexing "ij", PyTorch\'s default'],
  min: ["amin", "ops.min", "ReduceMin", "equals share the gradient"],
  norm: ["linalg.vector_norm", "ops.norm", "ReduceL1, ReduceL2"],
  oneHot: ["F.one_hot", "ops.one_hot", "OneHot"],
  outer: ["outer", "ops.outer"],
  pad: ["F.pad", "ops.pad", "Pad", "[low, high] for every axis, in their order; edge is PyTorch's replicate"],
  prod: ["prod", "ops.prod", "ReduceProd"],
  repeat: ["repeat_interleave", "ops.repeat", undefined, "PyTorch's Tensor.repeat is tile"],
  reshape: ["reshape", "ops.reshape", "Reshape", "given a shape alone a layer that keeps the batch axis"],
  reversed: ["flip", "ops.flip"],
  roll: ["roll", "ops.roll", undefined, "along the last axis by default"],
  scatter: ["scatter", undefined, "ScatterElements", "of several at one position the last in row-major order"],
  scatterAdd: ["scatter_add", undefined, "ScatterElements (add)"],
  sort: ["sort", "ops.sort", undefined, "the values; every two elements are compared"],
  slice: ["Tensor[a:b:c]", "ops.slice", "Slice", "strides below 0 too; an infinite end is the axis's own"],
  split: ["split", "ops.split", "Split", "a number is how many parts, as in NumPy"],
  squeeze: ["squeeze", "ops.squeeze", "Squeeze"],
  stack: ["stack", "ops.stack"],
  std: ["std", "ops.std", undefined, "biased, as in Keras; PyTorch's is { correction: 1 }"],
  stopGradient: ["Tensor.detach", "ops.stop_gradient"],
  sum: ["sum", "ops.sum", "ReduceSum"],
  takeAlongAxis: ["take_along_dim", "ops.take_along_axis", "GatherElements", "each element of the axis is looked at"],
  topK: ["topk", "ops.top_k", "TopK", "of labels it is topKAccuracy; every two elements are compared"],
  tile: ["tile", "ops.tile", "Tile"],
  trace: ["trace", "ops.trace", undefined, "of the last two axes"],
  transpose: ["permute", "ops.transpose", "Transpose"],
  tril: ["tril", "ops.tril", "Trilu (upper=0)"],
  triu: ["triu", "ops.triu", "Trilu"],
  variance: ["var", "ops.var", undefined, "biased, as in Keras; PyTorch's is { correction: 1 }"],
};

const LAYERS: Readonly<Record<string, Elsewhere>> = {
  activation: ["nn.ReLU, …", "layers.Activation"],
  alphaDropout: ["F.alpha_dropout", "layers.AlphaDropout"],
  avgPool1d: ["F.avg_pool1d", "layers.AveragePooling1D", "AveragePool", "padding does not count unless paddedZeros says so"],
  avgPool2d: ["F.avg_pool2d", "layers.AveragePooling2D", "AveragePool", "padding does not count unless paddedZeros says so"],
  avgPool3d: ["F.avg_pool3d", "layers.AveragePooling3D", "AveragePool", "padding does not count unless paddedZeros says so"],
  batchNorm: [
    "F.batch_norm",
    "layers.BatchNormalization",
    "BatchNormalization",
    "momentum is Keras's, PyTorch's is 1 less it; channels are axis 1",
  ],
  conv1d: ["F.conv1d", "layers.Conv1D", "Conv", "channels are axis 1, kernels [filters, channels / groups, …], as in PyTorch"],
  conv1dTranspose: ["F.conv_transpose1d", "layers.Conv1DTranspose", "ConvTranspose"],
  conv2d: ["F.conv2d", "layers.Conv2D", "Conv", "channels are axis 1, kernels [filters, channels / groups, …], as in PyTorch"],
  conv2dTranspose: ["F.conv_transpose2d", "layers.Conv2DTranspose", "ConvTranspose"],
  conv3d: ["F.conv3d", "layers.Conv3D", "Conv", "channels are axis 1, kernels [filters, channels / groups, …], as in PyTorch"],
  conv3dTranspose: ["F.conv_transpose3d", "layers.Conv3DTranspose", "ConvTranspose"],
  dense: ["F.linear", "layers.Dense", "Gemm", "the kernel is [in, units], as in Keras"],
  depthwiseConv2d: ["F.conv2d (groups)", "layers.DepthwiseConv2D", "Conv (group)"],
  dropout: ["F.dropout", "layers.Dropout", "Dropout", "the function takes the mask"],
  embedding: ["F.embedding", "layers.Embedding", "Gather"],
  flatten: ["flatten", "layers.Flatten", "Flatten"],
  gaussianDropout: [undefined, "layers.GaussianDropout"],
  gaussianNoise: [undefined, "layers.GaussianNoise"],
  globalAveragePool1d: ["F.adaptive_avg_pool1d(x, 1)", "layers.GlobalAveragePooling1D", "GlobalAveragePool"],
  globalAveragePool2d: ["F.adaptive_avg_pool2d(x, 1)", "layers.GlobalAveragePooling2D", "GlobalAveragePool"],
  globalAveragePool3d: ["F.adaptive_avg_pool3d(x, 1)", "layers.GlobalAveragePooling3D", "GlobalAveragePool"],
  globalMaxPool1d: ["F.adaptive_max_pool1d(x, 1)", "layers.GlobalMaxPooling1D", "GlobalMaxPool", "equals share the gradient"],
  globalMaxPool2d: ["F.adaptive_max_pool2d(x, 1)", "layers.GlobalMaxPooling2D", "GlobalMaxPool", "equals share the gradient"],
  globalMaxPool3d: ["F.adaptive_max_pool3d(x, 1)", "layers.GlobalMaxPooling3D", "GlobalMaxPool", "equals share the gradient"],
  groupNorm: ["F.group_norm", "layers.GroupNormalization", "GroupNormalization"],
  gru: ["nn.GRU", "layers.GRU (reset_after)", "GRU (linear_before_reset)"],
  instanceNorm: ["F.instance_norm", "layers.GroupNormalization(-1)", "InstanceNormalization"],
  layerNorm: ["F.layer_norm", "layers.LayerNormalization", "LayerNormalization"],
  lstm: ["nn.LSTM", "layers.LSTM", "LSTM"],
  maxPool1d: ["F.max_pool1d", "layers.MaxPooling1D", "MaxPool"],
  maxPool2d: ["F.max_pool2d", "layers.MaxPooling2D", "MaxPool"],
  maxPool3d: ["F.max_pool3d", "layers.MaxPooling3D", "MaxPool"],
  multiHeadAttention: [
    "nn.MultiheadAttention",
    "layers.MultiHeadAttention, layers.GroupedQueryAttention",
    undefined,
    "one width for queries, keys and values",
  ],
  positionalEncoding: [undefined, undefined, undefined, "sinusoidal (Vaswani et al. 2017), or learned"],
  residual: [undefined, "layers.Add of a branch"],
  rmsNorm: ["F.rms_norm", "layers.RMSNormalization", "RMSNormalization"],
  rotaryEmbedding: [undefined, undefined, "RotaryEmbedding"],
  scaledDotProductAttention: [
    "F.scaled_dot_product_attention",
    "ops.dot_product_attention",
    "Attention",
    "fewer heads of keys need no flag",
  ],
  simpleRnn: ["nn.RNN", "layers.SimpleRNN", "RNN"],
  spatialDropout1d: ["F.dropout1d", "layers.SpatialDropout1D"],
  spatialDropout2d: ["F.dropout2d", "layers.SpatialDropout2D"],
  spatialDropout3d: ["F.dropout3d", "layers.SpatialDropout3D"],
  stochasticDepth: ["torchvision.ops.stochastic_depth", undefined, undefined, 'mode "row"'],
  gridSample: ["F.grid_sample", undefined, "GridSample", "two axes; zeros or the border outside; of each place all pixels are looked at"],
  pixelShuffle: ["F.pixel_shuffle", undefined, "DepthToSpace (CRD)"],
  pixelUnshuffle: ["F.pixel_unshuffle", undefined, undefined, "ONNX's SpaceToDepth orders channels otherwise"],
  resize: ["F.interpolate", "ops.image.resize", "Resize", "no antialiasing"],
  upsampling1d: ["F.interpolate", "layers.UpSampling1D", "Resize"],
  upsampling2d: ["F.interpolate", "layers.UpSampling2D", "Resize", "per axis; linear is Keras's bilinear, cubic its bicubic"],
  upsampling3d: ["F.interpolate", "layers.UpSampling3D", "Resize"],
};

const LOSSES: Readonly<Record<string, Elsewhere>> = {
  batchMean: [undefined, undefined, undefined, "of the batch's real rows: for losses of your own"],
  bceWithLogits: ["F.binary_cross_entropy_with_logits", "losses.BinaryCrossentropy (from_logits)"],
  binaryCrossentropy: ["F.binary_cross_entropy", "losses.BinaryCrossentropy", undefined, "nothing is clipped"],
  categoricalCrossentropy: [undefined, "losses.CategoricalCrossentropy", undefined, "labels or dense targets; nothing is clipped"],
  contrastive: [undefined, undefined, undefined, "of two embeddings and whether they belong together"],
  cosineSimilarity: ["F.cosine_similarity", "losses.CosineSimilarity", undefined, "−1 where both point the same way, as in Keras"],
  dice: [undefined, "losses.Dice", undefined, "row by row, then the mean"],
  focal: ["torchvision.ops.sigmoid_focal_loss", "losses.BinaryFocalCrossentropy", undefined, "from logits; alpha only where given"],
  hinge: [undefined, "losses.Hinge"],
  huber: ["F.huber_loss", "losses.Huber"],
  kl: ["F.kl_div", "losses.KLDivergence", undefined, "of probabilities, as in Keras; mean over rows"],
  l1: [undefined, "regularizers.L1", undefined, "a term of the loss, λ·Σ|W|"],
  l2: [undefined, "regularizers.L2", undefined, "a term of the loss, λ·ΣW²"],
  logCosh: [undefined, "losses.LogCosh"],
  mae: ["F.l1_loss", "losses.MeanAbsoluteError"],
  meanAbsoluteError: ["F.l1_loss", "losses.MeanAbsoluteError"],
  mse: ["F.mse_loss", "losses.MeanSquaredError"],
  nll: ["F.nll_loss", undefined, "NegativeLogLikelihoodLoss", "classes are the last axis"],
  smoothL1: ["F.smooth_l1_loss"],
  softmaxCrossEntropy: [
    "F.cross_entropy",
    "losses.SparseCategoricalCrossentropy (from_logits)",
    "SoftmaxCrossEntropyLoss",
    "classes are the last axis; `weights` are Keras's, `classWeights` PyTorch's; ignoreIndex is no class",
  ],
  squaredHinge: [undefined, "losses.SquaredHinge"],
  svmLoss: ["F.multi_margin_loss", undefined, undefined, "the sum over classes, which PyTorch divides by their number"],
  triplet: ["F.triplet_margin_loss"],
};

const OPTIMIZERS: Readonly<Record<string, Elsewhere>> = {
  accumulate: [undefined, "gradient_accumulation_steps"],
  adadelta: ["optim.Adadelta", "optimizers.Adadelta"],
  adagrad: ["optim.Adagrad", "optimizers.Adagrad"],
  adam: ["optim.Adam", "optimizers.Adam", undefined, "ε 1e-8 outside the root, as in PyTorch"],
  adamax: ["optim.Adamax", "optimizers.Adamax"],
  adamw: ["optim.AdamW", "optimizers.AdamW"],
  clipByGlobalNorm: ["nn.utils.clip_grad_norm_", "global_clipnorm"],
  clipByNorm: ["nn.utils.clip_grad_norm_ of one parameter", "clipnorm"],
  clipByValue: ["nn.utils.clip_grad_value_", "clipvalue"],
  ema: ["optim.swa_utils.AveragedModel", "use_ema"],
  groups: ["parameter groups"],
  lion: [undefined, "optimizers.Lion"],
  nadam: ["optim.NAdam", "optimizers.Nadam", undefined, "momentum decay 4e-3, as in PyTorch"],
  rmsprop: ["optim.RMSprop", "optimizers.RMSprop", undefined, "ρ 0.99 and ε outside the root, as in PyTorch"],
  sgd: ["optim.SGD", "optimizers.SGD"],
  cosineDecay: ["optim.lr_scheduler.CosineAnnealingLR", "schedules.CosineDecay"],
  cosineRestarts: [
    "optim.lr_scheduler.CosineAnnealingWarmRestarts",
    "schedules.CosineDecayRestarts",
    undefined,
    "`times` is 1 by default, as in PyTorch",
  ],
  exponentialDecay: ["optim.lr_scheduler.ExponentialLR", "schedules.ExponentialDecay"],
  inverseSquareRoot: [undefined, undefined, undefined, "rate / √(1 + step/every)"],
  oneCycle: ["optim.lr_scheduler.OneCycleLR"],
  piecewise: ["optim.lr_scheduler.SequentialLR", "schedules.PiecewiseConstantDecay"],
  polynomialDecay: ["optim.lr_scheduler.PolynomialLR", "schedules.PolynomialDecay", undefined, "down to 0 by default, as in PyTorch"],
  stepDecay: ["optim.lr_scheduler.StepLR"],
  warmup: ["optim.lr_scheduler.LinearLR", "warmup_target"],
};

const TABLES = {
  Layers: LAYERS,
  "Elementwise functions, comparisons and choices": ELEMENTWISE,
  Activations: ACTIVATIONS,
  "Reductions, shapes, positions and products": TENSORS,
  "Losses and penalties": LOSSES,
  "Optimizers and schedules": OPTIMIZERS,
} as const;

/** Files of the layer language whose public functions stand in the tables. */
export const IN_TABLES =
  /^compiler\/model\/(activations|attention|comparisons|constants|einsum|elementwise|finite|formula|matrices|movements|padding|piecewise|products|reductions|repetition|rotary|scattering|sorting|tensors|layers\/.*|functions\/(resize|sampling)|losses\/.*|optimizers\/.*)\.ts$/;
/** What those files declare besides. */
const APART: ReadonlySet<string> = new Set(["grad"]);

/** What the language calls otherwise than the op that it is. */
const OPS: Readonly<Record<string, string>> = {
  maximum: "max",
  minimum: "min",
  less: "lt",
  lessEqual: "le",
  equal: "eq",
  logicalAnd: "and",
};
const OTHERS: Readonly<Record<string, string>> = {
  logicalOr: "or",
  logicalNot: "not",
  max: "reduceMax",
  concatenate: "concat",
  reversed: "reverse",
};
const MOVED: Readonly<Record<string, string>> = { expandDims: "reshape", squeeze: "reshape", matmul: "dot" };
/** Names that an op has, and a composition too. */
const COMPOSED: ReadonlySet<string> = new Set(["min", "pad", "slice", "greater", "constant", "scatterAdd"]);

const isPrimitive = (name: string): boolean => !COMPOSED.has(name) && ({ ...OPS, ...OTHERS, ...MOVED }[name] ?? name) in ops;

const cell = (text: string | undefined): string => (text === undefined ? "" : text.replaceAll("|", "\\|"));
const code = (text: string | undefined): string => (text === undefined ? "" : `\`${text}\``);

/** The page, of the public names with the files that declare them. Throws for a name that is in no table, or that nobody declares. */
export function namesPage(
  declared: readonly { readonly name: string; readonly path: string }[],
  /** What compiler/functions.ts exports. */ functions: readonly string[],
): string {
  const known = new Set(Object.values(TABLES).flatMap((table) => Object.keys(table)));
  const here = new Set(declared.map(({ name }) => name));
  const missing = declared.filter(({ name, path }) => IN_TABLES.test(path) && !APART.has(name) && !known.has(name) && name !== "reshape");
  const stale = [...known].filter((name) => !here.has(name));
  if (missing.length + stale.length > 0)
    throw new Error(
      `scripts/names.ts lacks ${missing.map(({ name }) => name).join(", ") || "none"}, and has beyond ${stale.join(", ") || "none"}`,
    );
  const parts = Object.entries(TABLES).map(([title, table]) => {
    const kinds = /^(Layers|Losses|Optimizers)/.test(title) ? [] : ["is"];
    const isLayers = table === LAYERS;
    // a layer without a word on functions is one, with the function under it or without
    const under = (name: string): readonly string[] => (isLayers ? [functions.includes(name) ? "`functions." + name + "`" : ""] : []);
    const rows = Object.entries<Elsewhere>(table)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, [torch, keras, onnx, differs]]) => [
        code(name),
        code(torch),
        code(keras),
        code(onnx),
        ...kinds.map(() => (isPrimitive(name) ? "a primitive" : "a composition")),
        ...under(name),
        cell(differs),
      ]);
    const head = ["here", "PyTorch", "Keras", "ONNX", ...kinds, ...(isLayers ? ["of given tensors"] : []), "what differs"];
    return `## ${title}\n\n${[head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n")}`;
  });
  return `# Names here and elsewhere

Made by \`npm run tables\` from scripts/names.ts and the code. In PyTorch's column a name without a prefix is of \`torch\`, \`F\` is
\`torch.nn.functional\`; in Keras's it is of \`keras\`. Values, first and second gradients are held to PyTorch's, where it has the function, by
\`test/pytorch\`, whose cases \`interop/pytorch\` writes. A primitive is one node of the graph, with a gradient rule of its own; a composition
is several, and its gradient is theirs. Functions of given tensors are in \`adjoint/functions\`: of the names of layers, and
${functions
  .filter((name) => !(name in LAYERS))
  .map(code)
  .join(", ")}.

${parts.join("\n\n")}
`;
}
