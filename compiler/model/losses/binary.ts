/** The losses of yes or no, averaged over all elements; those of logits are finite, and their gradients, at ±1e4. */

import type { Value } from "../../graph/graph.ts";
import { isFloat, sameShape, type Shape } from "../../graph/type.ts";
import { adviseDropped, adviseLogits, adviseProbabilities } from "../advice.ts";
import { optional, optionsOf } from "../../graph/arguments.ts";
import { called } from "../arguments.ts";
import type { Context } from "../context.ts";
import { spread } from "../elementwise.ts";
import { ANY_NUMBER, FLOATS, FLOATS_OR_NUMBER, TARGETS } from "../kinds.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { checkAlike } from "./batch.ts";
import { checkSmoothing } from "./class-weights.ts";
import { counts } from "./classes.ts";
import { reducedLoss, REDUCTION, type LossOptions, type Reduced } from "./reduction.ts";

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

/** What a loss of yes or no takes besides. */
export interface BinaryOptions extends LossOptions {
  /** ε: targets t become (1 − ε)·t + ε/2. Default: 0. */
  readonly labelSmoothing?: number;
}

/** Targets nearer to a half. */
export function smoothed(c: Context, name: string, t: Value, labelSmoothing: number): Value {
  checkSmoothing(c, name, labelSmoothing);
  if (labelSmoothing === 0) return t;
  const { g } = c;
  return c.named("smoothed", g.add(g.mul(t, g.literal(1 - labelSmoothing, c.float)), g.literal(labelSmoothing / 2, c.float)));
}

/** What bceWithLogits takes besides. */
export interface LogitsOptions extends BinaryOptions {
  /** What a yes weighs against a no: a number, or one for each of the last axes, as it broadcasts. Default: 1. */
  readonly posWeight?: number | FloatTensor;
}

const LOGITS = optionsOf<LogitsOptions>({ ...REDUCTION, labelSmoothing: ANY_NUMBER, posWeight: FLOATS_OR_NUMBER });

/**
 * Mean of −t·log σ(x) − (1 − t)·log(1 − σ(x)), from logits: max(x, 0) − x·t + log(1 + e^−|x|); with a weight w of the positive,
 * (1 − t)·x + (1 + (w − 1)·t)·log(1 + e^−x).
 */
export function bceWithLogits<const O extends LogitsOptions = LogitsOptions>(
  scores: FloatTensor,
  y: BinaryTargets,
  options?: O,
): Reduced<O> {
  const c = called("bceWithLogits", { scores, y, options }, { scores: FLOATS, y: TARGETS, options: optional(LOGITS) });
  const { labelSmoothing = 0, posWeight }: LogitsOptions = options ?? {};
  return c.run(() => {
    const { g } = c;
    const t = smoothed(c, "bceWithLogits", binaryTargets(c, "bceWithLogits", scores, y), labelSmoothing);
    adviseLogits(c, "bceWithLogits", scores.value, "binaryCrossentropy");
    const x = scores.value;
    const [zero, one] = [g.literal(0, c.float), g.literal(1, c.float)];
    if (posWeight !== undefined) {
      const more = c.named("weight", g.add(g.mul(t, weightLess1(c, posWeight, scores)), one));
      const no = g.mul(g.sub(one, t), x);
      return reducedLoss<O>(c, c.named("elementLoss", g.sub(no, g.mul(more, g.logSigmoid(x)))), options ?? {});
    }
    // the slopes of max and |x| at 0 add up to σ(0) = ½; relu's would not
    const linear = g.sub(g.max(x, zero), g.mul(x, t));
    const tail = g.log1p(g.exp(g.neg(g.abs(x))));
    return reducedLoss<O>(c, c.named("elementLoss", g.add(linear, tail)), options ?? {});
  });
}

