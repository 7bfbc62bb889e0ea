/** The sums of products of a group: each replaced where it stands, or taken into a buffer of its own. */

import { sizeOf } from "../../../graph/type.ts";
import { loadsOf, mapScalar, round, storedIn, substitute as substituteAll, walkScalar } from "../../../loop/build.ts";
import { index, type Index } from "../../../loop/index-expression.ts";
import type { Axis, Definition, Group, Load, Reduce, Scalar, Stage } from "../../../loop/loop.ts";
import { axesOf } from "../../definitions/define.ts";
import { isProduct, type Buffers } from "../group.ts";
import { named } from "./copy.ts";

/** A sum and where it stands. */
export interface Site {
  readonly reduce: Reduce;
  readonly definition: Definition;
  /** How many products are summed in all. */
  readonly points: number;
}

/** Replaces the sums of products in a group, but for those of what its own loops make: no copy could stand before them. */
export function inEveryReduction(group: Group, replace: (site: Site) => Reduce): Group {
  const own = new Set(group.stages.flatMap(({ definition }) => [definition.name, storedIn(definition)]));
  const stages = group.stages.map((stage): Stage => {
    const { definition } = stage;
    const value = mapScalar(definition.value, (part) => {
      if (part.kind !== "reduce" || part.by !== "add" || !isProduct(part.term)) return part;
      if (loadsOf(part.term).some(({ buffer }) => own.has(buffer))) return part;
      const points = sizeOf(definition.shape) * sizeOf(part.over.map(({ extent }) => extent));
      return replace({ reduce: part, definition, points });
    });
    return value === definition.value ? stage : { ...stage, definition: { ...definition, value } };
  });
  return stages.every((stage, n) => stage === group.stages[n]) ? group : { ...group, stages };
}

/** The sum with its loads replaced; the same one where none is. */
export const withLoads = (reduce: Reduce, replace: (load: Load) => Scalar): Reduce => {
  const term = mapScalar(reduce.term, (part) => (part.kind === "load" ? replace(part) : part));
  return term === reduce.term ? reduce : { ...reduce, term };
};

/** The sum that a value is, rounded or not. */
export const bare = (value: Scalar): Reduce | undefined => {
  const inner = value.kind === "round" ? value.value : value;
  return inner.kind === "reduce" && inner.by === "add" && isProduct(inner.term) ? inner : undefined;
};

/** The first sum of products in a value. */
export const firstSum = (value: Scalar): Reduce | undefined => {
  let found: Reduce | undefined;
  walkScalar(value, (part) => {
    if (part.kind === "reduce" && part.by === "add" && isProduct(part.term)) found ??= part;
  });
  return found;
};

/** The sums of a definition as a buffer of their own, its axes in the given order. */
export function sumsOf(of: Definition, axes: readonly Axis[], sums: Reduce, buffers: Buffers): Definition {
  const own = axesOf(axes.map(({ extent }) => extent));
  const to = new Map(axes.map(({ name }, n) => [name, index(own[n]!.name, own[n]!.extent)]));
  const value = round(renamed(sums, to));
  const name = named(`${of.name}_sums`, buffers);
  const doc = [{ maths: `${name} = the sums of ${of.name}`, node: name, role: `sums for ${of.name}`, site: of.doc.at(-1)?.site ?? "" }];
  return { name, dtype: of.dtype, shape: axes.map(({ extent }) => extent), axes: own, value, op: of.op, doc };
}

/** A value with its sum read from where it is stored, rounded. */
export const withSums = (value: Scalar, sum: Reduce, read: Scalar): Scalar =>
  mapScalar(value, (part) => (part === sum ? read : part.kind === "round" && part.value === read ? read : part));

/** Axes of the reader by new names; those of the sum keep theirs. */
export const renamed = (reduce: Reduce, to: ReadonlyMap<string, Index>): Reduce => ({
  ...reduce,
  term: substituteAll(reduce.term, to),
});

/** A sum of fewer products starts and ends more often than it reads. */
export const LEAST_DEEP = 32;

/** From this extent on a sum is as fast in lanes along itself as along its columns. */
export const LONG = 256;
