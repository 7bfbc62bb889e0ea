/** An op for all turns of a loop at once, in JAX's words its batching rule: along a new leading axis, which some operands have. */

import type { Value } from "../graph/graph.ts";
import type { Along, BatchScope, Op } from "./op.ts";

/** An operand with the leading axis, repeated along it where it has none. */
export const raised = ({ g, steps }: Pick<BatchScope, "g" | "steps">, { value, along }: Along): Value =>
  along ? value : g.broadcast(value, { axes: [0], size: [steps] });

/** What axes become behind the new one. */
export const later = (axes: readonly number[]): number[] => axes.map((axis) => axis + 1);

/** Elementwise ops need no law of their own. */
const elementwise = (scope: BatchScope): Value =>
  scope.append(scope.inputs.map((input) => (scope.g.constantOf(input.value) === undefined ? raised(scope, input) : input.value)));

/** The law of an op; undefined for one that has none, and stays in its loop. */
export const batchingOf = (op: Op): ((scope: BatchScope) => Value) | undefined =>
  op.batch ?? (op.elementwise === true ? elementwise : undefined);
