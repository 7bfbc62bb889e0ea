/** Definitions as JavaScript text in double, so that they are evaluated as fast as they are read: the meaning is that of loop/interpret/. */

import type { Shape } from "../graph/type.ts";
import { rowMajor, type Index } from "../loop/index-expression.ts";
import { erf, erfc } from "../loop/interpret/index.ts";
import { randomBits } from "../loop/random.ts";
import type { Axis, Scalar, ScalarFn } from "../loop/loop.ts";

/** What the text calls by the name `fn`. */
export const FN = {
  erf,
  erfc,
  randomBits,
  bitsOf: (a: number): number => new Int32Array(Float32Array.of(a).buffer)[0]!,
  /** A size times a slope; what nothing is added to stays nothing, whatever the slope. */
  through: (size: number, slope: number): number => (size === 0 || slope === 0 ? 0 : size * Math.abs(slope)),
  floatOf: (a: number): number => new Float32Array(Int32Array.of(a).buffer)[0]!,
};

const VALUES: Readonly<Record<Exclude<ScalarFn, "cast">, string>> = {
  ...{ neg: "-a", add: "a + b", sub: "a - b", mul: "a * b", div: "a / b" },
  ...{ lt: "+(a < b)", le: "+(a <= b)", eq: "+(a === b)", and: "+(a !== 0 && b !== 0)", or: "+(a !== 0 || b !== 0)", not: "+(a === 0)" },
  ...{ abs: "Math.abs(a)", sign: "Math.sign(a)", floor: "Math.floor(a)", sqrt: "Math.sqrt(a)", exp: "Math.exp(a)", log: "Math.log(a)" },
  ...{
    tanh: "Math.tanh(a)",
    sin: "Math.sin(a)",
    cos: "Math.cos(a)",
    erf: "fn.erf(a)",
    erfc: "fn.erfc(a)",
    atan: "Math.atan(a)",
    log1p: "Math.log1p(a)",
    expm1: "Math.expm1(a)",
  },
  ...{ max: "Math.max(a, b)", min: "Math.min(a, b)", pow: "Math.pow(a, b)", shl: "a << b", shr: "a >> b" },
  ...{ randomBits: "fn.randomBits(a, b, c)", bitsOf: "fn.bitsOf(a)", floatOf: "fn.floatOf(a)" },
};

const COMPARISONS: ReadonlySet<ScalarFn> = new Set(["lt", "le", "eq"]);

export type Reduce = Extract<Scalar, { kind: "reduce" }>;
export type Load = Extract<Scalar, { kind: "load" }>;

/** Loops over axes, row-major, left open. */
export const loops = (axes: readonly Axis[]): string[] =>
  axes.map(({ name, extent }) => `for (let ${name} = 0; ${name} < ${extent}; ${name}++) {`);

/** An index in the names of its loops. */
export function indexText({ terms, offset }: Index): string {
  const parts = terms.map(({ atom, by }) => {
    if (atom.kind === "index") return by === 1 ? atom.name : `${by} * ${atom.name}`;
    const of = indexText(atom.of);
    const text = atom.kind === "quotient" ? `Math.floor((${of}) / ${atom.by})` : `(((${of}) % ${atom.by}) + ${atom.by}) % ${atom.by}`;
    return `${by} * (${text})`;
  });
  return offset === 0 && parts.length > 0 ? parts.join(" + ") : [...parts, offset].join(" + ");
}

/** Where a load with one index a dimension lies in row-major storage; a load with one index may be flat already. */
export function flatText({ at }: Load, shape: Shape): string {
  return indexText(at.length === shape.length ? rowMajor(at, shape) : at[0]!);
}

/** Writes scalars, one line after the other. */
export abstract class Writer {
  readonly lines: string[] = [];
  #names = 0;

  /** The element that a load reads. */
  protected abstract load(s: Load): string;
  protected abstract local(name: string): string;
  /** Sees the two sides of a comparison. */
  protected compared(_: readonly Scalar[], __: readonly string[]): void {}

  /** Writes what is the same at all points of a sum, before it; says when its loops are written. */
  protected beforeLoops(_: Reduce): () => void {
    return () => {};
  }

  protected fresh(): string {
    return `t${this.#names++}`;
  }

  protected let(text: string): string {
    const name = this.fresh();
    this.lines.push(`const ${name} = ${text};`);
    return name;
  }

  /** Writes what computes a scalar; gives the name or literal it has then. */
  value(s: Scalar): string {
    switch (s.kind) {
      case "literal":
        return s.value < 0 || Object.is(s.value, -0) ? `(${s.value})` : String(s.value);
      case "local":
        return this.local(s.name);
      case "index":
        return `(${indexText(s.at)})`;
      case "load":
        return this.load(s);
      case "round":
        return this.let(`Math.fround(${this.value(s.value)})`);
      case "apply": {
        const args = s.args.map((arg) => this.value(arg));
        if (COMPARISONS.has(s.fn)) this.compared(s.args, args);
        return this.applied(s, args);
      }
      case "select":
        return this.branch(s, (part) => this.value(part));
      case "reduce": {
        const done = this.beforeLoops(s);
        const value = s.by === "add" ? this.summed(s.over, () => this.value(s.term)) : this.#largest(s);
        done();
        return value;
      }
    }
  }

  /** A function of what was computed. */
  protected applied({ fn, dtype }: Extract<Scalar, { kind: "apply" }>, args: readonly string[]): string {
    if (fn === "cast")
      return this.let(
        { i32: `(Math.max(-2147483648, Math.min(2147483647, ${args[0]})) | 0)`, bool: `+(${args[0]} !== 0)`, f32: args[0]!, f64: args[0]! }[
          dtype
        ],
      );
    if (fn === "neg" && dtype === "i32") return this.let(`-${args[0]} | 0`); // no −0
    return this.let(filled(VALUES[fn], args));
  }

  /** Only the branch that is taken is computed: the other may load out of bounds. */
  protected branch(s: Extract<Scalar, { kind: "select" }>, write: (part: Scalar) => string): string {
    const when = this.value(s.when);
    const name = this.fresh();
    this.lines.push(`let ${name};`, `if (${when} !== 0) {`);
    const then = write(s.then);
    this.lines.push(`${name} = ${then};`, "} else {");
    const otherwise = write(s.otherwise);
    this.lines.push(`${name} = ${otherwise};`, "}");
    return name;
  }

  protected summed(over: readonly Axis[], write: () => string): string {
    const total = this.fresh();
    this.lines.push(`let ${total} = 0;`, ...loops(over));
    const term = write();
    this.lines.push(`${total} += ${term};`, ...over.map(() => "}"));
    return total;
  }

  /** The largest term, or the first position that has it; NaN counts as larger than any number. */
  #largest({ by, over, term }: Reduce): string {
    const [largest, where, at] = [this.fresh(), this.fresh(), this.fresh()];
    this.lines.push(`let ${largest} = -Infinity, ${where} = 0, ${at} = 0;`, ...loops(over));
    const value = this.value(term);
    this.lines.push(
      `if (${value} > ${largest} || (${value} !== ${value} && ${largest} === ${largest})) { ${largest} = ${value}; ${where} = ${at}; }`,
      `${at}++;`,
      ...over.map(() => "}"),
    );
    return by === "max" ? largest : where;
  }
}

/** A row's text with its arguments in the places of a, b and c. */
export const filled = (text: string, args: readonly string[]): string =>
  text.replace(/\b[abc]\b/g, (name) => `(${args[name.charCodeAt(0) - 97] ?? "NaN"})`);
