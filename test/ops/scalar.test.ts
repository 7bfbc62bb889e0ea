/** What is true of the table of elementwise functions: slopes equal mathjs's derivatives, stay finite where the function does, and need no function outside the table. */

import { all, create } from "mathjs";
import { describe, expect, test } from "vitest";
import { compileFormula, MEANING, parseFormula, printFormula, type Formula } from "../../compiler/ops/formula.ts";
import { slopeOf } from "../../compiler/ops/elementwise.ts";
import { elementwiseOps, rows } from "../../compiler/ops/scalar.ts";
import { SWEEPS } from "../../compiler/ops/sweeps.ts";
import { SCALAR_FNS } from "../../compiler/loop/loop.ts";
import { close } from "../support/close.ts";
import { randomFrom } from "../support/sample.ts";

const math = create(all ?? {});

interface Slope {
  readonly row: (typeof rows)[number];
  readonly at: number;
  readonly arg: string;
  readonly formula: Formula;
}

const slopes: readonly Slope[] = rows.flatMap((row) =>
  row.args.flatMap((arg, at) => {
    const formula = slopeOf(row, at);
    return formula === null ? [] : [{ row, at, arg, formula }];
  }),
);

/** mathjs's own derivative, or undefined where it has none. */
function symbolic({ row, arg }: Slope): ((env: Record<string, number>) => number) | undefined {
  try {
    const derivative = math.derivative(row.y, arg, { simplify: false });
    return (env) => Number(derivative.evaluate({ ...env }));
  } catch {
    return undefined;
  }
}

const inputsOf = ({ row }: Slope, draw: () => number): Record<string, number> => Object.fromEntries(row.args.map((arg) => [arg, draw()]));

/** A formula's value, its variables by name. */
const evaluateFormula = (f: Formula, env: Record<string, number>): number => compileFormula(f, Object.keys(env))(Object.values(env));

/** A slope at a point, y computed from the row's own formula. */
const slopeAt = ({ row, formula }: Slope, env: Record<string, number>): number =>
  evaluateFormula(formula, { ...env, y: evaluateFormula(parseFormula(row.y), env) });

const named = slopes.map((slope) => ({ ...slope, name: `∂${slope.row.name}/∂${slope.arg}` }));
const withSymbolic = named.flatMap((slope) => {
  const derivative = symbolic(slope);
  return derivative === undefined ? [] : [{ ...slope, derivative }];
});

test("mathjs has no derivative for exactly these", () => {
  const without = named.filter((slope) => symbolic(slope) === undefined).map(({ name }) => name);
  expect(without).toEqual([
    "∂relu/∂x",
    "∂erf/∂x",
    "∂log1p/∂x",
    "∂expm1/∂x",
    "∂erfc/∂x",
    "∂lgamma/∂x",
    "∂digamma/∂x",
    "∂sinh/∂x",
    "∂asinh/∂x",
    "∂acosh/∂x",
    "∂atanh/∂x",
    "∂logSigmoid/∂x",
    "∂max/∂a",
    "∂max/∂b",
    "∂min/∂a",
    "∂min/∂b",
    "∂atan2/∂a",
    "∂atan2/∂b",
    "∂logAddExp/∂a",
    "∂logAddExp/∂b",
    "∂fmod/∂a",
    "∂fmod/∂b",
    "∂where/∂a",
    "∂where/∂b",
  ]);
});

test.each(withSymbolic)("$name is mathjs's derivative", (slope) => {
  const [low, high] = slope.row.within ?? [-3, 3];
  const random = randomFrom(5);
  for (let n = 0; n < 200; n++) {
    const env = inputsOf(slope, () => low + random() * (high - low));
    close([slopeAt(slope, env)], [slope.derivative(env)], 1e-13, JSON.stringify(env));
  }
});

/** Where a function's own slope is infinite: at the ends of arcsine, arccosine and area hyperbolic cosine. */
const isVertical = ({ row }: Slope, x: number): boolean => ["asin", "acos", "acosh"].includes(row.name) && Math.abs(x) === 1;

