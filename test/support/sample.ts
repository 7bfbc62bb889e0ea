/** Guarantees reproducible tensors for the tests: the same seed gives the same elements on every machine. */

import { sizeOf, type TensorType } from "../../compiler/graph/type.ts";

/** Uniform in [0, 1): mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Float32 values between the bounds, ranks 0 to 1 included; whole numbers for i32, 0 or 1 for bool. */
export function sampleTensor(
  { dtype, shape }: TensorType,
  random: () => number,
  [low, high]: readonly [number, number] = [-2, 2],
): Float64Array {
  const draw = (): number => {
    const value = low + random() * (high - low);
    if (dtype === "bool") return Number(random() < 0.5);
    return dtype === "i32" ? Math.round(value) : Math.fround(value);
  };
  return Float64Array.from({ length: sizeOf(shape) }, draw);
}
