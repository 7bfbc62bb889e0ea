/**
 * Finds in primitives what other tools know by one name: Conv and Gemm with their biases, normalizations, Softmax, means and pools. A match
 * stands for its root; what only it reads is not emitted.
 */

import type { Graph, Value } from "../../graph/graph.ts";
import { sizeOf } from "../../graph/type.ts";
import { numbers } from "../../ops/op.ts";
import { emitConvolution, transposedParts } from "./convolution.ts";
import { View, type Match, type Pattern } from "./view.ts";

const biased: Pattern = (v, root) => {
  for (const [product, added] of v.both(root, "add")) {
    const { op, attrs, inputs } = v.node(product);
    if (op === "conv") {
      const bias = v.spread(added, v.others(product, 1));
      if (bias !== undefined) return conv(v, product, bias);
    }
    const [a, b] = inputs;
    const plain = op === "dot" && String([attrs["aBatch"], attrs["aContract"], attrs["bBatch"], attrs["bContract"]]) === ",1,,0";
    if (!plain || v.shape(a!).length !== 2 || v.shape(b!).length !== 2) continue;
    const bias = v.spread(added, [0]);
    if (bias !== undefined)
      return {
        inputs: [a!, b!, bias],
        emit: (e, value) => void e.set(value, e.op("Gemm", [e.full(a!), e.full(b!), e.full(bias)], {}, v.node(value).name)),
      };
  }
  return undefined;
};

const conv = (v: View, product: Value, bias?: Value): Match => {
  const node = v.node(product);
  const [x, w] = node.inputs as unknown as readonly [Value, Value];
  const kernel = transposedParts(v, w) ?? w;
  return {
    inputs: [x, kernel, ...(bias === undefined ? [] : [bias])],
    emit: (e, value) => void e.set(value, emitConvolution(e, value, node, bias)),
  };
};
/** A transposed convolution without a bias, whose filters are not computed there. */
const transposed: Pattern = (v, root) => {
  const w = v.of(root, "conv")?.[1];
  return w !== undefined && transposedParts(v, w) !== undefined ? conv(v, root) : undefined;
};

/** γ and β along an axis, and what they scale and shift. */
function scaled(v: View, root: Value, axis: number): { readonly gamma: Value; readonly beta: Value; readonly x: Value } | undefined {
  const others = v.others(root, axis);
  for (const [product, shift] of v.both(root, "add")) {
    const beta = v.spread(shift, others);
    for (const [x, scale] of beta === undefined ? [] : v.both(product, "mul")) {
      const gamma = v.spread(scale, others);
      if (gamma !== undefined) return { gamma, beta: beta!, x };
    }
  }
  return undefined;
}

/** (variance, ε) of 1 / √(variance + ε). */
function inverse(v: View, value: Value | undefined): { readonly variance: Value; readonly epsilon: number } | undefined {
  const root = v.of(value, "recip")?.[0];
  for (const [variance, added] of v.both(v.of(root, "sqrt")?.[0], "add")) {
    const epsilon = v.literal(added);
    if (epsilon !== undefined) return { variance, epsilon };
  }
  return undefined;
}

const batchNorm: Pattern = (v, root) => {
  const parts = v.shape(root).length < 2 ? undefined : scaled(v, root, 1);
  if (parts === undefined) return undefined;
  const others = v.others(root, 1);
  for (const [centered, factor] of v.both(parts.x, "mul")) {
    const found = inverse(v, v.spread(factor, others));
    const [x, middle] = v.of(centered, "sub") ?? [];
    const mean = v.spread(middle, others);
    if (found === undefined || x === undefined || mean === undefined || v.shape(found.variance).length !== 1) continue;
    const inputs = [x, parts.gamma, parts.beta, mean, found.variance];
    return {
      inputs,
      emit: (e, value) => {
        const all = inputs.map((input) => e.full(input));
        e.set(value, e.op("BatchNormalization", all, { epsilon: { float: found.epsilon } }, v.node(value).name));
      },
    };
  }
  return undefined;
};

