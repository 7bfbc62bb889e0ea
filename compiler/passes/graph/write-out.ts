/**
 * Guarantees that a loop is one that stays one down to the emitted code, or none: its body is written out once a turn, one after the other.
 *   %s = scan %h0 %xs {steps=3 …}   →   %h = tanh …, %h_2 = tanh …, %h_3 = tanh …
 * A turn that reads a slice of what another loop stacks reads the very value. Bodies of loops that stay have no loops.
 */

import { Builder } from "../../graph/build.ts";
import { bodyOf, movedResults, type Attrs, type Graph, type Node, type Value } from "../../graph/graph.ts";
import { callsOn, opOf, type Calls } from "../../ops/index.ts";
import { operandOf, stepsOf, type ScanAttrs } from "../../ops/scan-attrs.ts";
import type { Pass } from "../pass.ts";
import { stays } from "./loops.ts";
import { prune } from "./prune.ts";

export const writeOut: Pass<Graph> = {
  name: "write-out",
  why: "the bodies of loops that do not stay loops, once a turn",
  run: (graph) => (graph.nodes.some(isWritten) ? prune.run(new WrittenOut(graph).run()) : graph), // the first turn reads no gradient of what began it
};

/** Whether something is written out of a node: the loop that it is, or one inside it. */
function isWritten(node: Node): boolean {
  const body = bodyOf(node);
  return body !== undefined && (!stays(node) || body.nodes.some((inside) => bodyOf(inside) !== undefined));
}

class WrittenOut {
  readonly #graph: Graph;
  readonly #builder: Builder;
  readonly #g: Calls;
  /** The results of loops. */
  readonly #results = new Map<Node, readonly Value[]>();
  /** The slices of what loops stacked. */
  readonly #slices = new Map<Value, readonly Value[]>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#builder = new Builder(graph.name);
    this.#builder.reserve(graph.nodes.filter(({ op }) => op !== "literal").map(({ name }) => name));
    this.#builder.reserve(graph.aliases.map(({ name }) => name));
    this.#g = callsOn(this.#builder);
  }

  run(): Graph {
    const { nodes, results, aliases } = this.#graph;
    const moved = this.#all(nodes, (node, inputs) => this.#builder.keep(node, inputs));
    const to = (value: Value): Value => moved[value]!;
    return {
      ...this.#builder.graph(),
      results: movedResults(results, to),
      aliases: [...aliases.map((alias) => ({ ...alias, value: to(alias.value) })), ...this.#builder.aliases],
    };
  }

  /** What nodes become: all but loops and their results as `keep` says. */
  #all(nodes: readonly Node[], keep: (node: Node, inputs: readonly Value[]) => Value): Value[] {
    const moved: Value[] = [];
    for (const node of nodes) {
      const inputs = node.inputs.map((input) => moved[input]!);
      this.#builder.origin = node.origin;
      const body = bodyOf(node);
      const results = opOf(node.op).selects === true ? this.#results.get(nodes[node.inputs[0]!]!) : undefined;
      if (results !== undefined) {
        moved.push(results[node.attrs["n"] as number]!);
      } else if (body !== undefined && stays(node)) {
        moved.push(keep({ ...node, attrs: { ...node.attrs, body: writeOut.run(body) } }, inputs));
      } else if (body !== undefined) {
        this.#results.set(node, this.#turns(node, inputs));
        moved.push(0 as Value); // read by its results alone
      } else moved.push(keep(node, inputs));
    }
    return moved;
  }

  #turns(node: Node, operands: readonly Value[]): readonly Value[] {
    const attrs = node.attrs as unknown as ScanAttrs; // scan alone has a body
    const { checkpoint } = node.attrs;
    const region = checkpoint === undefined ? {} : { checkpoint };
    const { body, carries, sequences, steps } = attrs;
    const stacked: Value[][] = body.results.slice(carries).map(() => []);
    let carry = operands.slice(0, carries);
    for (const step of stepsOf(attrs)) {
      const given = operands.map((value, n) => {
        if (n < carries) return carry[n]!;
        return n < carries + sequences ? this.#slice(value, step, steps) : value;
      });
      const moved = this.#all(body.nodes, (node, inputs) =>
        node.op === "input" ? given[operandOf(node)]! : this.#copy(node, inputs, region),
      );
      const results = body.results.map(({ value }) => moved[value]!);
      carry = results.slice(0, carries);
      results.slice(carries).forEach((value, n) => (stacked[n]![step] = value));
    }
    return [...carry, ...stacked.map((values) => this.#stack(values))];
  }

  #copy(node: Node, inputs: readonly Value[], region: Attrs): Value {
    if (node.op === "literal") return this.#builder.keep(node, inputs);
    return this.#builder.keep({ ...node, name: this.#builder.unique(node.name), attrs: { ...region, ...node.attrs } }, inputs);
  }

  /** Slice `step` of a sequence. */
  #slice(value: Value, step: number, steps: number): Value {
    const known = this.#slices.get(value);
    if (known !== undefined) return known[step]!;
    const { shape } = this.#builder.typeOf(value);
    const slices = Array.from({ length: steps }, (_, n) => {
      const start = shape.map((_, axis) => (axis === 0 ? n : 0));
      const limit = shape.map((extent, axis) => (axis === 0 ? n + 1 : extent));
      return this.#g.reshape(this.#g.slice(value, { start, limit, stride: shape.map(() => 1) }), { shape: shape.slice(1) });
    });
    this.#slices.set(value, slices);
    return slices[step]!;
  }

  #stack(values: readonly Value[]): Value {
    const raised = values.map((value) => this.#g.reshape(value, { shape: [1, ...this.#builder.typeOf(value).shape] }));
    const stack = raised.length === 1 ? raised[0]! : this.#g.concat(raised, { axis: 0 });
    this.#slices.set(stack, values);
    return stack;
  }
}
