/** The loops of a reduction, at all points of a tile side by side: term after term, or in four sums along its innermost axis. */

import { sizeOf, type DType } from "../../../graph/type.ts";
import {
  apply,
  firstReduce,
  keyOf,
  literal,
  loadsOf,
  local,
  mapScalar,
  round,
  select,
  substitute,
  walkScalar,
} from "../../../loop/build.ts";
import { hoistInvariants, shareSubexpressions } from "../../../loop/cse.ts";
import {
  add,
  constant,
  index,
  namesIn,
  rowMajor,
  shift,
  strideOf,
  substitute as substituteIndex,
  type Index,
} from "../../../loop/index-expression.ts";
import { LANES, obstacle } from "../../../loop/lanes.ts";
import { pickOf, type Pick } from "../../../loop/pick.ts";
import type { Axis, Reduce, Scalar, Stmt } from "../../../loop/loop.ts";
import { isProduct } from "../group.ts";
import { LANE, loop, loopAt, loopsAround, positionsOf, remainderOf, suffixed, type Point } from "../points.ts";
import { valuesOf } from "../tile.ts";
import { LEAST_IN_LANES } from "../tiles/sum-order.ts";
import { Nest } from "./nest.ts";

/**
 * Emits the loops of the values' reductions, all points side by side, and returns the values that read their results. A reduction that
 * is all of its value is called `whole`.
 */
export function reduced(
  nest: Nest,
  values: readonly Scalar[],
  points: readonly Point[],
  out: Stmt[],
  resumed?: readonly Scalar[],
  whole?: string,
): Scalar[] {
  let now = [...values];
  for (;;) {
    const found = now.map(firstReduce);
    const [first] = found;
    if (first === undefined) return now;
    const isWhole = whole !== undefined && now.every((value, n) => value === found[n]);
    const results = points.map((p) =>
      nest.names.take(isWhole ? suffixed(whole, p.suffix) : `${first.by === "add" ? "sum" : first.by}${p.suffix}`),
    );
    const terms = found.map((r) => r!.term);
    out.push(...reduction(nest, first, terms, results, resumed));
    now = now.map((value, n) => mapScalar(value, (part) => (part === found[n] ? local(results[n]!, part.dtype) : part)));
  }
}

/** The loops of one reduction at every point: each term goes into the local of its result. `resumed` are sums that it goes on with. */
function reduction(
  nest: Nest,
  reduce: Reduce,
  terms: readonly Scalar[],
  results: readonly string[],
  resumed: readonly Scalar[] | undefined,
): Stmt[] {
  const picks = resumed === undefined ? terms.flatMap((term) => pickOf({ ...reduce, term }) ?? []) : [];
  if (picks.length === terms.length && (!nest.inLanes || picks.every(({ at }) => isShared(at)))) return picked(nest, picks, results);
  // in its kernel a reduction's axes are k, k2, …
  const all = reduce.over.map((axis, n) => ({ ...axis, name: n === 0 ? "k" : `k${n + 1}` }));
  const renamed = new Map(reduce.over.map((axis, n) => [axis.name, index(all[n]!.name, axis.extent)]));
  const over = resumed === undefined ? all : all.slice(1);
  const named = terms.map((term) => substitute(term, renamed));
  const { lets, scalars } = hoistInvariants(named, new Set(over.map(({ name }) => name)), nest.writtenParams(), (part) =>
    nest.nameOf(part),
  );
  if (reduce.by === "argmax") return [...lets, ...firstLargest(nest, over, scalars, results)];
  const sums = combining(nest, reduce.by, reduce.dtype, resumed, reduce.inMemory);
  const strips = !sums.resumes && inLanes(reduce) ? inStrips(nest, over, scalars, results, sums) : undefined;
  return [...lets, ...sums.begin(results), ...(strips ?? oneByOne(nest, reduce, over, scalars, results, sums))];
}

/** Sums of which one term counts: it is taken at the position that tells it, once for all points that have one position. */
function picked(nest: Nest, picks: readonly Pick[], results: readonly string[]): Stmt[] {
  const sums = combining(nest, "add", picks[0]!.term.dtype, undefined);
  const positions = new Map<string, { readonly names: string[]; readonly picks: Pick[] }>();
  picks.forEach((pick, n) => {
    const key = keyOf(pick.at);
    const same = positions.get(key) ?? { names: [], picks: [] };
    positions.set(key, same);
    same.names.push(results[n]!);
    same.picks.push(pick);
  });
  const loops = [...positions.values()].map(({ names, picks: same }): Stmt => {
    const [{ at, axis }] = same as [Pick];
    const name = nest.nameOf(at);
    const terms = same.map(({ term }) => substitute(term, new Map([[axis.name, index(name, axis.extent)]])));
    return loopAt({ name, extent: axis.extent }, at, sums.steps(names, terms));
  });
  return [...sums.begin(results), ...loops];
}

