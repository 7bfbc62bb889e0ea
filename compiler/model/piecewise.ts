/** The functions that are straight lines between their corners: what a bound does to a number, and the activations made of such. */

import { FINITE, numbers, optional } from "../graph/arguments.ts";
import type { Value } from "../graph/graph.ts";
import type { Shape } from "../graph/type.ts";
import { called, check } from "./arguments.ts";
import type { Context } from "./context.ts";
import { composed, spread, type Unary } from "./elementwise.ts";
import { ANY_NUMBER, FLOATS } from "./kinds.ts";
import type { FloatTensor } from "./tensor.ts";

const literal = (c: Context, value: number): Value => c.g.literal(value, c.float);

/**
 * x held between min and max: the slope is 1 inside and on both bounds, 0 outside (torch.clip, ONNX's Clip). `-Infinity` and `Infinity`
 * are no bounds. Throws unless min ≤ max.
 */
export function clip<S extends Shape>(x: FloatTensor<S>, min: number, max = Infinity): FloatTensor<S> {
  check("clip", { x, min, max }, { x: FLOATS, min: ANY_NUMBER, max: optional(ANY_NUMBER) });
  return composed("clip", (c, v) => {
    if (!(min <= max)) c.fail("clip/bounds", `clip needs min ≤ max, but got ${min} and ${max}`, "Give the smaller bound first.");
    const { g } = c;
    const below = max === Infinity ? v : g.where(g.lt(literal(c, max), v), literal(c, max), v);
    return min === -Infinity ? below : g.where(g.lt(v, literal(c, min)), literal(c, min), below);
  })(x);
}

/** x between its bounds, the bound beyond; the slope is 0 on the bounds too, as PyTorch has it. */
function between(c: Context, x: Value, min: number, max: number): Value {
  const { g } = c;
  const below = g.where(g.le(literal(c, max), x), literal(c, max), x);
  return g.where(g.le(x, literal(c, min)), literal(c, min), below);
}

/** x held between min and max, as clip does, but with the slope 0 on the bounds (torch.nn.functional.hardtanh). Throws unless min < max. */
export function hardtanh<S extends Shape>(x: FloatTensor<S>, min = -1, max = 1): FloatTensor<S> {
  check("hardtanh", { x, min, max }, { x: FLOATS, min: optional(FINITE), max: optional(FINITE) });
  return composed("hardtanh", (c, v) => {
    if (!(min < max)) c.fail("hardtanh/bounds", `hardtanh needs min < max, but got ${min} and ${max}`, "Give the smaller bound first.");
    return between(c, v, min, max);
  })(x);
}

/** min(max(x, 0), 6); the slope is 0 at 0 and at 6. */
export const relu6: Unary = composed("relu6", (c, x) => between(c, x, 0, 6));

const sixth = (c: Context, x: Value): Value => c.g.mul(between(c, c.g.add(x, literal(c, 3)), 0, 6), literal(c, 1 / 6));

/** relu6(x + 3) / 6. */
export const hardSigmoid: Unary = composed("hardSigmoid", sixth);

/** x·relu6(x + 3) / 6 (Howard et al. 2019). */
export const hardSwish: Unary = composed("hardSwish", (c, x) => c.g.mul(x, sixth(c, x)));

const WIDTH = optional(numbers("a finite number of at least 0", (n) => n >= 0));

/** x nearer to 0 by lambda, and 0 where |x| ≤ lambda. */
export function softshrink<S extends Shape>(x: FloatTensor<S>, lambda = 0.5): FloatTensor<S> {
  check("softshrink", { x, lambda }, { x: FLOATS, lambda: WIDTH });
  return composed("softshrink", (c, v) => {
    const { g } = c;
    const width = literal(c, lambda);
    const left = g.where(g.lt(v, literal(c, -lambda)), g.add(v, width), literal(c, 0));
    return g.where(g.lt(width, v), g.sub(v, width), left);
  })(x);
}

/** x, and 0 where |x| ≤ lambda. */
export function hardshrink<S extends Shape>(x: FloatTensor<S>, lambda = 0.5): FloatTensor<S> {
  check("hardshrink", { x, lambda }, { x: FLOATS, lambda: WIDTH });
  return composed("hardshrink", (c, v) => c.g.where(c.g.le(c.g.abs(v), literal(c, lambda)), literal(c, 0), v))(x);
}

/** x where x > threshold, the value elsewhere (torch.nn.functional.threshold). */
export function threshold<S extends Shape>(x: FloatTensor<S>, threshold: number, value: number): FloatTensor<S> {
  check("threshold", { x, threshold, value }, { x: FLOATS, threshold: FINITE, value: FINITE });
  return composed("threshold", (c, v) => c.g.where(c.g.lt(literal(c, threshold), v), v, literal(c, value)))(x);
}

/**
 * x where x > 0, slope·x elsewhere, with a trained slope: one for all, [] or [1], or one a channel, along axis 1 of x [n, c, …]; the slope
 * at 0 is `slope` (He et al. 2015). Throws where there are not as many slopes as channels.
 */
export function prelu<S extends Shape>(x: FloatTensor<S>, slope: FloatTensor): FloatTensor<S> {
  const c = called("prelu", { x, slope }, { x: FLOATS, slope: FLOATS });
  return c.run(() => {
    const { g } = c;
    const { shape } = x;
    const [slopes = 1] = slope.shape;
    const channels = shape[1] ?? 1;
    if (slope.shape.length > 1 || (slopes !== 1 && slopes !== channels))
      c.fail(
        "shape/prelu",
        `prelu needs one slope, [] or [1], or one for each of ${channels} channels, [${channels}], but got [${slope.shape.join(",")}]`,
        "Give as many slopes as axis 1 of x is long.",
        [c.operand("x", x.value), c.operand("slope", slope.value)],
      );
    const own = slopes === 1 ? shape.map(() => 1) : shape.map((_, axis) => (axis === 1 ? slopes : 1));
    const spreadSlope = spread(c, g.reshape(slope.value, { shape: own }), shape);
    return c.tensor(g.where(g.lt(literal(c, 0), x.value), x.value, g.mul(spreadSlope, x.value)));
  }) as FloatTensor<S>; // elementwise keeps the shape
}
