/** Whether an index stays inside a buffer under the loops and conditions around it: by intervals first, then point by point. */

import { mapScalar } from "../build.ts";
import { add, constant, evaluate, namesIn, print as keyOfIndex, scale, shift, type Index, type Term } from "../index-expression.ts";
import { evaluateScalar } from "../interpret/index.ts";
import type { Scalar } from "../loop.ts";

type Range = readonly [low: number, high: number];

/** A loop around: its bounds, which may move with the loops around it. */
interface Loop {
  readonly from: Index;
  readonly to: Index;
  readonly step: number;
  /** Smallest and largest value; the loop is empty where low > high. */
  readonly range: Range;
}

/** The loops around a place by their index, the outermost first. */
export type Loops = ReadonlyMap<string, Loop>;

/** An element outside, and the point of the loops that asks for it; or how far the index may reach, where there are too many points to try. */
type Outside = { readonly value: number; readonly point: ReadonlyMap<string, number> } | { readonly range: Range };

/** Where not 0 ≤ index < length although all guards hold: by intervals, else point by point. Undefined where it is inside everywhere. */
export function outsideOf(index: Index, length: number, guards: readonly Scalar[], loops: Loops): Outside | undefined {
  if ([...loops.values()].some(({ range: [low, high] }) => low > high)) return undefined;
  const given = [...guards.flatMap((guard) => lawsOf(guard, true)), ...lawsOfLoops(loops)];
  const laws = [...given, ...lawsOfQuotients(index, given, loops)];
  const high = highest(index, laws, loops);
  const low = -highest(scale(index, -1), laws, loops);
  if (low >= 0 && high < length) return undefined;
  return searchOutside(index, length, guards, loops, [low, high]);
}

/** What a condition says of indices, each as an index that is ≥ 0. */
function lawsOf(s: Scalar, holds: boolean): Index[] {
  if (s.kind !== "apply") return [];
  const [a, b] = s.args;
  if (a === undefined) return [];
  if (s.fn === "not") return lawsOf(a, !holds);
  if (b === undefined) return [];
  if (s.fn === (holds ? "and" : "or")) return [...lawsOf(a, holds), ...lawsOf(b, holds)];
  const [x, y] = [affine(a), affine(b)];
  if (x === undefined || y === undefined) return [];
  const below = add(y, scale(x, -1)); // y − x
  const above = scale(below, -1); // x − y
  if (s.fn === "lt") return holds ? [shift(below, -1)] : [above];
  if (s.fn === "le") return holds ? [below] : [shift(above, -1)];
  return s.fn === "eq" && holds ? [below, above] : [];
}

/** An integer scalar as an index, where it is one. */
function affine(s: Scalar): Index | undefined {
  if (s.kind === "index") return s.at;
  if (s.kind === "literal") return Number.isInteger(s.value) ? constant(s.value) : undefined;
  if (s.kind !== "apply") return undefined;
  const [a, b] = s.args.map(affine);
  if (a === undefined) return undefined;
  if (s.fn === "neg") return scale(a, -1);
  if (b === undefined) return undefined;
  if (s.fn === "add") return add(a, b);
  if (s.fn === "sub") return add(a, scale(b, -1));
  if (s.fn === "mul" && b.terms.length === 0) return scale(a, b.offset);
  return undefined;
}

/** from ≤ index < to, where these move with an outer loop. */
function lawsOfLoops(loops: Loops): Index[] {
  return [...loops].flatMap(([name, { from, to, range }]) => {
    if (from.terms.length === 0 && to.terms.length === 0) return [];
    const self: Index = { terms: [{ atom: { kind: "index", name, extent: range[1] + 1 }, by: 1 }], offset: 0 };
    return [add(self, scale(from, -1)), shift(add(to, scale(self, -1)), -1)];
  });
}

/** ⌊low / n⌋ ≤ ⌊a / n⌋ ≤ ⌊high / n⌋, where the laws keep a from low to high. */
function lawsOfQuotients({ terms }: Index, laws: readonly Index[], loops: Loops): Index[] {
  return terms.flatMap(({ atom }) => {
    if (atom.kind !== "quotient") return [];
    const self: Index = { terms: [{ atom, by: 1 }], offset: 0 };
    const high = highest(atom.of, laws, loops);
    const low = -highest(scale(atom.of, -1), laws, loops);
    return [shift(self, -Math.floor(low / atom.by)), shift(scale(self, -1), Math.floor(high / atom.by))];
  });
}

