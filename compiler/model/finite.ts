/** What is no number, what is infinite, and what to put in the place of either. */

import { optional, optionsOf } from "../graph/arguments.ts";
import type { Value } from "../graph/graph.ts";
import type { Shape } from "../graph/type.ts";
import { called } from "./arguments.ts";
import type { BoolTensor } from "./comparisons.ts";
import type { Context } from "./context.ts";
import { ANY_NUMBER, FLOATS } from "./kinds.ts";
import type { FloatTensor } from "./tensor.ts";

/** The largest number of the model's own format. */
const largest = (c: Context): number => (c.float === "f64" ? Number.MAX_VALUE : (2 - 2 ** -23) * 2 ** 127);

const question =
  (name: string, of: (c: Context, x: Value) => Value) =>
  <S extends Shape>(x: FloatTensor<S>): BoolTensor<S> => {
    const c = called(name, { x }, { x: FLOATS });
    return c.run(() => c.tensor(of(c, x.value))) as BoolTensor<S>; // elementwise keeps the shape
  };

/** Whether x is no number: it does not equal itself. */
export const isNaN: <S extends Shape>(x: FloatTensor<S>) => BoolTensor<S> = question("isNaN", ({ g }, x) => g.not(g.eq(x, x)));

/** Whether x is a number, and none of the infinities. */
export const isFinite: <S extends Shape>(x: FloatTensor<S>) => BoolTensor<S> = question("isFinite", (c, x) =>
  c.g.le(c.g.abs(x), c.g.literal(largest(c), c.float)),
);

export interface NanToNumOptions {
  /** In the place of what is no number. Default: 0. */
  readonly nan?: number;
  /** In the place of ∞. Default: the largest number of the format. */
  readonly posinf?: number;
  /** In the place of −∞. Default: the smallest. */
  readonly neginf?: number;
}

const OPTIONS = optionsOf<NanToNumOptions>({ nan: ANY_NUMBER, posinf: ANY_NUMBER, neginf: ANY_NUMBER });

/** x with numbers in the place of what is none and of infinities; no gradient flows through those. */
export function nanToNum<S extends Shape>(x: FloatTensor<S>, options: NanToNumOptions = {}): FloatTensor<S> {
  const c = called("nanToNum", { x, options }, { x: FLOATS, options: optional(OPTIONS) });
  return c.run(() => {
    const { g } = c;
    const most = largest(c);
    const number = (value: number): Value => g.literal(value, c.float);
    const { nan = 0, posinf = most, neginf = -most } = options;
    const v = x.value;
    const infinite = g.where(g.lt(number(most), v), number(posinf), g.where(g.lt(v, number(-most)), number(neginf), v));
    return c.tensor(g.where(g.eq(v, v), infinite, number(nan)));
  }) as FloatTensor<S>; // elementwise keeps the shape
}
