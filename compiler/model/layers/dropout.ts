/** Dropout and its kin: in training some of what a layer gets is dropped, or disturbed; evaluation and prediction pass it on. */

import { numbers } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import type { Shape } from "../../graph/type.ts";
import { spread } from "../elementwise.ts";
import { alphaDropped, dropped } from "../functions/dropout.ts";
import { checkImage } from "../functions/spatial.ts";
import { ANY_NUMBER } from "../kinds.ts";
import { standardNormal } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { checked, layer, layerOptions, type LayerOptions, type LayerScope, type SameShapeLayer } from "./layer.ts";

/** Random integers are uniform on [−2³¹, 2³¹). */
const RANGE = 2 ** 32;
const LEAST = -(2 ** 31);

const DROPOUT = { rate: ANY_NUMBER, options: layerOptions({}) };

/** True with probability 1 − rate. */
function keptOf({ c, named }: LayerScope, rate: number, shape: Shape): Value {
  const threshold = Math.min(LEAST + Math.round(rate * RANGE), -LEAST - 1);
  return named("kept", c.g.le(c.g.literal(threshold, "i32"), c.randomBits(shape)));
}

/** A layer that drops in training: `drop` makes a mask of a shape of its own. */
const dropping = (kind: string, rate: number, options: LayerOptions, drop: (scope: LayerScope, x: Tensor) => Value): SameShapeLayer =>
  layer<SameShapeLayer>(kind, checked(kind, { rate, options }, DROPOUT), (scope, x) => {
    if (!(rate >= 0 && rate < 1))
      scope.fail(`needs a rate from 0 up to, but not including, 1, but got ${rate}`, "The rate is the share of elements to drop.");
    return !scope.c.training || rate === 0 ? x.value : drop(scope, x);
  });

/** As many axes as x has, but of extent 1 beyond the first ones. */
const leading = ({ shape }: Tensor, axes: number): Shape => shape.map((extent, axis) => (axis < axes ? extent : 1));

/**
 * In training each element is zeroed with probability `rate` and the rest scaled by 1 / (1 − rate); evaluation and prediction pass x on.
 * The mask is a pure function of seed, step, layer and position (Srivastava et al. 2014, scaled in training as PyTorch does).
 * Throws a ModelError for a rate outside [0, 1).
 */
export const dropout = (rate: number, options: LayerOptions = {}): SameShapeLayer =>
  dropping("dropout", rate, options, (scope, x) => dropped(scope.c, x.value, keptOf(scope, rate, x.shape), rate));

/** Drops whole channels of rows (Tompson et al. 2015). */
const spatial = (axes: 1 | 2 | 3, rate: number, options: LayerOptions): SameShapeLayer =>
  dropping(`spatialDropout${axes}d`, rate, options, (scope, x) => {
    checkImage(scope, x.shape, axes);
    return dropped(scope.c, x.value, spread(scope.c, keptOf(scope, rate, leading(x, 2)), x.shape), rate);
  });

/** Dropout of whole channels: x [n, c, t]. Throws as dropout does. */
export const spatialDropout1d = (rate: number, options: LayerOptions = {}): SameShapeLayer => spatial(1, rate, options);
/** Dropout of whole channels: x [n, c, h, w] (Tompson et al. 2015; torch.nn.Dropout2d). Throws as dropout does. */
export const spatialDropout2d = (rate: number, options: LayerOptions = {}): SameShapeLayer => spatial(2, rate, options);
/** Dropout of whole channels: x [n, c, d, h, w]. Throws as dropout does. */
export const spatialDropout3d = (rate: number, options: LayerOptions = {}): SameShapeLayer => spatial(3, rate, options);

/** Dropout that keeps mean 0 and variance 1, for nets of selu: what is dropped is −λα (Klambauer et al. 2017). Throws as dropout does. */
export const alphaDropout = (rate: number, options: LayerOptions = {}): SameShapeLayer =>
  dropping("alphaDropout", rate, options, (scope, x) => alphaDropped(scope.c, x.value, keptOf(scope, rate, x.shape), rate));

/** Drops whole rows, for the branch of a residual connection (Huang et al. 2016; torchvision's mode "row"). Throws as dropout does. */
export const stochasticDepth = (rate: number, options: LayerOptions = {}): SameShapeLayer =>
  dropping("stochasticDepth", rate, options, (scope, x) =>
    dropped(scope.c, x.value, spread(scope.c, keptOf(scope, rate, leading(x, 1)), x.shape), rate),
  );

/** In training x·(1 + noise) of mean 0 and variance rate / (1 − rate) (Srivastava et al. 2014). Throws as dropout does. */
export const gaussianDropout = (rate: number, options: LayerOptions = {}): SameShapeLayer =>
  dropping("gaussianDropout", rate, options, ({ c }, x) => {
    const { g, float } = c;
    const noise = g.mul(standardNormal(c, x.shape), g.literal(Math.sqrt(rate / (1 - rate)), float));
    return c.mark(g.mul(x.value, g.add(noise, g.literal(1, float))), "dropped");
  });

const NOISE = { deviation: numbers("a finite number of at least 0", (deviation) => deviation >= 0), options: layerOptions({}) };

/** In training x plus normal noise of a deviation. */
export const gaussianNoise = (deviation: number, options: LayerOptions = {}): SameShapeLayer =>
  layer<SameShapeLayer>("gaussianNoise", checked("gaussianNoise", { deviation, options }, NOISE), ({ c }, x) =>
    c.training ? c.g.add(x.value, c.g.mul(standardNormal(c, x.shape), c.g.literal(deviation, c.float))) : x.value,
  );
