/**
 * Guarantees loop nests: each group becomes one kernel, contractions as register tiles with their epilogue at the store.
 *   group over (i, j): local xw, buffer h   →   for i step 4, for j step 2 { 8 sums; for k { … }; 8 stores }
 */

import { local, mapScalar } from "../../loop/build.ts";
import { identifier, Names } from "../../loop/identifier.ts";
import { rowMajor } from "../../loop/index-expression.ts";
import type { Axis, Buffer, Call, Definition, Definitions, Group, Kernel, Program } from "../../loop/loop.ts";
import { TELLING } from "../../loop/flops.ts";
import { keyOfGroup } from "../../loop/same.ts";
import { timesOf } from "../../loop/turns.ts";
import { linesOf } from "../../loop/text/reading.ts";
import type { Pass } from "../pass.ts";
import { flopsOf } from "./cost.ts";
import { mainReduce } from "./group.ts";
import { decided } from "./guards.ts";
import type { Machine } from "../../loop/machine.ts";
import { build, type Built } from "./nest/index.ts";
import { Nest } from "./nest/nest.ts";
import { unrounded } from "./nest/stages.ts";
import { sweepsOf } from "./sweeps.ts";
import { pointByPoint, type Tile } from "./tile.ts";
import { shortTile, tileOf } from "./tiles/index.ts";
import { onePeriod } from "./tiles/scalars.ts";

/** Tiles that groups have in place of the cost model's, by keyOfGroup. */
export type Tiles = ReadonlyMap<string, Tile>;

/** A nest and the buffers of its arguments, as its group's key numbers them. */
interface Known {
  readonly nest: ReturnType<typeof nestOf>;
  readonly args: readonly number[];
}

/** Nests that are built already, by the keys of their groups: programs that are tried one after the other share them. */
export type Nests = Map<string, Known>;

export const schedule = (machine: Machine, tiles: Tiles = new Map(), nests: Nests = new Map()): Pass<Definitions, Program> => ({
  name: "schedule",
  why: "loop order, tiles and microkernels",
  run({ name, buffers, work, loops, results }) {
    const byName = new Map(buffers.map((buffer) => [buffer.name, buffer]));
    const kernels: Kernel[] = [];
    const names = new Names();
    const built = (group: Group, numbered: readonly string[], tile: () => Tile): Known => {
      const nest = machine.scheduled ? nestOf(group, machine, byName, tile()) : { ...unscheduled(group, byName), note: [] };
      return { nest, args: nest.args.map((arg) => numbered.indexOf(arg)) };
    };
    const weights = weightsIn({ work, loops }, byName);
    /** Groups that differ in names alone share a kernel. */
    const named = new Map<string, string>();
    const calls = work.map((item): Call => {
      if (item.kind === "scalar") return scalarCall(item.definition, item.storage, byName);
      const { group } = item;
      const { stages } = group;
      const doc = stages.flatMap(({ definition }) => definition.doc);
      const { key, buffers: numbered } = keyOfGroup(group, byName);
      const weight = weights.get(key)!;
      const known = `${weight}: ${key}`;
      const tile = () => tiles.get(key) ?? tileFor(weight, group, machine, byName);
      const { nest, args } = nests.get(known) ?? built(group, numbered, tile);
      nests.set(known, { nest, args });
      let kernel = named.get(key);
      if (kernel === undefined) {
        const { note, params, body } = nest;
        kernel = names.take(kernelName(group));
        named.set(key, kernel);
        kernels.push({
          params,
          body,
          name: kernel,
          doc: [...linesOf(stages, new Map(args.map((n, at) => [numbered[n]!, params[at]!.name]))), ...note],
          flops: flopsOf(group),
        });
      }
      return { kind: "call", kernel, args: args.map((n) => numbered[n]!), group, doc };
    });
    return { name, buffers, kernels, calls, ...(loops === undefined ? {} : { loops }), results };
  },
});

/** Parts of an entry's operations that the groups do whose loops are as short as can be, and those whose loops are at least not written in a row. */
const [LITTLE, SOME] = [0.03, 0.12];

/** How much an entry's time depends on a group. */
type Weight = "little" | "some" | "much";

/** Whether an entry has a backward pass. Of one that has none the text is short: only in loops, where a step has the same kernels, do iterations stand in a row. */
const isStep = (groups: readonly (readonly [key: string, group: Group, times: number])[]): boolean =>
  groups.some(([, { stages }]) => stages.some(({ definition }) => definition.doc.some(({ adjoint }) => adjoint !== undefined)));

/** By key, of the smallest kernels of an entry, which together do little, or some, of its work, and of the others. */
function weightsOf(groups: readonly (readonly [key: string, group: Group, times: number])[]): ReadonlyMap<string, Weight> {
  const trains = isStep(groups);
  const inLoops = new Set(groups.flatMap(([key, , times]) => (times > 1 ? [key] : [])));
  const flops = new Map<string, number>();
  for (const [key, group, times] of groups) flops.set(key, (flops.get(key) ?? 0) + times * flopsOf(group));
  const all = [...flops.values()].reduce((sum, one) => sum + one, 0);
  let done = 0;
  return new Map(
    [...flops]
      .sort(([, a], [, b]) => a - b)
      .map(([key, own]) => {
        done += own;
        const most = trains || inLoops.has(key) ? "much" : "some";
        if (all < TELLING) return [key, most];
        return [key, done <= LITTLE * all ? "little" : done <= SOME * all ? "some" : most];
      }),
  );
}

