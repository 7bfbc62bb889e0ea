/** Guarantees that an extent is said to be the batch's where, and only where, it grows with it: a declaration at two batches, compared. */

import { bodyOf, type Attrs, type Graph, type Node } from "../graph/graph.ts";
import { sizeOf } from "../graph/type.ts";

/** The same declaration at two batches; one alone where the batch is fixed. */
export interface Twins {
  readonly graph: Graph;
  /** Rows of the batch. */
  readonly batch: number;
  readonly other?: { readonly graph: Graph; readonly batch: number };
}

/** Both graphs where they differ in multiples of the batch alone; else the first, whose batch is then fixed. */
export function twinned(graph: Graph, batch: number, other: Graph, otherBatch: number): Twins {
  const grows = (a: unknown, b: unknown): boolean => {
    if (typeof a === "number" && typeof b === "number") return Object.is(a, b) || isMultiple(a, batch, b, otherBatch);
    if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, n) => grows(one, b[n]));
    return a === b;
  };
  const sameAttrs = (a: Attrs, b: Attrs): boolean =>
    Object.keys(a).every((key) => key === "body" || grows(a[key], b[key])) && Object.keys(a).length === Object.keys(b).length;
  const sameNodes = (a: Graph, b: Graph): boolean =>
    a.nodes.length === b.nodes.length &&
    a.nodes.every((node, n) => {
      const twin = b.nodes[n]!;
      const [body, twinBody] = [bodyOf(node), bodyOf(twin)];
      const known = node.op !== "literal" || Object.is(node.attrs["value"], twin.attrs["value"]);
      return (
        known &&
        node.op === twin.op &&
        String(node.inputs) === String(twin.inputs) &&
        (node.op === "param" || node.op === "state" || sameAttrs(node.attrs, twin.attrs)) &&
        (node.type.parts !== undefined || grows(node.type.shape, twin.type.shape)) &&
        (body === undefined || (twinBody !== undefined && sameNodes(body, twinBody)))
      );
    });
  return sameNodes(graph, other) ? { graph, batch, other: { graph: other, batch: otherBatch } } : { graph, batch };
}

/** Whether two numbers are one multiple of two batches. */
const isMultiple = (a: number, batch: number, b: number, otherBatch: number): boolean =>
  a % batch === 0 && b % otherBatch === 0 && a / batch === b / otherBatch;

/** The graphs of bodies as twins. */
export const bodiesOf = ({ other, batch }: Twins, node: Node, twin: Node | undefined): Twins => ({
  graph: bodyOf(node)!,
  batch,
  ...(other === undefined || twin === undefined ? {} : { other: { graph: bodyOf(twin)!, batch: other.batch } }),
});

/** Whether a constant of this shape may stand in a file of its own size. */
export const isSmall = (shape: readonly number[]): boolean => sizeOf(shape) <= 1_000_000;
