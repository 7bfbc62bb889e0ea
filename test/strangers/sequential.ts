/** Guarantees models in Keras's words: a list of layers, a loss, an optimizer and metrics by name. */

import { fileText, type Draft } from "./draft.ts";
import { denseText, type LayerText } from "./layers.ts";
import { optimizerText } from "./optimizers.ts";

interface Ending {
  /** The last activation. */
  readonly activation?: string;
  readonly loss: string;
  readonly ofProbabilities?: boolean;
  readonly metrics: readonly string[];
}

const CLASSES: readonly (readonly [weight: number, ending: Ending])[] = [
  [6, { activation: "softmax", loss: "sparse_categorical_crossentropy", ofProbabilities: true, metrics: ["accuracy", "top_3"] }],
  [2, { activation: "softmax", loss: "categorical_crossentropy", ofProbabilities: true, metrics: ["accuracy"] }],
  [4, { loss: "softmax_crossentropy_with_logits", metrics: ["accuracy"] }],
  [1, { loss: "multiclass_svm", metrics: ["accuracy"] }],
  [1, { activation: "softmax", loss: "kl_divergence", ofProbabilities: true, metrics: ["accuracy"] }],
];
const BINARY: readonly (readonly [weight: number, ending: Ending])[] = [
  [5, { activation: "sigmoid", loss: "binary_crossentropy", ofProbabilities: true, metrics: ["accuracy", "binary_accuracy"] }],
  [1, { activation: "sigmoid", loss: "bce", ofProbabilities: true, metrics: ["accuracy"] }],
  [2, { loss: "bce_with_logits", metrics: ["accuracy"] }],
  [1, { activation: "tanh", loss: "hinge", metrics: ["accuracy"] }],
];
const NUMBERS: readonly (readonly [weight: number, ending: Ending])[] = [
  [4, { loss: "mse", metrics: ["mae"] }],
  [2, { loss: "mean_squared_error", metrics: ["mean_absolute_error"] }],
  [1, { loss: "mae", metrics: ["mse"] }],
  [1, { loss: "mean_absolute_error", metrics: [] }],
  [2, { loss: "huber", metrics: ["mae"] }],
  [1, { loss: "cosine_similarity", metrics: [] }],
];

/** A rule that declares a live scalar is made when the model is. */
const declared = (rule: string): string => (rule.includes("hyper(") ? `() => ${rule}` : rule);

/** `sequential([…]).compile(…)` of layers that end in features: scores of classes, yes or no, or numbers. */
export function sequentialText(draft: Draft, name: string, features: readonly LayerText[], input: string, classes: number): string {
  const { draw } = draft;
  const [units, endings] = draw.weighted([
    [7, [classes, CLASSES]],
    [2, [draw.one([1, 1, 4]), BINARY]],
    [1, [draw.one([2, 3]), NUMBERS]],
  ] as const);
  const ending = draw.weighted(endings);
  if (ending.ofProbabilities === true) draft.traits.add("loss of probabilities");
  const apart = ending.activation !== undefined && draw.often(0.2);
  const layers = [
    ...features,
    denseText(draw, units, apart ? undefined : ending.activation),
    ...(apart ? [`activation("${ending.activation}")`] : []),
  ];
  const metrics = ending.metrics.filter((metric) => draw.often(0.6) && !(metric === "top_3" && units < 3));
  const options = [
    `input: ${input}`,
    `optimizer: ${draw.often(0.5) ? `"${draw.one(["adam", "adam", "adam", "sgd", "rmsprop", "adamw", "adagrad", "adadelta", "lion"])}"` : declared(optimizerText(draw))}`,
    `loss: "${ending.loss}"`,
    ...(metrics.length > 0 ? [`metrics: [${metrics.map((metric) => `"${metric}"`).join(", ")}]`] : []),
    ...draw.maybe(0.7, `batchSize: ${draw.one([4, 8, 16, 32])}`),
  ];
  return fileText(
    draft,
    `export default sequential("${name}", [\n${layers.map((layer) => `  ${layer},`).join("\n")}\n]).compile({\n${options.map((option) => `  ${option},`).join("\n")}\n});`,
  );
}
