/** Guarantees that a user's own formula becomes the primitives it names, each with the slope mathjs derived for its row. */

import { TEXT } from "../graph/arguments.ts";
import { suggestion } from "../graph/nearest.ts";
import { reverse } from "../autodiff/reverse.ts";
import { Builder } from "../graph/build.ts";
import { isFloat, tensor, type, type Tensor } from "../graph/type.ts";
import { formulaToGraph, parseFormula, type Formula } from "../ops/formula.ts";
import { elementwiseOps, type ElementwiseName } from "../ops/scalar.ts";
import { callsOn, opOf } from "../ops/index.ts";
import type { Op } from "../ops/op.ts";
import { check } from "./arguments.ts";
import type { Context } from "./context.ts";
import { composed, type Unary } from "./elementwise.ts";

const FUNCTIONS: ReadonlyMap<string, Op> = new Map(Object.entries(elementwiseOps));

/** `lt`, `add` and the like are written as operators. */
const CALLABLE = "exp log sqrt recip tanh sigmoid relu erf sin cos log1p expm1 abs sign floor max min pow".split(" ");

/**
 * A function of one variable x, written as text: `elementwise('x * tanh(log(1 + exp(x)))')`. It may use numbers, pi, + − * / ^,
 * comparisons, `c ? a : b` and the functions of the language. Throws a ModelError for anything else, where the function is applied.
 */
export const elementwise = (text: string): Unary => {
  check("elementwise", { text }, { text: TEXT });
  return composed("elementwise", (c, x) => {
    const formula = folded(c, text, parsed(c, text));
    if (formula.kind === "number")
      c.fail(
        "formula/constant",
        `the formula ${JSON.stringify(text)} does not depend on x`,
        "Write a formula in x; a constant is a number.",
      );
    const value = formulaToGraph(
      formula,
      { x },
      {
        literal: (number) => c.g.literal(number, c.float),
        call: (fn, args) => c.g.elementwise(fn as ElementwiseName, args), // `folded` let known functions pass only
      },
    );
    adviseTails(c, text, formula);
    if (!isFloat(c.typeOf(value).dtype))
      c.fail("formula/truth", `the formula ${JSON.stringify(text)} gives a truth value, not a number`, "Write condition ? 1 : 0.");
    return value;
  });
};

/** Far out, where activations saturate; and near, where a formula that means anything is a number. */
const [FAR, NEAR] = [1e4, 1];

/** A value or slope that is a number near 0 but not far out: a network that diverges for a step would never come back. */
function adviseTails(c: Context, text: string, formula: Formula): void {
  for (const side of [-1, 1]) {
    const [near, far] = [valueAndSlope(formula, side * NEAR), valueAndSlope(formula, side * FAR)];
    const lost = (["value", "slope"] as const).find((of) => Number.isNaN(far[of]) && !Number.isNaN(near[of]));
    if (lost === undefined) continue;
    c.advise(
      "advice/formula",
      `the ${lost} of the formula ${JSON.stringify(text)} is not a number at x = ${side * FAR}, because a part of it overflows`,
      "Write it so that no exponential sees a large argument, for example with sigmoid, tanh or log1p(exp(-abs(x))).",
    );
    return;
  }
}

function valueAndSlope(formula: Formula, at: number): { readonly value: number; readonly slope: number } {
  const builder = new Builder("formula");
  const scalar = type("f64", []);
  const x = builder.append(opOf("input"), [], {}, "x", scalar);
  const g = callsOn(builder);
  const value = formulaToGraph(
    formula,
    { x },
    {
      literal: (number) => g.literal(number, "f64"),
      call: (fn, args) => g.elementwise(fn as ElementwiseName, args), // as in `elementwise`
    },
  );
  if (!isFloat(builder.typeOf(value).dtype)) return { value: 0, slope: 0 }; // refused elsewhere
  const [slope] = reverse(builder, value, [x]);
  const values: Tensor[] = [];
  for (const { op, inputs, attrs, type: of } of builder.nodes) {
    const output = op === "input" ? tensor(of, [at]) : tensor(of);
    if (op !== "input")
      opOf(op).evaluate(
        inputs.map((input) => values[input]!),
        attrs,
        output,
      );
    values.push(output);
  }
  return { value: values[value]!.data[0]!, slope: slope === undefined ? 0 : values[slope]!.data[0]! };
}

function parsed(c: Context, text: string): Formula {
  try {
    return parseFormula(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return c.fail(
      "formula/syntax",
      `the formula ${JSON.stringify(text)} cannot be read: ${error.message}`,
      "Write it in x with numbers, + - * / ^, comparisons, c ? a : b and functions.",
    );
  }
}

/** The formula with its constant parts as numbers. Throws a ModelError for a name that is neither x nor a function. */
function folded(c: Context, text: string, f: Formula): Formula {
  const the = `the formula ${JSON.stringify(text)}`;
  if (f.kind === "number") return f;
  if (f.kind === "variable") {
    if (f.name !== "x")
      c.fail("formula/variable", `${the} uses ${f.name}, but its one variable is x`, "Write it in x, with numbers for constants.");
    return f;
  }
  const op = FUNCTIONS.get(f.fn);
  if (op === undefined)
    return c.fail(
      "formula/function",
      `${the} uses ${f.fn}, which is no function of the language${suggestion(f.fn, CALLABLE)}`,
      `Functions are ${CALLABLE.join(", ")}.`,
    );
  if (f.args.length !== op.arity)
    c.fail("formula/arity", `${the} gives ${f.fn} ${f.args.length} arguments, but it takes ${op.arity}`, "Correct the call.");
  const args = f.args.map((arg) => folded(c, text, arg));
  const constants = args.flatMap((arg) => (arg.kind === "number" ? [arg.value] : []));
  if (constants.length < args.length) return { ...f, args };
  const y = tensor(type("f64", []));
  op.evaluate(
    constants.map((value) => tensor(type("f64", []), [value])),
    {},
    y,
  );
  return { kind: "number", value: y.data[0]! };
}
