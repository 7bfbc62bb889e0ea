/** The penalties on weights: sums over all their elements (of activities, those of real rows), times a strength. */

import type { Value } from "../../graph/graph.ts";
import { called } from "../arguments.ts";
import type { Context } from "../context.ts";
import { liveSum } from "../live.ts";
import { ANY_NUMBER, FLOAT_TENSORS } from "../kinds.ts";
import type { FloatTensor, Scalar } from "../tensor.ts";

function penalty(name: string, weights: readonly FloatTensor[], strength: number, term: (c: Context, w: Value) => Value): Scalar {
  const c = called(name, { weights, strength }, { weights: FLOAT_TENSORS, strength: ANY_NUMBER });
  return c.run(() => {
    if (!Number.isFinite(strength)) c.fail("value/finite", `${name} needs a finite strength, but got ${strength}`, "Use a finite number.");
    if (weights.length === 0) c.fail(`${name}/empty`, `${name} needs at least one weight`, "Name the weights to penalise.");
    const sums = weights.map((w) => {
      const own = (of: string): string => `${c.builder.node(w.value).name}.${of}`;
      const terms = c.named(own(`${name}.terms`), term(c, w.value));
      return c.named(
        own(name),
        liveSum(
          c,
          terms,
          w.shape.map((_, axis) => axis),
        ),
      );
    });
    const total = sums.reduce((a, b) => c.named(`${name}.sum`, c.g.add(a, b)));
    return c.tensor(c.named(name, c.g.mul(total, c.g.literal(strength, c.float))));
  }) as Scalar;
}

/** λ·ΣW², no ½. */
export const l2 = (weights: readonly FloatTensor[], strength: number): Scalar => penalty("l2", weights, strength, (c, w) => c.g.mul(w, w));

/** λ·Σ|W|. */
export const l1 = (weights: readonly FloatTensor[], strength: number): Scalar => penalty("l1", weights, strength, (c, w) => c.g.abs(w));
