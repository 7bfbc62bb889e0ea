/** Guarantees layers, states, a model's own gradient rules and gradients as values in random programs. */

import type { Value } from "../../compiler/graph/graph.ts";
import { customVjp } from "../../compiler/model/autodiff.ts";
import { elu, gelu, leakyRelu, logSoftmax, selu, silu, softmax, softplus } from "../../compiler/model/activations.ts";
import { add, mul, sin } from "../../compiler/model/elementwise.ts";
import { constant } from "../../compiler/model/initializers.ts";
import { multiHeadAttention } from "../../compiler/model/layers/attention.ts";
import { conv2d } from "../../compiler/model/layers/convolution.ts";
import { dense } from "../../compiler/model/layers/dense.ts";
import { dropout } from "../../compiler/model/layers/dropout.ts";
import { embedding } from "../../compiler/model/layers/embedding.ts";
import type { Layer } from "../../compiler/model/layers/layer.ts";
import { batchNorm, groupNorm, layerNorm, rmsNorm } from "../../compiler/model/layers/norm.ts";
import { avgPool2d, maxPool2d } from "../../compiler/model/layers/pool.ts";
import { gru, lstm, simpleRnn } from "../../compiler/model/layers/recurrent.ts";
import { residual } from "../../compiler/model/layers/residual.ts";
import { upsampling2d } from "../../compiler/model/layers/shape.ts";
import { conv2dTranspose } from "../../compiler/model/layers/transposed-convolution.ts";
import { assign, state } from "../../compiler/model/leaves.ts";
import { mean, variance } from "../../compiler/model/reductions.ts";
import { scan } from "../../compiler/model/scan.ts";
import type { FloatTensor, Scalar } from "../../compiler/model/tensor.ts";
import { grad } from "../../compiler/model/tensors.ts";
import { sizeOf } from "../../compiler/graph/type.ts";
import { alike, axesOf, float, number, pick, positions, push, shapeOf, spreadOver, type Bench } from "./bench.ts";
import type { Apply } from "./steps.ts";

const ACTIVATIONS = [leakyRelu, elu, selu, gelu, silu, softplus, (x: FloatTensor) => gelu(x, { approximate: "tanh" })];

export const activation: Apply = (b, { a, n }) => push(b, pick(ACTIVATIONS, n)(float(b, pick(b.floats, a))).value);

export const normalised: Apply = (b, { a, n, m }) => {
  const x = float(b, pick(b.floats, a));
  if (x.shape.length === 0) return push(b, b.g.sigmoid(x.value));
  const axis = n % x.shape.length;
  push(b, (m % 2 === 0 ? softmax(x, axis) : logSoftmax(x, axis)).value);
};

/** An earlier value as rank axes [n, …]: leading axes merged, or missing ones of extent 1. */
function ofRank(b: Bench, a: number, rank: number): FloatTensor {
  const x = pick(b.floats, a);
  const shape = shapeOf(b, x);
  if (shape.length === rank) return float(b, x);
  const missing = Math.max(0, rank - shape.length);
  const merged = shape.length > rank ? [sizeOf(shape.slice(0, shape.length - rank + 1)), ...shape.slice(shape.length - rank + 1)] : shape;
  const [first = 1, ...rest] = merged;
  const to = shape.length === 0 ? Array.from({ length: rank }, () => 1) : [first, ...Array.from({ length: missing }, () => 1), ...rest];
  return float(b, b.g.reshape(x, { shape: to }));
}

const UNITS = [1, 2, 3, 5, 7];

export const rowsLayer: Apply = (b, { a, n, m }) => {
  const x = ofRank(b, a, 2 + (m % 2));
  const [rows, channels = 1] = x.shape as [number, number];
  const dropped = dropout(0.4);
  const layers: readonly Layer[] = [
    dense(UNITS[m % 5]!, { activation: (["relu", "tanh", "softmax", "linear"] as const)[m % 4]!, useBias: m % 3 !== 0 }),
    layerNorm({}),
    rmsNorm({}),
    groupNorm(channels % 2 === 0 ? 2 : 1, {}),
    sizeOf(x.shape) / channels > 1 && rows === b.rows ? batchNorm({ momentum: 0.7 }) : layerNorm({}),
    dropped,
    residual([dense(x.shape.at(-1)!, { activation: "sigmoid" })]),
  ];
  // without training a dropout gives its operand back: a factor of its own makes a new value in every entry alike
  const own = number(b, 1 + b.floats.length / 8);
  const layer = layers[n % layers.length]!;
  const { value } = layer(x);
  push(b, layer === dropped ? b.g.mul(value, own) : value);
};

export const imageLayer: Apply = (b, { a, n, m }) => {
  const x = ofRank(b, a, 4);
  const [, channels, height, width] = x.shape as [number, number, number, number];
  const kernel = [Math.min(height, 1 + (m % 3)), Math.min(width, 1 + ((m >> 1) % 3))];
  const layers: readonly Layer[] = [
    conv2d(channels * (1 + (m % 2)), kernel, {
      padding: m % 3 === 0 ? "same" : "valid",
      strides: 1 + (m % 2),
      groups: m % 4 === 1 ? channels : 1,
      activation: "relu",
    }),
    maxPool2d(kernel, m % 2 === 0 ? { padding: "same" } : {}),
    avgPool2d(kernel, { padding: m % 2 === 0 ? "same" : "valid", strides: 1 + (m % 2), paddedZeros: m % 3 === 0 ? "counted" : "ignored" }),
    upsampling2d(2),
    conv2dTranspose(1 + (m % 3), kernel, { strides: 1 + (m % 2) }),
  ];
  push(b, layers[n % layers.length]!(x).value);
};

