/** Images moved, turned, scaled, sheared, mirrored, cut and bent at random. */

import { oneOf } from "../../../graph/arguments.ts";
import type { Value } from "../../../graph/graph.ts";
import { dotAttrs } from "../../../ops/dot.ts";
import { placesOf, sampled } from "../../functions/sampling.ts";
import { checkImage, perAxis, type PerAxis } from "../../functions/spatial.ts";
import { PER_AXIS } from "../../kinds.ts";
import { standardUniform } from "../../random.ts";
import type { Tensor } from "../../tensor.ts";
import { checked, layer, layerOptions, type Layer, type LayerOptions, type LayerScope, type SameShapeLayer } from "../layer.ts";
import { augmenting, drawn, factor, FACTOR, number, overRow, type Factor } from "./augmenting.ts";
import { blurred } from "./blur.ts";

/** Options of layers that move pixels. */
export interface WarpOptions extends LayerOptions {
  /** What lies outside the image: its edge, or zeros. Default: border. */
  readonly outside?: "zeros" | "border";
  /** Default: bilinear. */
  readonly interpolation?: "bilinear" | "nearest";
}

const WARP = layerOptions<WarpOptions>({ outside: oneOf("zeros", "border"), interpolation: oneOf("bilinear", "nearest") });

/** x at the places of a grid [n, h, w, 2]. */
const read = ({ c }: LayerScope, x: Tensor, grid: Value, { outside = "border", interpolation = "bilinear" }: WarpOptions): Value =>
  sampled(c, x.value, grid, { outside, mode: interpolation });

/** Each row by a map of its own: where a pixel is read, (a·x + b·y + e, c·x + d·y + f) in halves of the image. */
function mapped(scope: LayerScope, x: Tensor, [a, b, e, c, d, f]: readonly Value[], options: WarpOptions): Value {
  const { g } = scope.c;
  const n = x.shape[0]!;
  const raised = [a!, b!, e!, c!, d!, f!].map((value) => g.reshape(value, { shape: [n, 1] }));
  const theta = g.reshape(g.concat(raised, { axis: 1 }), { shape: [n, 2, 3] });
  return read(scope, x, placesOf(scope.c, theta, x.shape.slice(2), false), options);
}

const all = (scope: LayerScope, rows: number, value: number): Value =>
  scope.c.g.broadcast(number(scope, value), { axes: [0], size: [rows] });

const TWO = { heightFactor: FACTOR, widthFactor: FACTOR, options: WARP };

/** Moves images up and down and sideways by shares of their height and width (keras.layers.RandomTranslation). */
export const randomTranslation = (heightFactor: Factor, widthFactor: Factor, options: WarpOptions = {}): SameShapeLayer => {
  checked("randomTranslation", { heightFactor, widthFactor, options }, TWO);
  return augmenting("randomTranslation", options, (scope, x) => {
    const { g } = scope.c;
    const n = x.shape[0]!;
    const [one, zero] = [all(scope, n, 1), all(scope, n, 0)];
    // a picture moved by a share s is read 2·s before, in halves
    const moved = (given: Factor): Value => g.mul(factor(scope, n, given), number(scope, -2));
    return mapped(scope, x, [one, zero, moved(widthFactor), zero, one, moved(heightFactor)], options);
  });
};

const ONE = { by: FACTOR, options: WARP };

/** Turns images by shares of a whole turn (keras.layers.RandomRotation). */
export const randomRotation = (by: Factor, options: WarpOptions = {}): SameShapeLayer => {
  checked("randomRotation", { by, options }, ONE);
  return augmenting("randomRotation", options, (scope, x) => {
    const { g } = scope.c;
    const n = x.shape[0]!;
    const [h, w] = x.shape.slice(2) as [number, number];
    const angle = g.mul(factor(scope, n, by), number(scope, 2 * Math.PI));
    const [cos, sin, zero] = [g.cos(angle), g.sin(angle), all(scope, n, 0)];
    // halves of unlike sides are unlike
    const turned = (value: Value, share: number): Value => g.mul(value, number(scope, share));
    return mapped(scope, x, [cos, turned(sin, -h / w), zero, turned(sin, w / h), cos, zero], options);
  });
};

/** Scales images: a factor of 0.2 makes them up to a fifth smaller, −0.2 larger; one for both sides, or another for the width (keras.layers.RandomZoom). */
export const randomZoom = (heightFactor: Factor, widthFactor?: Factor, options: WarpOptions = {}): SameShapeLayer => {
  checked("randomZoom", { heightFactor, widthFactor: widthFactor ?? heightFactor, options }, TWO);
  return augmenting("randomZoom", options, (scope, x) => {
    const { g } = scope.c;
    const n = x.shape[0]!;
    const zero = all(scope, n, 0);
    const scale = (given: Factor): Value => g.add(factor(scope, n, given), number(scope, 1));
    const height = scale(heightFactor);
    const width = widthFactor === undefined ? height : scale(widthFactor);
    return mapped(scope, x, [width, zero, zero, zero, height, zero], options);
  });
};

const SHEAR = { xFactor: FACTOR, yFactor: FACTOR, options: WARP };

