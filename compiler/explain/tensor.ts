/** What the compiler knows of one tensor, as data: what it is, where it lives and how long, what it was fused into, what made it. */

import type { Graph, Node } from "../graph/graph.ts";
import { printType } from "../graph/type.ts";
import { loadsOf, storedIn } from "../loop/build.ts";
import type { Call, Definition, Doc, Entry, Module } from "../loop/loop.ts";
import type { CompiledEntry, Lowered } from "../driver/lower.ts";
import { opOf } from "../ops/index.ts";
import { docsOf } from "../passes/definitions/define.ts";
import { touched } from "../passes/placement/place.ts";

export interface TensorFacts {
  readonly model: string;
  readonly tensor: string;
  /** Of every entry point that computes it. */
  readonly entries: readonly TensorInEntry[];
}

export interface TensorInEntry {
  readonly entry: string;
  readonly type: string;
  /** Its own equation first; a name that a pass found equal to another shares that one's. */
  readonly maths: readonly Doc[];
  readonly home: Home;
  /** For a gradient, or what an update writes: the statements of the backward pass from the loss to here, with their laws. */
  readonly chain: readonly Doc[];
}

export type Home =
  /** In the arena. A value that replaces a parameter or a state lives in that one's place; others are written over what dies there. */
  | {
      readonly kind: "buffer";
      readonly buffer: string;
      readonly role: string;
      readonly offset: number;
      readonly bytes: number;
      readonly over?: string;
      readonly followedBy?: string;
      readonly life: "always" | Life;
      readonly uses: readonly Use[];
      readonly computed?: Computed;
    }
  /** In the loops of one kernel, and nowhere else. */
  | { readonly kind: "local"; readonly computed: Computed }
  /** A local variable of the entry. */
  | { readonly kind: "scalar"; readonly statement: number }
  /** Written into the expressions of its readers. */
  | { readonly kind: "substituted"; readonly into: readonly Computed[] }
  /** Costs nothing: readers only look elsewhere. */
  | { readonly kind: "movement" }
  | { readonly kind: "constant" };

/** Why bytes are held from one statement to another; 0 is before the first, and one past the last is after it. */
export interface Life {
  readonly from: number;
  readonly to: number;
  readonly because: { readonly given: boolean; readonly shown: boolean };
}

/** A statement that touches a buffer, with the equations that do. */
export interface Use {
  readonly statement: number;
  readonly kernel?: string;
  readonly does: "stores" | "reads" | "reads and stores";
  readonly maths: readonly string[];
}

/** Where a value is computed, and what else is computed there. */
export interface Computed {
  readonly statement: number;
  readonly kernel: string;
  readonly with: readonly string[];
}

/** Names that can be asked for: nodes of the compiled graphs and their aliases. */
export const tensorNames = ({ entries }: Pick<Lowered, "entries">): readonly string[] => [
  ...new Set(
    entries.flatMap(({ graph }) => [
      ...graph.nodes.filter(({ op }) => op !== "literal").map(({ name }) => name),
      ...graph.aliases.map(({ name }) => name),
    ]),
  ),
];

/** A tensor by its name in the graph; undefined where no entry point computes it. */
export function explainTensor({ model, module, entries }: Lowered, tensor: string): TensorFacts | undefined {
  const found = entries.flatMap((compiled, n): TensorInEntry[] => {
    const { graph } = compiled;
    const alias = graph.aliases.find(({ name }) => name === tensor);
    const at = alias?.value ?? graph.nodes.findIndex(({ name, op }) => name === tensor && op !== "literal");
    const node = graph.nodes[at];
    if (node === undefined) return [];
    const docs = docsOf(graph);
    const maths = [...docs[at]!].sort((a, b) => Number(b.node === tensor) - Number(a.node === tensor));
    return [
      { entry: compiled.name, type: printType(node.type), maths, home: homeOf(module, compiled, n, node), chain: chainOf(graph, docs, at) },
    ];
  });
  return found.length === 0 ? undefined : { model: model.name, tensor, entries: found };
}

/** Cotangents that a value is computed from, itself included, from the loss on; each with the law that made it. */
function chainOf(graph: Graph, docs: readonly (readonly Doc[])[], at: number): TensorInEntry["chain"] {
  const { nodes, results } = graph;
  const written = results.find((result) => result.kind === "write" && result.target === at)?.value;
  const needed = new Set([written ?? at]);
  for (let n = written ?? at; n >= 0; n--) {
    const { origin, inputs } = nodes[n]!;
    if (needed.has(n) && origin.role !== "primal") for (const input of inputs) needed.add(input);
  }
  return nodes.flatMap(({ origin }, n) => {
    if (!needed.has(n) || origin.role !== "cotangent") return [];
    return docs[n]!.slice(0, 1);
  });
}