/** An earlier value as [n, steps, …] of three steps at most, and a state [n, …] to begin with. */
function sequenceOf(b: Bench, a: number): { readonly x: FloatTensor; readonly start: FloatTensor } {
  const given = ofRank(b, a, 3);
  const [rows, time, features] = given.shape as [number, number, number];
  const limit = [rows, Math.min(time, 3), features]; // what is written out has every step
  const x = float(b, b.g.slice(given.value, { start: [0, 0, 0], limit, stride: [1, 1, 1] }));
  return { x, start: float(b, b.g.broadcast(number(b, 0.1), { axes: [0, 1], size: [rows, features] })) };
}

const decayed =
  (b: Bench) =>
  (h: FloatTensor, x: FloatTensor): FloatTensor =>
    sin(float(b, b.g.add(b.g.mul(h.value, number(b, 0.6)), x.value)));

/** A scan in the step of a scan, over the same sequence. */
export const loopInLoop: Apply = (b, { a, n, m }) => {
  const { x, start } = sequenceOf(b, a);
  const inner = (h: FloatTensor, v: FloatTensor) => ({ carry: decayed(b)(h, v), y: mul(h, v) });
  const outer = (h: FloatTensor, v: FloatTensor) => {
    const { carry, ys } = scan(inner, h, x, { reverse: m % 2 === 0 });
    return { carry: decayed(b)(carry, v), y: add(mul(carry, v), mean(ys, [1])) };
  };
  const { carry, ys } = scan(outer, start, x, { reverse: n % 2 === 0 });
  push(b, carry.value);
  push(b, ys.value);
};

export const sequenceLayer: Apply = (b, { a, n, m }) => {
  const { x, start } = sequenceOf(b, a);
  const [, , features] = x.shape as [number, number, number];
  const units = 1 + (m % 3);
  const returnSequences = m % 2 === 0;
  if (n % 5 === 4) {
    const { carry, ys } = scan((h: FloatTensor, v) => ({ carry: decayed(b)(h, v), y: mul(h, v) }), start, x);
    push(b, carry.value);
    return push(b, ys.value);
  }
  const layers: readonly Layer[] = [
    simpleRnn(units, { returnSequences }),
    gru(units, { returnSequences }),
    lstm(units, { returnSequences }),
    multiHeadAttention(features % 2 === 0 ? 2 : 1, { causal: m % 2 === 0 }),
  ];
  push(b, layers[n % 4]!(x).value);
};

export const table: Apply = (b, { n, m }) => {
  const { value, limit } = positions(b, 13, n);
  push(b, embedding(limit + (m % 3), UNITS[m % 5]!)(b.c.tensor(value) as never).value);
};

export const spreadOut: Apply = (b, { a, n }) => {
  const x = float(b, pick(b.floats, a));
  if (x.shape.length === 0) return push(b, b.g.exp(b.g.neg(b.g.abs(x.value))));
  push(b, variance(x, [n % x.shape.length]).value);
};

/** A state that the training step moves on. */
export const remembered: Apply = (b, { a, n, m }) => {
  const x = float(b, pick(b.floats, a));
  const kept = state(`s${b.c.storage.size}`, x.shape, constant(0.3));
  const next = b.g.add(b.g.mul(kept.value, number(b, 0.9)), b.g.mul(x.value, number(b, 0.1)));
  assign(kept, float(b, n % 3 === 0 ? x.value : next));
  push(b, m % 2 === 0 ? b.g.mul(kept.value, x.value) : b.g.add(next, x.value));
};

/** A gradient rule of the model's own: straight through a step, or scaled. */
export const ownRule: Apply = (b, { a, b: other, n }) => {
  const { g } = b;
  const x = float(b, pick(b.floats, a));
  const of = (value: Value): FloatTensor => float(b, value);
  if (n % 2 === 0)
    return push(
      b,
      customVjp({
        forward: (x: FloatTensor) => of(g.floor(g.mul(x.value, number(b, 3)))),
        backward: (d) => [of(g.mul(d.value, number(b, 3)))],
      })(x).value,
    );
  const y = of(alike(b, x.shape, other, n));
  const rule = customVjp({
    forward: (x: FloatTensor, y: FloatTensor) => of(g.mul(g.sin(x.value), y.value)),
    backward: (d, [x, y], z) => [
      of(g.mul(g.mul(d.value, y.value), g.cos(x.value))),
      of(g.add(g.mul(d.value, g.sin(x.value)), g.mul(z.value, g.mul(d.value, number(b, 0.1))))),
    ],
  });
  push(b, rule(x, y).value);
};

/** d(Σ tanh y)/dx as a value, of which the loss is differentiated again. */
export const gradient: Apply = (b, { a, b: other }) => {
  const { g } = b;
  const [y, x] = [pick(b.floats, a), pick(b.floats, other)];
  const smooth = g.tanh(y);
  const axes = axesOf(shapeOf(b, y));
  const total = axes.length === 0 ? smooth : g.sum(smooth, { axes });
  const [d] = grad(float(b, total) as Scalar, [float(b, x)]);
  push(b, total); // y may not matter to its own gradient
  push(b, g.add(d!.value, spreadOver(b, number(b, 0.5), shapeOf(b, x))));
};