/** Shears images about their middle, along their width, and along their height, by pixels a pixel (keras.layers.RandomShear, about a corner). */
export const randomShear = (xFactor: Factor, yFactor: Factor = 0, options: WarpOptions = {}): SameShapeLayer => {
  checked("randomShear", { xFactor, yFactor, options }, SHEAR);
  return augmenting("randomShear", options, (scope, x) => {
    const { g } = scope.c;
    const n = x.shape[0]!;
    const [h, w] = x.shape.slice(2) as [number, number];
    const [one, zero] = [all(scope, n, 1), all(scope, n, 0)];
    // halves of unlike sides are unlike
    const slope = (given: Factor, share: number): Value => g.mul(factor(scope, n, given), number(scope, share));
    return mapped(scope, x, [one, slope(xFactor, h / w), zero, slope(yFactor, w / h), one, zero], options);
  });
};

const FLIP = { mode: oneOf("horizontal", "vertical", "both"), options: layerOptions({}) };

/** Mirrors half of the images, left to right, upside down, or each (keras.layers.RandomFlip). */
export const randomFlip = (mode: "horizontal" | "vertical" | "both" = "both", options: LayerOptions = {}): SameShapeLayer => {
  checked("randomFlip", { mode, options }, FLIP);
  return augmenting("randomFlip", options, (scope, x) => {
    const { g } = scope.c;
    const axes = mode === "both" ? [2, 3] : [mode === "vertical" ? 2 : 3];
    return axes.reduce<Value>((value, axis) => {
      const isFlipped = g.lt(drawn(scope, x.shape[0]!, [0, 1]), number(scope, 0.5));
      return g.where(overRow(scope, isFlipped, x), g.reverse(value, { axes: [axis] }), value);
    }, x.value);
  });
};

const CROP = { size: PER_AXIS, options: layerOptions({}) };

/** In training a part of each image, wherever it lies; else the middle (keras.layers.RandomCrop). Throws a ModelError for a size above x's. */
export const randomCrop = (size: PerAxis, options: LayerOptions = {}): Layer =>
  layer("randomCrop", checked("randomCrop", { size, options }, CROP), (scope, x) => {
    const { c } = scope;
    const { g } = c;
    checkImage(scope, x.shape, 2);
    const sizes = perAxis(scope, "a size", size, 2, 1).map((extent) => c.extents.of(extent, "space"));
    const [n, channels, ...space] = x.shape as readonly [number, number, number, number];
    const left = space.map((extent, axis) => extent - sizes[axis]!);
    if (left.some((rest) => rest < 0))
      scope.fail(`needs images of at least [${sizes.join(",")}], but got [${space.join(",")}]`, "Take a smaller size, or resize first.");
    if (!c.training) {
      const low = left.map((rest) => Math.floor(rest / 2));
      const limit = [n, channels, ...sizes.map((extent, axis) => low[axis]! + extent)];
      return g.slice(x.value, { start: [0, 0, ...low], limit, stride: [1, 1, 1, 1] });
    }
    const cut = (value: Value, axis: 0 | 1): Value => {
      const shape = [n, sizes[axis]!, space[axis]!];
      const begin = g.cast(g.floor(g.mul(drawn(scope, n, [0, 1]), number(scope, left[axis]! + 1))), { to: "i32" });
      const wide = g.broadcast(begin, { axes: [1, 2], size: shape.slice(1) });
      const isRead = g.eq(g.iota({ dtype: "i32", shape }, { axis: 2 }), g.add(g.iota({ dtype: "i32", shape }, { axis: 1 }), wide));
      return g.dot(value, g.where(isRead, number(scope, 1), number(scope, 0)), dotAttrs([2], [2], [0], [0])); // the axis comes last
    };
    return cut(cut(x.value, 0), 1); // [n, c, h, w] → [n, c, w, h'] → [n, c, h', w']
  });

/** Options of `randomElasticTransform`. */
export interface ElasticOptions extends WarpOptions {
  /** How smooth: the deviation of the blur, in pixels. Default: 4. */
  readonly sigma?: number;
}

const ELASTIC = { by: FACTOR, options: layerOptions<ElasticOptions>({ outside: oneOf("zeros", "border"), interpolation: oneOf("bilinear", "nearest"), sigma: FACTOR }) }; // prettier-ignore

/** Bends images: each pixel is read up to a share of the image beside its place, neighbours alike (Simard et al. 2003; keras.layers.RandomElasticTransform). */
export const randomElasticTransform = (by: Factor, options: ElasticOptions = {}): SameShapeLayer => {
  checked("randomElasticTransform", { by, options }, ELASTIC);
  return augmenting("randomElasticTransform", options, (scope, x) => {
    const { g } = scope.c;
    const [n, , h, w] = x.shape as readonly [number, number, number, number];
    const { sigma = 4 } = options;
    const noise = g.add(g.mul(standardUniform(scope.c, [n, 2, h, w]), number(scope, 2)), number(scope, -1));
    const deviations = all(scope, n, sigma);
    const smooth = blurred(scope, noise, deviations, 3 * sigma);
    const amount = g.broadcast(factor(scope, n, by), { axes: [1, 2, 3], size: [2, h, w] });
    const moved = g.transpose(g.mul(smooth, g.mul(amount, number(scope, 2 * sigma))), { order: [0, 2, 3, 1] });
    const [one, zero] = [all(scope, n, 1), all(scope, n, 0)];
    const raised = [one, zero, zero, zero, one, zero].map((value) => g.reshape(value, { shape: [n, 1] }));
    const theta = g.reshape(g.concat(raised, { axis: 1 }), { shape: [n, 2, 3] });
    return read(scope, x, g.add(placesOf(scope.c, theta, [h, w], false), moved), options);
  });
};
