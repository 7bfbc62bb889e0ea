/**
 * Guarantees that what does not depend on a loop's carries is outside it: before it what is made of slices alone, after it what only leaves it.
 *   %p = dot %x_t %W (x_t a slice of xs)        →   dot %xs %W before the loop, and its slices
 *   %y = dot %d_t %W (y stacked, d_t made here)  →   d stacked, and dot %d %W after the loop
 *   %c' = add %c %f_t (c read nowhere else)      →   c + Σ over t, after the loop: of a product one product, over t as well
 * Only what contracts or sums is moved, with what leads there: the rest is as cheap inside, and needs no memory of all turns.
 */

import { Builder } from "../../graph/build.ts";
import { bodyOf, movedResults, nodeOf, type Graph, type Node, type Value } from "../../graph/graph.ts";
import { isFloat } from "../../graph/type.ts";
import { dependents, usersOf } from "../../graph/walk.ts";
import { batchingOf } from "../../ops/batching.ts";
import { callsOn, opOf, type Calls } from "../../ops/index.ts";
import { numbers, type Along, type Op } from "../../ops/op.ts";
import { operandOf, partName, type ScanAttrs } from "../../ops/scan-attrs.ts";
import type { Pass } from "../pass.ts";

export const outOfLoops: Pass<Graph> = {
  name: "out-of-loops",
  why: "what does not depend on a loop's carries leaves it, both ways",
  approximate: true,
  run: (graph, fired = () => {}) => (graph.nodes.some((node) => bodyOf(node) !== undefined) ? moved(graph, fired) : graph),
};

function moved(graph: Graph, fired: (law: string) => void): Graph {
  const builder = new Builder(graph.name);
  builder.reserve(graph.nodes.filter(({ op }) => op !== "literal").map(({ name }) => name));
  builder.reserve(graph.aliases.map(({ name }) => name));
  const results = new Map<Value, readonly Value[]>();
  const to: Value[] = [];
  const named = new Set<Value>();
  let changed = false;
  graph.nodes.forEach((node, at) => {
    const inputs = node.inputs.map((input) => to[input]!);
    const of = opOf(node.op).selects === true ? results.get(node.inputs[0]!) : undefined;
    if (of !== undefined) {
      const value = of[node.attrs["n"] as number]!;
      // of two names of one result the first stands
      if (builder.node(value).op !== "literal" && !named.has(value)) builder.replaceName(value, node.name);
      named.add(value);
      return void to.push(value);
    }
    if (bodyOf(node) !== undefined) {
      const loop = new Loop(builder, node, inputs);
      if (loop.laws.length > 0) {
        changed = true;
        for (const law of loop.laws) fired(law);
        results.set(at as Value, loop.run());
        return void to.push(0 as Value); // read by its results alone
      }
    }
    to.push(builder.keep(node, inputs));
  });
  if (!changed) return graph;
  const moving = (value: Value): Value => to[value]!;
  return {
    ...builder.graph(),
    results: movedResults(graph.results, moving),
    aliases: graph.aliases.map((alias) => ({ ...alias, value: moving(alias.value) })),
  };
}

const BEFORE = "f(x_t) at every t → f(x) before the loop";
const AFTER = "y_t = f(z_t) at every t → f(z) after the loop";
const SUMMED = "c ← c + f_t at every t → c + Σ f_t after the loop";

/** A carry that only adds up. */
interface Sum {
  readonly carry: number;
  readonly term: Value;
}

class Loop {
  readonly laws: readonly string[];
  readonly #builder: Builder;
  readonly #g: Calls;
  readonly #node: Node;
  readonly #attrs: ScanAttrs;
  readonly #body: Graph;
  readonly #operands: readonly Value[];
  /** Values of the body that are another at each turn, and those that depend on a carry. */
  readonly #turns: readonly boolean[];
  readonly #carried: readonly boolean[];
  /** What the carries that remain need. */
  #needed: readonly boolean[] = [];
  #sums: readonly Sum[] = [];
  /** Values that the loop stacks from now on. */
  readonly #stacked = new Set<Value>();
  readonly #whole = new Map<Value, Along>();

