/** Exp, log, tanh and erf in float32 as scalars of the loop IR: one text for single values, for four lanes and for TypeScript gives one result. */

import { apply, literal, local, select } from "../../loop/build.ts";
import type { Scalar, Stmt } from "../../loop/loop.ts";

/** A function of `x`: its lets in order, then its value. */
export interface FloatFunction {
  readonly name: "exp" | "log" | "tanh" | "erf";
  /** Formula and bound, as people read them. */
  readonly doc: string;
  readonly lets: readonly Extract<Stmt, { kind: "let" }>[];
  readonly value: Scalar;
}

const X = local("x", "f32");
const f = (value: number): Scalar => literal(value, "f32");
const n = (value: number): Scalar => literal(value, "i32");
const add = (a: Scalar, b: Scalar): Scalar => apply("add", a.dtype, a, b);
const sub = (a: Scalar, b: Scalar): Scalar => apply("sub", a.dtype, a, b);
const mul = (a: Scalar, b: Scalar): Scalar => apply("mul", a.dtype, a, b);
const div = (a: Scalar, b: Scalar): Scalar => apply("div", a.dtype, a, b);
const less = (a: Scalar, b: Scalar): Scalar => apply("lt", "bool", a, b);
const shl = (a: Scalar, by: number): Scalar => apply("shl", "i32", a, n(by));
const shr = (a: Scalar, by: number): Scalar => apply("shr", "i32", a, n(by));

/** c₀ + x·(c₁ + x·(c₂ + …)). */
const polynomial = (x: Scalar, [first = 0, ...rest]: readonly number[]): Scalar =>
  rest.length === 0 ? f(first) : add(f(first), mul(x, polynomial(x, rest)));

function define(name: FloatFunction["name"], doc: string, body: (keep: (name: string, value: Scalar) => Scalar) => Scalar): FloatFunction {
  const lets: Extract<Stmt, { kind: "let" }>[] = [];
  const value = body((kept, of) => {
    lets.push({ kind: "let", name: kept, dtype: of.dtype, value: of, mutable: false });
    return local(kept, of.dtype);
  });
  return { name, doc, lets, value };
}

/** ln 2 in two parts: a whole exponent times the first is exact. */
const [LN2_HIGH, LN2_LOW] = [0.693359375, Math.LN2 - 0.693359375];

/** 2ᵏ from the bits of its exponent. */
const powerOfTwo = (k: Scalar): Scalar => apply("floatOf", "f32", shl(add(k, n(127)), 23));

/** 1.5·2²³: a float that takes it on is rounded to a whole number, which its last bits then hold. */
const SHIFTER = 1.5 * 2 ** 23;
const SHIFTER_BITS = 0x4b400000;

/** x = n·ln 2 + r: `shifted` is n on the shifter, eʳ − 1 = r + r²·q(r) by a minimax polynomial (Remez), |r| ≤ ln 2/2. */
function reduced(keep: (name: string, value: Scalar) => Scalar, x: Scalar) {
  const shifted = keep("shifted", add(mul(x, f(Math.LOG2E)), f(SHIFTER)));
  const whole = keep("whole", sub(shifted, f(SHIFTER)));
  const r = keep("r", sub(sub(x, mul(whole, f(LN2_HIGH))), mul(whole, f(LN2_LOW))));
  const q = polynomial(r, [0.4999999305073354, 0.166665147914907, 0.04166845678605519, 0.008369418827296029, 0.001381314455551834]);
  return { shifted, power: keep("power", add(f(1), add(r, mul(mul(r, r), q)))) };
}

/** The larger and the smaller of two as one comparison: a NaN in `x` stays. */
const atLeast = (x: Scalar, least: number): Scalar => select(less(x, f(least)), f(least), x);
const atMost = (x: Scalar, most: number): Scalar => select(less(f(most), x), f(most), x);

const exp = define(
  "exp",
  "eˣ = 2ⁿ·eʳ, n the whole number nearest x/ln 2, |r| ≤ ln 2/2; eʳ by a minimax polynomial (Remez). Within 1 ulp of float32, denormals included.",
  (keep) => {
    const { shifted, power } = reduced(keep, keep("c", atMost(keep("above", atLeast(X, -104)), 89)));
    const k = keep("k", sub(apply("bitsOf", "i32", shifted), n(SHIFTER_BITS)));
    const half = keep("half", shr(k, 1));
    // two exact factors, so that there is one rounding even where 2ⁿ is no normal number
    return mul(mul(power, powerOfTwo(half)), powerOfTwo(sub(k, half)));
  },
);

