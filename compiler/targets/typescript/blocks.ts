/**
 * Guarantees a kernel in functions that an engine optimizes early: what the outer loops repeat is a function of its own, called often, complete
 * after one call and short. One long function is optimized while it runs for the first time, for what it has run so far, and given up at the
 * first statement that it had not reached.
 */

import { walkStmts } from "../../loop/build.ts";
import { namesIn, rangeOf, type Index } from "../../loop/index.ts";
import type { DType } from "../../graph/type.ts";
import type { Loop, Scalar, Stmt } from "../../loop/loop.ts";

/** Statements that are a function of the loops around them, and of the locals that stand before. */
export interface Block {
  readonly kind: "block";
  /** `below`: of an index, which an engine otherwise takes for any number. */
  readonly given: readonly {
    readonly name: string;
    readonly dtype: DType;
    readonly below?: number;
  }[];
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
export function partsOf(
  body: readonly Stmt[],
  { block, kernel }: Limits = LIMITS,
): readonly Part[] {
  if (weight(body) < kernel) return body;
  const divider = new Divider(block);
  return body.map((s, n) => (divider.isHeavy(s) ? divider.outer(s, letsOf(body.slice(0, n))) : s));
}

type Let = Extract<Stmt, { kind: "let" }>;
type Around = readonly (Loop | Let)[];

const letsOf = (body: readonly Stmt[]): Let[] => body.filter((s) => s.kind === "let");

/** Statements that run, each as often as it does. */
const weight = (body: readonly Stmt[]): number =>
  body.reduce((sum, s) => {
    if (s.kind === "if") return sum + 1 + weight(s.then);
    if (s.kind !== "for") return sum + 1;
    const turns = Math.ceil((rangeOf(s.to)[1] - rangeOf(s.from)[0]) / s.step);
    return sum + turns * (1 + weight(s.body));
  }, 0);

class Divider {
  readonly #least: number;
  constructor(least: number) {
    this.#least = least;
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
      parts.push(...(weight(run) < this.#least ? run : (blockOf(run, rest, before) ?? run)));
      before = [...before, ...letsOf(run)];
      run = [];
    };
    body.forEach((s, n) => {
      if (!this.isHeavy(s)) return void run.push(s);
      end(body.slice(n));
      parts.push(this.outer(s, before));
    });
    end([]);
    return parts;
  }
}

/** Undefined where the statements change a local from before, or declare one that is read after. */
function blockOf(body: readonly Stmt[], rest: readonly Stmt[], around: Around): readonly Block[] | undefined {
  const read = readIn(body);
  const declared = new Set(body.flatMap((s) => (s.kind === "let" ? [s.name] : [])));
  if ([...readIn(rest)].some((name) => declared.has(name))) return undefined;
  const given = around.filter((one) => read.has(one.kind === "for" ? one.index : one.name));
  if (given.some((one) => one.kind === "let" && one.mutable)) return undefined;
  return [{ kind: "block", given: given.map((one) => (one.kind === "for" ? { name: one.index, dtype: "i32" as const, ...belowOf(one) } : { name: one.name, dtype: one.dtype })), body }];
} // prettier-ignore

const belowOf = ({ from, to }: Loop): { readonly below?: number } =>
  rangeOf(from)[0] < 0 ? {} : { below: rangeOf(to)[1] };

/** Loop indices and locals that statements mention. */
function readIn(body: readonly Stmt[]): ReadonlySet<string> {
  const names = new Set<string>();
  const indices = (at: Index): void => void namesIn(at, names);
  const scalar = (s: Scalar): void => {
    if (s.kind === "local") names.add(s.name);
    else if (s.kind === "load") s.at.forEach(indices);
    else if (s.kind === "index") indices(s.at);
  };
  walkStmts(body, {
    stmt: (s) => {
      if (s.kind === "for") [s.from, s.to].forEach(indices);
      else if (s.kind === "store") indices(s.at);
      else if (s.kind === "assign") names.add(s.name);
    },
    scalar,
  });
  return names;
}
