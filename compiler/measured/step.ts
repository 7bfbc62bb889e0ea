/**
 * Measured schedules with which a whole step is not slower: kernels are chosen alone, with what they read near and the engine's
 * whole attention, and in a step they have neither. A trainer with them and one with the cost model's take steps in turns.
 */

import { firstBatch } from "../check/first-loss.ts";
import { runningTrainer } from "../check/emitted.ts";
import type { Lowered } from "../driver/lower.ts";
import type { Measured } from "../driver/schedules.ts";

/** Odd: medians are those of one turn. */
const TURNS = 15;
/** What a turn takes at least of each trainer. */
const MILLISECONDS = 20;
/** Until an engine has compiled a step for good. */
const WARM = 200;

/** A trainer that can be timed. */
export interface Contender {
  /** One training step, on the same batch each time. */
  readonly step: () => void;
  /** Back to the first weights, so that every turn computes the same numbers. */
  readonly restart: () => void;
}

/** How long a step takes, by both. */
export interface StepTimes {
  /** Medians. */
  readonly milliseconds: readonly [chosen: number, modelled: number];
  /** The median of the turns' own ratios, chosen to modelled: what slows the machine for a while slows both. */
  readonly ratio: number;
}

/** What to write, and how it was decided. */
export interface Kept {
  readonly kernels: readonly Measured[];
  /** Undefined where every kernel's schedule is the cost model's. */
  readonly step: StepTimes | undefined;
}

/** Whether the chosen schedules stay. */
export const isKept = ({ ratio }: StepTimes): boolean => ratio <= 1;

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** The kernels as they were measured where a step with them is not slower, else each with the cost model's schedule. */
export async function keepByStep(
  kernels: readonly Measured[],
  modelled: Lowered,
  lowerWith: (kernels: readonly Measured[]) => Promise<Lowered>,
  time: (chosen: Contender, modelled: Contender) => StepTimes = inTurns,
): Promise<Kept> {
  if (kernels.every((one) => one.schedule === one.modelled)) return { kernels, step: undefined };
  const step = time(await contender(await lowerWith(kernels)), await contender(modelled));
  return { kernels: isKept(step) ? kernels : kernels.map(asModelled), step };
}

const asModelled = ({ kernel, modelled, microseconds: [, microseconds] }: Measured): Measured => ({
  kernel,
  schedule: modelled,
  modelled,
  microseconds: [microseconds, microseconds],
});

async function contender(lowered: Lowered): Promise<Contender> {
  const trainer = await runningTrainer(lowered);
  const batch = firstBatch(lowered);
  const first = trainer.bytes();
  return { step: () => void trainer.step(batch), restart: () => trainer.restore(first) };
}

/** Turns of as many steps of each, the first of a turn the second of the next. `clock` gives milliseconds. */
export function inTurns(chosen: Contender, modelled: Contender, clock = (): number => performance.now()): StepTimes {
  const timed = ({ step, restart }: Contender, steps: number): number => {
    restart();
    const began = clock();
    for (let n = 0; n < steps; n++) step();
    return (clock() - began) / steps;
  };
  const warm = [chosen, modelled].map((one) => {
    const began = clock();
    let last = timed(one, 1);
    while (clock() - began < WARM) last = timed(one, 1);
    return last;
  });
  const steps = Math.max(1, Math.ceil(MILLISECONDS / Math.min(...warm)));
  const turns = Array.from({ length: TURNS }, (_, turn): readonly [number, number] => {
    if (turn % 2 === 0) return [timed(chosen, steps), timed(modelled, steps)];
    const second = timed(modelled, steps);
    return [timed(chosen, steps), second];
  });
  return {
    milliseconds: [median(turns.map(([one]) => one)), median(turns.map(([, other]) => other))],
    ratio: median(turns.map(([one, other]) => one / other)),
  };
}
