/**
 * Definitions as text that gives two numbers: an element, and the magnitudes of the terms that were added to make it, through sums, products
 * and functions alike. Contents of buffers are exact: they are what was stored.
 *   size(a + b) = |a + b| + size(a) + size(b)      size(f(a)) = |f(a)| + |f′(a)|·size(a)      size(Σ t) = Σ |t| + size(t)
 * Times what is rounded off of each term, ρ, that is how far an element may be off; where an operand may be off by as much as itself, slopes at it say too
 * little: products have a term of second order, and what is divided by such an operand may be anything (infinite): Adam's update of what is rounding alone.
 */

import type { Scalar, ScalarFn } from "../loop/loop.ts";
import { filled, loops, Writer, type Load, type Reduce } from "./scalar-text.ts";
import { SLOPES } from "./tangent.ts";

/** Names or literals of a value and of its size. */
export interface Sized {
  readonly value: string;
  readonly size: string;
}

const NONE = "0";

/** What jumps may be anything where rounding decides to which side. */
const UNDECIDED = (when: string): string => `(${when} ? Infinity : 0)`;

/** Sizes of functions whose slopes at the operands say too little; of the others, every operand adds its own times its slope. */
const OWN: Readonly<Partial<Record<ScalarFn, string>>> = {
  mul: "fn.through(A, b) + fn.through(B, a) + fn.through(A, rho * B)",
  div: "(rho * B >= 0.5 * Math.abs(b) && B > 0 ? Infinity : 2 * (fn.through(A, 1 / b) + fn.through(B, a / (b * b))))",
  sqrt: "Math.min(fn.through(A, 0.5 / Math.sqrt(a)), Math.sqrt(A / rho))",
  sign: UNDECIDED("A > 0 && rho * A >= Math.abs(a)"),
  floor: UNDECIDED("A > 0 && Math.floor(a - rho * A) !== Math.floor(a + rho * A)"),
  lt: UNDECIDED("A + B > 0 && rho * (A + B) >= Math.abs(a - b)"),
  le: UNDECIDED("A + B > 0 && rho * (A + B) >= Math.abs(a - b)"),
  eq: UNDECIDED("A + B > 0 && rho * (A + B) >= Math.abs(a - b)"),
  log: "(rho * A >= 0.5 * Math.abs(a) && A > 0 ? Infinity : 2 * fn.through(A, 1 / a))",
};

/** Functions that give one of their operands, its magnitude, or a decision: nothing is rounded. */
const EXACT: ReadonlySet<string> = new Set(["neg", "abs", "sign", "floor", "max", "min", "cast", "lt", "le", "eq", "and", "or", "not"]);
/** What may be anything makes these anything. */
const PASSED: ReadonlySet<string> = new Set(["cast", "and", "or", "not"]);

export abstract class SizedWriter extends Writer {
  /** What was loaded, and what it was made of: nothing, where it lies in a buffer. */
  protected abstract sizedLoad(s: Load): Sized;

  /** Writes what computes a scalar and its size. */
  sized(s: Scalar): Sized {
    switch (s.kind) {
      case "literal":
      case "local":
      case "index":
        return { value: this.value(s), size: NONE };
      case "load":
        return this.sizedLoad(s);
      case "round": {
        const { value, size } = this.sized(s.value);
        const rounded = this.let(`Math.fround(${value})`);
        return { value: rounded, size: this.let(`${size} + Math.abs(${rounded})`) };
      }
      case "apply":
        return this.#sizedApply(s);
      case "select":
        return this.#sizedBranch(s);
      case "reduce":
        return s.by === "add" ? this.#sizedSum(s) : this.#sizedLargest(s);
    }
  }

  #sizedApply(s: Extract<Scalar, { kind: "apply" }>): Sized {
    const args = s.args.map((arg) => this.sized(arg));
    const names = args.map(({ value }) => value);
    const value = this.applied(s, names);
    if (s.dtype === "i32") return { value, size: NONE };
    const slopes = PASSED.has(s.fn) ? ["1", "1"] : (SLOPES[s.fn] ?? []);
    const own = OWN[s.fn];
    const terms =
      own !== undefined && args.some(({ size }) => size !== NONE)
        ? [filled(own, names).replace(/\b[AB]\b/g, (of) => args[of === "A" ? 0 : 1]!.size)]
        : args.flatMap(({ size }, n) =>
            size === NONE || slopes[n] === undefined ? [] : [`fn.through(${size}, ${filled(slopes[n], names)})`],
          );
    if (!EXACT.has(s.fn)) terms.unshift(`Math.abs(${value})`);
    return { value, size: terms.length === 0 ? NONE : this.let(terms.join(" + ")) };
  }

  #sizedBranch(s: Extract<Scalar, { kind: "select" }>): Sized {
    const when = this.sized(s.when);
    const size = this.fresh();
    this.lines.push(`let ${size};`);
    const value = this.branch(s, (part) => {
      const own = this.sized(part);
      this.lines.push(`${size} = ${own.size};`);
      return own.value;
    });
    return { value, size: when.size === NONE ? size : this.let(`${when.size} + ${size}`) };
  }

  #sizedSum(s: Reduce): Sized {
    const { over, term } = s;
    const done = this.beforeLoops(s);
    const [total, size] = [this.fresh(), this.fresh()];
    this.lines.push(`let ${total} = 0, ${size} = 0;`, ...loops(over));
    const own = this.sized(term);
    this.lines.push(`${total} += ${own.value};`, `${size} += Math.abs(${own.value}) + ${own.size};`, ...over.map(() => "}"));
    done();
    return { value: total, size };
  }

  /** Of the largest term that there is: its value comes from the text without sizes. */
  #sizedLargest(s: Reduce): Sized {
    const value = this.value(s);
    if (s.by === "argmax") return { value, size: NONE };
    const size = this.fresh();
    this.lines.push(`let ${size} = 0;`, ...loops(s.over));
    const own = this.sized(s.term);
    this.lines.push(`if (${own.size} > ${size}) ${size} = ${own.size};`, ...s.over.map(() => "}"));
    return { value, size };
  }
}
