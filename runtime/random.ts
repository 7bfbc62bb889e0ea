/** Integer mixing that every engine computes to the same bit: the one source of chance in this folder. */

/** A bijection of 32-bit integers that leaves no visible pattern: xor-shifts and odd multiplications. */
export function mix(bits: number): number {
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return bits ^ (bits >>> 15);
}

/** Two keys of 32 bits for a seed and an epoch. Both halves of the seed count. */
export function keys(seed: number, epoch: number): readonly [number, number] {
  const key0 = mix((seed | 0) + 0x9e3779b9);
  return [key0, mix(mix(Math.floor(seed / 2 ** 32) ^ key0) + epoch)];
}
