/** What is true of the judge of a team: whatever sharing does on a machine, next to nothing is lost to one thread, and most of what can be won is. */

import { expect, test } from "vitest";
import { JUDGE } from "../compiler/targets/wasm/judge.ts";
import { importText, stripTypes } from "../compiler/targets/strip.ts";
import { randomFrom } from "./support/sample.ts";

interface Judge {
  shares(statement: number, now: number): boolean;
  took(statement: number, shared: boolean, began: number, ended: number): void;
}

const { judge } = await importText<{ judge(statements: number): Judge }>(await stripTypes(`${JUDGE}\nexport { judge };`));

/** Milliseconds that a statement takes at a time, of those that one thread takes for it. */
interface Machine {
  readonly alone: (ms: number, now: number, call: number) => number;
  readonly shared: (ms: number, now: number, sinceAlone: number) => number;
}

/** Steps of these statements, milliseconds each, until so much time is over: the rate by that of one thread throughout. */
function rateOf(statements: readonly number[], { alone, shared }: Machine, seconds = 4): number {
  const judged = judge(statements.length);
  let [now, one, lastAlone] = [0, 0, 0];
  for (let call = 0; now < 1e3 * seconds; call++)
    for (const [n, ms] of statements.entries()) {
      const shares = judged.shares(n, now);
      const took = shares ? shared(ms, now, now - lastAlone) : alone(ms, now, call);
      judged.took(n, shares, now, now + took);
      now += took;
      one += alone(ms, now, call);
      if (!shares) lastAlone = now;
    }
  return one / now;
}

const STEPS = { short: [0.02, 0.04], usual: [0.3, 0.05, 1, 0.6], long: [20, 5, 60, 0.1] } as const;
const random = randomFrom(7);
const noise = (): number => 0.98 + 0.04 * random();
/** Milliseconds more for some time of work, where every so often a thread's core is taken for so long. */
const stalls = (work: number, every: number, stall: number): number => {
  let all = 0;
  for (let at = -Math.log(random()) * every; at < work; at -= Math.log(random()) * every) all += stall * 2 * random();
  return all;
};
const plain = (ms: number): number => ms * noise();

test.each(Object.entries(STEPS))("of %s statements, sharing that pays is kept up", (_, statements) => {
  expect(rateOf(statements, { alone: plain, shared: (ms) => plain(ms / 1.8) })).toBeGreaterThan(1.65);
  const hiccups = (ms: number): number => plain(ms / 1.8) + stalls(ms / 1.8, 150, 3);
  expect(rateOf(statements, { alone: plain, shared: hiccups })).toBeGreaterThan(1.45);
});

test.each(Object.entries(STEPS))("of %s statements, sharing that does not pay is left", (_, statements) => {
  for (const slower of [1.02, 1.2, 2, 20]) {
    const rate = rateOf(statements, { alone: plain, shared: (ms) => plain(ms * slower) }, 20);
    expect(rate, `${slower} times as slow`).toBeGreaterThan(0.95);
  }
});

test.each(Object.entries(STEPS))("of %s statements, a core that other work takes costs next to nothing", (_, statements) => {
  for (const every of [0.5, 2, 4, 8]) {
    const busy = (ms: number): number => plain(ms / 1.8) + stalls(ms / 1.8, every, 4);
    expect(rateOf(statements, { alone: plain, shared: busy }, 20), `every ${every} ms`).toBeGreaterThan(0.93);
    // who has slept for long comes first for a while
    const credit = (ms: number, _now: number, since: number): number => (since < 8 ? plain(ms / 1.8) : busy(ms));
    expect(rateOf(statements, { alone: plain, shared: credit }, 20), `every ${every} ms, after a while`).toBeGreaterThan(0.93);
  }
});

test("how slow one thread was in an engine's first code is forgotten, or while other work filled the memory", () => {
  const shared = (ms: number, now: number): number => plain(ms) * (now < 200 ? 2 : 1.3);
  expect(rateOf(STEPS.usual, { alone: (ms, now) => plain(ms) * (now < 200 ? 3 : 1), shared }, 5)).toBeGreaterThan(0.94);
});

test("sharing begins again soon after other work has ended", () => {
  const shared = (ms: number, now: number): number => plain(ms / 1.8) + (now < 5_000 ? stalls(ms / 1.8, 1, 4) : 0);
  expect(rateOf(STEPS.usual, { alone: plain, shared }, 10)).toBeGreaterThan(1.25);
});

test("a clock that shows steps of 0.02 ms does no harm", () => {
  const judged = judge(1);
  let [now, one] = [0, 0];
  const seen = (): number => Math.floor(now / 0.02) * 0.02;
  while (now < 4_000) {
    const began = seen();
    const shares = judged.shares(0, began);
    const took = plain(shares ? 0.13 : 0.1);
    now += took;
    one += 0.1;
    judged.took(0, shares, began, seen());
  }
  expect(one / now).toBeGreaterThan(0.93);
});
