/** Integer index expressions in one canonical form: Σ coefficient·atom + offset, atoms being loop indices and their quotients and remainders. */

import { stridesOf, type Shape } from "../graph/type.ts";

export interface Index {
  readonly terms: readonly Term[];
  readonly offset: number;
}

export interface Term {
  readonly atom: Atom;
  readonly by: number;
  /** In a function that is given numbers, which of these it is taken times as well: such an index is only ever printed. */
  readonly times?: readonly string[];
}

/** An index knows its extent (0 ≤ index < extent), so that ranges need no environment. */
export type Atom =
  | { readonly kind: "index"; readonly name: string; readonly extent: number }
  | { readonly kind: "quotient"; readonly of: Index; readonly by: number }
  | { readonly kind: "remainder"; readonly of: Index; readonly by: number };

export const constant = (offset: number): Index => ({ terms: [], offset });
export const index = (name: string, extent: number): Index =>
  extent === 1 ? constant(0) : { terms: [{ atom: { kind: "index", name, extent }, by: 1 }], offset: 0 };

const keyOf = (atom: Atom): string => printAtom(atom);

export function add(...parts: readonly Index[]): Index {
  const sums: { atom: Atom; by: number; readonly times?: readonly string[] }[] = [];
  let offset = 0;
  for (const part of parts) {
    offset += part.offset;
    for (const term of part.terms) {
      const { atom, by, times } = term;
      const sum = sums.find((one) => isSame(one.atom, atom) && (one.times === times || one.times?.join() === times?.join()));
      if (sum === undefined) sums.push({ ...term });
      else sum.by += by;
    }
  }
  return joined({ terms: sums.filter(({ by }) => by !== 0), offset });
}

const isSame = (a: Atom, b: Atom): boolean =>
  a === b || (a.kind === b.kind && (a.kind === "index" ? a.name === (b as typeof a).name : keyOf(a) === keyOf(b)));

/** n·⌊a / n⌋ + a mod n is a; and ⌊⌊a / m⌋ / n⌋ is ⌊a / (m·n)⌋. */
function joined(a: Index): Index {
  for (const rest of a.terms) {
    if (rest.atom.kind !== "remainder") continue;
    const { of, by } = rest.atom;
    const [inner, ...more] = of.terms;
    const twice = inner?.atom.kind === "quotient" && more.length === 0 && inner.by === 1 && of.offset === 0 ? inner.atom : undefined;
    const floor = keyOf(twice === undefined ? { kind: "quotient", of, by } : { ...twice, by: twice.by * by });
    const whole = a.terms.find((term) => term.by === rest.by * by && keyOf(term.atom) === floor);
    if (whole === undefined) continue;
    const others = a.terms.filter((term) => term !== rest && term !== whole);
    return add({ terms: others, offset: a.offset }, scale(of, rest.by));
  }
  return a;
}

// + 0: one form of zero, since 0·(−1) is −0
export const scale = (a: Index, by: number): Index =>
  by === 0 ? constant(0) : { terms: a.terms.map((t) => ({ ...t, by: t.by * by })), offset: a.offset * by + 0 };

/** Where an element lies in row-major storage. */
export function rowMajor(at: readonly Index[], shape: Shape): Index {
  const strides = stridesOf(shape);
  return add(constant(0), ...at.map((one, axis) => scale(one, strides[axis]!)));
}

export const shift = (a: Index, by: number): Index => ({ terms: a.terms, offset: a.offset + by });

/** Smallest and largest value, both included. */
export function rangeOf(a: Index): readonly [low: number, high: number] {
  let low = a.offset;
  let high = a.offset;
  for (const { atom, by } of a.terms) {
    const [from, to] = atomRange(atom);
    low += Math.min(by * from, by * to);
    high += Math.max(by * from, by * to);
  }
  return [low, high];
}

function atomRange(atom: Atom): readonly [number, number] {
  if (atom.kind === "index") return [0, atom.extent - 1];
  const [low, high] = rangeOf(atom.of);
  if (atom.kind === "quotient") return [Math.floor(low / atom.by), Math.floor(high / atom.by)];
  return [0, atom.by - 1];
}

/** a = by·whole + rest, where every coefficient of whole·by is a multiple of `by`. */
function split(a: Index, by: number): { whole: Index; rest: Index } {
  const even = a.terms.filter((t) => t.by % by === 0);
  const odd = a.terms.filter((t) => t.by % by !== 0);
  const shiftBy = Math.floor(a.offset / by);
  return {
    whole: { terms: even.map((t) => ({ atom: t.atom, by: t.by / by })), offset: shiftBy },
    rest: { terms: odd, offset: a.offset - shiftBy * by },
  };
}

const divisor = (a: number, b: number): number => (b === 0 ? Math.abs(a) : divisor(b, a % b));

/**
 * a = by·whole + rest, where `by` divides the given one, whole has terms and 0 ≤ rest < by: a row and a column of it, where a is a
 * position in rows. Then ⌊a / (by·n)⌋ = ⌊whole / n⌋ and a mod (by·n) = by·(whole mod n) + rest.
 */
