/** The form of level 1: an immutable, topologically ordered SSA graph of tensor ops whose only effects are writes at its end. */

import type { TensorType } from "./type.ts";

/** An SSA value: the index of the node that defines it. */
declare const valueBrand: unique symbol;
export type Value = number & { readonly [valueBrand]: true };

/** A graph is what a node does with its operands, perhaps many times: the body of a scan. It is called `body`. */
export type Attr = number | string | boolean | readonly Attr[] | Graph;
export type Attrs = { readonly [key: string]: Attr };

/** Where a node comes from: the model's line, and the composition that it, or what it differentiates, is a part of. */
interface Place {
  readonly site: string;
  /** A layer, a composite function or an update rule in the model's words: `layerNorm_3: μ, σ², x̂·γ + β`. */
  readonly within?: string;
}

/** Why a node exists. Every pass keeps it; the emitter turns it into comments. */
export type Origin = Place &
  (
    | { readonly role: "primal" }
    | {
        readonly role: "cotangent";
        readonly of: string;
        /** The primitive whose gradient rule this is. */
        readonly op: string;
        readonly rule: string;
      }
    | { readonly role: "update"; readonly of: string; readonly rule: string }
  );

/** The place of an origin, for what is made of its node. */
export const placeOf = ({ site, within }: Origin): Place => (within === undefined ? { site } : { site, within });

export interface Node {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly attrs: Attrs;
  readonly type: TensorType;
  readonly origin: Origin;
}

/** What leaves the graph. A write is the only effect, and it happens at the end. */
export type Result =
  | { readonly kind: "output"; readonly name: string; readonly value: Value }
  | { readonly kind: "loss"; readonly name: string; readonly value: Value }
  | { readonly kind: "write"; readonly target: Value; readonly value: Value };

/** Results of values that have become others. */
export const movedResults = (results: readonly Result[], to: (value: Value) => Value): Result[] =>
  results.map((result) =>
    result.kind === "write" ? { ...result, target: to(result.target), value: to(result.value) } : { ...result, value: to(result.value) },
  );

/** A second name of a value: a node that a pass found equal to another keeps its name and its law. */
export interface Alias {
  readonly name: string;
  readonly value: Value;
  readonly maths: string;
  readonly origin: Origin;
}

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[]; // topological: every input is smaller than its own index
  readonly results: readonly Result[];
  readonly aliases: readonly Alias[];
}

/** The graph inside a node, if it has one. */
export const bodyOf = ({ attrs }: Pick<Node, "attrs">): Graph | undefined => attrs["body"] as Graph | undefined; // no other attribute is a graph

/** The node that defines a value. */
export function nodeOf(graph: { readonly nodes: readonly Node[] }, value: Value): Node {
  const node = graph.nodes[value];
  if (node === undefined) throw new RangeError(`no node defines value ${value}`);
  return node;
}
