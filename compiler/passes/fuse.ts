/**
 * Guarantees groups of definitions that share loops: elementwise work in its producer's loops, reductions with what follows them.
 *   xw[i,j] = Σ k: …;  h[i,j] = relu(xw[i,j] + b[j])   →   one group over (i, j): local xw, buffer h
 * Later passes may assume that a group's stages run in order at each point of the shared axes.
 */

import { CompilerFault } from "../graph/error.ts";
import { loadsOf, mapScalar, substitute, walkScalar } from "../loop/build.ts";
import { equal, index, type Index } from "../loop/index.ts";
import type {
  Axis,
  Buffer,
  Definition,
  Definitions,
  Scalar,
  Stage,
  Storage,
  Work,
} from "../loop/loop.ts";
import { at as identity, type Defined, type Term } from "./define.ts";
import { Dependence } from "./dependence.ts";
import { inline } from "./inline.ts";
import { inOrder } from "./order.ts";
import type { Pass } from "./pass.ts";

/** An item under construction: a group, or a scalar of the entry. */
interface Item {
  readonly at: number;
  axes: readonly Axis[];
  readonly terms: Term[];
  readonly tiled: boolean;
  readonly scalar: boolean;
  readonly totals: Set<string>;
}

export const hasReduce = (s: Scalar): boolean => {
  let found = false;
  walkScalar(s, (part) => (found ||= part.kind === "reduce"));
  return found;
};

/** How many leading positions of a read are the shared axes themselves. */
const identityRun = (where: readonly Index[], axes: readonly Axis[]): number => {
  let n = 0;
  while (
    n < axes.length &&
    n < where.length &&
    equal(where[n]!, index(axes[n]!.name, axes[n]!.extent))
  )
    n++;
  return n;
};

export const fuse: Pass<Defined, Definitions> = {
  name: "fuse",
  why: "producers into consumers; groups that share loops",
  run(defined) {
    const terms = breakCycles(inline(defined));
    const dependence = new Dependence(terms.map((term) => term.definition));
    const items = group(terms, dependence);
    const ordered = inOrder(items, dependence);
    const targets = new Map(
      terms.flatMap(({ definition: d }) =>
        d.target === undefined ? [] : [[d.name, d.target] as const],
      ),
    );
    const work = assignStorage(defined, ordered, targets);
    const results = defined.results.map((result) => ({
      ...result,
      value: targets.get(result.value) ?? result.value,
    }));
    return { name: defined.name, buffers: buffersOf(defined, ordered, work), work, results };
  },
};

/** Parameters that exchange values cannot both be overwritten in place: one of them is copied at the end. */
function breakCycles(terms: readonly Term[]): readonly Term[] {
  let now = [...terms];
  for (let tries = 0; tries <= terms.length; tries++) {
    const stuck = new Dependence(now.map((term) => term.definition)).cyclic();
    if (stuck === undefined) return now;
    const from = now.findIndex((term, n) => n >= stuck && term.definition.target !== undefined && term.definition.op !== "copy"); // prettier-ignore
    const at = from >= 0 ? from : now.findIndex((term) => term.definition.target !== undefined && term.definition.op !== "copy"); // prettier-ignore
    if (at < 0) break;
    const { target, ...rest } = now[at]!.definition;
    const value: Scalar = {
      kind: "load",
      dtype: rest.dtype,
      buffer: rest.name,
      at: identity(rest.axes),
    };
    const copy: Definition = {
      ...rest,
      name: `${rest.name}_copy`,
      value,
      op: "copy",
      target: target!,
      doc: [],
    };
    now = [...now.map((term, n) => (n === at ? { ...term, definition: rest } : term)), { ...now[at]!, definition: copy, contracts: false }]; // prettier-ignore
  }
  throw new CompilerFault("fuse", "the updates wait for each other in a circle");
}

