/**
 * Guarantees that what is stored only to be copied into a larger value, one segment after another along an axis, is stored there at once.
 *   a[i,j] = …;  y[i,j] = where(j < 8, a[i,j], b[i,j − 8]·2)   →   a stored at y[i,j];  y at [i,j + 8] = b[i,j]·2;  readers of a read y
 * Later passes may assume that whoever reads a segment reads the whole's buffer, and that no buffer is left for the segment.
 */

import { loadsOf, mapScalar, substitute } from "../../loop/build.ts";
import { add, constant, equal, index, shift, substitute as substituteIndex, type Index } from "../../loop/index-expression.ts";
import type { Axis, Buffer, Definition, Definitions, Group, Scalar, Stage, Work } from "../../loop/loop.ts";
import type { Pass } from "../pass.ts";
import { isOwnPoint } from "./own-point.ts";

export const segments: Pass<Definitions> = {
  name: "segments",
  why: "segments of a larger value are stored there at once",
  run(definitions) {
    const wholes = definitions.work.flatMap((item) => (item.kind === "group" ? [item.group] : []));
    return wholes.reduce((now, group) => joined(now, group) ?? now, definitions);
  },
};

/** Segment of a whole along an axis. */
interface Segment {
  readonly from: number;
  readonly to: number;
  readonly value: Scalar;
}

/** The definitions with the segments of one whole in its place; undefined where none of them can be. */
function joined(definitions: Definitions, group: Group): Definitions | undefined {
  const [only, ...others] = group.stages;
  if (others.length > 0 || only!.storage !== "buffer" || only!.definition.target !== undefined) return undefined;
  const whole = only!.definition;
  const found = segmentsOf(whole);
  if (found === undefined) return undefined;
  const { axis, all } = found;
  const isMoved = (segment: Segment, n: number): boolean => {
    const source = copiedBy(segment, whole, axis);
    const twice = all.some((other, at) => at !== n && loadsOf(other.value).some(({ buffer }) => buffer === source));
    return source !== undefined && !twice && isMovable(definitions, group, source, whole);
  };
  const [placed, rest] = [all.filter(isMoved), all.filter((segment, n) => !isMoved(segment, n))];
  if (placed.length === 0 || rest.length > 1) return undefined;
  const homes = new Map(placed.map(({ from, value }) => [loadsOf(value)[0]!.buffer, { of: whole.name, axis, from }]));
  const work = definitions.work.flatMap((item): Work[] => {
    if (item.kind === "scalar") return [item];
    if (item.group === group) return rest.map((segment) => remaining(whole, axis, segment));
    return [{ kind: "group", group: moved(item.group, homes, rest.length === 0 ? whole : undefined) }];
  });
  const kept = definitions.buffers.some(({ name, role }) => homes.has(name) && role === "residual");
  const buffers = definitions.buffers.flatMap((buffer): Buffer[] => {
    if (homes.has(buffer.name)) return [];
    return [buffer.name === whole.name && kept && buffer.role === "scratch" ? { ...buffer, role: "residual" } : buffer];
  });
  return { ...definitions, buffers, work };
}

/** where(k < 8, a, where(k < 12, b, c)) as segments along k. */
function segmentsOf({ axes, value }: Definition): { readonly axis: number; readonly all: readonly Segment[] } | undefined {
  const all: Segment[] = [];
  let rest = value.kind === "round" ? value.value : value;
  let axis = -1;
  for (let from = 0; ;) {
    const limit = rest.kind === "select" ? limitOf(rest.when, axes) : undefined;
    if (rest.kind !== "select" || limit === undefined || limit.to <= from || (axis >= 0 && axis !== limit.axis)) {
      if (axis < 0) return undefined;
      return { axis, all: [...all, { from, to: axes[axis]!.extent, value: rest }] };
    }
    axis = limit.axis;
    all.push({ from, to: limit.to, value: rest.then });
    from = limit.to;
    rest = rest.otherwise;
  }
}

/** k < 8, of an axis. */
function limitOf(when: Scalar, axes: readonly Axis[]): { readonly axis: number; readonly to: number } | undefined {
  if (when.kind !== "apply" || when.fn !== "lt") return undefined;
  const [at, to] = when.args;
  if (at?.kind !== "index" || to?.kind !== "literal") return undefined;
  const axis = axes.findIndex(({ name, extent }) => extent > 1 && equal(at.at, index(name, extent)));
  return axis < 0 || to.value >= axes[axis]!.extent ? undefined : { axis, to: to.value };
}

