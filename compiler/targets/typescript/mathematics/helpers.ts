/** Tables and exact steps that several emitted functions share. */
import type { BothPrecisions, HelperName, Source } from "./source.ts";

const fround: Source = {
  needs: [],
  text: `
/** To the nearest float32, ties to even. */
const { fround } = Math;`,
};

const powersOfTwo: Source = {
  needs: [],
  text: `
/** powersOfTwo[i] = 2^(i − 1023), by exact doubling; the last entry is Infinity. */
const powersOfTwo = new Float64Array(2048);
for (let i = 0, power = 1.1125369292536007e-308; i < 2048; i++, power *= 2) powersOfTwo[i] = power;`,
};

const rootsOfTwo: Source = {
  needs: [],
  text: `
/** rootsOfTwo[i] = 2^(i/32), rounded to nearest. */
const rootsOfTwo = new Float64Array([
  1, 1.0218971486541166, 1.0442737824274138, 1.0671404006768237, 1.0905077326652577,
  1.1143867425958924, 1.1387886347566916, 1.1637248587775775, 1.189207115002721, 1.215247359980469,
  1.241857812073484, 1.2690509571917332, 1.2968395546510096, 1.3252366431597413, 1.3542555469368927,
  1.383909881963832, 1.4142135623730951, 1.4451808069770467, 1.4768261459394993, 1.5091644275934228,
  1.5422108254079407, 1.5759808451078865, 1.6104903319492543, 1.645755478153965, 1.681792830507429,
  1.718619298122478, 1.7562521603732995, 1.7947090750031072, 1.8340080864093424, 1.8741676341103,
  1.9152065613971474, 1.9571441241754002,
]);`,
};

const doubleBits: Source = {
  needs: [],
  text: `
/** A double and its halves: doubleHalves[highHalf] holds sign, exponent and twenty leading bits. */
const doubleBits = new Float64Array([1]);
const doubleHalves = new Int32Array(doubleBits.buffer);
const highHalf = doubleHalves[0] === 0 ? 1 : 0;`,
};

const polynomial: Source = {
  needs: [],
  text: `
/** Σ coefficients[i]·x^(last − i), by Horner's rule. */
function polynomial(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (const coefficient of coefficients) sum = sum * x + coefficient;
  return sum;
}`,
};

const productError: Source = {
  needs: [],
  text: `
/** a·b − product, exactly, where product is a·b rounded: both factors split in halves (Dekker). */
function productError(a: number, b: number, product: number): number {
  const scaledA = a * 134217729; // 2²⁷ + 1
  const highA = scaledA - (scaledA - a);
  const lowA = a - highA;
  const scaledB = b * 134217729;
  const highB = scaledB - (scaledB - b);
  const lowB = b - highB;
  return lowA * lowB - (product - highA * highB - lowA * highB - highA * lowB);
}`,
};

const wrapAngle: Source = {
  needs: [],
  text: `
/** ⌊2¹²⁰⁰/2π⌋: enough of 1/2π to reduce every double. */
const turnsPerRadian = BigInt(
  "0x28be60db9391054a7f09d5f47d4d377036d8a5664f10e4107f9458eaf7aef1586dc91b8e909374b801924bba82" +
    "7464873f877ac72c4a69cfba208d7d4baed1213a671c09ad17df904e64758e60d4ce7d272117e2ef7e4a0ec7fe" +
    "25fff7816603fbcbc462d6829b47db4d9fb3c9f2c26dd3d18fd9a797fa8b5d49eeb1faf97c5ecf41ce7de294a4" +
    "ba9afed7ec47e357421580cc11bf1e",
);

/** x − 2π·n in [−π, π] for |x| ≥ 2²⁰, within 4.5e-16, by exact integers; NaN for ±Infinity. */
function wrapAngle(x: number): number {
  if (x - x !== 0) return NaN;
  // 2³²·x is an integer; past 2⁵³ so is x, and the product could overflow
  const scaled = Math.abs(x) < 9007199254740992 ? BigInt(x * 4294967296) : BigInt(x) << 32n;
  const turn = BigInt.asIntN(64, (scaled * turnsPerRadian) >> 1168n);
  return Number(turn) * 3.4061215800865545e-19; // 2π/2⁶⁴
}`,
};

