/** Guarantees the optimizers that models are written with: every rule, its usual options, schedules and wrappers. */

import { optionsText, type Draw } from "./draw.ts";

/** A schedule around a rate, as text. */
function scheduled(draw: Draw, rate: string): string {
  const steps = draw.one([100, 500, 1000, 5000]);
  return draw.weighted<() => string>([
    [3, () => `cosineDecay(${rate}, { steps: ${steps}${draw.often(0.3) ? ", to: 1e-5" : ""} })`],
    [2, () => `stepDecay(${rate}, { every: ${steps}${draw.often(0.5) ? ", factor: 0.5" : ""} })`],
    [2, () => `exponentialDecay(${rate}, { factor: 0.95${draw.often(0.5) ? `, every: ${steps}` : ""} })`],
    [3, () => `warmup(${draw.one([10, 50, 100])}, ${draw.often(0.5) ? `cosineDecay(${rate}, { steps: ${steps} })` : rate})`],
    [2, () => `oneCycle(${rate}, { steps: ${steps} })`],
    [1, () => `piecewise([${rate}, ${Number(rate) / 10}], { at: [${steps}] })`],
  ])();
}

function rateOf(draw: Draw, rates: readonly [string, ...string[]]): string {
  const rate = draw.one(rates);
  // inside a function, where sequential too may declare it
  if (draw.often(0.03)) return `hyper("learningRate", ${rate})`;
  return draw.often(0.2) ? scheduled(draw, rate) : rate;
}

const decay = (draw: Draw, share: number): readonly string[] => draw.maybe(share, `weightDecay: ${draw.one(["1e-4", "5e-4", "0.01"])}`);

const RULES: readonly (readonly [weight: number, rule: (draw: Draw) => string])[] = [
  [
    9,
    (draw) => {
      const options = [
        ...draw.maybe(0.85, `learningRate: ${rateOf(draw, ["1e-3", "1e-3", "3e-4", "3e-3", "2e-4", "0.01"])}`),
        ...draw.maybe(0.1, `beta1: ${draw.one(["0.5", "0.8"])}`),
        ...draw.maybe(0.1, `beta2: ${draw.one(["0.99", "0.98"])}`),
        ...draw.maybe(0.08, "epsilon: 1e-7"),
        ...decay(draw, 0.1),
      ];
      return `adam(${optionsText(options)})`;
    },
  ],
  [
    5,
    (draw) => {
      const momentum = draw.often(0.6);
      const options = [
        ...draw.maybe(0.9, `learningRate: ${rateOf(draw, ["0.1", "0.01", "0.01", "0.05", "1e-3"])}`),
        ...(momentum ? ["momentum: 0.9", ...draw.maybe(0.3, "nesterov: true")] : []),
        ...decay(draw, 0.3),
      ];
      return `sgd(${optionsText(options)})`;
    },
  ],
  [3, (draw) => `adamw(${optionsText([`learningRate: ${rateOf(draw, ["1e-3", "3e-4", "5e-4"])}`, ...decay(draw, 0.4)])})`],
  [
    2,
    (draw) =>
      `rmsprop(${optionsText([...draw.maybe(0.8, `learningRate: ${rateOf(draw, ["1e-3", "1e-4", "0.01"])}`), ...draw.maybe(0.2, "momentum: 0.9"), ...draw.maybe(0.2, "centered: true"), ...draw.maybe(0.2, "rho: 0.9")])})`,
  ],
  [
    1,
    (draw) =>
      `adagrad(${optionsText([...draw.maybe(0.7, `learningRate: ${rateOf(draw, ["0.01", "0.1"])}`), ...draw.maybe(0.2, "initialAccumulator: 0.1")])})`,
  ],
  [1, (draw) => `adadelta(${optionsText(draw.maybe(0.3, "rho: 0.95"))})`],
  [1, (draw) => `lion(${optionsText([`learningRate: ${rateOf(draw, ["1e-4", "3e-4"])}`, ...decay(draw, 0.4)])})`],
];

/** Layers or parameters that a group of its own may name. */
export type Members = readonly string[];

function rule(draw: Draw, members: Members): string {
  const main = draw.weighted(RULES)(draw);
  if (members.length === 0 || !draw.often(0.12)) return main;
  const [first] = members;
  return `groups([{ parameters: [${JSON.stringify(first)}], optimizer: ${draw.often(0.5) ? "sgd({ learningRate: 0.01, momentum: 0.9 })" : "adam({ learningRate: 1e-4 })"} }, { optimizer: ${main} }])`;
}

/** An optimizer as text. `members` are names that groups may list, no more than all but one of those that are trained. */
export function optimizerText(draw: Draw, members: Members = []): string {
  const inner = rule(draw, members);
  return draw.weighted<(inner: string) => string>([
    [15, (of) => of],
    [2, (of) => `clipByGlobalNorm(${of}, ${draw.one(["1", "0.5", "5"])})`],
    [1, (of) => `clipByValue(${of}, ${draw.one(["1", "0.5"])})`],
    [1, (of) => `ema(${of}, ${draw.one(["0.99", "0.999"])})`],
    [1, (of) => `accumulate(${of}, ${draw.one([2, 4])})`],
    [0.5, (of) => `ema(clipByGlobalNorm(${of}, 1), 0.999)`],
  ])(inner);
}
