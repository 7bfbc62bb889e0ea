/** What Keras calls preprocessing: numbers and images as a net likes them, in the graph, so that whoever predicts needs not know of it. */

import { anyOf, FINITE, numbers, oneOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import type { Shape } from "../../graph/type.ts";
import { called } from "../arguments.ts";
import { resized } from "../functions/resize.ts";
import { checkImage, perAxis, type PerAxis } from "../functions/spatial.ts";
import { ANY_NUMBER, FLOATS, INTEGERS, NUMBERS, PER_AXIS } from "../kinds.ts";
import { oneHot } from "../losses/batch.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { checked, layer, layerOptions, withScope, type Layer, type LayerOptions, type LayerScope, type SameShapeLayer } from "./layer.ts";

const RESCALING = { scale: FINITE, offset: FINITE, options: layerOptions({}) };

/** x·scale + offset. */
export const rescaling = (scale: number, offset = 0, options: LayerOptions = {}): SameShapeLayer =>
  layer<SameShapeLayer>("rescaling", checked("rescaling", { scale, offset, options }, RESCALING), ({ c }, x) => {
    const scaled = c.g.mul(x.value, c.g.literal(scale, c.float));
    return offset === 0 ? scaled : c.g.add(scaled, c.g.literal(offset, c.float));
  });

/** Options of `normalization`. */
export interface NormalizationOptions extends LayerOptions {
  /** Of the data: one, or one for each position of the axis. */
  readonly mean: number | readonly number[];
  /** Of the data: one, or one for each position of the axis. */
  readonly variance: number | readonly number[];
  /** Default: the last. */
  readonly axis?: number;
}

const STATISTIC = anyOf("a number, or a list of them", ANY_NUMBER, NUMBERS);
const NORMALIZATION = {
  options: layerOptions<NormalizationOptions>({ mean: STATISTIC, variance: STATISTIC, axis: ANY_NUMBER }),
};

/** One number, or one for each position along an axis, in the shape of x. */
function statistic({ c, fail }: LayerScope, what: string, given: number | readonly number[], shape: Shape, axis: number): Value {
  const { g, float } = c;
  if (typeof given === "number") return g.literal(given, float);
  const extent = shape[axis]!;
  const full = given.slice(0, extent); // of a small instance the first ones
  if (full.length !== extent) fail(`needs a ${what} for each of ${extent} positions, but got ${given.length}`, "Give one number for each.");
  const values = g.table({ dtype: float, shape: [extent] }, { values: full, symbol: what });
  const axes = shape.flatMap((_, n) => (n === axis ? [] : [n]));
  return g.broadcast(values, { axes, size: axes.map((n) => shape[n]!) });
}

/** (x − mean) / √variance with statistics of the data that are given (keras.layers.Normalization). Throws a ModelError for another number of them. */
export const normalization = (options: NormalizationOptions): SameShapeLayer =>
  layer<SameShapeLayer>("normalization", checked("normalization", { options }, NORMALIZATION), (scope, x) => {
    const { g } = scope.c;
    const { axis = -1, mean, variance } = options;
    const at = axis < 0 ? axis + x.shape.length : axis;
    if (!(Number.isInteger(at) && at >= 0 && at < x.shape.length))
      scope.fail(`needs an axis of x, [${x.shape.join(",")}], but got ${axis}`, "Axes count from 0, or from the end with −1.");
    const deviation = (one: number): number => 1 / Math.max(Math.sqrt(one), 1e-7);
    const inverse = typeof variance === "number" ? deviation(variance) : variance.map(deviation);
    const centered = g.sub(x.value, statistic(scope, "mean", mean, x.shape, at));
    return g.mul(centered, statistic(scope, "variance", inverse, x.shape, at));
  });

/** Options of `resizing`. */
export interface ResizingOptions extends LayerOptions {
  /** Default: linear. */
  readonly interpolation?: "nearest" | "linear" | "cubic";
}

const RESIZING = { size: PER_AXIS, options: layerOptions<ResizingOptions>({ interpolation: oneOf("nearest", "linear", "cubic") }) };

/** Images x [n, c, h, w] of another size: see `resize`; the nearest pixel is the one in which an output pixel's middle lies (keras.layers.Resizing). */
export const resizing = (size: PerAxis, options: ResizingOptions = {}): Layer =>
  layer("resizing", checked("resizing", { size, options }, RESIZING), (scope, x) => {
    checkImage(scope, x.shape, 2);
    const sizes = perAxis(scope, "a size", size, 2, 1).map((extent) => scope.c.extents.of(extent, "space"));
    const { interpolation = "linear" } = options;
    return resized(scope, x.value, sizes, interpolation === "nearest" ? MIDDLE : { mode: interpolation });
  });

const MIDDLE = { mode: "nearest", coordinates: "half_pixel", ties: "upper" } as const;
const CROP = { size: PER_AXIS, options: layerOptions({}) };

/** The middle of images x [n, c, h, w] (keras.layers.CenterCrop). Throws a ModelError for a size above x's. */
export const centerCrop = (size: PerAxis, options: LayerOptions = {}): Layer =>
  layer("centerCrop", checked("centerCrop", { size, options }, CROP), (scope, x) => {
    checkImage(scope, x.shape, 2);
    const sizes = perAxis(scope, "a size", size, 2, 1).map((extent) => scope.c.extents.of(extent, "space"));
    const space = x.shape.slice(2);
    if (sizes.some((extent, n) => extent > space[n]!))
      scope.fail(`needs images of at least [${sizes.join(",")}], but got [${space.join(",")}]`, "Take a smaller size, or resize first.");
    const low = sizes.map((extent, n) => Math.floor((space[n]! - extent) / 2));
    const limit = [...x.shape.slice(0, 2), ...sizes.map((extent, n) => low[n]! + extent)];
    return scope.c.g.slice(x.value, { start: [0, 0, ...low], limit, stride: [1, 1, 1, 1] });
  });

/** A layer that gives integers of floats, or floats of integers. */
interface CodeLayer<In extends Tensor, Out extends Tensor> {
  (x: In): Out;
  readonly kind: string;
}

const DISCRETIZATION = { boundaries: NUMBERS, options: layerOptions({}) };

/** In which interval each number lies: 0 below the first boundary, i from the i-th on (keras.layers.Discretization). Throws a ModelError for boundaries that do not grow. */
export function discretization(boundaries: readonly number[], options: LayerOptions = {}): CodeLayer<FloatTensor, Tensor<Shape, "i32">> {
  const kind = "discretization";
  checked(kind, { boundaries, options }, DISCRETIZATION);
  const { run } = withScope(kind, options);
  const call = (x: FloatTensor): Tensor => {
    called(kind, { x }, { x: FLOATS });
    return run(({ c, fail }) => {
      const { g } = c;
      if (boundaries.length === 0 || boundaries.some((bound, n) => n > 0 && !(bound > boundaries[n - 1]!)))
        fail(`needs boundaries that grow, but got [${boundaries.join(",")}]`, "Sort them.");
      const above = boundaries.map((bound) => g.cast(g.le(g.literal(bound, c.float), x.value), { to: "i32" }));
      return above.reduce((a, b) => g.add(a, b));
    });
  };
  return Object.assign(call, { kind }) as unknown as CodeLayer<FloatTensor, Tensor<Shape, "i32">>; // counts are integers
}

/** Options of `categoryEncoding`. */
export interface CategoryOptions extends LayerOptions {
  /** `oneHot`: [n, …, classes]; `multiHot`: 1 for each class that the last axis has, [n, …, classes]; `count`: how often. Default: multiHot. */
  readonly outputMode?: "oneHot" | "multiHot" | "count";
}

const CATEGORY = {
  classes: numbers("a whole number above 0", (n) => Number.isInteger(n) && n > 0),
  options: layerOptions<CategoryOptions>({ outputMode: oneOf("oneHot", "multiHot", "count") }),
};

/** Labels [n, …] as numbers of classes; of one-hot ones a last axis of 1 goes (keras.layers.CategoryEncoding). Throws a ModelError for labels that are no integers. */
export function categoryEncoding(classes: number, options: CategoryOptions = {}): CodeLayer<Tensor<Shape, "i32">, FloatTensor> {
  const kind = "categoryEncoding";
  checked(kind, { classes, options }, CATEGORY);
  const { run } = withScope(kind, options);
  const call = (x: Tensor): Tensor =>
    run(({ c, fail }) => {
      const { g } = c;
      if (x.dtype !== "i32") fail(`needs labels, but got ${x.dtype}`, "Declare them with labels(name, shape, { classes }).");
      const own = c.extents.of(classes);
      const hot = g.cast(oneHot(c, x.value, [...x.shape, own]), { to: c.float });
      const { outputMode = "multiHot" } = options;
      const last = x.shape.length - 1;
      if (last < 1) return hot;
      if (outputMode === "oneHot") return x.shape[last] === 1 ? g.reshape(hot, { shape: [...x.shape.slice(0, -1), own] }) : hot;
      return outputMode === "count" ? g.sum(hot, { axes: [last] }) : g.reduceMax(hot, { axes: [last] });
    });
  return Object.assign(call, { kind }) as unknown as CodeLayer<Tensor<Shape, "i32">, FloatTensor>; // hot or not
}

const LOOKUP = { vocabulary: NUMBERS, options: layerOptions({}) };

/** Where each integer stands in a vocabulary, from 1; 0 for one that is not there (keras.layers.IntegerLookup). Throws a ModelError for a number given twice. */
export function integerLookup(
  vocabulary: readonly number[],
  options: LayerOptions = {},
): CodeLayer<Tensor<Shape, "i32">, Tensor<Shape, "i32">> {
  const kind = "integerLookup";
  checked(kind, { vocabulary, options }, LOOKUP);
  const { run } = withScope(kind, options);
  const call = (x: Tensor): Tensor => {
    called(kind, { x }, { x: INTEGERS });
    return run(({ c, fail }) => {
      const { g } = c;
      const twice = vocabulary.find((one, n) => vocabulary.indexOf(one) !== n || !Number.isInteger(one));
      if (twice !== undefined || vocabulary.length === 0)
        fail(`needs whole numbers, each once, but got [${vocabulary.join(",")}]`, "Correct the vocabulary.");
      const table = g.table({ dtype: "i32", shape: [vocabulary.length] }, { values: vocabulary, symbol: "vocabulary" });
      const shape = [...x.shape, vocabulary.length];
      const axis = x.shape.length;
      const lead = x.shape.map((_, n) => n);
      const isThere = g.eq(
        g.broadcast(x.value, { axes: [axis], size: [vocabulary.length] }),
        g.broadcast(table, { axes: lead, size: x.shape }),
      );
      const position = g.add(g.iota({ dtype: "i32", shape }, { axis }), g.literal(1, "i32"));
      return g.sum(g.where(isThere, position, g.literal(0, "i32")), { axes: [axis] });
    });
  };
  return Object.assign(call, { kind }) as unknown as CodeLayer<Tensor<Shape, "i32">, Tensor<Shape, "i32">>; // positions are integers
}
