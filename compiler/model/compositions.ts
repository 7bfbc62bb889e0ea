/**
 * What the layers and composite functions of the layer language are, in a line of mathematics: the headings of emitted code. Letters are
 * those of their docstrings: x is what goes in, W, b, γ and β are parameters, s scores, p probabilities, t targets, y labels.
 */

import type { Builder } from "../graph/build.ts";

/** By the name that the model calls. What is not listed is one primitive, or moves elements: it needs no heading. */
const WORDS: ReadonlyMap<string, string> = new Map([
  // layers
  ["dense", "x·W + b"],
  ["conv1d", "x ∗ W + b"],
  ["conv2d", "x ∗ W + b"],
  ["conv3d", "x ∗ W + b"],
  ["depthwiseConv2d", "x ∗ W + b, each channel by itself"],
  ["conv1dTranspose", "the adjoint of x ∗ W, + b"],
  ["conv2dTranspose", "the adjoint of x ∗ W, + b"],
  ["conv3dTranspose", "the adjoint of x ∗ W, + b"],
  ["batchNorm", "μ, σ² of the batch, x̂·γ + β"],
  ["layerNorm", "μ, σ², x̂·γ + β"],
  ["groupNorm", "μ, σ² a group, x̂·γ + β"],
  ["instanceNorm", "μ, σ² a channel of a row, x̂·γ + β"],
  ["rmsNorm", "x / √(mean x² + ε) · γ"],
  ["dropout", "x·mask / (1 − p)"],
  ["alphaDropout", "a·(x where it is kept, −λα elsewhere) + b"],
  ["gaussianDropout", "x·(1 + noise)"],
  ["gaussianNoise", "x + noise"],
  ["spatialDropout1d", "x·mask / (1 − p), a channel at a time"],
  ["spatialDropout2d", "x·mask / (1 − p), a channel at a time"],
  ["spatialDropout3d", "x·mask / (1 − p), a channel at a time"],
  ["stochasticDepth", "x·mask / (1 − p), a row at a time"],
  ["embedding", "a row of the table for each label"],
  ["positionalEncoding", "x + a row of the table for each position"],
  ["multiHeadAttention", "attention in heads, between projections"],
  ["simpleRnn", "h ← tanh(x·W + b + h·R + r)"],
  ["lstm", "i, f, o = σ(…), g = tanh(…), c ← f·c + i·g, h ← o·tanh(c)"],
  ["gru", "r, z = σ(…), n = tanh(… + r·(h·R + r)), h ← (1 − z)·n + z·h"],
  ["bidirectional", "a recurrence, and one backwards"],
  ["maxPool1d", "the largest of each window"],
  ["maxPool2d", "the largest of each window"],
  ["avgPool1d", "the mean of each window"],
  ["avgPool2d", "the mean of each window"],
  ["maxPool3d", "the largest of each window"],
  ["avgPool3d", "the mean of each window"],
  ...[1, 2, 3].flatMap((spatial): [string, string][] => [
    [`adaptiveAvgPool${spatial}d`, "the mean of each window"],
    [`adaptiveMaxPool${spatial}d`, "the largest of each window"],
    [`globalAveragePool${spatial}d`, "the mean of each channel"],
    [`globalMaxPool${spatial}d`, "the largest of each channel"],
  ]),
  ["residual", "x + layers(x)"],
  ["stacked", "equal blocks, one after the other"],
  // functions
  ["scaledDotProductAttention", "softmax(q·kᵀ / √d)·v"],
  ["unfold", "windows side by side"],
  ["fold", "windows added where they lie"],
  ["normalize", "x / max(‖x‖, ε)"],
  ["pairwiseDistance", "‖a − b + ε‖"],
  ["pdist", "‖x[i] − x[k]‖ over i < k"],
  ["bilinear", "a·W·b + b"],
  ["embeddingBag", "rows of the table together"],
  ["localResponseNorm", "x / (k + α·mean x²)^β"],
  ["gumbelSoftmax", "softmax((x + G) / τ)"],
  ["rrelu", "x where x > 0, a drawn slope·x elsewhere"],
  ["softmin", "softmax(−x)"],
  ["tanhShrink", "x − tanh x"],
  ["resize", "each pixel of its neighbours"],
  ["gridSample", "x at places of the grid"],
  ["lstmCell", "i, f, o = σ(…), g = tanh(…), c ← f·c + i·g, h ← o·tanh(c)"],
  ["gruCell", "r, z = σ(…), n = tanh(… + r·(h·R + r)), h ← (1 − z)·n + z·h"],
  ["rotaryEmbedding", "pairs of features turned by position·base^(−2k/d)"],
  ["leakyRelu", "x where x > 0, slope·x elsewhere"],
  ["elu", "x where x > 0, α·(eˣ − 1) elsewhere"],
  ["selu", "λ·elu(x, α)"],
  ["gelu", "x·Φ(x)"],
  ["silu", "x·σ(x)"],
  ["celu", "x where x > 0, α·(e^(x/α) − 1) elsewhere"],
  ["mish", "x·tanh(log(1 + eˣ))"],
  ["glu", "a·σ(b) of the halves a and b"],
  ["clip", "x between its bounds"],
  ["hardtanh", "x between its bounds"],
  ["relu6", "min(max(x, 0), 6)"],
  ["hardSigmoid", "relu6(x + 3) / 6"],
  ["hardSwish", "x·relu6(x + 3) / 6"],
  ["softshrink", "x nearer to 0, and 0 where it is near"],
  ["hardshrink", "x, and 0 where it is near"],
  ["threshold", "x where it is above the threshold, the value elsewhere"],
  ["prelu", "x where x > 0, slope·x elsewhere"],
  ["nanToNum", "x with numbers in the place of what is none"],
  ["softplus", "log(1 + eˣ)"],
  ["softmax", "eˣ / Σ eˣ"],
  ["logSoftmax", "x − log Σ eˣ"],
  ["variance", "mean (x − mean x)²"],
  ["std", "√(mean (x − mean x)²)"],
  ["sort", "x in order"],
  ["argsort", "where the elements in order lie"],
  ["topK", "the k largest, and where they lie"],
  ["median", "the middle of x in order"],
  ["cummax", "running max x"],
  ["scatter", "x with updates at their positions"],
  ["prod", "Π x, halves times halves"],
  ["cumprod", "running Π x"],
  ["logSumExp", "log Σ eˣ"],
  ["norm", "(Σ|x|ᵖ)^(1/p)"],
  ["takeAlongAxis", "the elements at their positions"],
  ["einsum", "a sum of products"],
  ["elementwise", "a formula of the model's"],
  ["randomUniform", "uniform numbers"],
  ["randomNormal", "√(−2·log u)·cos(2π·v)"],
  // losses and metrics
  ["softmaxCrossEntropy", "mean of −log softmax(s)[y]"],
  ["categoricalCrossentropy", "mean of −log p[y]"],
  ["svmLoss", "mean of Σ max(0, s[j] − s[y] + 1) over j ≠ y"],
  ["bceWithLogits", "mean of −t·log σ(s) − (1 − t)·log(1 − σ(s))"],
  ["binaryCrossentropy", "mean of −t·log p − (1 − t)·log(1 − p)"],
  ["hinge", "mean of max(0, 1 − t·s)"],
  ["squaredHinge", "mean of max(0, 1 − t·s)²"],
  ["focal", "mean of −(1 − p)^γ·log p, p of the truth"],
  ["dice", "mean of 1 − 2·Σ t·p / (Σ t + Σ p)"],
  ["nll", "mean of −logP[y]"],
  ["smoothL1", "mean of ½e²/β, or |e| − ½β where |e| = |x − t| > β"],
  ["logCosh", "mean of log cosh (x − t)"],
  ["triplet", "mean of max(0, ‖a − p‖ − ‖a − n‖ + margin)"],
  ["contrastive", "mean of t·d² + (1 − t)·max(0, margin − d)², d = ‖a − b‖"],
  ["softMargin", "mean of log(1 + e^(−t·s))"],
  ["hingeEmbedding", "mean of x, or max(0, margin − x)"],
  ["marginRanking", "mean of max(0, −t·(a − b) + margin)"],
  ["multiMargin", "mean of Σ max(0, margin − s[y] + s[j])^p / classes over j ≠ y"],
  ["multilabelMargin", "mean of Σ max(0, 1 − (s[j] − s[i])) / classes"],
  ["multilabelSoftMargin", "mean of −t·log σ(s) − (1 − t)·log σ(−s)"],
  ["categoricalHinge", "mean of max(0, 1 + max s[j] − s[y])"],
  ["cosineEmbedding", "mean of 1 − cos, or max(0, cos − margin)"],
  ["circle", "mean of log(1 + Σ e^(γ·w·(s − m)))"],
  ["gaussianNll", "mean of ½·(log σ² + (x − t)² / σ²)"],
  ["poissonNll", "mean of eˣ − t·x"],
  ["poisson", "mean of x − t·log x"],
  ["mape", "100·mean of |t − x| / |t|"],
  ["msle", "mean of (log(1 + t) − log(1 + x))²"],
  ["tversky", "mean of 1 − Σ t·p / (Σ t·p + α·Σ t·(1 − p) + β·Σ (1 − t)·p)"],
  ["categoricalFocal", "mean of −α·(1 − p)^γ·log p, p of the truth"],
  ["generalizedCrossEntropy", "mean of (1 − p[y]^q) / q"],
  ["ctc", "mean of −log Σ over all readings of the labels"],
  ["mse", "mean of (x − t)²"],
  ["mae", "mean of |x − t|"],
  ["huber", "mean of ½e², or δ·(|e| − ½δ) where |e| = |x − t| > δ"],
  ["kl", "mean of Σ t·(log t − log p)"],
  ["cosineSimilarity", "mean of −cos of the angle between x and t"],
  ["batchMean", "mean over the batch"],
  ["l2", "λ·ΣW²"],
  ["l1", "λ·Σ|W|"],
  ["accuracy", "share of the rows whose largest score is their label's"],
  ["topKAccuracy", "share of the rows whose label is among the k largest scores"],
  ["binaryAccuracy", "share of the elements on their target's side of the threshold"],
]);

