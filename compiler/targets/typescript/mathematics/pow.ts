/** x^y as `Math.pow` defines it; cases of sign here, the size from exp and log. */
import type { BothPrecisions, PieceName } from "./source.ts";

const text = (bound: string, positive: string): string => `
/** x^y = exp(y·log |x|), signed by the parity of y; special cases as in ECMAScript. ${bound} */
function pow(x: number, y: number): number {
  if (y === 0) return 1;
  const size = Math.abs(x);
  const value = ${positive};
  if (x > 0 || (x === 0 && 1 / x > 0)) return value;
  if (Math.floor(y) === y) return Math.floor(y / 2) * 2 === y ? value : -value;
  return x < 0 && x >= -1.7976931348623157e308 ? NaN : value;
}`;

const f32Needs: readonly PieceName[] = ["exp", "log"];
const f64Needs: readonly PieceName[] = ["powerOfPositive", "exp", "log"];

export const pow: BothPrecisions = {
  f32: { needs: f32Needs, text: text("Relative error below 2e-10.", "exp(y * log(size))") },
  f64: {
    needs: f64Needs,
    text: text("Within 2 ulp of double.", "size > 0 && size < Infinity ? powerOfPositive(size, y) : exp(y * log(size))"),
  },
};
