/** The workloads in TensorFlow.js's own words, on its cpu or its wasm backend. */

import { createRequire } from "node:module";

import type { Optimizer, Tensor, TensorFlow } from "./tensorflow.ts";
import type { Contender, Workload } from "./workload.ts";

const require = createRequire(import.meta.url); // its Node build is CommonJS

export async function build({ spec, parameters, batches }: Workload, backend: string): Promise<Contender> {
  const tf = require("@tensorflow/tfjs") as TensorFlow;
  if (backend === "wasm") {
    const { setThreadsCount } = require("@tensorflow/tfjs-backend-wasm") as { setThreadsCount(n: number): void };
    setThreadsCount(1);
  }
  tf.enableProdMode();
  await tf.setBackend(backend);
  await tf.ready();

  const { rate, kind, momentum } = spec.optimizer;
  // channels last is the only layout of its kernels
  const image = spec.input.length === 3;
  const perm = (shape: readonly number[]): readonly number[] | undefined => (shape.length === 4 ? [2, 3, 1, 0] : undefined);
  const fed = batches.map(({ x, y, shape }) => ({
    x: image ? tf.tidy(() => tf.transpose(tf.tensor(x, shape), [0, 2, 3, 1])) : tf.tensor(x, shape),
    y:
      spec.loss === "mse"
        ? tf.tensor2d(y, [spec.batch, 1])
        : tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(y as Int32Array, "int32"), 10), "float32")),
  }));
  const fresh = (): { readonly variables: readonly Tensor[]; readonly optimizer: Optimizer } => ({
    variables: parameters.map(({ values, shape }) => {
      const tensor = tf.tensor(values.slice(), shape);
      return tf.variable(perm(shape) === undefined ? tensor : tf.transpose(tensor, perm(shape)));
    }),
    optimizer:
      kind === "adam"
        ? tf.train.adam(rate, 0.9, 0.999, 1e-8)
        : momentum === undefined
          ? tf.train.sgd(rate)
          : tf.train.momentum(rate, momentum),
  });
  let { variables, optimizer } = fresh();
  const restore = (): void => void ({ variables, optimizer } = fresh());

  const activation = { relu: tf.relu, tanh: tf.tanh, none: (v: Tensor): Tensor => v };
  const scoresOf = (x: Tensor): Tensor => {
    let at = 0;
    let value = x;
    let flat = !image;
    for (const layer of spec.layers) {
      if (layer.kind === "pool") {
        value = tf.maxPool(value, 2, 2, "valid");
        continue;
      }
      const [w, b] = [variables[at]!, variables[at + 1]!];
      at += 2;
      if (layer.kind === "conv") {
        value = tf.relu(tf.add(tf.conv2d(value, w, 1, layer.padding), b));
        continue;
      }
      // the weights' rows are in the order of channels first
      if (!flat) value = tf.reshape(tf.transpose(value, [0, 3, 1, 2]), [spec.batch, -1]);
      flat = true;
      value = activation[layer.activation ?? "none"](tf.add(tf.matMul(value, w), b));
    }
    return value;
  };
  const lossOf = (scores: Tensor, y: Tensor): Tensor => {
    if (spec.loss === "softmax") return tf.losses.softmaxCrossEntropy(y, scores);
    if (spec.loss === "mse") return tf.losses.meanSquaredError(y, scores);
    const own = tf.sum(tf.mul(scores, y), 1, true);
    const margins = tf.mul(tf.relu(tf.add(tf.sub(scores, own), 1)), tf.sub(1, y));
    const hinge = tf.mean(tf.sum(margins, 1));
    const squares = variables.filter(({ rank }) => rank === 2).map((w) => tf.sum(tf.square(w)));
    return tf.add(
      hinge,
      tf.mul(
        squares.reduce((a, b) => tf.add(a, b)),
        spec.l2!,
      ),
    );
  };
  const step = (n: number): number => {
    const { x, y } = fed[n % fed.length]!;
    const cost = tf.tidy(() => optimizer.minimize(() => lossOf(scoresOf(x), y), true, variables));
    const loss = cost.dataSync()[0]!;
    cost.dispose();
    return loss;
  };
  return { version: `TensorFlow.js ${tf.version.tfjs} ${backend}`, restore, step };
}
