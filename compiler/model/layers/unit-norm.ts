/** Norms of length: rows of length 1, and kernels of largest singular value 1. */

import type { Value } from "../../graph/graph.ts";
import { sizeOf } from "../../graph/type.ts";
import { dotAttrs } from "../../ops/dot.ts";
import { axesIn, axisIn } from "../axes.ts";
import { normalized } from "../distances.ts";
import { SOME_AXES } from "../functions/norm.ts";
import { normal } from "../initializers.ts";
import { AXIS, EXTENT } from "../kinds.ts";
import { checked, layer, layerOptions, type LayerOptions, type SameShapeLayer } from "./layer.ts";

/** Options of `unitNormalization`. */
export interface UnitNormOptions extends LayerOptions {
  /** Over which axes. Default: the last. */
  readonly axis?: number | readonly number[];
}

const UNIT = { options: layerOptions<UnitNormOptions>({ axis: SOME_AXES }) };

/** x / ‖x‖ over an axis, or several; a length below 1e-12 counts as that (keras.layers.UnitNormalization). Throws a ModelError for axes that x does not have. */
export const unitNormalization = (options: UnitNormOptions = {}): SameShapeLayer =>
  layer<SameShapeLayer>("unitNormalization", checked("unitNormalization", { options }, UNIT), ({ c }, x) => {
    const { axis = -1 } = options;
    return normalized(c, x.value, axesIn(c, "unitNormalization", x.value, typeof axis === "number" ? [axis] : axis), 2, 1e-12);
  });

/** Options of `spectralNormalization`. */
export interface SpectralNormOptions extends LayerOptions {
  /** Steps of power iteration at each call in training. Default: 1. */
  readonly iterations?: number;
  /** Which axis of the kernel its outputs are: 0 of convolutions, the last of dense. Default: the last. */
  readonly axis?: number;
}

const SPECTRAL = { options: layerOptions<SpectralNormOptions>({ iterations: EXTENT, axis: AXIS }) };

/**
 * A kernel divided by its largest singular value, which power iteration finds along the training (Miyato et al. 2018; keras.layers.SpectralNormalization,
 * which writes the quotient into the kernel itself, where here the kernel stays what is trained):
 * `dense(10, { kernel: spectralNormalization()(param("W", [20, 10], glorot())) })`. The vectors of the iteration have no gradient; one is a state.
 */
export const spectralNormalization = (options: SpectralNormOptions = {}): SameShapeLayer =>
  layer<SameShapeLayer>("spectralNormalization", checked("spectralNormalization", { options }, SPECTRAL), (scope, x) => {
    const { c } = scope;
    const { g } = c;
    const { iterations = 1, axis = -1 } = options;
    const at = axisIn(c, "spectralNormalization", x.value, axis);
    const units = x.shape[at]!;
    const others = x.shape.toSpliced(at, 1);
    const order = [...x.shape.map((_, n) => n).toSpliced(at, 1), at];
    const matrix = g.reshape(g.transpose(x.value, { order }), { shape: [sizeOf(others), units] });
    const fixed = g.stopGradient(matrix);
    const state = scope.state("vector", [units], normal(0, 0.02));
    const unit = (value: Value): Value => normalized(c, value, [0], 2, 1e-7);
    const step = (right: Value): readonly [left: Value, right: Value] => {
      const left = unit(g.dot(fixed, right, dotAttrs([1], [0])));
      return [left, unit(g.dot(fixed, left, dotAttrs([0], [0])))];
    };
    let [left, right] = step(state);
    for (let n = 1; n < iterations; n++) [left, right] = step(right);
    if (c.training) c.update(state, () => right);
    const largest = scope.named("sigma", g.dot(g.dot(matrix, right, dotAttrs([1], [0])), left, dotAttrs([0], [0])));
    // zeros stay zeros
    const divisor = g.where(g.eq(largest, g.literal(0, c.float)), g.literal(1, c.float), largest);
    return g.div(x.value, g.broadcast(divisor, { axes: x.shape.map((_, n) => n), size: x.shape }));
  });
