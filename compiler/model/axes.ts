/** Axes as people count them, from 0 or from the end, each held to the rank of what it is an axis of. */

import type { Value } from "../graph/graph.ts";
import type { Context } from "./context.ts";

/** An axis counted from 0; `-1` is the last. `extra` axes may be asked for beyond those x has. Throws a ModelError for any other. */
export function axisIn(c: Context, name: string, x: Value, axis: number, extra = 0): number {
  const rank = c.typeOf(x).shape.length + extra;
  const at = axis < 0 ? axis + rank : axis;
  if (!(Number.isInteger(at) && at >= 0 && at < rank))
    c.fail(
      `${name}/axis`,
      rank === 0
        ? `${name} needs an axis, but a single number has none, not even ${axis}`
        : `${name} needs an axis from ${-rank} to ${rank - 1}, but got ${axis}`,
      "Axes count from 0, or from the end with −1.",
      [c.operand("x", x)],
    );
  return at;
}

/** Axes counted from 0, in order; all of them if none are given. Throws a ModelError for one that x does not have, or that is given twice. */
export function axesIn(c: Context, name: string, x: Value, axes?: readonly number[]): readonly number[] {
  const { shape } = c.typeOf(x);
  const all = (axes ?? shape.map((_, axis) => axis)).map((axis) => axisIn(c, name, x, axis));
  const twice = all.find((axis, n) => all.indexOf(axis) !== n);
  if (twice !== undefined)
    c.fail(`${name}/axes`, `${name} needs each axis once, but axis ${twice} is given twice, in [${axes!.join(",")}]`, "Name it once.", [
      c.operand("x", x),
    ]);
  return [...all].sort((a, b) => a - b);
}
