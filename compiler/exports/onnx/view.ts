/** What patterns look at: a graph from a root, and what they find there. */

import type { Graph, Node, Value } from "../../graph/graph.ts";
import { sizeOf } from "../../graph/type.ts";
import { number, numbers } from "../../ops/op.ts";
import type { Emission } from "./emission.ts";

/** An operator that several primitives are. */
export interface Match {
  /** What it reads. */
  readonly inputs: readonly Value[];
  emit(e: Emission, value: Value): void;
}

/** Looks at a graph from a root. */
export class View {
  readonly #graph: Graph;
  constructor(graph: Graph) {
    this.#graph = graph;
  }
  node(value: Value): Node {
    return this.#graph.nodes[value]!;
  }
  /** The operands of a node of this op. */
  of(value: Value | undefined, op: string): readonly Value[] | undefined {
    if (value === undefined) return undefined;
    const node = this.node(value);
    return node.op === op ? node.inputs : undefined;
  }
  literal(value: Value | undefined): number | undefined {
    if (value === undefined) return undefined;
    const { op, attrs } = this.node(value);
    return op === "literal" ? number(attrs, "value") : undefined;
  }
  /** What is spread over these axes. */
  spread(value: Value | undefined, axes: readonly number[]): Value | undefined {
    const inner = this.of(value, "broadcast");
    return inner !== undefined && String(numbers(this.node(value!).attrs, "axes")) === String(axes) ? inner[0] : undefined;
  }
  /** The operands of a sum or product in both orders. */
  both(value: Value | undefined, op: "add" | "mul"): readonly (readonly [Value, Value])[] {
    const inner = this.of(value, op) as readonly [Value, Value] | undefined;
    return inner === undefined ? [] : [inner, [inner[1], inner[0]]];
  }
  shape(value: Value): readonly number[] {
    return this.node(value).type.shape;
  }
  /** All axes but one. */
  others(value: Value, axis: number): readonly number[] {
    return this.shape(value).flatMap((_, n) => (n === axis ? [] : [n]));
  }
  /** The value whose mean over axes this is. */
  mean(value: Value | undefined): { readonly x: Value; readonly axes: readonly number[] } | undefined {
    for (const [total, factor] of this.both(value, "mul")) {
      const x = this.of(total, "sum")?.[0];
      const share = this.literal(factor);
      if (x === undefined || share === undefined) continue;
      const axes = numbers(this.node(total).attrs, "axes");
      const n = sizeOf(axes.map((axis) => this.shape(x)[axis]!));
      if (Math.abs(share * n - 1) < 1e-12) return { x, axes };
    }
    return undefined;
  }
}

/** What a root is, if it is one. */
export type Pattern = (view: View, root: Value) => Match | undefined;
