/** The meaning of a graph in float64: every node evaluated by its op's reference, one after the other. */

import type { Graph, Node } from "../graph/graph.ts";
import { tensor, type Tensor } from "../graph/type.ts";
import { opOf } from "../ops/index.ts";
import type { Run } from "../ops/op.ts";

/** Contents of the leaves, by node name. */
export type Feed = ReadonlyMap<string, Float64Array>;

/** Sees each value as it is made, before anything reads it; it may change the elements, as rounding would. */
export type Watch = (node: Node, value: Tensor) => void;

/** All values of a graph. Throws a RangeError for a leaf that is not fed or has another length. */
export const evaluateGraph = (graph: Graph, feed: Feed, watch?: Watch): readonly Tensor[] =>
  valuesOf(graph, ({ name }) => feed.get(name), watch);

/** The meaning of bodies, watched. */
const runOf =
  (watch?: Watch): Run =>
  (body, input) => {
    const inside = valuesOf(body, (node) => input(node).data, watch);
    return body.results.map(({ value }) => inside[value]!);
  };

type Leaf = (node: Node) => Float64Array | undefined;

function valuesOf(graph: Graph, leaf: Leaf, watch: Watch | undefined): readonly Tensor[] {
  const values: Tensor[] = [];
  const run = runOf(watch);
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => values[input]!);
    const output = valueOf(node, inputs, leaf, run);
    watch?.(node, output);
    values.push(output);
  }
  return values;
}

/** Whether a node's value is given from outside. */
const isFed = ({ op }: Node): boolean => opOf(op).leaf === true && opOf(op).view !== true;

function valueOf(node: Node, inputs: readonly Tensor[], leaf: Leaf, run: Run): Tensor {
  const output = tensor(node.type);
  if (isFed(node)) {
    const data = leaf(node);
    if (data === undefined || data.length !== output.data.length)
      throw new RangeError(`%${node.name} is fed ${data?.length ?? "no"} elements, but has ${output.data.length}`);
    output.data.set(data);
  } else opOf(node.op).evaluate(inputs, node.attrs, output, run);
  return output;
}

/** Attributes as text that tells numbers apart which JSON does not: −0, NaN, ∞. */
const textOf = (attrs: Node["attrs"]): string =>
  JSON.stringify(attrs, (_, value: unknown) => (typeof value === "number" ? (Object.is(value, -0) ? "-0" : String(value)) : value));

/** What graphs that one feed goes to have in common is evaluated once: the same op of the same values, with the very same attributes. */
export class Evaluations {
  readonly #feed: (leaf: Node) => Float64Array;
  readonly #known = new Map<string, Tensor>();
  readonly #numbers = new Map<object, number>();

  constructor(feed: (leaf: Node) => Float64Array) {
    this.#feed = feed;
  }

  /** All values of a graph, which are not to be changed. */
  of(graph: Graph): readonly Tensor[] {
    const values: Tensor[] = [];
    for (const node of graph.nodes) {
      const inputs = node.inputs.map((input) => values[input]!);
      const { dtype, shape } = node.type;
      const of = isFed(node) ? node.name : inputs.map((input) => this.#numberOf(input)).join();
      // literals are made anew by every pass
      const attrs = isFed(node) || inputs.length > 0 ? this.#numberOf(node.attrs) : textOf(node.attrs);
      const key = `${node.op} ${attrs} ${dtype} ${shape.join()} ${of}`;
      let value = this.#known.get(key);
      if (value === undefined) {
        value = valueOf(node, inputs, this.#feed, runOf());
        this.#known.set(key, value);
      }
      values.push(value);
    }
    return values;
  }

  #numberOf(one: object): number {
    const known = this.#numbers.get(one) ?? this.#numbers.size;
    this.#numbers.set(one, known);
    return known;
  }
}

/** The results of a graph by name: losses, outputs, and writes under their target's name. */
export interface Results {
  readonly values: readonly Tensor[];
  readonly losses: Map<string, number>;
  readonly outputs: Map<string, Tensor>;
  readonly writes: Map<string, Tensor>;
}

export const evaluateResults = (graph: Graph, feed: Feed, watch?: Watch): Results => resultsIn(graph, evaluateGraph(graph, feed, watch));

/** The same where the graph is evaluated already. */
export function resultsIn(graph: Graph, values: readonly Tensor[]): Results {
  const losses = new Map<string, number>();
  const outputs = new Map<string, Tensor>();
  const writes = new Map<string, Tensor>();
  for (const result of graph.results) {
    const value = values[result.value]!;
    if (result.kind === "loss") losses.set(result.name, value.data[0]!);
    else if (result.kind === "output") outputs.set(result.name, value);
    else writes.set(graph.nodes[result.target]!.name, value);
  }
  return { values, losses, outputs, writes };
}
