/** Floating-point operations: each arithmetic function once at every point where it is evaluated. Comparisons and casts are none. */

import { sizeOf } from "../graph/type.ts";
import { pickOf } from "./pick.ts";
import type { Kernel, Program, Scalar } from "./loop.ts";
import { timesOf } from "./turns.ts";

/** Operations of an entry from which on they say what takes its time; a shorter one is calls and loads. */
export const TELLING = 100_000;

/** Of one evaluation. */
export function flopsOfScalar(s: Scalar): number {
  if (s.kind === "reduce" && pickOf(s) !== undefined) return flopsOfScalar(pickOf(s)!.term) + 1;
  if (s.kind === "reduce") return sizeOf(s.over.map((axis) => axis.extent)) * (flopsOfScalar(s.term) + 1);
  if (s.kind === "apply") return s.args.reduce((n, arg) => n + flopsOfScalar(arg), s.dtype === "bool" || s.fn === "cast" ? 0 : 1);
  if (s.kind === "select") return flopsOfScalar(s.then) + flopsOfScalar(s.otherwise);
  return s.kind === "round" ? flopsOfScalar(s.value) : 0;
}

/** Of an entry's statements: those of their kernels, and those of scalars, as often as they run. */
export function flopsOfCalls({ calls, loops }: Pick<Program, "calls" | "loops">, kernels: readonly Kernel[]): number {
  const known = new Map(kernels.map(({ name, flops }) => [name, flops]));
  return calls.reduce(
    (sum, call, n) => sum + timesOf(loops, n) * (call.kind === "call" ? (known.get(call.kernel) ?? 0) : flopsOfScalar(call.value)),
    0,
  );
}
