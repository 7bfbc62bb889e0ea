/** Guarantees one notion of what a graph or a module means: its outputs, losses and writes, by name, which are the same or differ in a named one. */

import { evaluateResults, type Feed } from "../../compiler/check/evaluate.ts";
import type { Graph } from "../../compiler/graph/graph.ts";
import { createMemory, interpretEntry } from "../../compiler/loop/interpret/index.ts";
import type { Module } from "../../compiler/loop/loop.ts";
import { distance } from "./close.ts";

export type Meaning = ReadonlyMap<string, ArrayLike<number>>;

/** What a graph's nodes mean, one after the other. */
export function meaningOf(graph: Graph, feed: Feed): Meaning {
  const { outputs, losses, writes } = evaluateResults(graph, feed);
  return new Map<string, ArrayLike<number>>([
    ...[...outputs].map(([name, y]) => [`output ${name}`, y.data] as const),
    ...[...losses].map(([name, loss]) => [`loss ${name}`, [loss]] as const),
    ...[...writes].map(([name, y]) => [`write ${name}`, y.data] as const),
  ]);
}

/** What a module's first entry leaves behind, interpreted in double, dead storage poisoned. */
export function meaningOfModule(module: Module, feed: Feed): Meaning {
  const entry = module.entries[0]!;
  const memory = createMemory(module);
  for (const [name, values] of feed) memory.get(name)?.set(values);
  const results = interpretEntry(module, entry, memory, { precision: "double", poison: true });
  const losses = new Set(entry.results.filter(({ kind }) => kind === "loss").map(({ name }) => name));
  const stored = module.buffers.filter(({ role }) => role === "parameter");
  return new Map([
    ...[...results].map(([name, y]) => [`${losses.has(name) ? "loss" : "output"} ${name}`, y] as const),
    ...stored.map(({ name }) => [`write ${name}`, memory.get(name)!] as const),
  ]);
}

/** The first result that differs, with both values; undefined where all agree. */
export function difference(found: Meaning, expected: Meaning, bound: number): string | undefined {
  for (const [name, y] of expected) {
    const other = found.get(name);
    if (other === undefined) return `${name} is missing`;
    if (distance(other, y) > bound) return `${name}: ${Array.from(other).join(" ")}, not ${Array.from(y).join(" ")}`;
  }
  return undefined;
}
