/** A step of the small instance on both sides, the emitted trainer and the interpreter: what each is given, and how what they hold is compared. */

import type { Phase } from "../autodiff/update.ts";
import type { Graph, Node } from "../graph/graph.ts";
import type { Float, Shape } from "../graph/type.ts";
import type { Draws } from "./domain.ts";
import { fedLeaves } from "./draw.ts";
import { asStored, padded, type AnyTrainer } from "./emitted.ts";
import type { Pair } from "./norm.ts";

/** One training phase of the small instance, unoptimized, with its updates. */
export interface SmallPhase {
  readonly phase: Phase;
  readonly declared: Graph;
  readonly graph: Graph;
  readonly draws: Draws;
  /** What is stored, and rounded. */
  readonly dtype: Float;
}

/** Contents of parameters and state by name, as the interpreter goes. */
export type Store = Map<string, Float64Array>;

/** Puts contents into a trainer's parameters and state. */
export function write({ parameters, state }: AnyTrainer, store: Store): void {
  for (const views of [parameters, state]) for (const [name, view] of Object.entries(views)) view.set(store.get(name) ?? []);
}

/** Takes contents out of a trainer. */
export function read({ parameters, state }: AnyTrainer): Store {
  const views = [...Object.entries(parameters), ...Object.entries(state)];
  return new Map(views.map(([name, view]) => [name, Float64Array.from(view)]));
}

/** Leaves of one call: storage from the store, inputs drawn, padding as the trainer makes it. */
export function feedOf(
  draws: Draws,
  graph: Graph,
  store: Store,
  seed: number,
  count: number,
  /** Rows of the batch, where it may be padded. */
  rows = count,
): Map<string, Float64Array> {
  const contents = (node: Node): Float64Array => {
    const kept = node.op === "param" || node.op === "state" ? store.get(node.name) : undefined;
    if (kept !== undefined) return kept;
    const drawn = asStored(node, draws.leaf(node, seed, count));
    return node.op === "input" ? padded(node, rows, count, drawn) : drawn;
  };
  return new Map(fedLeaves(graph).map((node) => [node.name, contents(node)]));
}

/** Whether comparing weights after steps is well-posed. */
export const isLinear = (phases: readonly SmallPhase[]): boolean => phases.every(({ phase }) => phase.rule.linear);

/** Rounding of one store, relative. */
const ROUNDING = 2 ** -24;

/** How far contents moved from their start; themselves where they have none. */
export const moved = (values: Float64Array, start: Float64Array | undefined): Float64Array =>
  start === undefined ? values : values.map((value, n) => value - start[n]!);

/** Weights are compared by how far they moved, which is the stricter: each step's result may have been rounded, and so may what was taken off. */
export function writtenPair(
  name: string,
  shape: Shape,
  found: Float64Array,
  expected: Float64Array,
  start: Float64Array | undefined,
  steps: number,
): Pair {
  if (start === undefined) return { name, role: "state", shape, found, expected };
  const size = Math.max(sizeOfAll(start), sizeOfAll(expected));
  return { name, role: "parameter", shape, found: moved(found, start), expected: moved(expected, start), slack: steps * ROUNDING * size };
}

const sizeOfAll = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
