/**
 * The graph of an entry in rows, one for each layer, or for each line of the model outside layers: what it computes forward, backward and in its
 * update, side by side. Each of the three is laid out by itself, so that a row opens without moving what is inside others.
 */

import type { InspectedNode } from "../explain/inspection/index.ts";
import { BOX, labelOf } from "./boxes.ts";

export interface Row {
  readonly title: string;
  /** A layer in a line of mathematics; or the line of the model. */
  readonly words?: string;
  readonly kind: "layer" | "line" | "rule";
  readonly cells: Readonly<Partial<Record<InspectedNode["part"], Cell>>>;
}

/** Nodes by number in the entry, with their centres; edges as the nodes that they go from and to, and points between. */
export interface Cell {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly (readonly [node: number, x: number, y: number, width: number])[];
  readonly edges: readonly (readonly number[])[];
}

/** The width of a letter in a box. */
const LETTER = 6.7;
const LEAST_WIDTH = 64;
const MOST_LETTERS = 26;

/** The rows, from the model's inputs to its loss; what belongs to no layer and no line comes last. */
export async function layOut(nodes: readonly InspectedNode[], source: string | undefined): Promise<readonly Row[]> {
  const { default: dagre } = await import("@dagrejs/dagre");
  const at = new Map(nodes.map(({ id }, n) => [id, n]));
  const keys = rowsOf(nodes, at);
  const lines = source?.split("\n") ?? [];
  const rows = new Map<string, number[]>();
  keys.forEach((key, n) => rows.set(key, [...(rows.get(key) ?? []), n]));
  const order = [...rows].sort(([, a], [, b]) => firstOf(a) - firstOf(b));
  return order.map(([key, own]): Row => {
    const cells: Partial<Record<InspectedNode["part"], Cell>> = {};
    for (const part of ["forward", "backward", "update"] as const) {
      const those = own.filter((n) => nodes[n]!.part === part);
      if (those.length > 0) cells[part] = cellOf(those);
    }
    return { ...titleOf(key, own), cells };
  });

  /** Forward nodes say where a row stands; updates come after all. */
  function firstOf(own: readonly number[]): number {
    const forward =
      own.find((n) => nodes[n]!.part === "forward" && nodes[n]!.inputs.length > 0) ?? own.find((n) => nodes[n]!.part === "forward");
    return forward ?? nodes.length + own[0]!;
  }

  function titleOf(key: string, own: readonly number[]): Pick<Row, "title" | "words" | "kind"> {
    const [kind, title] = split(key);
    if (kind === "layer") {
      const words = own.map((n) => nodes[n]!).find(({ layer, words: said }) => layer.length === 1 && said !== undefined)?.words;
      return { kind, title, ...(words === undefined ? {} : { words }) };
    }
    if (kind === "rule") return { kind, title };
    const { line } = own.map((n) => nodes[n]!).find((node) => node.site === title && node.line !== undefined) ?? {};
    const text = line === undefined ? undefined : lines[line - 1]?.trim();
    return { kind, title: line === undefined ? title : `line ${line}`, ...(text === undefined ? {} : { words: text }) };
  }

  function cellOf(own: readonly number[]): Cell {
    const graph = new dagre.graphlib.Graph();
    graph.setGraph({ rankdir: "TB", nodesep: 12, ranksep: 22, marginx: 4, marginy: 4 });
    graph.setDefaultEdgeLabel(() => ({}));
    for (const n of own) {
      const letters = Math.min(MOST_LETTERS, Math.max(nodes[n]!.id.length, labelOf(nodes[n]!).length * 0.85));
      graph.setNode(String(n), { width: Math.max(LEAST_WIDTH, Math.round(letters * LETTER + 20)), height: BOX });
    }
    const inside = new Set(own);
    for (const n of own)
      for (const input of new Set(nodes[n]!.inputs)) {
        const from = at.get(input);
        if (from !== undefined && inside.has(from) && from !== n) graph.setEdge(String(from), String(n));
      }
    dagre.layout(graph);
    const { width = 0, height = 0 } = graph.graph();
    return {
      width: Math.ceil(width),
      height: Math.ceil(height),
      nodes: own.map((n) => {
        const { x, y, width: wide } = graph.node(String(n));
        return [n, Math.round(x), Math.round(y), wide] as const;
      }),
      edges: graph.edges().map((edge: { readonly v: string; readonly w: string }) => {
        const points = graph.edge(edge).points as readonly { readonly x: number; readonly y: number }[];
        return [Number(edge.v), Number(edge.w), ...points.flatMap(({ x, y }) => [Math.round(x), Math.round(y)])];
      }),
    };
  }
}

const split = (key: string): [Row["kind"], string] => {
  const end = key.indexOf(" ");
  return [key.slice(0, end) as Row["kind"], key.slice(end + 1)]; // keys are made below
};

/** Which row each node is in, by key: a layer, a line of the model, or the rule of an update. */
function rowsOf(nodes: readonly InspectedNode[], at: ReadonlyMap<string, number>): readonly string[] {
  const readers = new Map<string, number>();
  nodes.forEach(({ inputs }, n) => inputs.forEach((input) => readers.has(input) || readers.set(input, n)));
  const known = new Map<number, string>();
  const keyOf = (n: number, depth = 0): string => {
    const key = known.get(n) ?? keyFor(n, depth);
    known.set(n, key);
    return key;
  };
  const keyFor = (n: number, depth: number): string => {
    const node = nodes[n]!;
    const line = `line ${node.site}`;
    if (depth > 8) return line;
    if (node.part === "update") {
      const of = node.of === undefined ? undefined : at.get(node.of);
      return of === undefined || nodes[of]!.part === "update" ? `rule ${node.law ?? node.op}` : keyOf(of, depth + 1);
    }
    if (node.layer.length > 0) return `layer ${node.layer[0]!}`;
    const reader = readers.get(node.id);
    // what is given stands where it is read first
    if (node.inputs.length === 0 && reader !== undefined && reader > n && nodes[reader]!.part === node.part)
      return keyOf(reader, depth + 1);
    const forward = node.forward === undefined ? undefined : at.get(node.forward);
    return node.part === "backward" && forward !== undefined && forward !== n ? keyOf(forward, depth + 1) : line;
  };
  return nodes.map((_, n) => keyOf(n));
}
