/** Guarantees that expressions print as Python that a formatter finds nothing in: one line where they fit, else calls taken apart at their arguments. */

import { Names, type Spelling } from "../../graph/names.ts";
import { printable } from "../../graph/printable.ts";

/** An expression of the forms that are needed here. */
export type Expr =
  /** A name, a number, a text, or what is read of a name: nothing in it needs brackets. */
  | { readonly kind: "atom"; readonly text: string }
  /** A call; of a method the function ends in its name, `x.astype`. */
  | { readonly kind: "call"; readonly fn: string; readonly args: readonly Expr[]; readonly named?: Readonly<Record<string, Expr>> }
  | { readonly kind: "method"; readonly of: Expr; readonly name: string; readonly args: readonly Expr[] }
  | { readonly kind: "binary"; readonly op: BinaryOp; readonly a: Expr; readonly b: Expr }
  | { readonly kind: "unary"; readonly op: "-" | "~"; readonly x: Expr }
  /** `x[:, None]`, `x.T`: the text follows what it is of. */
  | { readonly kind: "suffix"; readonly of: Expr; readonly text: string }
  | { readonly kind: "tuple"; readonly items: readonly Expr[] }
  /** By name. */
  | { readonly kind: "dict"; readonly entries: readonly (readonly [key: string, value: Expr])[] };

/** From the loosest to the tightest. */
const BINDING = { "<": 1, "<=": 1, "==": 1, "|": 2, "&": 3, "+": 4, "-": 4, "*": 5, "/": 5, "@": 5 } as const;
export type BinaryOp = keyof typeof BINDING;
const UNARY = 6;
const TIGHTEST = 7;

/** The widest line. */
export const WIDTH = 100;

export const atom = (text: string): Expr => ({ kind: "atom", text });
export const call = (fn: string, ...args: readonly Expr[]): Expr => ({ kind: "call", fn, args });
export const named = (fn: string, args: readonly Expr[], keys: Readonly<Record<string, Expr>>): Expr => ({
  kind: "call",
  fn,
  args,
  named: keys,
});
export const method = (of: Expr, name: string, ...args: readonly Expr[]): Expr => ({ kind: "method", of, name, args });
export const binary = (op: BinaryOp, a: Expr, b: Expr): Expr => ({ kind: "binary", op, a, b });
export const suffix = (of: Expr, text: string): Expr => ({ kind: "suffix", of, text });
export const dict = (entries: readonly (readonly [key: string, value: Expr])[]): Expr => ({ kind: "dict", entries });
export const tuple = (...items: readonly Expr[]): Expr => ({ kind: "tuple", items });
/** Whole numbers in a tuple. */
export const shape = (extents: readonly number[]): Expr => tuple(...extents.map((extent) => atom(String(extent))));
/** One extent by itself, several in a tuple. */
export const axes = (all: readonly number[]): Expr => (all.length === 1 ? atom(String(all[0])) : shape(all));

/** A number as a float, which is of no precision of its own. */
export function float(value: number): Expr {
  if (Number.isNaN(value)) return atom("jnp.nan");
  if (value < 0 || Object.is(value, -0)) return { kind: "unary", op: "-", x: float(-value) };
  if (value === Infinity) return atom("jnp.inf");
  const text = String(value).replace("e+", "e");
  return atom(Number.isInteger(value) && !text.includes("e") ? `${text}.0` : text);
}

export const whole = (value: number): Expr => (value < 0 ? { kind: "unary", op: "-", x: whole(-value) } : atom(String(value)));

