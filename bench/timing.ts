/** Guarantees that contenders are timed in turns: what slows the machine for a while slows neighbours alike. */

/** What a contender does once, given the number of the step. */
export type Step = (n: number) => unknown;

/** Milliseconds since some moment. */
export type Clock = () => number;

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Times of a step, of which so many were taken in a repeat. */
export interface Timed extends Spread {
  readonly steps: number;
}

/** Milliseconds for each contender, and which clock says so. */
export interface Turns {
  readonly warmUp: number;
  readonly repeat: number;
  readonly repeats: number;
  readonly clock: Clock;
}

const wall: Clock = () => performance.now();
/** Milliseconds of processor time of this process: what others take from it does not count. */
export const processor: Clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const USUAL: Turns = { warmUp: 1000, repeat: 300, repeats: 9, clock: wall };

/**
 * Each contender is one step, given its number. Times are milliseconds a step; ratios are the last's to the first's.
 * `warmUp` and `repeat` are milliseconds for each contender; a step that takes longer is taken once.
 */
export function inTurns(
  steps: readonly Step[],
  { warmUp, repeat, repeats, clock }: Turns = USUAL,
): { readonly contenders: readonly Timed[]; readonly ratio: Spread } {
  const counts = steps.map((step) => stepsIn(step, warmUp, repeat, clock));
  const times = steps.map((): number[] => []);
  for (let turn = 0; turn < repeats; turn++) steps.forEach((step, n) => times[n]!.push(timed(step, counts[n]!, clock) / counts[n]!));
  const contenders = times.map((all, n) => ({ ...spread(all), steps: counts[n]! }));
  const paired = times.at(-1)!.map((time, turn) => time / times[0]![turn]!);
  const median = contenders.at(-1)!.median / contenders[0]!.median;
  return { contenders, ratio: { ...spread(paired), median } };
}

/** Warms up, and says how many steps fill a repeat. */
function stepsIn(step: Step, warmUp: number, repeat: number, clock: Clock): number {
  let count = 1;
  let spent = 0;
  for (;;) {
    const time = timed(step, count, clock);
    spent += time;
    if (spent >= warmUp) return Math.max(1, Math.ceil((repeat * count) / time));
    if (time < repeat) count *= 2;
  }
}

/** What the clock says of so many steps. */
export function timed(step: Step, count: number, clock: Clock): number {
  const began = clock();
  for (let n = 0; n < count; n++) step(n);
  return clock() - began;
}

/** The middle one, or the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value that this share of them does not pass, of all in order. */
export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)]!;

const spread = (values: readonly number[]): Spread => ({ median: median(values), min: Math.min(...values), max: Math.max(...values) });
