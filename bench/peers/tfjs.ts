/**
 * The same models in TensorFlow.js's own words, from the same weights.
 * Batches and one-hot labels are tensors before the clock starts, and its checks are off: the peer at its best.
 */

import { createRequire } from "node:module";

import type { LoadedTrainer } from "../../compiler/compile.ts";
import type { Batch } from "../data.ts";
import type { Optimizer, Tensor, TensorFlow } from "./tensorflow.ts";

const require = createRequire(import.meta.url);
const tf = require("@tensorflow/tfjs") as TensorFlow;
tf.enableProdMode();
await tf.setBackend("cpu");

export const peerVersion = tf.version.tfjs;

const linear = (x: Tensor, W: Tensor, b: Tensor): Tensor => tf.add(tf.matMul(x, W), b);

/** [batch, 10] scores and one-hot labels to the batch's mean loss, logits taken. */
const softmaxCrossEntropy = (scores: Tensor, onehot: Tensor): Tensor => tf.losses.softmaxCrossEntropy(onehot, scores);

/** The lecture's: Σ_{j≠y} max(0, s_j − s_y + 1), mean over the batch. */
const svm = (scores: Tensor, onehot: Tensor): Tensor => {
  const own = tf.sum(tf.mul(scores, onehot), 1, true);
  const margins = tf.relu(tf.add(tf.sub(scores, own), 1));
  return tf.mean(tf.sum(tf.mul(margins, tf.sub(1, onehot)), 1));
};

type Named = Readonly<Record<string, Tensor>>;

interface Definition {
  readonly loss: (x: Tensor, onehot: Tensor, of: Named) => Tensor;
  readonly optimizer: () => Optimizer;
}

const MODELS: Readonly<Record<string, Definition>> = {
  "mnist-mlp": {
    loss: (x, onehot, { W1, b1, W2, b2 }) => softmaxCrossEntropy(linear(tf.relu(linear(x, W1!, b1!)), W2!, b2!), onehot),
    optimizer: () => tf.train.adam(1e-3, 0.9, 0.999, 1e-8),
  },
  "linear-softmax": {
    loss: (x, onehot, { W, b }) => softmaxCrossEntropy(linear(x, W!, b!), onehot),
    optimizer: () => tf.train.sgd(0.1),
  },
  "linear-svm": {
    loss: (x, onehot, { W, b }) => tf.add(svm(linear(x, W!, b!), onehot), tf.mul(tf.sum(tf.square(W!)), 1e-4)),
    optimizer: () => tf.train.sgd(1e-2),
  },
};

/** The models that the peer has. */
export const peerModels = Object.keys(MODELS);

/** Weights are [in, out] matrices and [out] vectors, where the biases follow their matrix. */
function shapesOf(
  parameters: LoadedTrainer["parameters"],
  rows: number,
  x: { readonly length: number },
): Readonly<Record<string, readonly number[]>> {
  const shapes: Record<string, readonly number[]> = {};
  let width = x.length / rows;
  for (const [name, values] of Object.entries(parameters)) {
    if (name.startsWith("b")) shapes[name] = [values.length];
    else {
      shapes[name] = [width, values.length / width];
      width = values.length / width;
    }
  }
  return shapes;
}

/** One step of the same model, and a way back to where it started; undefined where there is no peer. */
export function peerStep(
  model: string,
  trainer: Pick<LoadedTrainer, "batch" | "inputs" | "parameters">,
  batches: readonly Batch[],
): { restore(): void; step(n: number): number } | undefined {
  const definition = MODELS[model];
  if (definition === undefined) return undefined;
  const rows = trainer.batch.train;
  const shapes = shapesOf(trainer.parameters, rows, trainer.inputs["x"]!);
  const initial = Object.entries(trainer.parameters).map(([name, values]) => [name, Float32Array.from(values)] as const);
  const fed = batches.map(({ x, y }) => ({
    x: tf.tensor2d(x!, [rows, x!.length / rows]),
    onehot: tf.cast(tf.oneHot(tf.tensor1d(y as Int32Array, "int32"), 10), "float32"),
  }));
  const fresh = (): { readonly variables: Named; readonly optimizer: Optimizer } => ({
    variables: Object.fromEntries(initial.map(([name, values]) => [name, tf.variable(tf.tensor(values.slice(), shapes[name]!))])),
    optimizer: definition.optimizer(),
  });
  let { variables, optimizer } = fresh();
  return {
    restore: () => void ({ variables, optimizer } = fresh()),
    step(n) {
      const { x, onehot } = fed[n % fed.length]!;
      const cost = tf.tidy(() => optimizer.minimize(() => definition.loss(x, onehot, variables), true, Object.values(variables)));
      const loss = cost.dataSync()[0]!;
      cost.dispose();
      return loss;
    },
  };
}
