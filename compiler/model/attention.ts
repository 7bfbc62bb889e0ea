/** Scaled dot-product attention as a function of tensors, with causal and other masks. */

import type { Value } from "../graph/graph.ts";
import { sameShape } from "../graph/type.ts";
import { dotAttrs } from "../ops/dot.ts";
import { softmax } from "./activations.ts";
import type { BoolTensor } from "./comparisons.ts";
import { FLAG, numbers, optionsOf } from "../graph/arguments.ts";
import { called } from "./arguments.ts";
import type { Context } from "./context.ts";
import { broadcastShape, spread } from "./elementwise.ts";
import { FLOATS, TRUTHS } from "./kinds.ts";
import type { FloatTensor, Tensor } from "./tensor.ts";

/** Options of `scaledDotProductAttention`. */
export interface AttentionOptions {
  /** A query sees no later key: key position ≤ query position. */
  readonly causal?: boolean;
  /** Where a query may see a key; broadcasts to [b…, t, s]. */
  readonly mask?: BoolTensor;
  /** Added to the scores; broadcasts to [b…, t, s]. */
  readonly bias?: FloatTensor;
  /** What scores are multiplied with. Default: 1 / √d. */
  readonly scale?: number;
}

const OPTIONS = optionsOf<AttentionOptions>({ causal: FLAG, mask: TRUTHS, bias: FLOATS, scale: numbers("a finite number") });

/** What stands for −∞: its exponential is 0 beside any other score's, and a row of nothing else has finite weights. */
const MASKED = -1e30;

/** A tensor of the scores' shape, of one that broadcasts to it. */
function overScores(c: Context, what: "mask" | "bias", given: Tensor, scores: Value): Value {
  const { shape } = c.typeOf(scores);
  if (!sameShape(broadcastShape(c, `attention ${what}`, c.tensor(scores), given), shape))
    c.fail(
      `attention/${what}`,
      `scaledDotProductAttention needs a ${what} that broadcasts to its scores [${shape.join(",")}], but got [${given.shape.join(",")}]`,
      `Reshape the ${what}.`,
      [c.operand(what, given.value)],
    );
  return spread(c, given.value, shape);
}

/** Scores where both masks allow them, MASKED elsewhere. */
function masked(c: Context, scores: Value, { causal = false, mask }: AttentionOptions, isStep: boolean): Value {
  const { g } = c;
  if (isStep) return c.named("masked", g.where(c.decoding!.past(c, scores), scores, g.literal(MASKED, c.float)));
  const { shape } = c.typeOf(scores);
  const [t, s] = shape.slice(-2) as [number, number];
  const position = (axis: number): Value => g.iota({ dtype: "i32", shape: [t, s] }, { axis });
  const allowed: Value[] = [];
  if (causal) allowed.push(spread(c, c.named("isPast", g.le(position(1), position(0))), shape));
  if (mask !== undefined) allowed.push(overScores(c, "mask", mask, scores));
  const [first, ...rest] = allowed;
  if (first === undefined) return scores;
  const all = rest.reduce((a, b) => g.and(a, b), first);
  return c.named("masked", g.where(all, scores, g.literal(MASKED, c.float)));
}

/**
 * Queries [b…, t, d], keys [b…, s, d] and values [b…, s, e], or an error that says which extents differ. As many heads as the queries have,
 * on their last axis but two, may share each head of the keys.
 */
function checkOperands(c: Context, q: Tensor, k: Tensor, v: Tensor): void {
  const rank = q.shape.length;
  const [heads = 1, shared = 1] = [q.shape[rank - 3], k.shape[rank - 3]];
  const fits =
    rank >= 2 &&
    k.shape.length === rank &&
    v.shape.length === rank &&
    sameShape(q.shape.slice(0, -3), k.shape.slice(0, -3)) &&
    heads % shared === 0 &&
    sameShape(k.shape.slice(0, -1), v.shape.slice(0, -1)) &&
    q.shape[rank - 1] === k.shape[rank - 1];
  if (!fits)
    c.fail(
      "shape/attention",
      "scaledDotProductAttention needs q [b…, t, d], k [b…, s, d] and v [b…, s, e] with the same b, s and d",
      "Change the shape that differs; on the third axis from the end, of heads, q may have a multiple of what k and v have.",
      [c.operand("q", q.value), c.operand("k", k.value), c.operand("v", v.value)],
    );
}

