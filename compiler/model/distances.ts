/** Lengths and distances of rows of numbers, as functions; as losses, see losses/pairs.ts. */

import { FLAG, numbers, optional, optionsOf } from "../graph/arguments.ts";
import type { Value } from "../graph/graph.ts";
import type { Shape } from "../graph/type.ts";
import { called } from "./arguments.ts";
import { axisIn } from "./axes.ts";
import type { Context } from "./context.ts";
import { broadcastShape, spread } from "./elementwise.ts";
import { ANY_NUMBER, AXIS, FLOATS } from "./kinds.ts";
import { normOver } from "./products.ts";
import { keeping, respread } from "./reductions.ts";
import type { FloatTensor } from "./tensor.ts";

const LEAST = numbers("a finite number above 0", (n) => n > 0);

/** What normalize takes besides. */
export interface NormalizeOptions {
  /** Of the norm. Default: 2. */
  readonly p?: number;
  /** Default: the last. */
  readonly axis?: number;
  /** A smaller norm counts as this. Default: 1e-12. */
  readonly epsilon?: number;
}

const NORMALIZE = optionsOf<NormalizeOptions>({ p: ANY_NUMBER, axis: AXIS, epsilon: LEAST });

/** x / max(‖x‖, ε), the norm along an axis (torch.nn.functional.normalize). Throws for an axis that x does not have. */
export function normalize<S extends Shape>(x: FloatTensor<S>, options: NormalizeOptions = {}): FloatTensor<S> {
  const c = called("normalize", { x, options }, { x: FLOATS, options: NORMALIZE });
  const { p = 2, axis = -1, epsilon = 1e-12 } = options;
  return c.run(() => c.tensor(normalized(c, x.value, [axisIn(c, "normalize", x.value, axis)], p, epsilon))) as FloatTensor<S>; // a quotient an element
}

/** x / max(‖x‖, ε), the norm over axes. */
export function normalized(c: Context, x: Value, axes: readonly number[], p: number, epsilon: number): Value {
  const length = c.named("length", c.g.max(normOver(c, x, axes, p), c.g.literal(epsilon, c.float)));
  return c.g.div(x, respread(c, x, axes, length));
}

/** What pairwiseDistance takes besides. */
export interface DistanceOptions {
  /** Of the norm. Default: 2. */
  readonly p?: number;
  /** Added to each difference. Default: 1e-6. */
  readonly epsilon?: number;
  /** Default: false. */
  readonly keepDims?: boolean;
}

const DISTANCE = optionsOf<DistanceOptions>({ p: ANY_NUMBER, epsilon: ANY_NUMBER, keepDims: FLAG });

/** ‖a − b + ε‖ along the last axis (torch.nn.functional.pairwise_distance). Throws where a and b do not broadcast, or are numbers. */
export function pairwiseDistance(a: FloatTensor, b: FloatTensor, options: DistanceOptions = {}): FloatTensor {
  const c = called("pairwiseDistance", { a, b, options }, { a: FLOATS, b: FLOATS, options: DISTANCE });
  const { p = 2, epsilon = 1e-6, keepDims = false } = options;
  return c.run(() => {
    const { g } = c;
    const shape = broadcastShape(c, "pairwiseDistance", a, b);
    const difference = g.add(g.sub(spread(c, a.value, shape), spread(c, b.value, shape)), g.literal(epsilon, c.float));
    const last = [axisIn(c, "pairwiseDistance", difference, -1)];
    return c.tensor(keeping(c, difference, last, { keepDims }, normOver(c, difference, last, p)));
  }) as FloatTensor;
}

/**
 * Distances between all rows of x [n, d], those of the first row first: [n·(n − 1)/2] (torch.nn.functional.pdist). Throws for fewer than two
 * rows, or another rank.
 */
export function pdist(x: FloatTensor, p = 2): FloatTensor {
  const c = called("pdist", { x, p }, { x: FLOATS, p: optional(ANY_NUMBER) });
  return c.run(() => {
    const { g } = c;
    const [n = 0] = x.shape;
    if (x.shape.length !== 2 || n < 2)
      c.fail(
        "shape/pdist",
        `pdist needs at least two rows, [n, d], but got [${x.shape.join(",")}]`,
        x.shape.length === 2
          ? "If these are rows of the batch, let prediction take two of them as well: batch: { train, evaluate, predict: 2 }."
          : "Reshape it.",
        [c.operand("x", x.value)],
      );
    const pairs = Array.from({ length: n }, (_, i) => Array.from({ length: n - 1 - i }, (_, k) => [i, i + 1 + k] as const)).flat();
    const rows = (which: 0 | 1): Value => {
      const values = pairs.map((pair) => pair[which]);
      return g.gather(x.value, g.table({ dtype: "i32", shape: [values.length] }, { values, symbol: which === 0 ? "first" : "second" }));
    };
    return c.tensor(normOver(c, c.named("difference", g.sub(rows(0), rows(1))), [1], p));
  }) as FloatTensor;
}
