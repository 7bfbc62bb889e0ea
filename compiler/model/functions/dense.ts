/** The fully connected layer of given tensors. */

import { optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import type { Shape } from "../../graph/type.ts";
import { dotAttrs } from "../../ops/dot.ts";
import { called } from "../arguments.ts";
import { FLOATS } from "../kinds.ts";
import type { FloatTensor, WithLast } from "../tensor.ts";
import { needsShape, placeOf, type Place } from "./place.ts";

/** Options of `dense` of given tensors. */
export interface AffineOptions {
  /** [units]. */
  readonly bias?: FloatTensor;
}

const OPTIONS = optionsOf<AffineOptions>({ bias: FLOATS });

/** x [n, …, in] · kernel [in, units] + bias, if there is one; it is declared after the product. */
export function affine({ c, named }: Place, x: Value, kernel: Value, bias?: () => Value): Value {
  const { shape } = c.typeOf(x);
  const product = c.g.dot(x, kernel, dotAttrs([shape.length - 1], [0]));
  if (bias === undefined) return product;
  named("product", product);
  const lead = { axes: shape.slice(1).map((_, axis) => axis), size: shape.slice(0, -1) };
  return named("z", c.g.add(product, c.g.broadcast(bias(), lead)));
}

/**
 * x [n, …, in] with kernel [in, units] → [n, …, units]: torch.nn.functional.linear, whose weight is the kernel's transpose. Throws a
 * ModelError for a kernel that does not fit x, or a bias that does not fit the kernel.
 */
export function dense<S extends Shape, N extends number>(
  x: FloatTensor<S>,
  kernel: FloatTensor<readonly [number, N]>,
  options: AffineOptions = {},
): FloatTensor<WithLast<S, N>> {
  const c = called("dense", { x, kernel, options }, { x: FLOATS, kernel: FLOATS, options: OPTIONS });
  return c.run(() => {
    const { bias } = options;
    const place = placeOf(c, "dense", { x, kernel, bias });
    if (x.shape.length === 0) place.fail("needs features, but got a single number", "Give x a feature axis.");
    needsShape(place, "kernel", kernel, [x.shape.at(-1)!, -1], "[in, units]");
    needsShape(place, "bias", bias, [kernel.shape[1]], "[units]");
    return c.tensor(affine(place, x.value, kernel.value, bias === undefined ? undefined : () => bias.value));
  }) as unknown as FloatTensor<WithLast<S, N>>; // the product replaces the last axis
}