/** Any text as a string literal. */
export const text = (value: string): string => {
  const quoted = printable(JSON.stringify(value));
  // a formatter prefers the quotes that need no escapes
  return value.includes('"') && !/['\\\p{Cc}]/u.test(value) ? `'${value}'` : quoted;
};

function bindingOf(expr: Expr): number {
  if (expr.kind === "binary") return BINDING[expr.op];
  return expr.kind === "unary" ? UNARY : TIGHTEST;
}

const inBrackets = (expr: Expr, least: number): string => (bindingOf(expr) < least ? `(${flat(expr)})` : flat(expr));

const argumentsOf = ({ args, named: keys = {} }: Extract<Expr, { kind: "call" }>): readonly (readonly [prefix: string, value: Expr])[] => [
  ...args.map((value) => ["", value] as const),
  ...Object.entries(keys).map(([key, value]) => [`${key}=`, value] as const),
];

/** In one line. */
export function flat(expr: Expr): string {
  switch (expr.kind) {
    case "atom":
      return expr.text;
    case "call":
      return `${expr.fn}(${argumentsOf(expr)
        .map(([prefix, value]) => prefix + flat(value))
        .join(", ")})`;
    case "method":
      return `${inBrackets(expr.of, TIGHTEST)}.${expr.name}(${expr.args.map(flat).join(", ")})`;
    case "binary": {
      const own = BINDING[expr.op];
      return `${inBrackets(expr.a, own)} ${expr.op} ${inBrackets(expr.b, own + 1)}`;
    }
    case "unary":
      return `${expr.op}${inBrackets(expr.x, UNARY)}`;
    case "suffix":
      return `${inBrackets(expr.of, TIGHTEST)}${expr.text}`;
    case "tuple":
      return expr.items.length === 1 ? `(${flat(expr.items[0]!)},)` : `(${expr.items.map(flat).join(", ")})`;
    case "dict":
      return `{${expr.entries.map(([key, value]) => `${text(key)}: ${flat(value)}`).join(", ")}}`;
  }
}

/** In lines at an indentation, `before` standing in front of the first and `after` behind the last. */
function broken(expr: Expr, indentation: number, before: string, after: string): string[] {
  const pad = " ".repeat(indentation);
  const line = `${pad}${before}${flat(expr)}${after}`;
  if (line.length <= WIDTH) return [line];
  const inner = " ".repeat(indentation + 4);
  const each = (items: readonly (readonly [prefix: string, value: Expr])[]): string[] =>
    items.flatMap(([prefix, value]) => broken(value, indentation + 4, prefix, ","));
  if (expr.kind === "call" || expr.kind === "method") {
    const fn = expr.kind === "call" ? expr.fn : `${inBrackets(expr.of, TIGHTEST)}.${expr.name}`;
    const items = expr.kind === "call" ? argumentsOf(expr) : expr.args.map((value) => ["", value] as const);
    const all = `${inner}${items.map(([prefix, value]) => prefix + flat(value)).join(", ")}`;
    return [`${pad}${before}${fn}(`, ...(all.length <= WIDTH ? [all] : each(items)), `${pad})${after}`];
  }
  if (expr.kind === "tuple") return [`${pad}${before}(`, ...each(expr.items.map((value) => ["", value] as const)), `${pad})${after}`];
  if (expr.kind === "dict")
    return [`${pad}${before}{`, ...each(expr.entries.map(([key, value]) => [`${text(key)}: `, value] as const)), `${pad}}${after}`];
  return [`${pad}${before}(`, `${inner}${flat(expr)}`, `${pad})${after}`];
}

/** `target = value`, or a value alone where there is no target. */
export const assignment = (target: string, value: Expr, indentation: number): string[] => broken(value, indentation, `${target} = `, "");

export const returned = (value: Expr, indentation: number): string[] => broken(value, indentation, "return ", "");

/** Whether an assignment stands in one line, or in several that a formatter makes too. */
export const fits = (target: string, value: Expr, indentation: number): boolean =>
  indentation + target.length + 3 + flat(value).length <= WIDTH || value.kind === "call";

const RESERVED = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield match case type " +
    "state batch count hyper jax jnp np lax json zlib sys os argparse functools step evaluate predict init load save main parallel compute master stored " +
    "forward gradients Path Parallel NamedTuple Mesh NamedSharding PartitionSpec State Batch FLOAT MASTER MODEL GRAPH PARAMETERS STATE HYPER INPUTS FED BATCH MEETS DTYPES ROTATIONS " +
    "use random_bits bits uniform normal numbers windows window_argmax window_gather window_scatter rows_at added_at float int bool str bytes dict list tuple set range zip map len min max sum abs any all print open sorted reversed enumerate isinstance super object"
  ).split(" "),
);

/** Characters of the longest name: two of them and an operator fit in a line. */
const LONGEST = 40;

/** Names in Python. */
const PYTHON: Spelling = {
  longest: LONGEST,
  of(name) {
    const clean =
      name
        .replace(/[^A-Za-z0-9_]/g, "_")
        .replace(/^(?=[\d_])/, "v")
        .slice(0, LONGEST) || "v";
    return RESERVED.has(clean) ? `${clean}_` : clean;
  },
};

/** Names of a function, each once. */
export const namesOf = (taken: Iterable<string> = []): Names => new Names(PYTHON, taken);
