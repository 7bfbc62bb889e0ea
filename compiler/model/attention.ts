/** Scaled dot-product attention as a function of tensors, with causal and other masks. */

import type { Value } from "../graph/graph.ts";
import { sameShape } from "../graph/type.ts";
import { dotAttrs } from "../ops/dot.ts";
import { softmax } from "./activations.ts";
import type { BoolTensor } from "./comparisons.ts";
import { FLAG, optionsOf } from "../graph/arguments.ts";
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
}

const OPTIONS = optionsOf<AttentionOptions>({ causal: FLAG, mask: TRUTHS });

/** What stands for −∞: its exponential is 0 beside any other score's, and a row of nothing else has finite weights. */
const MASKED = -1e30;

/** Scores where both masks allow them, MASKED elsewhere. */
function masked(c: Context, scores: Value, { causal = false, mask }: AttentionOptions): Value {
  const { g } = c;
  const { shape } = c.typeOf(scores);
  const [t, s] = shape.slice(-2) as [number, number];
  const position = (axis: number): Value => g.iota({ dtype: "i32", shape: [t, s] }, { axis });
  const allowed: Value[] = [];
  if (causal) allowed.push(spread(c, c.named("isPast", g.le(position(1), position(0))), shape));
  if (mask !== undefined) {
    if (!sameShape(broadcastShape(c, "attention mask", c.tensor(scores), mask), shape))
      c.fail(
        "attention/mask",
        `scaledDotProductAttention needs a mask that broadcasts to its scores [${shape.join(",")}], but got [${mask.shape.join(",")}]`,
        "Reshape the mask.",
        [c.operand("mask", mask.value)],
      );
    allowed.push(spread(c, mask.value, shape));
  }
  const [first, ...rest] = allowed;
  if (first === undefined) return scores;
  const all = rest.reduce((a, b) => g.and(a, b), first);
  return c.named("masked", g.where(all, scores, g.literal(MASKED, c.float)));
}

/** Queries [b…, t, d], keys [b…, s, d] and values [b…, s, e], or an error that says which extents differ. */
function checkOperands(c: Context, q: Tensor, k: Tensor, v: Tensor): void {
  const rank = q.shape.length;
  const fits =
    rank >= 2 &&
    k.shape.length === rank &&
    v.shape.length === rank &&
    sameShape(q.shape.slice(0, -2), k.shape.slice(0, -2)) &&
    sameShape(k.shape.slice(0, -1), v.shape.slice(0, -1)) &&
    q.shape[rank - 1] === k.shape[rank - 1];
  if (!fits)
    c.fail(
      "shape/attention",
      "scaledDotProductAttention needs q [b…, t, d], k [b…, s, d] and v [b…, s, e] with the same b, s and d",
      "Change the shape that differs.",
      [c.operand("q", q.value), c.operand("k", k.value), c.operand("v", v.value)],
    );
}

/**
 * softmax(q·kᵀ / √d)·v (Vaswani et al. 2017): q [b…, t, d], k [b…, s, d], v [b…, s, e] → [b…, t, e]. A query that may see no key
 * averages all values. Throws a ModelError where shapes do not fit.
 */
export function scaledDotProductAttention(q: FloatTensor, k: FloatTensor, v: FloatTensor, options: AttentionOptions = {}): FloatTensor {
  const c = called("scaledDotProductAttention", { q, k, v, options }, { q: FLOATS, k: FLOATS, v: FLOATS, options: OPTIONS });
  return c.run(() => {
    const { g } = c;
    checkOperands(c, q, k, v);
    const rank = q.shape.length;
    const batch = q.shape.slice(0, -2).map((_, axis) => axis);
    const last = rank - 1;
    const product = g.dot(q.value, k.value, dotAttrs([last], [last], batch, batch));
    const scale = g.literal(1 / Math.sqrt(q.shape[last]!), c.float);
    const scores = masked(c, c.named("scores", g.mul(product, scale)), options);
    const weights = softmax(c.tensor(scores) as FloatTensor).value; // scores are floats
    c.named("weights", weights);
    return c.tensor(g.dot(weights, v.value, dotAttrs([last], [rank - 2], batch, batch)));
  }) as FloatTensor;
}