function rows(a: Index, of: number): { whole: Index; rest: Index; by: number } | undefined {
  for (const { by: coefficient } of a.terms) {
    const by = divisor(of, coefficient);
    if (by === 1 || by === of) continue;
    const { whole, rest } = split(a, by);
    const [low, high] = rangeOf(rest);
    if (low >= 0 && high < by) return { whole, rest, by };
  }
  return undefined;
}

/** ⌊a / by⌋. */
export function quotient(a: Index, by: number): Index {
  if (by === 1) return a;
  const { whole, rest } = split(a, by);
  const [low, high] = rangeOf(rest);
  if (low >= 0 && high < by) return whole;
  if (Math.floor(low / by) === Math.floor(high / by)) return shift(whole, Math.floor(low / by));
  const inRows = rows(rest, by);
  if (inRows !== undefined) return add(whole, quotient(inRows.whole, by / inRows.by));
  return add(whole, { terms: [{ atom: { kind: "quotient", of: rest, by }, by: 1 }], offset: 0 });
}

/** a mod by, never negative. */
export function remainder(a: Index, by: number): Index {
  if (by === 1) return constant(0);
  const { rest } = split(a, by);
  const [low, high] = rangeOf(rest);
  if (low >= 0 && high < by) return rest;
  if (Math.floor(low / by) === Math.floor(high / by)) return shift(rest, -by * Math.floor(low / by));
  const inRows = rows(rest, by);
  if (inRows !== undefined) return add(scale(remainder(inRows.whole, by / inRows.by), inRows.by), inRows.rest);
  return { terms: [{ atom: { kind: "remainder", of: rest, by }, by: 1 }], offset: 0 };
}

/** Replaces loop indices by expressions. */
export function substitute(a: Index, by: ReadonlyMap<string, Index>): Index {
  if (!mentions(a, by)) return a;
  return add(
    constant(a.offset),
    ...a.terms.map((t) => {
      const { atom } = t;
      if (atom.kind === "index") {
        const replacement = by.get(atom.name);
        return replacement === undefined ? { terms: [t], offset: 0 } : taken(scale(replacement, t.by), t.times);
      }
      const of = substitute(atom.of, by);
      return scale(atom.kind === "quotient" ? quotient(of, atom.by) : remainder(of, atom.by), t.by);
    }),
  );
}

/** An index so many times as numbers say that a function is given. */
function taken(a: Index, times: readonly string[] | undefined): Index {
  if (times === undefined) return a;
  const [name = "", ...others] = times;
  const rest: Term = { atom: { kind: "index", name, extent: Infinity }, by: a.offset, ...(others.length === 0 ? {} : { times: others }) };
  const terms = a.terms.map((term) => ({ ...term, times: [...(term.times ?? []), ...times] }));
  return { terms: a.offset === 0 ? terms : [...terms, rest], offset: 0 };
}

const mentions = (a: Index, names: ReadonlyMap<string, unknown>): boolean =>
  a.terms.some(({ atom }) => (atom.kind === "index" ? names.has(atom.name) : mentions(atom.of, names)));

/** The names of the loop indices that an expression depends on. */
export function namesIn(a: Index, into: Set<string> = new Set()): Set<string> {
  for (const { atom } of a.terms) {
    if (atom.kind === "index") into.add(atom.name);
    else namesIn(atom.of, into);
  }
  return into;
}

/** The coefficient of one loop index where the dependence is affine, undefined where it is not. */
export function strideOf(a: Index, name: string): number | undefined {
  let stride = 0;
  for (const { atom, by } of a.terms) {
    if (atom.kind === "index") stride += atom.name === name ? by : 0;
    else if (namesIn(atom.of).has(name)) return undefined;
  }
  return stride;
}

/** What a loop index alone is divided by where its quotients or remainders are asked for. */
export const divisorsOf = (a: Index, name: string): readonly number[] =>
  a.terms.flatMap(({ atom }) => (atom.kind !== "index" && atom.of.terms.length === 1 && namesIn(atom.of).has(name) ? [atom.by] : []));

export function evaluate(a: Index, at: ReadonlyMap<string, number>): number {
  let total = a.offset;
  for (const { atom, by } of a.terms) {
    if (atom.kind === "index") {
      const value = at.get(atom.name);
      if (value === undefined) throw new RangeError(`index ${atom.name} has no value here`);
      total += by * value;
    } else {
      const of = evaluate(atom.of, at);
      const whole = Math.floor(of / atom.by);
      total += by * (atom.kind === "quotient" ? whole : of - whole * atom.by);
    }
  }
  return total;
}

export const equal = (a: Index, b: Index): boolean => {
  if (a === b) return true;
  const difference = add(a, scale(b, -1));
  return difference.terms.length === 0 && difference.offset === 0;
};

function printAtom(atom: Atom): string {
  if (atom.kind === "index") return atom.name;
  return `(${print(atom.of)}) ${atom.kind === "quotient" ? "div" : "mod"} ${atom.by}`;
}

/** Text of an index: `4·i + k + 2`, quotients `(i) div 3`. */
export function print(a: Index): string {
  const parts = a.terms.map(({ atom, by }) => {
    const text = atom.kind === "index" ? atom.name : `(${printAtom(atom)})`;
    return by === 1 ? text : `${by}·${text}`;
  });
  if (a.offset !== 0 || parts.length === 0) parts.push(String(a.offset));
  return parts.join(" + ");
}
