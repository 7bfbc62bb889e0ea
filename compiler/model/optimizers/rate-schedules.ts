/**
 * Learning rates that are functions of the step count alone, so that a restored trainer goes on where it stopped.
 * Powers and cosines are computed from the count, not carried along: a product rounded in every step would drift over a long run.
 */

import { COUNT, listOf, numbers, optionsOf, required } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { check, refuse } from "../arguments.ts";
import { FRACTION, NOT_NEGATIVE, POSITIVE } from "./options.ts";
import { depthOf, RATE, rateAt, type Rate, type RateSchedule, type RateScope } from "./rate.ts";
import { number } from "./rule.ts";

/** The words of this file: a number n of a scope. */
type Words = RateScope & { readonly n: (value: number) => Value };

/** How deep schedules may lie in one another: the step computes them all, and nobody reads more. */
const DEEPEST = 100;
/** Rates of one `piecewise`: as many conditions in every step, each of them checked. */
const MOST_PIECES = 1000;

/** A schedule over the rates that it is made of. */
function schedule(of: string, rates: readonly Rate[], at: (words: Words, step: Value) => Value): RateSchedule {
  const depth = 1 + rates.reduce<number>((most, rate) => Math.max(most, depthOf(rate)), 0);
  if (depth > DEEPEST)
    refuse(
      of,
      `schedules lie at most ${DEEPEST} deep in one another, but these would lie ${depth} deep`,
      "Put them side by side with piecewise.",
    );
  return { kind: "schedule", depth, at: (scope, step) => at({ ...scope, n: (value) => number(scope, value) }, step) };
}

/** rate·factor^⌊step / every⌋ (torch StepLR). */
export function stepDecay(rate: Rate, options: { readonly every: number; readonly factor?: number }): RateSchedule {
  check("stepDecay", { rate, options }, { rate: RATE, options: optionsOf<typeof options>({ every: required(COUNT), factor: POSITIVE }) });
  const { every, factor = 0.1 } = options;
  return schedule("stepDecay", [rate], (scope, step) => {
    const { g, n } = scope;
    return g.mul(g.pow(n(factor), g.floor(g.div(step, n(every)))), rateAt(scope, rate, step));
  });
}

/** rate·factor^(step / every) (torch ExponentialLR where every is 1). */
export function exponentialDecay(rate: Rate, options: { readonly factor: number; readonly every?: number }): RateSchedule {
  check(
    "exponentialDecay",
    { rate, options },
    { rate: RATE, options: optionsOf<typeof options>({ factor: required(POSITIVE), every: COUNT }) },
  );
  const { factor, every = 1 } = options;
  return schedule("exponentialDecay", [rate], (scope, step) => {
    const { g, n } = scope;
    return g.mul(g.pow(n(factor), g.div(step, n(every))), rateAt(scope, rate, step));
  });
}

/** to + (rate − to)·½(1 + cos(π·step/steps)), and `to` from the step `steps` on (Loshchilov & Hutter 2017, without restarts). */
export function cosineDecay(rate: Rate, options: { readonly steps: number; readonly to?: number }): RateSchedule {
  check("cosineDecay", { rate, options }, { rate: RATE, options: optionsOf<typeof options>({ steps: required(COUNT), to: NOT_NEGATIVE }) });
  const { steps, to = 0 } = options;
  return schedule("cosineDecay", [rate], (scope, step) => {
    const { g, n } = scope;
    return between(scope, rateAt(scope, rate, step), n(to), g.min(g.div(step, n(steps)), n(1)));
  });
}

/** to + (rate − to)·(1 − step/steps)^power, and `to` from the step `steps` on; a straight line where the power is 1, as it is by default. */
export function polynomialDecay(
  rate: Rate,
  options: { readonly steps: number; readonly to?: number; readonly power?: number },
): RateSchedule {
  const laws = optionsOf<typeof options>({ steps: required(COUNT), to: NOT_NEGATIVE, power: POSITIVE });
  check("polynomialDecay", { rate, options }, { rate: RATE, options: laws });
  const { steps, to = 0, power = 1 } = options;
  return schedule("polynomialDecay", [rate], (scope, step) => {
    const { g, n } = scope;
    const left = g.sub(n(1), g.min(g.div(step, n(steps)), n(1)));
    return g.add(g.mul(g.sub(rateAt(scope, rate, step), n(to)), power === 1 ? left : g.pow(left, n(power))), n(to));
  });
}

/** rate / √(1 + step/every); after warmup(every, …) it is rate·√(every / step) of all steps (Vaswani et al. 2017). */
export function inverseSquareRoot(rate: Rate, options: { readonly every: number }): RateSchedule {
  check("inverseSquareRoot", { rate, options }, { rate: RATE, options: optionsOf<typeof options>({ every: required(COUNT) }) });
  return schedule("inverseSquareRoot", [rate], (scope, step) => {
    const { g, n } = scope;
    return g.div(rateAt(scope, rate, step), g.sqrt(g.add(g.div(step, n(options.every)), n(1))));
  });
}

export interface CosineRestartsOptions {
  /** Length of the first cycle. */
  readonly steps: number;
  /** How much longer each cycle is than the one before. Default: 1. */
  readonly times?: number;
  /** How much higher it begins. Default: 1. */
  readonly factor?: number;
  /** Where each ends. Default: 0. */
  readonly to?: number;
}

