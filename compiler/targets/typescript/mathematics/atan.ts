/** The angle whose tangent is x: reduction to |r| ≤ tan(π/8), a polynomial (Chebyshev) in r². */
import type { BothPrecisions } from "./source.ts";

export const atan: BothPrecisions = {
  f32: {
    needs: [],
    text: `
/**
 * atan x = π/2 + atan(−1/x) from 2.42 on, π/4 + atan((x − 1)/(x + 1)) from 0.42 on; atan r = r + r³·P(r²), P by
 * Chebyshev's expansion. Relative error below 5e-12.
 */
function atan(x: number): number {
  if (x === 0) return x;
  const a = Math.abs(x);
  const base = a > 2.41421356 ? 1.5707963267948966 : a > 0.41421356 ? 0.7853981633974483 : 0;
  const r = a > 2.41421356 ? -1 / a : a > 0.41421356 ? (a - 1) / (a + 1) : a;
  const z = r * r;
  const high = -0.09028967562110418 + z * (0.07135234647464041 + z * -0.04043033696147106);
  const p = -0.14285612465275252 + z * (0.11107493853432703 + z * high);
  const value = base + (r + r * z * (-0.33333333331439496 + z * (0.19999998916690562 + z * p)));
  return x < 0 ? -value : value;
}`,
  },
  f64: {
    needs: ["polynomial"],
    text: `
/**
 * atan x = π/2 + atan(−1/x) from 2.42 on, π/4 + atan((x − 1)/(x + 1)) from 0.42 on, π in two parts; atan r = r + r³·P(r²),
 * P by Chebyshev's expansion, relative error below 1e-20. Within 2 ulp of double.
 */
function atan(x: number): number {
  if (x === 0) return x;
  const a = Math.abs(x);
  const turns = a > 2.41421356 ? 2 : a > 0.41421356 ? 1 : 0;
  const r = turns === 2 ? -1 / a : turns === 1 ? (a - 1) / (a + 1) : a;
  const rest = r * (r * r * polynomial(r * r, atanCoefficients));
  const value = turns * 0.7853981633974483 + (r + (rest + turns * 3.061616997868383e-17));
  return x < 0 ? -value : value;
}
const atanCoefficients = [
  -0.013916943217800836, 0.030634433239014516, -0.041043814178076427, 0.04719381457895137,
  -0.052580394289794816, 0.05881925033877732, -0.06666642004996545, 0.07692306735321475,
  -0.0909090906699066, 0.11111111110754406, -0.14285714285711515, 0.19999999999999993,
  -0.3333333333333333,
];`,
  },
};
