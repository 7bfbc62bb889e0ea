/** eˣ: reduction by a fraction of ln 2, a minimax polynomial (own Remez), a table of powers of two. */
import type { BothPrecisions } from "./source.ts";

export const exp: BothPrecisions = {
  f32: {
    needs: ["powersOfTwo", "rootsOfTwo"],
    text: `
/**
 * eˣ = 2^(k/32)·eʳ, k = ⌊32·x/ln 2 + ½⌋, |r| ≤ ln 2/64; eʳ by a minimax polynomial (Remez).
 * Relative error below 1.1e-10; 0 below −708, Infinity from 709.79 on.
 */
function exp(x: number): number {
  const c = x < -708 ? -708 : x > 710 ? 710 : x;
  const k = Math.floor(c * 46.16624130844683 + 0.5);
  const r = c - k * 0.02166084939249829;
  const p = 1 + r + r * r * (0.5000040449669128 + r * 0.16666680093392572);
  const i = k | 0; // NaN becomes index 0 and stays in p
  const value = p * (rootsOfTwo[i & 31]! * powersOfTwo[(i >> 5) + 1023]!);
  return x < -708 ? 0 : value;
}`,
  },
  f64: {
    needs: ["powersOfTwo", "polynomial"],
    text: `
/**
 * eˣ = 2ⁿ·eʳ, n = ⌊x/ln 2 + ½⌋, r = x − n·ln 2 in two parts, |r| ≤ ln 2/2; eʳ by a minimax
 * polynomial (Remez) of relative error 6e-20. Within 1 ulp of double, denormals included.
 */
function exp(x: number): number {
  if (x !== x) return x;
  if (x > 709.7827128933841) return Infinity;
  if (x < -745.1332191019412) return 0;
  const n = Math.floor(x * 1.4426950408889634 + 0.5);
  const high = x - n * 0.6931471804855391;
  const low = n * 7.440617110012397e-11;
  const r = high - low;
  const rLow = high - r - low;
  const p = 1 + (r + (rLow + r * r * polynomial(r, expCoefficients)));
  // exact factors, so that there is one rounding even where 2ⁿ is no normal double
  if (n < -1000) return p * powersOfTwo[n + 1123]! * powersOfTwo[923]!;
  return p * powersOfTwo[n + 1022]! * 2;
}
const expCoefficients = [
  2.0826976109202965e-9, 2.511204010175826e-8, 2.75575805529379e-7, 2.7557234851282324e-6,
  2.480158692846006e-5, 0.0001984126989639636, 0.0013888888889114419, 0.008333333333317029,
  0.041666666666666095, 0.16666666666666682, 0.5,
];`,
  },
};
