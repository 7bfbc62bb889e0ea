/** What a formula may be made of: each operation as the compiler calls it, as people write it, and as numbers. */

export interface Operation {
  /** The function of `adjoint`. */
  readonly call: string;
  /** What stands in the node. */
  readonly sign: string;
  readonly arity: 1 | 2;
  readonly of: (a: number, b: number) => number;
  /** Why the operation has no number here, in words that follow "because"; undefined where it has one. */
  readonly refuses?: (a: number, b: number) => string | undefined;
  /** ∂/∂a and ∂/∂b, in the names of the operands. */
  readonly slopes: readonly ((a: string, b: string) => string)[];
}

const operation = (
  call: string,
  sign: string,
  of: (a: number, b: number) => number,
  slopes: Operation["slopes"],
  refuses?: Operation["refuses"],
): Operation => ({
  call,
  sign,
  arity: slopes.length as 1 | 2, // a slope for each operand
  of,
  slopes,
  ...(refuses && { refuses }),
});

const sigmoid = (a: number): number => (a >= 0 ? 1 / (1 + Math.exp(-a)) : Math.exp(a) / (1 + Math.exp(a)));

export const OPERATIONS = {
  add: operation("add", "+", (a, b) => a + b, [() => "1", () => "1"]),
  sub: operation("sub", "−", (a, b) => a - b, [() => "1", () => "−1"]),
  mul: operation("mul", "×", (a, b) => a * b, [(_, b) => b, (a) => a]),
  div: operation(
    "div",
    "÷",
    (a, b) => a / b,
    [(_, b) => `1/${b}`, (a, b) => `−${a}/${b}²`],
    (_, b) => (b === 0 ? "it divides by zero" : undefined),
  ),
  pow: operation(
    "pow",
    "^",
    (a, b) => a ** b,
    [(a, b) => `${b}·${a}^(${b} − 1)`, (a, b) => `${a}^${b}·log ${a}`],
    (a, b) => (a < 0 && !Number.isInteger(b) ? "a negative number has no such power" : a === 0 && b < 0 ? "it divides by zero" : undefined),
  ),
  neg: operation("neg", "−·", (a) => -a, [() => "−1"]),
  exp: operation("exp", "exp", (a) => Math.exp(a), [(a) => `exp ${a}`]),
  log: operation(
    "log",
    "log",
    (a) => Math.log(a),
    [(a) => `1/${a}`],
    (a) => (a <= 0 ? `${a === 0 ? "zero" : "a negative number"} has no logarithm` : undefined),
  ),
  sqrt: operation(
    "sqrt",
    "√",
    (a) => Math.sqrt(a),
    [(a) => `1/(2√${a})`],
    (a) => (a < 0 ? "a negative number has no square root" : a === 0 ? "the square root has no finite slope at zero" : undefined),
  ),
  sin: operation("sin", "sin", (a) => Math.sin(a), [(a) => `cos ${a}`]),
  cos: operation("cos", "cos", (a) => Math.cos(a), [(a) => `−sin ${a}`]),
  tan: operation("tan", "tan", (a) => Math.tan(a), [(a) => `1 + tan² ${a}`]),
  tanh: operation("tanh", "tanh", (a) => Math.tanh(a), [(a) => `1 − tanh² ${a}`]),
  abs: operation("abs", "|·|", (a) => Math.abs(a), [(a) => `sign of ${a}`]),
  sigmoid: operation("sigmoid", "σ", sigmoid, [(a) => `σ(${a})·(1 − σ(${a}))`]),
  relu: operation("relu", "relu", (a) => Math.max(a, 0), [(a) => `1 where ${a} > 0, else 0`]),
  max: operation("maximum", "max", Math.max, [(a, b) => `1 where ${a} > ${b}, else 0`, (a, b) => `1 where ${b} > ${a}, else 0`]),
  min: operation("minimum", "min", Math.min, [(a, b) => `1 where ${a} < ${b}, else 0`, (a, b) => `1 where ${b} < ${a}, else 0`]),
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

/** Those that are called by name in a formula. */
export const FUNCTIONS = (Object.keys(OPERATIONS) as OperationName[]).filter(
  (name) => !["add", "sub", "mul", "div", "pow", "neg"].includes(name),
);
