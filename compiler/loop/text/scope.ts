/** What names mean where they stand: dtypes and extents that need not be repeated. Printer and reader keep the same scope. */

import type { DType } from "../../graph/type.ts";
import { rangeOf, type Index } from "../index-expression.ts";
import type { Axis, Definition, Scalar, ScalarFn } from "../loop.ts";

/** What a name means where it is read: dtypes and extents that need not be repeated. Printer and parser keep the same scope. */
export interface Scope {
  readonly extents: ReadonlyMap<string, number>;
  readonly locals: Map<string, DType>;
  readonly buffers: ReadonlyMap<string, DType>;
}

/** Outside of all blocks: buffers, and nothing else yet. */
export const scopeOf = (buffers: readonly { name: string; dtype: DType }[]): Scope => ({
  extents: new Map(),
  locals: new Map(),
  buffers: new Map(buffers.map(({ name, dtype }) => [name, dtype])),
});

/** A block inside: it sees what stands around it, and keeps its own locals to itself. */
export const enter = (scope: Scope, axes: readonly Axis[] = []): Scope => ({
  extents: new Map([...scope.extents, ...axes.map(({ name, extent }) => [name, extent] as const)]),
  locals: new Map(scope.locals),
  buffers: scope.buffers,
});

/** The axis that a loop opens: 0 ≤ index < the largest value of `to`. */
export const axisOfLoop = (name: string, to: Index): Axis => ({ name, extent: rangeOf(to)[1] });

/** A stage's value is read by name, whatever its storage. */
export const withStage = (scope: Scope, { name, dtype }: Definition): Scope => ({
  extents: scope.extents,
  locals: new Map([...scope.locals, [name, dtype]]),
  buffers: new Map([...scope.buffers, [name, dtype]]),
});

/** The dtype that a call has unless it says otherwise. */
export function dtypeOfCall(fn: ScalarFn, args: readonly Scalar[]): DType {
  if (["lt", "le", "eq", "and", "or", "not"].includes(fn)) return "bool";
  if (fn === "bitsOf") return "i32";
  if (fn === "floatOf") return "f32";
  return args[0]?.dtype ?? "f32";
}
