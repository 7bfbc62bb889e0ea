/** Which definitions are substituted into their readers: movements, values nobody stores, and what is cheaper to compute again than to keep. */

import { sameShape, sizeOf, type Shape } from "../../graph/type.ts";
import { loadsOf, mapScalar, substitute, walkScalar } from "../../loop/build.ts";
import { bulkOf } from "../../loop/bulk.ts";
import { equal, index, type Index } from "../../loop/index-expression.ts";
import type { Scalar } from "../../loop/loop.ts";
import { weighted } from "../loops/unroll.ts";
import type { Defined, Term } from "./define.ts";
import { hasReduce } from "./join.ts";

const COSTLY = new Set(["exp", "log", "tanh", "sin", "cos", "erf", "log1p", "expm1", "pow", "atan", "erfc", "div", "sqrt", "randomBits"]);

/** Operations of a scalar; functions with a kernel of their own count as many. */
function costOf(s: Scalar): number {
  let cost = 0;
  walkScalar(s, (part) => {
    if (part.kind === "apply") cost += COSTLY.has(part.fn) ? 100 : part.fn === "cast" ? 0 : 1;
    else if (part.kind === "select") cost += 1;
    else if (part.kind === "reduce" && weighted(part) === undefined) cost += 1000;
  });
  return cost;
}

/** Replaces reads of inlined definitions by what they compute. */
function expand(value: Scalar, inlined: ReadonlyMap<string, Term>): Scalar {
  return mapScalar(value, (part) => {
    if (part.kind !== "load") return part;
    const term = inlined.get(part.buffer);
    if (term === undefined) return part;
    const { axes, value: inner } = term.definition;
    const where = new Map<string, Index>(axes.map((axis, n) => [axis.name, part.at[n]!]));
    return substitute(inner, where);
  });
}

/** Whether a term only gives another tensor's axes a new order; then it names that tensor. */
function permutes({ definition, view }: Term): string | undefined {
  const { value, axes } = definition;
  if (!view || value.kind !== "load" || value.at.length !== axes.length) return undefined;
  const own = axes.map((axis) => index(axis.name, axis.extent));
  const found = own.every((one, n) => axes[n]!.extent === 1 || value.at.some((at) => equal(at, one)));
  return found ? value.buffer : undefined;
}

/** A reduction that is only read transposed is computed in the order it is read: what follows can then share its loops. */
function inReadOrder(defined: Defined, needed: ReadonlySet<string>): readonly Term[] {
  const readers = new Map<string, Term[]>();
  for (const term of defined.definitions)
    for (const { buffer } of loadsOf(term.definition.value)) {
      const all = readers.get(buffer) ?? [];
      all.push(term);
      readers.set(buffer, all);
    }
  const byName = new Map(defined.definitions.map((term) => [term.definition.name, term]));
  const moved = new Map<string, Term>();
  for (const term of defined.definitions) {
    const producer = byName.get(permutes(term) ?? "");
    if (producer === undefined || producer.view || needed.has(producer.definition.name) || producer.definition.target !== undefined)
      continue;
    if (!hasReduce(producer.definition.value) || readers.get(producer.definition.name)!.length > 1) continue;
    moved.set(producer.definition.name, producer);
  }
  return defined.definitions.flatMap((term): readonly Term[] => {
    if (moved.has(term.definition.name)) return [];
    const producer = moved.get(permutes(term) ?? "");
    if (producer === undefined) return [term];
    const { op, doc } = producer.definition;
    const value = expand(term.definition.value, moved);
    return [{ ...producer, definition: { ...term.definition, value, op, doc: [...doc, ...term.definition.doc] } }];
  });
}

/** The terms that keep a definition of their own, with everything else substituted into them, docs included. */
export function inline(declared: Defined): readonly Term[] {
  const needed = new Set(declared.results.map((result) => result.value));
  const defined = { ...declared, definitions: inReadOrder(declared, needed) };
  const readers = readersOf(defined, needed);
  const byName = new Map(defined.definitions.map((term) => [term.definition.name, term]));
  return expanded(defined, (term) => goesIntoReaders(term, needed, readers, byName));
}

/** Every computed value keeps a definition of its own; only movements, which compute nothing, go into their readers. */
export const inlineMovements = (defined: Defined): readonly Term[] => expanded(defined, ({ view }) => view);

function expanded(defined: Defined, goes: (term: Term) => boolean): readonly Term[] {
  const inlined = new Map<string, Term>();
  const kept: Term[] = [];
  for (const term of defined.definitions) {
    const { definition } = term;
    const loads = loadsOf(definition.value);
    const doc = loads.flatMap(({ buffer }) => inlined.get(buffer)?.definition.doc ?? []);
    const own = {
      ...definition,
      value: expand(definition.value, inlined),
      doc: unique([...doc, ...definition.doc]),
    };
    const next = { ...term, definition: own };
    if (goes(next)) inlined.set(definition.name, next);
    else kept.push(next);
  }
  return kept;
}

