/**
 * The one term of a sum that is not zero, where a position tells which:
 *   Σ k<65: [k = y[i]] ? s[i,k] : 0   →   s[i,y[i]], or 0 where y[i] lies outside 0 … 64
 * The sum begins with 0 and adds zeros and that term: in whatever order, the bits are those of 0 + term.
 */

import { conjuncts, round, select, walkScalar } from "./build.ts";
import { equal, index, namesIn } from "./index-expression.ts";
import type { DType } from "../graph/type.ts";
import type { Axis, Buffer, Definition, Reduce, Scalar } from "./loop.ts";

/** A term, and the position that it stands at along the axis. */
export interface Pick {
  readonly axis: Axis;
  /** An integer that no iteration of the sum changes. */
  readonly at: Scalar;
  readonly term: Scalar;
}

/** The term that a sum over one axis picks; undefined where it adds others too. */
export function pickOf({ by, over, term }: Reduce): Pick | undefined {
  const [axis, other] = over;
  if (by !== "add" || axis === undefined || other !== undefined || axis.extent < 2) return undefined;
  const chosen = chosenBy(term, axis);
  return chosen === undefined ? undefined : { axis, ...chosen };
}

/** A sum that adds every term to the place which a position tells: `y[p[n],j] += d[n,j]`. */
export interface PlacedSum extends Pick {
  readonly over: readonly Axis[];
}

/**
 * A sum in memory whose terms are zero but where one of the definition's axes is at a position:
 *   y[i,j] = Σ n<8 in memory: [p[n] = i] ? d[n,j] : 0   →   y[p[n],j] += d[n,j] for every n in order
 * Undefined for another. Adding a zero to a sum that began with 0 changes no bit.
 */
export function placedSum({ axes, value }: Definition): PlacedSum | undefined {
  const sum = value.kind === "round" ? value.value : value;
  if (sum.kind !== "reduce" || sum.inMemory !== true) return undefined;
  for (const axis of axes) {
    if (axis.extent < 2) continue;
    const chosen = chosenBy(sum.term, axis);
    if (chosen !== undefined && !axes.some(({ name }) => dependsOn(chosen.at, name))) return { axis, over: sum.over, ...chosen };
  }
  return undefined;
}

/** Storage for a sum of which only the places count that terms are added to: as much as the terms and their positions, not as the places. */
export interface PlacesStorage {
  /** Of each term the sum of its place so far. */
  readonly sums: Buffer;
  /** Of each term the one before it that goes to the same place; as many as there are terms where none does. */
  readonly before: Buffer;
  /** Of the last term of a place that place; of others one outside. */
  readonly place: Buffer;
  /** Of each place that occurs its last term. */
  readonly last: Buffer;
}

/** The storage of a sum at places, and of nothing else. */
export function storageOfPlaces(definition: Definition): PlacesStorage {
  const { axis, over } = placedSum(definition)!;
  const terms = over.reduce((n, { extent }) => n * extent, 1);
  const inner = definition.axes.filter(({ name }) => name !== axis.name);
  const buffer = (name: string, dtype: DType, ...shape: readonly number[]): Buffer => ({
    name: `${definition.name}.${name}`,
    dtype,
    shape,
    role: "scratch",
  });
  return {
    sums: buffer("sums", definition.dtype, terms, ...inner.map(({ extent }) => extent)),
    before: buffer("before", "i32", terms),
    place: buffer("place", "i32", terms),
    last: buffer("last", "i32", axis.extent),
  };
}

/** A value that is zero but where an axis is at one position: that position, and the value there. */
export function chosenBy(value: Scalar, axis: Axis): { readonly at: Scalar; readonly term: Scalar } | undefined {
  if (value.kind === "round") {
    const inner = chosenBy(value.value, axis);
    return inner && { at: inner.at, term: round(inner.term) };
  }
  if (value.kind !== "select" || !isZero(value.otherwise)) return undefined;
  const conditions = conjuncts(value.when);
  for (const one of conditions) {
    const at = positionIn(one, axis);
    if (at === undefined) continue;
    const term = conditions.filter((other) => other !== one).reduceRight((then, when) => select(when, then, value.otherwise), value.then);
    return { at, term };
  }
  return undefined;
}

const isZero = (s: Scalar): boolean => s.kind === "literal" && Object.is(s.value, 0);

/** p of `axis = p`. */
function positionIn(s: Scalar, { name, extent }: Axis): Scalar | undefined {
  if (s.kind !== "apply" || s.fn !== "eq") return undefined;
  const isAxis = (one: Scalar): boolean => one.kind === "index" && equal(one.at, index(name, extent));
  const [a, b] = s.args as [Scalar, Scalar];
  const at = isAxis(a) ? b : isAxis(b) ? a : undefined;
  return at?.dtype === "i32" && at.kind !== "index" && !dependsOn(at, name) ? at : undefined;
}

function dependsOn(s: Scalar, name: string): boolean {
  let found = false;
  walkScalar(s, (part) => {
    const places = part.kind === "load" ? part.at : part.kind === "index" ? [part.at] : [];
    found ||= part.kind === "reduce" || places.some((at) => namesIn(at).has(name));
  });
  return found;
}
