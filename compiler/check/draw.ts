/** Guarantees random contents that depend on seed, name and position alone: the same on every machine. */

import type { Graph, Node } from "../graph/graph.ts";
import { isFloat, sizeOf } from "../graph/type.ts";
import { opOf } from "../ops/index.ts";

/** Numbers uniform in [0, 1), one a call. */
export type Random = () => number;

/** A generator of its own for each seed and name (FNV-1a for the start, Mulberry32 from there). */
export function randomOf(seed: number, name: string): Random {
  let state = 0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1);
  for (let n = 0; n < name.length; n++) state = Math.imul(state ^ name.charCodeAt(n), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Mean 0, deviation 1: the sum of twelve uniform numbers, which needs no function that engines differ in. */
export function normalFrom(random: Random): number {
  let total = -6;
  for (let n = 0; n < 12; n++) total += random();
  return total;
}

/** A whole number below `end`. */
export const below = (random: Random, end: number): number => Math.floor(random() * end);

/** How far a constant start is moved, so that gradients there are no special case. */
const NUDGE = 0.1;

function startOf(node: Node, random: Random): () => number {
  const initial = node.attrs["initial"];
  const [kind, ...rest] = (Array.isArray(initial) ? initial : ["constant", 0]) as unknown as readonly [string, ...number[]]; // prettier-ignore
  const [a = 0, b = 0] = rest;
  let n = 0;
  if (kind === "uniform") return () => a + (b - a) * random();
  if (kind === "normal") return () => a + b * normalFrom(random);
  if (kind === "data") return () => rest[n++]!;
  return node.op === "param" ? () => a + NUDGE * (2 * random() - 1) : () => a;
}

function inputOf({ attrs, type }: Node, random: Random): () => number {
  const classes = attrs["classes"];
  if (typeof classes === "number") return () => below(random, classes);
  if (isFloat(type.dtype)) return () => normalFrom(random);
  return () => below(random, 2);
}

/** Contents of one leaf; `count` is the number of live rows. */
export function drawLeaf(node: Node, seed: number, count: number): Float64Array {
  const random = randomOf(seed, `${node.op} ${node.name}`);
  const value = node.attrs["value"];
  const next =
    node.op === "count"
      ? () => count
      : node.op === "hyper"
        ? () => value as number
        : node.op === "input"
          ? inputOf(node, random)
          : startOf(node, random);
  return Float64Array.from({ length: sizeOf(node.type.shape) }, next);
}

/** The leaves that are fed from outside. */
export const fedLeaves = (graph: Graph): readonly Node[] =>
  graph.nodes.filter(({ op }) => opOf(op).leaf === true && opOf(op).view !== true);

/** Contents of every leaf, by name. */
export const drawFeed = (graph: Graph, seed: number, count: number): Map<string, Float64Array> =>
  new Map(fedLeaves(graph).map((node) => [node.name, drawLeaf(node, seed, count)]));
