/**
 * Guarantees a definition in index notation for each node, reading others by name; what each node is for travels along.
 *   %y = dot %x %w   →   y[i,j] = Σ k<784: x[i,k]·w[k,j]
 */

import { bodyOf, placeOf, type Attr, type Graph, type Node, type Origin, type Value } from "../../graph/graph.ts";
import { load, round } from "../../loop/build.ts";
import { index, type Index } from "../../loop/index-expression.ts";
import type { Axis, Buffer, Definition, Doc, EntryResult, Initial, Role, Scalar, Sections } from "../../loop/loop.ts";
import { opOf } from "../../ops/index.ts";
import { exactValues } from "../graph/numerics.ts";
import { nameOf } from "../graph/rewrite.ts";
import { inOrder } from "../graph/terms.ts";
import type { Pass } from "../pass.ts";
import { cut, isForeign, STORED } from "./cut.ts";

/** Definitions before fusion: one a node, views included. */
export interface Defined {
  readonly name: string;
  readonly storage: readonly Buffer[];
  readonly definitions: readonly Term[];
  readonly results: readonly EntryResult[];
  /** Where there are loops, the definitions part by part. */
  readonly sections?: Sections<Defined>;
}

export interface Term {
  readonly definition: Definition;
  readonly view: boolean;
  /** Storage holds the very value: a float32, or another type. What is not is read once, and computed where it is read. */
  readonly exact: boolean;
  readonly contracts: boolean;
  /** A sum whose terms have known weights: additions (loops/unroll.ts). */
  readonly weighted?: true;
  readonly role: Origin["role"];
  /** A value of the forward pass that the backward pass computes again. */
  readonly again: boolean;
  /** The model's line. */
  readonly site: string;
  /** Which part of a split batch it belongs to, from 0; undefined for what is no part's own (split.ts). */
  readonly part?: number;
  /** Stored, however cheap: what reads it is then the same for every part. */
  readonly kept?: true;
}

/** Output axes, outermost first; reductions are named k, k1, k2, … */
export const AXES = ["i", "j", "l", "m", "n", "o", "p", "q"] as const;
export const axesOf = (shape: readonly number[]): Axis[] => shape.map((extent, n) => ({ name: AXES[n] ?? `i${n}`, extent }));
export const at = (axes: readonly Axis[]): Index[] => axes.map((axis) => index(axis.name, axis.extent));

const ROLES: Readonly<Record<string, Role>> = {
  ...{ input: "input", count: "input", hyper: "hyper", constant: "constant" },
  ...{ param: "parameter", state: "state", part: "scratch" },
};

function initialOf(attr: Attr | undefined): Initial | undefined {
  if (!Array.isArray(attr)) return undefined;
  const [kind, ...rest] = attr as unknown as readonly [string, ...number[]]; // written by model/initializers
  const [a, b, stream] = rest as [number, number, number];
  if (kind === "constant") return { kind, value: a };
  if (kind === "seed") return { kind };
  if (kind === "data") return { kind, values: rest };
  if (kind === "uniform") return { kind, low: a, high: b, stream };
  return { kind: "normal", mean: a, deviation: b, stream };
}

function storageOf(node: Node): Buffer {
  const initial =
    node.op === "hyper" ? ({ kind: "constant", value: node.attrs["value"] as number } as const) : initialOf(node.attrs["initial"]);
  const classes = node.attrs["classes"];
  const rows = node.attrs["rows"] as readonly number[] | undefined; // written by model/trace
  const [axis, per] = rows ?? [];
  return {
    name: node.name,
    dtype: node.type.dtype,
    shape: node.type.shape,
    role: ROLES[node.op]!,
    ...(typeof classes === "number" ? { classes } : {}),
    ...(rows === undefined ? {} : { rows: axis === undefined ? ("none" as const) : { axis, per: per! } }),
    ...(node.op === "param" ? { trainable: node.attrs["trainable"] !== false } : {}),
    ...(initial === undefined ? {} : { initial }),
  };
}

/** Role and rule of a node, as the comment above its statement says them. */
export function roleOf({ origin, op }: Pick<Node, "origin" | "op">): string {
  if (origin.role === "primal") return op;
  return origin.role === "cotangent" ? `adjoint of ${origin.op}` : `update of ${origin.of} by ${origin.rule}`;
}

export const define: Pass<Graph, Defined> = {
  name: "define",
  why: "every node in index notation",
  run: (graph) => (graph.nodes.some((node) => bodyOf(node) !== undefined) ? inSections(graph) : defined(graph)),
};