/** Where a value is, in few words: a statement is counted from 1. */
export type Spot =
  | { readonly kind: "buffer"; readonly buffer: string; readonly computed?: number }
  | { readonly kind: "local" | "scalar"; readonly computed: number }
  | { readonly kind: "substituted"; readonly into: readonly number[] }
  | { readonly kind: "movement" | "constant" };

/** Where the values of an entry are; what is the same for all of them is found once. */
export function spotsIn(module: Module, { program }: CompiledEntry, n: number): (node: Pick<Node, "name" | "op">) => Spot {
  const entry = module.entries[n]!;
  const stored = (name: string, computed?: number): Spot => ({
    kind: "buffer",
    buffer: inEntry(module, entry, name, n),
    ...(computed === undefined ? {} : { computed }),
  });
  const made = new Map<string, Spot>();
  const told = new Map<string, number[]>();
  program.calls.forEach((call, at) => {
    const keep = (name: string, spot: Spot): void => void (made.has(name) || made.set(name, spot));
    if (call.kind === "let") keep(call.name, { kind: "scalar", computed: at + 1 });
    else if (call.kind === "store") keep(call.definition.name, stored(call.buffer));
    else {
      for (const { definition, storage } of call.group.stages)
        keep(definition.name, storage === "local" ? { kind: "local", computed: at + 1 } : stored(storedIn(definition), at + 1));
      for (const node of new Set(call.doc.map((doc) => doc.node))) told.set(node, [...(told.get(node) ?? []), at + 1]);
    }
  });
  return ({ name, op }) => {
    if (opOf(op).leaf === true && opOf(op).view !== true) return stored(name);
    const into = told.get(name);
    return (
      made.get(name) ?? (into === undefined ? { kind: opOf(op).leaf === true ? "constant" : "movement" } : { kind: "substituted", into })
    );
  };
}

function homeOf(module: Module, compiled: CompiledEntry, n: number, node: Node): Home {
  const entry = module.entries[n]!;
  const spot = spotsIn(module, compiled, n)(node);
  const computedBy = (statement: number): Computed => computedAt(entry, statement - 1, node.name);
  switch (spot.kind) {
    case "buffer": {
      const home = bufferOf(module, entry, spot.buffer);
      return spot.computed === undefined ? home : { ...home, computed: computedBy(spot.computed) };
    }
    case "local":
      return { kind: "local", computed: computedBy(spot.computed) };
    case "scalar":
      return { kind: "scalar", statement: spot.computed };
    case "substituted":
      return { kind: "substituted", into: spot.into.map(computedBy) };
    default:
      return { kind: spot.kind };
  }
}

/** Entries after the first have names of their own for what is theirs alone. */
function inEntry({ buffers }: Module, entry: Entry, name: string, n: number): string {
  const own = `${name}_${entry.name}`;
  return n > 0 && buffers.some((buffer) => buffer.name === own) && entry.buffers.includes(own) ? own : name;
}

function computedAt({ calls }: Entry, at: number, name: string): Computed {
  const call = calls[at]!;
  const nodes = [...new Set(call.doc.map(({ node }) => node))].filter((node) => node !== name);
  return { statement: at + 1, kernel: call.kind === "call" ? call.kernel : "", with: nodes };
}

function bufferOf({ slots, buffers }: Module, entry: Entry, buffer: string): Extract<Home, { kind: "buffer" }> {
  const { offset, bytes, live, over } = slots.find((slot) => slot.buffer === buffer)!;
  const followedBy = slots.find((slot) => slot.over === buffer)?.buffer;
  const { role } = buffers.find(({ name }) => name === buffer)!;
  const uses = entry.calls.flatMap((call, n) => (touched(call).includes(buffer) ? [useOf(call, n, buffer)] : []));
  const because = { given: role === "input", shown: entry.results.some(({ value }) => value === buffer) };
  const life = live === "always" ? live : { from: because.given ? 0 : live[0] + 1, to: live[1] + 1, because };
  const places = { ...(over === undefined ? {} : { over }), ...(followedBy === undefined ? {} : { followedBy }) };
  return { kind: "buffer", buffer, role, offset, bytes, ...places, life, uses };
}

function useOf(call: Call, n: number, buffer: string): Use {
  const definitions: readonly Definition[] =
    call.kind === "call" ? call.group.stages.map(({ definition }) => definition) : call.kind === "store" ? [call.definition] : [];
  const storing = definitions.filter((definition) => storedIn(definition) === buffer);
  const reading = definitions.filter(({ value }) => loadsOf(value).some((load) => load.buffer === buffer));
  const local = call.kind === "let";
  const shown = storing.length > 0 ? storing : reading;
  const maths = local
    ? call.doc.slice(-1).map((doc) => doc.maths)
    : shown.map(({ name, doc }) => (doc.find(({ node }) => node === name) ?? doc.at(-1))?.maths ?? name);
  const does = storing.length === 0 ? "reads" : reading.length === 0 ? "stores" : "reads and stores";
  return {
    statement: n + 1,
    ...(call.kind === "call" ? { kernel: call.kernel } : {}),
    does,
    maths,
  };
}