/** Whether a position is the same in all lanes. */
function isShared(at: Scalar): boolean {
  let shared = true;
  walkScalar(at, (part) => {
    if (part.kind === "local") shared = false;
    if (part.kind === "load" && part.at.some((one) => namesIn(one).has(LANE))) shared = false;
  });
  return shared;
}

/** How terms are combined: the locals that hold sums, a term taken into each, and sums taken into others. */
interface Combining {
  readonly fn: "add" | "max";
  /** Whether the locals go on with sums that memory holds. */
  readonly resumes: boolean;
  begin(names: readonly string[]): Stmt[];
  steps(names: readonly string[], terms: readonly Scalar[]): Stmt[];
  gather(names: readonly string[], parts: readonly string[]): Stmt[];
}

/** `resumed`: what the locals begin with, where not at the beginning. `inMemory`: every step rounds as storage does. */
function combining(nest: Nest, fn: "add" | "max", dtype: DType, resumed: readonly Scalar[] | undefined, inMemory?: true): Combining {
  const start = literal(fn === "add" ? 0 : -Infinity, dtype);
  const kept = (value: Scalar): Scalar => (inMemory === true ? round(value) : value);
  const taken = (name: string, value: Scalar): Stmt => ({ kind: "assign", name, value: kept(apply(fn, dtype, local(name, dtype), value)) });
  return {
    fn,
    resumes: resumed !== undefined,
    begin: (names) => names.map((name, n) => ({ kind: "let", name, dtype, value: resumed?.[n] ?? start, mutable: true })),
    steps(names, terms) {
      const { lets, scalars } = sideBySide(nest, terms);
      return [...lets, ...scalars.map((term, n) => taken(names[n]!, term))];
    },
    gather: (names, parts) => parts.map((part, n) => taken(names[n]!, local(part, dtype))),
  };
}

/** Whether a reduction over flat loads is taken in lanes along its innermost axis: a sum says so itself, a largest term is the same in any order. */
function inLanes({ by, over, term, inLanes }: Reduce): boolean {
  const last = over.at(-1);
  if (by === "add") return inLanes === true;
  if (by === "argmax" || last === undefined || last.extent < LEAST_IN_LANES) return false;
  const names = new Set(over.map(({ name }) => name));
  const moved = loadsOf(term).filter(({ at }) => [...namesIn(at[0]!)].some((name) => names.has(name)));
  const strides = moved.map(({ at }) => strideOf(at[0]!, last.name));
  return strides.includes(1) && strides.every((stride) => stride === 0 || stride === 1);
}

/**
 * Four sums side by side along the innermost axis, in lanes where there are some; what fills no vector comes first, point by point.
 * Undefined where lanes cannot run in lockstep, and the order is one that needs none.
 */
function inStrips(
  nest: Nest,
  over: readonly Axis[],
  terms: readonly Scalar[],
  results: readonly string[],
  sums: Combining,
): Stmt[] | undefined {
  const [outer, last] = [over.slice(0, -1), over.at(-1)];
  if (last === undefined) return undefined;
  const whole = last.extent - (last.extent % LANES);
  const at = (where: Index): Scalar[] => terms.map((term) => substitute(term, new Map([[last.name, where]])));
  const first = index(last.name, whole - LANES + 1);
  const points = (): Stmt[] => remainderOf(last, whole, (where) => sums.steps(results, at(where)));
  const rest = last.extent === whole ? [] : loopsAround(outer, points());
  if (whole === 0) return rest;
  const strips = (body: readonly Stmt[]): Stmt[] => {
    const head = { kind: "for", index: last.name, from: constant(0), to: constant(whole), step: LANES, form: "loop" } as const;
    return loopsAround(outer, whole > LANES ? [{ ...head, body }] : body);
  };
  if (nest.lanes > 1 && !nest.inLanes) {
    const parts = results.map((name) => nest.names.take(`${name}_lanes`));
    const vector = nest.lockstep(() => [
      ...sums.begin(parts),
      ...strips(sums.steps(parts, at(add(first, index(LANE, LANES))))),
      ...sums.gather(results, parts),
    ]);
    if (obstacle(vector, nest.lengths()) === undefined) return [...rest, vector];
  }
  if (sums.fn === "max") return undefined;
  const four = Array.from({ length: LANES }, (_, lane) => results.map((name) => nest.names.take(`${name}_${lane}`)));
  return [
    ...rest,
    ...sums.begin(four.flat()),
    ...strips(four.flatMap((names, lane) => sums.steps(names, at(shift(first, lane))))),
    ...four.flatMap((parts) => sums.gather(results, parts)),
  ];
}