const quarterTurns: Source = {
  needs: ["polynomial", "wrapAngle"],
  text: `
/** x − n·π/2, n·π/2 being nearest: π/2 in four parts, three so short that n·part is exact. */
function quarterRemainder(x: number, n: number): number {
  const first = x - n * 1.5707963267341256;
  const second = first - n * 6.077100506303966e-11;
  const secondError = first - second - n * 6.077100506303966e-11;
  const third = second - n * 2.0222662487111665e-21;
  const thirdError = second - third - n * 2.0222662487111665e-21;
  return third + (secondError + thirdError - n * 8.4784276603689e-32);
}

/** sin r for |r| ≤ π/4: Taylor's polynomial, error below 2e-19. */
function sinOfRemainder(r: number): number {
  const z = r * r;
  return r + r * z * polynomial(z, sinCoefficients);
}
const sinCoefficients = [
  1 / 355687428096000,
  -1 / 1307674368000,
  1 / 6227020800,
  -1 / 39916800,
  1 / 362880,
  -1 / 5040,
  1 / 120,
  -1 / 6,
];

/** cos r for |r| ≤ π/4: Taylor's polynomial, error below 1e-17; what 1 − r²/2 loses is added. */
function cosOfRemainder(r: number): number {
  const z = r * r;
  const half = z / 2;
  const leading = 1 - half;
  return leading + (1 - leading - half + z * z * polynomial(z, cosCoefficients));
}
const cosCoefficients = [
  -1 / 6402373705728000,
  1 / 20922789888000,
  -1 / 87178291200,
  1 / 479001600,
  -1 / 3628800,
  1 / 40320,
  -1 / 720,
  1 / 24,
];`,
};

const powerOfPositive: Source = {
  needs: ["exp", "productError", "doubleBits", "powersOfTwo"],
  text: `
/**
 * x^y = exp(y·log x) for finite x > 0, with log x and the product carried as sums of two doubles.
 * x = 2ᵏ·m, √½ ≤ m < √2; log m = 2·atanh s, s = (m − 1)/(m + 1); the series of atanh runs in
 * single doubles from s⁹ on and in double-doubles before.
 */
function powerOfPositive(x: number, y: number): number {
  const isSmall = x < 2.2250738585072014e-308;
  const normal = isSmall ? x * 18014398509481984 : x; // 2⁵⁴
  doubleBits[0] = normal;
  const exponent = (doubleHalves[highHalf]! - 0x3fe6a09e) >> 20;
  const m = normal * 0.5 * powersOfTwo[1024 - exponent]!;
  const k = isSmall ? exponent - 54 : exponent;

  const divisor = m + 1;
  const s = (m - 1) / divisor;
  const whole = s * divisor;
  const remainder = m - 1 - whole - productError(s, divisor, whole) - s * (m - (divisor - 1));
  const sLow = remainder / divisor;

  const z = s * s;
  const zLow = productError(s, s, z) + 2 * s * sLow;
  let sum = 0;
  for (let j = 35; j >= 9; j -= 2) sum = sum * z + 1 / j;
  let sumLow = 0;
  for (const [high, low] of atanhCoefficients) {
    const product = sum * z;
    const productLow = productError(sum, z, product) + sum * zLow + sumLow * z;
    sum = high + product;
    sumLow = high - sum + product + (low + productLow);
  }
  const half = s * sum;
  const halfLow = productError(s, sum, half) + s * sumLow + sLow * sum;

  // k·ln 2 in two parts, the first exact; then log x = logarithm + logarithmLow
  const scale = k * 0.6931471804855391;
  const rough = scale + 2 * half;
  const roughLow = scale === 0 ? 0 : scale - rough + 2 * half;
  const rest = roughLow + (2 * halfLow + k * 7.440617110012397e-11);
  const logarithm = rough + rest;
  const logarithmLow = rough - logarithm + rest;

  const argument = y * logarithm;
  if (!(Math.abs(argument) < 1000)) return exp(argument);
  const argumentLow = productError(y, logarithm, argument) + y * logarithmLow;
  const value = exp(argument);
  return value === Infinity ? value : value + value * argumentLow;
}
/** 1/7, 1/5, 1/3 and 1, each with what rounding it to a double leaves. */
const atanhCoefficients: readonly (readonly [number, number])[] = [
  [1 / 7, 7.93016446160826e-18],
  [1 / 5, -1.1102230246251566e-17],
  [1 / 3, 1.850371707708594e-17],
  [1, 0],
];`,
};

const same = (source: Source): BothPrecisions => ({ f32: source, f64: source });

export const helpers: Readonly<Record<HelperName, BothPrecisions>> = {
  fround: { f32: fround, f64: fround },
  powersOfTwo: same(powersOfTwo),
  rootsOfTwo: same(rootsOfTwo),
  doubleBits: same(doubleBits),
  polynomial: same(polynomial),
  productError: same(productError),
  wrapAngle: same(wrapAngle),
  quarterTurns: same(quarterTurns),
  powerOfPositive: same(powerOfPositive),
};
