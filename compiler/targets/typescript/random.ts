/** The text of the seeded generator that initial values are drawn from: counter-based, the same numbers on every engine. */

import { ROTATIONS } from "../../loop/random.ts";

/** Rounds in a row, a key after every fourth; of the last round nobody reads the second word. */
const ROUNDS = Array.from({ length: 13 }, (_, round) => {
  const turn = ROTATIONS[round % 8]!;
  const keys = ["seed", "stream", "last"];
  const step = (round + 1) / 4;
  return [
    "  x = (x + y) | 0;",
    ...(round < 12 ? [`  y = ((y << ${turn}) | (y >>> ${32 - turn})) ^ x;`] : []),
    ...(Number.isInteger(step) ? [`  x = (x + ${keys[step % 3]}) | 0;`, `  y = (y + ${keys[(step + 1) % 3]} + ${step}) | 0;`] : []),
  ].join("\n");
});

const HEAD = `/**
 * Random bits number \`at\` of stream \`stream\`: Threefry-2x32, 13 rounds (Salmon et al. 2011), first word, signed.
 * Any number can be drawn without the ones before it. \`high\` is what a seed has above its 32 low bits.
 */
function randomBits(seed: number, stream: number, at: number, high: number = 0): number {
  let x = (at + seed) | 0;
  let y = (stream + high) | 0;`;

/** Threefry-2x32 with 13 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), each written out: half the time of a loop. */
export const THREEFRY = `${HEAD}
  const last = seed ^ stream ^ 0x1bd11bda;
${ROUNDS.join("\n")}
  return x;
}`;

/** The same in a loop, for readers. */
export const THREEFRY_LOOP = `${HEAD}
  const keys = [seed, stream, seed ^ stream ^ 0x1bd11bda];
  [${Array.from({ length: 13 }, (_, round) => ROTATIONS[round % 8]!).join(", ")}].forEach((turn, round) => {
    x = (x + y) | 0;
    y = ((y << turn) | (y >>> (32 - turn))) ^ x;
    const step = (round + 1) / 4;
    if (!Number.isInteger(step)) return;
    x = (x + keys[step % 3]!) | 0;
    y = (y + keys[(step + 1) % 3]! + step) | 0;
  });
  return x;
}`;

export const UNIFORM = `/** Fills w with numbers uniform in [min, max). */
function fillUniform(w: FLOATS, seed: number, stream: number, max: number, min = -max): void {
  const bits = seed | 0;
  const above = Math.floor(seed / 4294967296);
  for (let n = 0; n < w.length; n++)
    w[n] = min + (max - min) * (randomBits(bits, stream, n, above) / 4294967296 + 0.5);
}`;

export const NORMAL = `/** Fills a view with normal numbers, two at a time (Box & Muller 1958). */
function fillNormal(view: FLOATS, seed: number, stream: number, mean: number, deviation: number): void {
  const bits = seed | 0;
  const above = Math.floor(seed / 4294967296);
  for (let n = 0; n < view.length; n += 2) {
    const radius = Math.sqrt(-2 * log((randomBits(bits, stream, n, above) + 0.5) / 4294967296 + 0.5));
    const angle = (2 * Math.PI * (randomBits(bits, stream, n + 1, above) + 0.5)) / 4294967296;
    view[n] = mean + deviation * radius * cos(angle);
    if (n + 1 < view.length) view[n + 1] = mean + deviation * radius * sin(angle);
  }
}`;
