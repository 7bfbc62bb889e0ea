/** Dropout: in training each element is zeroed with probability `rate` and the rest scaled by 1 / (1 − rate). */

import { ANY_NUMBER } from "../kinds.ts";
import { checked, layer, layerOptions, type LayerOptions, type SameShapeLayer } from "./layer.ts";

/** Random integers are uniform on [−2³¹, 2³¹). */
const RANGE = 2 ** 32;
const LEAST = -(2 ** 31);

const DROPOUT = { rate: ANY_NUMBER, options: layerOptions({}) };

/**
 * The mask is a pure function of seed, step, layer and position (Srivastava et al. 2014, scaled in training as PyTorch does).
 * Evaluation and prediction pass x on. Throws a ModelError for a rate outside [0, 1).
 */
export const dropout = (rate: number, options: LayerOptions = {}): SameShapeLayer =>
  layer<SameShapeLayer>("dropout", checked("dropout", { rate, options }, DROPOUT), ({ c, named, fail }, x) => {
    if (!(rate >= 0 && rate < 1))
      fail(`needs a rate from 0 up to, but not including, 1, but got ${rate}`, "The rate is the share of elements to drop.");
    if (!c.training || rate === 0) return x.value;
    const threshold = Math.min(LEAST + Math.round(rate * RANGE), -LEAST - 1);
    const kept = named("kept", c.g.le(c.g.literal(threshold, "i32"), c.randomBits(x.shape)));
    const scaled = c.g.mul(x.value, c.g.literal(1 / (1 - rate), c.float));
    return c.mark(c.g.where(kept, scaled, c.g.literal(0, c.float)), "dropped");
  });