const weightsIn = ({ work, loops }: Pick<Definitions, "work" | "loops">, buffers: Buffers): ReadonlyMap<string, Weight> =>
  weightsOf(
    work.flatMap((item, n) => (item.kind === "group" ? [[keyOfGroup(item.group, buffers).key, item.group, timesOf(loops, n)]] : [])),
  );

type Buffers = ReadonlyMap<string, Buffer>;

/** Loops of one group, and what a reader might not expect of them. */
type Loops = Built & { readonly note: readonly string[] };

/** The loops under a tile, or without lanes where these have an obstacle. */
const nestOf = (group: Group, machine: Machine, buffers: Buffers, tile: Tile): Loops =>
  nestUnder(tile, group, machine, buffers) ?? nestUnder(onePeriod(group), group, machine, buffers)!; // only lanes meet obstacles

/** The tile of a group by its weight: what takes little time is short. */
function tileFor(weight: Weight, group: Group, machine: Machine, buffers: Buffers): Tile {
  if (weight === "little") return shortTile(group, machine, buffers);
  const tile = tileOf(group, machine, buffers);
  if (weight === "much" || machine.lanes > 1) return tile;
  const { unrolled: _, ...loops } = tile;
  return loops;
}

/** The tiles that the cost model gives the groups of an entry, as their loops take them. */
export function modelledTiles(
  { work, loops, buffers }: Pick<Definitions, "work" | "loops" | "buffers">,
  machine: Machine,
): (group: Group) => Tile {
  const byName = new Map(buffers.map((buffer) => [buffer.name, buffer]));
  const weights = weightsIn({ work, loops }, byName);
  return (group) => {
    const tile = tileFor(weights.get(keyOfGroup(group, byName).key)!, group, machine, byName);
    return nestUnder(tile, group, machine, byName) === undefined ? onePeriod(group) : tile;
  };
}

/** The loops before any schedule: point by point, one after the other. */
export const unscheduled = (group: Group, buffers: Buffers): Built => build(new Nest(group, buffers, pointByPoint(group), 1))!;

/** The loops under a tile; undefined where its lanes meet an obstacle. */
export function nestUnder(tile: Tile, group: Group, machine: Machine, buffers: Buffers): Loops | undefined {
  const [sums, rest] = sweepsOf(group, tile, machine);
  const nest = new Nest(sums, buffers, tile, machine.lanes);
  const built = build(nest);
  if (built === undefined) return undefined;
  if (rest === undefined) return { ...built, note: [] };
  const after = build(new Nest(rest, buffers, pointByPoint(group), machine.lanes, nest))!;
  const note = `All sums first, kept in ${identifier(sums.stages[0]!.definition.name)}; then the rest, point by point.`;
  return { ...after, body: [...built.body, ...after.body], note: [note] };
}

/** A scalar of the entry: reads elements of what is stored, others as locals. It has no axes, so that its own guards are decided. */
export function scalarCall(definition: Definition, storage: "buffer" | "local", buffers: ReadonlyMap<string, Buffer>): Call {
  const { dtype, doc, name } = definition;
  const read = mapScalar(definition.value, (part) => {
    if (part.kind !== "load") return part;
    const buffer = buffers.get(part.buffer);
    return buffer === undefined ? local(part.buffer, part.dtype) : { ...part, at: [rowMajor(part.at, buffer.shape)] };
  });
  const value = decided(read);
  if (storage === "local") return { kind: "let", name, dtype, value, doc };
  return {
    kind: "store",
    buffer: definition.target ?? name,
    dtype,
    value: unrounded(value),
    definition,
    doc,
  };
}

/** What it computes and how large: dotRelu_32x784x128. */
function kernelName(group: Group): string {
  const words = group.stages.map(({ definition }) => definition.op.replace(/[^A-Za-z0-9]/g, ""));
  const distinct = words.filter((word, n) => word !== words[n - 1]);
  const shown = distinct.length > 4 ? [...distinct.slice(0, 2), ...distinct.slice(-1)] : distinct;
  const name = shown.map((word, n) => (n === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join("");
  const outer = group.stages.reduce<readonly Axis[]>(
    (widest, { definition }) => (definition.axes.length > widest.length ? definition.axes : widest),
    group.axes,
  );
  const extents = outer.map((axis) => axis.extent);
  const reduce = mainReduce(group);
  if (reduce !== undefined && extents.length === group.axes.length)
    extents.splice(Math.max(0, extents.length - 1), 0, ...reduce.over.map((axis) => axis.extent));
  return `${name}_${extents.join("x") || "1"}`;
}
