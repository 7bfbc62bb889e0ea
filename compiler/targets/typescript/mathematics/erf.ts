/** erf x = 2/√π·∫₀ˣ exp(−t²) dt by minimax polynomials (own Remez). */
import type { BothPrecisions } from "./source.ts";

export const erf: BothPrecisions = {
  f32: {
    needs: [],
    text: `
/**
 * erf x = x·P(x²) for |x| ≤ 4.2, constant beyond; P minimax (Remez) of degree 20 in t = x²/8.82 − 1,
 * even and odd powers apart. Relative error below 5e-11 up to 4.2 and below 3e-9 beyond.
 */
function erf(x: number): number {
  const c = x < -4.2 ? -4.2 : x > 4.2 ? 4.2 : x;
  const t = c * c * 0.11337868480725624 - 1;
  const u = t * t;
  let even = 4.491416140013267e-5;
  even = (even * u + 8.161979214606476e-5) * u + 0.0006788783323493595;
  even = (even * u + 0.002419669415815742) * u + 0.007754577836546995;
  even = (even * u + 0.01947996930313205) * u + 0.03888830107356841;
  even = (even * u + 0.06291886415644056) * u + 0.08842631013199717;
  even = (even * u + 0.1258355706818264) * u + 0.33670852735237683;
  let odd = -0.0001247296421178453;
  odd = (odd * u - 0.00011962394171896927) * u - 0.001497690457259339;
  odd = (odd * u - 0.004302917872352538) * u - 0.012731898576743141;
  odd = (odd * u - 0.028289550509545312) * u - 0.05064298520820678;
  odd = (odd * u - 0.07537943803921447) * u - 0.10378222525234251;
  odd = odd * u - 0.16827090531319924;
  return c * (even + t * odd);
}`,
  },
  f64: {
    needs: ["exp", "polynomial"],
    text: `
/**
 * erf x = x + x·P(x²) for |x| < 1; beyond, ±(1 − exp(−x²)·Q((|x| − 2.5)/(|x| + 2.5))) up to 6, then
 * ±1; P and Q minimax (Remez), relative error of erf below 8e-18. Within 2 ulp of double.
 */
function erf(x: number): number {
  const size = Math.abs(x);
  if (size < 1) return x === 0 ? x : x + x * polynomial(x * x, erfCoefficients);
  if (size > 6) return x < 0 ? -1 : 1;
  const u = (size - 2.5) / (size + 2.5);
  const value = 1 - exp(-x * x) * polynomial(u, erfcCoefficients);
  return x < 0 ? -value : value;
}
const erfCoefficients = [
  -7.779473159479959e-10, 1.3710982903968722e-8, -1.6206314335944688e-7, 1.6447131646157877e-6,
  -1.4924712308035048e-5, 0.00012055293577214493, -0.000854832592932526, 0.005223977606118717,
  -0.026866170643111503, 0.11283791670944185, -0.3761263890318352, 0.12837916709551256,
];
const erfcCoefficients = [
  7.5104590167594115e-6, 1.6716387472214982e-5, -3.5783741136813e-5, -0.00012950595754958756,
  0.00022826204553555682, 0.0008759129875865696, -0.0026423626716445083, -0.003993700595054241,
  0.039922539097508355, -0.12503305238174478, 0.2517131932171749, -0.371736733948977,
  0.2108063640611437,
];`,
  },
};
