/**
 * Guarantees what an error is measured by, one notion for all methods: the magnitudes of the terms that were added, not their sum (as backward
 * error analysis has it). A gradient that is zero mathematically is what is left of large terms, and its error is small beside those.
 *   y = Σ t   →   size(y) = Σ |t|
 * Two witnesses say how large it is: the definition with |terms| (`sizesOf` of a graph's values, sized.ts of a statement's), and, where cancellation
 * is nested too deep for it, the same float64 interpretation with every value moved by what storing it would round off (noise.ts).
 */

import type { Graph, Value } from "../graph/graph.ts";
import { isFloat, tensor, type Tensor } from "../graph/type.ts";
import { opOf } from "../ops/index.ts";
import type { Watch } from "./evaluate.ts";
import { noise } from "./noise.ts";

/** Ops that only add up, move or multiply what they are given: with |operands| they give Σ |terms|. */
const ADDS: Readonly<Record<string, string>> = {
  ...{ add: "add", sub: "add", neg: "abs", mul: "mul", cast: "cast", identity: "identity" },
  ...{ sum: "sum", dot: "dot", conv: "conv", windowSum: "windowSum", cumsum: "cumsum" },
};
/** Of these each element has many terms; operands are looked into through so many of them. */
const MANY: ReadonlySet<string> = new Set(["sum", "dot", "conv", "windowSum", "cumsum"]);
const DEPTH = 2;

/** Elementwise, the sum of the magnitudes of the terms that made a value, given all values of its graph. */
export function sizesOf({ nodes }: Graph, values: readonly Tensor[], of: Value): Float64Array {
  const known = new Map<string, Tensor>();
  const sizes = (at: Value, depth: number): Tensor => {
    const key = `${at} ${depth}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const { op: name, inputs, attrs, type } = nodes[at]!;
    const op = opOf(name);
    const through = ADDS[name] ?? (op.view === true && op.leaf !== true ? name : undefined);
    const magnitudes: Tensor = { type, data: values[at]!.data.map(Math.abs) };
    let found = magnitudes;
    if (through !== undefined && isFloat(type.dtype) && !(MANY.has(name) && depth === 0)) {
      const rest = MANY.has(name) ? depth - 1 : depth;
      found = tensor(type);
      opOf(through).evaluate(
        inputs.map((input) => (isFloat(nodes[input]!.type.dtype) ? sizes(input, rest) : values[input]!)),
        attrs,
        found,
      );
      found.data.forEach((size, n) => (found.data[n] = Math.max(size, magnitudes.data[n]!)));
    }
    known.set(key, found);
    return found;
  };
  return sizes(of, DEPTH).data;
}

/** What is computed, by name, again; `watch` may move every value as it is made. */
export type Again = (watch: Watch) => ReadonlyMap<string, ArrayLike<number>>;

/** Twice what storing a number rounds off; in double as much as leaves that of sums in another order far below. */
export const UNIT = { f32: 2 ** -23, f64: 2 ** -50 } as const;
/** Noisy runs: first a few, and where those do not explain a difference, as many as make it unlikely that all move a value alike. */
const [FEW, MANY_RUNS] = [4, 28];
/** How many times the farthest that noise moved a tensor any right program may be off. */
const TIMES = 16;
/** A tensor that rounding moves by more than this share of its terms is not judged. */
export const LOOSE = 0.1;

/** How far a right program may be off each tensor, by rounding alone; infinite where it may overflow. Later calls look harder. */
export class Rounding {
  readonly #again: Again;
  readonly #unit: number;
  readonly #farthest = new Map<string, number>();
  readonly #exact: ReadonlyMap<string, ArrayLike<number>>;
  #runs = 0;

  constructor(again: Again, dtype: keyof typeof UNIT) {
    this.#again = again;
    this.#unit = UNIT[dtype];
    this.#exact = again(() => {});
  }

  /** The bound of a tensor so far. */
  of(name: string): number {
    return TIMES * (this.#farthest.get(name) ?? 0);
  }

  /** Runs with other noise; false once that was done as often as it says something. */
  look(): boolean {
    if (this.#runs >= MANY_RUNS) return false;
    const until = this.#runs === 0 ? FEW : MANY_RUNS;
    while (this.#runs < until) {
      const noisy = this.#again(noise(++this.#runs, this.#unit, []));
      for (const [name, exact] of this.#exact) {
        const moved = noisy.get(name)!;
        let farthest = this.#farthest.get(name) ?? 0;
        for (let n = 0; n < exact.length; n++) {
          const apart = Math.abs(moved[n]! - exact[n]!);
          farthest = Number.isNaN(apart) ? Infinity : Math.max(farthest, apart);
        }
        this.#farthest.set(name, farthest);
      }
    }
    return true;
  }
}
