/** cos x for every double; the argument is reduced by parts of π (Cody and Waite). */
import type { BothPrecisions } from "./source.ts";

export const cos: BothPrecisions = {
  f32: {
    needs: ["wrapAngle"],
    text: `
/**
 * cos x = −(−1)ⁿ·sin r, n = ⌊x/π⌋, r = x − (n + ½)·π with π in three parts, the first two so short
 * that the products are exact; sin r = r + r³·P(r²), P minimax (Remez). Relative error below 5e-11 up
 * to 1e6; beyond, the angle is wrapped first and the error is 5e-16 + 5e-11·|cos x|.
 */
function cos(x: number): number {
  const a = x >= -1048576 && x <= 1048576 ? x : wrapAngle(x);
  const n = Math.floor(a * 0.3183098861837907);
  const h = n + 0.5;
  const r = a - h * 3.1415926534682512 - h * 1.2154201012607932e-10 - h * 4.044532497591901e-21;
  const z = r * r;
  const high = -0.00019840868086854757 + z * (2.752537797582761e-6 + z * -2.388879342526793e-8);
  const p = z * (-0.16666666626129 + z * (0.00833333110768693 + z * high));
  return (2 * (n & 1) - 1) * r * (1 + p);
}`,
  },
  f64: {
    needs: ["quarterTurns"],
    text: `
/**
 * ±cos r or ±sin r, r = x − n·π/2, |r| ≤ π/4. Within 2 ulp of double up to 2²⁰; beyond, the angle is
 * wrapped first, with an error of 5e-16.
 */
function cos(x: number): number {
  const a = Math.abs(x) <= 1048576 ? x : wrapAngle(x);
  const n = Math.floor(a * 0.6366197723675814 + 0.5);
  const r = quarterRemainder(a, n);
  const value = n & 1 ? sinOfRemainder(r) : cosOfRemainder(r);
  return (n + 1) & 2 ? -value : value;
}`,
  },
};
