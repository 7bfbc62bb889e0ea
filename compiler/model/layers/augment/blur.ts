/** Blurring by weights of distances, a deviation for each row. */

import type { Value } from "../../../graph/graph.ts";
import { dotAttrs } from "../../../ops/dot.ts";
import type { LayerScope } from "../layer.ts";
import { number } from "./augmenting.ts";

/** Weights [n, extent, extent] e^(−d² / 2σ²) of distances d up to `reach`, of which each row adds up to 1. */
function weightsOf(scope: LayerScope, deviations: Value, extent: number, reach: number): Value {
  const { c } = scope;
  const { g } = c;
  const [n] = c.typeOf(deviations).shape as readonly [number];
  const shape = [n, extent, extent];
  const at = (axis: number): Value => g.cast(g.iota({ dtype: "i32", shape }, { axis }), { to: c.float });
  const distance = g.sub(at(1), at(2));
  const squares = g.mul(distance, distance);
  const sigma = g.max(deviations, number(scope, 1e-3));
  const scale = g.broadcast(g.div(number(scope, -0.5), g.mul(sigma, sigma)), { axes: [1, 2], size: [extent, extent] });
  const weights = g.where(g.le(squares, number(scope, reach * reach)), g.exp(g.mul(squares, scale)), number(scope, 0));
  return g.div(weights, g.broadcast(g.sum(weights, { axes: [2] }), { axes: [2], size: [extent] }));
}

/** x [n, c, h, w] blurred along both axes of space. */
export function blurred(scope: LayerScope, x: Value, deviations: Value, reach: number): Value {
  const { c } = scope;
  const [, , h, w] = c.typeOf(x).shape as readonly [number, number, number, number];
  const along = (value: Value, extent: number): Value =>
    c.g.dot(value, weightsOf(scope, deviations, extent, reach), dotAttrs([2], [2], [0], [0])); // the axis comes last
  return along(along(x, h), w);
}
