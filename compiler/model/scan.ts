/** Recurrence over time as a fold that is written out: one copy of the step a time, differentiable like anything else. */

import type { Value } from "../graph/graph.ts";
import { ANYTHING, FUNCTION, optionsOf, required } from "../graph/arguments.ts";
import { called, check } from "./arguments.ts";
import type { Context } from "./context.ts";
import { FLOATS } from "./kinds.ts";
import type { FloatTensor, Tensor } from "./tensor.ts";

/** x[:, t] of [n, steps, …] as [n, …]. */
function at(c: Context, xs: Value, t: number): Value {
  const { shape } = c.typeOf(xs);
  const start = shape.map((_, axis) => (axis === 1 ? t : 0));
  const limit = shape.map((extent, axis) => (axis === 1 ? t + 1 : extent));
  const cut = c.g.slice(xs, { start, limit, stride: shape.map(() => 1) });
  return c.g.reshape(cut, { shape: shape.toSpliced(1, 1) });
}

/** [n, …] values, one a time, as [n, steps, …]. */
function together(c: Context, ys: readonly Value[]): Value {
  const raised = ys.map((y) => c.g.reshape(y, { shape: c.typeOf(y).shape.toSpliced(1, 0, 1) }));
  return raised.length === 1 ? raised[0]! : c.g.concat(raised, { axis: 1 });
}

const STEPPED = optionsOf<Stepped<unknown>>({ carry: ANYTHING, y: required(FLOATS) }, "{ carry, y }");

/** What a step carries on and what it gives out. */
export interface Stepped<Carry> {
  readonly carry: Carry;
  readonly y: FloatTensor;
}

/** What a `scan` gives. */
export interface Scanned<Carry> {
  /** After the last step. */
  readonly carry: Carry;
  /** Every step's y, [n, steps, …]. */
  readonly ys: FloatTensor;
}

/**
 * Folds `step` over the second axis of xs [n, steps, …]: (carry, x [n, …]) → { carry, y [n, …] }. Unrolled: the graph holds a copy a
 * step. Throws a ModelError for an xs without a time axis.
 */
export function scan<Carry>(
  step: (carry: Carry, x: FloatTensor, t: number) => Stepped<Carry>,
  initial: Carry,
  xs: FloatTensor,
): Scanned<Carry> {
  const c = called("scan", { step, initial, xs }, { step: FUNCTION, initial: ANYTHING, xs: FLOATS });
  return c.run(() => {
    const steps = xs.shape[1];
    if (steps === undefined)
      return c.fail(
        "shape/scan",
        `scan needs a time axis, [n, steps, …], but got [${xs.shape.join(",")}]`,
        "Give it a batch axis and a time axis.",
        [c.operand("xs", xs.value)],
      );
    c.unrolled.add(steps);
    let carry = initial;
    const ys = Array.from({ length: steps }, (_, t): Value => {
      const done = step(carry, float(c.tensor(at(c, xs.value, t))), t);
      check("scan", { "what step returns": done }, { "what step returns": STEPPED });
      carry = done.carry;
      return done.y.value;
    });
    return { carry, ys: float(c.tensor(together(c, ys))) };
  });
}

const float = (x: Tensor): FloatTensor => x as FloatTensor; // cut from, or joined of, floats
