/** log(1 + x) with a small relative error near 0. */
import type { BothPrecisions, Source } from "./source.ts";

const text = (bound: string): string => `
/**
 * log(1 + x) = log u + (x − (u − 1))/u where u is 1 + x rounded: the quotient restores what the
 * rounding took. ${bound}
 */
function log1p(x: number): number {
  const u = 1 + x;
  if (u === 1 || x === Infinity) return x;
  const lost = x - (u - 1);
  return lost === 0 ? log(u) : log(u) + lost / u;
}`;

const f32: Source = { needs: ["log"], text: text("Relative error below 1e-13.") };
const f64: Source = { needs: ["log"], text: text("Within 2 ulp of double.") };

export const log1p: BothPrecisions = { f32, f64 };
