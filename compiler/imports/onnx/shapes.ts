/** Axes, extents and places as ONNX counts them: what folding and the source both need. */

import { kindOf, type FileNode } from "./proto.ts";
import { isOpen, lengthOf, type Dim, type Kind } from "../code.ts";
import type { Translation } from "./translation.ts";

/** An axis counted from the front. */
export const axisOf = (t: Translation, node: FileNode, axis: number, rank: number): number => {
  const own = axis < 0 ? axis + rank : axis;
  return own >= 0 && own < rank ? own : t.fail(node, `names the axis ${axis} of ${rank}`, "the file is damaged");
};

/** Two shapes that broadcast, as one. */
export function jointOf(t: Translation, node: FileNode, a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, n): Dim => {
    const [x, y] = [a[a.length - rank + n] ?? 1, b[b.length - rank + n] ?? 1];
    if (x !== y && x !== 1 && y !== 1)
      return t.fail(
        node,
        `has operands [${a.join(",")}] and [${b.join(",")}] that do not fit`,
        "fix open extents with --size, or the batch with --batch",
      );
    return x === 1 ? y : x;
  });
}

/** Where an element of a broadcast shape stands in what is broadcast. */
export function broadcastIndex(from: readonly number[], to: readonly number[]): (n: number) => number {
  const own = [...Array.from({ length: to.length - from.length }, () => 1), ...from];
  const [strides, outer] = [own, to].map((dims) => dims.map((_, axis) => lengthOf(dims.slice(axis + 1)))) as [number[], number[]];
  return (n) => to.reduce((at, extent, axis) => at + (own[axis] === 1 ? 0 : (Math.floor(n / outer[axis]!) % extent) * strides[axis]!), 0);
}

/** What a cast gives. */
export const kindOfCast = (t: Translation, node: FileNode): Kind =>
  kindOf(t.number(node, "to", 1)) ??
  t.fail(node, `casts to the type ${t.number(node, "to", 1)}`, "cast to floats, whole numbers or truth values");

/** What a Slice takes of an axis: elements from, from + step, …; `whole` is all of it, forwards. */
export interface Range {
  readonly from: number;
  readonly step: number;
  readonly length: number;
  readonly whole: boolean;
}

/** The ranges of a Slice, one an axis; of the batch only the whole. */
export function slicesOf(t: Translation, node: FileNode, dims: readonly Dim[]): readonly Range[] {
  const [starts, ends] = [t.ints(node, "starts", 1), t.ints(node, "ends", 2)];
  if (starts === undefined || ends === undefined) return t.fail(node, "lacks its starts and ends", "the file is damaged");
  const axes = (t.ints(node, "axes", 3) ?? starts.map((_, n) => n)).map((axis) => axisOf(t, node, axis, dims.length));
  const steps = t.ints(node, "steps", 4) ?? axes.map(() => 1);
  return dims.map((extent, axis): Range => {
    const n = axes.indexOf(axis);
    const whole = { from: 0, step: 1, length: isOpen(extent) ? 0 : extent, whole: true };
    if (n < 0) return whole;
    const [start, end, step] = [starts[n]!, ends[n]!, steps[n]!];
    if (isOpen(extent))
      return start === 0 && step === 1 && end >= 2 ** 31 - 1
        ? whole
        : t.fail(node, "cuts the batch", "fix it with --batch, or leave its rows whole");
    const clamp = (at: number, least: number, most: number): number => Math.min(most, Math.max(least, at < 0 ? at + extent : at));
    const from = step > 0 ? clamp(start, 0, extent) : clamp(start, 0, extent - 1);
    const to = step > 0 ? clamp(end, 0, extent) : end < -extent ? -1 : clamp(end, -1, extent - 1);
    const length = Math.max(0, Math.ceil((to - from) / step));
    return { from, step, length, whole: from === 0 && step === 1 && length === extent };
  });
}

/** The parts of a Split. */
export function splitSizes(t: Translation, node: FileNode, extent: number): readonly number[] {
  const given = t.ints(node, "split", 1);
  if (given !== undefined) return given;
  const parts = t.number(node, "num_outputs", node.outputs.length);
  const size = Math.ceil(extent / parts);
  return Array.from({ length: parts }, (_, n) => Math.min(size, extent - n * size));
}
