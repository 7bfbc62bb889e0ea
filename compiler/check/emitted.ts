/** Emitted text as a running program: what any trainer and any gradients module offers, whatever its model. */

import type { Graph, Node } from "../graph/graph.ts";
import { isFloat, sizeOf, type DType } from "../graph/type.ts";
import type { Lowered } from "../driver/lower.ts";
import type { Module } from "../loop/loop.ts";
import { pipeline, place, type Purpose } from "../passes/index.ts";
import type { Observer } from "../passes/pass.ts";
import type { Emitted, Given } from "../targets/emitted.ts";
import { fedLeaves } from "./draw.ts";

export type Numbers = Float32Array | Float64Array | Int32Array;
export type Batch = Readonly<Record<string, Numbers>>;

export interface AnyTrainer {
  step(batch: Batch, count?: number): number | Readonly<Record<string, number>>;
  evaluate(batch: Batch, count?: number): Readonly<Record<string, number>>;
  predict(batch: Batch): Readonly<Record<string, Numbers>>;
  /** Only where there are several. */
  readonly phases?: Readonly<Record<string, (batch: Batch, count?: number) => number>>;
  readonly parameters: Readonly<Record<string, Numbers>>;
  readonly state: Readonly<Record<string, Numbers>>;
}

/** One that goes back to where it was. */
export interface RunningTrainer extends AnyTrainer {
  bytes(): Uint8Array;
  restore(bytes: Uint8Array): void;
}

export interface AnyGradients {
  gradients(
    batch: Batch,
    count?: number,
  ): {
    readonly loss: number;
    readonly parameters: Readonly<Record<string, Numbers>>;
    readonly inputs: Readonly<Record<string, Numbers>>;
  };
  readonly parameters: Readonly<Record<string, Numbers>>;
  /** Only where the loss reads some. */
  readonly state?: Readonly<Record<string, Numbers>>;
}

/** The same without what its statements are told of: nobody reads what is only run. */
const untold = (module: Module): Module => ({
  ...module,
  entries: module.entries.map((entry) => ({ ...entry, calls: entry.calls.map((call) => ({ ...call, doc: [] })) })),
});

const emissions = new WeakMap<Module, Promise<Emitted>>();

/** The trainer that a lowered model prints; printed and loaded once, each time a new one. */
export async function runningTrainer({ module, facts, target }: Pick<Lowered, "module" | "facts" | "target">): Promise<RunningTrainer> {
  const made = emissions.get(module) ?? target.emit(untold(module), facts);
  emissions.set(module, made);
  const emitted = await made;
  return (await emitted.load<TrainerText>()).createTrainer(emitted.given);
}

export interface TrainerText {
  createTrainer(options: Given): RunningTrainer;
}

interface GradientsText {
  createGradients(options: Given): AnyGradients;
}

const NOBODY: Observer = { after: () => {} };

/** The gradients of one phase, by the same pipeline. */
export async function runningGradients(
  { facts, model, target, nests = new Map() }: Lowered,
  graph: Graph,
  purpose: Extract<Purpose, { kind: "gradients" }>,
): Promise<AnyGradients> {
  const { machine } = target;
  const program = { ...pipeline(purpose, { machine, nests }).run(graph, NOBODY), name: "gradients" };
  const module: Module = place(model.name, { machine }).run([program]);
  const emitted = await target.emit(untold(module), facts, "gradients");
  return (await emitted.load<GradientsText>()).createGradients(emitted.given);
}

/** Storage of a dtype with the given contents. */
export function stored(dtype: DType, data: Float64Array): Numbers {
  if (dtype === "f64") return Float64Array.from(data);
  return isFloat(dtype) ? Float32Array.from(data) : Int32Array.from(data);
}

/** What a caller passes for the inputs of a graph, from a feed. */
export const batchOf = (graph: Graph, feed: ReadonlyMap<string, Float64Array>): Batch =>
  Object.fromEntries(
    fedLeaves(graph)
      .filter(({ op }) => op === "input")
      .map(({ name, type }) => [name, stored(type.dtype, feed.get(name)!)]),
  );

/** Rounded to what storage of the leaf's dtype keeps. */
export const asStored = ({ type }: Node, data: Float64Array): Float64Array => Float64Array.from(stored(type.dtype, data));

/** Rows at and past `count` become copies of the first, as the trainer makes them. */
export function padded({ type: { shape }, attrs }: Node, rows: number, count: number, data: Float64Array): Float64Array {
  const said = attrs["rows"] as readonly number[] | undefined; // the axis first; none where there are no rows
  if (said === undefined ? shape[0] !== rows : said[0] !== 0) return data;
  const perRow = sizeOf(shape) / rows;
  const copies = data.slice();
  for (let at = perRow * count; at < copies.length; at += perRow) copies.copyWithin(at, 0, perRow);
  return copies;
}
