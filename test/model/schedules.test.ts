/** What is true of every schedule: in the emitted trainer, the n-th step's rate is the closed form at n − 1 steps taken. */

import {
  accumulate,
  cosineDecay,
  cosineRestarts,
  exponentialDecay,
  hyper,
  inverseSquareRoot,
  oneCycle,
  piecewise,
  polynomialDecay,
  sgd,
  stepDecay,
  warmup,
  type Rate,
} from "adjoint";
import { expect, test } from "vitest";
import { close } from "../support/close.ts";
import { trainerOf, withGradients } from "../support/training.ts";

const { PI, cos, floor, max, min, sqrt } = Math;

/** Half a cosine from a to b. */
const between = (a: number, b: number, at: number): number => b + ((a - b) * (1 + cos(PI * at))) / 2;

/** PyTorch's OneCycleLR with its own defaults, as its documentation states them. */
function oneCycleInNumbers(peak: number, steps: number, share: number, t: number): number {
  const [top, end] = [share * steps - 1, steps - 1];
  if (t <= top) return between(peak / 25, peak, t / top);
  return between(peak, peak / 25 / 1e4, min(1, (t - top) / (end - top)));
}

/** PyTorch's CosineAnnealingWarmRestarts, cycle by cycle. */
function restartsInNumbers(rate: number, steps: number, times: number, factor: number, to: number, t: number): number {
  let [begin, length, highest] = [0, steps, rate];
  while (t >= begin + length) [begin, length, highest] = [begin + length, length * times, highest * factor];
  return between(highest, to, (t - begin) / length);
}

interface Case {
  readonly rate: () => Rate;
  readonly form: (t: number) => number;
}

const cases: Readonly<Record<string, Case>> = {
  "a number": { rate: () => 0.3, form: () => 0.3 },
  "a hyper": { rate: () => hyper("rate", 0.3), form: () => 0.3 },
  stepDecay: { rate: () => stepDecay(0.5, { every: 3 }), form: (t) => 0.5 * 0.1 ** floor(t / 3) },
  "stepDecay by half": { rate: () => stepDecay(0.5, { every: 10, factor: 0.5 }), form: (t) => 0.5 * 0.5 ** floor(t / 10) },
  exponentialDecay: { rate: () => exponentialDecay(2, { factor: 0.99 }), form: (t) => 2 * 0.99 ** t },
  "exponentialDecay over 100 steps": { rate: () => exponentialDecay(2, { factor: 0.5, every: 100 }), form: (t) => 2 * 0.5 ** (t / 100) },
  cosineDecay: { rate: () => cosineDecay(0.2, { steps: 100 }), form: (t) => between(0.2, 0, min(1, t / 100)) },
  "cosineDecay of a hyper, to a floor": {
    rate: () => cosineDecay(hyper("rate", 0.2), { steps: 7, to: 0.01 }),
    form: (t) => between(0.2, 0.01, min(1, t / 7)),
  },
  "warmup to a constant": { rate: () => warmup(5, 0.4), form: (t) => 0.4 * min(1, (t + 1) / 5) },
  "warmup to a cosine": {
    rate: () => warmup(10, cosineDecay(0.4, { steps: 50 })),
    form: (t) => (t < 10 ? (0.4 * (t + 1)) / 10 : between(0.4, 0, min(1, (t - 10) / 50))),
  },
  oneCycle: { rate: () => oneCycle(0.1, { steps: 100 }), form: (t) => oneCycleInNumbers(0.1, 100, 0.3, t) },
  "oneCycle that rises briefly": { rate: () => oneCycle(3, { steps: 25, warmup: 0.1 }), form: (t) => oneCycleInNumbers(3, 25, 0.1, t) },
  polynomialDecay: { rate: () => polynomialDecay(0.2, { steps: 100 }), form: (t) => 0.2 * (1 - min(1, t / 100)) },
  "polynomialDecay of a power, to a floor": {
    rate: () => polynomialDecay(0.2, { steps: 30, to: 0.05, power: 2 }),
    form: (t) => 0.05 + 0.15 * (1 - min(1, t / 30)) ** 2,
  },
  inverseSquareRoot: { rate: () => inverseSquareRoot(0.3, { every: 10 }), form: (t) => 0.3 / sqrt(1 + t / 10) },
  "inverseSquareRoot after a warmup": {
    rate: () => warmup(10, inverseSquareRoot(0.3, { every: 10 })),
    form: (t) => (t < 10 ? (0.3 * (t + 1)) / 10 : 0.3 * sqrt(10 / t)),
  },
  cosineRestarts: { rate: () => cosineRestarts(0.2, { steps: 10 }), form: (t) => restartsInNumbers(0.2, 10, 1, 1, 0, t) },
  "cosineRestarts, longer and lower each time": {
    rate: () => cosineRestarts(0.2, { steps: 10, times: 2, factor: 0.5, to: 0.01 }),
    form: (t) => restartsInNumbers(0.2, 10, 2, 0.5, 0.01, t),
  },
  piecewise: {
    rate: () => piecewise([0.1, 0.02, cosineDecay(0.01, { steps: 20 })], { at: [3, 11] }),
    form: (t) => (t < 3 ? 0.1 : t < 11 ? 0.02 : between(0.01, 0, min(1, (t - 11) / 20))),
  },
};

/** Starts, ends and bends of the schedules above, and far beyond. */
const STEPS = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 24, 29, 30, 31, 59, 60, 99, 100, 101, 500];

test.each(Object.keys(cases))("%s", async (name) => {
  const { rate, form } = cases[name]!;
  // the gradient is −1, so a weight of 0 becomes the rate
  const trainer = await trainerOf(withGradients({ w: [-1] }, 0, () => sgd({ learningRate: rate() })));
  for (const t of STEPS) {
    trainer.state["stepCount"]![0] = t;
    trainer.parameters["w"]![0] = 0;
    trainer.step({});
    const found = trainer.parameters["w"]![0]!;
    const expected = form(t);
    expect(Math.abs(found - expected), `step ${t}: ${found}, not ${expected}`).toBeLessThanOrEqual(2e-7 * max(expected, 1e-6));
    expect(trainer.state["stepCount"]![0]).toBe(t + 1);
  }
});

test("the emitted step counts by itself: ten rates in a row", async () => {
  const trainer = await trainerOf(withGradients({ w: [-1] }, 0, () => sgd({ learningRate: exponentialDecay(1, { factor: 0.5 }) })));
  for (let n = 0; n < 10; n++) trainer.step({});
  expect([...trainer.parameters["w"]!]).toEqual([2 - 0.5 ** 9]);
});

test("a schedule inside accumulate counts updates, not micro-batches", async () => {
  const rule = () => accumulate(sgd({ learningRate: exponentialDecay(1, { factor: 0.5 }) }), 3);
  const trainer = await trainerOf(withGradients({ w: [-1] }, 0, rule));
  const weights = Array.from({ length: 9 }, () => (trainer.step({}), trainer.parameters["w"]![0]!));
  close(weights, [0, 0, 1, 1, 1, 1.5, 1.5, 1.5, 1.75], 1e-7);
});
