/**
 * What a small instance of a graph is: node for node the same ops on the same operands with the same windows, paddings and axes, other
 * extents alone; and nothing degenerate, such as a variance of one value, a softmax over one class, or an image that its window does not fit in.
 */

import { bodyOf, type Attrs, type Graph, type Node, type Value } from "../graph/graph.ts";
import { sizeOf } from "../graph/type.ts";

/** Attributes that hold extents, or what is computed of them. */
const OF_EXTENTS: ReadonlySet<string> = new Set([
  "shape",
  "size",
  "start",
  "limit",
  "rows",
  "initial",
  "classes",
  "steps",
  "featureGroups",
  "batchGroups",
]);

/** Whether `small` is `full` with other extents, and still does all of its work. */
export function isSameGraph(full: Graph, small: Graph): boolean {
  const [a, b] = [placed(full), placed(small)];
  if (a.nodes.length !== b.nodes.length || full.results.length !== small.results.length) return false;
  const alike = (one: Value, other: Value): boolean => a.place(one) === b.place(other);
  const sameNodes = a.nodes.every((node, n) => {
    const other = b.nodes[n]!;
    return isSameNode(node, other) && node.inputs.every((input, k) => alike(input, other.inputs[k]!)) && isWhole(full, node, small, other);
  });
  return (
    sameNodes &&
    full.results.every((result, n) => {
      const other = small.results[n]!;
      if (result.kind === "write") return other.kind === "write" && alike(result.target, other.target) && alike(result.value, other.value);
      return other.kind === result.kind && other.name === result.name && alike(result.value, other.value);
    })
  );
}

/** Nodes apart from literals, of which equal ones are shared, so that their number depends on extents. */
function placed({ nodes }: Graph): { readonly nodes: readonly Node[]; place(value: Value): number } {
  const places: number[] = [];
  let next = 0;
  for (const { op } of nodes) places.push(op === "literal" ? -1 : next++);
  return { nodes: nodes.filter(({ op }) => op !== "literal"), place: (value) => places[value]! };
}

const isSameNode = (a: Node, b: Node): boolean =>
  a.op === b.op &&
  a.name === b.name &&
  a.inputs.length === b.inputs.length &&
  a.type.dtype === b.type.dtype &&
  a.type.shape.length === b.type.shape.length &&
  told(a.attrs) === told(b.attrs) &&
  sameBodies(bodyOf(a), bodyOf(b));

const sameBodies = (a: Graph | undefined, b: Graph | undefined): boolean =>
  a === undefined || b === undefined ? a === b : isSameGraph(a, b);

const told = (attrs: Attrs): string => JSON.stringify(Object.entries(attrs).filter(([name]) => name !== "body" && !OF_EXTENTS.has(name)));

/** The fewest elements that a sum or a maximum of more may be left with. */
const FEWEST = 4;

/** Whether a node's work in small is still of its kind. */
function isWhole(full: Graph, node: Node, small: Graph, other: Node): boolean {
  const keepsAxes = node.type.shape.every((extent, axis) => extent < 2 === other.type.shape[axis]! < 2);
  if (!keepsAxes) return false;
  const [x, y] = [full.nodes[node.inputs[0]!], small.nodes[other.inputs[0]!]];
  if (x === undefined || y === undefined) return true;
  if (node.op === "sum" || node.op === "reduceMax") {
    const taken = (of: Node, whole: Node): number => sizeOf(whole.type.shape) / sizeOf(of.type.shape);
    return taken(other, y) >= Math.min(FEWEST, taken(node, x));
  }
  const windows = windowsOf(node, full);
  return windows.every(({ axis, reach }) => y.type.shape[axis]! >= Math.min(reach, x.type.shape[axis]!));
}

/** How far a node's windows reach over each axis of its first operand. */
function windowsOf(node: Node, { nodes }: Graph): readonly { readonly axis: number; readonly reach: number }[] {
  const window = node.attrs["window"];
  if (Array.isArray(window)) return window.map((reach, axis) => ({ axis, reach: reach as number }));
  if (node.op !== "conv") return [];
  const [dilation, stretch] = [node.attrs["rhsDilation"], node.attrs["lhsDilation"]] as readonly (readonly number[])[] as [
    readonly number[],
    readonly number[],
  ];
  const taps = nodes[node.inputs[1]!]!.type.shape.slice(2);
  return taps.map((extent, n) => ({ axis: n + 2, reach: Math.ceil(((extent - 1) * dilation[n]! + 1) / stretch[n]!) }));
}
