/** Which labels of a loss of classes count, how much, and how sure they are. */

import { anyOf, FINITE } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import type { Shape } from "../../graph/type.ts";
import { constant } from "../constants.ts";
import type { Context } from "../context.ts";
import { spread } from "../elementwise.ts";
import { ANY_NUMBER, FLOATS, NUMBERS } from "../kinds.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { isSparse, last, oneHot } from "./batch.ts";
import { REDUCTION, type LossOptions } from "./reduction.ts";

/** A class for each row of scores, [n, …]; or its probabilities, as many as there are scores. */
export type ClassTargets = Tensor<Shape, "i32"> | FloatTensor;

/** What a loss of labels takes besides. */
export interface ClassOptions extends LossOptions {
  /** A factor a class. The mean is divided by the sum of the labels' factors, as in PyTorch; of dense targets by the number of rows. */
  readonly classWeights?: readonly number[] | FloatTensor;
  /** A label that is no class of the scores, and does not count: declare labels with one class more than there are scores. */
  readonly ignoreIndex?: number;
}

/** What a cross-entropy takes besides. */
export interface SmoothedOptions extends ClassOptions {
  /** ε: the target becomes (1 − ε)·target + ε / classes (Szegedy et al. 2016). Default: 0. */
  readonly labelSmoothing?: number;
}

export const CLASSES = {
  ...REDUCTION,
  classWeights: anyOf("a list of numbers, or a tensor of floats", NUMBERS, FLOATS),
  ignoreIndex: FINITE,
} as const;
export const SMOOTHED = { ...CLASSES, labelSmoothing: ANY_NUMBER } as const;

/** Throws a ModelError for a share that is none. */
export function checkSmoothing(c: Context, name: string, labelSmoothing: number): void {
  if (!(labelSmoothing >= 0 && labelSmoothing < 1))
    c.fail("loss/smoothing", `${name} needs a labelSmoothing from 0 up to 1, but got ${labelSmoothing}`, "Give a share, such as 0.1.");
}

/** (1 − ε)·t + ε / classes, of labels one-hot. */
export function smoothedTargets(c: Context, y: ClassTargets, shape: Shape, smoothing: number): Value {
  const { g } = c;
  const t = isSparse(y) ? g.cast(oneHot(c, y.value, shape), { to: c.float }) : y.value;
  if (smoothing === 0) return t;
  return c.named("smoothed", g.add(g.mul(t, g.literal(1 - smoothing, c.float)), g.literal(smoothing / shape.at(-1)!, c.float)));
}

/** Σⱼ −wⱼ·tⱼ·log pⱼ, w being the weights of the classes. */
export function weighedTerms(
  c: Context,
  name: string,
  logP: Value,
  y: ClassTargets,
  { classWeights, labelSmoothing = 0 }: SmoothedOptions,
): Value {
  const { g } = c;
  const { shape } = c.typeOf(logP);
  const w = weightsOfClasses(c, name, classWeights!, shape);
  const terms = g.mul(g.mul(w, smoothedTargets(c, y, shape, labelSmoothing)), logP);
  return g.neg(g.sum(terms, { axes: [shape.length - 1] }));
}

/** One for each class, in the shape of the scores. */
export function weightsOfClasses(c: Context, name: string, given: readonly number[] | FloatTensor, shape: Shape): Value {
  const classes = shape.at(-1)!;
  const own = "value" in given ? given.shape : [given.length];
  if (own.length !== 1 || own[0] !== classes)
    c.fail(
      "shape/classWeights",
      `${name} needs classWeights, one for each of ${classes} classes, but got ${"value" in given ? `[${own.join(",")}]` : given.length}`,
      "Give one for each, in the order of the classes.",
    );
  const value = "value" in given ? given.value : constant(given, [classes]).value;
  return spread(c, value, shape);
}

const isIgnored = (c: Context, y: ClassTargets, ignoreIndex: number): Value => c.g.eq(y.value, c.g.literal(ignoreIndex, "i32"));

/** 0 where a label does not count. */
export function withoutIgnored(c: Context, rowLoss: Value, y: ClassTargets, { ignoreIndex }: ClassOptions): Value {
  if (ignoreIndex === undefined) return rowLoss;
  return c.named("counted", c.g.where(isIgnored(c, y, ignoreIndex), c.g.literal(0, c.float), rowLoss));
}

/** What each label weighs in a mean; undefined where all weigh 1. */
export function labelWeights(
  c: Context,
  name: string,
  scores: FloatTensor,
  y: ClassTargets,
  { classWeights, ignoreIndex }: ClassOptions,
): Value | undefined {
  const { g } = c;
  if (!isSparse(y)) return undefined;
  const zero = g.literal(0, c.float);
  if (classWeights === undefined)
    return ignoreIndex === undefined ? undefined : g.where(isIgnored(c, y, ignoreIndex), zero, g.literal(1, c.float));
  const w = weightsOfClasses(c, name, classWeights, scores.shape);
  return c.named("labelWeight", g.sum(g.where(oneHot(c, y.value, scores.shape), w, zero), { axes: [last(scores)] }));
}
