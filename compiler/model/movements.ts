/** The functions that move elements without computing: joining, cutting, padding, turning, and reading by position. */

import { anyOf, kind, listOf, optional } from "../graph/arguments.ts";
import type { DType, Shape } from "../graph/type.ts";
import { called } from "./arguments.ts";
import type { Context } from "./context.ts";
import { ANY_NUMBER, AXES, AXIS, EXTENT, FLOATS, INTEGERS, NUMBERS, TENSOR, TENSORS } from "./kinds.ts";
import type { FloatTensor, Tensor } from "./tensor.ts";

/** An axis counted from 0; `-1` is the last. `extra` axes may be asked for beyond those x has. */
function axisOf(c: Context, name: string, x: Tensor, axis: number, extra = 0): number {
  const rank = x.shape.length + extra;
  const at = axis < 0 ? axis + rank : axis;
  if (!(Number.isInteger(at) && at >= 0 && at < rank))
    c.fail(
      `${name}/axis`,
      `${name} needs an axis from ${-rank} to ${rank - 1}, but got ${axis}`,
      "Axes count from 0, or from the end with −1.",
      [c.operand("x", x.value)],
    );
  return at;
}

/** Tensors one after the other along an axis. Throws unless they differ on that axis only. */
export function concatenate<D extends DType>(parts: readonly Tensor<Shape, D>[], axis = -1): Tensor<Shape, D> {
  const c = called("concatenate", { parts, axis }, { parts: TENSORS, axis: optional(AXIS) });
  return c.run(() => {
    const [first] = parts;
    if (first === undefined) return c.fail("concatenate/empty", "concatenate needs at least one tensor", "Give it a list of tensors.");
    const at = axisOf(c, "concatenate", first, axis);
    return c.tensor(
      c.g.concat(
        parts.map(({ value }) => value),
        { axis: at },
      ),
    );
  }) as Tensor<Shape, D>; // concat keeps the dtype
}

/** Tensors of one shape along a new axis. */
export function stack<D extends DType>(parts: readonly Tensor<Shape, D>[], axis = 0): Tensor<Shape, D> {
  const c = called("stack", { parts, axis }, { parts: TENSORS, axis: optional(AXIS) });
  return c.run(() => {
    const [first] = parts;
    if (first === undefined) return c.fail("stack/empty", "stack needs at least one tensor", "Give it a list of tensors.");
    const at = axisOf(c, "stack", first, axis, 1);
    const raised = parts.map(({ value, shape }) => c.g.reshape(value, { shape: shape.toSpliced(at, 0, 1) }));
    return c.tensor(c.g.concat(raised, { axis: at }));
  }) as Tensor<Shape, D>; // concat keeps the dtype
}

/** x[start .. limit] along every axis, every stride-th element; the limit is excluded. Throws unless 0 ≤ start < limit ≤ extent. */
export function slice<D extends DType>(
  x: Tensor<Shape, D>,
  start: readonly number[],
  limit: readonly number[],
  stride?: readonly number[],
): Tensor<Shape, D> {
  const c = called("slice", { x, start, limit, stride }, { x: TENSOR, start: NUMBERS, limit: NUMBERS, stride: optional(NUMBERS) });
  const every = stride ?? start.map(() => 1);
  return c.run(() => {
    const rank = x.shape.length;
    if (start.length !== rank || limit.length !== rank || every.length !== rank)
      c.fail(
        "slice/rank",
        `slice needs a start, a limit and a stride for each of ${rank} axes, but got ${start.length}, ${limit.length} and ${every.length}`,
        "Give one number an axis.",
        [c.operand("x", x.value)],
      );
    const full = c.fullShape(x.value);
    const own = (ends: readonly number[]): number[] => ends.map((at, axis) => c.extents.cut(full?.[axis], x.shape[axis]!, at));
    return c.tensor(c.g.slice(x.value, { start: own(start), limit: own(limit), stride: every }));
  }) as Tensor<Shape, D>; // slice keeps the dtype
}

/** x cut along an axis: into that many equal parts, or parts of the given sizes. Throws where they do not add up. */
export function split<D extends DType>(x: Tensor<Shape, D>, parts: number | readonly number[], axis = -1): readonly Tensor<Shape, D>[] {
  const c = called(
    "split",
    { x, parts, axis },
    { x: TENSOR, parts: anyOf("a number of equal parts, or a list of their sizes", ANY_NUMBER, NUMBERS), axis: optional(AXIS) },
  );
  return c.run(() => {
    const at = axisOf(c, "split", x, axis);
    const extent = x.shape[at]!;
    const full = c.fullShape(x.value)?.[at];
    const sizes =
      typeof parts === "number"
        ? Array.from({ length: parts }, () => extent / parts)
        : parts.map((part) => c.extents.cut(full, extent, part));
    const total = sizes.reduce((n, size) => n + size, 0);
    if (sizes.length === 0 || total !== extent || !sizes.every((n) => Number.isInteger(n) && n > 0))
      c.fail(
        "split/sizes",
        `split needs whole parts that add up to ${extent}, but got ${JSON.stringify(parts)}`,
        "Give the number of equal parts, or their sizes.",
        [c.operand("x", x.value)],
      );
    let from = 0;
    return sizes.map((size) => {
      const start = x.shape.map((_, n) => (n === at ? from : 0));
      from += size;
      const limit = x.shape.map((e, n) => (n === at ? from : e));
      return c.tensor(c.g.slice(x.value, { start, limit, stride: start.map(() => 1) }));
    });
  }) as unknown as readonly Tensor<Shape, D>[]; // slice keeps the dtype
}