  constructor(builder: Builder, node: Node, operands: readonly Value[]) {
    this.#builder = builder;
    this.#g = callsOn(builder);
    this.#node = node;
    this.#attrs = node.attrs as unknown as ScanAttrs; // of a scan they are
    this.#body = this.#attrs.body;
    this.#operands = operands;
    const { carries, sequences } = this.#attrs;
    const { nodes } = this.#body;
    const inputs = (below: number): Value[] =>
      nodes.flatMap((one, at) => (one.op === "input" && operandOf(one) < below ? [at as Value] : []));
    this.#turns = dependents(nodes, inputs(carries + sequences));
    this.#carried = dependents(nodes, inputs(carries));
    // what is stacked for others is there for a sum as well
    for (let known = -1; known !== this.#stacked.size;) {
      known = this.#stacked.size;
      this.#sums = this.#sumsOf();
      this.#needed = this.#readFor(this.#kept().map(({ value }) => value));
      this.#stacked.clear();
      for (const { value } of this.#stacks()) this.#collect(value);
      for (const { term } of this.#sums) this.#collect(term, true);
    }
    const inside = this.#readFor([...this.#kept().map(({ value }) => value), ...this.#stacked]);
    const laws = [
      nodes.some((_, at) => inside[at] && this.#leavesBefore(at as Value)) ? BEFORE : undefined,
      this.#stacks().some(({ value }) => this.#isOutside(value)) ? AFTER : undefined,
      this.#sums.length > 0 ? SUMMED : undefined,
    ];
    this.laws = laws.filter((law) => law !== undefined);
  }

  #of(value: Value): Node {
    return nodeOf(this.#body, value);
  }

  /** Results that stay carries. */
  #kept(): { readonly n: number; readonly value: Value }[] {
    return this.#body.results
      .slice(0, this.#attrs.carries)
      .flatMap(({ value }, n) => (this.#sums.some(({ carry }) => carry === n) ? [] : [{ n, value }]));
  }

  #stacks(): readonly { readonly value: Value }[] {
    return this.#body.results.slice(this.#attrs.carries);
  }

  /** What values need in the loop, down to what leaves it before. */
  #readFor(values: readonly Value[]): boolean[] {
    const { nodes } = this.#body;
    const read = nodes.map(() => false);
    for (const value of values) read[value] = true;
    for (let at = nodes.length - 1; at >= 0; at--)
      if (read[at] && !this.#leavesBefore(at as Value)) for (const input of nodes[at]!.inputs) read[input] = true;
    return read;
  }

  /** Carries c' = c + f, with c and c' read nowhere else, and f a sum or a product, or stacked. */
  #sumsOf(): Sum[] {
    const users = usersOf(this.#body);
    return this.#body.results.slice(0, this.#attrs.carries).flatMap(({ value }, carry): Sum[] => {
      const { op, inputs, type } = this.#of(value);
      const times = this.#body.results.filter((result) => result.value === value).length;
      const own = inputs.findIndex((input) => this.#of(input).op === "input" && operandOf(this.#of(input)) === carry);
      if (op !== "add" || own < 0 || times > 1 || users[value]!.length > 0 || users[inputs[own]!]!.length > 1) return [];
      const term = inputs[1 - own]!;
      return isFloat(type.dtype) && (this.#stacked.has(term) || (users[term]!.length === 1 && this.#adds(term))) ? [{ carry, term }] : [];
    });
  }

  /** Whether the sum over all turns of a value is one of more terms. */
  #adds(value: Value): boolean {
    const { op, inputs } = this.#of(value);
    if (op === "dot" || op === "sum") return this.#turns[value]!;
    return (op === "transpose" || op === "reshape") && this.#adds(inputs[0]!);
  }

  /** Made of slices alone, by what has a law for all turns at once. */
  #isSliced(value: Value): boolean {
    if (this.#carried[value]) return false;
    const node = this.#of(value);
    if (node.op === "input" || !this.#turns[value]) return true;
    return batchingOf(opOf(node.op)) !== undefined && node.inputs.every((input) => this.#isSliced(input));
  }

  #leavesBefore(value: Value): boolean {
    const node = this.#of(value);
    if (!this.#turns[value]) return node.op !== "input" && node.op !== "literal" && opOf(node.op).view !== true;
    return opOf(node.op).contracts === true && this.#isSliced(value);
  }

  /** Whether a value that only leaves the loop is made after it, of what the loop stacks in its place. */
  #isOutside(value: Value, summed = false): boolean {
    const node = this.#of(value);
    const op = opOf(node.op);
    if (node.op === "input" || !this.#turns[value] || this.#needed[value] || batchingOf(op) === undefined) return false;
    if (op.contracts === true || summed) return true;
    return op.view === true && node.inputs.length === 1 && this.#isOutside(node.inputs[0]!);
  }

  /** Whether movements on the way to a sum go with it. */
  #goesThrough(value: Value, summed: boolean): boolean {
    return summed && opOf(this.#of(value).op).view === true;
  }

  /** Finds what the loop has to stack for a value to be made after it; for one that is not, the value itself. */
  #collect(value: Value, summed = false): void {
    const node = this.#of(value);
    if (this.#isOutside(value, summed)) for (const input of node.inputs) this.#collectOperand(input, this.#goesThrough(value, summed));
    else this.#stacked.add(value);
  }

  #collectOperand(value: Value, summed: boolean): void {
    if (!this.#isSliced(value)) this.#collect(value, summed);
  }

  /** A value of the body for all turns at once; `stacks` are there once the loop is. */
  #forAll(value: Value, stacks?: ReadonlyMap<Value, Value>, summed = false): Along {
    const known = this.#whole.get(value);
    if (known !== undefined) return known;
    const made = this.#made(value, this.#of(value), stacks, summed);
    this.#whole.set(value, made);
    return made;
  }

  #made(value: Value, node: Node, stacks: ReadonlyMap<Value, Value> | undefined, summed: boolean): Along {
    const { carries, sequences, steps } = this.#attrs;
    const builder = this.#builder;
    if (node.op === "literal") return { value: builder.keep(node, []), along: false };
    if (node.op === "input" && operandOf(node) >= carries)
      return { value: this.#operands[operandOf(node)]!, along: operandOf(node) < carries + sequences };
    const own = (inputs: readonly Value[]): Value => builder.keep({ ...node, name: builder.unique(node.name) }, inputs);
    if (!this.#turns[value]) return { value: own(node.inputs.map((input) => this.#forAll(input).value)), along: false };
    const stack = stacks?.get(value);
    if (stack !== undefined) return { value: stack, along: true };
    const inputs = node.inputs.map((input) => this.#forAll(input, stacks, this.#goesThrough(value, summed)));
    builder.origin = node.origin;
    const op = opOf(node.op);
    const append = (values: readonly Value[], attrs = node.attrs): Value => builder.append(op, values, attrs, node.name);
    return { value: batchingOf(op)!({ g: this.#g, attrs: node.attrs, type: node.type, inputs, steps, append }), along: true };
  }

  /** Appends the loop that is left, and what goes around it; gives the results that the whole had. */
  run(): readonly Value[] {
    const kept = this.#kept();
    const stacked = [...this.#stacked];
    const inside = [...kept.map(({ value }) => value), ...stacked];
    const parts = inside.length === 0 ? [] : this.#loop(kept.map(({ n }) => n), inside); // prettier-ignore
    const stacks = new Map(stacked.map((value, n) => [value, parts[kept.length + n]!]));
    return this.#body.results.map(({ value }, n): Value => {
      const sum = this.#sums.find(({ carry }) => carry === n);
      if (sum !== undefined) {
        const terms = this.#forAll(sum.term, stacks, true).value;
        this.#builder.origin = this.#of(sum.term).origin;
        // under the result's own name where it begins with nothing
        return this.#isZero(this.#operands[n]!) ? this.#total(terms) : this.#g.add(this.#operands[n]!, this.#total(terms));
      }
      const at = kept.findIndex((one) => one.n === n);
      return at >= 0 ? parts[at]! : this.#forAll(value, stacks).value;
    });
  }

  #loop(kept: readonly number[], values: readonly Value[]): readonly Value[] {
    const { carries } = this.#attrs;
    const read = this.#readFor(values);
    // what is made around a loop is not called as something inside it
    const stays = (node: Node, at: number): boolean => read[at]! && opOf(node.op).leaf !== true && !this.#leavesBefore(at as Value);
    this.#builder.reserve(this.#body.nodes.filter(stays).map(({ name }) => name));
    const body = new Builder(this.#body.name);
    const operands = { carry: kept.map((n) => this.#operands[n]!), sequence: [] as Value[], constant: [] as Value[] };
    const inputs: { readonly at: Value; readonly kind: keyof typeof operands; readonly n: number }[] = [];
    const moved: Value[] = [];
    const input = (node: Node, kind: keyof typeof operands, n: number): Value => {
      const at = body.keep({ ...node, op: "input", inputs: [], attrs: {} }, []);
      inputs.push({ at, kind, n });
      return at;
    };
    this.#body.nodes.forEach((node, at) => {
      if (!read[at]) return;
      const carried = node.op === "input" && operandOf(node) < carries;
      if (carried) return void (moved[at] = input(node, "carry", kept.indexOf(operandOf(node))));
      if (node.op !== "input" && !this.#leavesBefore(at as Value))
        return void (moved[at] = body.keep(node, node.inputs.map((one) => moved[one]!))); // prettier-ignore
      const { value, along } = this.#forAll(at as Value);
      const kind = along ? "sequence" : "constant";
      const n = operands[kind].indexOf(value);
      moved[at] = input(node, kind, n >= 0 ? n : operands[kind].push(value) - 1);
    });
    const first = { carry: 0, sequence: kept.length, constant: kept.length + operands.sequence.length };
    for (const { at, kind, n } of inputs) body.nodes[at] = { ...body.nodes[at]!, attrs: { operand: first[kind] + n } };
    values.forEach((value, n) => body.results.push({ kind: "output", name: `result${n}`, value: moved[value]! }));
    const attrs = { ...this.#node.attrs, body: body.graph(), carries: kept.length, sequences: operands.sequence.length };
    const all = [...operands.carry, ...operands.sequence, ...operands.constant];
    const op: Op = opOf(this.#node.op);
    const type = op.infer(all.map((value) => this.#builder.typeOf(value)), attrs); // prettier-ignore
    const loop = this.#builder.keep({ ...this.#node, attrs, type }, all);
    this.#builder.origin = this.#node.origin;
    return values.map((_, n) => this.#builder.append(opOf("part"), [loop], { n }, partName(attrs, n)));
  }

  #isZero(value: Value): boolean {
    const { op, attrs, inputs } = this.#builder.node(value);
    return op === "broadcast" ? this.#isZero(inputs[0]!) : op === "literal" && Object.is(attrs["value"], 0);
  }

  /** Σ over the leading axis: of a sum over more axes, of a product a product over it as well. */
  #total(value: Value): Value {
    const { op, inputs, attrs, type } = this.#builder.node(value);
    const axes = (key: string): readonly number[] => numbers(attrs, key);
    if (op === "dot" && axes("aBatch")[0] === 0 && axes("bBatch")[0] === 0)
      return this.#g.dot(inputs[0]!, inputs[1]!, {
        aBatch: axes("aBatch").slice(1),
        bBatch: axes("bBatch").slice(1),
        aContract: [0, ...axes("aContract")],
        bContract: [0, ...axes("bContract")],
      });
    if (op === "sum" && !axes("axes").includes(0)) return this.#g.sum(inputs[0]!, { axes: [0, ...axes("axes")] });
    if (op === "transpose" && axes("order")[0] === 0)
      return this.#g.transpose(this.#total(inputs[0]!), { order: axes("order").slice(1).map((axis) => axis - 1) }); // prettier-ignore
    if (op === "reshape" && this.#builder.typeOf(inputs[0]!).shape[0] === type.shape[0])
      return this.#g.reshape(this.#total(inputs[0]!), { shape: type.shape.slice(1) });
    return this.#g.sum(value, { axes: [0] });
  }
}
