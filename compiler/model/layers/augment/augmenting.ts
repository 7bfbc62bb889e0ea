/** Guarantees that what changes images at random does so in training alone, for each row anew, and elsewhere passes them on. */

import type { Law } from "../../../graph/arguments.ts";
import { kind as kindOf } from "../../../graph/arguments.ts";
import type { Value } from "../../../graph/graph.ts";
import { checkImage } from "../../functions/spatial.ts";
import { standardUniform } from "../../random.ts";
import type { Tensor } from "../../tensor.ts";
import { layer, type LayerOptions, type LayerScope, type SameShapeLayer } from "../layer.ts";

/** How much: a number f for [−f, f], or [low, high]. */
export type Factor = number | readonly [low: number, high: number];

export const FACTOR: Law = kindOf("a number of at least 0, or [low, high]", (given) =>
  typeof given === "number"
    ? Number.isFinite(given) && given >= 0
    : Array.isArray(given) && given.length === 2 && given.every((one) => Number.isFinite(one)) && given[0] <= given[1],
);
export const SHARE_OF_ROWS: Law = kindOf("a number from 0 to 1", (given) => typeof given === "number" && given >= 0 && given <= 1);

/** Options of layers that change colours. */
export interface ColorOptions extends LayerOptions {
  /** Of the pixels. Default: [0, 1]. */
  readonly valueRange?: readonly [low: number, high: number];
}

export const COLOR = {
  valueRange: kindOf(
    "[low, high] with low < high",
    (given) => Array.isArray(given) && given.length === 2 && given.every((one) => Number.isFinite(one)) && given[0] < given[1],
  ),
} as const;

/** A layer of images [n, c, h, w] that changes them in training. */
export const augmenting = (kind: string, options: LayerOptions, change: (scope: LayerScope, x: Tensor) => Value): SameShapeLayer =>
  layer<SameShapeLayer>(kind, options, (scope, x) => {
    checkImage(scope, x.shape, 2);
    return scope.c.training ? change(scope, x) : x.value;
  });

export const number = ({ c }: LayerScope, value: number): Value => c.g.literal(value, c.float);

/** A number for each row [n], uniform from low up to high. */
export function drawn(scope: LayerScope, rows: number, [low, high]: readonly [number, number]): Value {
  const { g } = scope.c;
  const u = standardUniform(scope.c, [rows]);
  const scaled = high - low === 1 ? u : g.mul(u, number(scope, high - low));
  return low === 0 ? scaled : g.add(scaled, number(scope, low));
}

/** As many numbers, of a factor. */
export const factor = (scope: LayerScope, rows: number, given: Factor): Value =>
  drawn(scope, rows, typeof given === "number" ? [-given, given] : given);

/** A value a row, [n], over the other axes of x. */
export function overRow({ c }: LayerScope, value: Value, x: Tensor): Value {
  const axes = x.shape.map((_, axis) => axis).slice(1);
  return c.g.broadcast(value, { axes, size: axes.map((axis) => x.shape[axis]!) });
}

/** `changed` for a share of the rows, x for the others. */
export function sometimes(scope: LayerScope, x: Tensor, share: number, changed: Value): Value {
  if (share >= 1) return changed;
  const { g } = scope.c;
  const isChosen = g.lt(drawn(scope, x.shape[0]!, [0, 1]), number(scope, share));
  return g.where(overRow(scope, isChosen, x), changed, x.value);
}

/** x held to its range. */
export const held = (scope: LayerScope, x: Value, [low, high]: readonly [number, number]): Value =>
  scope.c.g.max(number(scope, low), scope.c.g.min(number(scope, high), x));