/** Term after term, row-major over the axes. */
function oneByOne(
  nest: Nest,
  reduce: Reduce,
  over: readonly Axis[],
  terms: readonly Scalar[],
  results: readonly string[],
  sums: Combining,
): Stmt[] {
  if (nest.inLanes && !sums.resumes && !isProduct(reduce.term))
    return everywhere(nest, over, terms, (scalars) => sums.steps(results, scalars));
  const [outer, last] = [over.slice(0, -1), over.at(-1)];
  const inside = sums.steps(results, terms);
  if (last === undefined) return inside;
  // what is left beside whole tiles is little time, and would be as much text again
  const { unrolled } = nest.tile;
  const isWhole = terms.length === valuesOf(nest.tile);
  return loopsAround(outer, loop(last, inside, isWhole && unrolled !== undefined && last.extent >= unrolled ? unrolled : undefined));
}

/** Terms that stand side by side, what they have in common named. */
function sideBySide(nest: Nest, terms: readonly Scalar[]): { lets: Stmt[]; scalars: Scalar[] } {
  return shareSubexpressions(terms, (part) => nest.nameOf(part), terms.length > 1);
}

/** The steps at every position of a reduction, in their order: in loops, or of a window in lanes written out. */
function everywhere(
  nest: Nest,
  over: readonly Axis[],
  scalars: readonly Scalar[],
  steps: (scalars: readonly Scalar[], here: Index) => Stmt[],
): Stmt[] {
  const extents = over.map(({ extent }) => extent);
  const here = rowMajor(
    over.map(({ name, extent }) => index(name, extent)),
    extents,
  );
  const at = (where: ReadonlyMap<string, Index>): Stmt[] =>
    steps(
      scalars.map((s) => substitute(s, where)),
      substituteIndex(here, where),
    );
  if (!nest.inLanes || sizeOf(extents) > WINDOW) return loopsAround(over, at(new Map()));
  return positionsOf(over).flatMap(at);
}

/** Positions of the largest window that is written out. */
const WINDOW = 9;

/** The first position of the largest term. */
function firstLargest(nest: Nest, over: readonly Axis[], terms: readonly Scalar[], results: readonly string[]): Stmt[] {
  const of = terms[0]!.dtype;
  const best = results.map(() => nest.names.take("best"));
  const step = (term: Scalar, n: number, here: Index): Stmt[] => {
    const value = nest.names.take("value");
    const larger = apply("lt", "bool", local(best[n]!, of), local(value, of));
    const position: Scalar = { kind: "index", dtype: "i32", at: here };
    const found: Stmt = { kind: "let", name: value, dtype: of, value: term, mutable: false };
    if (!nest.inLanes) {
      const then: Stmt[] = [
        { kind: "assign", name: best[n]!, value: local(value, of) },
        { kind: "assign", name: results[n]!, value: position },
      ];
      return [found, { kind: "if", when: larger, then }];
    }
    // lanes do not branch
    return [
      found,
      { kind: "assign", name: results[n]!, value: select(larger, position, local(results[n]!, "i32")) },
      { kind: "assign", name: best[n]!, value: select(larger, local(value, of), local(best[n]!, of)) },
    ];
  };
  const steps = (at: readonly Scalar[], here: Index): Stmt[] => {
    const { lets, scalars } = sideBySide(nest, at);
    return [...lets, ...scalars.flatMap((term, n) => step(term, n, here))];
  };
  const begin = (name: string, value: Scalar): Stmt => ({ kind: "let", name, dtype: value.dtype, value, mutable: true });
  return [
    ...best.map((name) => begin(name, literal(-Infinity, of))),
    ...results.map((name) => begin(name, literal(0, "i32"))),
    ...everywhere(nest, over, terms, steps),
  ];
}
