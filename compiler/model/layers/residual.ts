/** Residual connections: x plus what layers make of it. */

import { sameShape } from "../../graph/type.ts";
import { check } from "../arguments.ts";
import { FLOATS, LAYERS } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";
import { checked, layer, layerOptions, type Layer, type LayerOptions, type SameShapeLayer } from "./layer.ts";

const RESIDUAL = { layers: LAYERS, options: layerOptions({}) };

/** What the n-th of a list of layers returned, which any function may stand for. */
export function made(of: string, n: number, y: FloatTensor): FloatTensor {
  const what = `what layers[${n}] returns`;
  check(of, { [what]: y }, { [what]: FLOATS });
  return y;
}

/**
 * x + layers(x), the layers applied one after the other (He et al. 2016). For a shortcut of another shape, write
 * `add(shortcut(x), body(x))`. Throws a ModelError where the layers change the shape.
 */
export const residual = (layers: readonly Layer[], options: LayerOptions = {}): SameShapeLayer =>
  layer<SameShapeLayer>("residual", checked("residual", { layers, options }, RESIDUAL), ({ c, fail }, x) => {
    const y = layers.reduce((value, one, n) => made("residual", n, one(value)), x as FloatTensor); // layers take floats
    if (!sameShape(x.shape, y.shape))
      fail(
        `needs layers that keep the shape, but they make [${y.shape.join(",")}] of [${x.shape.join(",")}]`,
        "Give the shortcut a layer too: add(shortcut(x), body(x)).",
        [c.operand("x", x.value), c.operand("layers(x)", y.value)],
      );
    return c.g.add(x.value, y.value);
  });
