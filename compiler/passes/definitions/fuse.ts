/**
 * Guarantees groups of definitions that share loops: elementwise work in its producer's loops, reductions with what follows them.
 *   xw[i,j] = Σ k: …;  h[i,j] = relu(xw[i,j] + b[j])   →   one group over (i, j): local xw, buffer h
 * Later passes may assume that a group's stages run in order at each point of the shared axes.
 */

import { CompilerFault } from "../../graph/error.ts";
import { loadsOf } from "../../loop/build.ts";
import type { Apart, Definitions, Refusal, Scalar } from "../../loop/loop.ts";
import type { Pass } from "../pass.ts";
import { at as identity, type Defined, type Term } from "./define.ts";
import { Dependence } from "./dependence.ts";
import { inline, inlineMovements, joinsContractions } from "./inline.ts";
import { hasReduce, itemOf, joined, keptApart, meet, type Item } from "./join.ts";
import { inOrder } from "./order.ts";
import { readsOwnPoint } from "./own-point.ts";
import { updatesOfPlaces } from "./places.ts";
import { assignStorage, buffersOf } from "./storage.ts";

/** Why a term stays out of a producer's loops; undefined where it joins them. */
type Join = typeof keptApart;

export const fuse: Pass<Defined, Definitions> = {
  name: "fuse",
  why: "producers into consumers; groups that share loops",
  run: (defined) => grouped(defined, inline(defined), keptApart),
};

/** What stands in the place of `fuse` where it is left out: every computed value is stored, by a kernel of its own. */
export const separate: Pass<Defined, Definitions> = {
  name: "separate",
  why: "fusion left out: every value a kernel of its own",
  run: (defined) => grouped(defined, inlineMovements(defined), () => "fusion is left out"),
};

function grouped(defined: Defined, kept: readonly Term[], join: Join): Definitions {
  const terms = breakCycles(outOfPlace(kept));
  const dependence = new Dependence(terms.map((term) => term.definition));
  const { items, refusals } = group(terms, dependence, join);
  const ordered = inOrder(items, dependence);
  const targets = new Map(terms.flatMap(({ definition: d }) => (d.target === undefined ? [] : [[d.name, d.target] as const])));
  const work = assignStorage(defined, ordered, targets);
  const results = defined.results.map((result) => ({
    ...result,
    value: targets.get(result.value) ?? result.value,
  }));
  return { name: defined.name, buffers: buffersOf(defined, ordered, work), work, results, refusals };
}

/** A value that replaces what it reads at other points, as W + Wᵀ does, is computed whole before it is copied there. */
const outOfPlace = (terms: readonly Term[]): readonly Term[] =>
  terms
    .filter(({ definition: { target, value, axes } }) => target !== undefined && !readsOwnPoint(value, target, axes))
    .reduce((now, term) => copiedAtEnd(now, now.indexOf(term)), terms);

/** Parameters that exchange values cannot both be overwritten where they are: one of them is copied at the end. */
function breakCycles(terms: readonly Term[]): readonly Term[] {
  let now = terms;
  for (let tries = 0; tries <= terms.length; tries++) {
    const stuck = new Dependence(now.map((term) => term.definition)).cyclic();
    if (stuck === undefined) return now;
    const from = now.findIndex((term, n) => n >= stuck && term.definition.target !== undefined && term.definition.op !== "copy");
    const at = from >= 0 ? from : now.findIndex((term) => term.definition.target !== undefined && term.definition.op !== "copy");
    if (at < 0) break;
    now = copiedAtEnd(now, at);
  }
  throw new CompilerFault("fuse", "the updates wait for each other in a circle");
}

/** The term keeps its value in a buffer of its own, which a last term copies to its target. */
function copiedAtEnd(terms: readonly Term[], at: number): readonly Term[] {
  const { target, ...rest } = terms[at]!.definition;
  const value: Scalar = { kind: "load", dtype: rest.dtype, buffer: rest.name, at: identity(rest.axes) };
  const copy = { ...rest, name: `${rest.name}_copy`, value, op: "copy", target: target!, doc: [] };
  return [
    ...terms.map((term, n) => (n === at ? { ...term, definition: rest } : term)),
    { ...terms[at]!, definition: copy, contracts: false },
  ];
}

function group(
  terms: readonly Term[],
  dependence: Dependence,
  join: Join,
): { readonly items: Item[]; readonly refusals: readonly Refusal[] } {
  const refusals: Refusal[] = [];
  const items = new Map<number, Item>();
  const homes = new Map<string, Item>();
  const byName = new Map(terms.map((term) => [term.definition.name, term]));
  // what contractions are joined to is stored by them, if nothing else is computed there (segments.ts); who reads it brings it in order
  const joins = new Set(
    terms.filter(({ definition }) => joinsContractions(definition.value, byName)).map(({ definition }) => definition.name),
  );
  const updates = updatesOfPlaces(terms);
  const order = new Map(terms.map((term, at) => [term, at]));
  /** What a term reads at its own point of two items is computed in one. */
  const unite = (home: Item, other: Item): void => {
    items.delete(other.at);
    dependence.merge(home.at, other.at);
    for (const term of other.terms) {
      joined(home, term);
      homes.set(term.definition.name, home);
    }
    home.terms.sort((a, b) => order.get(a)! - order.get(b)!);
  };
  terms.forEach((term, at) => {
    const { definition } = term;
    const reduces = hasReduce(definition.value);
    const producers = new Set(loadsOf(definition.value).flatMap(({ buffer }) => homes.get(buffer) ?? []));
    const home = [...producers]
      .filter(({ scalar }) => !scalar)
      .sort((a, b) => b.at - a.at)
      .find((item) => {
        const reason: Apart | undefined = join(item, term, reduces, dependence, at, updates);
        if (reason === undefined) return true;
        refusals.push({ value: definition.name, from: item.terms.map(({ definition: d }) => d.name), reason });
        return false;
      });
    if (home !== undefined) {
      dependence.merge(home.at, at);
      joined(home, term);
      homes.set(definition.name, home);
      for (const other of producers) if (other !== home && join === keptApart && meet(home, other, dependence)) unite(home, other);
      return;
    }
    const isTiled = term.contracts || joins.has(definition.name) || loadsOf(definition.value).some(({ buffer }) => joins.has(buffer));
    const item = itemOf(term, at, isTiled);
    items.set(at, item);
    homes.set(definition.name, item);
  });
  return { items: [...items.values()], refusals };
}