test.each(named)("$name is finite out to ±1e4, wherever the function is", (slope) => {
  const points = [-1e4, -5e3, -1000, -745, -100, -20, -1, -0.9, -0.3, 0.1, 0.5, 0.8, 1, 20, 100, 745, 1000, 5e3, 1e4];
  const y = parseFormula(slope.row.y);
  let checked = 0;
  for (const a of points)
    for (const b of points) {
      const [first, second] = slope.row.args.filter((arg) => arg !== "c") as [string, string?];
      const env = { c: 1, [first]: a, ...(second === undefined ? {} : { [second]: b }) };
      if (!Number.isFinite(evaluateFormula(y, env)) || isVertical(slope, a)) continue;
      checked++;
      expect(slopeAt(slope, env), `${printFormula(slope.formula)} at ${JSON.stringify(env)}`).toSatisfy(Number.isFinite);
    }
  expect(checked).toBeGreaterThan(40);
});

function functionsOf(formula: Formula, into: Set<string> = new Set()): Set<string> {
  if (formula.kind !== "call") return into;
  into.add(formula.fn);
  formula.args.forEach((arg) => functionsOf(arg, into));
  return into;
}

test("slopes call only functions of the table: every gradient has a gradient", () => {
  for (const { row, formula } of slopes)
    for (const fn of functionsOf(formula))
      expect(Object.keys(elementwiseOps), `${row.name}'s slope ${printFormula(formula)}`).toContain(fn);
});

test("formulas call only what every target computes", () => {
  for (const row of rows)
    for (const fn of functionsOf(parseFormula(row.y))) expect([...SCALAR_FNS, "where"], `${row.name} = ${row.y}`).toContain(fn);
});

/** Ops of their own, and what kernels alone are made of. */
const LOOP_ONLY: readonly string[] = ["cast", "randomBits", "bitsOf", "floatOf", "shl", "shr"];

test("every scalar function that a formula may use has a meaning", () => {
  for (const fn of SCALAR_FNS) if (!LOOP_ONLY.includes(fn)) expect(Object.keys(MEANING)).toContain(fn);
});

const valueOf = (name: string, ...args: number[]): number => {
  const row = rows.find((r) => r.name === name)!;
  return evaluateFormula(parseFormula(row.y), Object.fromEntries(row.args.map((arg, n) => [arg, args[n]!])));
};

// Abramowitz & Stegun, tables 4.16, 7.1; mpmath 1.3 at 30 digits for the rest.
describe("published values", () => {
  test.each([
    ["erf", [0.5], 0.5204998778130465],
    ["erf", [1], 0.8427007929497149],
    ["erf", [-2], -0.9953222650189527],
    ["erf", [3], 0.9999779095030014],
    ["tanh", [1], 0.7615941559557649],
    ["tanh", [1e4], 1],
    ["sigmoid", [2], 0.8807970779778824],
    ["sigmoid", [-1e4], 0],
    ["sigmoid", [1e4], 1],
    ["log1p", [1e-10], 9.9999999995e-11],
    ["expm1", [1e-10], 1.00000000005e-10],
    ["log", [10], 2.302585092994046],
    ["exp", [1], Math.E],
    ["sqrt", [2], Math.SQRT2],
    ["pow", [2, 0.5], Math.SQRT2],
    ["pow", [0, 0], 1],
    ["sin", [1], 0.8414709848078965],
    ["cos", [1], 0.5403023058681398],
    ["floor", [-0.5], -1],
    ["sign", [-3], -1],
    ["sign", [0], 0],
    ["recip", [8], 0.125],
    ["relu", [-3], 0],
    ["relu", [3], 3],
    ["rsqrt", [4], 0.5],
    ["erfc", [0.5], 0.4795001221869535],
    ["erfc", [3], 2.209049699858544e-5],
    ["exp2", [10], 1024],
    ["log2", [8], 3],
    ["log10", [1000], 3],
    ["tan", [1], 1.557407724654902],
    ["asin", [0.5], 0.5235987755982989],
    ["asin", [-1], -1.5707963267948966],
    ["acos", [-1], Math.PI],
    ["acos", [0.25], 1.318116071652818],
    ["atan", [2], 1.1071487177940904],
    ["atan2", [1, -1], 2.356194490192345],
    ["atan2", [-1, 0], -1.5707963267948966],
    ["atan2", [0, -2], Math.PI],
    ["atan2", [0, 0], 0],
    ["atan2", [Infinity, -Infinity], 2.356194490192345],
    ["sinh", [1e-10], 1e-10],
    ["cosh", [1], 1.5430806348152437],
    ["asinh", [1e-10], 1e-10],
    ["asinh", [-1e200], -461.2101657793691],
    ["acosh", [2], 1.3169578969248166],
    ["acosh", [1], 0],
    ["atanh", [-0.5], -0.5493061443340549],
    ["logSigmoid", [-1e4], -1e4],
    ["logAddExp", [Infinity, Infinity], Infinity],
    ["logAddExp", [-Infinity, 2], 2],
    ["logAddExp", [1, 3], 3.1269280110429727],
    ["ceil", [-0.5], 0],
    ["trunc", [-2.7], -2],
    ["round", [2.5], 2],
    ["round", [-3.5], -4],
    ["round", [0.49999999999999994], 0],
    ["round", [Infinity], Infinity],
    ["fmod", [-7.5, 2], -1.5],
  ])("%s(%j) = %d", (name, args, expected) => {
    const found = valueOf(name, ...args);
    if (!Number.isFinite(expected)) return expect(found).toBe(expected);
    expect(Math.abs(found - expected)).toBeLessThanOrEqual(4e-16 * Math.max(Math.abs(expected), 1e-10));
  });
});