const layerNorm: Pattern = (v, root) => {
  const last = v.shape(root).length - 1;
  const parts = last < 1 ? undefined : scaled(v, root, last);
  if (parts === undefined) return undefined;
  for (const [centered, factor] of v.both(parts.x, "mul")) {
    const found = inverse(v, v.spread(factor, [last]));
    const [x, middle] = v.of(centered, "sub") ?? [];
    const mean = v.mean(v.spread(middle, [last]));
    const square = found === undefined ? undefined : v.mean(found.variance);
    const [p, q] = v.of(square?.x, "mul") ?? [];
    if (
      found === undefined ||
      x === undefined ||
      mean?.x !== x ||
      p !== centered ||
      q !== centered ||
      String(square?.axes) !== String([last])
    )
      continue;
    const inputs = [x, parts.gamma, parts.beta];
    return {
      inputs,
      emit: (e, value) => {
        const all = inputs.map((input) => e.full(input));
        e.set(value, e.op("LayerNormalization", all, { axis: -1, epsilon: { float: found.epsilon } }, v.node(value).name));
      },
    };
  }
  return undefined;
};

/** x less its largest along an axis. */
function shifted(v: View, value: Value | undefined): { readonly x: Value; readonly axis: number } | undefined {
  const [x, most] = v.of(value, "sub") ?? [];
  const inner = v.of(most, "broadcast")?.[0];
  const largest = v.of(inner, "stopGradient")?.[0] ?? inner;
  const from = v.of(largest, "reduceMax")?.[0];
  if (x === undefined || from !== x || largest === undefined) return undefined;
  const axes = numbers(v.node(largest).attrs, "axes");
  return axes.length === 1 && v.spread(most, axes) !== undefined ? { x, axis: axes[0]! } : undefined;
}

const softmax: Pattern = (v, root) => {
  const [exps, spread] = v.of(root, "div") ?? [];
  const found = shifted(v, v.of(exps, "exp")?.[0]);
  const total = found && v.spread(spread, [found.axis]);
  return found !== undefined && v.of(total, "sum")?.[0] === exps && isOver(v, total, found.axis)
    ? along("Softmax", found.x, found.axis)
    : undefined;
};
const logSoftmax: Pattern = (v, root) => {
  const [less, spread] = v.of(root, "sub") ?? [];
  const found = shifted(v, less);
  const total = found && v.of(v.spread(spread, [found.axis]), "log")?.[0];
  const exps = v.of(total, "sum")?.[0];
  return found !== undefined && v.of(exps, "exp")?.[0] === less && isOver(v, total, found.axis)
    ? along("LogSoftmax", found.x, found.axis)
    : undefined;
};
const isOver = (v: View, total: Value | undefined, axis: number): boolean =>
  total !== undefined && String(numbers(v.node(total).attrs, "axes")) === String([axis]);
const along = (op: string, x: Value, axis: number): Match => ({
  inputs: [x],
  emit: (e, value) => void e.set(value, e.op(op, [e.full(x)], { axis }, e.node(value).name)),
});

const mean: Pattern = (v, root) => {
  const found = v.mean(root);
  if (found === undefined) return undefined;
  const { x, axes } = found;
  return {
    inputs: [x],
    emit: (e, value) => void e.set(value, e.op("ReduceMean", [e.full(x)], { axes, keepdims: 0 }, e.node(value).name)),
  };
};

/** A mean whose axes stay, with an extent of 1; over all of space it has a name of its own. */
const keptMean: Pattern = (v, root) => {
  const found = v.mean(v.of(root, "reshape")?.[0]);
  if (found === undefined) return undefined;
  const { x, axes } = found;
  const kept = v.shape(x).map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  if (String(v.shape(root)) !== String(kept)) return undefined;
  const space = v.shape(x).flatMap((_, axis) => (axis < 2 ? [] : [axis]));
  const isGlobal = space.length > 0 && String(axes) === String(space);
  return {
    inputs: [x],
    emit: (e, value) => {
      const { name } = e.node(value);
      e.set(
        value,
        isGlobal ? e.op("GlobalAveragePool", [e.full(x)], {}, name) : e.op("ReduceMean", [e.full(x)], { axes, keepdims: 1 }, name),
      );
    },
  };
};

/** Attributes of a pool over the axes after the first two; undefined where it has others. */
function poolOf(
  v: View,
  value: Value,
): { readonly x: Value; readonly size: number; readonly attrs: Readonly<Record<string, readonly number[]>> } | undefined {
  const x = v.of(value, "windowSum")?.[0];
  if (x === undefined) return undefined;
  const of = (key: string): readonly number[] => numbers(v.node(value).attrs, key);
  if (of("window").length < 3 || [...of("window").slice(0, 2), ...of("stride").slice(0, 2)].some((n) => n !== 1)) return undefined;
  const attrs = {
    kernel_shape: of("window").slice(2),
    strides: of("stride").slice(2),
    pads: [...of("low").slice(2), ...of("high").slice(2)],
  };
  return { x, size: sizeOf(of("window")), attrs };
}

