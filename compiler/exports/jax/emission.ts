/**
 * Guarantees the statements of one function: every value once, under a name or, where only one other reads it and it is short, inside its
 * reader. A value is not spread over axes along which it is the same: NumPy's rules do that where it is read.
 */

import type { Graph, Node, Value } from "../../graph/graph.ts";
import type { Names } from "../../graph/names.ts";
import { isFloat } from "../../graph/type.ts";
import { opOf } from "../../ops/index.ts";
import { atom, call, fits, flat, float, shape, suffix, whole, type Expr } from "./python.ts";

/** What a value is there. Along some axes it may be 1, or they may be missing in front, where it is the same for all positions. */
export interface Held {
  readonly expr: Expr;
  /** Of as many axes as here; 1 where it is spread later. */
  readonly dims: readonly number[];
  /** How many axes it has there: the last ones. */
  readonly rank: number;
}

/** What a form makes of a node; of a loop, or of what has its statements already, nothing. */
export type Made = Held | undefined;

/** One statement, and the nodes that it computes. */
export interface Statement {
  readonly name: string;
  readonly nodes: readonly Value[];
  readonly part: Part;
  /** `name = value`, or lines of any kind. */
  readonly value?: Expr;
  readonly lines?: readonly string[];
}

/** Parts of a step, in order. */
export const PARTS = ["forward", "backward", "update"] as const;
export type Part = (typeof PARTS)[number];

/** Longer expressions have a name. */
const LONGEST = 72;
/** Names that nobody chose: an op's, with a number. */
const isUnnamed = ({ name, op, origin }: Node): boolean =>
  opOf(op).view === true ||
  new RegExp(`(^|_)${op}(_\\d+)?$`).test(name) ||
  (origin.role === "cotangent" && (/_(part|[a-z]+[A-Z]?[a-z]*)(_\d+)?$/.test(name) || /^d_\w+_[a-z]+\d?$/.test(name)));

/** Nodes that one call computes. */
export interface Together {
  readonly nodes: readonly Value[];
  readonly given: readonly Value[];
  readonly results: readonly Value[];
  make(given: readonly Expr[]): Expr;
}

/** Characters of several names before a call. */
const TARGETS = 70;

/** What the functions of a file share: one each. */
export interface Shared {
  /** Functions of rules, by what they compute: their names and their lines. */
  readonly rules: Map<string, { readonly name: string; readonly lines: readonly string[] }>;
  /** Functions of the file that are called. */
  readonly helpers: Set<string>;
  /** Numbers of the file, by node name. */
  readonly numbers: Map<string, readonly number[]>;
  emit(e: Emission, value: Value, node: Node): Made;
  /** The lines of all statements, with what is said of them. */
  told(e: Emission, inStep: boolean, together?: readonly Together[]): readonly string[];
}

export class Emission {
  readonly graph: Graph;
  readonly names: Names;
  readonly shared: Shared;
  readonly indentation: number;
  readonly statements: Statement[] = [];
  /** The results of loops. */
  readonly parts = new Map<Value, readonly Expr[]>();
  readonly #held = new Map<Value, Held>();
  /** Those that stand in their reader, with the nodes that they compute. */
  readonly #pending = new Map<Value, readonly Value[]>();
  readonly #uses: readonly number[];
  readonly #readers: readonly (readonly Value[])[];
  readonly #parts: readonly Part[];
  readonly #leaves = new Map<Value, (part: Part) => Expr>();
  /** Those that have no statement, with the nodes that are told of by whoever reads them first. */
  readonly #told = new Set<Value>();
  readonly #bare = new Map<Value, readonly Value[]>();
  #consumed = new Set<Value>();
  #part: Part = "forward";

  constructor(graph: Graph, names: Names, shared: Shared, indentation: number) {
    this.graph = graph;
    this.names = names;
    this.shared = shared;
    this.indentation = indentation;
    const wanted = graph.results.map(({ value }) => value);
    const live = graph.nodes.map(() => false);
    for (const value of wanted) live[value] = true;
    const uses = graph.nodes.map(() => 0);
    const readers: Value[][] = graph.nodes.map(() => []);
    for (const value of wanted) uses[value]! += 2; // results have names
    for (let at = graph.nodes.length - 1; at >= 0; at--) {
      if (!live[at]) continue;
      for (const input of readBy(graph.nodes[at]!)) {
        live[input] = true;
        uses[input]!++;
        readers[input]!.push(at as Value);
      }
    }
    this.#uses = uses;
    this.#readers = readers;
    const parts: Part[] = [];
    for (const { origin, inputs } of graph.nodes) {
      const own = { primal: 0, cotangent: 1, update: 2 }[origin.role];
      parts.push(PARTS[Math.max(own, ...inputs.map((input) => PARTS.indexOf(parts[input]!)))]!);
    }
    this.#parts = parts;
  }

