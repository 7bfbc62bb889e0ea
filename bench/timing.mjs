/** Guarantees that contenders are timed in turns: what slows the machine for a while slows neighbours alike. */

const WARM_UP_MS = 1000;
const REPEAT_MS = 300;
const REPEATS = 9;

/** Each contender is one step, given its number. Times are milliseconds a step; ratios are the last's to the first's. */
export function inTurns(steps) {
  const counts = steps.map(stepsIn);
  const times = steps.map(() => []);
  for (let repeat = 0; repeat < REPEATS; repeat++)
    steps.forEach((step, n) => times[n].push(timed(step, counts[n]) / counts[n]));
  const contenders = times.map((all, n) => ({ ...spread(all), steps: counts[n] }));
  if (steps.length < 2) return { contenders };
  const paired = times.at(-1).map((time, repeat) => time / times[0][repeat]);
  const median = contenders.at(-1).median / contenders[0].median;
  return { contenders, ratio: { ...spread(paired), median } };
}

/** Warms up, and says how many steps fill a repeat. */
function stepsIn(step) {
  let count = 1;
  let spent = 0;
  for (;;) {
    const time = timed(step, count);
    spent += time;
    if (spent >= WARM_UP_MS) return Math.max(1, Math.ceil((REPEAT_MS * count) / time));
    if (time < REPEAT_MS) count *= 2;
  }
}

function timed(step, count) {
  const began = performance.now();
  for (let n = 0; n < count; n++) step(n);
  return performance.now() - began;
}

function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}