function group(terms: readonly Term[], dependence: Dependence): Item[] {
  const items = new Map<number, Item>();
  const itemOf = new Map<string, Item>();
  terms.forEach((term, at) => {
    const { definition } = term;
    const reduces = hasReduce(definition.value);
    const producers = new Set(
      loadsOf(definition.value).flatMap(({ buffer }) => itemOf.get(buffer) ?? []),
    );
    const home = [...producers]
      .sort((a, b) => b.at - a.at)
      .find((item) => joins(item, term, reduces, dependence, at));
    if (home !== undefined) {
      dependence.merge(home.at, at);
      home.terms.push(term);
      itemOf.set(definition.name, home);
      return;
    }
    const scalar = definition.shape.length === 0 && !reduces;
    const item: Item = {
      at,
      axes: definition.axes,
      terms: [term],
      tiled: term.contracts,
      scalar,
      totals: new Set(),
    };
    items.set(at, item);
    itemOf.set(definition.name, item);
  });
  return [...items.values()];
}

/** Whether a term may join an item's loops; narrows the item's shared axes where it must. */
function joins(
  item: Item,
  term: Term,
  reduces: boolean,
  dependence: Dependence,
  at: number,
): boolean {
  const { definition } = term;
  if (item.scalar || term.contracts) return false;
  // in the loops of the forward pass it would be computed early and kept after all
  if (term.again && item.terms.every(({ role, again }) => role === "primal" && !again))
    return false;
  const members = new Map(item.terms.map(({ definition: d }) => [d.name, d]));
  const overwritten = new Set(item.terms.flatMap(({ definition: d }) => d.target ?? []));
  const loads = loadsOf(definition.value);
  if (loads.some(({ buffer }) => overwritten.has(buffer))) return false;
  if (definition.target !== undefined && !readsInPlace(item, definition)) return false;
  if (definition.shape.length === 0) {
    const total = asTotal(definition, item.axes);
    if (total === undefined || item.tiled || item.axes.length === 0) return false;
    const inside = loadsOf(total).every(({ buffer, at: where }) => !members.has(buffer) || identityRun(where, item.axes) === where.length); // prettier-ignore
    const shared = item.terms.every(({ definition: d }) => d.axes.length >= item.axes.length);
    if (!inside || !shared || dependence.separable(item.at, at)) return false;
    item.totals.add(definition.name);
    return true;
  }
  if (loads.some(({ buffer }) => item.totals.has(buffer))) return false;
  let shared = 0;
  while (shared < item.axes.length && shared < definition.axes.length && item.axes[shared]!.extent === definition.axes[shared]!.extent) shared++; // prettier-ignore
  for (const { buffer, at: where } of loads)
    if (members.has(buffer)) shared = Math.min(shared, identityRun(where, item.axes));
  const whole = shared === item.axes.length && shared === definition.axes.length;
  if (item.tiled ? !whole || reduces : shared === 0) return false;
  if (item.totals.size > 0 && shared < item.axes.length) return false;
  if (dependence.separable(item.at, at)) return false;
  item.axes = item.axes.slice(0, shared);
  return true;
}

/** An update may run among the readers of the old value only if they read the element it writes. */
function readsInPlace(item: Item, definition: Definition): boolean {
  return item.terms.every(({ definition: d }) =>
    loadsOf(d.value).every(
      ({ buffer, at: where }) =>
        buffer !== definition.target ||
        (where.length === definition.axes.length &&
          identityRun(where, definition.axes) === where.length),
    ),
  );
}

/** Σ over exactly the shared axes, as a term at their point; undefined if the scalar is something else. */
export function asTotal(definition: Definition, axes: readonly Axis[]): Scalar | undefined {
  const reduce = definition.value.kind === "round" ? definition.value.value : definition.value;
  if (reduce.kind !== "reduce" || reduce.by !== "add" || hasReduce(reduce.term)) return undefined;
  if (reduce.over.length !== axes.length) return undefined;
  if (reduce.over.some((axis, n) => axis.extent !== axes[n]!.extent)) return undefined;
  return substitute(reduce.term, new Map(reduce.over.map((axis, n) => [axis.name, index(axes[n]!.name, axes[n]!.extent)]))); // prettier-ignore
}

