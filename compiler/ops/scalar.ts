/** Every elementwise function as one row of formulas, read by the reference, the gradient, the targets and the comments. */

import type { Value } from "../graph/graph.ts";
import { elementwise, type Row } from "./elementwise.ts";
import { DIGAMMA, LOG_GAMMA, TRIGAMMA } from "./gamma.ts";
import type { Each, Op } from "./op.ts";

const TWO_OVER_SQRT_PI = "1.1283791670955126";

/**
 * The slopes of a^b are finite at a = 0 wherever a limit is: x⁰ is 1 everywhere, so its slope is 0, and 0^b is 0 for every b above 0. Where
 * a branch is not taken, what it reads is 1, so that slopes of the slopes are no 0·∞ either. At b = 0 and a ≠ 0 the mixed slope is 1/a.
 */
const POWER_SLOPE = "a == 0 and b == 0 ? 0 : b * (a == 0 and b == 0 ? 1 : a)^(b - 1)";
const EXPONENT_SLOPE = "a > 0 or (a == 0 and b < 0) ? y * log(a > 0 or (a == 0 and b < 0) ? a : 1) : 0";

/** ln 2 and ln 10. */
const [LN2, LN10] = ["0.6931471805599453", "2.302585092994046"];
/** The whole number next to x on the side of 0. */
const TOWARD_0 = (x: string): string => `(${x} < 0 ? -floor(-(${x})) : floor(${x}))`;
/** ⌊x⌋ where the rest, which is exact where it matters, is below ½, or is ½ and ⌊x⌋ even: so no sum x + ½ is rounded. */
const HALF_TO_EVEN = "x - floor(x) < 0.5 or (not (0.5 < x - floor(x)) and floor(x) / 2 == floor(floor(x) / 2)) ? floor(x) : floor(x) + 1";
/** log(x + √(x² + 1)) for x ≥ 0, of which small x lose nothing and large ones do not overflow. */
const ASINH = "(abs(x) <= 1 ? log1p(abs(x) + x * x / (1 + sqrt(x * x + 1))) : log(abs(x)) + log(1 + sqrt(1 + 1 / x / x)))";
/** The angle of (|b|, |a|): as far as both are infinite, 45°. */
const FIRST_QUADRANT = "(abs(a) == abs(b) ? (a == 0 ? 0 : 0.7853981633974483) : atan(abs(a) / abs(b)))";

