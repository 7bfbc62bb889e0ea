/** Dropout with a mask that is given, and what its kin make of one. */

import { numbers } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { sameShape, type Shape } from "../../graph/type.ts";
import { called } from "../arguments.ts";
import type { BoolTensor } from "../comparisons.ts";
import type { Context } from "../context.ts";
import { broadcastShape, spread } from "../elementwise.ts";
import { FLOATS, TRUTHS } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";
import { placeOf } from "./place.ts";

/** x / (1 − rate) where it is kept, 0 elsewhere. */
export function dropped(c: Context, x: Value, kept: Value, rate: number): Value {
  const scaled = c.g.mul(x, c.g.literal(1 / (1 - rate), c.float));
  return c.mark(c.g.where(kept, scaled, c.g.literal(0, c.float)), "dropped");
}

/** −λ·α of selu: what it tends to far below 0. */
const SELU_LEAST = -1.7580993408473766;

/** x where it is kept, selu's least elsewhere, moved and scaled so that mean 0 and variance 1 stay (Klambauer et al. 2017). */
export function alphaDropped(c: Context, x: Value, kept: Value, rate: number): Value {
  const { g, float } = c;
  const a = 1 / Math.sqrt((1 - rate) * (1 + rate * SELU_LEAST * SELU_LEAST));
  const replaced = g.where(kept, x, g.literal(SELU_LEAST, float));
  return c.mark(g.add(g.mul(replaced, g.literal(a, float)), g.literal(-a * SELU_LEAST * rate, float)), "dropped");
}

const RATE = numbers("a number from 0 up to, but not including, 1", (rate) => rate >= 0 && rate < 1);

function masked(of: string, x: FloatTensor, kept: BoolTensor, rate: number, make: typeof dropped): FloatTensor {
  const c = called(of, { x, kept, rate }, { x: FLOATS, kept: TRUTHS, rate: RATE });
  return c.run(() => {
    if (!sameShape(broadcastShape(c, of, x, kept), x.shape))
      placeOf(c, of, { x, kept }).fail(
        `needs a mask that broadcasts to x [${x.shape.join(",")}], but got [${kept.shape.join(",")}]`,
        "Reshape the mask.",
      );
    return c.tensor(make(c, x.value, spread(c, kept.value, x.shape), rate));
  }) as FloatTensor;
}

/** x / (1 − rate) where the mask keeps it, 0 elsewhere; the mask broadcasts. Throws a ModelError where it does not. */
export const dropout = <S extends Shape>(x: FloatTensor<S>, kept: BoolTensor, rate: number): FloatTensor<S> =>
  masked("dropout", x, kept, rate, dropped) as FloatTensor<S>; // the mask keeps the shape

/** As torch.nn.functional.alpha_dropout with the mask that is given: what is dropped is −λα, and the whole keeps mean 0 and variance 1. */
export const alphaDropout = <S extends Shape>(x: FloatTensor<S>, kept: BoolTensor, rate: number): FloatTensor<S> =>
  masked("alphaDropout", x, kept, rate, alphaDropped) as FloatTensor<S>; // the mask keeps the shape