const keyOf = (term: Term): string => keyOfIndex({ terms: [{ atom: term.atom, by: 1 }], offset: 0 });

/** A bound from above: a ≤ a + λ·law for every law ≥ 0 and λ ≥ 0; λ cancels a term, and is kept where the bound falls. */
function highest(a: Index, laws: readonly Index[], loops: Loops): number {
  let sum = a;
  let bound = rangeIn(sum, loops)[1];
  for (let falling = true; falling;) {
    falling = false;
    for (const law of laws)
      for (const term of law.terms) {
        const mine = sum.terms.find((t) => keyOf(t) === keyOf(term));
        if (mine === undefined || mine.by * term.by > 0) continue;
        const next = add(sum, scale(law, -mine.by / term.by));
        const nextBound = rangeIn(next, loops)[1];
        if (!(nextBound < bound - 1e-9)) continue;
        [sum, bound, falling] = [next, nextBound, true];
      }
  }
  return Math.floor(bound + 1e-9);
}

/** Smallest and largest value where each loop index keeps to its loop. */
function rangeIn(a: Index, loops: Loops): Range {
  let low = a.offset;
  let high = a.offset;
  for (const { atom, by } of a.terms) {
    let range: Range;
    if (atom.kind === "index") range = loops.get(atom.name)?.range ?? [0, atom.extent - 1];
    else {
      const [from, to] = rangeIn(atom.of, loops).map((value) => Math.floor(value / atom.by)) as [number, number];
      if (atom.kind === "quotient") range = [from, to];
      else if (from !== to) range = [0, atom.by - 1];
      else range = rangeIn(atom.of, loops).map((v) => v - from * atom.by) as [number, number];
    }
    low += Math.min(by * range[0], by * range[1]);
    high += Math.max(by * range[0], by * range[1]);
  }
  return [low, high];
}

/** The last value of a loop is from + a whole number of steps, below `to`. */
export function rangeOfLoop({ from, to, step }: Omit<Loop, "range">, loops: Loops): Range {
  const [low, lastStart] = rangeIn(from, loops);
  const span = add(to, scale(from, -1));
  if (span.terms.length === 0) return [low, lastStart + Math.floor((span.offset - 1) / step) * step];
  const end = rangeIn(to, loops)[1];
  return [low, low === lastStart ? low + Math.floor((end - 1 - low) / step) * step : end - 1];
}

/** Points that are tried one by one where intervals do not decide. */
const MOST_POINTS = 1e6;

/** Tries every point of the loops that matter for one where all guards hold and the index is outside. */
function searchOutside(index: Index, length: number, guards: readonly Scalar[], all: Loops, range: Range): Outside | undefined {
  const names = namesIn(index);
  for (const guard of guards)
    mapScalar(guard, (part) => {
      if (part.kind === "index") namesIn(part.at, names);
      return part;
    });
  // bounds of a loop may name the loops around it: innermost first finds them all
  for (const [name, { from, to }] of [...all].reverse()) if (names.has(name)) for (const bound of [from, to]) namesIn(bound, names);
  const loops = [...all].filter(([name]) => names.has(name));
  const points = loops.reduce((n, [, { range, step }]) => n * ((range[1] - range[0]) / step + 1), 1);
  if (points > MOST_POINTS) return { range };

  const point = new Map<string, number>();
  const env = { locals: new Map<string, number>(), indices: point, load: () => NaN };
  const search = (depth: number): Outside | undefined => {
    const entry = loops[depth];
    if (entry === undefined) {
      const value = evaluate(index, point);
      if (value >= 0 && value < length) return undefined;
      if (!guards.every((guard) => evaluateScalar(guard, env) !== 0)) return undefined;
      return { value, point: new Map(point) };
    }
    const [name, { from, to, step }] = entry;
    const end = evaluate(to, point);
    for (let n = evaluate(from, point); n < end; n += step) {
      point.set(name, n);
      const found = search(depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return search(0);
}
