/** The yardsticks of matrix products: the fastest program known here of a square that fits the second cache, and of any one shape. */

import { processor, timed } from "../timing.ts";
import type { Target } from "../compiled.ts";
import * as scalar from "./scalar.ts";
import type { Program, Shape } from "./shape.ts";
import * as simd128 from "./simd128.ts";

/** A way of writing products, with one plan for the square. */
interface Kind {
  readonly square: Shape;
  program(): Promise<Program>;
  programs(shape: Shape): readonly { readonly plan: Plan; make(): Promise<Program> }[];
}

/** What a plan says of itself, by name. */
export type Plan = Readonly<Record<string, string | number | boolean>>;

/** A kind, whose plans only itself reads. */
const kindOf = <P extends object>(
  { plansOf, program }: { plansOf(shape: Shape): readonly P[]; program(shape: Shape, plan: P): Program | Promise<Program> },
  square: Shape,
  plan: P,
): Kind => ({
  square,
  program: async () => program(square, plan),
  programs: (shape) => plansOf(shape).map((one) => ({ plan: { ...one } as Plan, make: async () => program(shape, one) })), // plans are of texts, numbers and truths
});

const KINDS: Readonly<Record<Target, Kind>> = {
  wasm: kindOf(
    simd128,
    { m: 256, n: 256, k: 256, a: "mk", b: "kn" },
    { rows: 4, terms: 256, outer: "columns", copyA: false, copyB: "all" },
  ),
  typescript: kindOf(
    scalar,
    { m: 252, n: 252, k: 252, a: "mk", b: "kn" },
    { rows: 3, columns: 2, inARow: 4, outer: "rows", copyA: true, copyB: true },
  ),
};

export const flopsOf = ({ m, n, k }: Shape): number => 2 * m * n * k;

/** The square product of a target's kind, its operands copied beforehand: `run` takes `flops` operations. */
export async function yardstick(target: Target): Promise<{ readonly flops: number; readonly run: () => void }> {
  const { square, program } = KINDS[target];
  const { run, tiles } = await program();
  run();
  return { flops: flopsOf(square), run: tiles };
}

/** Milliseconds of processor time that `run` takes, over at least `least` of them. */
export function timeOf(run: () => void, least: number): number {
  for (let count = 1; ;) {
    const spent = timed(run, count, processor);
    if (spent >= least) return spent / count;
    count = spent < least / 20 ? count * 10 : Math.ceil((1.3 * count * least) / spent);
  }
}

/** A program, and milliseconds that it took. */
export interface Tried {
  readonly plan: Plan;
  readonly run: () => void;
  readonly time: number;
}

/** The fastest `count` programs of a shape, copies and what consumes the sums included, each tried briefly. */
export async function fastest(target: Target, shape: Shape, count: number): Promise<readonly Tried[]> {
  const tried: Tried[] = [];
  for (const { plan, make } of KINDS[target].programs(shape)) {
    const { run } = await make();
    timeOf(run, 25);
    tried.push({ plan, run, time: timeOf(run, 12) });
  }
  return tried.sort((a, b) => a.time - b.time).slice(0, count);
}
