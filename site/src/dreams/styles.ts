/** Pictures whose style is plain to see. [3, 32, 32], 0 to 1. */

import { SIDE } from "../conv/draw.ts";

type Colour = readonly [number, number, number];

function painted(of: (x: number, y: number) => Colour): Float32Array {
  const picture = new Float32Array(3 * SIDE * SIDE);
  for (let at = 0; at < SIDE * SIDE; at++)
    of(at % SIDE, Math.floor(at / SIDE)).forEach((value, c) => (picture[c * SIDE * SIDE + at] = value));
  return picture;
}

const mixed = (a: Colour, b: Colour, share: number): Colour => [0, 1, 2].map((c) => a[c]! + (b[c]! - a[c]!) * share) as unknown as Colour; // three

export const STYLES: Readonly<Record<string, Float32Array>> = {
  Stripes: painted((x, y) => ((x + y) % 6 < 3 ? [0.95, 0.75, 0.1] : [0.1, 0.15, 0.5])),
  Waves: painted((x, y) => mixed([0.05, 0.3, 0.55], [0.85, 0.95, 0.95], 0.5 + 0.5 * Math.sin(y * 1.1 + 2 * Math.sin(x / 3.2)))),
  Dots: painted((x, y) => (Math.hypot((x % 6) - 2.5, (y % 6) - 2.5) < 1.9 ? [0.85, 0.1, 0.25] : [0.98, 0.93, 0.85])),
};
