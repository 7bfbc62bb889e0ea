/** Guarantees a valid call of what PyTorch and Keras have besides, and of which kind each argument is. */

import * as adjoint from "adjoint";
import { f, list, row, y, type Row } from "./row.ts";

const x = { x: "floats" } as const;
const layer = { name: "text?", trainable: "flag?" } as const;
const reduction = { reduction: "text?" } as const;
const per = "a number or numbers" as const;
const patches = { strides: `${per}?`, padding: "padding?", dilation: `${per}?` } as const;
const color = { ...layer, valueRange: "range?" } as const;
const warp = { ...layer, outside: "text?", interpolation: "text?" } as const;

type Public = Readonly<Record<string, Row["call"]>>;
const every = (names: readonly string[], of: (call: Row["call"]) => Row): Readonly<Record<string, Row>> =>
  Object.fromEntries(names.map((name) => [name, of((adjoint as unknown as Public)[name]!)]));
const spaces = (stem: string, end = ""): readonly string[] => [1, 2, 3].map((n) => `${stem}${n}d${end}`);
const over = (stem: string, end: string, of: (call: Row["call"], space: readonly number[]) => Row): Readonly<Record<string, Row>> =>
  Object.assign({}, ...spaces(stem, end).map((name, n) => every([name], (call) => of(call, [6, 6, 6].slice(0, n + 1))))) as Record<
    string,
    Row
  >;