/** The parts of a graph with loops, each with all storage but what it makes itself. */
function inSections(graph: Graph): Defined {
  const { pieces, shared } = cut(graph);
  // what is differentiated may stand in another part
  const tellers = [...pieces.map((piece) => piece.graph), graph].map(tellersOf);
  const elsewhere = (name: string): string => tellers.map((told) => told(name)).find((teller) => teller !== name) ?? name;
  const all = pieces.map(({ graph: own, leaves, turns }) => ({ own: defined(own, elsewhere, leaves), leaves, turns }));
  const foreign = new Set(pieces.flatMap(({ graph: { nodes } }) => nodes.filter(isForeign).map(({ name }) => name)));
  const kept = new Map(all.flatMap(({ own }) => own.storage.filter(({ name }) => !foreign.has(name)).map((one) => [one.name, one])));
  // in the order of the graph, declared or not read
  const storage = graph.nodes.filter(({ name, op }) => ROLES[op] !== undefined && kept.has(name)).map(({ name }) => kept.get(name)!);
  return {
    name: graph.name,
    storage: [...storage, ...shared],
    definitions: all.flatMap(({ own }) => own.definitions),
    results: all.at(-1)!.own.results.filter(({ value }) => !all.at(-1)!.leaves.has(value)),
    sections: {
      shared,
      all: all.map(({ own, leaves, turns }) => ({
        of: { ...own, storage: [...storage, ...shared.filter(({ name }) => !leaves.has(name))] },
        ...(turns === undefined ? {} : { turns }),
      })),
    },
  };
}

/** The definitions of a graph, or of a part of one whose other nodes `elsewhere` knows: what a loop gives is storage that it fills. */
export function defined(graph: Graph, elsewhere?: (name: string) => string, leaves: ReadonlySet<string> = new Set()): Defined {
  const stored = (node: Node): boolean => ROLES[node.op] !== undefined;
  let axes = 0;
  const axis = (extent: number): Axis => ({
    name: axes === 0 ? (axes++, "k") : `k${axes++}`,
    extent,
  });
  const docOf = docsIn(graph, elsewhere);
  const docs = docsOf(graph, docOf);
  const terms: Term[] = [];
  const exact = exactValues(graph);
  const add = (definition: Definition, node: Node, value: number): void => {
    const op = opOf(node.op);
    const weighted = op.contracts === true && node.inputs.some((input) => graph.nodes[input]!.op === "table");
    terms.push({
      definition,
      view: op.view === true && definition.name === node.name,
      exact: exact[value]!,
      contracts: op.contracts === true,
      ...(weighted ? { weighted: true as const } : {}),
      role: node.origin.role,
      again: node.attrs["again"] !== undefined,
      site: node.origin.site,
    });
  };
  graph.nodes.forEach((node, value) => {
    if (stored(node) || bodyOf(node) !== undefined) return;
    const own = axesOf(node.type.shape);
    const inputs = node.inputs.map((input) => graph.nodes[input]!);
    const declared = opOf(node.op).define({
      at: at(own),
      read: inputs.map(
        (input) =>
          (...where) =>
            load(input.name, input.type.dtype, ...where),
      ),
      types: inputs.map((input) => input.type),
      type: node.type,
      attrs: node.attrs,
      axis,
    });
    const scalar = declared.kind === "reduce" ? inOrder(declared, node) : declared;
    add(definitionOf(node, own, node.attrs["rounded"] === true ? round(scalar) : scalar, docs[value]!), node, value);
  });
  const { copies, results } = targets(graph, terms, leaves, docOf);
  for (const copy of copies) terms.push(copy);
  return { name: graph.name, storage: graph.nodes.filter(stored).map(storageOf), definitions: terms, results };
}

const definitionOf = (node: Node, axes: readonly Axis[], value: Scalar, doc: readonly Doc[]): Definition => ({
  name: node.name,
  dtype: node.type.dtype,
  shape: node.type.shape,
  axes,
  value,
  op: node.origin.role === "update" ? node.origin.rule : node.op,
  doc,
});

/** The comment lines of each node: its own, unless it is a movement, and those of its aliases. */
export function docsOf(graph: Graph, docOf: DocOf = docsIn(graph)): readonly Doc[][] {
  const aliasesOf = new Map<Value, Graph["aliases"][number][]>();
  for (const alias of graph.aliases) {
    const all = aliasesOf.get(alias.value) ?? [];
    all.push(alias);
    aliasesOf.set(alias.value, all);
  }
  return graph.nodes.map((node, value) => {
    if (!hasDoc(node)) return [];
    const names = node.inputs.map((input) => nameOf(graph.nodes, input));
    const types = node.inputs.map((input) => graph.nodes[input]!.type);
    const maths = `${node.name} = ${opOf(node.op).maths(names, node.attrs, types)}`;
    const aliases = (aliasesOf.get(value as Value) ?? []).map((alias) => docOf(alias.maths, alias.name, node.op, alias.origin));
    const op = node.attrs["again"] === undefined ? node.op : `${node.op} again`;
    return [docOf(maths, node.name, op, node.origin), ...aliases];
  });
}

