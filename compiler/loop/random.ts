/** Random bits as a pure function of seed, stream and position: the same numbers in the reference, in loops and in emitted code. */

/** Turns of the rounds, again from the first after the last. */
export const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/**
 * Threefry-2x32 with 13 rounds (Salmon et al. 2011), first word, as a signed 32-bit integer. The key is seed and stream; `high`, what
 * a user's seed has above its 32 low bits, is the counter's second word beside `at`, so that every seed has numbers of its own.
 */
export function randomBits(seed: number, stream: number, at: number, high = 0): number {
  const keys = [seed | 0, stream | 0, (seed ^ stream ^ 0x1bd11bda) | 0] as const;
  let x = (at + keys[0]) | 0;
  let y = (high + keys[1]) | 0;
  for (let round = 0; round < 13; round++) {
    const turn = ROTATIONS[round & 7]!;
    x = (x + y) | 0;
    y = ((y << turn) | (y >>> (32 - turn))) ^ x;
    if ((round & 3) !== 3) continue;
    const step = (round >> 2) + 1;
    x = (x + keys[step % 3]!) | 0;
    y = (y + keys[(step + 1) % 3]! + step) | 0;
  }
  return x;
}
