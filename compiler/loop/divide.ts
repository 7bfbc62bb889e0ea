/**
 * Guarantees which loops of a kernel several threads may share: iterations of a divided loop touch different elements of what the kernel
 * stores, so that any split of them, in any order, gives the same bits.
 *   for i in 0..32 step 4 { …  y[128·i + j] = … }   →   thread t of n runs its part of the eight iterations
 */

import { loadsOf, walkStmts } from "./build.ts";
import { constant, rangeOf, strideOf, type Index } from "./index.ts";
import type { Kernel, Loop, Stmt } from "./loop.ts";

/** Statements between two barriers. */
export interface Section {
  /** Locals that every thread computes for itself. */
  readonly lets: readonly Stmt[];
  /** Loops of which each thread runs a part of the one inside that is `divided`, itself perhaps; or what one thread runs alone. */
  readonly parts: readonly Part[] | undefined;
  readonly alone: readonly Stmt[];
}

export interface Part {
  readonly whole: Loop;
  readonly divided: Loop;
}

/** Below so many operations, waiting for other threads takes longer than the work: a barrier costs about a microsecond. */
const WORTH = 60_000;

/** The sections of a kernel, in order; undefined where one thread runs it alone. */
export function divide(kernel: Kernel): readonly Section[] | undefined {
  return kernel.flops < WORTH ? undefined : sectionsOf(kernel.body);
}

/** Whether or not it is worth it. */
export function sectionsOf(body: readonly Stmt[]): readonly Section[] | undefined {
  const stored = new Set<string>();
  walkStmts(body, { stmt: (s) => s.kind === "store" && stored.add(s.buffer) });
  const lets: Stmt[] = [];
  const sections: { lets: readonly Stmt[]; parts: Part[]; alone: [] }[] = [];
  const end = body.findIndex((s) => {
    if (s.kind === "let") {
      // a local that a later section computes anew must not see what an earlier one stored
      if (loadsOf(s.value).some(({ buffer }) => stored.has(buffer))) return true;
      lets.push(s);
      return false;
    }
    const divided = s.kind === "for" ? divisible(s) : undefined;
    if (s.kind !== "for" || divided === undefined) return true;
    const last = sections.at(-1);
    const joins = last !== undefined && last.lets.length === lets.length && !last.parts.some(({ whole }) => meet(whole, s)); // prettier-ignore
    if (joins) last.parts.push({ whole: s, divided });
    else sections.push({ lets: [...lets], parts: [{ whole: s, divided }], alone: [] });
    return false;
  });
  if (sections.length === 0) return undefined;
  return end < 0 ? sections : [...sections, { lets, parts: undefined, alone: body.slice(end) }];
}

/** How many iterations a loop of constant bounds has. */
export const tripsOf = ({ from, to, step }: Loop): number =>
  Math.ceil((to.offset - from.offset) / step);

/** The outermost loop that threads may share: around it stand only loops, which each of them runs whole. */
function divisible(loop: Loop): Loop | undefined {
  const { stores, loads } = accesses(loop.body);
  const own = new Set<string>();
  walkStmts(loop.body, { stmt: (s) => s.kind === "let" && own.add(s.name) });
  let carries = false;
  walkStmts(loop.body, {
    stmt: (s) => s.kind === "assign" && !own.has(s.name) && (carries = true),
  });
  if (carries) return undefined;
  for (let at = loop; ;) {
    const counts = at.form === "loop" && at.from.terms.length + at.to.terms.length === 0;
    const chosen = at;
    if (counts && tripsOf(at) > 1 && [...stores].every(([buffer, all]) => isApart([...all, ...(loads.get(buffer) ?? [])], chosen))) return at; // prettier-ignore
    const [inner, ...others] = at.body;
    if (inner?.kind !== "for" || others.length > 0) return undefined;
    at = inner;
  }
}

/** Whether one loop touches a buffer that the other stores to. */
function meet(a: Loop, b: Loop): boolean {
  const [one, other] = [accesses(a.body), accesses(b.body)];
  const touches = (stores: Accesses, buffers: typeof one): boolean =>
    [...stores.keys()].some((name) => buffers.stores.has(name) || buffers.loads.has(name));
  return touches(one.stores, other) || touches(other.stores, one);
}

/**
 * Whether different iterations reach different elements by all of these indices. Modulo M, which divides every coefficient set aside, an
 * index is stride·i + rest; where all of them stay within one multiple of M, and the rests within one step of the stride, an element
 * tells its iteration.
 */
function isApart(all: readonly Index[], { index, from, to, step }: Loop): boolean {
  const stride = strideOf(all[0]!, index) ?? 0;
  if (stride === 0 || all.some((at) => strideOf(at, index) !== stride)) return false;
  const reach = Math.abs(stride * step);
  const last = from.offset + (Math.ceil((to.offset - from.offset) / step) - 1) * step;
  const ends = [stride * from.offset, stride * last];
  const coefficients = new Set(all.flatMap(({ terms }) => terms.map(({ by }) => Math.abs(by))));
  const candidates = [Infinity, ...[...coefficients].filter((by) => by > Math.abs(stride))];
  return candidates.some((modulus) => {
    const rests = all.map((at) => rangeOf(restOf(at, index, modulus)));
    const low = Math.min(...rests.map(([from]) => from));
    const high = Math.max(...rests.map(([, to]) => to));
    if (high - low >= reach) return false;
    const window = (value: number): number => (modulus === Infinity ? 0 : Math.floor(value / modulus)); // prettier-ignore
    return window(low + Math.min(...ends)) === window(high + Math.max(...ends));
  });
}

/** An index without its loop and without multiples of the modulus. */
function restOf(at: Index, index: string, modulus: number): Index {
  const terms = at.terms.filter(
    ({ atom, by }) =>
      !(atom.kind === "index" && atom.name === index) && !(modulus !== Infinity && by % modulus === 0), // prettier-ignore
  );
  const offset = modulus === Infinity ? at.offset : at.offset - Math.floor(at.offset / modulus) * modulus; // prettier-ignore
  return { terms, offset };
}

type Accesses = ReadonlyMap<string, readonly Index[]>;

/** Where a body stores and loads, by buffer. */
function accesses(body: readonly Stmt[]): { readonly stores: Accesses; readonly loads: Accesses } {
  const [stores, loads] = [new Map<string, Index[]>(), new Map<string, Index[]>()];
  const note = (into: Map<string, Index[]>, buffer: string, at: Index): void =>
    void into.set(buffer, [...(into.get(buffer) ?? []), at]);
  walkStmts(body, {
    stmt: (s) => s.kind === "store" && note(stores, s.buffer, s.at),
    scalar: (s) => s.kind === "load" && note(loads, s.buffer, s.at[0] ?? constant(0)),
  });
  return { stores, loads };
}
