/** Attention without projections: by products (Luong et al. 2015), and by sums (Bahdanau et al. 2015), as Keras has them. */

import { FLAG, oneOf, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { dotAttrs } from "../../ops/dot.ts";
import { softmax } from "../activations.ts";
import { called, check } from "../arguments.ts";
import type { BoolTensor } from "../comparisons.ts";
import { glorot, ones } from "../initializers.ts";
import { FLOATS, TRUTHS } from "../kinds.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { giving, layerOptions, withScope, type Holds, type LayerOptions, type LayerScope } from "./layer.ts";

/** What one call of `attention` or `additiveAttention` may be told. */
export interface SoftAttentionCall {
  /** [n, s, d]. Default: the values. */
  readonly key?: FloatTensor;
  /** Which values are real, [n, s]. */
  readonly mask?: BoolTensor;
  /** A query sees no later value. Default: false. */
  readonly causal?: boolean;
}

/** A layer of queries [n, t, d] and values [n, s, e]: [n, t, e]. */
export interface SoftAttentionLayer extends Holds<{ scale: readonly number[] }> {
  (query: FloatTensor, value: FloatTensor, call?: SoftAttentionCall): FloatTensor;
  readonly kind: string;
}

const CALL = optionsOf<SoftAttentionCall>({ key: FLOATS, mask: TRUTHS, causal: FLAG });
const MASKED = -1e30;

/** Weights of scores [n, t, s], and what they make of values. */
function attended({ c }: LayerScope, scores: Value, value: Value, { mask, causal = false }: SoftAttentionCall): Value {
  const { g } = c;
  const { shape } = c.typeOf(scores);
  const at = (axis: number): Value => g.iota({ dtype: "i32", shape }, { axis });
  const seen: Value[] = [];
  if (causal) seen.push(g.le(at(2), at(1)));
  if (mask !== undefined) seen.push(g.broadcast(mask.value, { axes: [1], size: [shape[1]!] }));
  const held = seen.reduce((all, one) => g.where(one, all, g.literal(MASKED, c.float)), scores);
  return g.dot(softmax(c.tensor(held) as FloatTensor).value, value, dotAttrs([2], [1], [0], [0])); // scores are of floats
}

function softAttention<Options extends LayerOptions>(
  kind: string,
  options: Options,
  scoresOf: (scope: LayerScope, query: Value, key: Value) => Value,
): SoftAttentionLayer {
  const { run, held } = withScope(kind, options);
  const call = (query: FloatTensor, value: FloatTensor, given: SoftAttentionCall = {}): Tensor => {
    called(kind, { query, value, options: given }, { query: FLOATS, value: FLOATS, options: CALL });
    return run((scope) => {
      const { key = value, mask } = given;
      const [n, , d] = query.shape;
      const alike = key.shape.length === 3 && key.shape[0] === n && key.shape[1] === value.shape[1] && key.shape[2] === d;
      if (query.shape.length !== 3 || value.shape.length !== 3 || value.shape[0] !== n || !alike)
        scope.fail(
          `needs queries [n, t, d], values [n, s, e] and keys [n, s, d], but got [${query.shape.join(",")}], [${value.shape.join(",")}] and [${key.shape.join(",")}]`,
          "Reshape them, or give a key.",
        );
      if (mask !== undefined && String(mask.shape) !== String([n, value.shape[1]]))
        scope.fail(`needs a mask [${n},${value.shape[1]}], but got [${mask.shape.join(",")}]`, "Give a truth for each value.");
      return attended(scope, scope.named("scores", scoresOf(scope, query.value, key.value)), value.value, given);
    });
  };
  return giving(Object.assign(call, { kind }), ["scale"], held) as unknown as SoftAttentionLayer; // values are floats
}

/** Options of `attention`. */
export interface DotAttentionOptions extends LayerOptions {
  /** Whether q·k, or q + k, is multiplied with a trained number. Default: false. */
  readonly useScale?: boolean;
  /** Scores are q·k, or a trained number times Σ tanh(q + k). Default: dot. */
  readonly scoreMode?: "dot" | "concat";
}

/** Scores that are sums over the features: one takes q + k, [n, t, s, d], and gives the terms. */
function sums({ c }: LayerScope, query: Value, key: Value, termsOf: (both: Value) => Value): Value {
  const { g } = c;
  const [, t] = c.typeOf(query).shape as readonly [number, number, number];
  const [, s] = c.typeOf(key).shape as readonly [number, number, number];
  const both = g.add(g.broadcast(query, { axes: [2], size: [s] }), g.broadcast(key, { axes: [1], size: [t] }));
  return g.sum(termsOf(both), { axes: [3] });
}

/** softmax(q·kᵀ)·v of queries, values and keys that are given (Luong et al. 2015; keras.layers.Attention). Throws a ModelError where shapes do not fit. */
export function attention(options: DotAttentionOptions = {}): SoftAttentionLayer {
  check("attention", { options }, { options: layerOptions<DotAttentionOptions>({ useScale: FLAG, scoreMode: oneOf("dot", "concat") }) });
  const { useScale = false, scoreMode = "dot" } = options;
  return softAttention("attention", options, (scope, query, key) => {
    const { g } = scope.c;
    const scaled = (x: Value): Value => (useScale ? scaledBy(scope, x, scope.param("scale", [], ones())) : x);
    if (scoreMode === "dot") return scaled(g.dot(query, key, dotAttrs([2], [2], [0], [0])));
    const total = sums(scope, query, key, (both) => g.tanh(scaled(both)));
    return scaledBy(scope, total, scope.param("scoreWeight", [], ones()));
  });
}

function scaledBy({ c }: LayerScope, x: Value, by: Value): Value {
  const { shape } = c.typeOf(x);
  return c.g.mul(x, c.g.broadcast(by, { axes: shape.map((_, axis) => axis), size: shape }));
}

/** Options of `additiveAttention`. */
export interface AdditiveAttentionOptions extends LayerOptions {
  /** Whether the features of tanh(q + k) are multiplied with trained numbers, [d]. Default: true. */
  readonly useScale?: boolean;
}

/** softmax(Σ scale·tanh(q + k))·v (Bahdanau et al. 2015; keras.layers.AdditiveAttention). Throws a ModelError where shapes do not fit. */
export function additiveAttention(options: AdditiveAttentionOptions = {}): SoftAttentionLayer {
  check("additiveAttention", { options }, { options: layerOptions<AdditiveAttentionOptions>({ useScale: FLAG }) });
  return softAttention("additiveAttention", options, (scope, query, key) => {
    const { g } = scope.c;
    const width = scope.c.typeOf(query).shape[2]!;
    return sums(scope, query, key, (both) => {
      if (options.useScale === false) return g.tanh(both);
      const size = scope.c.typeOf(both).shape.slice(0, 3);
      return g.mul(g.tanh(both), g.broadcast(scope.param("scale", [width], glorot()), { axes: [0, 1, 2], size }));
    });
  });
}