type DocOf = (maths: string, node: string, op: string, origin: Origin) => Doc;

/** How a comment line of a graph is made: of a cotangent it says what it differentiates, and by which law. */
function docsIn(graph: Graph, elsewhere: (name: string) => string = (name) => name): DocOf {
  const own = new Set(graph.nodes.map(({ name }) => name));
  const toldHere = tellersOf(graph);
  const told = (name: string): string => (own.has(name) ? toldHere(name) : elsewhere(name));
  return (maths, node, op, origin) => {
    const said = { maths, node, role: roleOf({ origin, op }), ...placeOf(origin) };
    if (origin.role !== "cotangent") return said;
    return { ...said, adjoint: { of: told(origin.of), law: origin.rule } };
  };
}

/** Movements are read where they are used, and storage is no statement. */
const hasDoc = ({ op, attrs }: Node): boolean =>
  opOf(op).view !== true && opOf(op).leaf !== true && opOf(op).selects !== true && bodyOf({ attrs }) === undefined;

/** In whose comment a node is told of: its own, or, of a movement, that of what reads it first, or else of what it moves. */
function tellersOf({ nodes }: Graph): (name: string) => string {
  const at = new Map(nodes.map(({ name }, n) => [name, n]));
  const readers = new Map<number, number>();
  nodes.forEach(({ inputs, origin }, reader) => {
    if (origin.role !== "cotangent") for (const input of inputs) if (!readers.has(input)) readers.set(input, reader);
  });
  const teller = (n: number, next: (n: number) => number | undefined): string | undefined => {
    for (let to: number | undefined = n; to !== undefined; to = next(to)) if (hasDoc(nodes[to]!)) return nodes[to]!.name;
    return undefined;
  };
  return (name) => {
    const n = at.get(name);
    if (n === undefined) return name;
    return teller(n, (to) => readers.get(to)) ?? teller(n, (to) => nodes[to]!.inputs[0]) ?? name;
  };
}

/** Results name their value; a write of something that is stored elsewhere, or shown, is a copy. */
function targets(graph: Graph, terms: Term[], leaves: ReadonlySet<string>, docOf: DocOf): { copies: Term[]; results: EntryResult[] } {
  const copies: Term[] = [];
  const results: EntryResult[] = [];
  const taken = new Set<string>();
  const copy = (node: Node, name: string, target?: string): void => {
    const own = axesOf(node.type.shape);
    const value = load(node.name, node.type.dtype, ...at(own));
    const doc = docOf(`${name} = ${node.name}`, name, node.op, node.origin);
    const definition = { ...definitionOf(node, own, value, [doc]), name, op: "copy" };
    copies.push({
      definition: target === undefined ? definition : { ...definition, target },
      view: false,
      exact: true,
      contracts: false,
      role: node.origin.role,
      again: false,
      site: node.origin.site,
    });
  };
  const places = new Map(terms.map(({ definition }, n) => [definition.name, n]));
  for (const result of graph.results) {
    const node = graph.nodes[result.value]!;
    const op = opOf(node.op);
    const at = places.get(node.name);
    const computed = at !== undefined && op.view !== true;
    if (result.kind === "write") {
      const target = graph.nodes[result.target]!.name;
      if (computed && !taken.has(node.name)) {
        taken.add(node.name);
        terms[at] = { ...terms[at]!, definition: { ...terms[at]!.definition, target } };
      } else copy(node, `${target}_next`, target);
      continue;
    }
    const { dtype, shape } = node.type;
    let value = node.name;
    if (isForeign(node)) {
      results.push({ kind: result.kind, name: result.name, value, dtype, shape });
      continue;
    }
    // a shown scalar is stored; the local keeps its name
    if (!computed || (result.kind === "output" && shape.length === 0)) {
      value = leaves.has(`${result.name}${STORED}`) ? `${result.name}${STORED}` : `${result.name}_${result.kind}`;
      copy(node, value);
    }
    results.push({ kind: result.kind, name: result.name, value, dtype, shape });
  }
  return { copies, results };
}
