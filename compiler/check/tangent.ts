/**
 * The tangent of a definition, as JavaScript text, from index notation alone: no op and no gradient rule is asked.
 *   y[i,j] = Σ k: x[i,k]·W[k,j]   with W moving   →   ẏ[i,j] = Σ k: x[i,k]·Ẇ[k,j]
 * What sums, products and selections do to tangents is stated here; the slopes of the scalar functions are the textbook's, one row each,
 * in their arguments. (Reverse mode takes its slopes from the formulas of ops/scalar.ts, by mathjs, in the value.)
 */

import { isFloat, type Shape } from "../graph/type.ts";
import type { Axis, Scalar, ScalarFn } from "../loop/loop.ts";
import { filled, flatText, loops, Writer, type Load } from "./scalar-text.ts";

/** Slopes ∂/∂a and ∂/∂b as text in the arguments; undefined: constant between its jumps. */
export const SLOPES: Readonly<Partial<Record<ScalarFn, readonly string[]>>> = {
  neg: ["-1"],
  abs: ["Math.sign(a)"],
  sqrt: ["0.5 / Math.sqrt(a)"],
  exp: ["Math.exp(a)"],
  log: ["1 / a"],
  tanh: ["1 / Math.cosh(a) ** 2"],
  sin: ["Math.cos(a)"],
  cos: ["-Math.sin(a)"],
  erf: ["2 / Math.sqrt(Math.PI) * Math.exp(-a * a)"],
  erfc: ["-2 / Math.sqrt(Math.PI) * Math.exp(-a * a)"],
  atan: ["1 / (1 + a * a)"],
  log1p: ["1 / (1 + a)"],
  expm1: ["Math.exp(a)"],
  add: ["1", "1"],
  sub: ["1", "-1"],
  mul: ["b", "a"],
  div: ["1 / b", "-a / (b * b)"],
  max: ["a > b ? 1 : a < b ? 0 : 0.5", "a > b ? 0 : a < b ? 1 : 0.5"],
  min: ["a < b ? 1 : a > b ? 0 : 0.5", "a < b ? 0 : a > b ? 1 : 0.5"],
  pow: ["a === 0 && b === 0 ? 0 : b * Math.pow(a, b - 1)", "a > 0 || (a === 0 && b < 0) ? Math.pow(a, b) * Math.log(a) : 0"],
};

/** Functions with a corner, and the difference that is 0 there. */
const CORNERS: Readonly<Partial<Record<ScalarFn, string>>> = { abs: "a", max: "a - b", min: "a - b" };

/** One definition: operand n is loaded as the buffer named `n`. */
export interface Mapped {
  readonly axes: readonly Axis[];
  readonly value: Scalar;
  readonly shapes: readonly Shape[];
  /** Which operands move. */
  readonly moves: readonly boolean[];
}

/**
 * The text of `(x, d, out, corner, fn) => …`: fills `out` with the tangent, from operands x and their tangents d, row-major; `corner()` is called at
 * each point where branches meet with different slopes. A definition of truth values fills nothing and is only searched for corners.
 */
export function tangentText({ axes, value, shapes, moves }: Mapped): string {
  const writer = new TangentWriter(shapes, moves);
  const open = loops(axes);
  writer.lines.push("let at = 0;", ...open);
  writer.lines.push(`out[at++] = ${isFloat(value.dtype) ? writer.tangent(value) : writer.value(value)};`);
  const bound = [...new Set([...writer.loads])];
  const operands = bound.map((n) => `const x${n} = x[${n}]${moves[n] === true ? `, d${n} = d[${n}]` : ""};`);
  return `(x, d, out, corner, fn) => {\n${[...operands, ...writer.lines, ...open.map(() => "}")].join("\n")}\n}`;
}

class TangentWriter extends Writer {
  readonly loads = new Set<number>();
  readonly #shapes: readonly Shape[];
  readonly #moves: readonly boolean[];