const averagePool: Pattern = (v, root) => {
  const [quotient, covered] = v.of(root, "div") ?? [];
  const divided = quotient === undefined ? undefined : poolOf(v, quotient);
  const ones = v.of(
    v.of(v.of(v.of(covered, "broadcast")?.[0], "windowSum")?.[0], "broadcast")?.[0] === undefined ? undefined : covered,
    "broadcast",
  );
  if (divided !== undefined && ones !== undefined) {
    const counted = v.of(ones[0], "windowSum")![0]!;
    if (v.literal(v.of(counted, "broadcast")![0]) === 1) return pool(divided, 0);
  }
  for (const [total, factor] of v.both(root, "mul")) {
    const found = poolOf(v, total);
    const share = v.literal(factor);
    if (found !== undefined && share !== undefined && Math.abs(share * found.size - 1) < 1e-12) return pool(found, 1);
  }
  return undefined;
};
const pool = ({ x, attrs }: NonNullable<ReturnType<typeof poolOf>>, counted: number): Match => ({
  inputs: [x],
  emit: (e, value) => void e.set(value, e.op("AveragePool", [e.full(x)], { ...attrs, count_include_pad: counted }, e.node(value).name)),
});

const isZero = (v: View, value: Value | undefined): boolean => v.literal(value) === 0;
const elementwise = (op: string, x: Value, attributes: Readonly<Record<string, { readonly float: number }>> = {}): Match => ({
  inputs: [x],
  emit: (e, value) => {
    const { name, dims, rank } = e.loose(x);
    e.set(value, e.op(op, [name], attributes, e.node(value).name), dims, rank);
  },
});

/** where(0 < x, x, slope·x) */
const leakyRelu: Pattern = (v, root) => {
  const [condition, x, tail] = v.of(root, "where") ?? [];
  const [zero, compared] = v.of(condition, "lt") ?? [];
  for (const [own, factor] of v.both(tail, "mul")) {
    const slope = v.literal(factor);
    if (slope !== undefined && isZero(v, zero) && compared === x && own === x)
      return elementwise("LeakyRelu", x!, { alpha: { float: slope } });
  }
  return undefined;
};

/** where(x ≤ 0, α·(e^min(x, 0) − 1), x) */
const elu: Pattern = (v, root) => {
  const [condition, tail, x] = v.of(root, "where") ?? [];
  const [compared, zero] = v.of(condition, "le") ?? [];
  if (x === undefined || compared !== x || !isZero(v, zero)) return undefined;
  const plain = v.of(tail, "expm1") === undefined ? undefined : ([[tail!, undefined]] as const);
  for (const [inner, factor] of plain ?? v.both(tail, "mul")) {
    const alpha = factor === undefined ? 1 : v.literal(factor);
    const [again, own, otherwise] = v.of(v.of(inner, "expm1")?.[0], "where") ?? [];
    if (alpha !== undefined && again === condition && own === x && isZero(v, otherwise))
      return elementwise("Elu", x, { alpha: { float: alpha } });
  }
  return undefined;
};

/** max(x, 0) + log1p(e^−|x|) */
const softplus: Pattern = (v, root) => {
  for (const [positive, rest] of v.both(root, "add")) {
    const [x, zero] = v.of(positive, "max") ?? [];
    const inner = v.of(v.of(v.of(v.of(rest, "log1p")?.[0], "exp")?.[0], "neg")?.[0], "abs")?.[0];
    if (x !== undefined && inner === x && isZero(v, zero)) return elementwise("Softplus", x);
  }
  return undefined;
};

const PATTERNS: readonly Pattern[] = [
  batchNorm,
  layerNorm,
  biased,
  transposed,
  softmax,
  logSoftmax,
  averagePool,
  mean,
  keptMean,
  leakyRelu,
  elu,
  softplus,
];

/** What each root is, by its value. */
export function recognised(graph: Graph): ReadonlyMap<Value, Match> {
  const view = new View(graph);
  const found = graph.nodes.flatMap((_, at): (readonly [Value, Match])[] => {
    const value = at as Value; // every index is one
    for (const pattern of PATTERNS) {
      const match = pattern(view, value);
      if (match !== undefined) return [[value, match]];
    }
    return [];
  });
  return new Map(found);
}
