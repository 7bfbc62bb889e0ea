/**
 * Orders along an axis, by counting what comes before each element: the place of an element is how many do. Values are read at their places,
 * so gradients of any order go through the permutation, which itself has none. All elements of an axis are compared with each other.
 */

import { FLAG, optional, optionsOf } from "../graph/arguments.ts";
import type { Value } from "../graph/graph.ts";
import type { Shape } from "../graph/type.ts";
import { called } from "./arguments.ts";
import { axisIn } from "./axes.ts";
import { isTensor, type Context } from "./context.ts";
import { AXIS, EXTENT, FLOATS } from "./kinds.ts";
import { topKAccuracy } from "./metrics.ts";
import { keeping, type ReductionOptions } from "./reductions.ts";
import type { ClassTargets } from "./losses/classes.ts";
import type { FloatTensor, Scalar, Tensor } from "./tensor.ts";

/** What sort and argsort take besides. */
export interface SortOptions {
  /** The largest first. Default: false. */
  readonly descending?: boolean;
}

const OPTIONS = optionsOf<SortOptions>({ descending: FLAG });

/** Spreads values of a shape so that one of its axes is two, and they vary along the first of them, or along the second. */
const pairsOf =
  ({ g }: Context, shape: Shape, axis: number) =>
  (value: Value, which: "first" | "second"): Value =>
    g.broadcast(value, { axes: [which === "first" ? axis + 1 : axis], size: [shape[axis]!] });

/** By what elements are in order: the largest first, and of equals the one of the largest tie. What is no number counts as the largest of x. */
function orderOf(c: Context, x: Value, axis: number, descending: boolean): { readonly key: Value; readonly tie: Value } {
  const { g } = c;
  const { shape } = c.typeOf(x);
  const n = shape[axis]!;
  const isNumber = g.eq(x, x);
  const key = g.where(isNumber, descending ? x : g.neg(x), g.literal(descending ? Infinity : -Infinity, c.float));
  const tie = g.neg(g.cast(g.iota({ dtype: "i32", shape }, { axis }), { to: c.float })); // whole numbers below 2²⁴
  const ofNone = g.add(tie, g.literal(descending ? n : -n, c.float));
  return { key: c.named("key", key), tie: c.named("tie", g.where(isNumber, tie, ofNone)) };
}

/** The place of each element in the order, from 0: of equals the first comes first. */
function placesOf(c: Context, x: Value, axis: number, descending: boolean): Value {
  const { g } = c;
  const { shape } = c.typeOf(x);
  const { key, tie } = orderOf(c, x, axis, descending);
  const along = pairsOf(c, shape, axis);
  // i is the first of the two axes, k the second: how many k come before i
  const before = g.or(
    g.lt(along(key, "first"), along(key, "second")),
    g.and(g.eq(along(key, "second"), along(key, "first")), g.lt(along(tie, "first"), along(tie, "second"))),
  );
  return c.named("places", g.sum(g.cast(before, { to: "i32" }), { axes: [axis + 1] }));
}

/** Of each of the first `count` places what `of` has at the element there. */
function atPlaces(c: Context, places: Value, of: Value, axis: number, count: number): Value {
  const { g } = c;
  const { shape } = c.typeOf(places);
  const wide = [...shape.slice(0, axis), count, ...shape.slice(axis)];
  const spread = (value: Value): Value => g.broadcast(value, { axes: [axis], size: [count] });
  const isThere = g.eq(spread(places), g.iota({ dtype: "i32", shape: wide }, { axis }));
  return g.sum(g.where(isThere, spread(of), g.literal(0, c.typeOf(of).dtype)), { axes: [axis + 1] });
}

const positions = (c: Context, x: Value, axis: number): Value => c.g.iota({ dtype: "i32", shape: c.typeOf(x).shape }, { axis });

/**
 * x in order along an axis, the smallest first, or the largest (torch.sort's values): of equals the first comes first, and NaN counts as the
 * largest. Throws for an axis that x does not have.
 */
export function sort<S extends Shape>(x: FloatTensor<S>, axis = -1, options: SortOptions = {}): FloatTensor<S> {
  const c = called("sort", { x, axis, options }, { x: FLOATS, axis: optional(AXIS), options: OPTIONS });
  return c.run(() => {
    const at = axisIn(c, "sort", x.value, axis);
    return c.tensor(atPlaces(c, placesOf(c, x.value, at, options.descending ?? false), x.value, at, x.shape[at]!));
  }) as FloatTensor<S>; // as many values as before
}

/** Where the elements in order lie along an axis (torch.argsort, stable); no gradient. Throws for an axis that x does not have. */
export function argsort<S extends Shape>(x: FloatTensor<S>, axis = -1, options: SortOptions = {}): Tensor<S, "i32"> {
  const c = called("argsort", { x, axis, options }, { x: FLOATS, axis: optional(AXIS), options: OPTIONS });
  return c.run(() => {
    const at = axisIn(c, "argsort", x.value, axis);
    const places = placesOf(c, x.value, at, options.descending ?? false);
    return c.tensor(atPlaces(c, places, positions(c, x.value, at), at, x.shape[at]!));
  }) as Tensor<S, "i32">; // positions are integers
}

/** Up to so many are found one after the other: each costs two runs along the axis, where an order of all costs one for each element. */
const MOST_FOUND = 16;

/**
 * The first k along an axis, each by what comes next in the order after the one before: the largest key that is left, and of those that have
 * it the largest tie. Of an axis n long that is 2·k·n comparisons.
 */
