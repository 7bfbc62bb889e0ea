/** Operands that are zero outside their bounds, as copies in a margin of zeros: `where(inside, x[…], 0)` becomes a load. */

import { sizeOf } from "../../../graph/type.ts";
import { load, loadsOf, mapScalar, walkScalar } from "../../../loop/build.ts";
import { add, constant, equal, index, rangeOf, scale, shift, strideOf, type Index } from "../../../loop/index-expression.ts";
import type { Definition, Group, Load, Scalar, Select } from "../../../loop/loop.ts";
import { axesOf } from "../../definitions/define.ts";
import type { Machine } from "../../../loop/machine.ts";
import type { Buffers } from "../group.ts";
import { copyOf, isExact, named, type Keep } from "./copy.ts";
import { inEveryReduction } from "./sums.ts";

/** A copy pays where each of its elements is read at least so often: a guard costs one value a test, and lanes that they are lanes at all. */
const LEAST_READS = { inLanes: 1, oneByOne: 4 };

/** Operands with guards as copies in a margin of zeros. */
export function withMargins(group: Group, { lanes }: Machine, buffers: Buffers, keep: Keep): Group {
  const least = lanes > 1 ? LEAST_READS.inLanes : LEAST_READS.oneByOne;
  // what the same kernel computes is not there yet
  const own = new Set(group.stages.map(({ definition }) => definition.name));
  const readsOwn = (s: Scalar): boolean => loadsOf(s).some(({ buffer }) => own.has(buffer));
  return inEveryReduction(group, ({ reduce, definition, points }) => ({
    ...reduce,
    term: mapScalar(reduce.term, (factor) =>
      factor.kind === "select" && !readsOwn(factor) ? (withMargin(factor, definition, points / least, buffers, keep) ?? factor) : factor,
    ),
  }));
}

/**
 * where(inside, x[…], 0) as a load of a copy with a margin; undefined where the guard is no question of position alone. x may be computed
 * from several loads, of which one has all positions: storing rounds it, so it must have been rounded before. The copy has at most `most`
 * elements.
 */
function withMargin(
  guarded: Select,
  reader: Definition,
  most: number,
  buffers: Buffers,
  keep: (definition: Definition) => void,
): Scalar | undefined {
  const { then, otherwise, when } = guarded;
  if (!isExact(then)) return undefined;
  // a mask is no guard: behind another one it is copied with that
  if (loadsOf(when).length > 0 && !loadsOf(guarded).every((part) => staysInside(part, buffers))) return undefined;
  if (otherwise.kind !== "literal" || otherwise.value !== 0) return undefined;
  const of = loadsOf(then).sort((a, b) => b.at.length - a.at.length)[0];
  if (of === undefined) return undefined;
  // one position a dimension: of a quotient, what it divides; of several dimensions in a row, those that the guard asks for
  const asked = positionsIn(when);
  const positions = of.at.flatMap((at): readonly Index[] => {
    const [only] = at.terms;
    return at.terms.length === 1 && only!.atom.kind === "quotient" ? [only!.atom.of] : (apart(at, asked) ?? [at]);
  });
  const ranges = positions.map(rangeOf);
  const shape = ranges.map(([low, high]) => high - low + 1);
  if (sizeOf(shape) > most) return undefined;
  const axes = axesOf(shape);
  const own = axes.map((axis, n) => shift(index(axis.name, axis.extent), ranges[n]![0]));
  const moved = (at: Index): Index | undefined => rewritten(at, positions, own);
  let fits = true;
  const inCopy = mapScalar({ ...guarded, when }, (part): Scalar => {
    if (part.kind === "load") return { ...part, at: part.at.map((at) => moved(at) ?? ((fits = false), at)) };
    if (part.kind === "index") return { ...part, at: moved(part.at) ?? ((fits = false), part.at) };
    fits &&= ["literal", "apply", "select", "round"].includes(part.kind);
    return part;
  });
  if (!fits) return undefined;
  const name = named(`${of.buffer}_padded`, buffers);
  const shown = then.kind === "load" ? of.buffer : `what is computed from ${of.buffer}`;
  keep(copyOf(name, of, axes, inCopy, "pad", reader, shown));
  return load(name, inCopy.dtype, ...positions.map((at, n) => shift(at, -ranges[n]![0])));
}

/** Whether a load stays inside its buffer wherever its loops go. */
export const staysInside = ({ buffer, at }: Load, buffers: Buffers): boolean => {
  const { shape } = buffers.get(buffer)!;
  return at.every((one, n) => {
    const [low, high] = rangeOf(one);
    return low >= 0 && high < shape[n]!;
  });
};

/** The positions that a guard asks for. */
function positionsIn(when: Scalar): readonly Index[] {
  const found: Index[] = [];
  walkScalar(when, (part) => {
    if (part.kind === "index" && part.at.terms.length > 0 && !found.some((one) => sameTerms(one, part.at))) found.push(part.at);
  });
  return found;
}

/** A position in rows of rows as those that it is made of, the farthest apart in memory first: 28·(l + k − 1) + (m + n − 1) as l + k − 1 and m + n − 1. */
function apart(at: Index, asked: readonly Index[]): readonly Index[] | undefined {
  if (asked.some((one) => sameTerms(one, at))) return undefined;
  const parts = asked.filter((one) => multiple(at, one) !== undefined);
  if (parts.length === 0) return undefined;
  const { terms } = without(at, parts);
  // what no guard asks for stays one position: of several, elements would be copied more than once
  const by = terms.map((term) => Math.abs(term.by)).reduce(gcd, 0);
  const rest: Index = { terms: terms.map((term) => ({ ...term, by: term.by / by })), offset: 0 };
  return [...(terms.length > 0 ? [rest] : []), ...parts].sort((a, b) => Math.abs(multiple(at, b)!) - Math.abs(multiple(at, a)!));
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** What is left of a position without all multiples of others. */
const without = (at: Index, parts: readonly Index[]): Index =>
  parts.reduce((left, part) => add(left, scale(part, -(multiple(at, part) ?? 0))), at);

/** How often a position is in another, by all of its terms; undefined where it is not. */
function multiple(at: Index, part: Index): number | undefined {
  const [first, ...others] = part.terms.map(({ atom, by }) => (atom.kind === "index" ? (strideOf(at, atom.name) ?? 0) / by : 0));
  const is = first !== undefined && first !== 0 && Number.isInteger(first) && others.every((one) => one === first);
  return is ? first : undefined;
}

/** An index of the reader as one of the copy, whose axes count the reader's positions. */
function rewritten(at: Index, positions: readonly Index[], own: readonly Index[]): Index | undefined {
  if (at.terms.length === 0) return at;
  const n = positions.findIndex((position) => sameTerms(position, at));
  if (n >= 0) return shift(own[n]!, at.offset - positions[n]!.offset);
  const rest = without(at, positions);
  if (rest.terms.length === 0) return shift(add(...own.map((one, p) => scale(one, multiple(at, positions[p]!) ?? 0))), rest.offset);
  const parts = at.terms.map(({ atom, by }): Index | undefined => {
    if (atom.kind === "index") return undefined;
    const of = rewritten(atom.of, positions, own);
    return of === undefined ? undefined : scale({ terms: [{ atom: { ...atom, of }, by: 1 }], offset: 0 }, by);
  });
  if (parts.some((part) => part === undefined)) return undefined;
  return shift(add(constant(0), ...(parts as Index[])), at.offset);
}

const sameTerms = (a: Index, b: Index): boolean =>
  a.terms.length > 0 && equal({ terms: a.terms, offset: 0 }, { terms: b.terms, offset: 0 });