//       name        y =                              dy/dx
const ROWS = [
  { name: "neg", args: ["x"], y: "-x", slopes: ["derived"], dtypes: "arithmetic", reads: "−{0}", exact: true },
  { name: "exp", args: ["x"], y: "exp(x)", slopes: ["derived"], dtypes: "float" },
  { name: "log", args: ["x"], y: "log(x)", slopes: ["derived"], dtypes: "float", within: [0.2, 3] },
  { name: "sqrt", args: ["x"], y: "sqrt(x)", slopes: ["derived"], dtypes: "float", reads: "√{0}", within: [0.2, 3] },
  { name: "recip", args: ["x"], y: "1 / x", slopes: ["derived"], dtypes: "float", reads: "1 / {0}", within: [0.3, 3] },
  { name: "tanh", args: ["x"], y: "tanh(x)", slopes: ["derived"], dtypes: "float" },
  { name: "sigmoid", args: ["x"], y: "1 / (1 + exp(-x))", slopes: ["derived"], dtypes: "float" },
  { name: "relu", args: ["x"], y: "x < 0 ? 0 : x", slopes: ["y > 0 ? 1 : 0"], dtypes: "float", exact: true, kinks: true },
  { name: "erf", args: ["x"], y: "erf(x)", slopes: [`${TWO_OVER_SQRT_PI} * exp(-(x * x))`], dtypes: "float" },
  { name: "sin", args: ["x"], y: "sin(x)", slopes: ["derived"], dtypes: "float" },
  { name: "cos", args: ["x"], y: "cos(x)", slopes: ["derived"], dtypes: "float" },
  { name: "log1p", args: ["x"], y: "log1p(x)", slopes: ["1 / (1 + x)"], dtypes: "float", within: [-0.7, 2] },
  { name: "expm1", args: ["x"], y: "expm1(x)", slopes: ["1 + y"], dtypes: "float" },
  { name: "abs", args: ["x"], y: "abs(x)", slopes: ["sign(x)"], dtypes: "arithmetic", reads: "|{0}|", exact: true, kinks: true },
  { name: "sign", args: ["x"], y: "sign(x)", slopes: [null], dtypes: "arithmetic", exact: true },
  { name: "floor", args: ["x"], y: "floor(x)", slopes: [null], dtypes: "float", reads: "⌊{0}⌋", exact: true },
  { name: "rsqrt", args: ["x"], y: "1 / sqrt(x)", slopes: ["-0.5 * y / x"], dtypes: "float", reads: "1 / √{0}", within: [0.2, 3] },
  { name: "erfc", args: ["x"], y: "erfc(x)", slopes: [`-(${TWO_OVER_SQRT_PI} * exp(-(x * x)))`], dtypes: "float" },
  { name: "exp2", args: ["x"], y: "2^x", slopes: [`${LN2} * y`], dtypes: "float", reads: "2^{0}" },
  { name: "lgamma", args: ["x"], y: LOG_GAMMA, slopes: ["digamma(x)"], dtypes: "float", reads: "log |Γ({0})|", within: [0.3, 4] },
  { name: "digamma", args: ["x"], y: DIGAMMA, slopes: [TRIGAMMA], dtypes: "float", reads: "ψ({0})", within: [0.3, 4] },
  { name: "log2", args: ["x"], y: `log(x) / ${LN2}`, slopes: [`1 / (${LN2} * x)`], dtypes: "float", within: [0.2, 3] },
  { name: "log10", args: ["x"], y: `log(x) / ${LN10}`, slopes: [`1 / (${LN10} * x)`], dtypes: "float", within: [0.2, 3] },
  { name: "tan", args: ["x"], y: "sin(x) / cos(x)", slopes: ["1 + y * y"], dtypes: "float", within: [-1.2, 1.2] },
  {
    name: "asin",
    args: ["x"],
    y: "atan(x / sqrt((1 - x) * (1 + x)))",
    slopes: ["1 / sqrt((1 - x) * (1 + x))"],
    dtypes: "float",
    within: [-0.8, 0.8],
  },
  {
    name: "acos",
    args: ["x"],
    y: "2 * atan(sqrt((1 - x) / (1 + x)))",
    slopes: ["-(1 / sqrt((1 - x) * (1 + x)))"],
    dtypes: "float",
    within: [-0.8, 0.8],
  },
  { name: "atan", args: ["x"], y: "atan(x)", slopes: ["1 / (1 + x * x)"], dtypes: "float" },
  { name: "sinh", args: ["x"], y: "(expm1(x) - expm1(-x)) / 2", slopes: ["(exp(x) + exp(-x)) / 2"], dtypes: "float" },
  { name: "cosh", args: ["x"], y: "(exp(x) + exp(-x)) / 2", slopes: ["(expm1(x) - expm1(-x)) / 2"], dtypes: "float" },
  { name: "asinh", args: ["x"], y: `sign(x) * ${ASINH}`, slopes: ["1 / sqrt(x * x + 1)"], dtypes: "float" },
  {
    name: "acosh",
    args: ["x"],
    y: "log1p(x - 1 + sqrt(x - 1) * sqrt(x + 1))",
    slopes: ["1 / (sqrt(x - 1) * sqrt(x + 1))"],
    dtypes: "float",
    within: [1.2, 4],
  },
  {
    name: "atanh",
    args: ["x"],
    y: "sign(x) * log1p(2 * abs(x) / (1 - abs(x))) / 2",
    slopes: ["1 / ((1 - x) * (1 + x))"],
    dtypes: "float",
    within: [-0.8, 0.8],
  },
  // the slopes at 0 are those of the whole, which the parts do not have
  { name: "logSigmoid", args: ["x"], y: "(x < 0 ? x : 0) - log1p(exp(-abs(x)))", slopes: ["sigmoid(-x)"], dtypes: "float" },
  { name: "softsign", args: ["x"], y: "x / (1 + abs(x))", slopes: ["1 / ((1 + abs(x)) * (1 + abs(x)))"], dtypes: "float" },
  { name: "ceil", args: ["x"], y: "-floor(-x)", slopes: [null], dtypes: "float", reads: "⌈{0}⌉", exact: true },
  { name: "trunc", args: ["x"], y: TOWARD_0("x"), slopes: [null], dtypes: "float", exact: true },
  { name: "round", args: ["x"], y: HALF_TO_EVEN, slopes: [null], dtypes: "float", exact: true },
  { name: "add", args: ["a", "b"], y: "a + b", slopes: ["derived", "derived"], dtypes: "arithmetic", reads: "{0} + {1}" },
  { name: "sub", args: ["a", "b"], y: "a - b", slopes: ["derived", "derived"], dtypes: "arithmetic", reads: "{0} − {1}" },
  { name: "mul", args: ["a", "b"], y: "a * b", slopes: ["derived", "derived"], dtypes: "arithmetic", reads: "{0} ⊙ {1}" },
  { name: "div", args: ["a", "b"], y: "a / b", slopes: ["derived", "derived"], dtypes: "float", reads: "{0} / {1}", within: [0.3, 3] },
  // ties split ½–½
  {
    name: "max",
    args: ["a", "b"],
    y: "max(a, b)",
    slopes: ["a > b ? 1 : a == b ? 0.5 : 0", "b > a ? 1 : a == b ? 0.5 : 0"],
    dtypes: "arithmetic",
    exact: true,
    kinks: true,
  },
  {
    name: "min",
    args: ["a", "b"],
    y: "min(a, b)",
    slopes: ["a < b ? 1 : a == b ? 0.5 : 0", "b < a ? 1 : a == b ? 0.5 : 0"],
    dtypes: "arithmetic",
    exact: true,
    kinks: true,
  },
  // stated where a = 0 (note below)
  { name: "pow", args: ["a", "b"], y: "a^b", slopes: [POWER_SLOPE, EXPONENT_SLOPE], dtypes: "float", reads: "{0}^{1}", within: [0.3, 2] },
  {
    name: "atan2",
    args: ["a", "b"],
    y: `(a < 0 ? -1 : 1) * (b < 0 ? 3.141592653589793 - ${FIRST_QUADRANT} : ${FIRST_QUADRANT})`,
    slopes: ["a == 0 and b == 0 ? 0 : b / (a * a + b * b)", "a == 0 and b == 0 ? 0 : -(a / (a * a + b * b))"],
    dtypes: "float",
    within: [0.3, 3],
    kinks: true,
  },
  {
    name: "logAddExp",
    args: ["a", "b"],
    y: `a == b ? a + ${LN2} : max(a, b) + log1p(exp(-abs(a - b)))`,
    slopes: ["sigmoid(a - b)", "sigmoid(b - a)"],
    dtypes: "float",
    reads: "log(e^{0} + e^{1})",
  },
  {
    name: "fmod",
    args: ["a", "b"],
    y: `a - b * ${TOWARD_0("a / b")}`,
    slopes: ["1", "-trunc(a / b)"],
    dtypes: "float",
    reads: "{0} mod {1}",
    within: [0.3, 3],
    kinks: true,
  },
  { name: "lt", args: ["a", "b"], y: "a < b", slopes: [null, null], dtypes: "compare", reads: "[{0} < {1}]" },
  { name: "le", args: ["a", "b"], y: "a <= b", slopes: [null, null], dtypes: "compare", reads: "[{0} ≤ {1}]" },
  { name: "eq", args: ["a", "b"], y: "a == b", slopes: [null, null], dtypes: "compare", reads: "[{0} = {1}]" },
  { name: "and", args: ["a", "b"], y: "a and b", slopes: [null, null], dtypes: "logic", reads: "{0} ∧ {1}" },
  { name: "or", args: ["a", "b"], y: "a or b", slopes: [null, null], dtypes: "logic", reads: "{0} ∨ {1}" },
  { name: "not", args: ["a"], y: "not a", slopes: [null], dtypes: "logic", reads: "¬{0}" },
  {
    name: "where",
    args: ["c", "a", "b"],
    y: "c ? a : b",
    slopes: [null, "c ? 1 : 0", "c ? 0 : 1"],
    dtypes: "where",
    reads: "{0} ? {1} : {2}",
    exact: true,
    kinks: true,
  },
] as const satisfies readonly Row[];

type Rows = (typeof ROWS)[number];
export type ElementwiseName = Rows["name"];
type OperandsOf<Name extends ElementwiseName> = Each<Extract<Rows, { name: Name }>["args"], Value>;

const named = (name: string): Op => elementwiseOps[name as ElementwiseName];

/** Every row as an op. */
export const elementwiseOps = Object.fromEntries(ROWS.map((row) => [row.name, elementwise(row, named)])) as unknown as {
  readonly [Name in ElementwiseName]: Op<Name, OperandsOf<Name>>;
};

/** The rows themselves, for the test that holds stated slopes equal to derived ones. */
export const rows: readonly Row[] = ROWS;
