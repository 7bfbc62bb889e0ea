/** How references walk a tensor beside another that its elements come from or go to: in runs along which both advance by a constant step. */

import { sizeOf, type Shape } from "../graph/type.ts";

/** A run: `length` positions from `flat` on, whose counterparts begin at `offset` and lie `step` apart. */
type Visit = (flat: number, offset: number, length: number, step: number) => void;

/** Axes that one step passes over are one axis: [2,3] with strides [3,1] is [6] with [1]. Those of one element are none. */
function joined(shape: Shape, strides: readonly number[]): { readonly extents: number[]; readonly steps: number[] } {
  const [extents, steps]: [number[], number[]] = [[], []];
  shape.forEach((extent, axis) => {
    const [last, stride] = [extents.length - 1, strides[axis]!];
    if (extent === 1) return;
    if (last >= 0 && steps[last] === stride * extent) [extents[last], steps[last]] = [extents[last]! * extent, stride];
    else {
      extents.push(extent);
      steps.push(stride);
    }
  });
  return { extents, steps };
}

/** Calls `visit` with the runs of all row-major positions of a shape, in order; a position lies at `start` + Σ position·stride in the other tensor. */
export function eachRun(shape: Shape, strides: readonly number[], start: number, visit: Visit): void {
  const size = sizeOf(shape);
  const { extents, steps } = joined(shape, strides);
  const last = extents.length - 1;
  if (last < 0) return size === 0 ? undefined : visit(0, start, 1, 0);
  const [length, step] = [extents[last]!, steps[last]!];
  const at = extents.map(() => 0);
  for (let [flat, offset] = [0, start]; flat < size; flat += length) {
    visit(flat, offset, length, step);
    for (let axis = last - 1; axis >= 0; axis--) {
      offset += steps[axis]!;
      if (++at[axis]! < extents[axis]!) break;
      offset -= extents[axis]! * steps[axis]!;
      at[axis] = 0;
    }
  }
}

/** to[position] = from[where it lies]. */
export function gathered(to: Float64Array, from: Float64Array, shape: Shape, strides: readonly number[], start = 0): void {
  eachRun(shape, strides, start, (flat, offset, length, step) => {
    for (let n = 0; n < length; n++) to[flat + n] = from[offset + n * step]!;
  });
}

/** to[where it lies] = from[position]. */
export function scattered(to: Float64Array, from: Float64Array, shape: Shape, strides: readonly number[], start = 0): void {
  eachRun(shape, strides, start, (flat, offset, length, step) => {
    for (let n = 0; n < length; n++) to[offset + n * step] = from[flat + n]!;
  });
}
