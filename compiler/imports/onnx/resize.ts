/** Resize and Upsample of ONNX in the layer language: nearest neighbours are gathered, linear ones weighed, an axis at a time. */

import type { Importer } from "./elementwise.ts";
import type { FileNode } from "./proto.ts";
import { axisOf } from "./shapes.ts";
import { isOpen, numberText, shapeText, type Dim } from "../code.ts";
import type { Held, Translation } from "./translation.ts";

interface Resized {
  readonly axis: number;
  readonly extent: number;
  readonly out: number;
  readonly scale: number;
}

/** Where an element of the result lies among those of x, as coordinate_transformation_mode says. */
function coordinate(t: Translation, node: FileNode, mode: string, { extent, out, scale }: Resized): (n: number) => number {
  const half = (n: number): number => (n + 0.5) / scale - 0.5;
  switch (mode) {
    case "asymmetric":
      return (n) => n / scale;
    case "half_pixel":
      return half;
    case "pytorch_half_pixel":
      return (n) => (out > 1 ? half(n) : 0);
    case "align_corners":
      return (n) => (out > 1 ? (n * (extent - 1)) / (out - 1) : 0);
    case "half_pixel_symmetric": {
      const offset = (extent / 2) * (1 - out / (scale * extent));
      return (n) => offset + half(n);
    }
    default:
      return t.fail(node, `has coordinates ${mode}`, "half_pixel, pytorch_half_pixel, align_corners and asymmetric are read");
  }
}

const ROUNDED: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

export const resized: Importer = (t, node) => {
  const x = t.tensor(node);
  const older = node.op === "Upsample" || t.opset < 11;
  const mode = t.text(node, "mode", "nearest");
  const axes = axesOf(t, node, x.dims, older);
  const changed = axes.filter(({ extent, out, scale }) => extent !== out || scale !== 1);
  if (t.number(node, "antialias", 0) !== 0 && changed.some(({ scale }) => scale < 1))
    t.fail(node, "smooths what it makes smaller", "export it with antialias=False");
  if (t.number(node, "exclude_outside", 0) !== 0 && mode === "cubic") t.fail(node, "is cubic", "nearest and linear are read");
  const coordinates = older ? "asymmetric" : t.text(node, "coordinate_transformation_mode", "half_pixel");
  const dims = x.dims.map((dim, axis) => axes.find((one) => one.axis === axis)?.out ?? dim);
  const [first, second] = changed;
  // whole factors of the last two axes of pictures are a layer
  const factor = first?.scale;
  if (
    mode === "nearest" &&
    x.dims.length === 4 &&
    changed.length === 2 &&
    first!.axis === 2 &&
    second!.axis === 3 &&
    factor === second!.scale &&
    Number.isInteger(factor) &&
    repeats(t, node, coordinates, older, changed)
  )
    return t.make(node, `${t.call("upsampling2d", String(factor))}(${x.code})`, dims);
  if (changed.length === 0) return t.alias(node, x);
  const code = changed.reduce((made, one) => {
    const at = Array.from({ length: one.out }, (_, n) => coordinate(t, node, coordinates, one)(n));
    if (mode === "nearest") return picked(t, made, nearest(t, node, at, older, one), one.axis);
    if (mode === "linear") return weighed(t, made, at, one, x.dims.length);
    return t.fail(node, `resizes in the mode ${mode}`, "nearest and linear are read");
  }, x.code);
  t.make(node, code, dims);
};

function nearest(t: Translation, node: FileNode, at: readonly number[], older: boolean, { extent }: Resized): readonly number[] {
  const own = older ? "floor" : t.text(node, "nearest_mode", "round_prefer_floor");
  const rounded = ROUNDED[own] ?? t.fail(node, `rounds by ${own}`, "the file is damaged");
  return at.map((place) => Math.min(extent - 1, Math.max(0, rounded(place))));
}

/** Whether each element simply stands so many times. */
const repeats = (t: Translation, node: FileNode, coordinates: string, older: boolean, axes: readonly Resized[]): boolean =>
  axes.every((one) => {
    const at = Array.from({ length: one.out }, (_, n) => coordinate(t, node, coordinates, one)(n));
    return nearest(t, node, at, older, one).every((place, n) => place === Math.floor(n / one.scale));
  });

const picked = (t: Translation, code: string, at: readonly number[], axis: number): string =>
  t.call(
    "gather",
    code,
    t.call("constant", `[${at.join(", ")}]`, `[${at.length}]`, '{ dtype: "i32" }'),
    ...(axis === 0 ? [] : [String(axis)]),
  );

/** Of the two neighbours each by how near it is. */
function weighed(t: Translation, code: string, at: readonly number[], { axis, extent }: Resized, rank: number): string {
  const clamped = at.map((place) => Math.min(extent - 1, Math.max(0, place)));
  const below = clamped.map((place) => Math.min(extent - 1, Math.floor(place)));
  const above = below.map((place) => Math.min(extent - 1, place + 1));
  const share = clamped.map((place, n) => place - below[n]!);
  if (share.every((one) => one === 0)) return picked(t, code, below, axis);
  const weights = (all: readonly number[]): string =>
    t.call(
      "constant",
      `[${all.map(numberText).join(", ")}]`,
      shapeText(Array.from({ length: rank - axis }, (_, n) => (n === 0 ? all.length : 1))),
    );
  const [low, high] = [picked(t, code, below, axis), picked(t, code, above, axis)];
  return t.call("add", t.call("mul", low, weights(share.map((one) => 1 - one))), t.call("mul", high, weights(share)));
}

/** The axes with their extents and scales, by scales or by sizes. */
function axesOf(t: Translation, node: FileNode, dims: readonly Dim[], older: boolean): readonly Resized[] {
  const given = (at: number): readonly Dim[] => {
    const known = t.optional(node, at);
    if (known === undefined) return [];
    return known.kind === "held"
      ? Array.from((known as Held).tensor.data)
      : t.fail(node, "computes how large it is", "fix what it depends on with --batch and --size");
  };
  const attribute = node.attributes.get("scales");
  const scales = Array.isArray(attribute) ? (attribute as readonly number[]) : given(older ? 1 : 2);
  const sizes = older ? [] : given(3);
  const listed = node.attributes.get("axes");
  const axes = Array.isArray(listed)
    ? (listed as readonly number[]).map((axis) => axisOf(t, node, axis, dims.length))
    : dims.map((_, axis) => axis);
  if (scales.length === 0 && sizes.length === 0) t.fail(node, "has neither scales nor sizes", "the file is damaged");
  const policy = t.text(node, "keep_aspect_ratio_policy", "stretch");
  if (policy !== "stretch") t.fail(node, `keeps the ratio of its sides (${policy})`, "give it its sizes as they come out");
  return axes.flatMap((axis, n): readonly Resized[] => {
    const extent = dims[axis]!;
    if (isOpen(extent))
      return scales[n] === 1 || isOpen(sizes[n]) || (sizes.length > 0 && sizes[n] === 1)
        ? []
        : t.fail(node, "resizes the batch", "leave its rows as they are");
    const size = sizes[n];
    if (sizes.length > 0) return [{ axis, extent, out: Number(size), scale: Number(size) / extent }];
    const scale = Number(scales[n]);
    return [{ axis, extent, out: Math.floor(Math.fround(extent * scale)), scale }];
  });
}
