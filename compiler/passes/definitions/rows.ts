/**
 * How the rows of a batch go through a step, read off the definitions alone: one by one, into a sum, or into each other.
 *   h[i,j] = relu(z[i,j])          rows, along axis 0
 *   d_w[k,j] = Σ i<32: x[i,k]·…    a sum over the rows
 *   y[i] = x[i] − mean[]           rows that meet, where mean is such a sum: no batch can be split there
 */

import { loadsOf, walkScalar } from "../../loop/build.ts";
import { equal, index, namesIn, quotient, type Index } from "../../loop/index-expression.ts";
import type { Buffer, Reduce, Scalar } from "../../loop/loop.ts";
import type { Defined, Term } from "./define.ts";

/** Where the rows lie: a dimension, and how many positions along it belong to one row. */
export interface RowAxis {
  readonly axis: number;
  readonly per: number;
}

/** What a definition does with the rows, and the index that counts them in it. */
export type Course =
  | { readonly kind: "apart" } // no row is read: the same for all of them
  | { readonly kind: "rows"; readonly name: string; readonly at: RowAxis }
  | { readonly kind: "sum"; readonly name: string; readonly per: number }
  | { readonly kind: "after" }; // made of such a sum

/** Rows that meet: the value in which they do, where it was declared, and why. */
export interface Meeting {
  readonly value: string;
  readonly site: string;
  readonly why: string;
}

export interface Courses {
  /** By definition, in order. */
  readonly of: ReadonlyMap<string, Course>;
  /** The rows of inputs, and of values that are the same for all but are read row by row. */
  readonly rows: ReadonlyMap<string, RowAxis>;
}

export const meets = (found: Courses | Meeting): found is Meeting => "why" in found;

/** Extents of all indices of a definition. */
export function extentsOf({ definition: { axes, value } }: Term): ReadonlyMap<string, number> {
  const extents = new Map(axes.map(({ name, extent }) => [name, extent]));
  walkScalar(value, (part) => {
    if (part.kind === "reduce") for (const { name, extent } of part.over) extents.set(name, extent);
  });
  return extents;
}

/** The index that counts the batch's rows at a position of a load, `per` positions a row; undefined where none does. */
export function rowIndex(at: Index, per: number, batch: number, extents: ReadonlyMap<string, number>): string | undefined {
  const row = quotient(at, per);
  return [...namesIn(at)].find((name) => {
    const extent = extents.get(name)!;
    return extent % batch === 0 && equal(row, quotient(index(name, extent), extent / batch));
  });
}

/** The sum that a value is. */
export function wholeSum(value: Scalar): Reduce | undefined {
  const inner = value.kind === "round" ? value.value : value;
  return inner.kind === "reduce" && inner.by === "add" ? inner : undefined;
}

/** The course of every definition, where inputs of `batch` leading positions hold the rows. */
export function coursesOf(defined: Defined, batch: number): Courses | Meeting {
  const rows = new Map<string, RowAxis>();
  for (const buffer of defined.storage) {
    const own = buffer.role === "input" ? fedRows(buffer, batch) : undefined;
    if (own !== undefined) rows.set(buffer.name, own);
  }
  const shown = new Set(defined.results.map(({ value }) => value));
  const of = new Map<string, Course>();
  /** By sum over the rows, and by what is made of one: the sum. */
  const sums = new Map<string, Term>();
  for (const term of defined.definitions) {
    const { name, target } = term.definition;
    const course = courseOf(term, batch, rows, of, sums);
    if ("why" in course) return course;
    of.set(name, course);
    const made = loadsOf(term.definition.value).flatMap(({ buffer }) => sums.get(buffer) ?? [])[0];
    if (course.kind === "sum") sums.set(name, term);
    else if (made !== undefined) sums.set(name, made);
    if (course.kind !== "rows") continue;
    rows.set(name, course.at);
    if (target === undefined && !shown.has(name)) continue;
    return {
      value: name,
      site: term.site,
      why: target === undefined ? "it is returned for every row" : `it is kept for every row, as ${target}`,
    };
  }
  return { of, rows: new Map([...rows, ...readByRow(defined, batch, of)]) };
}

/** Where an input's rows lie. */
function fedRows({ shape, rows }: Buffer, batch: number): RowAxis | undefined {
  if (rows === undefined) return shape[0] === batch ? { axis: 0, per: 1 } : undefined;
  return rows === "none" ? undefined : rows;
}

function courseOf(
  term: Term,
  batch: number,
  rows: ReadonlyMap<string, RowAxis>,
  known: ReadonlyMap<string, Course>,
  sums: ReadonlyMap<string, Term>,
): Course | Meeting {
  const { name, axes, value } = term.definition;
  const meeting = (why: string): Meeting => ({ value: name, site: term.site, why });
  const extents = extentsOf(term);
  const loads = loadsOf(value);
  const counted = new Set<string>();
  for (const { buffer, at } of loads) {
    const where = rows.get(buffer);
    if (where === undefined) continue;
    const row = rowIndex(at[where.axis]!, where.per, batch, extents);
    if (row === undefined) return meeting(`it reads rows of ${buffer} other than its own`);
    counted.add(row);
  }
  const after = loads.find(({ buffer }) => ["sum", "after"].includes(known.get(buffer)?.kind ?? ""));
  const [row, other] = counted;
  if (row === undefined) return { kind: after === undefined ? "apart" : "after" };
  if (other !== undefined) return meeting("it reads one row beside another");
  const sum = after === undefined ? undefined : sums.get(after.buffer);
  if (sum !== undefined) return meeting(`for every row it reads ${sum.definition.name} (${sum.site}), a sum over all of them`);
  const per = extents.get(row)! / batch;
  const axis = axes.findIndex((one) => one.name === row);
  if (axis >= 0) return { kind: "rows", name: row, at: { axis, per } };
  if (wholeSum(value)?.over.some((one) => one.name === row)) return { kind: "sum", name: row, per };
  return meeting("it combines the rows by something other than a sum");
}

/** The index that counts rows in a definition. */
export const rowNameOf = (course: Course): string | undefined =>
  course.kind === "rows" || course.kind === "sum" ? course.name : undefined;

/** Values that hold no row, but are read at the row's own position by whatever reads them for rows: masks of the live rows, random numbers. */
function readByRow(defined: Defined, batch: number, of: Map<string, Course>): ReadonlyMap<string, RowAxis> {
  const found = new Map<string, RowAxis>();
  const reads = new Map<string, { at: readonly Index[]; row: string; extents: ReadonlyMap<string, number> }[]>();
  const readIn = (term: Term, row: string): void => {
    const extents = extentsOf(term);
    for (const { buffer, at } of loadsOf(term.definition.value)) reads.set(buffer, [...(reads.get(buffer) ?? []), { at, row, extents }]);
  };
  for (const term of [...defined.definitions].reverse()) {
    const { name, axes, shape, target } = term.definition;
    const course = of.get(name)!;
    const row = rowNameOf(course);
    if (row !== undefined) readIn(term, row);
    if (course.kind !== "apart" || target !== undefined) continue;
    const byRow = reads.get(name) ?? [];
    const axis = shape.findIndex(
      (extent, n) =>
        byRow.length > 0 &&
        extent % batch === 0 &&
        byRow.every(({ at, row: own, extents }) => rowIndex(at[n]!, extent / batch, batch, extents) === own),
    );
    if (axis < 0) continue;
    found.set(name, { axis, per: shape[axis]! / batch });
    readIn(term, axes[axis]!.name);
  }
  return found;
}
