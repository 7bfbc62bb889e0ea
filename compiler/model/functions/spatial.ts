/** The geometry that convolutions and pools share: windows, strides and padding of each spatial axis, checked once. */

import { anyOf, kind, oneOf } from "../../graph/arguments.ts";
import type { Shape } from "../../graph/type.ts";
import { ANY_NUMBER } from "../kinds.ts";
import type { Place } from "./place.ts";

/** One number for every spatial axis, or one an axis. */
export type PerAxis = number | readonly number[];

/**
 * `valid`: none. `same`: ONNX's SAME_UPPER, as many outputs as ⌈extent / stride⌉, an odd padding's extra at the end.
 * A number pads both ends of every axis; a list has an entry an axis, a number or [low, high].
 */
export type Padding = "valid" | "same" | number | readonly (number | readonly [low: number, high: number])[];

const isEnd = (end: unknown): boolean => typeof end === "number";
const ENDS = kind(
  "padding of each axis",
  (given) => Array.isArray(given) && given.every((one) => isEnd(one) || (Array.isArray(one) && one.length === 2 && one.every(isEnd))),
);
export const PADDING = anyOf(
  '"valid", "same", a number, or a list with a number or [low, high] for each axis',
  oneOf("valid", "same"),
  ANY_NUMBER,
  ENDS,
);

/** One spatial axis of a window. */
export interface Axis {
  readonly extent: number;
  readonly window: number;
  readonly stride: number;
  readonly dilation: number;
  readonly low: number;
  readonly high: number;
  /** Output positions. */
  readonly out: number;
}

export interface Window {
  readonly window: PerAxis;
  readonly strides: PerAxis;
  readonly dilation: PerAxis;
  readonly padding: Padding;
}

/** What a window is called in messages: a convolution's kernel, a pool's window. */
export type WindowName = "kernel" | "window";

/** What spatial axes are called, by their number. */
const SPACE: Readonly<Record<number, readonly string[]>> = { 1: ["t"], 2: ["h", "w"], 3: ["d", "h", "w"] };

/** Refuses an input that is not [n, c, one axis a spatial dimension]. */
export function checkImage({ fail }: Place, shape: Shape, spatial: number): void {
  const axes = ["n", "c", ...SPACE[spatial]!];
  if (shape.length !== axes.length)
    fail(
      `needs an input [${axes.join(", ")}], but got [${shape.join(",")}], of rank ${shape.length}`,
      "Reshape its input, or use the layer for that many axes.",
    );
}

/** One number an axis; `least` is the smallest allowed. */
export function perAxis({ fail }: Place, what: string, given: PerAxis, axes: number, least: number): readonly number[] {
  const all = typeof given === "number" ? Array.from({ length: axes }, () => given) : given;
  if (all.length !== axes || !all.every((value) => Number.isInteger(value) && value >= least))
    fail(
      `needs ${what} of whole numbers from ${least}, one for all or one for each of ${axes} spatial axes, but got ${JSON.stringify(given)}`,
      `Correct ${what}.`,
    );
  return all;
}

/** Zeros before and after an axis. */
type Ends = readonly [low: number, high: number];

const reach = (window: number, dilation: number): number => (window - 1) * dilation + 1;

function explicitEnds(scope: Place, padding: Exclude<Padding, string>, axes: number): readonly Ends[] {
  const all = typeof padding === "number" ? Array.from({ length: axes }, () => padding) : padding;
  const ends = all.map((one): Ends => (typeof one === "number" ? [one, one] : [one[0], one[1]]));
  if (all.length !== axes || !ends.flat().every((value) => Number.isInteger(value) && value >= 0))
    scope.fail(
      `needs padding "valid", "same", or whole numbers from 0 for each of ${axes} spatial axes, but got ${JSON.stringify(padding)}`,
      "Correct padding.",
    );
  return ends;
}

/** Padding of every axis, where `total` is what `same` needs of one. */
export function endsOf(scope: Place, padding: Padding, axes: number, total: (axis: number) => number): readonly Ends[] {
  if (typeof padding !== "string") return explicitEnds(scope, padding, axes);
  return Array.from({ length: axes }, (_, axis): Ends => {
    const all = padding === "valid" ? 0 : Math.max(0, total(axis));
    return [Math.floor(all / 2), Math.ceil(all / 2)];
  });
}

/** Every spatial axis of [n, c, …], or the error that names the axis on which no output is left. */
export function axesOf(scope: Place, shape: Shape, name: WindowName, { window, strides, dilation, padding }: Window): readonly Axis[] {
  const extents = shape.slice(2);
  const axes = extents.length;
  const windows = perAxis(scope, `a ${name}`, window, axes, 1);
  const stride = perAxis(scope, "strides", strides, axes, 1);
  const dilations = perAxis(scope, "dilation", dilation, axes, 1);
  const ends = endsOf(scope, padding, axes, (axis) => {
    const outputs = Math.ceil(extents[axis]! / stride[axis]!);
    return (outputs - 1) * stride[axis]! + reach(windows[axis]!, dilations[axis]!) - extents[axis]!;
  });
  return extents.map((extent, axis): Axis => {
    const [low, high] = ends[axis]!;
    const padded = extent + low + high;
    const covers = reach(windows[axis]!, dilations[axis]!);
    if (covers > padded)
      scope.fail(
        `leaves no output pixel: on spatial axis ${axis} its ${name} covers ${covers}, but the padded input has only ${padded}`,
        `Use a smaller ${name}, more padding, or a larger input.`,
      );
    const out = Math.floor((padded - covers) / stride[axis]!) + 1;
    return { extent, window: windows[axis]!, stride: stride[axis]!, dilation: dilations[axis]!, low, high, out };
  });
}
