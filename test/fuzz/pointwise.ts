/** Guarantees the elementwise primitives in random programs: every row of the scalar table, comparisons and choices, whole numbers, casts. */

import type { Value } from "../../compiler/graph/graph.ts";
import { elementwise } from "../../compiler/model/formula.ts";
import { alike, axesOf, float, number, pick, push, shapeOf, type Bench } from "./bench.ts";
import type { Apply } from "./steps.ts";

const SMOOTH = ["neg", "tanh", "sigmoid", "sin", "cos", "erf", "relu", "abs", "identity", "stopGradient", "sign", "floor"] as const;
const BINARY = ["add", "sub", "mul", "max", "min"] as const;
const CONSTANTS = [0, 1, -1, 2, 0.5, -0.3, 3];

/** Functions with a domain, each over operands that lie in it. */
const GUARDED: readonly ((b: Bench, x: Value) => Value)[] = [
  (b, x) => b.g.exp(b.g.min(x, number(b, 3))),
  (b, x) => b.g.log(b.g.add(b.g.abs(x), number(b, 0.3))),
  (b, x) => b.g.sqrt(b.g.add(b.g.mul(x, x), number(b, 0.2))),
  (b, x) => b.g.recip(b.g.add(b.g.exp(b.g.sin(x)), number(b, 0.1))),
  (b, x) => b.g.log1p(b.g.mul(b.g.sin(x), number(b, 0.7))),
  (b, x) => b.g.expm1(b.g.max(b.g.min(x, number(b, 2)), number(b, -2))),
  (b, x) => b.g.exp(x),
  (b, x) => b.g.log(b.g.sigmoid(x)),
  (b, x) => b.g.log(b.g.exp(b.g.tanh(x))),
  (b, x) => b.g.exp(b.g.log(b.g.sigmoid(x))),
  (b, x) => b.g.sqrt(b.g.exp(b.g.sin(x))),
  (b, x) => b.g.recip(b.g.sqrt(b.g.add(b.g.abs(x), number(b, 0.01)))),
];

export const unary: Apply = (b, { a, n }) => {
  const x = pick(b.floats, a);
  push(b, b.g.elementwise(SMOOTH[n % SMOOTH.length]! as "neg", [x]));
};

export const guarded: Apply = (b, { a, n }) => push(b, GUARDED[n % GUARDED.length]!(b, pick(b.floats, a)));

export const binary: Apply = (b, { a, b: other, n, m }) => {
  const x = pick(b.floats, a);
  const y = alike(b, shapeOf(b, x), other, m);
  push(b, b.g.elementwise(BINARY[n % BINARY.length]!, m % 2 === 0 ? [x, y] : [y, x]));
};

/** A literal stands for every element by itself. */
export const withConstant: Apply = (b, { a, n, m }) => {
  const x = pick(b.floats, a);
  const constant = number(b, CONSTANTS[m % CONSTANTS.length]!);
  const op = BINARY[n % BINARY.length]!;
  push(b, b.g.elementwise(op, n % 2 === 0 ? [x, constant] : [constant, x]));
};

export const powers: Apply = (b, { a, b: other, n, m }) => {
  const { g } = b;
  const x = pick(b.floats, a);
  if (n % 4 === 0) return push(b, g.pow(x, number(b, 2 + (m % 2))));
  if (n % 8 === 5) return push(b, g.pow(number(b, 1.3), g.sin(x)));
  const y = alike(b, shapeOf(b, x), other, m);
  const positive = g.add(g.mul(y, y), number(b, 0.3));
  push(b, n % 4 === 1 ? g.div(x, positive) : g.pow(positive, n % 4 === 2 ? g.sin(x) : number(b, 0.5)));
  if (n % 4 === 3) push(b, g.mul(x, x));
};

/** Spread along axes of extent 1 or new ones, as NumPy does, then combined. */
export const broadcasting: Apply = (b, { a, b: other, n, m }) => {
  const x = pick(b.floats, a);
  const shape = shapeOf(b, x);
  const kept = axesOf(shape).filter((axis) => ((n >> axis) & 1) === 1);
  const small = alike(
    b,
    kept.map((axis) => shape[axis]!),
    other,
    m,
  );
  const axes = axesOf(shape).filter((axis) => !kept.includes(axis));
  const wide = axes.length === 0 ? small : b.g.broadcast(small, { axes, size: axes.map((axis) => shape[axis]!) });
  push(b, b.g.elementwise(BINARY[m % BINARY.length]!, [x, wide]));
};

export const compare: Apply = (b, { a, b: other, n, m }) => {
  const { g } = b;
  const x = pick(b.floats, a);
  const y = n % 4 === 0 ? number(b, CONSTANTS[m % CONSTANTS.length]!) : alike(b, shapeOf(b, x), other, m);
  const holds = g[(["lt", "le", "eq"] as const)[n % 3]!](x, y);
  const shape = shapeOf(b, x);
  const before = b.truths.find((truth) => String(shapeOf(b, truth)) === String(shape));
  const both = before === undefined ? g.not(holds) : g[m % 2 === 0 ? "and" : "or"](holds, before);
  b.truths.push(n % 2 === 0 ? holds : both);
};

export const choose: Apply = (b, { a, b: other, n, m }) => {
  const { g } = b;
  const x = pick(b.floats, a);
  const shape = shapeOf(b, x);
  const y = m % 4 === 0 ? number(b, 0.5) : alike(b, shape, other, m);
  const fit = b.truths.filter((truth) => String(shapeOf(b, truth)) === String(shape));
  const condition = fit.length > 0 ? pick(fit, n) : g.lt(x, shapeOf(b, y).length === shape.length ? y : number(b, 0));
  push(b, n % 2 === 0 ? g.where(condition, x, y) : g.where(condition, y, x));
};

/** Arithmetic on whole numbers, which rounds nothing, back among the floats. */
export const whole: Apply = (b, { a, n, m }) => {
  const { g, c } = b;
  const x = pick(b.floats, a);
  const shape = shapeOf(b, x);
  const to = { to: c.float };
  const truncated = g.cast(g.mul(g.tanh(x), number(b, 5)), { to: "i32" });
  if (shape.length === 0 || n % 3 === 0) return push(b, g.add(x, g.cast(g.abs(truncated), to)));
  const place = g.iota({ dtype: "i32", shape }, { axis: m % shape.length });
  if (n % 3 === 1) b.truths.push(g.le(place, truncated));
  const mixed = g.elementwise(BINARY[m % BINARY.length]!, [truncated, place]);
  push(b, g.mul(x, g.cast(g.sign(mixed), to)));
};

export const truthAsNumber: Apply = (b, { a, n }) => {
  if (b.truths.length === 0) return unary(b, { op: "unary", a, b: 0, n, m: 0 });
  push(b, b.g.cast(pick(b.truths, n), { to: b.c.float }));
};

const FORMULAS = [
  "x * tanh(log(1 + exp(x)))",
  "x > 0 ? x : 0.1 * (exp(x) - 1)",
  "sin(x)^2 + cos(x)^2",
  "1 / (1 + x^2)",
  "max(x, 0) - min(x, 1)",
];
export const formula: Apply = (b, { a, n }) => {
  const x = float(b, b.g.min(pick(b.floats, a), number(b, 4)));
  push(b, elementwise(FORMULAS[n % FORMULAS.length]!)(x).value);
};
