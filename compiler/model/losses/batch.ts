/** A mean over the batch for losses of one's own, and one way to say which shapes a loss takes. */

import type { Value } from "../../graph/graph.ts";
import { isFloat, sameShape } from "../../graph/type.ts";
import { called } from "../arguments.ts";
import type { Context } from "../context.ts";
import { FLOATS } from "../kinds.ts";
import { meanOf } from "../live.ts";
import type { FloatTensor, Scalar, Tensor } from "../tensor.ts";

/**
 * The mean over all elements of [n, …], of the batch its real rows only, wherever they lie: for losses of your own. Throws a ModelError
 * for one number.
 */
export function batchMean(values: FloatTensor): Scalar {
  const c = called("batchMean", { values }, { values: FLOATS });
  return c.run(() => {
    if (values.shape.length === 0)
      c.fail("shape/batchMean", "batchMean needs a batch, [n, …], but got one number", "Give it a value a row.", [
        c.operand("values", values.value),
      ]);
    return c.tensor(meanOf(c, values.value)) as Scalar; // a mean is a scalar
  });
}

export const last = (tensor: { readonly shape: readonly number[] }): number => tensor.shape.length - 1;

const operands = (c: Context, scores: Tensor, y: Tensor) => [
  { label: "scores", type: c.builder.typeOf(scores.value) },
  { label: "y", type: c.builder.typeOf(y.value) },
];

/** Two tensors of one shape [n, …]. */
export function checkAlike(c: Context, name: string, scores: FloatTensor, y: FloatTensor): void {
  if (scores.shape.length === 0)
    c.fail(
      `shape/${name}`,
      `${name} needs a batch, [n, …], but the scores are one number`,
      "Give it a value a row.",
      operands(c, scores, y),
    );
  if (!sameShape(scores.shape, y.shape))
    c.fail(
      `shape/${name}`,
      `${name} needs scores and targets of one shape, but [${scores.shape.join(",")}] ≠ [${y.shape.join(",")}]`,
      "Give one target for each score.",
      operands(c, scores, y),
    );
}

/** Whether y holds a class for each position of the scores, and not a number for each score. */
export const isSparse = (y: FloatTensor | Tensor<readonly number[], "i32">): boolean => !isFloat(y.dtype);

/** Scores [n, …, classes] with labels [n, …], or with a target for each score; a label to ignore is none of the classes. */
export function checkClasses(c: Context, name: string, scores: FloatTensor, y: Tensor, ignoreIndex?: number): void {
  const classes = scores.shape.at(-1);
  const declared = c.builder.node(y.value).attrs["classes"];
  const positions = isFloat(y.dtype) ? scores.shape : scores.shape.slice(0, -1);
  if (scores.shape.length < 2 || !sameShape(y.shape, positions))
    c.fail(
      `shape/${name}`,
      `${name} needs scores [n, …, classes], and labels [n, …] or a target for each score`,
      "Give one label a row of scores; the classes are the last axis of the scores.",
      operands(c, scores, y),
    );
  if (ignoreIndex !== undefined) checkIgnored(c, name, classes!, y, ignoreIndex);
  if (typeof declared === "number" && declared !== classes && declared - 1 !== ignoreIndex)
    c.fail(
      `shape/${name}`,
      `${name} needs a score a class, but there are ${classes} scores and ${declared} classes`,
      "Make the last layer as wide as there are classes.",
      operands(c, scores, y),
    );
}

function checkIgnored(c: Context, name: string, classes: number, y: Tensor, ignoreIndex: number): void {
  if (isFloat(y.dtype))
    c.fail("loss/ignoreIndex", `${name} needs labels for an ignoreIndex, but got a target for each score`, "Give a class for each row.");
  if (!Number.isInteger(ignoreIndex) || (ignoreIndex >= 0 && ignoreIndex < classes))
    c.fail(
      "loss/ignoreIndex",
      `${name} needs an ignoreIndex that is no class, but ${ignoreIndex} is not a whole number outside 0 to ${classes - 1}`,
      `Declare labels with { classes: ${classes + 1} }, and ignore ${classes}.`,
    );
}

/** [i, …, j] ↦ y[i, …] = j. */
export function oneHot(c: Context, y: Value, shape: readonly number[]): Value {
  const axis = shape.length - 1;
  const position = c.g.iota({ dtype: "i32", shape }, { axis });
  return c.named("isLabel", c.g.eq(position, c.g.broadcast(y, { axes: [axis], size: [shape[axis]!] })));
}
