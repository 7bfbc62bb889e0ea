/**
 * When loops touch different elements of what they store, whatever thread runs which of their iterations:
 *   for i in 0..8 { y[8·i + j] = … }   j in 0..8: an element modulo 8 tells j, and which multiple of 8 it is tells i
 */

import { walkStmts } from "./build.ts";
import { constant, print, rangeOf, strideOf, type Index } from "./index-expression.ts";
import type { Loop, Stmt } from "./loop.ts";

/** A loop of which a thread runs some iterations, and what all of them touch, by buffer. */
export interface Piece {
  readonly loop: Loop;
  readonly touched: ReadonlyMap<string, Touched>;
}

interface Touched {
  readonly stored: boolean;
  /** Without repetitions. */
  readonly at: readonly Index[];
}

/** How many iterations a loop of constant bounds has. */
export const tripsOf = ({ from, to, step }: Loop): number => Math.ceil((to.offset - from.offset) / step);

export const pieceOf = (loop: Loop): Piece => ({ loop, touched: touchedBy(loop.body) });

/** Whether different iterations of a loop touch different elements. */
export const isApart = ({ loop, touched }: Piece): boolean =>
  [...touched.values()].every(({ stored, at }) => !stored || tellsNumber(numbered(at, loop), tripsOf(loop)));

/**
 * Whether two loops touch different elements wherever different threads may run them: what they touch is disjoint, or an element tells
 * the number of the one iteration of either that does. Loops of as many iterations are divided alike, and a single one always falls to the same thread.
 */
export function areApart(a: Piece, b: Piece): boolean {
  const trips = tripsOf(a.loop);
  const alike = trips === tripsOf(b.loop);
  if (alike && trips === 1) return true;
  return [...a.touched].every(([buffer, own]) => {
    const other = b.touched.get(buffer);
    if (other === undefined || (!own.stored && !other.stored)) return true;
    if (areDisjoint(own.at, other.at)) return true;
    return alike && tellsNumber([...numbered(own.at, a.loop), ...numbered(other.at, b.loop)], trips);
  });
}

/** An index as stride·n + rest, where n numbers the iterations of a loop from 0; undefined where it is no such thing. */
type Numbered = { readonly stride: number; readonly rest: Index } | undefined;

const numbered = (all: readonly Index[], { index, from, step }: Loop): Numbered[] =>
  all.map((at) => {
    const stride = strideOf(at, index);
    if (stride === undefined) return undefined;
    const terms = at.terms.filter(({ atom }) => !(atom.kind === "index" && atom.name === index));
    return { stride: stride * step, rest: { terms, offset: at.offset + stride * from.offset } };
  });

/**
 * Whether an element that these indices name tells n. Modulo M an index is stride·n + rest, less the terms that M divides; where all of
 * them stay within one multiple of M, and the rests within one stride, it does.
 */
function tellsNumber(all: readonly Numbered[], trips: number): boolean {
  const stride = all[0]?.stride ?? 0;
  const rests = all.flatMap((one) => (one?.stride === stride ? [one.rest] : []));
  if (stride === 0 || rests.length < all.length) return false;
  const last = stride * (trips - 1);
  return moduliOf(rests).some((modulus) => {
    const [low, high] = hullOf(rests, modulus);
    if (high - low >= Math.abs(stride)) return false;
    return windowOf(low + Math.min(0, last), modulus) === windowOf(high + Math.max(0, last), modulus);
  });
}

/** Whether no index of one list names an element that one of the other names: modulo some M they lie side by side. */
function areDisjoint(one: readonly Index[], other: readonly Index[]): boolean {
  return moduliOf([...one, ...other]).some((modulus) => {
    const [a, b] = [hullOf(one, modulus), hullOf(other, modulus)];
    if (a[1] >= b[0] && b[1] >= a[0]) return false;
    return windowOf(Math.min(a[0], b[0]), modulus) === windowOf(Math.max(a[1], b[1]), modulus);
  });
}

/** Rows that indices may be columns of: coefficients, and distances between constant parts. */
function moduliOf(all: readonly Index[]): number[] {
  const first = Math.min(...all.map(({ offset }) => offset));
  const rows = all.flatMap(({ terms, offset }) => [...terms.map(({ by }) => Math.abs(by)), offset - first]);
  return [Infinity, ...new Set(rows.filter((by) => by > 1))];
}

const windowOf = (value: number, modulus: number): number => (modulus === Infinity ? 0 : Math.floor(value / modulus));

/** From the smallest to the largest value of the indices, without multiples of the modulus. */
function hullOf(all: readonly Index[], modulus: number): readonly [low: number, high: number] {
  const ranges = all.map(({ terms, offset }) => {
    if (modulus === Infinity) return rangeOf({ terms, offset });
    return rangeOf({ terms: terms.filter(({ by }) => by % modulus !== 0), offset: offset - Math.floor(offset / modulus) * modulus });
  });
  return [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))];
}

function touchedBy(body: readonly Stmt[]): ReadonlyMap<string, Touched> {
  const all = new Map<string, { stored: boolean; at: Map<string, Index> }>();
  const note = (buffer: string, at: Index, stored: boolean): void => {
    const one = all.get(buffer) ?? { stored: false, at: new Map<string, Index>() };
    all.set(buffer, one);
    one.stored ||= stored;
    one.at.set(print(at), at);
  };
  walkStmts(body, {
    stmt: (s) => s.kind === "store" && note(s.buffer, s.at, true),
    scalar: (s) => s.kind === "load" && note(s.buffer, s.at[0] ?? constant(0), false),
  });
  return new Map([...all].map(([buffer, { stored, at }]) => [buffer, { stored, at: [...at.values()] }]));
}