  constructor(shapes: readonly Shape[], moves: readonly boolean[]) {
    super();
    this.#shapes = shapes;
    this.#moves = moves;
  }

  /** Whether the scalar has a tangent. */
  #moving(s: Scalar): boolean {
    if (!isFloat(s.dtype)) return false;
    switch (s.kind) {
      case "load":
        return this.#moves[Number(s.buffer)] === true;
      case "apply":
        return (s.fn === "cast" || SLOPES[s.fn] !== undefined) && s.args.some((arg) => this.#moving(arg));
      case "select":
        return this.#moving(s.then) || this.#moving(s.otherwise);
      case "round":
        return this.#moving(s.value);
      case "reduce":
        return this.#moving(s.term);
      default:
        return false;
    }
  }

  #element(array: "x" | "d", s: Load): string {
    const n = Number(s.buffer);
    this.loads.add(n);
    return this.let(`${array}${n}[${flatText(s, this.#shapes[n]!)}]`);
  }

  protected override load(s: Load): string {
    return this.#element("x", s);
  }

  protected override local(name: string): string {
    throw new TypeError(`a definition of a graph has no locals, but reads ${name}`);
  }

  /** Writes what computes a scalar's tangent. */
  tangent(s: Scalar): string {
    if (!this.#moving(s)) return "0";
    switch (s.kind) {
      case "load":
        return this.#element("d", s);
      case "round":
        return this.tangent(s.value);
      case "select":
        return this.branch(s, (part) => this.tangent(part));
      case "apply":
        return this.#chained(s);
      case "reduce":
        return s.by === "add" ? this.summed(s.over, () => this.tangent(s.term)) : this.#largest(s);
      default:
        return "0";
    }
  }

  #chained({ fn, args }: Extract<Scalar, { kind: "apply" }>): string {
    if (fn === "cast") return this.tangent(args[0]!);
    const slopes = SLOPES[fn]!;
    const tangents = args.map((arg) => (this.#moving(arg) ? this.tangent(arg) : undefined));
    const used = (name: string): boolean => slopes.some((slope, n) => tangents[n] !== undefined && new RegExp(`\\b${name}\\b`).test(slope));
    const names = ["a", "b"];
    const values = args.map((arg, n) => (used(names[n]!) || CORNERS[fn] !== undefined ? this.value(arg) : "NaN"));
    const difference = fn === "abs" ? tangents[0]! : `${tangents[0] ?? 0} - ${tangents[1] ?? 0}`;
    if (CORNERS[fn] !== undefined) this.lines.push(`if (${filled(CORNERS[fn], values)} === 0 && ${difference} !== 0) corner();`);
    const terms = tangents.flatMap((tangent, n) => (tangent === undefined ? [] : [`${tangent} * (${filled(slopes[n]!, values)})`]));
    return this.let(terms.join(" + "));
  }

  /** Two sides of a comparison that are equal, and move apart. */
  protected override compared(args: readonly Scalar[], values: readonly string[]): void {
    if (!args.some((arg) => this.#moving(arg))) return;
    const [a, b] = args.map((arg) => this.tangent(arg));
    this.lines.push(`if (${values[0]} === ${values[1]} && ${a} !== ${b}) corner();`);
  }

  /** The tangent of the largest term; a corner where several are largest and move apart. */
  #largest(s: Extract<Scalar, { kind: "reduce" }>): string {
    const [largest, tangent, ties] = [this.fresh(), this.fresh(), this.fresh()];
    this.lines.push(`let ${largest} = -Infinity, ${tangent} = 0, ${ties} = false;`, ...loops(s.over));
    const [value, moved] = [this.value(s.term), this.tangent(s.term)];
    this.lines.push(
      `if (${value} > ${largest}) { ${largest} = ${value}; ${tangent} = ${moved}; ${ties} = false; }`,
      `else if (${value} === ${largest} && ${moved} !== ${tangent}) ${ties} = true;`,
      ...s.over.map(() => "}"),
      `if (${ties}) corner();`,
    );
    return tangent;
  }
}