function unique<T extends { readonly node: string }>(docs: readonly T[]): T[] {
  const seen = new Set<string>();
  return docs.filter(({ node }) => !seen.has(node) && seen.add(node));
}

/** Readers of each definition, movements looked through. */
function readersOf(defined: Defined, needed: ReadonlySet<string>): ReadonlyMap<string, ReadonlySet<Term>> {
  const readers = new Map<string, Set<Term>>();
  for (let n = defined.definitions.length - 1; n >= 0; n--) {
    const term = defined.definitions[n]!;
    const through = term.view && !needed.has(term.definition.name);
    for (const { buffer } of loadsOf(term.definition.value)) {
      const set = readers.get(buffer) ?? new Set();
      readers.set(buffer, set);
      if (through) for (const reader of readers.get(term.definition.name) ?? []) set.add(reader);
      else set.add(term);
    }
  }
  return readers;
}

/** What a value may hold and still go into its reader: longer rows of operations are cut, as what reads a definition recurs. */
const [MOST_PARTS, MOST_DEEP] = [256, 32];

/** Whether a value is one or another contraction, by its position. */
export function joinsContractions(value: Scalar, byName: ReadonlyMap<string, Pick<Term, "contracts">>): boolean {
  const isOne = (part: Scalar): boolean =>
    part.kind === "load" ? byName.get(part.buffer)?.contracts === true : part.kind === "select" && [part.then, part.otherwise].every(isOne);
  return value.kind === "select" && isOne(value);
}

const NOBODY: ReadonlySet<Term> = new Set();

/** Whether one other scalar of the entry reads a scalar, and nothing else does: it then needs no name. */
function intoOneScalar({ definition, role }: Pick<Term, "definition" | "role">, by: ReadonlySet<Term>): boolean {
  const [reader] = by;
  if (reader === undefined || by.size > 1 || role !== reader.role) return false;
  return reader.definition.shape.length === 0 && ![definition, reader.definition].some(({ value }) => hasReduce(value));
}

function goesIntoReaders(
  { definition, view, kept, exact, role, weighted: isWeighted }: Term,
  needed: ReadonlySet<string>,
  readers: ReadonlyMap<string, ReadonlySet<Term>>,
  byName: ReadonlyMap<string, Term>,
): boolean {
  if (view) return true;
  if (kept) return false;
  if (definition.target !== undefined || needed.has(definition.name)) return false;
  const by = readers.get(definition.name) ?? NOBODY;
  if (definition.shape.length === 0) return intoOneScalar({ definition, role }, by); // else a named local of the entry
  // storing would round it: it is read once, and computed there (numerics.ts)
  if (!exact) return true;
  const { parts, depth } = bulkOf(definition.value);
  if (parts > MOST_PARTS || depth > MOST_DEEP) return false;
  const cost = costOf(definition.value);
  if (cost >= 1000) return false;
  // contractions side by side are stored there by those who make them (segments.ts)
  if (joinsContractions(definition.value, byName)) return false;
  // additions go into further additions, and nowhere else: their pieces share what they read
  if (isWeighted) return by.size === 1 && [...by].every((reader) => reader.weighted);
  const contracted = [...by].some((reader) => reader.contracts);
  if (by.size === 1 && !contracted) return true;
  // elements brought in order, for all who read them
  if (definition.value.kind === "load") return false;
  // the epilogue of the reduction it alone reads is a better place; and tiles are put together once
  const epilogue = loadsOf(definition.value).some(({ buffer }) => {
    const source = byName.get(buffer);
    return (
      source !== undefined &&
      (source.weighted || (costOf(source.definition.value) >= 1000 && sameShape(source.definition.shape, definition.shape))) &&
      readers.get(buffer)!.size === 1
    );
  });
  if (epilogue) return false;
  const loads = loadsOf(definition.value).length;
  return cost <= 2 && (loads <= 1 || (loads === 2 && ![...by].some((reader) => readsOften(reader, definition.shape))));
}

/** Times that a product reads an element from which on to load it takes less than to compute it of two. */
const OFTEN = 32;

/** Whether a product of matrices reads a value so often; what a window reads goes into a margin as it is computed (loops/pack/margins.ts). */
function readsOften({ contracts, definition }: Term, shape: Shape): boolean {
  if (!contracts || loadsOf(definition.value).some(({ at }) => at.some(({ terms }) => terms.length > 1))) return false;
  let products = 0;
  walkScalar(definition.value, (part) => {
    if (part.kind === "reduce") products += sizeOf(definition.shape) * sizeOf(part.over.map(({ extent }) => extent));
  });
  return products >= OFTEN * sizeOf(shape);
}
