/** The functions that move elements without computing: joining, cutting, padding, turning, and reading by position. */

import { anyOf, optional, whole } from "../graph/arguments.ts";
import type { Value } from "../graph/graph.ts";
import type { DType, Shape } from "../graph/type.ts";
import { called } from "./arguments.ts";
import { axesIn, axisIn } from "./axes.ts";
import { broadcastShape, spread } from "./elementwise.ts";
import { ANY_NUMBER, AXES, AXIS, EXTENT, FLOATS, INTEGERS, NUMBERS, TENSOR, TENSORS } from "./kinds.ts";
import type { FloatTensor, Tensor } from "./tensor.ts";

const A_WHOLE = whole("a whole number", Number.MIN_SAFE_INTEGER);
const WHOLE = anyOf("a whole number, or a list of them", A_WHOLE, NUMBERS);

/** Tensors one after the other along an axis. Throws unless they differ on that axis only. */
export function concatenate<D extends DType>(parts: readonly Tensor<Shape, D>[], axis = -1): Tensor<Shape, D> {
  const c = called("concatenate", { parts, axis }, { parts: TENSORS, axis: optional(AXIS) });
  return c.run(() => {
    const [first] = parts;
    if (first === undefined) return c.fail("concatenate/empty", "concatenate needs at least one tensor", "Give it a list of tensors.");
    const at = axisIn(c, "concatenate", first.value, axis);
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
    const at = axisIn(c, "stack", first.value, axis, 1);
    const raised = parts.map(({ value, shape }) => c.g.reshape(value, { shape: shape.toSpliced(at, 0, 1) }));
    return c.tensor(c.g.concat(raised, { axis: at }));
  }) as Tensor<Shape, D>; // concat keeps the dtype
}

/**
 * x[start .. limit] along every axis, every stride-th element; the limit is excluded. A start or limit below 0 counts from the end, an
 * infinite one is the end itself; a stride below 0 goes backwards, from the start down to above the limit. Throws where that is no element of x.
 */
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
    const ranges = x.shape.map((extent, axis) => {
      const cut = (at: number): number => c.extents.cut(full?.[axis], extent, at);
      const range = rangeOf(extent, [start[axis]!, limit[axis]!, every[axis]!], cut);
      return (
        range ??
        c.fail(
          "slice/range",
          `slice needs elements of axis ${axis}, 0 to ${extent - 1}, but ${start[axis]} .. ${limit[axis]} by ${every[axis]} takes none or leaves it`,
          "Give 0 ≤ start < limit ≤ extent, or a stride below 0 and start > limit; numbers below 0 count from the end.",
          [c.operand("x", x.value)],
        )
      );
    });
    const taken = c.g.slice(x.value, {
      start: ranges.map(({ from }) => from),
      limit: ranges.map(({ to }) => to),
      stride: ranges.map(({ by }) => Math.abs(by)),
    });
    const backwards = ranges.flatMap(({ by }, axis) => (by < 0 ? [axis] : []));
    return c.tensor(backwards.length === 0 ? taken : c.g.reverse(taken, { axes: backwards }));
  }) as Tensor<Shape, D>; // slice keeps the dtype
}

/** The elements of an axis that a slice takes, from the lowest on; undefined where there are none, or some that the axis does not have. */
function rangeOf(
  extent: number,
  [start, limit, by]: readonly [start: number, limit: number, by: number],
  cut: (at: number) => number,
): { readonly from: number; readonly to: number; readonly by: number } | undefined {
  if (!Number.isInteger(by) || by === 0) return undefined;
  const placed = (at: number): number => {
    if (!Number.isFinite(at)) return at > 0 ? extent : by < 0 ? -1 : 0;
    return at < 0 ? extent - cut(-at) : cut(at);
  };
  const [first, end] = [placed(start), placed(limit)];
  if (by > 0) return first >= 0 && first < end && end <= extent ? { from: first, to: end, by } : undefined;
  const highest = start === Infinity ? extent - 1 : first;
  const count = Math.ceil((highest - end) / -by);
  const from = highest + (count - 1) * by;
  return count > 0 && from >= 0 && highest < extent ? { from, to: highest + 1, by } : undefined;
}

