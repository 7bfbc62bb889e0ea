/** What several tensors make together: their mean, and products of their rows. */

import { FLAG, optionsOf } from "../../graph/arguments.ts";
import { sizeOf } from "../../graph/type.ts";
import { dotAttrs } from "../../ops/dot.ts";
import { called } from "../arguments.ts";
import { axisIn } from "../axes.ts";
import { normalized } from "../distances.ts";
import { add, mul } from "../elementwise.ts";
import { placeOf } from "../functions/place.ts";
import { AXIS, FLOATS, FLOAT_TENSORS } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";

/** The mean of tensors, element by element; they broadcast. Throws for none. */
export function average(parts: readonly FloatTensor[]): FloatTensor {
  const c = called("average", { parts }, { parts: FLOAT_TENSORS });
  return c.run(() => {
    const [first, ...others] = parts;
    if (first === undefined) return c.fail("average/empty", "average needs at least one tensor", "Give it a list of tensors.");
    const total = others.reduce((a, b) => add(a, b) as FloatTensor, first);
    return mul(total, 1 / parts.length) as FloatTensor; // floats make floats
  });
}

/** What dot takes besides. */
export interface DotOptions {
  /** Which axis of a and of b goes, counted with the batch axis. Default: the last of each. */
  readonly axes?: number | readonly [a: number, b: number];
  /** Whether rows are divided by their length first: the product is the cosine. Default: false. */
  readonly normalize?: boolean;
}

const DOT = optionsOf<DotOptions>({ axes: { ...AXIS, says: "an axis, or [axis of a, axis of b]", holds: isAxes }, normalize: FLAG });

function isAxes(given: unknown): boolean {
  const all = Array.isArray(given) ? given : [given];
  return all.every((axis) => Number.isInteger(axis)) && (!Array.isArray(given) || given.length === 2);
}

/** Row by row the sum of products along an axis of a [n, …] and one of b [n, …]; of rows [n, f] it is [n, 1] (keras.layers.Dot). Throws where they do not fit. */
export function dot(a: FloatTensor, b: FloatTensor, options: DotOptions = {}): FloatTensor {
  const c = called("dot", { a, b, options }, { a: FLOATS, b: FLOATS, options: DOT });
  const { axes = -1, normalize = false } = options;
  return c.run(() => {
    const { g } = c;
    const [ofA, ofB] = typeof axes === "number" ? [axes, axes] : axes;
    const [i, k] = [axisIn(c, "dot", a.value, ofA), axisIn(c, "dot", b.value, ofB)];
    if (i === 0 || k === 0 || a.shape[0] !== b.shape[0] || a.shape[i] !== b.shape[k])
      placeOf(c, "dot", { a, b }).fail(
        `needs as many rows of both, and axes behind them of one extent, but got axis ${i} of [${a.shape.join(",")}] and axis ${k} of [${b.shape.join(",")}]`,
        "Change the axes, or the shapes.",
      );
    const [x, y] = normalize ? [normalized(c, a.value, [i], 2, 1e-6), normalized(c, b.value, [k], 2, 1e-6)] : [a.value, b.value];
    const product = g.dot(x, y, dotAttrs([i], [k], [0], [0]));
    const { shape } = c.typeOf(product);
    return c.tensor(shape.length === 1 ? g.reshape(product, { shape: [sizeOf(shape), 1] }) : product);
  }) as FloatTensor;
}
