/** The losses of counts and of numbers with an uncertainty, and of relative errors: means over all elements. */

import { FLAG, numbers, optional, optionsOf, type Law } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { called } from "../arguments.ts";
import type { Context } from "../context.ts";
import { FLOATS } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";
import { checkAlike } from "./batch.ts";
import { elementwiseLoss, type Loss } from "./numbers.ts";
import { reducedLoss, REDUCTION, type LossOptions, type Reduced } from "./reduction.ts";

const POSITIVE = numbers("a finite number above 0", (n) => n > 0);

/** A loss of each element and its target, under a name in the graph. */
const elementLoss = <Options extends LossOptions = LossOptions>(
  name: string,
  of: (c: Context, x: Value, t: Value, options: Options) => Value,
  laws: Readonly<Record<string, Law>> = {},
): Loss<Options> => elementwiseLoss<Options>(name, (c, x, t, options) => c.named("elementLoss", of(c, x, t, options)), laws);

const number = (c: Context, value: number): Value => c.g.literal(value, c.float);

/** What poissonNll takes besides. */
export interface PoissonOptions extends LossOptions {
  /** Whether x is the logarithm of the rate. Default: true. */
  readonly log?: boolean;
  /** Whether Stirling's t·log t − t + ½·log 2πt is added where t > 1. Default: false. */
  readonly full?: boolean;
  /** Added to a rate before its logarithm. Default: 1e-8. */
  readonly epsilon?: number;
}

/** Mean of eˣ − t·x, the likelihood of counts t at the rate eˣ but for what does not depend on x; or of x − t·log x (torch.nn.functional.poisson_nll_loss). */
export const poissonNll: Loss<PoissonOptions> = elementLoss<PoissonOptions>(
  "poissonNll",
  (c, x, t, { log = true, full = false, epsilon = 1e-8 }) => {
    const { g } = c;
    const value = log ? g.sub(g.exp(x), g.mul(t, x)) : g.sub(x, g.mul(t, g.log(g.add(x, number(c, epsilon)))));
    if (!full) return value;
    const isLarge = g.lt(number(c, 1), t);
    const held = g.where(isLarge, t, number(c, 1));
    const half = g.mul(g.log(g.mul(held, number(c, 2 * Math.PI))), number(c, 0.5));
    const stirling = g.add(g.sub(g.mul(held, g.log(held)), held), half);
    return g.add(value, g.where(isLarge, stirling, number(c, 0)));
  },
  { log: FLAG, full: FLAG, epsilon: POSITIVE },
);

/** Added to a rate before its logarithm, and what a smaller divisor counts as: Keras's. */
const EPSILON = 1e-7;

/** Mean of x − t·log(x + 1e-7), the likelihood of counts t at rates x (keras.losses.Poisson). */
export const poisson: Loss = elementLoss("poisson", (c, x, t) => c.g.sub(x, c.g.mul(t, c.g.log(c.g.add(x, number(c, EPSILON))))));

/** 100 times the mean of |t − x| / max(|t|, 1e-7) (keras.losses.MeanAbsolutePercentageError). */
export const mape: Loss = elementLoss("mape", (c, x, t) => {
  const { g } = c;
  const share = g.div(g.abs(g.sub(t, x)), g.max(g.abs(t), number(c, EPSILON)));
  return g.mul(share, number(c, 100));
});

/** Mean of (log(1 + t) − log(1 + x))², numbers below 1e-7 counting as that (keras.losses.MeanSquaredLogarithmicError). */
export const msle: Loss = elementLoss("msle", (c, x, t) => {
  const { g } = c;
  const log = (value: Value): Value => g.log1p(g.max(value, number(c, EPSILON)));
  const difference = c.named("difference", g.sub(log(t), log(x)));
  return g.mul(difference, difference);
});

/** What gaussianNll takes besides. */
export interface GaussianOptions extends LossOptions {
  /** Whether ½·log 2π is added. Default: false. */
  readonly full?: boolean;
  /** A smaller variance counts as this; its slope stays. Default: 1e-6. */
  readonly epsilon?: number;
}

const GAUSSIAN = optionsOf<GaussianOptions>({ ...REDUCTION, full: FLAG, epsilon: POSITIVE });

/** Mean of ½·(log σ² + (x − t)²/σ²), of numbers that the model gives with a variance each (Nix & Weigend 1994; torch.nn.functional.gaussian_nll_loss). */
export function gaussianNll<const O extends GaussianOptions = GaussianOptions>(
  x: FloatTensor,
  target: FloatTensor,
  variance: FloatTensor,
  options?: O,
): Reduced<O> {
  const laws = { x: FLOATS, target: FLOATS, variance: FLOATS, options: optional(GAUSSIAN) };
  const c = called("gaussianNll", { x, target, variance, options }, laws);
  const { full = false, epsilon = 1e-6 }: GaussianOptions = options ?? {};
  return c.run(() => {
    const { g } = c;
    checkAlike(c, "gaussianNll", x, target);
    checkAlike(c, "gaussianNll", x, variance);
    const given = variance.value;
    // the slope is that of the variance itself, held or not, as PyTorch has it
    const lift = g.stopGradient(g.sub(g.max(given, number(c, epsilon)), given));
    const held = c.named("variance", g.add(given, lift));
    const difference = g.sub(x.value, target.value);
    const value = g.mul(g.add(g.log(held), g.div(g.mul(difference, difference), held)), number(c, 0.5));
    return reducedLoss<O>(c, c.named("elementLoss", full ? g.add(value, number(c, Math.log(2 * Math.PI) / 2)) : value), options ?? {});
  });
}