const PAIR = kind("[low, high]", (pair) => Array.isArray(pair) && pair.length === 2 && pair.every((end) => typeof end === "number"));

/** x among zeros: [low, high] an axis. */
export function pad(x: FloatTensor, ends: readonly (readonly [low: number, high: number])[]): FloatTensor {
  const c = called("pad", { x, ends }, { x: FLOATS, ends: listOf("a list of [low, high], one an axis", PAIR) });
  return c.run(() => {
    if (ends.length !== x.shape.length)
      c.fail("pad/rank", `pad needs [low, high] for each of ${x.shape.length} axes, but got ${ends.length}`, "Give one pair an axis.", [
        c.operand("x", x.value),
      ]);
    return c.tensor(c.g.pad(x.value, { low: ends.map(([low]) => low), high: ends.map(([, high]) => high), interior: ends.map(() => 0) }));
  }) as FloatTensor;
}

/** x backwards along some axes. */
export function reversed<X extends Tensor>(x: X, axes: readonly number[]): X {
  const c = called("reversed", { x, axes }, { x: TENSOR, axes: AXES });
  return c.run(() => c.tensor(c.g.reverse(x.value, { axes: axes.map((axis) => axisOf(c, "reversed", x, axis)) }))) as X;
}

/** Rows of x by position: y[i…, j…] = x[at[i…], j…]. What is no row of x reads zeros; labels are checked when a batch is given. */
export function gather(x: FloatTensor, at: Tensor<Shape, "i32">): FloatTensor {
  const c = called("gather", { x, at }, { x: FLOATS, at: INTEGERS });
  return c.run(() => c.tensor(c.g.gather(x.value, at.value))) as FloatTensor;
}

/** A new axis of extent 1. */
export function expandDims<D extends DType>(x: Tensor<Shape, D>, axis: number): Tensor<Shape, D> {
  const c = called("expandDims", { x, axis }, { x: TENSOR, axis: AXIS });
  return c.run(() => {
    const at = axisOf(c, "expandDims", x, axis, 1);
    return c.tensor(c.g.reshape(x.value, { shape: x.shape.toSpliced(at, 0, 1) }));
  }) as Tensor<Shape, D>; // reshape keeps the dtype
}

/** Without an axis of extent 1. Throws for any other extent. */
export function squeeze<D extends DType>(x: Tensor<Shape, D>, axis: number): Tensor<Shape, D> {
  const c = called("squeeze", { x, axis }, { x: TENSOR, axis: AXIS });
  return c.run(() => {
    const at = axisOf(c, "squeeze", x, axis);
    if (x.shape[at] !== 1)
      c.fail("squeeze/extent", `squeeze needs an axis of extent 1, but axis ${at} has ${x.shape[at]}`, "Name an axis of extent 1.", [
        c.operand("x", x.value),
      ]);
    return c.tensor(c.g.reshape(x.value, { shape: x.shape.toSpliced(at, 1) }));
  }) as Tensor<Shape, D>; // reshape keeps the dtype
}

/** 1 at each label's class, 0 elsewhere: y [n…] → [n…, classes]. */
export function oneHot<S extends Shape, const N extends number>(y: Tensor<S, "i32">, classes: N): FloatTensor<readonly [...S, N]> {
  const c = called("oneHot", { y, classes }, { y: INTEGERS, classes: EXTENT });
  return c.run(() => {
    const rank = y.shape.length;
    const extent = c.extents.of(classes);
    const position = c.g.iota({ dtype: "i32", shape: [...y.shape, extent] }, { axis: rank });
    const chosen = c.g.eq(position, c.g.broadcast(y.value, { axes: [rank], size: [extent] }));
    return c.tensor(c.g.cast(chosen, { to: c.float }));
  }) as FloatTensor<readonly [...S, N]>;
}

/** x itself, through which no gradient flows. */
export function stopGradient<X extends FloatTensor>(x: X): X {
  const c = called("stopGradient", { x }, { x: FLOATS });
  return c.run(() => c.tensor(c.g.stopGradient(x.value))) as X; // the same values
}
