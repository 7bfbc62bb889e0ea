/**
 * Guarantees that the backward pass computes again what it needs of a checkpointed region, instead of keeping it.
 * A node's attribute `checkpoint` names its region; its copy carries `again`, the name of the original, so that no pass merges the two
 * and both are rounded alike (passes/numerics.ts). What a region reads from outside is kept.
 */

import type { Builder } from "../graph/build.ts";
import type { Node, Value } from "../graph/graph.ts";
import { opOf } from "../ops/index.ts";

/** The region of a node; undefined where its value is kept. */
const regionOf = ({ attrs }: Node): string | undefined =>
  typeof attrs["checkpoint"] === "string" ? attrs["checkpoint"] : undefined;

/** A node without its mark: what its gradient rule appends belongs to no region. */
export function unmarked(node: Node): Node {
  if (regionOf(node) === undefined) return node;
  const { checkpoint: _, ...attrs } = node.attrs;
  return { ...node, attrs };
}

/** Values as the backward pass reads them: of checkpointed regions the copies, made at first need. */
export class Residuals {
  readonly #builder: Builder;
  readonly #copies = new Map<Value, Value>();

  constructor(builder: Builder) {
    this.#builder = builder;
  }

  /** What stands for a value in the backward pass. */
  of(value: Value): Value {
    const node = this.#builder.node(value);
    if (regionOf(node) === undefined || opOf(node.op).leaf === true) return value;
    const known = this.#copies.get(value);
    if (known !== undefined) return known;
    const inputs = node.inputs.map((input) => this.of(input));
    const before = this.#builder.origin;
    this.#builder.origin = node.origin;
    const copy = this.#builder.append(opOf(node.op), inputs, { ...unmarked(node).attrs, again: node.name }, `${node.name}_again`); // prettier-ignore
    this.#builder.origin = before;
    this.#copies.set(value, copy);
    return copy;
  }
}
