/** log x: exponent and mantissa apart, then a minimax polynomial (own Remez) in (m − 1)/(m + 1). */
import type { BothPrecisions } from "./source.ts";

export const log: BothPrecisions = {
  f32: {
    needs: ["doubleBits", "powersOfTwo"],
    text: `
/**
 * log x = k·ln 2 + 2·(s + s³·P(s²)), x = 2ᵏ·m, √½ ≤ m < √2, s = (m − 1)/(m + 1); P minimax (Remez).
 * Relative error below 1e-13, also near 1.
 */
function log(x: number): number {
  const limit = x < 0 ? notANumber : x === 0 ? minusInfinity : x;
  const normal = x < 2.2250738585072014e-308 ? x * 18014398509481984 : x; // 2⁵⁴
  doubleBits[0] = normal;
  const k = (doubleHalves[highHalf]! - 0x3fe6a09e) >> 20;
  const f = normal * 0.5 * powersOfTwo[1024 - k]! - 1;
  const s = f / (f + 2);
  const z = s * s;
  const high = 0.14286054114806426 + z * (0.11088113234273762 + z * 0.0979181123049867);
  const p = z * (0.3333333333788696 + z * (0.19999997815413015 + z * high));
  const value = (normal === x ? k : k - 54) * 0.6931471805599453 + 2 * (s + s * p);
  return x > 0 && x <= 1.7976931348623157e308 ? value : limit;
}
const notANumber = NaN;
const minusInfinity = -Infinity;`,
  },
  f64: {
    needs: ["doubleBits", "powersOfTwo", "polynomial"],
    text: `
/**
 * log x = k·ln 2 + log m, x = 2ᵏ·m, √½ ≤ m < √2, f = m − 1, s = f/(2 + f);
 * log m = f − (f²/2 − s·(f²/2 + 2·s²·P(s²))), P minimax (Remez) of relative error 2e-18; the
 * arrangement is fdlibm's. Within 1 ulp of double.
 */
function log(x: number): number {
  if (x < 0) return NaN;
  if (x === 0) return -Infinity;
  if (x - x !== 0) return x;
  const isSmall = x < 2.2250738585072014e-308;
  const normal = isSmall ? x * 18014398509481984 : x; // 2⁵⁴
  doubleBits[0] = normal;
  const exponent = (doubleHalves[highHalf]! - 0x3fe6a09e) >> 20;
  const f = normal * 0.5 * powersOfTwo[1024 - exponent]! - 1;
  const k = isSmall ? exponent - 54 : exponent;
  const s = f / (f + 2);
  const z = s * s;
  const half = 0.5 * f * f;
  const tail = s * (half + 2 * z * polynomial(z, logCoefficients));
  if (k === 0) return f - (half - tail);
  return k * 0.6931471804855391 - (half - (tail + k * 7.440617110012397e-11) - f);
}
const logCoefficients = [
  0.07397820133259567, 0.07657041578598259, 0.09091781492032305, 0.11111099300170507,
  0.14285714371054903, 0.19999999999707993, 0.3333333333333367,
];`,
  },
};