/** Whether this is one step of a model that generates, which attends to the steps before it. */
function isOneStep(c: Context, q: Tensor, k: Tensor, { causal = false, mask, bias }: AttentionOptions): boolean {
  if (c.decoding === undefined || q.shape.at(-2) !== 1 || k.shape.at(-2) !== 1) return false;
  const law = !causal
    ? "attention to all steps needs those that are not generated yet"
    : mask !== undefined || bias !== undefined
      ? `attention with a ${mask === undefined ? "bias" : "mask"} cannot be generated with: it is of all steps, and generation has one at a time`
      : undefined;
  if (law !== undefined) c.fail("generate/attention", law, "Write { causal: true } and nothing besides, or leave out generate.");
  return true;
}

/** Keys and values of all steps so far. */
function cached(c: Context, k: Tensor, v: Tensor): readonly [keys: Value, values: Value] {
  const { decoding, compositions } = c;
  const of = compositions.owner ?? "attention";
  return [decoding!.cached(c, `${of}.keys`, k.value), decoding!.cached(c, `${of}.values`, v.value)];
}

/**
 * softmax(q·kᵀ / √d)·v (Vaswani et al. 2017): q [b…, t, d], k [b…, s, d], v [b…, s, e] → [b…, t, e]. Heads of keys and values may be fewer,
 * q [b…, h, t, d] and k [b…, h / n, s, d]: n heads of q share each (Ainslie et al. 2023). A query that may see no key averages all values.
 * Throws a ModelError where shapes do not fit.
 */
export function scaledDotProductAttention(q: FloatTensor, k: FloatTensor, v: FloatTensor, options: AttentionOptions = {}): FloatTensor {
  const c = called("scaledDotProductAttention", { q, k, v, options }, { q: FLOATS, k: FLOATS, v: FLOATS, options: OPTIONS });
  return c.run(() => {
    const { g } = c;
    checkOperands(c, q, k, v);
    const isStep = isOneStep(c, q, k, options);
    const [keys, values] = isStep ? cached(c, k, v) : [k.value, v.value];
    const rank = q.shape.length;
    const batch = q.shape.slice(0, -2).map((_, axis) => axis);
    const last = rank - 1;
    // the heads that share a head of k are rows of one product
    const isShared = !sameShape(q.shape.slice(0, -2), k.shape.slice(0, -2));
    const together = (value: Value, width: number): Value => {
      const rows = (q.shape[rank - 3]! / k.shape[rank - 3]!) * q.shape[rank - 2]!;
      return isShared ? g.reshape(value, { shape: [...k.shape.slice(0, -2), rows, width] }) : value;
    };
    const apart = (value: Value, width: number): Value =>
      isShared ? g.reshape(value, { shape: [...q.shape.slice(0, -1), width] }) : value;
    const [d, s, e] = [q.shape[last]!, c.typeOf(keys).shape[rank - 2]!, v.shape[last]!];
    const product = apart(g.dot(together(q.value, d), keys, dotAttrs([last], [last], batch, batch)), s);
    const scale = g.literal(options.scale ?? 1 / Math.sqrt(d), c.float);
    const scaled = c.named("scores", g.mul(product, scale));
    const biased = options.bias === undefined ? scaled : c.named("biased", g.add(scaled, overScores(c, "bias", options.bias, scaled)));
    const weights = softmax(c.tensor(masked(c, biased, options, isStep)) as FloatTensor).value; // scores are floats
    c.named("weights", weights);
    return c.tensor(apart(g.dot(together(weights, s), values, dotAttrs([last], [rank - 2], batch, batch)), e));
  }) as FloatTensor;
}
