/** The layers that only rearrange: flatten, reshape, upsampling; the batch axis stays where it is. */

import { anyOf } from "../../graph/arguments.ts";
import { sizeOf, type DType, type Shape } from "../../graph/type.ts";
import { check } from "../arguments.ts";
import { isTensor } from "../context.ts";
import { EXTENT, SHAPE, TENSOR } from "../kinds.ts";
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

/** Nearest-neighbour upsampling: x [n, c, h, w] → [n, c, h·factor, w·factor], each pixel repeated. */
export const upsampling2d = (factor: number, options: LayerOptions = {}): Layer =>
  layer("upsampling2d", checked("upsampling2d", { factor, options }, { factor: EXTENT, options: layerOptions({}) }), (scope, x) => {
    const { g } = scope.c;
    if (x.shape.length !== 4) scope.fail(`needs images [n, c, h, w], but got [${x.shape.join(",")}]`, "Reshape its input to images.");
    const [n, channels, h, w] = x.shape as readonly [number, number, number, number];
    const repeated = g.broadcast(x.value, { axes: [3, 5], size: [factor, factor] });
    return g.reshape(repeated, { shape: [n, channels, h * factor, w * factor] });
  });