function firstOf(c: Context, x: Value, axis: number, k: number, descending: boolean): readonly [values: Value, positions: Value] {
  const { g } = c;
  const { shape } = c.typeOf(x);
  const n = shape[axis]!;
  const { key, tie } = orderOf(c, x, axis, descending);
  const none = g.literal(-Infinity, c.float);
  const along = (value: Value): Value => g.broadcast(value, { axes: [axis], size: [n] });
  const largest = (value: Value): Value => g.reduceMax(value, { axes: [axis] });
  const found: Value[] = [];
  let best = largest(key);
  let at = largest(g.where(g.eq(key, along(best)), tie, none));
  for (;;) {
    found.push(g.reshape(at, { shape: shape.with(axis, 1) }));
    if (found.length === k) break;
    const isBehind = g.lt(tie, along(at));
    const next = largest(g.where(g.or(g.lt(key, along(best)), g.and(g.eq(key, along(best)), isBehind)), key, none));
    const isLess = along(g.lt(next, best));
    at = largest(g.where(g.and(g.eq(key, along(next)), g.or(isLess, isBehind)), tie, none));
    best = next;
  }
  const ties = c.named("ties", found.length === 1 ? found[0]! : g.concat(found, { axis }));
  const isThere = g.eq(g.broadcast(tie, { axes: [axis], size: [k] }), g.broadcast(ties, { axes: [axis + 1], size: [n] }));
  const each = g.where(isThere, g.broadcast(x, { axes: [axis], size: [k] }), g.literal(0, c.float));
  const whole = g.cast(g.neg(ties), { to: "i32" });
  const extent = g.literal(n, "i32");
  const positions = descending
    ? g.where(g.lt(whole, g.literal(0, "i32")), g.add(whole, extent), whole)
    : g.where(g.lt(whole, extent), whole, g.sub(whole, extent));
  return [g.sum(each, { axes: [axis + 1] }), positions];
}

/** What topK takes besides. */
export interface TopKOptions {
  /** Default: the last. */
  readonly axis?: number;
  /** The smallest where false. Default: true. */
  readonly largest?: boolean;
}

const TOP = optionsOf<TopKOptions>({ axis: AXIS, largest: FLAG });

/**
 * The k largest along an axis, in order, and where they lie (torch.topk): of equals the first comes first. Throws for an axis that x does not
 * have, or a k above its extent. With labels it is the metric that is called topKAccuracy now.
 */
export function topK(x: FloatTensor, k: number, options?: TopKOptions): readonly [values: FloatTensor, positions: Tensor<Shape, "i32">];
export function topK(scores: FloatTensor, y: ClassTargets, k: number): Scalar;
export function topK(
  x: FloatTensor,
  second: number | ClassTargets,
  third: number | TopKOptions = {},
): Scalar | readonly [FloatTensor, Tensor<Shape, "i32">] {
  if (isTensor(second)) return renamed(x, second as ClassTargets, third as number); // the second overload
  const options = third as TopKOptions;
  const c = called("topK", { x, k: second, options }, { x: FLOATS, k: EXTENT, options: TOP });
  const k = second as number; // an extent
  const both = c.run(() => {
    const at = axisIn(c, "topK", x.value, options.axis ?? -1);
    if (k > x.shape[at]!)
      c.fail("topK/k", `topK needs a k of at most ${x.shape[at]}, the extent of axis ${at}, but got ${k}`, "Take fewer.", [
        c.operand("x", x.value),
      ]);
    const largest = options.largest ?? true;
    if (k <= MOST_FOUND) return firstOf(c, x.value, at, k, largest).map((value) => c.tensor(value));
    const places = placesOf(c, x.value, at, largest);
    return [x.value, positions(c, x.value, at)].map((of) => c.tensor(atPlaces(c, places, of, at, k)));
  });
  return both as unknown as readonly [FloatTensor, Tensor<Shape, "i32">]; // values and positions
}

function renamed(scores: FloatTensor, y: ClassTargets, k: number): Scalar {
  const c = called("topK", { x: scores }, { x: FLOATS });
  return c.run(() => {
    c.advise("metric/topK", "topK of labels is called topKAccuracy", "Call topKAccuracy; topK(x, k) gives the k largest of x.");
    return topKAccuracy(scores, y, k);
  });
}

const MEDIAN = optionsOf<ReductionOptions>({ keepDims: FLAG });

/**
 * The middle of the elements along an axis, of two the lower one (torch.median); its gradient goes to the element that it is. Throws for an
 * axis that x does not have.
 */
export function median(x: FloatTensor, axis = -1, options: ReductionOptions = {}): FloatTensor {
  const c = called("median", { x, axis, options }, { x: FLOATS, axis: optional(AXIS), options: MEDIAN });
  return c.run(() => {
    const { g } = c;
    const at = axisIn(c, "median", x.value, axis);
    const isMiddle = g.eq(placesOf(c, x.value, at, false), g.literal(Math.floor((x.shape[at]! - 1) / 2), "i32"));
    const middle = g.sum(g.where(isMiddle, x.value, g.literal(0, c.float)), { axes: [at] });
    return c.tensor(keeping(c, x.value, [at], options, middle));
  }) as FloatTensor;
}

/** Running maxima along an axis: y[i] = max x[k] over k ≤ i (torch.cummax's values); equals share the gradient. */
export function cummax<S extends Shape>(x: FloatTensor<S>, axis = -1): FloatTensor<S> {
  const c = called("cummax", { x, axis }, { x: FLOATS, axis: optional(AXIS) });
  return c.run(() => {
    const { g } = c;
    const at = axisIn(c, "cummax", x.value, axis);
    const along = pairsOf(c, x.shape, at);
    const own = positions(c, x.value, at);
    const isBefore = g.le(along(own, "second"), along(own, "first"));
    return c.tensor(g.reduceMax(g.where(isBefore, along(x.value, "second"), g.literal(-Infinity, c.float)), { axes: [at + 1] }));
  }) as FloatTensor<S>; // a maximum an element
}
