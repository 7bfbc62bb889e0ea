/**
 * A kernel in functions that an engine optimizes early: what the outer loops repeat is a function of its own, called often, complete
 * after one call and short. One long function is optimized while it runs for the first time, for what it has run so far, and given up at the
 * first statement that it had not reached.
 */

import { mostTrips, namesOf, storesOf } from "../../loop/uses.ts";
import { rangeOf } from "../../loop/index-expression.ts";
import type { Loop, Stmt } from "../../loop/loop.ts";

/** Statements that are a function of the loops around them. */
export interface Block {
  readonly kind: "block";
  /** `below`: of an index, which an engine otherwise takes for any number. */
  readonly given: readonly { readonly name: string; readonly below?: number }[];
  readonly body: readonly Stmt[];
}

/** A loop over parts. */
export interface Outer {
  readonly kind: "outer";
  readonly loop: Loop;
  readonly parts: readonly Part[];
}

export type Part = Stmt | Block | Outer;

export interface Limits {
  /** Statements that one call of a block runs, at least: a call costs as much as some ten. */
  readonly block: number;
  /** Statements of a kernel from which on it is worth dividing: a shorter one is done before any of it is optimized. */
  readonly kernel: number;
}

export const LIMITS: Limits = { block: 8000, kernel: 100_000 };

/** The parts of a kernel's body; the body itself where it is short, or one loop over little. */
export function partsOf(body: readonly Stmt[], { block, kernel }: Limits = LIMITS): readonly Part[] {
  if (weight(body) < kernel) return body;
  const divider = new Divider(block, storesOf(body));
  return used(body.map((s, n) => (divider.isHeavy(s) ? divider.outer(s, letsOf(body.slice(0, n))) : s)));
}

type Let = Extract<Stmt, { kind: "let" }>;
type Around = readonly (Loop | Let)[];

const letsOf = (body: readonly Stmt[]): Let[] => body.filter((s) => s.kind === "let");

/** Statements that run, each as often as it does. */
const weight = (body: readonly Stmt[]): number =>
  body.reduce((sum, s) => {
    if (s.kind === "if") return sum + 1 + weight(s.then);
    if (s.kind !== "for") return sum + 1;
    return sum + mostTrips(s) * (1 + weight(s.body));
  }, 0);

class Divider {
  readonly #least: number;
  /** Buffers that the kernel writes. */
  readonly #stored: ReadonlySet<string>;
  constructor(least: number, stored: ReadonlySet<string>) {
    this.#least = least;
    this.#stored = stored;
  }

  isHeavy(s: Stmt): s is Loop {
    return s.kind === "for" && s.unrolled === undefined && weight(s.body) >= this.#least;
  }

  outer(loop: Loop, around: Around): Outer {
    return { kind: "outer", loop, parts: this.#divided(loop.body, [...around, loop]) };
  }

  /** Loops over much stay, with blocks inside; what stands between them is a block, where its locals are nobody else's. */
  #divided(body: readonly Stmt[], around: Around): readonly Part[] {
    const parts: Part[] = [];
    let [run, before] = [[] as Stmt[], around];
    const end = (rest: readonly Stmt[]): void => {
      parts.push(...(weight(run) < this.#least ? run : (blockOf(run, rest, before, this.#stored) ?? run)));
      before = [...before, ...letsOf(run)];
      run = [];
    };
    body.forEach((s, n) => {
      if (!this.isHeavy(s)) return void run.push(s);
      end(body.slice(n));
      parts.push(this.outer(s, before));
    });
    end([]);
    return used(parts);
  }
}

/**
 * Undefined where the statements change a local from before, or declare one that is read after. What a local before them loads they load
 * themselves: a number that is no index would be an object of its own at every call.
 */
function blockOf(own: readonly Stmt[], rest: readonly Stmt[], around: Around, stored: ReadonlySet<string>): readonly Block[] | undefined {
  const declared = new Set(own.flatMap((s) => (s.kind === "let" ? [s.name] : [])));
  if ([...namesOf(rest)].some((name) => declared.has(name))) return undefined;
  const read = namesOf(own);
  const lets = around.filter((one): one is Let => one.kind === "let" && read.has(one.name));
  if (!lets.every(({ mutable, value }) => !mutable && value.kind === "load" && !stored.has(value.buffer))) return undefined;
  const body = [...lets, ...own];
  const indices = namesOf(body);
  const given = around.flatMap((one) => (one.kind === "for" && indices.has(one.index) ? [{ name: one.index, ...belowOf(one) }] : []));
  return [{ kind: "block", given, body }];
}

/** Without what is loaded for blocks alone, which load it themselves. */
function used(parts: readonly Part[]): readonly Part[] {
  const left = (part: Part): readonly Stmt[] =>
    part.kind === "block" ? [] : part.kind === "outer" ? [{ ...part.loop, body: part.parts.flatMap(left) }] : [part];
  return parts.filter(
    (part, n) =>
      part.kind !== "let" || part.mutable || part.value.kind !== "load" || namesOf(parts.slice(n + 1).flatMap(left)).has(part.name),
  );
}

const belowOf = ({ from, to }: Loop): { readonly below?: number } => (rangeOf(from)[0] < 0 ? {} : { below: rangeOf(to)[1] });
