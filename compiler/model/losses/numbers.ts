/** The losses of numbers against numbers: means over all elements, or over rows of a sum along the last axis. */

import type { Value } from "../../graph/graph.ts";
import { adviseDropped, adviseProbabilities } from "../advice.ts";
import { optionsOf } from "../../graph/arguments.ts";
import { called, check } from "../arguments.ts";
import type { Context } from "../context.ts";
import { meanOf } from "../live.ts";
import { ANY_NUMBER, FLOATS } from "../kinds.ts";
import type { FloatTensor, Scalar } from "../tensor.ts";
import { checkAlike, last } from "./batch.ts";
import { counts } from "./classes.ts";

type Loss = (x: FloatTensor, target: FloatTensor) => Scalar;

const elementLoss =
  (name: string, of: (c: Context, difference: Value) => Value): Loss =>
  (x, target) => {
    const c = called(name, { x, target }, { x: FLOATS, target: FLOATS });
    return c.run(() => {
      checkAlike(c, name, x, target);
      adviseDropped(c, name, x.value);
      return c.tensor(meanOf(c, of(c, c.named("difference", c.g.sub(x.value, target.value)))));
    }) as Scalar;
  };

/** Mean of (x − target)² over all elements. */
export const mse: Loss = elementLoss("mse", ({ g }, difference) => g.mul(difference, difference));

/** Mean of |x − target| over all elements. */
export const mae: Loss = elementLoss("mae", ({ g }, difference) => g.abs(difference));

/** Mean over all elements of ½e² where |e| ≤ δ, and δ·(|e| − ½δ) beyond (Huber 1964). */
export function huber(x: FloatTensor, target: FloatTensor, options: { readonly delta?: number } = {}): Scalar {
  check("huber", { x, target, options }, { x: FLOATS, target: FLOATS, options: optionsOf<typeof options>({ delta: ANY_NUMBER }) });
  const { delta = 1 } = options;
  return elementLoss("huber", (c, difference) => {
    if (!(delta > 0 && Number.isFinite(delta)))
      c.fail("loss/delta", `huber needs a finite delta above 0, but got ${delta}`, "Give the error at which it turns linear.");
    const size = c.g.abs(difference);
    const inside = c.named("inside", c.g.min(size, c.g.literal(delta, c.float)));
    // m·(|e| − m/2) with m = min(|e|, δ): its slope is m, at the seam too
    return c.g.mul(inside, c.g.sub(size, c.g.mul(inside, c.g.literal(0.5, c.float))));
  })(x, target);
}

/**
 * Kullback–Leibler divergence KL(target ‖ p) = Σ t·(log t − log p) over the last axis, mean over rows. Both are probabilities; terms
 * with t = 0 are 0. After a softmax, log p is computed from the softmax's argument (see passes/graph/stability.ts).
 */
export function kl(probabilities: FloatTensor, target: FloatTensor): Scalar {
  const c = called("kl", { probabilities, target }, { probabilities: FLOATS, target: FLOATS });
  return c.run(() => {
    checkAlike(c, "kl", probabilities, target);
    adviseProbabilities(c, "kl", probabilities.value, "softmax", "softmaxCrossEntropy");
    adviseDropped(c, "kl", probabilities.value);
    const { g } = c;
    const [p, t] = [probabilities.value, target.value];
    const one = g.literal(1, c.float);
    const logT = c.named("logT", g.log(g.where(g.eq(t, g.literal(0, c.float)), one, t)));
    const logP = c.named("logP", g.log(g.where(counts(c, t, p), p, one)));
    const terms = g.mul(t, g.sub(logT, logP));
    return c.tensor(meanOf(c, c.named("rowLoss", g.sum(terms, { axes: [last(target)] }))));
  }) as Scalar;
}

/** A length below this counts as this, so that a row of zeros has a cosine of 0 and a finite gradient. */
const SHORTEST = 1e-8;

/** Mean over rows of −cos of the angle between x and target along the last axis: −1 where they point the same way (Keras's sign). */
export function cosineSimilarity(x: FloatTensor, target: FloatTensor): Scalar {
  const c = called("cosineSimilarity", { x, target }, { x: FLOATS, target: FLOATS });
  return c.run(() => {
    checkAlike(c, "cosineSimilarity", x, target);
    adviseDropped(c, "cosineSimilarity", x.value);
    const { g } = c;
    const over = { axes: [last(x)] };
    const length = (of: Value): Value => {
      const squares = g.sum(g.mul(of, of), over);
      return c.named("length", g.sqrt(g.max(squares, g.literal(SHORTEST ** 2, c.float))));
    };
    const product = c.named("product", g.sum(g.mul(x.value, target.value), over));
    const cosine = g.div(g.div(product, length(x.value)), length(target.value));
    return c.tensor(meanOf(c, c.named("rowLoss", g.neg(cosine))));
  }) as Scalar;
}
