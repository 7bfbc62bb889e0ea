/** The losses of yes or no, averaged over all elements; those of logits are finite, and their gradients, at ±1e4. */

import type { Value } from "../../graph/graph.ts";
import { isFloat, sameShape, type Shape } from "../../graph/type.ts";
import { adviseDropped, adviseLogits, adviseProbabilities } from "../advice.ts";
import { called } from "../arguments.ts";
import type { Context } from "../context.ts";
import { meanOf } from "../live.ts";
import { FLOATS, TARGETS } from "../kinds.ts";
import type { FloatTensor, Scalar, Tensor } from "../tensor.ts";
import { checkAlike } from "./batch.ts";
import { counts } from "./classes.ts";

/** A number for each score; or labels of two classes, where the scores may have a last axis of 1 besides. */
export type BinaryTargets = Tensor<Shape, "i32"> | FloatTensor;

/** Targets in the shape of the scores: floats as they are, labels as 0 and 1. */
export function binaryTargets(c: Context, name: string, scores: FloatTensor, y: BinaryTargets): Value {
  if (isFloat(y.dtype)) {
    checkAlike(c, name, scores, y as FloatTensor); // a float tensor, as just asked
    return y.value;
  }
  const classes = c.builder.node(y.value).attrs["classes"];
  if (typeof classes === "number" && classes !== 2)
    c.fail(
      `shape/${name}`,
      `${name} needs labels of two classes, but there are ${classes}`,
      "Declare labels with { classes: 2 }, or use a loss of several classes.",
    );
  const values = c.g.cast(y.value, { to: c.float });
  const narrow = scores.shape.at(-1) === 1 && sameShape(scores.shape.slice(0, -1), y.shape);
  const shaped = narrow ? c.g.reshape(values, { shape: scores.shape }) : values;
  checkAlike(c, name, scores, c.tensor(shaped) as FloatTensor); // cast to a float
  return shaped;
}

/** Mean of −t·log σ(x) − (1 − t)·log(1 − σ(x)), from logits: max(x, 0) − x·t + log(1 + e^−|x|). */
export function bceWithLogits(scores: FloatTensor, y: BinaryTargets): Scalar {
  const c = called("bceWithLogits", { scores, y }, { scores: FLOATS, y: TARGETS });
  return c.run(() => {
    const { g } = c;
    const t = binaryTargets(c, "bceWithLogits", scores, y);
    adviseLogits(c, "bceWithLogits", scores.value, "binaryCrossentropy");
    adviseDropped(c, "bceWithLogits", scores.value);
    const x = scores.value;
    // the slopes of max and |x| at 0 add up to σ(0) = ½; relu's would not
    const linear = g.sub(g.max(x, g.literal(0, c.float)), g.mul(x, t));
    const tail = g.log1p(g.exp(g.neg(g.abs(x))));
    return c.tensor(meanOf(c, c.named("elementLoss", g.add(linear, tail))));
  }) as Scalar;
}

/**
 * Mean of −t·log p − (1 − t)·log(1 − p), of probabilities. Nothing is clipped: after a sigmoid it is computed from the sigmoid's argument
 * (see passes/graph/stability.ts). Terms with no weight do not count, not even at p = 0 or p = 1.
 */
export function binaryCrossentropy(probabilities: FloatTensor, y: BinaryTargets): Scalar {
  const c = called("binaryCrossentropy", { probabilities, y }, { probabilities: FLOATS, y: TARGETS });
  return c.run(() => {
    const { g } = c;
    const one = g.literal(1, c.float);
    const t = binaryTargets(c, "binaryCrossentropy", probabilities, y);
    const p = probabilities.value;
    adviseProbabilities(c, "binaryCrossentropy", p, "sigmoid", "bceWithLogits");
    adviseDropped(c, "binaryCrossentropy", p);
    const [notT, notP] = [g.sub(one, t), g.sub(one, p)];
    const logP = c.named("logP", g.log(g.where(counts(c, t, p), p, one)));
    const logNotP = c.named("logNotP", g.log(g.where(counts(c, notT, notP), notP, one)));
    const likelihood = g.add(g.mul(t, logP), g.mul(notT, logNotP));
    return c.tensor(meanOf(c, c.named("elementLoss", g.neg(likelihood))));
  }) as Scalar;
}

/** Mean of max(0, 1 − t·s) for targets −1 and 1; labels 0 and 1 stand for those. */
export function hinge(scores: FloatTensor, y: BinaryTargets): Scalar {
  const c = called("hinge", { scores, y }, { scores: FLOATS, y: TARGETS });
  return c.run(() => {
    const { g } = c;
    const one = g.literal(1, c.float);
    const t = binaryTargets(c, "hinge", scores, y);
    adviseDropped(c, "hinge", scores.value);
    const signs = isFloat(y.dtype) ? t : g.sub(g.mul(t, g.literal(2, c.float)), one);
    const margin = c.named("margin", g.sub(one, g.mul(signs, scores.value)));
    return c.tensor(meanOf(c, c.named("elementLoss", g.relu(margin))));
  }) as Scalar;
}
