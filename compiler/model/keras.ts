/** One list of the words that `sequential` takes for losses, metrics and optimizers, in Keras's spelling where Keras has them. */

import type { UpdateRule } from "../autodiff/update.ts";
import { suggestion } from "../graph/nearest.ts";
import type { Shape } from "../graph/type.ts";
import type { Context } from "./context.ts";
import { input, labels } from "./leaves.ts";
import { bceWithLogits, binaryCrossentropy, hinge, squaredHinge, type BinaryTargets } from "./losses/binary.ts";
import { categoricalCrossentropy, softmaxCrossEntropy, svmLoss } from "./losses/classes.ts";
import { dice } from "./losses/imbalanced.ts";
import { cosineSimilarity, huber, kl, logCosh, mae, mse, smoothL1 } from "./losses/numbers.ts";
import { accuracy, binaryAccuracy, topKAccuracy } from "./metrics.ts";
import { optimizers } from "./optimizers/index.ts";
import type { FloatTensor, Scalar, Tensor } from "./tensor.ts";

/** What a loss makes of scores: y is declared as it needs it, and the metrics are those that such a y allows. */
export interface Judged {
  readonly loss: Scalar;
  readonly metrics: Readonly<Partial<Record<MetricKind, () => Scalar>>>;
  topK?(k: number): Scalar;
}

type MetricKind = "accuracy" | "binary accuracy" | "squared" | "absolute";

export interface KnownLoss {
  /** What y is: a class a row, yes or no for each output, or a number for each output. */
  readonly targets: "classes" | "binary" | "numbers";
  judge(scores: FloatTensor, classes?: number): Judged;
}

/** Labels y [n, …] for scores [n, …, classes]. */
const ofClasses = (loss: (scores: FloatTensor, y: Tensor<Shape, "i32">) => Scalar): KnownLoss => ({
  targets: "classes",
  judge(scores, classes = scores.shape.at(-1)!) {
    const y = labels("y", scores.shape.slice(0, -1), { classes });
    return {
      loss: loss(scores, y),
      metrics: { accuracy: () => accuracy(scores, y) },
      topK: (k) => topKAccuracy(scores, y, k),
    };
  },
});

/** y in the shape of the outputs; `isOneHot` where its largest number names a class. */
const ofNumbers = (
  loss: (scores: FloatTensor, y: FloatTensor) => Scalar,
  { isOneHot = false }: { readonly isOneHot?: boolean } = {},
): KnownLoss => ({
  targets: "numbers",
  judge(scores) {
    const y: FloatTensor = input("y", scores.shape);
    const metrics = { squared: () => mse(scores, y), absolute: () => mae(scores, y) };
    if (!isOneHot) return { loss: loss(scores, y), metrics };
    return {
      loss: loss(scores, y),
      metrics: { ...metrics, accuracy: () => accuracy(scores, y) },
      topK: (k) => topKAccuracy(scores, y, k),
    };
  },
});

/** Labels 0 and 1 where a row has one output; else a number for each output. Outputs above the threshold say yes. */
const ofBinary = (loss: (scores: FloatTensor, y: BinaryTargets) => Scalar, threshold: number): KnownLoss => ({
  targets: "binary",
  judge(scores) {
    const { shape } = scores;
    const single = shape.length > 1 && shape.at(-1) === 1;
    const y = single ? labels("y", shape.slice(0, -1), { classes: 2 }) : input("y", shape);
    const right = (): Scalar => binaryAccuracy(scores, y, { threshold });
    return { loss: loss(scores, y), metrics: { accuracy: right, "binary accuracy": right } };
  },
});

/** As in Keras, cross-entropies take probabilities; those named for logits take logits. */
const LOSSES = {
  sparse_categorical_crossentropy: ofClasses(categoricalCrossentropy),
  categorical_crossentropy: ofNumbers(categoricalCrossentropy, { isOneHot: true }),
  softmax_crossentropy_with_logits: ofClasses(softmaxCrossEntropy),
  multiclass_svm: ofClasses(svmLoss),
  binary_crossentropy: ofBinary(binaryCrossentropy, 0.5),
  bce: ofBinary(binaryCrossentropy, 0.5),
  bce_with_logits: ofBinary(bceWithLogits, 0),
  hinge: ofBinary(hinge, 0),
  squared_hinge: ofBinary(squaredHinge, 0),
  dice: ofBinary(dice, 0.5),
  mean_squared_error: ofNumbers(mse),
  mse: ofNumbers(mse),
  mean_absolute_error: ofNumbers(mae),
  mae: ofNumbers(mae),
  huber: ofNumbers(huber),
  log_cosh: ofNumbers(logCosh),
  smooth_l1: ofNumbers(smoothL1),
  kl_divergence: ofNumbers(kl, { isOneHot: true }),
  cosine_similarity: ofNumbers(cosineSimilarity),
} as const;

const METRICS = {
  accuracy: "accuracy",
  binary_accuracy: "binary accuracy",
  mean_squared_error: "squared",
  mse: "squared",
  mean_absolute_error: "absolute",
  mae: "absolute",
} as const satisfies Readonly<Record<string, MetricKind>>;

/** Losses that `sequential` knows by name. */
export type LossName = keyof typeof LOSSES;
/** Optimizers that `sequential` knows by name, each at its defaults. */
export type OptimizerName = keyof typeof optimizers;
/** `top_5`: the label is among the five largest scores. */
export type MetricName = keyof typeof METRICS | `top_${number}`;

/** A row of a table by its name. Throws a ModelError that suggests the nearest. */
function find<T>(
  c: Context,
  what: string,
  table: Readonly<Record<string, T>>,
  name: string,
  names: readonly string[] = Object.keys(table),
): T {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  return (
    found ??
    c.fail(`sequential/${what}`, `there is no ${what} ${JSON.stringify(name)}${suggestion(name, names)}`, `Known are ${names.join(", ")}.`)
  );
}

export const lossNamed = (c: Context, name: string): KnownLoss => find<KnownLoss>(c, "loss", LOSSES, name);

/** The optimizer of that name, called for where the name is written. */
export const optimizerNamed = (c: Context, name: string): UpdateRule => ({
  ...find<() => UpdateRule>(c, "optimizer", optimizers, name)(),
  site: c.writtenAt,
});

/** The metric of that name. Throws a ModelError where y does not allow it. */
export function metricNamed(c: Context, name: string, { metrics, topK }: Judged): Scalar {
  const refuse = (): never =>
    c.fail(
      "sequential/metric",
      `the metric ${JSON.stringify(name)} does not fit this loss, whose targets are of another kind`,
      "Leave the metric out, or choose another loss.",
    );
  const k = /^top_(\d+)$/.exec(name)?.[1];
  if (k !== undefined) return topK?.(Number(k)) ?? refuse();
  const kind = find<MetricKind>(c, "metric", METRICS, name, [...Object.keys(METRICS), "top_5"]);
  return metrics[kind]?.() ?? refuse();
}
