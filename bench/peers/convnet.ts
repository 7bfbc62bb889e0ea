/** The workloads in ConvNetJS's own words: example by example, float64. It has no Adam: there its step is plain SGD's. */

import { createRequire } from "node:module";

import type { Contender, Workload } from "./workload.ts";

const require = createRequire(import.meta.url);

/** What is asked of ConvNetJS. */
interface Vol {
  readonly w: Float64Array;
  readonly depth: number;
  set(x: number, y: number, d: number, value: number): void;
}

interface NetLayer {
  readonly filters?: readonly Vol[];
  readonly biases: Vol;
  readonly sx: number;
  readonly sy: number;
  readonly out_sx: number;
  readonly out_sy: number;
  readonly out_depth: number;
}

interface Net {
  readonly layers: readonly NetLayer[];
  makeLayers(layers: readonly object[]): void;
}

interface Trainer {
  train(x: Vol, y: number | readonly number[]): { readonly cost_loss: number; readonly l2_decay_loss: number };
}

interface ConvNet {
  readonly Vol: new (sx: number, sy: number, depth: number, value: number) => Vol;
  readonly Net: new () => Net;
  readonly Trainer: new (net: Net, options: Readonly<Record<string, string | number>>) => Trainer;
}

export function build({ spec, parameters, batches }: Workload): Contender {
  const convnet = require("convnetjs") as ConvNet;
  const [channels = 1, height = 1, width = 1] = spec.input;
  const layers: object[] = [{ type: "input", out_sx: width, out_sy: height, out_depth: channels }];
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
  const vol = (values: ArrayLike<number>, sx: number, sy: number, depth: number): Vol => {
    const out = new convnet.Vol(sx, sy, depth, 0);
    for (let d = 0; d < depth; d++)
      for (let y = 0; y < sy; y++) for (let x = 0; x < sx; x++) out.set(x, y, d, values[(d * sy + y) * sx + x]!);
    return out;
  };
  const fed = batches.map(({ x, y }) => {
    const size = channels * height * width;
    return Array.from({ length: spec.batch }, (_, n) => ({
      x: vol(x.subarray(n * size, (n + 1) * size), width, height, channels),
      y: spec.loss === "mse" ? [y[n]!] : y[n]!,
    }));
  });

  const fresh = (): Trainer => {
    const net = new convnet.Net();
    net.makeLayers(layers);
    const weighted = net.layers.flatMap((layer, at) => (layer.filters === undefined ? [] : [{ layer, at, filters: layer.filters }]));
    weighted.forEach(({ layer, at, filters }, n) => {
      const [{ values, shape }, bias] = [parameters[2 * n]!, parameters[2 * n + 1]!];
      filters.forEach((filter, unit) => {
        const units = filters.length;
        const size = values.length / units;
        const own =
          shape.length === 4
            ? values.subarray(unit * size, (unit + 1) * size)
            : Float64Array.from({ length: size }, (_, k) => values[k * units + unit]!);
        const from = net.layers[at - 1]!;
        const [sx, sy, depth] =
          shape.length === 4 ? ([layer.sx, layer.sy, filter.depth] as const) : ([from.out_sx, from.out_sy, from.out_depth] as const);
        filter.w.set(vol(own, sx, sy, depth).w);
      });
      layer.biases.w.set(bias.values);
    });
    const { rate, momentum = 0 } = spec.optimizer;
    // its regression descends half the square and reports twice the square
    return new convnet.Trainer(net, {
      method: "sgd",
      learning_rate: spec.loss === "mse" ? 2 * rate : rate,
      momentum,
      l2_decay: 2 * (spec.l2 ?? 0),
      batch_size: spec.batch,
    });
  };
  let trainer = fresh();
  const restore = (): void => void (trainer = fresh());
  // its hinge counts the margin of the own class
  const own = spec.loss === "svm" ? 1 : 0;
  const step = (n: number): number => {
    let cost = 0;
    let decay = 0;
    for (const { x, y } of fed[n % fed.length]!) {
      const stats = trainer.train(x, y);
      cost += stats.cost_loss;
      decay = stats.l2_decay_loss;
    }
    return ((spec.loss === "mse" ? 0.5 : 1) * cost) / spec.batch + decay - own;
  };
  return { version: `ConvNetJS ${(require("convnetjs/package.json") as { readonly version: string }).version}`, restore, step };
}