  isRead(value: Value): boolean {
    return this.#uses[value]! > 0;
  }
  isReadIn(value: Value, part: Part): boolean {
    const results = this.graph.results.some((result) => result.value === value);
    return (results && part === "forward") || this.#readers[value]!.some((reader) => this.#parts[reader] === part);
  }
  node(value: Value): Node {
    return this.graph.nodes[value]!;
  }
  partOf(value: Value): Part {
    return this.#parts[value]!;
  }
  /** Storage: what it is called may depend on the part of the step that reads it. */
  leaf(value: Value, expr: (part: Part) => Expr): void {
    this.#leaves.set(value, expr);
  }

  /** As it is, for what spreads by itself. */
  loose(value: Value): Held {
    const { type } = this.node(value);
    const leaf = this.#leaves.get(value);
    if (leaf !== undefined) return { expr: leaf(this.#part), dims: type.shape, rank: type.shape.length };
    const held = this.#held.get(value);
    if (held === undefined) throw new RangeError(`%${this.node(value).name} is read before it is emitted`);
    for (const node of this.#pending.get(value) ?? this.#bare.get(value) ?? []) this.#consumed.add(node);
    return held;
  }

  /** With all its elements. */
  full(value: Value): Expr {
    const { type, op, attrs } = this.node(value);
    if (op === "literal") return literal(attrs["value"] as number, type.dtype, true);
    const { expr, dims, rank } = this.loose(value);
    if (rank === type.shape.length && dims.every((extent, n) => extent === type.shape[n])) return expr;
    const known = expr.kind === "atom" || expr.kind === "unary" ? numberIn(this.graph, value) : undefined;
    if (known !== undefined) return call("jnp.full", shape(type.shape), known, dtypeOf(type.dtype));
    return call("jnp.broadcast_to", expr, shape(type.shape));
  }

  /** Emits what the results need, some of it together, in the place of the last. Leaves are there already. */
  run(together: readonly Together[] = []): void {
    const groups = new Map(together.flatMap((one) => one.nodes.map((value) => [value, one] as const)));
    for (const part of PARTS)
      this.graph.nodes.forEach((node, at) => {
        const value = at as Value; // every index is one
        if (this.#uses[at] === 0 || this.#leaves.has(value) || this.#parts[at] !== part) return;
        const group = groups.get(value);
        this.#part = part;
        if (group === undefined) this.#emit(value, node);
        else if (group.nodes.at(-1) === value) this.#emitTogether(group);
      });
    // results are read under names of their own
    for (const { value } of this.graph.results) if (this.#pending.has(value)) this.#name(value);
  }

  #emit(value: Value, node: Node): void {
    this.#part = this.#parts[value]!;
    let made = this.#make(value, node);
    if (made === undefined) return;
    const inlined = this.#isInlined(value, node);
    const name = node.name;
    const room = (held: Held): boolean =>
      (!inlined || flat(held.expr).length <= LONGEST) &&
      fits(name.slice(0, 40), held.expr, this.indentation) &&
      flat(held.expr).length <= 2 * LONGEST;
    if (!room(made)) {
      for (const input of node.inputs) if (this.#pending.has(input)) this.#name(input);
      made = this.#make(value, node)!;
    }
    const nodes = [...this.#consumed, value];
    if (isBare(made.expr) && !this.#crosses(value)) {
      this.#held.set(value, made);
      this.#bare.set(value, nodes);
    } else {
      this.#held.set(value, made);
      this.#pending.set(value, nodes);
      if (!inlined || !room(made)) this.#name(value);
    }
  }

  #emitTogether({ nodes, given, results, make }: Together): void {
    for (const input of given) if (this.#pending.has(input)) this.#name(input);
    const value = make(given.map((input) => this.full(input)));
    const names = results.map((result) => this.names.take(this.node(result).name));
    const all = names.length === 1 ? `(${names[0]!},)` : names.join(", ");
    const short = all.length <= TARGETS;
    const name = short ? all : this.names.take(`${this.node(results.at(-1)!).name}_all`);
    this.statements.push({ name, nodes, part: this.#parts[nodes[0]!]!, value });
    results.forEach((result, n) => {
      const dims = this.node(result).type.shape;
      this.#held.set(result, { expr: short ? atom(names[n]!) : suffix(atom(name), `[${n}]`), dims, rank: dims.length });
    });
  }

  #make(value: Value, node: Node): Made {
    this.#consumed = new Set();
    return this.shared.emit(this, value, node);
  }

  /** Gives a pending value its name. */
  #name(value: Value): void {
    const nodes = this.#pending.get(value)!.filter((node) => !this.#told.has(node));
    for (const node of nodes) this.#told.add(node);
    const { expr, dims, rank } = this.#held.get(value)!;
    this.#pending.delete(value);
    const name = this.names.take(this.node(value).name);
    this.statements.push({ name, nodes, part: this.#parts[value]!, value: expr });
    this.#held.set(value, { expr: atom(name), dims, rank });
  }

  /** Whether the update reads what was computed before it: that changes its precision by name. */
  #crosses(value: Value): boolean {
    return (
      this.#parts[value] !== "update" &&
      this.#readers[value]!.some((reader) => this.#parts[reader] === "update") &&
      this.node(value).op !== "literal"
    );
  }

  /** Names of floats that the update reads, but for what rules narrow themselves. */
  crossing(together: readonly Together[]): readonly string[] {
    const groups = new Set(together.flatMap(({ nodes }) => nodes));
    return this.graph.nodes.flatMap((node, at) => {
      const value = at as Value;
      if (this.#uses[at] === 0 || this.#leaves.has(value) || !this.#crosses(value) || !isFloat(node.type.dtype)) return [];
      if (this.#readers[value]!.every((reader) => this.#parts[reader] !== "update" || groups.has(reader))) return [];
      const { expr } = this.#held.get(value)!;
      return expr.kind === "atom" ? [expr.text] : [];
    });
  }

  #isInlined(value: Value, node: Node): boolean {
    const [reader] = this.#readers[value]!;
    return (
      this.#uses[value] === 1 &&
      reader !== undefined &&
      this.#parts[reader] === this.#parts[value] &&
      isUnnamed(node) &&
      this.node(reader).op !== "scan"
    );
  }

  /** One result of a loop, which its statements have. */
  part(of: Value, n: number): Expr {
    return this.parts.get(of)![n]!;
  }

  /** Lines of their own, which compute these nodes. */
  lines(name: string, value: Value, lines: readonly string[]): void {
    this.statements.push({ name, nodes: [value], part: this.#parts[value]!, lines });
  }

  /** The name of a result, which its statement has. */
  result(value: Value): Expr {
    this.#part = this.#parts[value]!;
    return this.full(value);
  }
}

/** What a node reads: a rule of the model's own is applied already. */
const readBy = ({ op, inputs }: Node): readonly Value[] => (op === "customVjp" ? inputs.slice(0, 1) : inputs);

/** What needs no statement: a name, a number, or what is read of a name. */
const isBare = (expr: Expr): boolean =>
  expr.kind === "atom" || (expr.kind === "suffix" && expr.of.kind === "atom") || (expr.kind === "unary" && expr.x.kind === "atom");

/** The number that a value is everywhere. */
function numberIn(graph: Graph, value: Value): Expr | undefined {
  const { op, inputs, attrs, type } = graph.nodes[value]!;
  if (op === "literal") return literal(attrs["value"] as number, type.dtype);
  return op === "broadcast" ? numberIn(graph, inputs[0]!) : undefined;
}

export const dtypeOf = (dtype: string): Expr => atom(dtype === "i32" ? "jnp.int32" : dtype === "bool" ? "jnp.bool_" : "FLOAT");

/** A number, of the type that its readers have, or of its own. */
export function literal(value: number, dtype: string, own = false): Expr {
  const text = dtype === "bool" ? atom(value === 0 ? "False" : "True") : dtype === "i32" ? whole(value) : float(value);
  return own ? call("jnp.asarray", text, dtypeOf(dtype)) : text;
}
