/**
 * Guarantees that a graph with loops is cut at them: what comes before a loop, its body once, what comes after. Each part is a graph of its own,
 * which reads what others made under the names of shared storage.
 *   %s = scan %h0 %xs {…}, %y = part %s {n=1}   →   before: xs, h_first = h0;  body: reads xs_slice and h_before, gives h;  after: reads y
 * What a loop reads and gives turn by turn are windows: a slice of xs, a place of what is stacked. A carry that is stacked too has a place more
 * than there are turns, the one before the first; another takes two places in turns. Values are made in the last part that still serves their readers.
 */

import type { Alias, Graph, Node, Result, Value } from "../../graph/graph.ts";
import { sizeOf, type TensorType } from "../../graph/type.ts";
import { add, constant, index, remainder, scale, shift, type Index } from "../../loop/index-expression.ts";
import type { Axis, Buffer, Turns } from "../../loop/loop.ts";
import { opOf } from "../../ops/index.ts";
import { operandOf } from "../../ops/scan-attrs.ts";
import { homesOf, isMoved, isStorage, keptOf, loopsOf, type Loop } from "./homes.ts";
import { Stacks } from "./stacks.ts";

/** A part of a graph that was cut. */
export interface Piece {
  readonly graph: Graph;
  /** Names of values that later parts read, among its results. */
  readonly leaves: ReadonlySet<string>;
  readonly turns?: Pick<Turns, "node" | "turn" | "reverse">;
}

/** The parts in order, and the storage between them. */
export interface Cut {
  readonly pieces: readonly Piece[];
  readonly shared: readonly Buffer[];
}

/** What follows the name of a value, which define computes under it, where another part reads it from memory. */
export const STORED = "_stored";
const STORED_END = new RegExp(`${STORED}$`);

/** Reads of storage that another part fills. */
export const isForeign = ({ attrs }: Pick<Node, "attrs">): boolean => attrs["foreign"] === true;

export const cut = (graph: Graph): Cut => new Cutting(graph).run();

/** What every turn of every loop is called: loops are not in loops. */
const TURN = "t";

/** A part under construction. */
interface Drawn {
  readonly nodes: Node[];
  readonly results: Result[];
  readonly leaves: Set<string>;
}

