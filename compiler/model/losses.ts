/** Guarantees the losses and metrics, as compositions of primitives; means over the batch count its real rows only. */

import type { Value } from "../graph/graph.ts";
import { context, type Context } from "./context.ts";
import { countOf } from "./leaves.ts";
import type { FloatTensor, Scalar, Tensor } from "./tensor.ts";

type Scores = FloatTensor<readonly [number, number]>;
type Labels = Tensor<readonly [number], "i32">;

/** Σ over the first `count` rows / count, of one value a row. */
function batchMean(c: Context, rows: Value): Value {
  const [n] = c.typeOf(rows).shape as [number];
  const count = countOf(c);
  const live = c.named("liveRows", c.g.where(count.live(n), rows, c.g.literal(0, c.float)));
  return c.g.mul(c.named("rowSum", c.g.sum(live, { axes: [0] })), c.named("perRow", count.scale()));
}

/** [i, j] ↦ y[i] = j. */
function oneHot(c: Context, y: Value, [rows, classes]: readonly [number, number]): Value {
  const position = c.g.iota({ dtype: "i32", shape: [rows, classes] }, { axis: 1 });
  return c.named("isLabel", c.g.eq(position, c.g.broadcast(y, { axes: [1], size: [classes] })));
}

function checkRows(c: Context, name: string, scores: Tensor, y: Tensor): readonly [number, number] {
  const [rows, classes] = scores.shape;
  const node = c.builder.node(y.value);
  const declared = node.attrs["classes"];
  const operands = [
    { label: "scores", type: c.builder.typeOf(scores.value) },
    { label: "y", type: c.builder.typeOf(y.value) },
  ];
  if (scores.shape.length !== 2 || y.shape.length !== 1 || y.shape[0] !== rows)
    c.fail(
      `shape/${name}`,
      `${name} needs scores [n, classes] and labels [n]`,
      "Give one label a row of scores.",
      operands,
    );
  if (typeof declared === "number" && declared !== classes)
    c.fail(`shape/${name}`, `${name} needs a score a class, but there are ${classes} scores and ${declared} classes`, "Make the last layer as wide as there are classes.", operands); // prettier-ignore
  return [rows!, classes!];
}

/** L = (1/N) Σ −log softmax(scores)[y], from logits, stable at ±1e4: rows are shifted by their largest score. */
export function softmaxCrossEntropy(scores: Scores, y: Labels): Scalar {
  const c = context();
  return c.run(() => {
    const { g } = c;
    const [rows, classes] = checkRows(c, "softmaxCrossEntropy", scores, y);
    const spread = { axes: [1], size: [classes] };
    const largest = g.stopGradient(c.named("largest", g.reduceMax(scores.value, { axes: [1] })));
    const shifted = c.named("shifted", g.sub(scores.value, g.broadcast(largest, spread)));
    const total = c.named("total", g.sum(c.named("exps", g.exp(shifted)), { axes: [1] }));
    const zero = g.literal(0, c.float);
    const chosen = c.named(
      "chosen",
      g.sum(g.where(oneHot(c, y.value, [rows, classes]), shifted, zero), { axes: [1] }),
    );
    return c.tensor(
      batchMean(c, c.named("rowLoss", g.sub(c.named("logTotal", g.log(total)), chosen))),
    );
  }) as Scalar;
}

/** Multiclass SVM: L = (1/N) Σᵢ Σ_{j≠yᵢ} max(0, s_j − s_yᵢ + 1). */
export function svmLoss(scores: Scores, y: Labels): Scalar {
  const c = context();
  return c.run(() => {
    const { g } = c;
    const [rows, classes] = checkRows(c, "svmLoss", scores, y);
    const chosen = oneHot(c, y.value, [rows, classes]);
    const zero = g.literal(0, c.float);
    const own = c.named("labelScore", g.sum(g.where(chosen, scores.value, zero), { axes: [1] }));
    const margin = c.named("margin", g.add(g.sub(scores.value, g.broadcast(own, { axes: [1], size: [classes] })), g.literal(1, c.float))); // prettier-ignore
    return c.tensor(
      batchMean(c, c.named("rowLoss", g.sum(g.where(chosen, zero, g.relu(margin)), { axes: [1] }))),
    );
  }) as Scalar;
}

/** Mean over all elements of (x − target)², the mean over the batch counting its real rows. */
export function mse(x: FloatTensor, target: FloatTensor): Scalar {
  const c = context();
  return c.run(() => {
    const { g } = c;
    const difference = g.sub(x.value, target.value);
    const squares = g.mul(difference, difference);
    const inner = x.shape.slice(1).reduce((n, extent) => n * extent, 1);
    const rows = x.shape.length > 1 ? g.sum(squares, { axes: x.shape.slice(1).map((_, n) => n + 1) }) : squares; // prettier-ignore
    return c.tensor(batchMean(c, inner > 1 ? g.mul(rows, g.literal(1 / inner, c.float)) : rows));
  }) as Scalar;
}

function penalty(
  name: string,
  weights: readonly FloatTensor[],
  strength: number,
  term: (c: Context, w: Value) => Value,
): Scalar {
  const c = context();
  return c.run(() => {
    if (!Number.isFinite(strength)) c.fail("value/finite", `${name} needs a finite strength, but got ${strength}`, "Use a finite number."); // prettier-ignore
    if (weights.length === 0) c.fail(`${name}/empty`, `${name} needs at least one weight`, "Name the weights to penalise."); // prettier-ignore
    const sums = weights.map((w) =>
      c.g.sum(term(c, w.value), { axes: w.shape.map((_, axis) => axis) }),
    );
    return c.tensor(
      c.g.mul(
        sums.reduce((a, b) => c.g.add(a, b)),
        c.g.literal(strength, c.float),
      ),
    );
  }) as Scalar;
}

/** λ·ΣW², no ½. */
export const l2 = (weights: readonly FloatTensor[], strength: number): Scalar =>
  penalty("l2", weights, strength, (c, w) => c.g.mul(w, w));

/** λ·Σ|W|. */
export const l1 = (weights: readonly FloatTensor[], strength: number): Scalar =>
  penalty("l1", weights, strength, (c, w) => c.g.abs(w));

/** Share of the rows whose largest score is their label's; ties go to the first. */
export function accuracy(scores: Scores, y: Labels): Scalar {
  const c = context();
  return c.run(() => {
    checkRows(c, "accuracy", scores, y);
    const right = c.g.eq(c.g.argmax(scores.value, { axis: 1 }), y.value);
    return c.tensor(batchMean(c, c.g.cast(right, { to: c.float })));
  }) as Scalar;
}
