/** Guarantees the text of the seeded generator that initial values are drawn from: counter-based, the same numbers on every engine. */

/** Threefry-2x32 with 13 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). */
export const THREEFRY = `/**
 * Random bits number \`at\` of stream \`stream\`: Threefry-2x32, 13 rounds (Salmon et al. 2011), first word, signed.
 * Any number can be drawn without the ones before it.
 */
function randomBits(seed: number, stream: number, at: number): number {
  const last = seed ^ stream ^ 0x1bd11bda;
  let x = (at + seed) | 0;
  let y = stream | 0;
  for (let round = 0; round < 13; round++) {
    const turn = ROTATIONS[round & 7]!;
    x = (x + y) | 0;
    y = ((y << turn) | (y >>> (32 - turn))) ^ x;
    if ((round & 3) === 3) {
      const step = (round >> 2) + 1;
      x = (x + (step % 3 === 0 ? seed : step % 3 === 1 ? stream : last)) | 0;
      y = (y + (step % 3 === 0 ? stream : step % 3 === 1 ? last : seed) + step) | 0;
    }
  }
  return x;
}
const ROTATIONS: readonly number[] = [13, 15, 26, 6, 17, 29, 16, 24];`;

export const UNIFORM = `/** Fills a view with numbers uniform in [low, high). */
function fillUniform(view: FLOATS, seed: number, stream: number, low: number, high: number): void {
  for (let n = 0; n < view.length; n++)
    view[n] = low + (high - low) * (randomBits(seed, stream, n) / 4294967296 + 0.5);
}`;

export const NORMAL = `/** Fills a view with normal numbers, two at a time (Box & Muller 1958). */
function fillNormal(view: FLOATS, seed: number, stream: number, mean: number, deviation: number): void {
  for (let n = 0; n < view.length; n += 2) {
    const radius = Math.sqrt(-2 * log((randomBits(seed, stream, n) + 0.5) / 4294967296 + 0.5));
    const angle = (2 * Math.PI * (randomBits(seed, stream, n + 1) + 0.5)) / 4294967296;
    view[n] = mean + deviation * radius * cos(angle);
    if (n + 1 < view.length) view[n + 1] = mean + deviation * radius * sin(angle);
  }
}`;