/** What stands between the names of a composition and of one inside it. */
const INSIDE = " › ";

/** A composition as headings show it: `layerNorm_3: μ, σ², x̂·γ + β`. */
function titled(name: string, kind: string): string {
  const words = WORDS.get(kind);
  return words === undefined ? name : `${name}: ${words}`;
}

/** The compositions of one declaration: what is appended while one is in progress is a part of it, whatever else its line declares. */
export class Compositions {
  readonly #builder: Builder;
  readonly #counts = new Map<string, number>();
  /** The one in progress. */
  #path: string | undefined;
  /** The function that begins next. */
  #next: string | undefined;

  constructor(builder: Builder) {
    this.#builder = builder;
  }

  /** The layer, or the function outside any, whose body is in progress. */
  get owner(): string | undefined {
    return this.#path?.split(INSIDE)[0];
  }

  /** Says which function of the language begins next, if one does. */
  next(name: string | undefined): void {
    this.#next = name;
  }

  /** The body of what begins now, inside the composition that it is, if it is one. */
  begun<T>(body: () => T): () => T {
    const kind = this.#next;
    this.#next = undefined;
    return kind === undefined || !WORDS.has(kind) ? body : () => this.#inside(this.#numbered(kind), kind, body);
  }

  /** Runs the body of a layer, which is no part of a layer around it. */
  layer<T>(name: string, kind: string, body: () => T): T {
    return this.#inside(name, kind, body);
  }

  #inside<T>(name: string, kind: string, body: () => T): T {
    const [path, origin] = [this.#path, this.#builder.origin];
    this.#path = name;
    this.#builder.origin = { ...origin, within: titled(name, kind) };
    try {
      return body();
    } finally {
      this.#path = path;
      this.#builder.origin = origin;
    }
  }

  /** `gelu`, `gelu_2`, …: a function's call; inside another composition, `dense › gelu`, however deep. */
  #numbered(kind: string): string {
    const base = this.#path === undefined ? kind : `${this.#path.split(INSIDE)[0]!}${INSIDE}${kind}`;
    const n = (this.#counts.get(base) ?? 0) + 1;
    this.#counts.set(base, n);
    return n === 1 ? base : `${base}_${n}`;
  }
}
