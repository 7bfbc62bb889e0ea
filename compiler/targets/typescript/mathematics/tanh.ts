/** tanh x, saturating exactly at ±1 and with a small relative error near 0. */
import type { BothPrecisions } from "./source.ts";

export const tanh: BothPrecisions = {
  f32: {
    needs: ["powersOfTwo", "rootsOfTwo"],
    text: `
/**
 * tanh x = e/(e + 2), e = exp(2x) − 1 = w·(eʳ − 1) − (1 − w), w = 2^(k/32), |r| ≤ ln 2/64; eʳ − 1 by
 * a minimax polynomial (Remez). Relative error below 1e-10, also near 0; ±1 from 20 on.
 */
function tanh(x: number): number {
  const c = x < -20 ? -40 : x > 20 ? 40 : x + x;
  const k = Math.floor(c * 46.16624130844683 + 0.5);
  const r = c - k * 0.02166084939249829;
  const q = 0.5000000000143338 + r * (0.16666747770246174 + r * 0.04166662411621086);
  const i = k | 0; // NaN becomes index 0 and stays in r
  const w = rootsOfTwo[i & 31]! * powersOfTwo[(i >> 5) + 1023]!;
  const e = w * (r * (1 + r * q)) - (1 - w);
  return e / (e + 2);
}`,
  },
  f64: {
    needs: ["exp", "polynomial"],
    text: `
/**
 * tanh x = x + x³·P(x²) for |x| < 0.55, P minimax (Remez) of relative error 6e-19; beyond,
 * ±(1 − 2/(exp 2|x| + 1)). Within 2 ulp of double.
 */
function tanh(x: number): number {
  const z = x * x;
  if (z < 0.3025) return x === 0 ? x : x + x * z * polynomial(z, tanhCoefficients);
  const value = 1 - 2 / (exp(2 * Math.abs(x)) + 1);
  return x < 0 ? -value : value;
}
const tanhCoefficients = [
  -1.9491322359231153e-5, 8.331093161364029e-5, -0.00023337766994842616, 0.0005884429360671333,
  -0.001455542464147896, 0.0035920919703977486, -0.008863232595419298, 0.02186948838548351,
  -0.053968253963747444, 0.13333333333326597, -0.333333333333333,
];`,
  },
};
