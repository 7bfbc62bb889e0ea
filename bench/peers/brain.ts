/** The dense workloads in brain.js's own words: example by example, each with an update of its own, squared error. */

import { createRequire } from "node:module";

import type { Contender, Workload } from "./workload.ts";

const require = createRequire(import.meta.url);

interface Example {
  readonly input: readonly number[];
  readonly output: readonly number[];
}

/** What is asked of brain.js. */
interface Net {
  sizes: readonly number[];
  readonly weights: number[][][];
  readonly biases: number[][];
  initialize(): void;
  trainPattern(example: Example, logError: true): number;
}

interface Brain {
  readonly NeuralNetwork: new (options: {
    readonly activation: string | undefined;
    readonly hiddenLayers: readonly number[];
    readonly learningRate: number;
    readonly momentum: number;
  }) => Net;
}

export function build({ spec, parameters, batches }: Workload): Contender {
  const brain = require("brain.js") as Brain;
  const layers = spec.layers.filter((layer) => layer.kind === "dense"); // speed.ts gives it dense nets only
  const widths = [spec.input[0]!, ...layers.map(({ units }) => units)];
  const activation = layers[0]!.activation;
  const fresh = (): Net => {
    const net = new brain.NeuralNetwork({
      activation,
      hiddenLayers: widths.slice(1, -1),
      learningRate: spec.optimizer.rate / spec.batch,
      momentum: 1e-9,
    });
    net.sizes = widths;
    net.initialize();
    for (let layer = 1; layer < widths.length; layer++) {
      const [{ values: weights }, { values: bias }] = [parameters[2 * layer - 2]!, parameters[2 * layer - 1]!];
      for (let unit = 0; unit < widths[layer]!; unit++) {
        for (let k = 0; k < widths[layer - 1]!; k++) net.weights[layer]![unit]![k] = weights[k * widths[layer]! + unit]!;
        net.biases[layer]![unit] = bias[unit]!;
      }
    }
    return net;
  };
  let net = fresh();
  const restore = (): void => void (net = fresh());
  const width = widths[0]!;
  const fed = batches.map(({ x, y }) =>
    Array.from({ length: spec.batch }, (_, n): Example => ({
      input: Array.from(x.subarray(n * width, (n + 1) * width)),
      output: spec.loss === "mse" ? [y[n]!] : Array.from({ length: 10 }, (_, k) => (k === y[n] ? 1 : 0)),
    })),
  );
  const step = (n: number): number => {
    let error = 0;
    for (const example of fed[n % fed.length]!) error += net.trainPattern(example, true);
    return error / spec.batch;
  };
  return { version: `brain.js ${(require("brain.js/package.json") as { readonly version: string }).version}`, restore, step };
}
