/** Points of the plane, each of a class; sets to begin with, the same on every visit. */

export interface Point {
  x: number;
  y: number;
  color: number;
}

function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

/** About normal: the sum of four uniform numbers, deviation 1. */
const normal = (random: () => number): number => (random() + random() + random() + random() - 2) * Math.sqrt(3);

function blobs(): Point[] {
  const random = generator(7);
  const centres = [
    [-0.5, 0.4],
    [0.55, 0.45],
    [0.05, -0.55],
  ] as const;
  return Array.from({ length: 60 }, (_, n) => {
    const [x, y] = centres[n % 3]!;
    return { x: x + 0.17 * normal(random), y: y + 0.17 * normal(random), color: n % 3 };
  });
}

function rings(): Point[] {
  const random = generator(3);
  return Array.from({ length: 80 }, (_, n) => {
    const r = n % 2 === 0 ? 0.38 * Math.sqrt(random()) : 0.66 + 0.22 * random();
    const turn = 2 * Math.PI * random();
    return { x: r * Math.cos(turn), y: r * Math.sin(turn), color: n % 2 };
  });
}

function corners(): Point[] {
  const random = generator(5);
  return Array.from({ length: 80 }, (_, n) => {
    const [right, up] = [n % 2, (n >> 1) % 2];
    return { x: (right - 0.5) * 0.95 + 0.13 * normal(random), y: (up - 0.5) * 0.95 + 0.13 * normal(random), color: right ^ up };
  });
}

function spirals(): Point[] {
  const random = generator(11);
  return Array.from({ length: 150 }, (_, n) => {
    const color = n % 3;
    const t = (Math.floor(n / 3) + 1) / 50;
    const turn = 4 * t + (color * 2 * Math.PI) / 3 + 0.1 * normal(random);
    return { x: 0.92 * t * Math.sin(turn), y: 0.92 * t * Math.cos(turn), color };
  });
}

export const SETS: Readonly<Record<string, () => Point[]>> = { "Three groups": blobs, Rings: rings, Corners: corners, Spirals: spirals };

/** The points as the model takes them. */
export const arraysOf = (points: readonly Point[]): { readonly points: Float32Array; readonly color: Int32Array } => ({
  points: Float32Array.from(points.flatMap(({ x, y }) => [x, y])),
  color: Int32Array.from(points, ({ color }) => color),
});

const STRETCH = Math.PI; // θ from −π to π
export const FARTHEST = 1.45;

/** A grid of `side`² places of a picture, row by row from its top, as places of the plane: the plane itself, or r to the right and θ upward. */
export function gridOf(side: number, polar: boolean): Float32Array {
  const grid = new Float32Array(side * side * 2);
  for (let n = 0; n < side * side; n++) {
    const across = ((n % side) + 0.5) / side;
    const up = 1 - (Math.floor(n / side) + 0.5) / side;
    const [r, turn] = [across * FARTHEST, (2 * up - 1) * STRETCH];
    grid[2 * n] = polar ? r * Math.cos(turn) : 2 * across - 1;
    grid[2 * n + 1] = polar ? r * Math.sin(turn) : 2 * up - 1;
  }
  return grid;
}

/** Where a point stands in a picture, 0 to 1 from its left and its top. */
export function placeOf({ x, y }: Point, polar: boolean): readonly [across: number, down: number] {
  if (!polar) return [(x + 1) / 2, (1 - y) / 2];
  return [Math.hypot(x, y) / FARTHEST, (1 - Math.atan2(y, x) / STRETCH) / 2];
}