/** posWeight − 1 in the shape of the scores, or as a literal. */
function weightLess1(c: Context, posWeight: number | FloatTensor, scores: FloatTensor): Value {
  if (typeof posWeight === "number") {
    if (!(posWeight >= 0 && Number.isFinite(posWeight)))
      c.fail(
        "loss/posWeight",
        `bceWithLogits needs a finite posWeight of at least 0, but got ${posWeight}`,
        "Give negatives / positives, or so.",
      );
    return c.g.literal(posWeight - 1, c.float);
  }
  const lead = scores.shape.length - posWeight.shape.length;
  if (lead < 0 || posWeight.shape.some((extent, axis) => extent !== 1 && extent !== scores.shape[axis + lead]))
    c.fail(
      "shape/posWeight",
      `bceWithLogits needs a posWeight that broadcasts to the scores, but [${posWeight.shape.join(",")}] does not to [${scores.shape.join(",")}]`,
      "Give one number, or one for each output.",
      [c.operand("posWeight", posWeight.value), c.operand("scores", scores.value)],
    );
  return c.g.sub(spread(c, posWeight.value, scores.shape), c.g.literal(1, c.float));
}

const BINARY = optionsOf<BinaryOptions>({ ...REDUCTION, labelSmoothing: ANY_NUMBER });

/**
 * Mean of −t·log p − (1 − t)·log(1 − p), of probabilities. Nothing is clipped: after a sigmoid it is computed from the sigmoid's argument
 * (see passes/graph/stability.ts). Terms with no weight do not count, not even at p = 0 or p = 1.
 */
export function binaryCrossentropy<const O extends BinaryOptions = BinaryOptions>(
  probabilities: FloatTensor,
  y: BinaryTargets,
  options?: O,
): Reduced<O> {
  const laws = { probabilities: FLOATS, y: TARGETS, options: optional(BINARY) };
  const c = called("binaryCrossentropy", { probabilities, y, options }, laws);
  return c.run(() => {
    const { g } = c;
    const one = g.literal(1, c.float);
    const t = smoothed(c, "binaryCrossentropy", binaryTargets(c, "binaryCrossentropy", probabilities, y), options?.labelSmoothing ?? 0);
    const p = probabilities.value;
    adviseProbabilities(c, "binaryCrossentropy", p, "sigmoid", "bceWithLogits");
    const [notT, notP] = [g.sub(one, t), g.sub(one, p)];
    const logP = c.named("logP", g.log(g.where(counts(c, t, p), p, one)));
    const logNotP = c.named("logNotP", g.log(g.where(counts(c, notT, notP), notP, one)));
    const likelihood = g.add(g.mul(t, logP), g.mul(notT, logNotP));
    return reducedLoss<O>(c, c.named("elementLoss", g.neg(likelihood)), options ?? {});
  });
}

const REDUCED = optionsOf<LossOptions>(REDUCTION);

type Hinge = <const O extends LossOptions = LossOptions>(scores: FloatTensor, y: BinaryTargets, options?: O) => Reduced<O>;

/** Targets of −1 and 1, which labels 0 and 1 stand for. */
export function signsOf(c: Context, name: string, scores: FloatTensor, y: BinaryTargets): Value {
  const t = binaryTargets(c, name, scores, y);
  return isFloat(y.dtype) ? t : c.g.sub(c.g.mul(t, c.g.literal(2, c.float)), c.g.literal(1, c.float));
}

/** A loss of max(0, 1 − t·s). */
const hinged =
  (name: string, of: (c: Context, value: Value) => Value): Hinge =>
  <const O extends LossOptions>(scores: FloatTensor, y: BinaryTargets, options?: O): Reduced<O> => {
    const c = called(name, { scores, y, options }, { scores: FLOATS, y: TARGETS, options: optional(REDUCED) });
    return c.run(() => {
      const { g } = c;
      const one = g.literal(1, c.float);
      const signs = signsOf(c, name, scores, y);
      adviseDropped(c, name, scores.value);
      const margin = c.named("margin", g.sub(one, g.mul(signs, scores.value)));
      return reducedLoss<O>(c, c.named("elementLoss", of(c, g.relu(margin))), options ?? {});
    });
  };

/** Mean of max(0, 1 − t·s) for targets −1 and 1; labels 0 and 1 stand for those. */
export const hinge: Hinge = hinged("hinge", (_, value) => value);

/** Mean of max(0, 1 − t·s)² for targets −1 and 1; labels 0 and 1 stand for those. */
export const squaredHinge: Hinge = hinged("squaredHinge", ({ g }, value) => g.mul(value, value));
