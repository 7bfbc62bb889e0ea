/** Guarantees a formula's tree, constants folded, or one sentence that says why there is none. */

import { FUNCTIONS, OPERATIONS, type OperationName } from "./operations.ts";

export type Expression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "apply"; readonly op: OperationName; readonly of: readonly Expression[] };

/** One sentence for whoever typed the formula. */
export class FormulaError extends Error {
  override readonly name = "FormulaError";
}

interface Token {
  readonly kind: "number" | "name" | "sign" | "end";
  readonly text: string;
}

const TOKEN = /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|(\*\*|[-+*/^(),·×÷−⋅])|(\S))/y;
/** Other ways to write a sign. */
const SAME: Readonly<Record<string, string>> = { "·": "*", "×": "*", "⋅": "*", "÷": "/", "−": "-", "**": "^" };
const BINARY: Readonly<Record<string, readonly [op: OperationName, left: number, right: number]>> = {
  "+": ["add", 10, 11],
  "-": ["sub", 10, 11],
  "*": ["mul", 20, 21],
  "/": ["div", 20, 21],
  "^": ["pow", 31, 30],
};
const NEGATION = 25;
/** Names of nodes are those of constants in the model's text. */
const RESERVED = new Set([
  ..."add constant grad model mul param sgd stopGradient sub div pow neg maximum minimum export default import const return let var new if else for while do in of this true false null".split(
    " ",
  ),
  ...FUNCTIONS,
]);
export const MOST_VARIABLES = 8;
export const MOST_NODES = 40;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const [, number, name, sign, other] = TOKEN.exec(text)!;
    if (other !== undefined) throw new FormulaError(`The formula has “${other}” in it, which is no number, name or sign.`);
    if (number !== undefined) tokens.push({ kind: "number", text: number });
    else if (name !== undefined) tokens.push({ kind: "name", text: name });
    else tokens.push({ kind: "sign", text: SAME[sign!] ?? sign! });
  }
  return [...tokens, { kind: "end", text: "" }];
}

/** An operation on what is known is a number itself. Throws where it has none. */
function applied(op: OperationName, ...of: readonly Expression[]): Expression {
  if (!of.every((one) => one.kind === "number")) return { kind: "apply", op, of };
  const [a = 0, b = 0] = of.map(({ value }) => value);
  const { of: compute, refuses, call } = OPERATIONS[op] as (typeof OPERATIONS)["div"];
  const why = refuses?.(a, b);
  if (why !== undefined) throw new FormulaError(`${call} of ${a}${of.length > 1 ? ` and ${b}` : ""} has no value, because ${why}.`);
  return { kind: "number", value: compute(a, b) };
}

/** Parses by precedence (Pratt): `^` binds to the right and before the minus sign, the others to the left. */
export function parse(text: string): Expression {
  const tokens = tokensOf(text);
  let at = 0;
  const next = (): Token => tokens[at]!;
  const take = (): Token => tokens[at++]!;
  const isSign = (sign: string): boolean => next().kind === "sign" && next().text === sign;
  const expect = (sign: string, why: string): void => {
    if (!isSign(sign)) throw new FormulaError(`${next().kind === "end" ? "The formula ends" : `“${next().text}” stands`} where ${why}.`);
    at++;
  };

  function operand(): Expression {
    const token = take();
    if (token.kind === "number") return { kind: "number", value: Number(token.text) };
    if (token.kind === "name") return isSign("(") ? call(token.text) : variable(token.text);
    if (token.kind === "sign" && token.text === "-") return applied("neg", expression(NEGATION));
    if (token.kind === "sign" && token.text === "+") return expression(NEGATION);
    if (token.kind === "sign" && token.text === "(") {
      const inside = expression(0);
      expect(")", "a bracket should be closed");
      return inside;
    }
    throw new FormulaError(
      token.kind === "end"
        ? "The formula ends where a number, a name or a bracket should follow."
        : `“${token.text}” stands where a number, a name or a bracket should.`,
    );
  }

  function variable(name: string): Expression {
    if (RESERVED.has(name))
      throw new FormulaError(
        FUNCTIONS.includes(name as OperationName)
          ? `${name} is a function and needs brackets: ${name}(x).`
          : `“${name}” is a word of the language and cannot be a variable.`,
      );
    return { kind: "variable", name };
  }

  function call(name: string): Expression {
    if (!FUNCTIONS.includes(name as OperationName))
      throw new FormulaError(`There is no function “${name}”; there are ${FUNCTIONS.join(", ")}.`);
    const op = name as OperationName; // one of the list
    at++;
    const given = [expression(0)];
    while (isSign(",")) {
      at++;
      given.push(expression(0));
    }
    expect(")", "a bracket should be closed");
    const { arity } = OPERATIONS[op];
    if (given.length !== arity)
      throw new FormulaError(`${name} takes ${arity === 1 ? "one number" : "two numbers"}, but is given ${given.length}.`);
    return applied(op, ...given);
  }

  function expression(least: number): Expression {
    let left = operand();
    for (;;) {
      const rule = next().kind === "sign" ? BINARY[next().text] : undefined;
      if (rule === undefined || rule[1] < least) return left;
      at++;
      left = applied(rule[0], left, expression(rule[2]));
    }
  }

  if (next().kind === "end") throw new FormulaError("Type a formula, such as (x + y) * z.");
  const found = expression(0);
  if (next().kind !== "end")
    throw new FormulaError(
      isSign(")")
        ? "A bracket is closed that was never opened."
        : `“${next().text}” stands where a sign should: write 2 * x for a product.`,
    );
  const { variables, nodes } = sizeOf(found);
  if (variables.size === 0) throw new FormulaError("The formula has no variable, so there is nothing to differentiate by.");
  if (found.kind === "variable") throw new FormulaError("A single variable has no circuit: combine it with something.");
  if (variables.size > MOST_VARIABLES)
    throw new FormulaError(`The formula has ${variables.size} variables, more than the ${MOST_VARIABLES} that fit this page.`);
  if (nodes > MOST_NODES) throw new FormulaError(`The formula has ${nodes} operations, more than the ${MOST_NODES} that fit this page.`);
  return found;
}

function sizeOf(
  expression: Expression,
  variables: Set<string> = new Set(),
): { readonly variables: ReadonlySet<string>; readonly nodes: number } {
  if (expression.kind === "variable") variables.add(expression.name);
  const nodes = expression.kind === "apply" ? expression.of.reduce((sum, one) => sum + sizeOf(one, variables).nodes, 1) : 0;
  return { variables, nodes };
}
