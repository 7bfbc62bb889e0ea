/** Guarantees that a formula, written once as text, means the same as a number, as graph nodes, as a loop scalar, as printed maths, and can be differentiated. */

import { create, derivativeDependencies, parseDependencies, type MathNode } from "mathjs";
import type { Value } from "../graph/graph.ts";
import type { DType } from "../graph/type.ts";
import { apply, literal, select } from "../loop/build.ts";
import { erf, erfc } from "../loop/interpret/index.ts";
import type { Scalar, ScalarFn } from "../loop/loop.ts";
import { digamma } from "./gamma.ts";

export type Formula =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "call"; readonly fn: string; readonly args: readonly Formula[] };

const math = create({ ...parseDependencies, ...derivativeDependencies });

/** mathjs's names of operators, in the words of the table. */
const OPERATORS: Readonly<Record<string, string>> = {
  ...{ add: "add", subtract: "sub", multiply: "mul", divide: "div", pow: "pow", unaryMinus: "neg" },
  ...{ smaller: "lt", smallerEq: "le", equal: "eq", larger: "gt", largerEq: "ge" },
  ...{ and: "and", or: "or", not: "not", unaryPlus: "plus" },
};

const number = (value: number): Formula => ({ kind: "number", value });
const variable = (name: string): Formula => ({ kind: "variable", name });
const call = (fn: string, ...args: Formula[]): Formula => ({ kind: "call", fn, args });

/** The parts of mathjs's tree that formulas use. */
interface Tree {
  readonly type: string;
  readonly fn?: string | { readonly name: string };
  readonly args?: readonly Tree[];
  readonly name?: string;
  readonly value?: number;
  readonly content?: Tree;
  readonly condition?: Tree;
  readonly trueExpr?: Tree;
  readonly falseExpr?: Tree;
}

function fromTree(tree: Tree): Formula {
  const args = (): Formula[] => (tree.args ?? []).map(fromTree);
  switch (tree.type) {
    case "ConstantNode":
      return number(Number(tree.value));
    case "SymbolNode":
      return tree.name === "pi" ? number(Math.PI) : variable(tree.name!);
    case "ParenthesisNode":
      return fromTree(tree.content!);
    case "ConditionalNode":
      return call("where", ...[tree.condition, tree.trueExpr, tree.falseExpr].map((t) => fromTree(t!)));
    case "OperatorNode": {
      const fn = OPERATORS[tree.fn as string];
      if (fn === undefined) throw new SyntaxError(`no operator ${String(tree.fn)} in formulas`);
      const given = args(); // once: a tree of formulas is deep
      const [a, b] = given as [Formula, Formula];
      if (fn === "plus") return a;
      if (fn === "gt") return call("lt", b, a);
      if (fn === "ge") return call("le", b, a);
      return call(fn, ...given);
    }
    case "FunctionNode":
      return call((tree.fn as { name: string }).name, ...args());
    default:
      throw new SyntaxError(`no ${tree.type} in formulas`);
  }
}

// A MathNode has exactly these fields for the node types above (mathjs, "Expression trees").
export const parseFormula = (text: string): Formula => tidy(fromTree(math.parse(text) as unknown as Tree));

/** ∂formula/∂name by mathjs, put into stable form; `y` stands for the formula's own value. */
export function derive(text: string, name: string): Formula {
  const tree: MathNode = math.derivative(text, name, { simplify: false });
  return inTermsOf(tidy(fromTree(tree as unknown as Tree)), parseFormula(text));
}

const isNumber = (f: Formula, value?: number): boolean => f.kind === "number" && (value === undefined || f.value === value);
const isCall = (f: Formula, fn: string): f is Extract<Formula, { kind: "call" }> => f.kind === "call" && f.fn === fn;

export const sameFormula = (a: Formula, b: Formula): boolean => printFormula(a) === printFormula(b);

/** Exact identities that symbolic differentiation leaves behind: 0 + x, 1·x, x^1, x^2 → x·x, −(−x). */
export function tidy(f: Formula): Formula {
  if (f.kind !== "call") return f;
  const args = f.args.map(tidy);
  const [a, b] = args as [Formula, Formula];
  const now = call(f.fn, ...args);
  switch (f.fn) {
    case "add":
      if (isNumber(a, 0)) return b;
      return isNumber(b, 0) ? a : now;
    case "sub":
      if (isNumber(a, 0)) return tidy(call("neg", b));
      if (a.kind === "number" && b.kind === "number") return number(a.value - b.value);
      return isNumber(b, 0) ? a : now;
    case "mul":
      if (a.kind === "number" && b.kind === "number") return number(a.value * b.value);
      if (isNumber(a, 0) || isNumber(b, 0)) return number(0);
      if (isNumber(a, 1)) return b;
      if (isNumber(b, 1)) return a;
      if (isNumber(a, -1)) return tidy(call("neg", b));
      if (isCall(a, "neg") && isCall(b, "neg")) return tidy(call("mul", a.args[0]!, b.args[0]!));
      if (isCall(a, "neg")) return call("neg", tidy(call("mul", a.args[0]!, b)));
      if (isCall(b, "neg")) return call("neg", tidy(call("mul", a, b.args[0]!)));
      return now;
    case "div":
      if (isNumber(a, 0)) return number(0);
      if (isCall(a, "neg")) return tidy(call("neg", tidy(call("div", a.args[0]!, b))));
      return isNumber(b, 1) ? a : now;
    case "neg":
      if (a.kind === "number") return number(-a.value);
      return isCall(a, "neg") ? a.args[0]! : now;
    case "pow":
      if (isNumber(b, 1)) return a;
      return isNumber(b, 2) ? call("mul", a, a) : now;
    default:
      return now;
  }
}

