/** In which parts of a graph that is cut at its loops a value is made, and which values of the forward pass are kept for later. */

import { bodyOf, type Graph, type Node, type Value } from "../../graph/graph.ts";
import { usersOf } from "../../graph/walk.ts";
import { opOf } from "../../ops/index.ts";
import type { ScanAttrs } from "../../ops/scan-attrs.ts";

export interface Loop {
  readonly at: Value;
  readonly node: Node;
  readonly attrs: ScanAttrs;
  /** The results that are read, by number, and what reads them first. */
  readonly parts: ReadonlyMap<number, Node>;
}

export function loopsOf({ nodes }: Graph): readonly Loop[] {
  return nodes.flatMap((node, at): Loop[] => {
    if (bodyOf(node) === undefined) return [];
    const parts = new Map<number, Node>();
    for (const one of nodes)
      if (opOf(one.op).selects === true && one.inputs[0] === at && !parts.has(one.attrs["n"] as number))
        parts.set(one.attrs["n"] as number, one);
    return [{ at: at as Value, node, attrs: node.attrs as unknown as ScanAttrs, parts }]; // scan alone has a body
  });
}

/** Storage of the model: the same in every part. */
export const isStorage = ({ op }: Node): boolean => opOf(op).leaf === true && opOf(op).view !== true;

/** What computes nothing, and is made wherever it is read. */
export const isMoved = ({ op }: Node): boolean => opOf(op).view === true;

/** The parts in which values are made: as late as their readers allow, but the forward pass before what goes back through it. */
export function homesOf(graph: Graph, loops: readonly Loop[]): readonly ReadonlySet<number>[] {
  const users = usersOf(graph);
  const last = 2 * loops.length;
  const back = loops.findIndex(({ node }) => node.origin.role !== "primal");
  const forward = back < 0 || loops.slice(back).some(({ node }) => node.origin.role === "primal") ? last : 2 * back;
  const before = new Map(loops.map(({ at }, n) => [at, 2 * n]));
  const earliest = earliestOf(graph, loops);
  const homes: Set<number>[] = graph.nodes.map(() => new Set());
  for (const result of graph.results)
    for (const value of result.kind === "write" ? [result.target, result.value] : [result.value]) homes[value]!.add(last);
  for (let at = graph.nodes.length - 1; at >= 0; at--) {
    const own = homes[at]!;
    for (const user of users[at]!) {
      const loop = before.get(user);
      if (loop !== undefined) own.add(loop);
      else for (const home of homes[user]!) own.add(home);
    }
    // a loop's results are no part's own
    if (opOf(graph.nodes[at]!.op).selects === true) homes[at] = new Set();
    else if (!isMoved(graph.nodes[at]!) && own.size > 0)
      homes[at] = new Set([Math.max(earliest[at]!, Math.min(...own, graph.nodes[at]!.origin.role === "primal" ? forward : last))]);
  }
  return homes;
}

/** The first part in which a value can be made: after the loops that it depends on. A model's own gradient belongs to its forward pass, and goes back through loops. */
function earliestOf({ nodes }: Graph, loops: readonly Loop[]): readonly number[] {
  const after = new Map(loops.map(({ at }, n) => [at, 2 * n + 2]));
  const earliest: number[] = [];
  nodes.forEach(({ inputs }, at) => {
    earliest.push(after.get(at as Value) ?? Math.max(0, ...inputs.map((input) => earliest[input]!)));
  });
  return earliest;
}

/** Values of the forward pass that something after it reads, movements looked through. */
export function keptOf(graph: Graph): ReadonlySet<Value> {
  const later = graph.nodes.map(() => false);
  for (let at = graph.nodes.length - 1; at >= 0; at--) {
    const node = graph.nodes[at]!;
    if (node.origin.role !== "primal" || (isMoved(node) && later[at])) for (const input of node.inputs) later[input] = true;
  }
  return new Set(graph.nodes.flatMap((node, at) => (later[at] && node.origin.role === "primal" ? [at as Value] : [])));
}
