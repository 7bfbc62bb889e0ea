/** Which elements of a buffer are compared: random ones, and those where loops begin and end. */

import { sizeOf, stridesOf, type Shape } from "../graph/type.ts";
import { below, randomOf } from "./draw.ts";

/** Positions at the end of an axis that whole tiles may leave over. */
const LEFT = 3;
/** Random elements at each of them; fewer where few are wanted. */
const AT_EACH = 4;
const FEW = 16;

/**
 * Row-major positions, each once: the first and the last element; for each axis random elements at its beginning and at its last few positions,
 * where tiles leave remainders and windows padding; and `wanted` anywhere. All of a buffer that has no more.
 */
export function samplePositions(shape: Shape, wanted: number, seed: number, name: string): number[] {
  const size = sizeOf(shape);
  const atEach = Math.min(AT_EACH, Math.ceil(wanted / FEW));
  if (size <= wanted + (LEFT + 1) * atEach * shape.length + 2) return Array.from({ length: size }, (_, n) => n);
  const random = randomOf(seed, name);
  const strides = stridesOf(shape);
  const positions = new Set([0, size - 1]);
  shape.forEach((extent, axis) => {
    const ends = Array.from({ length: LEFT }, (_, n) => Math.max(0, extent - 1 - n));
    for (const end of [0, ...ends].flatMap((one) => Array.from({ length: atEach }, () => one))) {
      const flat = below(random, size);
      const at = Math.floor(flat / strides[axis]!) % extent;
      positions.add(flat + (end - at) * strides[axis]!);
    }
  });
  for (const all = Math.min(size, positions.size + wanted); positions.size < all;) positions.add(below(random, size));
  return [...positions];
}