/** x cut along an axis: into that many equal parts, or parts of the given sizes. Throws where they do not add up. */
export function split<D extends DType>(x: Tensor<Shape, D>, parts: number | readonly number[], axis = -1): readonly Tensor<Shape, D>[] {
  const c = called(
    "split",
    { x, parts, axis },
    { x: TENSOR, parts: anyOf("a number of equal parts, or a list of their sizes", ANY_NUMBER, NUMBERS), axis: optional(AXIS) },
  );
  return c.run(() => {
    const at = axisIn(c, "split", x.value, axis);
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

/** x backwards along some axes. */
export function reversed<X extends Tensor>(x: X, axes: readonly number[]): X {
  const c = called("reversed", { x, axes }, { x: TENSOR, axes: AXES });
  return c.run(() => c.tensor(c.g.reverse(x.value, { axes: axes.map((axis) => axisIn(c, "reversed", x.value, axis)) }))) as X;
}

/**
 * Elements of x along an axis by position: y[i…, k…, j…] = x[i…, at[k…], j…], rows where the axis is 0. What is no position of that
 * axis reads zeros; labels are checked when a batch is given.
 */
export function gather(x: FloatTensor, at: Tensor<Shape, "i32">, axis = 0): FloatTensor {
  const c = called("gather", { x, at, axis }, { x: FLOATS, at: INTEGERS, axis: optional(AXIS) });
  return c.run(() => {
    const own = axisIn(c, "gather", x.value, axis);
    if (own === 0) return c.tensor(c.g.gather(x.value, at.value));
    const axes = x.shape.map((_, n) => n);
    const rows = c.g.gather(c.g.transpose(x.value, { order: [own, ...axes.toSpliced(own, 1)] }), at.value);
    const taken = at.shape.map((_, n) => n);
    const [before, after] = [axes.slice(0, own), axes.slice(own + 1)].map((some) => some.map((n) => n - Number(n > own) + taken.length));
    return c.tensor(c.g.transpose(rows, { order: [...before!, ...taken, ...after!] }));
  }) as FloatTensor;
}

/**
 * Of each row of x along an axis the elements at positions of its own: y[i…, k, j…] = x[i…, at[i…, k, j…], j…]. The other axes of both
 * broadcast. Every element of the axis is looked at. Throws where ranks differ or other axes do not broadcast.
 */
export function takeAlongAxis(x: FloatTensor, at: Tensor<Shape, "i32">, axis = -1): FloatTensor {
  const c = called("takeAlongAxis", { x, at, axis }, { x: FLOATS, at: INTEGERS, axis: optional(AXIS) });
  return c.run(() => {
    const own = axisIn(c, "takeAlongAxis", x.value, axis);
    if (x.shape.length !== at.shape.length)
      c.fail(
        "shape/takeAlongAxis",
        `takeAlongAxis needs positions of x's rank, but [${x.shape.join(",")}] has ${x.shape.length} axes and [${at.shape.join(",")}] ${at.shape.length}`,
        "Reshape the positions.",
        [c.operand("x", x.value), c.operand("at", at.value)],
      );
    const { g } = c;
    // x [i…, 1, n, j…], positions [i…, k, 1, j…]
    const elements = c.tensor(g.reshape(x.value, { shape: x.shape.toSpliced(own, 0, 1) }));
    const positions = c.tensor(g.reshape(at.value, { shape: at.shape.toSpliced(own + 1, 0, 1) }));
    const shape = broadcastShape(c, "takeAlongAxis", elements, positions);
    const isTaken = g.eq(g.iota({ dtype: "i32", shape }, { axis: own + 1 }), spread(c, positions.value, shape));
    const taken = g.where(isTaken, spread(c, elements.value, shape), g.literal(0, c.float));
    return c.tensor(g.sum(taken, { axes: [own + 1] }));
  }) as FloatTensor;
}

/** x turned around along some axes: y[i] = x[i − shift], what leaves at one end coming in at the other. One shift an axis. */
export function roll<X extends Tensor>(x: X, shift: number | readonly number[], axes: number | readonly number[] = -1): X {
  const c = called("roll", { x, shift, axes }, { x: TENSOR, shift: WHOLE, axes: optional(WHOLE) });
  return c.run(() => {
    const [by, along] = [[shift].flat(), [axes].flat()] as [number[], number[]];
    if (by.length !== along.length)
      c.fail("roll/axes", `roll needs a shift an axis, but got ${by.length} and ${along.length}`, "Give as many of one as of the other.");
    axesIn(c, "roll", x.value, along);
    const rolled = along.reduce<Value>((value, axis, n) => {
      const at = axisIn(c, "roll", x.value, axis);
      const extent = x.shape[at]!;
      const first = (((-by[n]! % extent) + extent) % extent) as number;
      const part = (from: number, to: number): Value =>
        c.g.slice(value, {
          start: x.shape.map((_, m) => (m === at ? from : 0)),
          limit: x.shape.map((e, m) => (m === at ? to : e)),
          stride: x.shape.map(() => 1),
        });
      return first === 0 ? value : c.g.concat([part(first, extent), part(0, first)], { axis: at });
    }, x.value);
    return c.tensor(rolled);
  }) as X; // the same elements
}

/** A new axis of extent 1. */
export function expandDims<D extends DType>(x: Tensor<Shape, D>, axis: number): Tensor<Shape, D> {
  const c = called("expandDims", { x, axis }, { x: TENSOR, axis: AXIS });
  return c.run(() => {
    const at = axisIn(c, "expandDims", x.value, axis, 1);
    return c.tensor(c.g.reshape(x.value, { shape: x.shape.toSpliced(at, 0, 1) }));
  }) as Tensor<Shape, D>; // reshape keeps the dtype
}

/** Without an axis of extent 1. Throws for any other extent. */
export function squeeze<D extends DType>(x: Tensor<Shape, D>, axis: number): Tensor<Shape, D> {
  const c = called("squeeze", { x, axis }, { x: TENSOR, axis: AXIS });
  return c.run(() => {
    const at = axisIn(c, "squeeze", x.value, axis);
    if (x.shape[at] !== 1)
      c.fail("squeeze/extent", `squeeze needs an axis of extent 1, but axis ${at} has ${x.shape[at]}`, "Name an axis of extent 1.", [
        c.operand("x", x.value),
      ]);
    return c.tensor(c.g.reshape(x.value, { shape: x.shape.toSpliced(at, 1) }));
  }) as Tensor<Shape, D>; // reshape keeps the dtype
}

/** 1 at each label's class, 0 elsewhere, along a new axis, the last by default: y [n…] → [n…, classes]. */
export function oneHot<S extends Shape, const N extends number>(y: Tensor<S, "i32">, classes: N): FloatTensor<readonly [...S, N]>;
export function oneHot(y: Tensor<Shape, "i32">, classes: number, axis: number): FloatTensor;
export function oneHot(y: Tensor<Shape, "i32">, classes: number, axis = -1): FloatTensor {
  const c = called("oneHot", { y, classes, axis }, { y: INTEGERS, classes: EXTENT, axis: optional(AXIS) });
  return c.run(() => {
    const at = axisIn(c, "oneHot", y.value, axis, 1);
    const extent = c.extents.of(classes);
    const position = c.g.iota({ dtype: "i32", shape: y.shape.toSpliced(at, 0, extent) }, { axis: at });
    const chosen = c.g.eq(position, c.g.broadcast(y.value, { axes: [at], size: [extent] }));
    return c.tensor(c.g.cast(chosen, { to: c.float }));
  }) as FloatTensor;
}

/** x itself, through which no gradient flows. */
export function stopGradient<X extends FloatTensor>(x: X): X {
  const c = called("stopGradient", { x }, { x: FLOATS });
  return c.run(() => c.tensor(c.g.stopGradient(x.value))) as X; // the same values
}
