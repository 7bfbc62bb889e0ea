/** Guarantees the ends of models: targets, losses of every kind over them, and metrics that fit. */

import { moreOptions, optionsText } from "./draw.ts";
import type { Draft } from "./draft.ts";

/** What a model returns but for its optimizer. */
export interface Head {
  readonly loss: string;
  readonly outputs: string;
  readonly metrics: readonly string[];
}

/** A domain said by its author, sometimes. */
const domain = (draft: Draft, kind: string): string => (draft.draw.often(0.3) ? `, { domain: "${kind}" }` : "");

/** Scores [n, …, classes] named `scores` against labels. `positions` are the extents before the classes, as text. */
export function classesHead(draft: Draft, scores: string, positions: string, classes: number): Head {
  const { draw } = draft;
  const sparse = (): string => draft.leaf("labels", "y", `[${positions}], { classes: ${classes} }`);
  const dense = (): string => draft.leaf("input", "y", `[${positions}, ${classes}]${domain(draft, "probabilities")}`);
  const probabilities = (): string => {
    draft.traits.add("loss of probabilities");
    return draft.bind("probabilities", `softmax(${scores})`);
  };
  const accuracy = (y: string): string[] => [
    ...draw.maybe(0.7, `accuracy: accuracy(${scores}, ${y})`),
    ...(classes >= 5 ? draw.maybe(0.1, `top3: topKAccuracy(${scores}, ${y}, 3)`) : []),
  ];
  return draw.weighted<() => Head>([
    [
      10,
      () => {
        const y = sparse();
        const options = draw.maybe(0.12, "labelSmoothing: 0.1");
        return { loss: `softmaxCrossEntropy(${scores}, ${y}${moreOptions(options)})`, outputs: `{ ${scores} }`, metrics: accuracy(y) };
      },
    ],
    [
      1,
      () => {
        const y = sparse();
        const weights = draft.leaf("input", "weights", "[batch]");
        return { loss: `softmaxCrossEntropy(${scores}, ${y}, { weights: ${weights} })`, outputs: `{ ${scores} }`, metrics: accuracy(y) };
      },
    ],
    [
      4,
      () => {
        const y = sparse();
        const p = probabilities();
        return { loss: `categoricalCrossentropy(${p}, ${y})`, outputs: `{ ${p} }`, metrics: accuracy(y) };
      },
    ],
    [
      1,
      () => {
        const y = dense();
        const p = probabilities();
        return { loss: `categoricalCrossentropy(${p}, ${y})`, outputs: `{ ${p} }`, metrics: accuracy(y) };
      },
    ],
    [
      1,
      () => {
        const y = dense();
        return { loss: `softmaxCrossEntropy(${scores}, ${y})`, outputs: `{ ${scores} }`, metrics: accuracy(y) };
      },
    ],
    [
      1,
      () => {
        const target = draft.leaf("input", "target", `[${positions}, ${classes}]${domain(draft, "probabilities")}`);
        const p = probabilities();
        return { loss: `kl(${p}, ${target})`, outputs: `{ ${p} }`, metrics: [] };
      },
    ],
    [
      1,
      () => {
        const y = sparse();
        return { loss: `svmLoss(${scores}, ${y})`, outputs: `{ ${scores} }`, metrics: accuracy(y) };
      },
    ],
    [
      0.7,
      () => {
        // written by hand, from logarithms
        const y = sparse();
        const logs = draft.bind("logs", `logSoftmax(${scores})`);
        return {
          loss: `neg(batchMean(sum(mul(oneHot(${y}, ${classes}), ${logs}), [-1])))`,
          outputs: `{ ${scores} }`,
          metrics: accuracy(y),
        };
      },
    ],
  ])();
}

/** Scores [n, …] of yes or no against labels or numbers of one shape. */
export function binaryHead(draft: Draft, scores: string, shape: string): Head {
  const { draw } = draft;
  const narrow = shape.endsWith(", 1]") && draw.often(0.6);
  const y = narrow
    ? draft.leaf("labels", "y", `${shape.replace(/, 1\]$/, "]")}, { classes: 2 }`)
    : draft.leaf("input", "y", `${shape}${domain(draft, "unit")}`);
  return draw.weighted<() => Head>([
    [
      3,
      () => ({
        loss: `bceWithLogits(${scores}, ${y})`,
        outputs: `{ ${scores} }`,
        metrics: draw.maybe(0.6, `accuracy: binaryAccuracy(${scores}, ${y}, { threshold: 0 })`),
      }),
    ],
    [
      4,
      () => {
        draft.traits.add("loss of probabilities");
        const p = draft.bind("probability", `sigmoid(${scores})`);
        return {
          loss: `binaryCrossentropy(${p}, ${y})`,
          outputs: `{ ${p} }`,
          metrics: draw.maybe(0.6, `accuracy: binaryAccuracy(${p}, ${y})`),
        };
      },
    ],
    [
      1,
      () => ({
        loss: `hinge(${scores}, ${y})`,
        outputs: `{ ${scores} }`,
        metrics: draw.maybe(0.5, `accuracy: binaryAccuracy(${scores}, ${y}, { threshold: 0 })`),
      }),
    ],
  ])();
}

/** Numbers against numbers of one shape; `target` is an input that is there already, as an autoencoder has it. */
export function numbersHead(draft: Draft, prediction: string, shape: string, target?: string): Head {
  const { draw } = draft;
  const y = target ?? draft.leaf("input", "y", shape);
  const outputs = `{ ${prediction} }`;
  const error = (): string => draft.bind("error", `sub(${prediction}, ${y})`);
  const loss = draw.weighted<() => string>([
    [8, () => `mse(${prediction}, ${y})`],
    [2, () => `mae(${prediction}, ${y})`],
    [2, () => `huber(${prediction}, ${y}${moreOptions(draw.maybe(0.4, `delta: ${draw.one(["0.5", "2"])}`))})`],
    // of one number the cosine is ±1
    [shape.endsWith(", 1]") ? 0 : 1, () => `cosineSimilarity(${prediction}, ${y})`],
    // log cosh, quantiles, Charbonnier, a root of the mean: losses of one's own
    [
      0.7,
      () => {
        const e = error();
        return `batchMean(sub(add(${e}, softplus(mul(${e}, -2))), ${Math.LN2}))`;
      },
    ],
    [
      0.7,
      () => {
        const e = error();
        return `batchMean(maximum(mul(${e}, 0.9), mul(${e}, -0.1)))`;
      },
    ],
    [0.7, () => `batchMean(sqrt(add(square(${error()}), 1e-6)))`],
    [0.7, () => `sqrt(mse(${prediction}, ${y}))`],
  ])();
  return { loss, outputs, metrics: draw.maybe(0.3, `mae: mae(${prediction}, ${y})`) };
}

/** The lines of a `return`. */
export const returned = ({ loss, outputs, metrics }: Head, optimizer: string): readonly string[] => [
  `loss: ${loss}`,
  `outputs: ${outputs}`,
  ...(metrics.length > 0 ? [`metrics: ${optionsText(metrics)}`] : []),
  `optimizer: ${optimizer}`,
];
