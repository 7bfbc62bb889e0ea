/** The functions that show elements more than once: broadcast to a shape, tiled, repeated, spread over a grid. */

import { whole } from "../graph/arguments.ts";
import type { DType, Shape } from "../graph/type.ts";
import { called } from "./arguments.ts";
import { axisIn } from "./axes.ts";
import { spread } from "./elementwise.ts";
import { AXIS, FLOAT_TENSORS, NUMBERS, SHAPE, TENSOR } from "./kinds.ts";
import type { FloatTensor, Tensor } from "./tensor.ts";

/** x spread to a shape as NumPy does: aligned at the last axis, extents are equal or x's is 1. Throws where they are not. */
export function broadcastTo<D extends DType, const S extends Shape>(x: Tensor<Shape, D>, shape: S): Tensor<S, D> {
  const c = called("broadcastTo", { x, shape }, { x: TENSOR, shape: SHAPE });
  return c.run(() => {
    const [full, lead] = [c.fullShape(x.value), shape.length - x.shape.length];
    const to = shape.map((extent, axis) => {
      const own = x.shape[axis - lead];
      return own !== undefined && own !== 1 && (full?.[axis - lead] === extent || own === extent) ? own : c.extents.of(extent);
    });
    const fits = lead >= 0 && x.shape.every((extent, axis) => extent === 1 || extent === to[axis + lead]);
    if (!fits || !to.every((extent) => Number.isInteger(extent) && extent > 0))
      c.fail(
        "shape/broadcastTo",
        `broadcastTo needs a shape that x spreads to, but [${x.shape.join(",")}] and [${shape.join(",")}] do not align at the last axis`,
        "Extents must be equal, or 1 in x; leading axes may be new.",
        [c.operand("x", x.value)],
      );
    return c.tensor(spread(c, x.value, to));
  }) as Tensor<S, D>; // the same elements
}

const TIMES = whole("a whole number above 0", 1);

/** x side by side so many times, a number an axis; missing ones are 1, and more of them than axes make axes in front. */
export function tile<D extends DType>(x: Tensor<Shape, D>, times: readonly number[]): Tensor<Shape, D> {
  const c = called("tile", { x, times }, { x: TENSOR, times: NUMBERS });
  return c.run(() => {
    const rank = Math.max(times.length, x.shape.length);
    const shape = [...Array.from({ length: rank - x.shape.length }, () => 1), ...x.shape];
    const by = [...Array.from({ length: rank - times.length }, () => 1), ...times];
    if (!by.every((one) => Number.isInteger(one) && one > 0))
      c.fail("tile/times", `tile needs whole numbers above 0, but got [${times.join(",")}]`, "Say how often x stands along each axis.");
    // [a, b] → [times, a, times, b]
    const wide = c.g.broadcast(c.g.reshape(x.value, { shape }), { axes: by.map((_, axis) => 2 * axis), size: by });
    return c.tensor(c.g.reshape(wide, { shape: shape.map((extent, axis) => extent * by[axis]!) }));
  }) as Tensor<Shape, D>; // the same elements
}

/** Each element of an axis so many times in a row (torch.repeat_interleave, numpy.repeat). */
export function repeat<D extends DType>(x: Tensor<Shape, D>, times: number, axis: number): Tensor<Shape, D> {
  const c = called("repeat", { x, times, axis }, { x: TENSOR, times: TIMES, axis: AXIS });
  return c.run(() => {
    const at = axisIn(c, "repeat", x.value, axis);
    const wide = c.g.broadcast(x.value, { axes: [at + 1], size: [times] });
    return c.tensor(c.g.reshape(wide, { shape: x.shape.with(at, x.shape[at]! * times) }));
  }) as Tensor<Shape, D>; // the same elements
}

/** Vectors as the axes of a grid: the n-th result varies along axis n alone, as its vector does (indexing "ij"). */
export function meshgrid(vectors: readonly FloatTensor[]): readonly FloatTensor[] {
  const c = called("meshgrid", { vectors }, { vectors: FLOAT_TENSORS });
  return c.run(() => {
    vectors.forEach((vector, n) => {
      if (vector.shape.length !== 1)
        c.fail("shape/meshgrid", `meshgrid needs vectors, but number ${n} has [${vector.shape.join(",")}]`, "Reshape it to one axis.", [
          c.operand(`vectors[${n}]`, vector.value),
        ]);
    });
    const shape = vectors.map((vector) => vector.shape[0]!);
    return vectors.map(({ value }, n) => {
      const axes = shape.flatMap((_, axis) => (axis === n ? [] : [axis]));
      return c.tensor(c.g.broadcast(value, { axes, size: axes.map((axis) => shape[axis]!) }));
    });
  }) as unknown as readonly FloatTensor[];
}
