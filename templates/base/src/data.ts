/** Points of two spirals, the same for the same seed: x and y from −1 to 1, and which spiral each lies on. */
export function spirals(count: number, seed: number): { points: Float32Array; spiral: Int32Array } {
  const points = new Float32Array(count * 2);
  const spiral = new Int32Array(count);
  let state = seed;
  const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let n = 0; n < count; n++) {
    const turn = 0.3 + random() * 2.5 * Math.PI;
    const radius = turn / (2.5 * Math.PI + 0.3) + (random() - 0.5) * 0.05;
    spiral[n] = n % 2;
    points[2 * n] = radius * Math.cos(turn + spiral[n]! * Math.PI);
    points[2 * n + 1] = radius * Math.sin(turn + spiral[n]! * Math.PI);
  }
  return { points, spiral };
}
