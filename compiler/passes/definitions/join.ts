/** When a definition may be computed in another's loops, and where it may not, the reason, as data. */

import { firstReduce, loadsOf, substitute } from "../../loop/build.ts";
import { equal, index, type Index } from "../../loop/index-expression.ts";
import type { Apart, Axis, Definition, Scalar } from "../../loop/loop.ts";
import { weighted } from "../loops/unroll.ts";
import type { Term } from "./define.ts";
import type { Dependence } from "./dependence.ts";
import { wholeSum } from "./rows.ts";

/** An item under construction: a group, or a scalar of the entry. */
export interface Item {
  readonly at: number;
  axes: readonly Axis[];
  readonly terms: Term[];
  readonly tiled: boolean;
  readonly scalar: boolean;
  readonly totals: Set<string>;
  /** The definitions of its terms by name, what they replace, and all that its loops read and make. */
  readonly members: Map<string, Definition>;
  readonly overwritten: Set<string>;
  readonly names: Set<string>;
}

/** A kernel takes a parameter for each buffer it touches, of which an engine allows a thousand; and a longer one is not optimized. */
const MOST_NAMES = 256;

/** An item of one term, whose loops are tiled, or not. */
export function itemOf(term: Term, at: number, tiled: boolean): Item {
  const { definition } = term;
  const scalar = definition.shape.length === 0 && !hasReduce(definition.value);
  const made = { at, axes: definition.axes, terms: [], tiled, scalar, totals: new Set<string>() };
  const item: Item = { ...made, members: new Map(), overwritten: new Set(), names: new Set() };
  joined(item, term);
  return item;
}

/** The term runs in the loops of the item. */
export function joined(item: Item, term: Term): void {
  const { definition } = term;
  item.terms.push(term);
  item.members.set(definition.name, definition);
  item.names.add(definition.name);
  for (const { buffer } of loadsOf(definition.value)) item.names.add(buffer);
  if (definition.target !== undefined) item.overwritten.add(definition.target);
}

export const hasReduce = (s: Scalar): boolean => firstReduce(s) !== undefined;

/** How many leading positions of a read are the shared axes themselves. */
export const identityRun = (where: readonly Index[], axes: readonly Axis[]): number => {
  let n = 0;
  while (n < axes.length && n < where.length && equal(where[n]!, index(axes[n]!.name, axes[n]!.extent))) n++;
  return n;
};

/**
 * Why a term may not join an item's loops; undefined where it may, and the item's shared axes are narrowed to what both share. `updates`: by
 * sum whose terms go where the data tell, the update that may do with the places they go to (places.ts).
 */
export function keptApart(
  item: Item,
  term: Term,
  reduces: boolean,
  dependence: Dependence,
  at: number,
  updates: ReadonlyMap<string, Term>,
): Apart | undefined {
  const { definition } = term;
  if (term.contracts) return "it contracts";
  if ([term, ...item.terms].some(({ definition: d }) => wholeSum(d.value)?.inMemory === true))
    return item.terms.length === 1 &&
      term === updates.get(item.terms[0]!.definition.name) &&
      readsWhatItWrites(item, definition) &&
      !dependence.separable(item.at, at)
      ? undefined
      : "it is summed in memory";
  // in the loops of the forward pass it would be computed early and kept after all
  if (term.again && item.terms.every(({ role, again }) => role === "primal" && !again)) return "it is computed again for the backward pass";
  // the parts of a batch come one after the other
  if (term.part !== undefined && item.terms.some(({ part }) => part !== term.part)) return "it belongs to another part of the batch";
  const { members, overwritten } = item;
  const loads = loadsOf(definition.value);
  if (item.names.size + loads.length >= MOST_NAMES) return "the other's loops hold as much as a kernel may";
  if (loads.some(({ buffer }) => overwritten.has(buffer))) return "it reads what the other overwrites";
  if (definition.target !== undefined && !readsWhatItWrites(item, definition)) return "it overwrites what the other reads elsewhere";
  if (definition.shape.length === 0) return totalApart(item, definition, members, dependence, at);
  if (loads.some(({ buffer }) => item.totals.has(buffer))) return "it reads a sum that is whole only after the loops";
  let alike = 0;
  while (alike < item.axes.length && alike < definition.axes.length && item.axes[alike]!.extent === definition.axes[alike]!.extent) alike++;
  let shared = alike;
  for (const { buffer, at: where } of loads) if (members.has(buffer)) shared = Math.min(shared, identityRun(where, item.axes));
  const fits = (axes: number): boolean => {
    const whole = axes === item.axes.length && axes === definition.axes.length;
    if (item.tiled ? !whole : axes === 0) return false;
    return item.totals.size === 0 || axes === item.axes.length;
  };
  if (!fits(alike)) return "it has another shape";
  if (!fits(shared)) return "it reads the other elsewhere than at its own point";
  if (item.tiled && reduces) return "it reduces, and the other's loops are tiled";
  if (dependence.separable(item.at, at)) return "it would wait for itself";
  item.axes = item.axes.slice(0, shared);
  return undefined;
}

