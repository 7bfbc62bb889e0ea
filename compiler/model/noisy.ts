/** Activations that draw: of the model's own seeded stream, as `randomUniform` does. */

import { FLAG, numbers, optionsOf } from "../graph/arguments.ts";
import type { Value } from "../graph/graph.ts";
import type { Shape } from "../graph/type.ts";
import { called } from "./arguments.ts";
import { axisIn } from "./axes.ts";
import { softmax } from "./activations.ts";
import { AXIS, FLOATS } from "./kinds.ts";
import { standardUniform } from "./random.ts";
import { respread } from "./reductions.ts";
import type { FloatTensor } from "./tensor.ts";

/** What gumbelSoftmax takes besides. */
export interface GumbelOptions {
  /** The smaller, the nearer to one class alone. Default: 1. */
  readonly temperature?: number;
  /** Whether what comes out is one-hot; the gradient is that of the soft one. Default: false. */
  readonly hard?: boolean;
  /** Default: the last. */
  readonly axis?: number;
}

const GUMBEL = optionsOf<GumbelOptions>({ temperature: numbers("a finite number above 0", (n) => n > 0), hard: FLAG, axis: AXIS });

/** Of a uniform number below 1, which has 24 bits: its logarithm is finite. */
const LEAST = 2 ** -25;

/**
 * softmax((x + G) / τ) with Gumbel noise G = −log(−log u): a class drawn by its logit, and yet with a gradient (Jang et al. 2017;
 * torch.nn.functional.gumbel_softmax). Throws for an axis that x does not have.
 */
export function gumbelSoftmax<S extends Shape>(x: FloatTensor<S>, options: GumbelOptions = {}): FloatTensor<S> {
  const c = called("gumbelSoftmax", { x, options }, { x: FLOATS, options: GUMBEL });
  const { temperature = 1, hard = false, axis = -1 } = options;
  return c.run(() => {
    const { g, float } = c;
    const at = axisIn(c, "gumbelSoftmax", x.value, axis);
    const u = g.max(standardUniform(c, x.shape), g.literal(LEAST, float));
    const noise = c.named("noise", g.neg(g.log(g.neg(g.log(u)))));
    const scores = g.mul(g.add(x.value, noise), g.literal(1 / temperature, float));
    const soft = softmax(c.tensor(scores) as FloatTensor<S>, at); // of x's shape
    if (!hard) return soft;
    const own = g.iota({ dtype: "i32", shape: x.shape }, { axis: at });
    const isLargest = g.eq(own, respread(c, x.value, [at], g.argmax(scores, { axis: at })));
    const one = g.where(isLargest, g.literal(1, float), g.literal(0, float));
    return c.tensor(g.add(g.stopGradient(g.sub(one, soft.value)), soft.value)) as FloatTensor<S>; // of x's shape
  });
}

/** What rrelu takes besides. */
export interface RreluOptions {
  /** Default: 1/8. */
  readonly lower?: number;
  /** Default: 1/3. */
  readonly upper?: number;
}

const BOUND = numbers("a finite number");
const RRELU = optionsOf<RreluOptions>({ lower: BOUND, upper: BOUND });

/** x where x > 0, slope·x elsewhere: in training a slope drawn for each element between two bounds, else their mean (torch.nn.functional.rrelu). Throws unless lower ≤ upper. */
export function rrelu<S extends Shape>(x: FloatTensor<S>, options: RreluOptions = {}): FloatTensor<S> {
  const c = called("rrelu", { x, options }, { x: FLOATS, options: RRELU });
  const { lower = 1 / 8, upper = 1 / 3 } = options;
  return c.run(() => {
    const { g, float } = c;
    if (lower > upper)
      c.fail("rrelu/bounds", `rrelu needs lower ≤ upper, but got ${lower} and ${upper}`, "Give the smaller bound as lower.");
    const number = (value: number): Value => g.literal(value, float);
    const drawn = (): Value => g.add(g.mul(standardUniform(c, x.shape), number(upper - lower)), number(lower));
    const slope = c.training && lower < upper ? c.named("slope", drawn()) : number((lower + upper) / 2);
    return c.tensor(g.where(g.lt(number(0), x.value), x.value, g.mul(x.value, slope))) as FloatTensor<S>; // of x's shape
  });
}