/** Stable rewrites of slopes, in y where that saves work or survives the tails; the first that matches wins. */
const STABLE: readonly { readonly from: string; readonly of: string; readonly to: string }[] = [
  { of: "1 / (1 + exp(-x))", from: "exp(-x) / (1 + exp(-x))^2", to: "y * (1 - y)" },
  { of: "tanh(x)", from: "sech(x)^2", to: "1 - y * y" },
  { of: "1 / x", from: "-(1 / x^2)", to: "-(y * y)" },
  { of: "a / b", from: "-(a / b^2)", to: "-(y / b)" },
];

function inTermsOf(slope: Formula, of: Formula): Formula {
  const stable = STABLE.find((rule) => sameFormula(parseFormula(rule.of), of) && sameFormula(parseFormula(rule.from), slope));
  if (stable !== undefined) return parseFormula(stable.to);
  const replace = (f: Formula): Formula => {
    if (f.kind === "call" && sameFormula(f, of)) return variable("y");
    return f.kind === "call" ? call(f.fn, ...f.args.map(replace)) : f;
  };
  return replace(slope);
}

/** The meaning of every function a formula may use, in float64. Comparisons give 1 or 0. */
export const MEANING: Readonly<Record<string, (...args: number[]) => number>> = {
  neg: (x) => -x!,
  abs: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  sqrt: Math.sqrt,
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  sin: Math.sin,
  cos: Math.cos,
  erf: (x) => erf(x!),
  erfc: (x) => erfc(x!),
  atan: Math.atan,
  // of slopes alone: other rows of the table
  digamma,
  sigmoid: (x) => 1 / (1 + Math.exp(-x!)),
  trunc: Math.trunc,
  log1p: Math.log1p,
  expm1: Math.expm1,
  add: (a, b) => a! + b!,
  sub: (a, b) => a! - b!,
  mul: (a, b) => a! * b!,
  div: (a, b) => a! / b!,
  max: Math.max,
  min: Math.min,
  pow: Math.pow,
  lt: (a, b) => Number(a! < b!),
  le: (a, b) => Number(a! <= b!),
  eq: (a, b) => Number(a === b),
  and: (a, b) => Number(a !== 0 && b !== 0),
  or: (a, b) => Number(a !== 0 || b !== 0),
  not: (a) => Number(a === 0),
  where: (c, a, b) => (c !== 0 ? a! : b!),
};

/** The formula as a function of its variables, in the given order: evaluated often, walked once. */
export function compileFormula(f: Formula, names: readonly string[]): (values: readonly number[]) => number {
  if (f.kind === "number") return () => f.value;
  if (f.kind === "variable") {
    const at = names.indexOf(f.name);
    return (values) => values[at]!;
  }
  const meaning = MEANING[f.fn]!;
  const [a, b, c] = f.args.map((arg) => compileFormula(arg, names));
  if (c !== undefined) return (values) => meaning(a!(values), b!(values), c(values));
  if (b !== undefined) return (values) => meaning(a!(values), b(values));
  return (values) => meaning(a!(values));
}

/** Graph nodes for a formula; `calls` appends one node a function. */
export function formulaToGraph(
  f: Formula,
  env: Readonly<Record<string, Value>>,
  emit: { literal(value: number): Value; call(fn: string, args: readonly Value[]): Value },
): Value {
  if (f.kind === "number") return emit.literal(f.value);
  if (f.kind === "variable") return env[f.name]!;
  return emit.call(
    f.fn,
    f.args.map((arg) => formulaToGraph(arg, env, emit)),
  );
}

const COMPARISONS = new Set(["lt", "le", "eq", "and", "or", "not"]);

export function formulaToScalar(f: Formula, env: Readonly<Record<string, Scalar>>, dtype: DType): Scalar {
  if (f.kind === "number") return literal(f.value, dtype);
  if (f.kind === "variable") return env[f.name]!;
  const args = f.args.map((arg) => formulaToScalar(arg, env, dtype));
  if (f.fn === "where") return select(args[0]!, args[1]!, args[2]!);
  return apply(f.fn as ScalarFn, COMPARISONS.has(f.fn) ? "bool" : dtype, ...args);
}

const INFIX: Readonly<Record<string, readonly [symbol: string, precedence: number]>> = {
  ...{ or: [" ∨ ", 1], and: [" ∧ ", 2], lt: [" < ", 3], le: [" ≤ ", 3], eq: [" = ", 3] },
  ...{ add: [" + ", 4], sub: [" − ", 4], mul: ["·", 5], div: [" / ", 5], pow: ["^", 7] },
};

/** A formula as people write it, with the fewest parentheses. */
export function printFormula(f: Formula, outer = 0): string {
  if (f.kind === "number") return String(f.value).replace("-", "−");
  if (f.kind === "variable") return f.name;
  const wrap = (text: string, precedence: number): string => (precedence < outer ? `(${text})` : text);
  const [a, b, c] = f.args as [Formula, Formula, Formula];
  if (f.fn === "neg") return wrap(`−${printFormula(a, 6)}`, 4.5);
  if (f.fn === "where") return wrap(`${printFormula(a, 1)} ? ${printFormula(b, 1)} : ${printFormula(c)}`, 0.5);
  const infix = INFIX[f.fn];
  if (infix === undefined) return `${f.fn}(${f.args.map((arg) => printFormula(arg)).join(", ")})`;
  const [symbol, precedence] = infix;
  return wrap(`${printFormula(a, precedence)}${symbol}${printFormula(b, precedence + 0.1)}`, precedence);
}
