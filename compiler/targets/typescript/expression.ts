/** Guarantees that a scalar prints as the TypeScript expression of the same value, with the fewest parentheses. */

import type { Index } from "../../loop/index-expression.ts";
import { rangeOf } from "../../loop/index-expression.ts";
import type { Scalar, ScalarFn } from "../../loop/loop.ts";
import { asWritten } from "../../loop/text/reading.ts";

/** Binding strength of TypeScript's operators, weakest first. */
const STRENGTH = {
  ternary: 1,
  or: 2,
  and: 3,
  bitOr: 4,
  equality: 5,
  relation: 6,
  shift: 7,
  sum: 8,
  product: 9,
  unary: 10,
  atom: 11,
} as const;
type Strength = (typeof STRENGTH)[keyof typeof STRENGTH];
const S = STRENGTH;

interface Text {
  readonly text: string;
  readonly strength: Strength;
}

const atom = (text: string): Text => ({ text, strength: S.atom });
const wrap = ({ text, strength }: Text, least: Strength): string => (strength < least ? `(${text})` : text);

/** How names of locals and buffers print, and which functions the file must carry. */
export interface Printer {
  readonly bufferName: (buffer: string) => string;
  readonly localName: (local: string) => string;
  readonly needs: Set<string>;
  /** Every operation rounds to float32, as WebAssembly does; otherwise only `round` and stores do. */
  readonly strict?: true;
  /** For a function that engines take into others, of which they count the length: `fround` instead of the property of Math. */
  readonly short?: true;
}

export function printNumber(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (Object.is(value, -0)) return "-0";
  const text = String(value);
  return Number.isInteger(value) && Math.abs(value) >= 10_000 && Math.abs(value) < 1e15 ? text.replace(/\B(?=(\d{3})+$)/g, "_") : text;
}

/** Σ coefficient·atom + offset, as plain arithmetic on integers. */
export function printIndex(index: Index): string {
  return indexText(index).text;
}

function indexText({ terms, offset }: Index): Text {
  const parts = terms.map(({ atom: of, by, times = [] }): Text => {
    const text = atomText(of);
    const factors = [...(by === 1 ? [] : [by]), ...times];
    if (factors.length === 0) return text;
    return { text: `${wrap(text, S.product)} * ${factors.join(" * ")}`, strength: S.product };
  });
  if (parts.length === 0) return atom(String(offset));
  const [first, ...rest] = parts as [Text, ...Text[]];
  const sum = rest.reduce((text, part) => `${text} + ${wrap(part, S.product)}`, wrap(first, S.sum));
  const tail = offset === 0 ? "" : offset > 0 ? ` + ${offset}` : ` - ${-offset}`;
  return { text: sum + tail, strength: rest.length > 0 || offset !== 0 ? S.sum : first.strength };
}

function atomText(of: Index["terms"][number]["atom"]): Text {
  if (of.kind === "index") return atom(of.name);
  const inner = indexText(of.of);
  const negative = rangeOf(of.of)[0] < 0;
  if (of.kind === "quotient")
    return atom(negative ? `Math.floor(${wrap(inner, S.product)} / ${of.by})` : `((${wrap(inner, S.product)} / ${of.by}) | 0)`);
  const plain: Text = { text: `${wrap(inner, S.product)} % ${of.by}`, strength: S.product };
  return negative ? { text: `(${plain.text} + ${of.by}) % ${of.by}`, strength: S.product } : plain;
}

export const printScalar = (s: Scalar, printer: Printer): string => scalarText(s, printer).text;

function scalarText(s: Scalar, p: Printer): Text {
  switch (s.kind) {
    case "literal":
      if (s.dtype === "bool") return atom(s.value !== 0 ? "true" : "false");
      if (!p.strict && asWritten(s) !== s) return scalarText(asWritten(s), p);
      return {
        text: printNumber(p.strict && s.dtype === "f32" ? Math.fround(s.value) : s.dtype === "i32" ? s.value | 0 : s.value),
        strength: s.value < 0 || Object.is(s.value, -0) ? S.unary : S.atom,
      };
    case "local":
      return atom(p.localName(s.name));
    case "index":
      return indexText(s.at);
    case "load": {
      const read = `${p.bufferName(s.buffer)}[${printIndex(s.at[0]!)}]!`;
      return s.dtype === "bool" ? { text: `${read} !== 0`, strength: S.equality } : atom(read);
    }
    case "round":
      return p.strict ? scalarText(s.value, p) : rounded(printScalar(s.value, p), p);
    case "select": {
      const [when, then, otherwise] = [s.when, s.then, s.otherwise].map((part) => scalarText(part, p));
      return {
        text: `${wrap(when!, S.or)} ? ${wrap(then!, S.or)} : ${wrap(otherwise!, S.ternary)}`,
        strength: S.ternary,
      };
    }
    case "apply":
      return p.strict && s.dtype === "f32" && !EXACT.has(s.fn) ? rounded(applyText(s, p).text, p) : applyText(s, p);
    case "reduce":
      throw new TypeError("a reduction has become loops before it is printed");
  }
}

