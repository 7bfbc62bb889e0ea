/** What a loss makes of its value for each row or element: their mean, their sum, or themselves. */

import { oneOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import type { Context } from "../context.ts";
import { liveSum, meanOf } from "../live.ts";
import type { FloatTensor, Scalar } from "../tensor.ts";

export interface LossOptions {
  /** `"mean"` over the batch's real rows, and the positions in them; their `"sum"`; `"none"`: a value for each. Default: the mean. */
  readonly reduction?: "mean" | "sum" | "none";
}

/** A number, or with `{ reduction: "none" }` one for each. */
export type Reduced<Options> = Options extends { readonly reduction: "none" } ? FloatTensor : Scalar;

export const REDUCTION = { reduction: oneOf("mean", "sum", "none") } as const;

/** The values as the options ask for them; of a mean by weights the weights. */
export function reducedLoss<Options>(c: Context, values: Value, { reduction = "mean" }: LossOptions, weights?: Value): Reduced<Options> {
  const all = (of: Value): readonly number[] => c.typeOf(of).shape.map((_, axis) => axis);
  const result = (): Value => {
    if (reduction === "none") return values;
    if (reduction === "sum") return liveSum(c, values, all(values));
    if (weights === undefined) return meanOf(c, values);
    const total = liveSum(c, weights, all(weights));
    const isNone = c.g.eq(total, c.g.literal(0, c.float));
    return c.g.div(liveSum(c, values, all(values)), c.named("weightSum", c.g.where(isNone, c.g.literal(1, c.float), total)));
  };
  return c.tensor(result()) as Reduced<Options>; // a scalar unless nothing is reduced
}
