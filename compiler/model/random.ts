/** Random tensors of the model's own seeded stream: new in every training step, the same for the same seed and step. */

import type { Value } from "../graph/graph.ts";
import type { Shape } from "../graph/type.ts";
import { optional } from "../graph/arguments.ts";
import { called } from "./arguments.ts";
import type { Context } from "./context.ts";
import { ANY_NUMBER, SHAPE } from "./kinds.ts";
import type { FloatTensor } from "./tensor.ts";

/** How many numbers of 24 bits there are: all of them are float32 values. */
const COUNT = 2 ** 24;

/** Whole numbers 0 … 2²⁴ − 1, as floats. */
function draw(c: Context, shape: Shape): Value {
  const { g, float } = c;
  const literal = (value: number): Value => g.literal(value, float);
  const high = g.floor(g.mul(g.cast(c.randomBits(shape), { to: float }), literal(2 ** -8)));
  // a cast that rounds up would leave the range
  return g.min(g.add(high, literal(COUNT / 2)), literal(COUNT - 1));
}

function checked(c: Context, name: string, shape: Shape, ...bounds: readonly number[]): void {
  if (!shape.every((extent) => Number.isInteger(extent) && extent > 0))
    c.fail(`${name}/shape`, `${name} needs whole extents above 0, but got [${shape.join(",")}]`, "Correct the shape.");
  if (!bounds.every(Number.isFinite))
    c.fail("value/finite", `${name} needs finite bounds, but got ${bounds.join(" and ")}`, "Use finite numbers.");
}

/** Uniform on [low, high), in steps of (high − low)·2⁻²⁴. Evaluation and prediction draw without moving the stream on. */
export function randomUniform<const S extends Shape>(shape: S, low = 0, high = 1): FloatTensor<S> {
  const c = called("randomUniform", { shape, low, high }, { shape: SHAPE, low: optional(ANY_NUMBER), high: optional(ANY_NUMBER) });
  return c.run(() => {
    const { g, float } = c;
    checked(c, "randomUniform", shape, low, high);
    const scaled = g.mul(draw(c, c.extents.shape(shape, { rows: true })), g.literal((high - low) / COUNT, float));
    return c.tensor(low === 0 ? scaled : g.add(scaled, g.literal(low, float)));
  }) as FloatTensor<S>; // bits have the asked shape
}

/** Uniform numbers on [0, 1) of a shape that is the declaration's own. */
export const standardUniform = (c: Context, shape: Shape): Value => c.g.mul(draw(c, shape), c.g.literal(1 / COUNT, c.float));

/** Standard normal numbers of a shape that is the declaration's own, by two uniform draws. */
export function standardNormal(c: Context, shape: Shape): Value {
  const { g, float } = c;
  const literal = (value: number): Value => g.literal(value, float);
  // u in (0, 1]: its logarithm is finite
  const u = g.mul(g.add(draw(c, shape), literal(1)), literal(1 / COUNT));
  const radius = c.named("radius", g.sqrt(g.mul(g.log(u), literal(-2))));
  const angle = g.mul(draw(c, shape), literal((2 * Math.PI) / COUNT));
  return g.mul(radius, g.cos(angle));
}

/** Standard normal, √(−2·log u)·cos(2π·v) of two uniform draws (Box & Muller 1958). */
export function randomNormal<const S extends Shape>(shape: S): FloatTensor<S> {
  const c = called("randomNormal", { shape }, { shape: SHAPE });
  return c.run(() => {
    checked(c, "randomNormal", shape);
    return c.tensor(standardNormal(c, c.extents.shape(shape, { rows: true })));
  }) as FloatTensor<S>; // bits have the asked shape
}