/** A total's term stands at the point of the shared axes, like every other stage. */
const atOwnPoint = (item: Item, definition: Definition): Scalar =>
  (item.totals.has(definition.name) ? asTotal(definition, item.axes) : undefined) ??
  definition.value;

/** Where each value lives, and reads of updated values redirected to the storage they replace. */
function assignStorage(
  defined: Defined,
  items: readonly Item[],
  targets: ReadonlyMap<string, string>,
): Work[] {
  const needed = new Set(defined.results.map((result) => result.value));
  const homes = new Map(
    items.flatMap((item) => item.terms.map(({ definition }) => [definition.name, item] as const)),
  );
  const escapes = new Set<string>();
  for (const item of items)
    for (const { definition } of item.terms)
      for (const { buffer, at: where } of loadsOf(atOwnPoint(item, definition))) {
        const home = homes.get(buffer);
        if (home === undefined) continue;
        const source = home.terms.find((term) => term.definition.name === buffer)!.definition;
        const atPoint =
          identityRun(where, item.axes) === where.length && source.axes.length === item.axes.length;
        if (home.scalar ? !item.scalar : home !== item || !atPoint) escapes.add(buffer);
      }
  const storageOf = (item: Item, { definition }: Term): Storage => {
    if (item.totals.has(definition.name)) return "total";
    const pinned = definition.target !== undefined || escapes.has(definition.name);
    const shown = defined.results.some(
      ({ kind, value }) => kind === "output" && value === definition.name,
    );
    if (item.scalar) return pinned || shown ? "buffer" : "local";
    const local =
      !pinned && !needed.has(definition.name) && definition.axes.length === item.axes.length;
    return local && item.axes.length > 0 ? "local" : "buffer";
  };
  return items.map((item): Work => {
    const own = new Set(item.terms.map((term) => term.definition.name));
    const redirect = (d: Definition): Definition => ({ ...d, value: mapScalar(d.value, (part) => part.kind === "load" && !own.has(part.buffer) && targets.has(part.buffer) ? { ...part, buffer: targets.get(part.buffer)! } : part) }); // prettier-ignore
    if (item.scalar) return { kind: "scalar", definition: redirect(item.terms[0]!.definition), storage: storageOf(item, item.terms[0]!) === "buffer" ? "buffer" : "local" }; // prettier-ignore
    const shown = new Set<string>();
    const once = (d: Definition): Definition => ({
      ...d,
      doc: d.doc.filter(({ node }) => !shown.has(node) && shown.add(node)),
    });
    const stages = item.terms.map((term): Stage => ({
      definition: once(redirect(term.definition)),
      storage: storageOf(item, term),
    }));
    return { kind: "group", group: { axes: item.axes, stages } };
  });
}

/** Storage of the model, then one buffer for each stored value that replaces none. */
function buffersOf(defined: Defined, items: readonly Item[], work: readonly Work[]): Buffer[] {
  const shown = new Set(defined.results.map((result) => result.value));
  const role = new Map(
    items.flatMap((item) =>
      item.terms.map((term) => [term.definition.name, term.again ? "again" : term.role] as const),
    ),
  );
  const later = new Set<string>();
  for (const item of items)
    for (const term of item.terms)
      if (term.role !== "primal")
        for (const { buffer } of loadsOf(term.definition.value)) later.add(buffer);
  const made = work.flatMap((w): Buffer[] => {
    const stages =
      w.kind === "group" ? w.group.stages : [{ definition: w.definition, storage: w.storage }];
    return stages
      .filter(({ definition, storage }) => storage !== "local" && definition.target === undefined)
      .map(({ definition: { name, dtype, shape } }) => ({
        name,
        dtype,
        shape,
        role: shown.has(name)
          ? "output"
          : role.get(name) === "primal" && later.has(name)
            ? "residual"
            : "scratch",
      }));
  });
  return [...defined.storage, ...made];
}
