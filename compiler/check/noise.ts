/**
 * Guarantees a measure of how far rounding may move what a program computes, without knowing its order of operations: the reference is
 * run again with every computed value moved by a random relative amount (Monte Carlo arithmetic, Parker 1997). Equal values are moved
 * alike, so that ties stay ties; whole numbers and what an exact op gives are not moved. A comparison that comes out otherwise is a kink.
 */

import type { Watch } from "./evaluate.ts";
import type { Node } from "../graph/graph.ts";
import { isFloat } from "../graph/type.ts";
import { opOf } from "../ops/index.ts";
import { MATHEMATICS } from "../loop/machine.ts";

const bits = new Uint32Array(2);
const double = new Float64Array(bits.buffer);

/** Uniform on (−1, 1), a function of the value and the run. */
function shake(value: number, run: number): number {
  double[0] = value;
  let mixed = Math.imul(bits[0]! ^ Math.imul(run, 0x9e3779b1), 0x85ebca6b) ^ bits[1]!;
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 31 - 1;
}

/** Below this, float32 has fewer digits, down to none. */
const SUBNORMAL = 2 ** -126;
const LEAST = 2 ** -149;
/** Above this, float32 has none. */
const LARGEST = 3.4028234663852886e38;
/** Whole numbers below this are exact in float32, unless a function that comes near to one gave them. */
const EXACT = 2 ** 24;
const NEARLY: ReadonlySet<string> = new Set([...MATHEMATICS, "sigmoid"]);

const moves = ({ op, type }: Node): boolean =>
  isFloat(type.dtype) && (opOf(op).leaf ? op === "param" || op === "state" || op === "input" : opOf(op).exact !== true);

const decides = ({ op, type }: Node): boolean => !isFloat(type.dtype) || op === "sign" || op === "floor";

/** What a run decided, one after the other: truths, positions, signs. */
export type Decisions = Float64Array[];

/** Records decisions; moves every computed float by at most `relative` of itself where that is above 0. */
export function noise(run: number, relative: number, decisions: Decisions): Watch {
  const single = relative > 2 ** -30;
  return (node, { data }) => {
    if (decides(node)) decisions.push(data.slice());
    if (relative === 0 || !moves(node)) return;
    for (let n = 0; n < data.length; n++) {
      const value = data[n]!;
      if (Number.isInteger(value) && Math.abs(value) < EXACT && !NEARLY.has(node.op)) continue; // counters, and sums of them
      data[n] = value * (1 + relative * shake(value, run));
      if (!single) continue;
      if (value !== 0 && Math.abs(value) < SUBNORMAL) data[n]! += LEAST * shake(value, run + 1);
      if (Math.abs(value) > LARGEST) data[n] = value < 0 ? -Infinity : Infinity;
    }
  };
}

/** Whether two runs decided alike. Floors of large numbers are steps too fine to be decisions. */
export const sameDecisions = (a: Decisions, b: Decisions): boolean =>
  a.length === b.length &&
  a.every(
    (data, n) => data.length === b[n]!.length && data.every((value, at) => Math.abs(value - b[n]![at]!) <= Math.abs(value) * 2 ** -20),
  );
