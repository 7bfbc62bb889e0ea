/** Guarantees the workloads in ConvNetJS's own words: example by example, float64. It has no Adam: there its step is plain SGD's. */

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

export function build({ spec, parameters, batches }) {
  const convnet = require("convnetjs");
  const [channels, height, width] = spec.input.length === 3 ? spec.input : [spec.input[0], 1, 1];
  const layers = [{ type: "input", out_sx: width, out_sy: height, out_depth: channels }];
  const last = spec.layers.length - 1;
  spec.layers.forEach((layer, n) => {
    if (layer.kind === "pool") layers.push({ type: "pool", sx: 2, stride: 2 });
    else if (layer.kind === "conv")
      layers.push({ type: "conv", sx: layer.kernel, filters: layer.filters, stride: 1, pad: layer.padding, activation: "relu" });
    else if (n < last) layers.push({ type: "fc", num_neurons: layer.units, activation: layer.activation });
    else if (spec.loss === "mse") layers.push({ type: "regression", num_neurons: layer.units });
    else layers.push({ type: spec.loss, num_classes: layer.units });
  });

  /** Weights of one unit are a volume: depth innermost, then x, then y. */
  const vol = (values, sx, sy, depth) => {
    const out = new convnet.Vol(sx, sy, depth, 0);
    for (let d = 0; d < depth; d++)
      for (let y = 0; y < sy; y++) for (let x = 0; x < sx; x++) out.set(x, y, d, values[(d * sy + y) * sx + x]);
    return out;
  };
  const fed = batches.map(({ x, y }) => {
    const size = channels * height * width;
    return Array.from({ length: spec.batch }, (_, n) => ({
      x: vol(x.subarray(n * size, (n + 1) * size), width, height, channels),
      y: spec.loss === "mse" ? [y[n]] : y[n],
    }));
  });

  let trainer;
  const restore = () => {
    const net = new convnet.Net();
    net.makeLayers(layers);
    const weighted = net.layers.filter(({ filters }) => filters !== undefined);
    weighted.forEach((layer, n) => {
      const [{ values, shape }, bias] = parameters.slice(2 * n, 2 * n + 2);
      layer.filters.forEach((filter, unit) => {
        const units = layer.filters.length;
        const size = values.length / units;
        const own =
          shape.length === 4
            ? values.subarray(unit * size, (unit + 1) * size)
            : Float64Array.from({ length: size }, (_, k) => values[k * units + unit]);
        const from = net.layers[net.layers.indexOf(layer) - 1];
        const [sx, sy, depth] = shape.length === 4 ? [layer.sx, layer.sy, filter.depth] : [from.out_sx, from.out_sy, from.out_depth];
        filter.w.set(vol(own, sx, sy, depth).w);
      });
      layer.biases.w.set(bias.values);
    });
    const { rate, momentum = 0 } = spec.optimizer;
    // its regression descends half the square and reports twice the square
    trainer = new convnet.Trainer(net, {
      method: "sgd",
      learning_rate: spec.loss === "mse" ? 2 * rate : rate,
      momentum,
      l2_decay: 2 * (spec.l2 ?? 0),
      batch_size: spec.batch,
    });
  };
  restore();
  // its hinge counts the margin of the own class
  const own = spec.loss === "svm" ? 1 : 0;
  const step = (n) => {
    let cost = 0;
    let decay = 0;
    for (const { x, y } of fed[n % fed.length]) {
      const stats = trainer.train(x, y);
      cost += stats.cost_loss;
      decay = stats.l2_decay_loss;
    }
    return ((spec.loss === "mse" ? 0.5 : 1) * cost) / spec.batch + decay - own;
  };
  return { version: `ConvNetJS ${require("convnetjs/package.json").version}`, restore, step };
}
