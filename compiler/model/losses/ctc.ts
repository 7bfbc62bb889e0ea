/** Connectionist temporal classification: a sequence of labels read off a longer one of scores, wherever in it they lie. */

import { optional, optionsOf, whole } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import type { Shape } from "../../graph/type.ts";
import { logSoftmax } from "../activations.ts";
import { called } from "../arguments.ts";
import { logAddExp } from "../elementwise.ts";
import { FLOATS, INTEGERS } from "../kinds.ts";
import { takeAlongAxis } from "../movements.ts";
import { scan } from "../scan.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { placeOf, type Place } from "../functions/place.ts";
import { reducedLoss, REDUCTION, type LossOptions, type Reduced } from "./reduction.ts";

/** What ctc takes besides. */
export interface CtcOptions extends LossOptions {
  /** The class that is no label. Default: 0. */
  readonly blank?: number;
  /** How many steps of each row count, [n]. Default: all. */
  readonly inputLengths?: Tensor<Shape, "i32">;
  /** How many labels of each row count, [n]. Default: those that are not the blank. */
  readonly labelLengths?: Tensor<Shape, "i32">;
}

const OPTIONS = optionsOf<CtcOptions>({
  ...REDUCTION,
  blank: whole("a class, from 0", 0),
  inputLengths: INTEGERS,
  labelLengths: INTEGERS,
});

/** The logarithm of what does not happen: finite, so that nothing is ∞ − ∞. */
const NEVER = -1e30;

/** Labels with blanks between them and around: [n, 2s + 1]. */
function extended({ c }: Place, y: Value, blank: number): Value {
  const { g } = c;
  const [n, s] = c.typeOf(y).shape as readonly [number, number];
  const less = g.sub(y, g.literal(blank, "i32"));
  const apart = g.pad(less, { low: [0, 1], high: [0, 1], interior: [0, 1] });
  return c.named("extended", g.add(apart, g.broadcast(g.literal(blank, "i32"), { axes: [0, 1], size: [n, 2 * s + 1] })));
}

/** x [n, w] moved on by some positions, what enters never happening. */
function movedOn({ c }: Place, x: Value, by: number): Value {
  const { g } = c;
  const [n, width] = c.typeOf(x).shape as readonly [number, number];
  const enters = g.broadcast(g.literal(NEVER, c.float), { axes: [0, 1], size: [n, by] });
  return g.concat([enters, g.slice(x, { start: [0, 0], limit: [n, width - by], stride: [1, 1] })], { axis: 1 });
}

/**
 * Mean over rows of −log of the probability that scores [n, t, classes], read step by step, repetitions as one and blanks left out, say the
 * labels [n, s] (Graves et al. 2006). It is a scan over time in log space. Throws for shapes that do not fit. A row whose labels do not fit
 * its steps has a loss of about 1e30.
 */
export function ctc<const O extends CtcOptions = CtcOptions>(scores: FloatTensor, y: Tensor<Shape, "i32">, options?: O): Reduced<O> {
  const c = called("ctc", { scores, y, options }, { scores: FLOATS, y: INTEGERS, options: optional(OPTIONS) });
  const { blank = 0, inputLengths, labelLengths }: CtcOptions = options ?? {};
  return c.run(() => {
    const { g, float } = c;
    const place = placeOf(c, "ctc", { scores, y });
    const [n, steps, classes] = scores.shape as readonly [number, number, number];
    if (scores.shape.length !== 3 || y.shape.length !== 2 || y.shape[0] !== n)
      place.fail(
        `needs scores [n, t, classes] and labels [n, s], but got [${scores.shape.join(",")}] and [${y.shape.join(",")}]`,
        "Reshape them.",
      );
    if (blank >= classes) place.fail(`needs a blank below ${classes}, the number of classes, but got ${blank}`, "Change the blank.");
    for (const [what, given] of [
      ["inputLengths", inputLengths],
      ["labelLengths", labelLengths],
    ] as const)
      // prettier-ignore
      if (given !== undefined && String(given.shape) !== String([n]))
        place.fail(`needs ${what} [${n}], but got [${given.shape.join(",")}]`, "Give one for each row.");
    const s = y.shape[1]!;
    const width = 2 * s + 1;
    const number = (value: number): Value => g.literal(value, float);
    const labels = extended(place, y.value, blank);
    const position = g.iota({ dtype: "i32", shape: [n, width] }, { axis: 1 });
    // a step leaves a blank out between two labels that differ
    const before = g.slice(g.pad(labels, { low: [0, 2], high: [0, 0], interior: [0, 0] }), {
      start: [0, 0],
      limit: [n, width],
      stride: [1, 1],
    });
    const isLabel = g.not(g.eq(labels, g.literal(blank, "i32")));
    const mayLeap = g.and(g.and(isLabel, g.le(g.literal(2, "i32"), position)), g.not(g.eq(labels, before)));
    const leaps = g.where(mayLeap, number(0), number(NEVER));
    const logP = logSoftmax(scores);
    const emitted = takeAlongAxis(logP, c.tensor(g.reshape(labels, { shape: [n, 1, width] })) as Tensor<Shape, "i32">, 2); // integers
    // before the first step nothing is said: it reaches the first blank by staying, the first label by moving on
    const start = g.where(g.eq(position, g.literal(0, "i32")), number(0), number(NEVER));
    // whether a step counts stands beside what it emits
    const time = g.iota({ dtype: "i32", shape: [n, steps, 1] }, { axis: 1 });
    const ends = inputLengths === undefined ? undefined : g.broadcast(inputLengths.value, { axes: [1, 2], size: [steps, 1] });
    const counts = ends === undefined ? undefined : g.where(g.lt(time, ends), number(1), number(0));
    const xs = counts === undefined ? emitted : (c.tensor(g.concat([emitted.value, counts], { axis: 2 })) as FloatTensor);
    const { carry } = scan(
      (alpha: FloatTensor, x: FloatTensor) => {
        const column = (): Value => {
          const last = g.slice(x.value, { start: [0, width], limit: [n, width + 1], stride: [1, 1] });
          return g.broadcast(g.reshape(last, { shape: [n] }), { axes: [1], size: [width] });
        };
        const own = g.slice(x.value, { start: [0, 0], limit: [n, width], stride: [1, 1] });
        const one = movedOn(place, alpha.value, 1);
        const two = g.add(movedOn(place, alpha.value, 2), leaps);
        const both = logAddExp(logAddExp(alpha, c.tensor(one) as FloatTensor), c.tensor(two) as FloatTensor);
        const next = g.max(g.add(both.value, own), number(NEVER));
        const after = counts === undefined ? next : g.where(g.lt(number(0), column()), next, alpha.value);
        return { carry: c.tensor(after) as FloatTensor, y: x };
      },
      c.tensor(start) as FloatTensor,
      xs,
    );
    const found = labelLengths?.value ?? g.sum(g.cast(g.not(g.eq(y.value, g.literal(blank, "i32"))), { to: "i32" }), { axes: [1] });
    const last = g.broadcast(g.mul(found, g.literal(2, "i32")), { axes: [1], size: [width] });
    const at = (by: number): FloatTensor => {
      const isThere = g.eq(position, g.sub(last, g.literal(by, "i32")));
      return c.tensor(g.reduceMax(g.where(isThere, carry.value, number(NEVER)), { axes: [1] })) as FloatTensor;
    };
    const likelihood = logAddExp(at(0), at(1));
    return reducedLoss<O>(c, c.named("rowLoss", g.neg(likelihood.value)), options ?? {});
  });
}