/** The buffer that a segment is a copy of, element by element. */
function copiedBy({ from, value }: Segment, { axes }: Definition, axis: number): string | undefined {
  if (value.kind !== "load" || value.at.length !== axes.length) return undefined;
  const own = axes.every(({ name, extent }, n) => equal(value.at[n]!, shift(index(name, extent), n === axis ? -from : 0)));
  return own ? value.buffer : undefined;
}

/** Whether a value has a place of its own that nobody needs: made by another group, shown to no one, of the segment's size. */
function isMovable({ work, buffers, results }: Definitions, of: Group, name: string, whole: Definition): boolean {
  const buffer = buffers.find((one) => one.name === name);
  if (buffer === undefined || (buffer.role !== "scratch" && buffer.role !== "residual")) return false;
  if (buffer.dtype !== whole.dtype || results.some(({ value }) => value === name)) return false;
  if (work.some((item) => item.kind === "scalar" && loadsOf(item.definition.value).some((load) => load.buffer === name))) return false;
  const [maker] = work.flatMap((item) =>
    item.kind === "group" && item.group.stages.some(({ definition }) => definition.name === name) ? [item.group] : [],
  );
  const stage = maker?.stages.find(({ definition }) => definition.name === name);
  if (maker === undefined || maker === of || stage?.storage !== "buffer" || stage.definition.segment !== undefined) return false;
  // its own group hands it on at the point where it is made, and reads it nowhere else
  return maker.stages.every(({ definition }) =>
    loadsOf(definition.value).every(({ buffer: read, at }) => read !== name || isOwnPoint(at, maker.axes)),
  );
}

/** Where a segment's elements are. */
interface Home {
  readonly of: string;
  readonly axis: number;
  readonly from: number;
}

const within = (at: readonly Index[], { axis, from }: Home): Index[] => at.map((one, n) => (n === axis ? shift(one, from) : one));

/** A group whose segments are stored in their wholes, and read there. `done` is the whole that nobody else stores: its last segment names it. */
function moved(group: Group, homes: ReadonlyMap<string, Home>, done: Definition | undefined): Group {
  const own = new Set(group.stages.map(({ definition }) => definition.name));
  const last = [...homes.keys()].at(-1);
  const stages = group.stages.map((stage): Stage => {
    const { definition } = stage;
    const value = mapScalar(definition.value, (part) => {
      const home = part.kind === "load" && !own.has(part.buffer) ? homes.get(part.buffer) : undefined;
      return part.kind === "load" && home !== undefined ? { ...part, buffer: home.of, at: within(part.at, home) } : part;
    });
    const home = homes.get(definition.name);
    const segment =
      home === undefined
        ? {}
        : {
            segment: {
              of: home.of,
              at: within(
                definition.axes.map(({ name, extent }) => index(name, extent)),
                home,
              ),
            },
          };
    const doc = definition.name === last && done !== undefined ? { doc: [...definition.doc, ...done.doc] } : {};
    return value === definition.value && home === undefined
      ? stage
      : { ...stage, definition: { ...definition, value, ...segment, ...doc } };
  });
  return stages.every((stage, n) => stage === group.stages[n]) ? group : { ...group, stages };
}

/** What is left of a whole when its other segments are stored by those who make them. */
function remaining(whole: Definition, axis: number, { from, to, value }: Segment): Work {
  const axes = whole.axes.map((one, n) => (n === axis ? { ...one, extent: to - from } : one));
  const own = axes.map(({ name, extent }) => index(name, extent));
  const inWhole = new Map([[axes[axis]!.name, add(own[axis]!, constant(from))]]);
  const rest = substitute(value, inWhole);
  const at = whole.axes.map(({ name, extent }) => substituteIndex(index(name, extent), inWhole));
  const definition: Definition = {
    ...whole,
    axes,
    shape: axes.map(({ extent }) => extent),
    value: whole.value.kind === "round" ? { kind: "round", dtype: "f32", value: rest } : rest,
    segment: { of: whole.name, at },
  };
  return { kind: "group", group: { axes, stages: [{ definition, storage: "buffer" }] } };
}