describe("at a kink", () => {
  const at = (name: string, arg: string, env: Record<string, number>): number =>
    slopeAt(
      slopes.find(({ row, arg: a }) => row.name === name && a === arg)!,
      env,
    );

  test("relu'(0) = 0", () => expect(at("relu", "x", { x: 0 })).toBe(0));
  test("|x|'(0) = 0", () => expect(at("abs", "x", { x: 0 })).toBe(0));
  test.each(["max", "min"])("%s splits a tie ½–½", (name) => {
    expect(at(name, "a", { a: 3, b: 3 })).toBe(0.5);
    expect(at(name, "b", { a: 3, b: 3 })).toBe(0.5);
  });
  test.each(["max", "min"])("%s gives all to the one it takes", (name) => {
    const [a, b] = name === "max" ? [2, 1] : [1, 2];
    expect([at(name, "a", { a, b }), at(name, "b", { a, b })]).toEqual([1, 0]);
    expect([at(name, "a", { a: b, b: a }), at(name, "b", { a: b, b: a })]).toEqual([0, 1]);
  });
  test("0^b has no slope in b", () => expect(at("pow", "b", { a: 0, b: 2 })).toBe(0));
});

describe("a loop of its own gives what the formula gives, element by element", () => {
  const numbers = [0, -0, 1, -1, 0.3, -2.5, NaN, Infinity, -Infinity, 5e-324];
  test.each(Object.keys(SWEEPS))("%s", (name) => {
    const row = rows.find((one) => one.name === name)!;
    const meaning = compileFormula(parseFormula(row.y), row.args);
    // every number beside every other, and the first of each list for all
    const operands = row.args.map((_, at) =>
      Float64Array.from(
        { length: numbers.length ** 2 },
        (_, n) => numbers[(at === 1 ? Math.floor(n / numbers.length) : n) % numbers.length]!,
      ),
    );
    for (const steps of [row.args.map(() => 1), row.args.map((_, at) => Number(at > 0)), row.args.map((_, at) => Number(at !== 1))]) {
      const [a, b, c] = operands.map((values, at) => (steps[at] === 1 ? values : values.subarray(2, 3))) as [
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      const y = new Float64Array(numbers.length ** 2);
      SWEEPS[name]!(y, a, steps[0]!, b, steps[1]!, c, steps[2]!);
      const expected = Array.from(y, (_, n) => meaning([a, b, c].slice(0, row.args.length).map((values, at) => values[n * steps[at]!]!)));
      expect([...y]).toEqual(expected);
    }
  });
});
