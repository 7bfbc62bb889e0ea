/** The layers that only rearrange: flatten, reshape, upsampling; the batch axis stays where it is. */

import { anyOf, oneOf } from "../../graph/arguments.ts";
import { sizeOf, type DType, type Shape } from "../../graph/type.ts";
import { check } from "../arguments.ts";
import { isTensor } from "../context.ts";
import { resized } from "../functions/resize.ts";
import { checkImage, perAxis, type PerAxis } from "../functions/spatial.ts";
import { PER_AXIS, SHAPE, TENSOR } from "../kinds.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import * as tensors from "../tensors.ts";
import { checked, layer, layerOptions, type Layer, type LayerOptions } from "./layer.ts";

/** The product of extents, where all are known. */
type Product<S extends Shape> = number extends S["length"] ? number : S extends readonly [infer N extends number] ? N : number;

export interface FlattenLayer {
  <S extends Shape>(x: FloatTensor<S>): FloatTensor<Flat<S>>;
  readonly kind: string;
}

/** [n, a] stays as it is; of more axes the type says only that they become one. */
type Flat<S extends Shape> = S extends readonly [infer N extends number, ...infer Rest extends Shape]
  ? readonly [N, Product<Rest>]
  : readonly [number, number];

/** x [n, …] → [n, product of the rest], row-major. */
export const flatten = (options: LayerOptions = {}): FlattenLayer =>
  layer<FlattenLayer>("flatten", checked("flatten", { options }, { options: layerOptions({}) }), ({ c, fail }, x) => {
    const [rows, ...rest] = x.shape;
    if (rows === undefined) return fail("needs a batch axis, but got a scalar", "Give it a tensor [n, …].");
    const full = c.fullShape(x.value)?.slice(1);
    const shape = full === undefined ? [sizeOf(rest)] : c.extents.reshaped(full, rest, [sizeOf(full)]);
    return c.g.reshape(x.value, { shape: [rows, ...shape] });
  });

export interface ReshapeLayer<T extends Shape> {
  <S extends Shape>(x: FloatTensor<S>): FloatTensor<readonly [S[0], ...tensors.Completed<T>]>;
  readonly kind: string;
}

/**
 * The same elements, row-major, under another shape, in which one extent may be −1, for what the others leave; `reshape(shape)` is a layer
 * that keeps the batch axis: [n, …] → [n, …shape].
 */
export function reshape<const T extends Shape>(shape: T, options?: LayerOptions): ReshapeLayer<T>;
export function reshape<const S extends Shape, D extends DType>(x: Tensor<Shape, D>, shape: S): Tensor<tensors.Completed<S>, D>;
export function reshape(first: Tensor | Shape, second: Shape | LayerOptions = {}): Tensor | ReshapeLayer<Shape> {
  if (isTensor(first)) return tensors.reshape(first, second as Shape); // the second overload
  check("reshape", { x: first }, { x: anyOf("a tensor, or the shape of a row, such as [28, 28]", TENSOR, SHAPE) });
  const given = { shape: first, options: second as LayerOptions };
  return layer<ReshapeLayer<Shape>>("reshape", checked("reshape", given, { shape: SHAPE, options: layerOptions({}) }), ({ c, fail }, x) => {
    const [rows, ...rest] = x.shape;
    const full = c.fullShape(x.value)?.slice(1);
    const shape = c.extents.reshaped(full, rest, tensors.completed(c, full ?? rest, first));
    if (rows === undefined || sizeOf(rest) !== sizeOf(shape))
      fail(
        `needs ${sizeOf(shape)} elements a row for [${shape.join(",")}], but [${x.shape.join(",")}] has ${sizeOf(rest)}`,
        "Change one of the shapes.",
      );
    return c.g.reshape(x.value, { shape: [rows!, ...shape] });
  });
}

/** Options of `upsampling1d`, `upsampling2d` and `upsampling3d`. */
export interface UpsamplingOptions extends LayerOptions {
  /** Between pixels: see `resize`. Default: nearest. */
  readonly interpolation?: "nearest" | "linear" | "cubic";
}

const UPSAMPLING = { factor: PER_AXIS, options: layerOptions<UpsamplingOptions>({ interpolation: oneOf("nearest", "linear", "cubic") }) };

const upsampling = (spatial: 1 | 2 | 3, factor: PerAxis, options: UpsamplingOptions): Layer => {
  const kind = `upsampling${spatial}d`;
  return layer(kind, checked(kind, { factor, options }, UPSAMPLING), (scope, x) => {
    checkImage(scope, x.shape, spatial);
    const factors = perAxis(scope, "a factor", factor, spatial, 1);
    const size = x.shape.slice(2).map((extent, axis) => extent * factors[axis]!);
    const { interpolation = "nearest" } = options;
    if (interpolation !== "nearest") return resized(scope, x.value, size, { mode: interpolation });
    const repeated = scope.c.g.broadcast(x.value, { axes: factors.map((_, axis) => 3 + 2 * axis), size: factors });
    return scope.c.g.reshape(repeated, { shape: [...x.shape.slice(0, 2), ...size] });
  });
};

/** Upsampling, each element repeated or what lies between interpolated: x [n, c, t] → [n, c, t·factor]. */
export const upsampling1d = (factor: PerAxis, options: UpsamplingOptions = {}): Layer => upsampling(1, factor, options);
/** Upsampling, each pixel repeated or what lies between interpolated: x [n, c, h, w] → [n, c, h·factor, w·factor], a factor for both axes or one each. */
export const upsampling2d = (factor: PerAxis, options: UpsamplingOptions = {}): Layer => upsampling(2, factor, options);
/** Upsampling, each voxel repeated or what lies between interpolated: x [n, c, d, h, w] → [n, c, d·factor, h·factor, w·factor]. */
export const upsampling3d = (factor: PerAxis, options: UpsamplingOptions = {}): Layer => upsampling(3, factor, options);