export const vocabulary: Readonly<Record<string, Row>> = {
  adafactor: row(
    adjoint.adafactor,
    { options: { learningRate: "rate?", epsilon1: "positive?", epsilon2: "not negative?", weightDecay: "not negative?" } },
    {},
  ),
  ftrl: row(
    adjoint.ftrl,
    {
      options: {
        learningRate: "rate?",
        initialAccumulator: "not negative?",
        l1: "not negative?",
        l2: "not negative?",
        beta: "not negative?",
      },
    },
    {},
  ),
  scheduleFreeAdamw: row(
    adjoint.scheduleFreeAdamw,
    { options: { learningRate: "rate?", beta2: "share?", epsilon: "positive?", weightDecay: "not negative?" } },
    {},
  ),
  lamb: row(
    adjoint.lamb,
    { options: { learningRate: "rate?", beta1: "share?", beta2: "share?", epsilon: "positive?", weightDecay: "not negative?" } },
    {},
  ),
  muon: row(
    adjoint.muon,
    {
      options: {
        learningRate: "rate?",
        momentum: "share?",
        nesterov: "flag?",
        weightDecay: "not negative?",
        steps: "count?",
        rmsRate: "positive?",
      },
    },
    {},
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
  ...every(["softmin"], (call) => row(call, { ...x, axis: "axis?" }, f(2, 3), -1)),
  ...every(["tanhShrink"], (call) => row(call, x, f(2))),
  gumbelSoftmax: row(adjoint.gumbelSoftmax, { ...x, options: { temperature: "positive?", hard: "flag?", axis: "axis?" } }, f(2, 3), {}),
  rrelu: row(adjoint.rrelu, { ...x, options: { lower: "finite?", upper: "finite?" } }, f(2, 3), {}),
  normalize: row(adjoint.normalize, { ...x, options: { p: "number?", axis: "axis?", epsilon: "positive?" } }, f(2, 3), {}),
  pairwiseDistance: row(
    adjoint.pairwiseDistance,
    { a: "floats", b: "floats", options: { p: "number?", epsilon: "number?", keepDims: "flag?" } },
    f(2, 3),
    f(2, 3),
    {},
  ),
  pdist: row(adjoint.pdist, { ...x, p: "number?" }, f(3, 2), 2),
  average: row(adjoint.average, { parts: "tensors" }, list(f(2), f(2))),
  dot: row(adjoint.dot, { a: "floats", b: "floats", options: { normalize: "flag?" } }, f(2, 3), f(2, 3), {}),
  unfold: row(adjoint.unfold, { ...x, window: per, options: patches }, f(1, 2, 4, 4), 2, {}),
  fold: row(adjoint.fold, { ...x, size: per, window: per, options: patches }, f(1, 8, 9), [4, 4], 2, {}),
  bilinear: row(
    adjoint.bilinear,
    { a: "floats", b: "floats", kernel: "floats", options: { bias: "floats?" } },
    f(2, 3),
    f(2, 2),
    f(4, 3, 2),
    {},
  ),
  embeddingBag: row(
    adjoint.embeddingBag,
    { x: "integers", table: "floats", options: { mode: "text?", weights: "floats?" } },
    y(2, 2),
    f(3, 4),
    {},
  ),
  affineGrid: row(adjoint.affineGrid, { theta: "floats", size: "numbers", alignCorners: "flag?" }, f(1, 2, 3), [2, 2], false),
  channelShuffle: row(adjoint.channelShuffle, { ...x, groups: "count" }, f(1, 4, 2), 2),
  localResponseNorm: row(
    adjoint.localResponseNorm,
    { ...x, size: "count", options: { alpha: "finite?", beta: "finite?", k: "finite?" } },
    f(1, 4, 2),
    2,
    {},
  ),
  ...over("lpPool", "", (call, space) =>
    row(call, { ...x, p: "positive", window: per, options: { strides: `${per}?`, ceilMode: "flag?" } }, f(1, 2, ...space), 2, 2, {}),
  ),
  ...over("maxPool", "WithIndices", (call, space) =>
    row(call, { ...x, size: per, options: { ...patches, ceilMode: "flag?" } }, f(1, 2, ...space), 2, {}),
  ),
  ...over("adaptiveMaxPool", "WithIndices", (call, space) => row(call, { ...x, size: per }, f(1, 2, ...space), 2)),
  ...over("maxUnpool", "", (call, space) =>
    row(
      call,
      { ...x, indices: "integers", window: per, options: { strides: `${per}?`, padding: `${per}?`, size: `${per}?` } },
      f(1, 2, ...space),
      y(1, 2, ...space),
      2,
      {},
    ),
  ),
  ...every(["fractionalMaxPool2d", "fractionalMaxPool2dWithIndices"], (call) =>
    row(call, { ...x, window: per, size: per, options: { samples: "floats?" } }, f(1, 2, 6, 6), 2, 3, {}),
  ),
  ...every(["fractionalMaxPool3d", "fractionalMaxPool3dWithIndices"], (call) =>
    row(call, { ...x, window: per, size: per, options: { samples: "floats?" } }, f(1, 2, 6, 6, 6), 2, 3, {}),
  ),
  // losses
  ...every(["softMargin"], (call) => row(call, { scores: "floats", y: "targets", options: reduction }, f(2, 3), f(2, 3), {})),
  ...every(["categoricalHinge"], (call) => row(call, { scores: "floats", y: "targets", options: reduction }, f(2, 3), y(2), {})),
  hingeEmbedding: row(adjoint.hingeEmbedding, { ...x, y: "targets", options: { ...reduction, margin: "number?" } }, f(2), f(2), {}),
  marginRanking: row(
    adjoint.marginRanking,
    { a: "floats", b: "floats", y: "targets", options: { ...reduction, margin: "number?" } },
    f(2),
    f(2),
    f(2),
    {},
  ),
  multiMargin: row(
    adjoint.multiMargin,
    { scores: "floats", y: "integers", options: { ...reduction, margin: "number?", p: "positive?", classWeights: "weights?" } },
    f(2, 3),
    y(2),
    {},
  ),
  multilabelMargin: row(adjoint.multilabelMargin, { scores: "floats", y: "floats", options: reduction }, f(2, 3), f(2, 3), {}),
  multilabelSoftMargin: row(
    adjoint.multilabelSoftMargin,
    { scores: "floats", y: "targets", options: { ...reduction, classWeights: "weights?" } },
    f(2, 3),
    f(2, 3),
    {},
  ),
  poissonNll: row(
    adjoint.poissonNll,
    { ...x, target: "floats", options: { ...reduction, log: "flag?", full: "flag?", epsilon: "positive?" } },
    f(2),
    f(2),
    {},
  ),
  ...every(["poisson", "mape", "msle"], (call) => row(call, { ...x, target: "floats", options: reduction }, f(2), f(2), {})),
  gaussianNll: row(
    adjoint.gaussianNll,
    { ...x, target: "floats", variance: "floats", options: { ...reduction, full: "flag?", epsilon: "positive?" } },
    f(2),
    f(2),
    f(2),
    {},
  ),
  cosineEmbedding: row(
    adjoint.cosineEmbedding,
    { a: "floats", b: "floats", y: "targets", options: { ...reduction, margin: "share?" } },
    f(2, 3),
    f(2, 3),
    f(2),
    {},
  ),
  circle: row(
    adjoint.circle,
    { ...x, y: "integers", options: { ...reduction, gamma: "positive?", margin: "positive?" } },
    f(2, 3),
    y(2),
    {},
  ),
  ctc: row(
    adjoint.ctc,
    { scores: "floats", y: "integers", options: { ...reduction, inputLengths: "integers?", labelLengths: "integers?" } },
    f(2, 4, 3),
    y(2, 2),
    {},
  ),
  categoricalFocal: row(
    adjoint.categoricalFocal,
    {
      probabilities: "floats",
      y: "targets",
      options: { ...reduction, gamma: "not negative?", alpha: "not negative?", labelSmoothing: "share?" },
    },
    f(2, 3),
    y(2),
    {},
  ),
  generalizedCrossEntropy: row(
    adjoint.generalizedCrossEntropy,
    { probabilities: "floats", y: "targets", options: { ...reduction, q: "positive?" } },
    f(2, 3),
    y(2),
    {},
  ),
  tversky: row(
    adjoint.tversky,
    {
      probabilities: "floats",
      y: "targets",
      options: { ...reduction, alpha: "not negative?", beta: "not negative?", epsilon: "positive?" },
    },
    f(2, 3),
    f(2, 3),
    {},
  ),
  // layers
  ...every([...spaces("adaptiveAvgPool"), ...spaces("adaptiveMaxPool")], (call) => row(call, { size: per, options: layer }, 2, {})),
  ...every([...spaces("cropping"), ...spaces("zeroPadding")], (call) => row(call, { ends: "padding", options: layer }, 1, {})),
  ...every(spaces("convLstm"), (call) =>
    row(
      call,
      { filters: "count", kernelSize: per, options: { ...layer, strides: `${per}?`, padding: "padding?", returnSequences: "flag?" } },
      2,
      3,
      {},
    ),
  ),
  ...every(["separableConv1d", "separableConv2d"], (call) =>
    row(
      call,
      {
        filters: "count",
        kernelSize: per,
        options: {
          ...layer,
          ...patches,
          activation: "activation?",
          useBias: "flag?",
          depthMultiplier: "count?",
          depthwiseInitializer: "initializer?",
          pointwiseInitializer: "initializer?",
          biasInitializer: "initializer?",
          bias: "floats?",
        },
      },
      2,
      3,
      {},
    ),
  ),
  depthwiseConv1d: row(adjoint.depthwiseConv1d, { kernelSize: per, options: { ...layer, ...patches, depthMultiplier: "count?" } }, 3, {}),
  attention: row(adjoint.attention, { options: { ...layer, useScale: "flag?", scoreMode: "text?" } }, {}),
  additiveAttention: row(adjoint.additiveAttention, { options: { ...layer, useScale: "flag?" } }, {}),
  "attention(…)": row(
    (query: never, value: never, call: never) => adjoint.attention()(query, value, call),
    { query: "floats", value: "floats", options: { key: "floats?", mask: "truths?", causal: "flag?" } },
    f(2, 3, 4),
    f(2, 5, 4),
    {},
  ),
  einsumDense: row(
    adjoint.einsumDense,
    {
      equation: "text",
      outputShape: per,
      options: {
        ...layer,
        activation: "activation?",
        biasAxes: "text?",
        kernelInitializer: "initializer?",
        biasInitializer: "initializer?",
      },
    },
    "ab,bc->ac",
    4,
    {},
  ),
  reversibleEmbedding: row(
    adjoint.reversibleEmbedding,
    { vocabulary: "count", width: "count", options: { ...layer, initializer: "initializer?", table: "floats?" } },
    3,
    2,
    {},
  ),
  permute: row(adjoint.permute, { order: "numbers", options: layer }, [2, 1], {}),
  repeatVector: row(adjoint.repeatVector, { times: "count", options: layer }, 2, {}),
  ...every(["identity"], (call) => row(call, { options: layer }, {})),
  masking: row(adjoint.masking, { value: "finite", options: layer }, 0, {}),
  timeDistributed: row(adjoint.timeDistributed, { of: "layer", options: layer }, adjoint.relu, {}),
  unitNormalization: row(adjoint.unitNormalization, { options: { ...layer, axis: `${per}?` } }, {}),
  spectralNormalization: row(adjoint.spectralNormalization, { options: { ...layer, iterations: "count?", axis: "axis?" } }, {}),
  rescaling: row(adjoint.rescaling, { scale: "finite", offset: "finite", options: layer }, 2, 0, {}),
  normalization: row(adjoint.normalization, { options: { ...layer, axis: "axis?" } }, { mean: 0, variance: 1 }),
  resizing: row(adjoint.resizing, { size: per, options: { ...layer, interpolation: "text?" } }, 4, {}),
  centerCrop: row(adjoint.centerCrop, { size: per, options: layer }, 4, {}),
  randomCrop: row(adjoint.randomCrop, { size: per, options: layer }, 4, {}),
  discretization: row(adjoint.discretization, { boundaries: "numbers", options: layer }, [0, 1], {}),
  integerLookup: row(adjoint.integerLookup, { vocabulary: "numbers", options: layer }, [3, 5], {}),
  categoryEncoding: row(adjoint.categoryEncoding, { classes: "count", options: { ...layer, outputMode: "text?" } }, 3, {}),
  lora: row(
    adjoint.lora,
    { options: { rank: "count", alpha: "positive?", targets: "texts", trainable: "texts?" } },
    { rank: 1, targets: ["*"] },
  ),
  // augmentation
  ...every(["randomBrightness", "randomContrast", "randomSaturation", "randomSharpness", "randomHue"], (call) =>
    row(call, { by: "factor", options: color }, 0.2, {}),
  ),
  ...every(["randomGrayscale", "randomInvert"], (call) => row(call, { share: "share or all", options: color }, 0.5, {})),
  randomColorDegeneration: row(adjoint.randomColorDegeneration, { by: "share or all", options: color }, 0.5, {}),
  randomColorJitter: row(
    adjoint.randomColorJitter,
    { options: { ...color, brightness: "factor?", contrast: "factor?", saturation: "factor?", hue: "factor?" } },
    {},
  ),
  randomPosterization: row(adjoint.randomPosterization, { bits: "count", options: color }, 4, {}),
  solarization: row(adjoint.solarization, { addition: "factor", threshold: "factor", options: color }, 0, 0.5, {}),
  autoContrast: row(adjoint.autoContrast, { options: color }, {}),
  equalization: row(adjoint.equalization, { options: { ...color, bins: "count?" } }, {}),
  randomGaussianBlur: row(adjoint.randomGaussianBlur, { sigma: "factor", options: layer }, 1, {}),
  ...every(["randomTranslation", "randomZoom"], (call) =>
    row(call, { heightFactor: "factor", widthFactor: "factor", options: warp }, 0.1, 0.1, {}),
  ),
  randomRotation: row(adjoint.randomRotation, { by: "factor", options: warp }, 0.1, {}),
  randomShear: row(adjoint.randomShear, { xFactor: "factor", yFactor: "factor", options: warp }, 0.1, 0.1, {}),
  randomElasticTransform: row(adjoint.randomElasticTransform, { by: "factor", options: { ...warp, sigma: "factor?" } }, 0.1, {}),
  randomFlip: row(adjoint.randomFlip, { mode: "text", options: layer }, "both", {}),
  randomErasing: row(adjoint.randomErasing, { share: "share", options: { ...layer, scale: "factor?", fillValue: "finite?" } }, 0.5, {}),
  mixUp: row(adjoint.mixUp, { ...x, y: "floats" }, f(2, 3), f(2, 3)),
  cutMix: row(adjoint.cutMix, { ...x, y: "floats" }, f(2, 3, 4, 4), f(2, 3)),
  pipeline: row(adjoint.pipeline, { layers: "layers", options: layer }, [adjoint.relu], {}),
};