/** Half a cosine from the rate down to `to`, again and again (Loshchilov & Hutter 2017; torch CosineAnnealingWarmRestarts). */
export function cosineRestarts(rate: Rate, options: CosineRestartsOptions): RateSchedule {
  const laws = optionsOf<CosineRestartsOptions>({
    steps: required(COUNT),
    times: numbers("a finite number of at least 1", (n) => n >= 1),
    factor: POSITIVE,
    to: NOT_NEGATIVE,
  });
  check("cosineRestarts", { rate, options }, { rate: RATE, options: laws });
  const { steps, times = 1, factor = 1, to = 0 } = options;
  return schedule("cosineRestarts", [rate], (scope, step) => {
    const { g, n } = scope;
    const turns = g.div(step, n(steps));
    // half a step on, so that no rounding of the logarithm is between a cycle and the next
    const within = g.div(g.add(step, n(0.5)), n(steps));
    const cycle = times === 1 ? g.floor(within) : g.floor(g.mul(g.log1p(g.mul(within, n(times - 1))), n(1 / Math.log(times))));
    const length = g.pow(n(times), cycle);
    const before = times === 1 ? cycle : g.mul(g.sub(length, n(1)), n(1 / (times - 1)));
    const share = times === 1 ? g.sub(turns, before) : g.div(g.sub(turns, before), length);
    const highest = rateAt(scope, rate, step);
    return between(scope, factor === 1 ? highest : g.mul(highest, g.pow(n(factor), cycle)), n(to), share);
  });
}

/** Half a cosine from a (at 0) to b (at 1): ½(1 + cos(π·at)) as cos²(π/2·at), which cancels nothing near 1. */
function between({ g, n }: Words, a: Value, b: Value, at: Value): Value {
  const root = g.cos(g.mul(at, n(Math.PI / 2)));
  return g.add(g.mul(g.sub(a, b), g.mul(root, root)), b);
}

/** A straight line up to the start of `then`, (step + 1)/steps of it, in `steps` steps; afterwards `then`, from its own step 0. */
export function warmup(steps: number, then: Rate): RateSchedule {
  check("warmup", { steps, then }, { steps: COUNT, then: RATE });
  return schedule("warmup", [then], (scope, step) => {
    const { g, n } = scope;
    const later = rateAt(scope, then, g.max(g.sub(step, n(steps)), n(0)));
    return g.mul(g.min(g.div(g.add(step, n(1)), n(steps)), n(1)), later);
  });
}

/** Options of `oneCycle`. */
export interface OneCycleOptions {
  /** Length of the cycle; afterwards the rate stays where it ended. */
  readonly steps: number;
  /** The share of the steps in which the rate rises. Default: 0.3. */
  readonly warmup?: number;
  /** The first rate is peak / startDivisor. Default: 25. */
  readonly startDivisor?: number;
  /** The last rate is the first / endDivisor. Default: 1e4. */
  readonly endDivisor?: number;
}

/** Up to the peak and down far below the start, each half a cosine (Smith & Topin 2018; torch OneCycleLR, rate only). */
export function oneCycle(peak: Rate, options: OneCycleOptions): RateSchedule {
  check(
    "oneCycle",
    { peak, options },
    {
      peak: RATE,
      options: optionsOf<OneCycleOptions>({ steps: required(COUNT), warmup: FRACTION, startDivisor: POSITIVE, endDivisor: POSITIVE }),
    },
  );
  const { steps, warmup: rising = 0.3, startDivisor = 25, endDivisor = 1e4 } = options;
  const top = rising * steps - 1;
  if (top <= 0) refuse("oneCycle", `needs more than one step to rise, but warmup·steps = ${rising * steps}`, "Raise steps or warmup.");
  return schedule("oneCycle", [peak], (scope, step) => {
    const { g, n } = scope;
    const highest = rateAt(scope, peak, step);
    const first = g.div(highest, n(startDivisor));
    const last = g.div(first, n(endDivisor));
    const up = between(scope, first, highest, g.div(step, n(top)));
    const down = g.min(g.div(g.sub(step, n(top)), n(steps - 1 - top)), n(1));
    return g.where(g.le(step, n(top)), up, between(scope, highest, last, down));
  });
}

/** rates[0] before the step at[0], then rates[1] before at[1], …; a schedule among them starts with its piece, from its own step 0. */
export function piecewise(rates: readonly Rate[], options: { readonly at: readonly number[] }): RateSchedule {
  check(
    "piecewise",
    { rates, options },
    { rates: RATES, options: optionsOf<typeof options>({ at: required(listOf("a list of steps", COUNT)) }) },
  );
  const { at } = options;
  if (rates.length > MOST_PIECES)
    refuse(
      "piecewise",
      `takes at most ${MOST_PIECES} rates, but got ${rates.length}`,
      "Use a decay that is computed from the step, such as exponentialDecay, or set a hyper between steps.",
    );
  at.forEach((boundary, k) => {
    if (k > 0 && boundary <= at[k - 1]!)
      refuse("piecewise", `needs boundaries that rise, but got [${at.join(", ")}]`, "Sort them, each once.");
  });
  if (rates.length !== at.length + 1)
    refuse(
      "piecewise",
      `needs one rate more than boundaries, but got ${rates.length} rates and ${at.length} boundaries`,
      "Give a rate before each boundary, and one after the last.",
    );
  return schedule("piecewise", rates, (scope, step) => {
    const { g, n } = scope;
    const piece = (k: number): Value => rateAt(scope, rates[k]!, k === 0 ? step : g.sub(step, n(at[k - 1]!)));
    return at.reduceRight<Value>((later, boundary, k) => g.where(g.lt(step, n(boundary)), piece(k), later), piece(at.length));
  });
}

const RATES = listOf("a list of rates", RATE);
