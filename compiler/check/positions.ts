/** Guarantees which elements of a buffer are compared: random ones, and those where loops begin and end. */

import { sizeOf, stridesOf, type Shape } from "../graph/type.ts";
import { below, randomOf } from "./draw.ts";

/**
 * Row-major positions, each once: the first and the last element; for each axis a random element at its beginning and one at its end, where
 * tiles leave remainders and windows padding; and `wanted` anywhere. All of a buffer that has no more.
 */
export function samplePositions(
  shape: Shape,
  wanted: number,
  seed: number,
  name: string,
): number[] {
  const size = sizeOf(shape);
  if (size <= wanted + 2 * shape.length + 2) return Array.from({ length: size }, (_, n) => n);
  const random = randomOf(seed, name);
  const strides = stridesOf(shape);
  const positions = new Set([0, size - 1]);
  shape.forEach((extent, axis) => {
    for (const end of [0, extent - 1]) {
      const flat = below(random, size);
      const at = Math.floor(flat / strides[axis]!) % extent;
      positions.add(flat + (end - at) * strides[axis]!);
    }
  });
  for (const all = positions.size + wanted; positions.size < all;)
    positions.add(below(random, size));
  return [...positions];
}