/**
 * Whether two items become one, of which a term of the first reads the second at its own point: values computed one by one over the same axes, by
 * one part of the step, that read each other at their own point if at all, and overwrite nothing that the other reads.
 */
export function meet(item: Item, other: Item, dependence: Dependence): boolean {
  if (item.axes.length === 0 || item.names.size + other.names.size >= MOST_NAMES) return false;
  const all = [...item.terms, ...other.terms];
  const [{ role, again, part }] = all as [Term, ...Term[]];
  const isAlike = (term: Term): boolean => {
    const { axes, value } = term.definition;
    const isWhole = axes.length === item.axes.length && axes.every(({ extent }, n) => extent === item.axes[n]!.extent);
    return isWhole && !hasReduce(value) && term.role === role && term.again === again && term.part === part;
  };
  if ([item, other].some(({ tiled, scalar, totals }) => tiled || scalar || totals.size > 0) || !all.every(isAlike)) return false;
  const isApart = (one: Item, { members, overwritten }: Item): boolean =>
    one.terms.every(({ definition: { value, axes } }) =>
      loadsOf(value).every(({ buffer, at }) => !overwritten.has(buffer) && (!members.has(buffer) || identityRun(at, axes) === axes.length)),
    );
  return isApart(item, other) && isApart(other, item) && !dependence.separable(item.at, other.at);
}

/** A scalar joins loops as a sum over all of them. */
function totalApart(
  item: Item,
  definition: Definition,
  members: ReadonlyMap<string, Definition>,
  dependence: Dependence,
  at: number,
): Apart | undefined {
  const total = asTotal(definition, item.axes);
  if (total === undefined || item.axes.length === 0) return "it is no sum over the other's loops";
  if (item.tiled) return "it reduces, and the other's loops are tiled";
  const inside = loadsOf(total).every(({ buffer, at: where }) => !members.has(buffer) || identityRun(where, item.axes) === where.length);
  if (!inside) return "it reads the other elsewhere than at its own point";
  if (!item.terms.every(({ definition: d }) => d.axes.length >= item.axes.length)) return "it has another shape";
  if (dependence.separable(item.at, at)) return "it would wait for itself";
  item.totals.add(definition.name);
  return undefined;
}

/** An update may run among the readers of the old value only if they read the element it writes. */
function readsWhatItWrites(item: Item, definition: Definition): boolean {
  return item.terms.every(({ definition: d }) =>
    loadsOf(d.value).every(
      ({ buffer, at: where }) =>
        buffer !== definition.target || (where.length === definition.axes.length && identityRun(where, definition.axes) === where.length),
    ),
  );
}

/** Σ over exactly the shared axes, as a term at their point; undefined if the scalar is something else. */
export function asTotal(definition: Definition, axes: readonly Axis[]): Scalar | undefined {
  const reduce = definition.value.kind === "round" ? definition.value.value : definition.value;
  if (reduce.kind !== "reduce" || reduce.by !== "add" || reduce.inMemory === true || hasReduce(reduce.term)) return undefined;
  // a short sum against known numbers is written out in every group alike: it has no loops to share
  if (weighted(reduce) !== undefined) return undefined;
  if (reduce.over.length !== axes.length) return undefined;
  if (reduce.over.some((axis, n) => axis.extent !== axes[n]!.extent)) return undefined;
  return substitute(reduce.term, new Map(reduce.over.map((axis, n) => [axis.name, index(axes[n]!.name, axes[n]!.extent)])));
}
