/** erfc x = 1 − erf x, whose tail no difference has: exp(−x²) times a polynomial (Chebyshev) in (x − 3.5)/(x + 3.5). */
import type { BothPrecisions } from "./source.ts";

export const erfc: BothPrecisions = {
  f32: {
    needs: ["exp", "polynomial"],
    text: `
/**
 * erfc x = exp(−x²)·P(u)/(x + 3.5), u = (x − 3.5)/(x + 3.5), for x ≥ 0; 2 − erfc(−x) below. P by Chebyshev's expansion.
 * Relative error below 2e-10.
 */
function erfc(x: number): number {
  const a = Math.abs(x);
  if (a > 10.6) return x < 0 ? 2 : 0;
  const u = (a - 3.5) / (a + 3.5);
  const value = (exp(-a * a) * polynomial(u, erfcTail)) / (a + 3.5);
  return x < 0 ? 2 - value : value;
}
const erfcTail = [
  1.259400151036773e-6, 1.2596773583291059e-5, 1.8614948356382104e-5, -7.862450550443398e-5,
  -4.375280920560692e-5, 0.0007154208878455511, -0.0013046812997458623, -0.003177115223488232,
  0.026518513025435966, -0.09231870885847353, 0.2257386291778313, -0.435256026357531,
  0.6941136464362863, -0.9377997245734663, 1.0870555892631368,
];`,
  },
  f64: {
    needs: ["exp", "fround", "polynomial"],
    text: `
/**
 * erfc x = exp(−x²)·P(u)/(x + 3.5), u = (x − 3.5)/(x + 3.5), for x ≥ 0; 2 − erfc(−x) below. x² in two parts, the first exact;
 * P by Chebyshev's expansion, relative error 6e-19. Within 4 ulp of double.
 */
function erfc(x: number): number {
  const a = Math.abs(x);
  if (a > 27.3) return x < 0 ? 2 : 0;
  const u = (a - 3.5) / (a + 3.5);
  const s = fround(a);
  const t = (s - a) * (s + a);
  const bell = exp(-s * s) * (1 + (t + t * t * (0.5 + t / 6)));
  const value = (bell * polynomial(u, erfcTail)) / (a + 3.5);
  return x < 0 ? 2 - value : value;
}
const erfcTail = [
  -5.23838633171101e-10, -1.226711606366688e-9, 4.206114416117222e-9, 1.2889626484992123e-8,
  -2.171735960825848e-8, -8.874026406217594e-8, 1.1488197856475404e-7, 5.545755050536378e-7,
  -7.950500957867511e-7, -3.3939964770324844e-6, 7.24346951440577e-6, 1.8647817979487793e-5,
  -7.477687820857378e-5, -4.206229633253024e-5, 0.0007145316470555687, -0.0013053546741212216,
  -0.003177050338657294, 0.026518619880232935, -0.09231870663869324, 0.2257386216474721,
  -0.43525602671688474, 0.6941136466346434, -0.937799724567112, 1.08705558926226,
];`,
  },
};
