/** Guarantees the yardsticks of matrix products: the fastest program known here of a square that fits the second cache, and of any one shape. */

import { processor, timed } from "../timing.mjs";
import * as scalar from "./scalar.mjs";
import * as simd128 from "./simd128.mjs";

const KINDS = {
  wasm: {
    ...simd128,
    square: { m: 256, n: 256, k: 256, a: "mk", b: "kn" },
    plan: { rows: 4, terms: 256, outer: "columns", copyA: false, copyB: "all" },
  },
  typescript: {
    ...scalar,
    square: { m: 252, n: 252, k: 252, a: "mk", b: "kn" },
    plan: { rows: 3, columns: 2, inARow: 4, outer: "rows", copyA: true, copyB: true },
  },
};

export const flopsOf = ({ m, n, k }) => 2 * m * n * k;

/** The square product of a target's kind, its operands copied beforehand: `run` takes `flops` operations. */
export async function yardstick(target) {
  const { square, plan, program } = KINDS[target];
  const { run, tiles } = await program(square, plan);
  run();
  return { flops: flopsOf(square), run: tiles };
}

/** Milliseconds of processor time that `run` takes, over at least `least` of them. */
export function timeOf(run, least) {
  for (let count = 1; ;) {
    const spent = timed(run, count, processor);
    if (spent >= least) return spent / count;
    count = spent < least / 20 ? count * 10 : Math.ceil((1.3 * count * least) / spent);
  }
}

/** The fastest `count` programs of a shape, copies and what consumes the sums included, each tried briefly. */
export async function fastest(target, shape, count) {
  const { plansOf, program } = KINDS[target];
  const tried = [];
  for (const plan of plansOf(shape)) {
    const { run } = await program(shape, plan);
    timeOf(run, 25);
    tried.push({ plan, run, time: timeOf(run, 12) });
  }
  return tried.sort((a, b) => a.time - b.time).slice(0, count);
}