class Cutting {
  readonly #graph: Graph;
  readonly #loops: readonly Loop[];
  /** The parts that a value is made in: several for what computes nothing, one for others. Parts with even numbers are around loops. */
  readonly #homes: readonly ReadonlySet<number>[];
  readonly #names = new Set<string>();
  readonly #shared = new Map<string, Buffer>();
  /** What values are called that parts hand to each other. */
  readonly #handed = new Map<Value, string>();
  /** Values that a part makes for others. */
  readonly #wanted: Set<Value>[];
  /** Carries' first values: what is copied where, by part. */
  readonly #firsts: { readonly name: string; readonly value: Value; readonly type: TensorType; readonly of: Node }[][];
  readonly #kept: ReadonlySet<Value>;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#loops = loopsOf(graph);
    for (const { name } of [...graph.nodes, ...graph.aliases]) this.#names.add(name);
    this.#homes = homesOf(graph, this.#loops);
    this.#wanted = this.#loops.flatMap(() => [new Set<Value>(), new Set<Value>()]).concat(new Set<Value>());
    this.#firsts = this.#wanted.map(() => []);
    this.#kept = keptOf(graph);
  }

  run(): Cut {
    // what later parts read is known when these are made
    const pieces: Piece[] = [];
    for (let n = this.#wanted.length - 1; n >= 0; n--)
      pieces.unshift(n % 2 === 0 ? this.#around(n) : this.#body(this.#loops[(n - 1) / 2]!, n));
    return { pieces, shared: [...this.#shared.values()].map((buffer) => this.#flat(buffer)) };
  }

  /** A window of what is no window itself. */
  #flat(buffer: Buffer): Buffer {
    const { window } = buffer;
    const whole = window && this.#shared.get(window.of);
    if (window === undefined || whole?.window === undefined) return buffer;
    return this.#flat({ ...buffer, window: { of: whole.window.of, at: add(window.at, whole.window.at) } });
  }

  #unique(name: string): string {
    let found = name;
    for (let n = 2; this.#names.has(found); n++) found = `${name}_${n}`;
    this.#names.add(found);
    return found;
  }

  /** A name for a value of a type: define stores a scalar that is handed on under its own and `_stored`. */
  #storedName(name: string, { shape }: TensorType, always = false): string {
    if (shape.length > 0 && !always) return this.#unique(name);
    let base = name;
    for (let n = 2; this.#names.has(`${base}${STORED}`); n++) base = `${name}_${n}`;
    return this.#unique(`${base}${STORED}`);
  }

  #share(name: string, { dtype, shape }: TensorType, kept: boolean, window?: Buffer["window"]): string {
    this.#shared.set(name, { name, dtype, shape, role: kept ? "residual" : "scratch", ...(window === undefined ? {} : { window }) });
    return name;
  }

  /** The name under which a value is stored for other parts. */
  #hand(value: Value): string {
    const known = this.#handed.get(value);
    if (known !== undefined) return known;
    const node = this.#graph.nodes[value]!;
    if (isStorage(node)) return node.name;
    if (opOf(node.op).selects === true) return this.#partOf(node);
    const name = nameIfStored(node) ?? this.#storedName(node.name, node.type, true);
    this.#handed.set(value, name);
    this.#share(name, node.type, this.#kept.has(value));
    // movements are made where they are read first
    this.#wanted[Math.min(...this.#homes[value]!)]!.add(value);
    return name;
  }

  /** The name of a loop's result. */
  #partOf(node: Node): string {
    const loop = this.#loops.find(({ at }) => at === node.inputs[0])!;
    return loop.parts.get(node.attrs["n"] as number)!.name;
  }

  /** What stands before, between or after loops. */
  #around(n: number): Piece {
    const { nodes, results, aliases } = this.#graph;
    const isLast = n === this.#wanted.length - 1;
    const roots = [
      ...this.#wanted[n]!,
      ...this.#firsts[n]!.map(({ value }) => value),
      ...(isLast ? results.flatMap((result) => (result.kind === "write" ? [result.target, result.value] : [result.value])) : []),
    ];
    const needed = nodes.map(() => false);
    for (const root of roots) needed[root] = true;
    const isOwn = (value: number): boolean => isStorage(nodes[value]!) || this.#homes[value]!.has(n);
    for (let at = nodes.length - 1; at >= 0; at--) if (needed[at] && isOwn(at)) for (const input of nodes[at]!.inputs) needed[input] = true;
    const drawn: Drawn = { nodes: [], results: [], leaves: new Set() };
    const to: Value[] = [];
    const push = (node: Node): Value => (drawn.nodes.push(node) - 1) as Value;
    nodes.forEach((node, at) => {
      if (!needed[at]) return;
      to[at] = isOwn(at) ? push({ ...node, inputs: node.inputs.map((input) => to[input]!) }) : push(foreign(node, this.#hand(at as Value)));
    });
    for (const value of this.#wanted[n]!) give(drawn, to[value]!, this.#handed.get(value)!);
    for (const { name, value, type, of } of this.#firsts[n]!) giveCopy(drawn, to[value]!, name, type, of);
    const moved = (value: Value): Value => to[value]!;
    const own = isLast
      ? results.map((result) =>
          result.kind === "write"
            ? { ...result, target: moved(result.target), value: moved(result.value) }
            : { ...result, value: moved(result.value) },
        )
      : [];
    const said = aliases.flatMap((alias): Alias[] =>
      to[alias.value] === undefined || Math.min(...this.#homes[alias.value]!) !== n ? [] : [{ ...alias, value: to[alias.value]! }],
    );
    const graph = { name: this.#graph.name, nodes: drawn.nodes, results: [...drawn.results, ...own], aliases: said };
    return { graph, leaves: drawn.leaves };
  }

  #body({ node: loop, attrs, parts }: Loop, n: number): Piece {
    const { body, carries, sequences, steps, reverse } = attrs;
    const operands = loop.inputs;
    const turn: Axis = { name: TURN, extent: steps };
    const drawn: Drawn = { nodes: [], results: [], leaves: new Set() };
    const kept = (m: number): boolean => {
      const part = parts.get(m);
      return part !== undefined && this.#kept.has(this.#graph.nodes.indexOf(part) as Value);
    };
    const homes = new Stacks(attrs, new Set(parts.keys()));
    const to: Value[] = [];
    const push = (node: Node): Value => (drawn.nodes.push(node) - 1) as Value;
    const names = new Map<Value, string>();
    body.nodes.forEach((one, at) => {
      if (one.op !== "input" && one.op !== "literal") names.set(at as Value, this.#unique(one.name));
    });
    const nameOf = (value: Value): string => names.get(value) ?? body.nodes[value]!.name;
    // places of the carries and of what is stacked
    const before: string[] = [];
    const stores: { readonly value: Value; readonly name: string }[] = [];
    const taken = new Set<Value>();
    const store = (value: Value, word: string, window: NonNullable<Buffer["window"]>, isKept: boolean): void => {
      const node = body.nodes[value]!;
      const own = nameIfStored({ ...node, name: nameOf(value) });
      const isFree = own !== undefined && !taken.has(value) && node.op !== "input";
      const name = isFree ? own : this.#storedName(`${nameOf(value)}_${word}`, node.type);
      if (isFree) taken.add(value);
      this.#share(name, node.type, isKept, window);
      stores.push({ value, name });
    };
    for (let carry = 0; carry < carries; carry++) {
      const result = body.results[carry]!.value;
      const type = body.nodes[result]!.type;
      const size = sizeOf(type.shape);
      const stacks = homes.stacksOf(carry);
      const all = stacks.length > 0;
      const words = wordsOf(nameOf(result));
      const of = this.#unique(`${words.value}_${all ? "turns" : "carried"}`);
      this.#share(
        of,
        { dtype: type.dtype, shape: [all ? steps + 1 : 2, ...type.shape] },
        stacks.some(({ n: m }) => kept(m)),
      );
      const t = index(TURN, steps);
      const [from, into] = reverse ? [shift(t, 1), t] : [t, shift(t, 1)];
      const window = (where: Index): NonNullable<Buffer["window"]> => ({ of, at: scale(all ? where : remainder(where, 2), size) });
      before.push(this.#share(this.#unique(words.given), type, false, window(from)));
      store(result, "next", window(into), false);
      const [first, last] = reverse ? [steps, 0] : [0, steps];
      const name = this.#share(this.#storedName(words.first, type), type, false, window(constant(first)));
      this.#firsts[n - 1]!.push({ name, value: operands[carry]!, type, of: loop });
      const part = parts.get(carry);
      if (part !== undefined) this.#share(part.name, part.type, false, window(constant(last)));
      for (const { n: m, isNext } of stacks) {
        // what goes in at the first turn stands before what comes out of it
        const lowest = isNext === reverse ? 0 : 1;
        this.#share(parts.get(m)!.name, parts.get(m)!.type, kept(m), { of, at: constant(lowest * size) });
      }
    }
    for (const [value, [first, ...others]] of homes.stacked()) {
      const part = parts.get(first!)!;
      const isKept = [first!, ...others].some(kept);
      const size = sizeOf(body.nodes[value]!.type.shape);
      this.#share(part.name, part.type, isKept);
      store(value, "kept", { of: part.name, at: scale(index(TURN, steps), size) }, false);
      for (const m of others) this.#share(parts.get(m)!.name, parts.get(m)!.type, isKept, { of: part.name, at: constant(0) });
    }
    // what each turn reads
    const slices = new Map<string, string>();
    const slice = (operand: Value, type: TensorType): string => {
      const whole = this.#hand(operand);
      const known = slices.get(whole);
      if (known !== undefined) return known;
      const name = this.#unique(`${whole.replace(STORED_END, "")}_slice`);
      // nobody else may read it
      if (isStorage(this.#graph.nodes[operand]!)) push(this.#graph.nodes[operand]!);
      const window = { of: whole, at: scale(index(TURN, steps), sizeOf(type.shape)) };
      slices.set(whole, this.#share(name, type, false, window));
      return name;
    };
    body.nodes.forEach((one, at) => {
      if (one.op !== "input")
        return void (to[at] = push({ ...one, name: nameOf(at as Value), inputs: one.inputs.map((input) => to[input]!) }));
      const operand = operandOf(one);
      if (operand < carries) to[at] = push(foreign(one, before[operand]!));
      else if (operand < carries + sequences) to[at] = push(foreign(one, slice(operands[operand]!, one.type)));
      else {
        const given = this.#graph.nodes[operands[operand]!]!;
        to[at] = push(isStorage(given) ? given : foreign(one, this.#hand(operands[operand]!)));
      }
    });
    for (const { value, name } of stores) {
      if (nameOf(value) === name) give(drawn, to[value]!, name);
      else giveCopy(drawn, to[value]!, name, body.nodes[value]!.type, body.nodes[value]!);
    }
    const aliases = body.aliases.map((alias) => ({ ...alias, name: this.#unique(alias.name), value: to[alias.value]! }));
    return {
      graph: { name: body.name, nodes: drawn.nodes, results: drawn.results, aliases },
      leaves: drawn.leaves,
      turns: { node: loop.name, turn, reverse },
    };
  }
}

/**
 * What a carry is called by what a turn makes of it: h is given as h_before. A cotangent comes from the turn after: of d_h_before, which a turn
 * hands on, it is given d_h_after, which is d_h_last where no turn is after.
 */
function wordsOf(name: string): { readonly value: string; readonly given: string; readonly first: string } {
  const value = /^(d_.+)_before(?:_\d+)?$/.exec(name)?.[1];
  if (value === undefined) return { value: name, given: `${name}_before`, first: `${name}_first` };
  return { value, given: `${value}_after`, first: `${value}_last` };
}

/** The name that define gives the storage of a node's value where it is a result; undefined where that is a copy. */
const nameIfStored = (node: Node): string | undefined =>
  isMoved(node) || isStorage(node) || node.type.shape.length === 0 ? undefined : node.name;

const foreign = ({ type, origin }: Node, name: string): Node => ({ op: "input", name, inputs: [], attrs: { foreign: true }, type, origin });

/** A value that leaves a part under the name that define stores it by. */
function give({ nodes, results, leaves }: Drawn, value: Value, name: string): void {
  const own = nodes[value]!;
  results.push({ kind: "output", name: nameIfStored(own) === name ? name : name.replace(STORED_END, ""), value });
  leaves.add(name);
}

function giveCopy(drawn: Drawn, value: Value, name: string, type: TensorType, { origin }: Node): void {
  const isScalar = type.shape.length === 0;
  const base = isScalar ? name.replace(STORED_END, "") : name;
  const copy = (drawn.nodes.push({ op: "identity", name: isScalar ? `${base}_value` : base, inputs: [value], attrs: {}, type, origin }) -
    1) as Value;
  drawn.results.push({ kind: "output", name: base, value: copy });
  drawn.leaves.add(name);
}
