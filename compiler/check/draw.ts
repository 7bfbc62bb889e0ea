/** Random contents that depend on a seed, on which leaf of the model it is and on the position alone: the same on every machine, whatever it is called. */

import type { Graph, Node } from "../graph/graph.ts";
import { isFloat, sizeOf, type Shape } from "../graph/type.ts";
import type { InputDomain } from "../model/leaves.ts";
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
  const [kind, ...rest] = (Array.isArray(initial) ? initial : ["constant", 0]) as unknown as readonly [string, ...number[]];
  const [a = 0, b = 0] = rest;
  let n = 0;
  if (kind === "uniform") return () => a + (b - a) * random();
  if (kind === "normal") return () => a + b * normalFrom(random);
  if (kind === "data") return () => rest[n++]!;
  return node.op === "param" ? () => a + NUDGE * (2 * random() - 1) : () => a;
}

/** Where the elements of a float input lie. */
export type Domain = "normal" | InputDomain;

/** What is drawn uniformly between two numbers; ends are left out, where functions have their poles. */
const RANGES = { positive: [0.1, 2], probabilities: [0.1, 1], unit: [0.05, 0.95] } as const;

/** Along the last axis, probabilities add up to 1. */
function toProbabilities(values: Float64Array, shape: Shape): Float64Array {
  const last = shape.at(-1) ?? 1;
  for (let row = 0; row < values.length; row += last) {
    const total = values.subarray(row, row + last).reduce((sum, value) => sum + value, 0);
    for (let n = row; n < row + last; n++) values[n]! /= total;
  }
  return values;
}

function inputOf({ attrs, type }: Node, domain: Domain, random: Random): () => number {
  const classes = attrs["classes"];
  if (typeof classes === "number") return () => below(random, classes);
  if (!isFloat(type.dtype)) return () => below(random, 2);
  if (domain === "normal") return () => normalFrom(random);
  const [low, high] = typeof domain === "string" ? RANGES[domain] : domain;
  return () => low + (high - low) * random();
}

/** Which leaf of its kind it is, in order of declaration, and where an input's elements lie. */
export interface Drawn {
  readonly ordinal: number;
  readonly domain: Domain;
}

/** Contents of one leaf; `count` is the number of live rows. */
export function drawLeaf(node: Node, seed: number, count: number, { ordinal, domain }: Drawn): Float64Array {
  const random = randomOf(seed, `${node.op} ${ordinal}`);
  const value = node.attrs["value"];
  const next =
    node.op === "count"
      ? () => count
      : node.op === "hyper"
        ? () => value as number
        : node.op === "input"
          ? inputOf(node, domain, random)
          : startOf(node, random);
  const values = Float64Array.from({ length: sizeOf(node.type.shape) }, next);
  return node.op === "input" && domain === "probabilities" && isFloat(node.type.dtype) ? toProbabilities(values, node.type.shape) : values;
}

/** The leaves that are fed from outside. */
export const fedLeaves = (graph: Graph): readonly Node[] =>
  graph.nodes.filter(({ op }) => opOf(op).leaf === true && opOf(op).view !== true);
