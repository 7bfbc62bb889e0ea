/**
 * Guarantees that chosen values of the forward pass are computed again where the backward pass reads them, instead of being kept.
 *   %d_z = mul %d_h %h   →   %h_again = tanh %z {again=h, …}, %d_z = mul %d_h %h_again
 * No bit changes: what is rounded was fixed before (numerics.ts), a copy carries its original's rounding, and a value that is not
 * rounded is never read from storage, but copied with its reader.
 */

import { Builder } from "../../graph/build.ts";
import { movedResults, type Graph, type Node, type Value } from "../../graph/graph.ts";
import { opOf } from "../../ops/index.ts";
import type { Pass } from "../pass.ts";
import { exactValues } from "./numerics.ts";
import { prune } from "./prune.ts";

/** What a memory budget chose: values by name. */
export interface Recomputed {
  /** Computed again. */
  readonly again: ReadonlySet<string>;
  /** Stored from the forward pass to the backward pass. Everything in neither set is computed again where a copy reads it. */
  readonly kept: ReadonlySet<string>;
}

/**
 * `either`: in the backward pass a value read as it is, unless something it is made of is computed again; in a copy, copied.
 * Without a choice the model's own regions decide (model/autodiff.ts): a marked node is computed again, what a region reads is kept.
 */
type Decision = "keep" | "again" | "either";

export const recompute = (chosen?: Recomputed): Pass<Graph> => ({
  name: "recompute",
  why: "what the backward pass computes again instead of keeping",
  run(graph) {
    if (chosen === undefined && graph.nodes.every((node) => !isMarked(node))) return graph;
    const exact = exactValues(graph);
    return prune.run(
      new Copies(
        graph,
        graph.nodes.map((node, at) => decide(node, exact[at]!, chosen)),
      ).run(),
    );
  },
});

const isMarked = ({ attrs }: Node): boolean => attrs["checkpoint"] !== undefined;

/** A node whose region has been dealt with. */
function unmarked(node: Node): Node {
  const { checkpoint, ...attrs } = node.attrs;
  return checkpoint === undefined ? node : { ...node, attrs };
}

/** `exact`: storage holds the very value, so that further readers do not change it. */
function decide(node: Node, exact: boolean, chosen: Recomputed | undefined): Decision {
  if (opOf(node.op).leaf === true || node.origin.role !== "primal") return "keep";
  if (node.type.shape.length === 0) return "keep"; // locals of the entry
  if (chosen === undefined) return isMarked(node) ? "again" : exact ? "keep" : "either";
  if (chosen.again.has(node.name)) return "again";
  return chosen.kept.has(node.name) ? "keep" : "either";
}

/** Rebuilds a graph: forward nodes as they are, copies before the first node of the backward pass that reads them. */
class Copies {
  readonly #graph: Graph;
  readonly #builder: Builder;
  readonly #decisions: readonly Decision[];
  readonly #moved: Value[] = [];
  readonly #copies = new Map<Value, Value>();

  constructor(graph: Graph, decisions: readonly Decision[]) {
    this.#graph = graph;
    this.#decisions = decisions;
    this.#builder = new Builder(graph.name);
    this.#builder.reserve(graph.nodes.filter(({ op }) => op !== "literal").map(({ name }) => name));
    this.#builder.reserve(graph.aliases.map(({ name }) => name));
  }

  run(): Graph {
    const { nodes, results, aliases } = this.#graph;
    for (const node of nodes) {
      const backward = node.origin.role !== "primal";
      const inputs = node.inputs.map((of) => (backward ? (this.#again(of) ?? this.#moved[of]!) : this.#moved[of]!));
      this.#moved.push(this.#builder.keep(unmarked(node), inputs));
    }
    const to = (value: Value): Value => this.#moved[value]!;
    return {
      ...this.#builder.graph(),
      results: movedResults(results, to),
      aliases: aliases.map((alias) => ({ ...alias, value: to(alias.value) })),
    };
  }

  /** The copy that the backward pass reads instead of a value; undefined where it reads the value itself. */
  #again(of: Value): Value | undefined {
    const known = this.#copies.get(of);
    if (known !== undefined) return known;
    const decision = this.#decisions[of]!;
    if (decision === "keep") return undefined;
    if (decision === "again") return this.#copy(of);
    const changes = this.#graph.nodes[of]!.inputs.some((input) => this.#again(input) !== undefined);
    return changes ? this.#copy(of) : undefined;
  }

  #copy(of: Value): Value {
    const known = this.#copies.get(of);
    if (known !== undefined) return known;
    const node = this.#graph.nodes[of]!;
    const inputs = node.inputs.map((input) => (this.#decisions[input] === "keep" ? this.#moved[input]! : this.#copy(input)));
    const name = this.#builder.unique(`${node.name}_again`);
    const { attrs } = unmarked(node);
    const copy = this.#builder.keep({ ...node, name, attrs: { ...attrs, again: node.name } }, inputs);
    this.#copies.set(of, copy);
    return copy;
  }
}