const log = define(
  "log",
  "log x = e·ln 2 + log(1 + f), √½ ≤ 1 + f < √2; log(1 + f) = f − (f²/2 − s·(f²/2 + R)), s = f/(2 + f), R by a minimax polynomial (Remez). Within 1 ulp of float32.",
  (keep) => {
    const tiny = keep("tiny", less(X, f(2 ** -126)));
    const bits = keep("bits", apply("bitsOf", "i32", select(tiny, mul(X, f(2 ** 23)), X)));
    // the exponent counted from √½
    const exponent = keep("exponent", shr(sub(bits, n(0x3f3504f3)), 23));
    const m = apply("floatOf", "f32", sub(bits, shl(exponent, 23)));
    const rest = keep("rest", sub(m, f(1)));
    const e = keep("e", sub(apply("cast", "f32", exponent), select(tiny, f(23), f(0))));
    const s = keep("s", div(rest, add(f(2), rest)));
    const z = keep("z", mul(s, s));
    const series = mul(z, polynomial(z, [0.6666666555928724, 0.4000035627314074, 0.28535882688368064, 0.2361066461775687]));
    const half = keep("half", mul(f(0.5), mul(rest, rest)));
    const small = sub(half, add(mul(s, add(half, series)), mul(e, f(LN2_LOW))));
    const value = keep("value", sub(mul(e, f(LN2_HIGH)), sub(small, rest)));
    const positive = select(less(X, f(Infinity)), value, X);
    const other = select(apply("eq", "bool", X, f(0)), f(-Infinity), f(NaN));
    return select(less(f(0), X), positive, other);
  },
);

const tanh = define(
  "tanh",
  "tanh x = x + x³·T(x²) below 0.625, T a minimax polynomial (Remez); ±(1 − 2/(e^2|x| + 1)) from there. Within 2 ulp of float32.",
  (keep) => {
    const a = keep("a", apply("abs", "f32", X));
    const z = keep("z", mul(X, X));
    const series = polynomial(
      z,
      [-0.3333328194202185, 0.13331442198472723, -0.05373971511443482, 0.020639087346235426, -0.005704987112438614],
    );
    const near = keep("near", add(a, mul(mul(a, z), series)));
    // e^2a = 2ⁿ·2ʳ, r the rest of 2a·log₂ e; 2ʳ from both ends of the polynomial at once, which is done sooner than from one
    const turns = keep("turns", mul(keep("bounded", atMost(a, 10)), f(2 * Math.LOG2E))); // 1 in float32 from 9.02 on
    const shifted = keep("shifted", add(turns, f(SHIFTER)));
    const r = keep("r", sub(turns, sub(shifted, f(SHIFTER))));
    const [c0, c1, c2, c3, c4, c5, c6] = [
      1.0000000005541665, 0.6931472057372678, 0.2402264689063419, 0.05550328776964865, 0.009618488957105244, 0.0013399931219294967,
      0.0001534581200590193,
    ] as const;
    const r2 = keep("r2", mul(r, r));
    const pair = (even: number, odd: number): Scalar => add(f(even), mul(r, f(odd)));
    const upper = add(pair(c2, c3), mul(r2, add(pair(c4, c5), mul(r2, f(c6)))));
    const power = add(pair(c0, c1), mul(r2, upper));
    // n goes to the exponent: what lies above the last nine bits of the shifter falls off
    const e = apply("floatOf", "f32", add(apply("bitsOf", "i32", power), shl(apply("bitsOf", "i32", shifted), 23)));
    const far = keep("far", sub(f(1), div(f(2), add(e, f(1)))));
    const size = select(less(a, f(0.625)), near, far);
    const sign = shl(shr(apply("bitsOf", "i32", X), 31), 31);
    return apply("floatOf", "f32", add(apply("bitsOf", "i32", size), sign));
  },
);

/** erf x / x − 1 in x² up to 0.92², and log(1 − erf t) in t from 0.88 to 4, each weighted by what its error does to erf (Lawson's weights). */
const NEAR_ERF = [
  0.128379150360487, -0.3761249743027578, 0.11281852413687013, -0.02676789454773962, 0.0049950363472590145, -0.0006000289237760043,
];
const FAR_ERF = [
  -0.00013963924237599256, -1.1279103801941728, -0.6367816980611787, -0.10428755203919425, 0.022400539733462864, -0.0030872578656712425,
  0.00020047383219946857,
];

const erf = define(
  "erf",
  "erf x = x + x·P(x²) below 0.9; ±(1 − e^Q(|x|)) from there, Q a polynomial for log(1 − erf); P and Q nearly minimax. Within 2 ulp of float32.",
  (keep) => {
    const a = keep("a", apply("abs", "f32", X));
    const near = keep("near", add(a, mul(a, polynomial(keep("z", mul(X, X)), NEAR_ERF))));
    const t = keep("t", atMost(a, 4)); // 1 in float32 from 3.92 on
    const { shifted, power } = reduced(keep, keep("q", polynomial(t, FAR_ERF)));
    const e = mul(power, powerOfTwo(sub(apply("bitsOf", "i32", shifted), n(SHIFTER_BITS))));
    const size = select(less(a, f(0.9)), near, keep("far", sub(f(1), e)));
    const sign = shl(shr(apply("bitsOf", "i32", X), 31), 31);
    return apply("floatOf", "f32", add(apply("bitsOf", "i32", size), sign));
  },
);

export const FLOAT_FUNCTIONS: readonly FloatFunction[] = [exp, log, tanh, erf];
