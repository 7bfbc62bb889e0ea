/**
 * What the warm steps of one trainer add to a process of its own, this file stripped of its types:
 *   node --expose-gc --single-threaded --allow-natives-syntax allocation-run.mjs trainer.mjs --steps 2000 --rounds 10
 * prints { steps, buffers: bytes of array buffers over all steps, heap: bytes a step, most: what a step may return in, collections }
 * of the first round of steps that adds nothing, or else of the last.
 *
 * V8 boxes every double that leaves an expression until its last compiler has seen the function: about a thousand calls on Node 20,
 * eight thousand on Node 24, which has one compiler more. A step is warm from then on, so rounds are run until one adds nothing.
 * `--single-threaded` optimizes and sweeps between the steps instead of beside them, so that the numbers are the same on every run, and
 * the loop is kept unoptimized: its own machine code would count as heap.
 */

import { PerformanceObserver, type PerformanceEntry } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  options: { steps: { type: "string" }, seconds: { type: "string" }, rounds: { type: "string" } },
  allowPositionals: true,
});
const collect = globalThis.gc!; // of --expose-gc
/** Steps that are taken where one step takes longer than its share of the seconds. */
const FEWEST = 3;
/** And no more than this: of more, the losses that they return fill the heap's young part, and are collected. */
const MOST = 20_000;

/** Of a round of warm steps. */
export interface Growth {
  readonly steps: number;
  /** Bytes of array buffers, over all steps. */
  readonly buffers: number;
  /** Bytes a step. */
  readonly heap: number;
  /** Bytes that a step may return its losses in. */
  readonly most: number;
  readonly collections: number;
  readonly milliseconds: number;
}

interface Counted {
  readonly inputs: Readonly<Record<string, Float32Array | Int32Array>>;
  step(batch: object): number | object;
}

const { createTrainer } = (await import(pathToFileURL(positionals[0]!).href)) as { createTrainer(): Counted }; // any trainer
const trainer = createTrainer();
const batch = Object.fromEntries(
  Object.entries(trainer.inputs).map(([name, view]) => [
    name,
    view instanceof Float32Array ? view.map((_, n) => Math.sin(n)) : view.slice().fill(0),
  ]),
);

/** The bytes of what a step returns, and once more for its caller: a boxed number, or an object with one for each phase. */
const losses = trainer.step(batch);
const phases = typeof losses === "number" ? 1 : Object.keys(losses).length;
const WORD = 8;
const BOX = 2 * WORD;
const most = (phases === 1 ? 2 * BOX : 3 * WORD + phases * (WORD + BOX)) + WORD; // a word: half a box of V8's own

function run(count: number): unknown {
  let kept: unknown;
  for (let n = 0; n < count; n++) kept = trainer.step(batch);
  return kept;
}
// natives are no syntax of TypeScript
new Function("run", "%NeverOptimizeFunction(run)")(run);

const collections: PerformanceEntry[] = [];
new PerformanceObserver((list) => collections.push(...list.getEntries())).observe({ type: "gc" });

async function round(steps: number): Promise<Growth> {
  collect();
  collect();
  collections.length = 0;
  const before = process.memoryUsage();
  const began = performance.now();
  run(steps);
  const ended = performance.now();
  const after = process.memoryUsage();
  await new Promise((resolve) => setTimeout(resolve, 5));
  return {
    steps,
    buffers: after.arrayBuffers - before.arrayBuffers,
    heap: (after.heapUsed - before.heapUsed) / steps,
    most,
    collections: collections.filter(({ startTime }) => startTime >= began && startTime <= ended).length,
    milliseconds: (ended - began) / steps,
  };
}

const rounds = Number(values.rounds ?? 10);
let growth = await round(FEWEST);
for (let n = 0; n <= rounds; n++) {
  const steps = values.steps === undefined ? (1000 * Number(values.seconds)) / growth.milliseconds : Number(values.steps);
  growth = await round(Math.min(MOST, Math.max(FEWEST, Math.floor(steps))));
  const { buffers, heap, collections } = growth;
  if (buffers === 0 && collections === 0 && heap >= 0 && heap <= most) break;
}
console.log(JSON.stringify(growth));
