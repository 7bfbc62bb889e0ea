/** The scalar functions in double, and what storage of each dtype keeps of a value. */

import type { DType } from "../../graph/type.ts";
import type { ScalarFn } from "../loop.ts";
import { randomBits } from "../random.ts";

/** Every scalar function in double; `cast` depends on its dtype and stands apart. */
export const FUNCTIONS: Record<Exclude<ScalarFn, "cast">, (a: number, b: number, c: number) => number> = {
  randomBits,
  neg: (a) => -a,
  abs: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  sqrt: Math.sqrt,
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  sin: Math.sin,
  cos: Math.cos,
  erf: (a) => erf(a),
  erfc: (a) => erfc(a),
  atan: Math.atan,
  log1p: Math.log1p,
  expm1: Math.expm1,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: (a, b) => Math.max(a, b),
  min: (a, b) => Math.min(a, b),
  pow: Math.pow,
  lt: (a, b) => truth(a < b),
  le: (a, b) => truth(a <= b),
  eq: (a, b) => truth(a === b),
  and: (a, b) => truth(a !== 0 && b !== 0),
  or: (a, b) => truth(a !== 0 || b !== 0),
  not: (a) => truth(a === 0),
  bitsOf: (a) => new Int32Array(Float32Array.of(a).buffer)[0]!,
  floatOf: (a) => new Float32Array(Int32Array.of(a).buffer)[0]!,
  shl: (a, b) => a << b,
  shr: (a, b) => a >> b,
};

/** A bool as a number. */
const truth = (holds: boolean): number => (holds ? 1 : 0);

/** erf(x) = 2/√π·e^(−x²)·Σ 2ⁿx^(2n+1)/(2n+1)!!, all terms of one sign; from 2.5 on 1 − erfc by its continued fraction. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (!(a < 6)) return Number.isNaN(x) ? NaN : Math.sign(x);
  const bell = Math.exp(-a * a) / Math.sqrt(Math.PI);
  if (a < 2.5) {
    let term = x;
    let total = x;
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(total); n++) {
      term *= (2 * a * a) / (2 * n + 1);
      total += term;
    }
    return 2 * bell * total;
  }
  // erfc(x) = e^(−x²)/√π / (x + ½/(x + 1/(x + 3⁄2/(x + …))))
  let below = a;
  for (let n = 60; n >= 1; n--) below = a + n / 2 / below;
  return Math.sign(x) * (1 - bell / below);
}

/** erfc(x) = 1 − erf(x); from 1 on e^(−x²)/√π / (x + ½/(x + 1/(x + 3⁄2/(x + …)))), which has no difference. */
export function erfc(x: number): number {
  if (!(x >= 1)) return 1 - erf(x);
  let below = x;
  for (let n = 200; n >= 1; n--) below = x + n / 2 / below;
  // x² in two parts, of which the first is exact
  const near = Math.fround(x);
  return x > 27.3 ? 0 : (Math.exp(-near * near) * Math.exp((near - x) * (near + x))) / Math.sqrt(Math.PI) / below;
}

/** A value of another dtype as one of this: integers keep to their range, a bool is 0 or 1. */
export function cast(to: DType): (a: number) => number {
  if (to === "i32") return (a) => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, a)) | 0;
  if (to === "bool") return (a) => truth(a !== 0);
  return (a) => a;
}

/** `single` rounds at stores and at `round`, as storage does; `double` never rounds a float. */
export type Precision = "single" | "double";

/** What storage of a dtype keeps of a value. */
export function stored(dtype: DType, precision: Precision): (value: number) => number {
  if (dtype === "i32") return (value) => value | 0;
  if (dtype === "bool") return (value) => truth(value !== 0);
  return dtype === "f32" && precision === "single" ? Math.fround : (value) => value;
}
