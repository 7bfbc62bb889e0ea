/** Guarantees the dense workloads in brain.js's own words: example by example, each with an update of its own, squared error. */

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

export function build({ spec, parameters, batches }) {
  const brain = require("brain.js");
  const widths = [spec.input[0], ...spec.layers.map(({ units }) => units)];
  const activation = spec.layers[0].activation;
  let net;
  const restore = () => {
    net = new brain.NeuralNetwork({
      activation,
      hiddenLayers: widths.slice(1, -1),
      learningRate: spec.optimizer.rate / spec.batch,
      momentum: 1e-9,
    });
    net.sizes = widths;
    net.initialize();
    for (let layer = 1; layer < widths.length; layer++) {
      const [weights, bias] = parameters.slice(2 * layer - 2, 2 * layer);
      for (let unit = 0; unit < widths[layer]; unit++) {
        for (let k = 0; k < widths[layer - 1]; k++) net.weights[layer][unit][k] = weights.values[k * widths[layer] + unit];
        net.biases[layer][unit] = bias.values[unit];
      }
    }
  };
  restore();
  const [width] = spec.input;
  const fed = batches.map(({ x, y }) =>
    Array.from({ length: spec.batch }, (_, n) => ({
      input: Array.from(x.subarray(n * width, (n + 1) * width)),
      output: spec.loss === "mse" ? [y[n]] : Array.from({ length: 10 }, (_, k) => (k === y[n] ? 1 : 0)),
    })),
  );
  const step = (n) => {
    let error = 0;
    for (const example of fed[n % fed.length]) error += net.trainPattern(example, true);
    return error / spec.batch;
  };
  return { version: `brain.js ${require("brain.js/package.json").version}`, restore, step };
}