const INFIX: Readonly<Record<string, readonly [symbol: string, strength: Strength]>> = {
  add: ["+", S.sum],
  sub: ["-", S.sum],
  mul: ["*", S.product],
  div: ["/", S.product],
  lt: ["<", S.relation],
  le: ["<=", S.relation],
  eq: ["===", S.equality],
  and: ["&&", S.and],
  or: ["||", S.or],
  shl: ["<<", S.shift],
  shr: [">>", S.shift],
};

/** In a loop the property of Math is the faster one: an engine knows what it is without looking. */
function rounded(text: string, { needs, short }: Printer): Text {
  if (short === true) needs.add("fround");
  return atom(`${short === true ? "" : "Math."}fround(${text})`);
}

/** What gives a float32 of float32s without rounding; functions of the strict form round for themselves. */
const EXACT: ReadonlySet<ScalarFn> = new Set(["neg", "abs", "sign", "floor", "max", "min", "floatOf", "exp", "log", "tanh", "erf"]);

/** Functions that the strict form has of its own. */
const STRICT: ReadonlySet<string> = new Set(["exp", "log", "tanh", "erf"]);

const ENGINE: Readonly<Record<string, string>> = {
  abs: "Math.abs",
  sign: "Math.sign",
  floor: "Math.floor",
  sqrt: "Math.sqrt",
  max: "Math.max",
  min: "Math.min",
};

function applyText(s: Extract<Scalar, { kind: "apply" }>, p: Printer): Text {
  const args = s.args.map((arg) => scalarText(arg, p));
  const [a, b] = args as [Text, Text];
  const list = args.map(({ text }) => text).join(", ");
  // a whole number has no −0, which storage would lose and a reader in the same kernel would not
  if (s.fn === "neg")
    return s.dtype === "i32" ? { text: `-${wrap(a, S.atom)} | 0`, strength: S.bitOr } : { text: `-${wrap(a, S.atom)}`, strength: S.unary };
  if (s.fn === "not") return { text: `!${wrap(a, S.atom)}`, strength: S.unary };
  if (s.fn === "cast") return castText(s, a);
  if (s.dtype === "i32" && s.fn === "mul") return atom(`Math.imul(${list})`);
  const infix = INFIX[s.fn];
  if (infix !== undefined) {
    const [symbol, strength] = infix;
    // a − (b + c) and a / (b·c) keep their parentheses; so does a + (b + c), which rounds differently
    const right = wrap(b, (strength + 1) as Strength);
    const text: Text = { text: `${wrap(a, strength)} ${symbol} ${right}`, strength };
    return s.dtype === "i32" && strength > S.shift ? { text: `(${text.text}) | 0`, strength: S.bitOr } : text;
  }
  const engine = ENGINE[s.fn];
  if (engine !== undefined) return atom(`${engine}(${list})`);
  const name = p.strict && STRICT.has(s.fn) ? `${s.fn}32` : s.fn;
  p.needs.add(name);
  return atom(`${name}(${list})`);
}

function castText(s: Extract<Scalar, { kind: "apply" }>, a: Text): Text {
  const from = s.args[0]!.dtype;
  if (from === s.dtype) return a;
  if (from === "bool") return { text: `${wrap(a, S.or)} ? 1 : 0`, strength: S.ternary };
  if (s.dtype === "bool") return { text: `${wrap(a, S.relation)} !== 0`, strength: S.equality };
  if (s.dtype !== "i32") return a;
  return { text: `Math.max(-2_147_483_648, Math.min(2_147_483_647, ${a.text})) | 0`, strength: S.bitOr };
}
