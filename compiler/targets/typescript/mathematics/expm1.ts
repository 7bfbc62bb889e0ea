/** eˣ − 1 with a small relative error near 0. */
import type { BothPrecisions } from "./source.ts";

export const expm1: BothPrecisions = {
  f32: {
    needs: ["powersOfTwo", "rootsOfTwo"],
    text: `
/**
 * eˣ − 1 = w·(eʳ − 1) − (1 − w), w = 2^(k/32), k = ⌊32·x/ln 2 + ½⌋, |r| ≤ ln 2/64; eʳ − 1 by a
 * minimax polynomial (Remez). Relative error below 1e-10, also near 0; Infinity above 709.4.
 */
function expm1(x: number): number {
  const c = x < -708 ? -708 : x > 709.4 ? 710 : x;
  const k = Math.floor(c * 46.16624130844683 + 0.5);
  const r = c - k * 0.02166084939249829;
  const q = 0.5000000000143338 + r * (0.16666747770246174 + r * 0.04166662411621086);
  const i = k | 0; // NaN becomes index 0 and stays in r
  const w = rootsOfTwo[i & 31]! * powersOfTwo[(i >> 5) + 1023]!;
  return w * (r * (1 + r * q)) - (1 - w);
}`,
  },
  f64: {
    needs: ["exp", "powersOfTwo", "polynomial"],
    text: `
/**
 * eˣ − 1 = 2ⁿ·(eʳ − 1) + (2ⁿ − 1) with n and r as in exp; eʳ − 1 by a minimax polynomial (Remez) of
 * relative error 3e-21. Within 2 ulp of double.
 */
function expm1(x: number): number {
  if (x === 0) return x;
  if (x > 40) return exp(x);
  if (x < -40) return -1;
  if (x !== x) return x;
  const n = Math.floor(x * 1.4426950408889634 + 0.5);
  const high = x - n * 0.6931471804855391;
  const low = n * 7.440617110012397e-11;
  const r = high - low;
  const rest = high - r - low + r * r * polynomial(r, expm1Coefficients);
  if (n === 0) return r + rest;
  const scale = powersOfTwo[n + 1023]!;
  const base = scale - 1;
  const sum = base + scale * r;
  const sumError =
    n > 0 && base < Math.abs(scale * r) ? scale * r - sum + base : base - sum + scale * r;
  return sum + (sumError + scale * rest);
}
const expm1Coefficients = [
  1.605970966570186e-10, 2.0921421014755976e-9, 2.5052167778373954e-8, 2.7557252461801157e-7,
  2.7557319117491595e-6, 2.48015873493855e-5, 0.00019841269841342832, 0.0013888888888872314,
  0.008333333333333312, 0.04166666666666669, 0.16666666666666666, 0.5,
];`,
  },
};
