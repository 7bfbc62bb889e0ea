/** Where the nodes of a circuit stand: columns by how much must be known before, rows so that wires run straight where they can. */

import type { Circuit } from "./circuit.ts";

export interface Placed {
  readonly width: number;
  readonly height: number;
  readonly at: readonly { readonly x: number; readonly y: number }[];
}

const COLUMN = 132;
const ROW = 76;
const MARGIN = { x: 46, y: 40 };

/** CSS pixels. */
export function layout({ nodes }: Circuit): Placed {
  const depth: number[] = [];
  nodes.forEach((node, at) => (depth[at] = node.kind === "apply" ? 1 + Math.max(...node.of.map((of) => depth[of]!)) : 0));
  // numbers stand right before what they are used by
  nodes.forEach((node) => {
    if (node.kind !== "apply") return;
    const own = 1 + Math.max(...node.of.map((of) => depth[of]!));
    for (const of of node.of) if (nodes[of]!.kind === "number") depth[of] = own - 1;
  });
  const columns: number[][] = [];
  nodes.forEach((_, at) => (columns[depth[at]!] ??= []).push(at));
  const y: number[] = [];
  // leaves in the order in which they are met from the top
  const order: number[] = [];
  const visit = (at: number): void => {
    const node = nodes[at]!;
    if (node.kind === "apply") node.of.forEach(visit);
    else if (!order.includes(at)) order.push(at);
  };
  visit(nodes.length - 1);
  order.forEach((at, row) => (y[at] = row));
  nodes.forEach((node, at) => {
    if (node.kind === "apply") y[at] = node.of.reduce((sum, of) => sum + y[of]!, 0) / node.of.length;
  });
  // no two of a column on one place
  for (const column of columns) {
    const sorted = [...(column ?? [])].sort((a, b) => y[a]! - y[b]!);
    for (let n = 1; n < sorted.length; n++) y[sorted[n]!] = Math.max(y[sorted[n]!]!, y[sorted[n - 1]!]! + 1);
  }
  const top = Math.min(...y);
  const last = columns.length - 1;
  return {
    width: MARGIN.x * 2 + COLUMN * last + 60,
    height: MARGIN.y * 2 + ROW * (Math.max(...y) - top),
    at: nodes.map((_, at) => ({ x: MARGIN.x + COLUMN * depth[at]!, y: MARGIN.y + ROW * (y[at]! - top) })),
  };
}
