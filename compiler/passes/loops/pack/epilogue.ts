/** Sums that are taken in lanes along themselves are stored where functions follow, so that these run in lanes along the points. */

import { load, walkScalar } from "../../../loop/build.ts";
import type { Group, Scalar } from "../../../loop/loop.ts";
import { MATHEMATICS } from "../../../loop/machine.ts";
import { at as identity } from "../../definitions/define.ts";
import { isUniform, type Buffers } from "../group.ts";
import { columns } from "../tiles/operands.ts";
import type { Keep } from "./copy.ts";
import { firstSum, sumsOf, withSums } from "./sums.ts";

/**
 *   d_h[i,j] = Σ k in lanes: d[i,k]·W[j,k];  d_z[i,j] = d_h[i,j]·exp(−z[i,j]²)   →   d_h_sums[i,j] = Σ k in lanes: …;  d_h[i,j] = d_h_sums[i,j]; …
 * A sum in lanes along k is one number when it is whole, and exp of one number takes as long as of four.
 */
export function functionsApart(group: Group, buffers: Buffers, keep: Keep): Group {
  const [first, ...rest] = group.stages;
  const { definition, storage } = first!;
  const found = firstSum(definition.value);
  if (found?.inLanes !== true || !isUniform(group) || columns(group) === undefined) return group;
  if (!group.stages.some((stage) => calls(stage.definition.value))) return group;
  const sums = sumsOf(definition, definition.axes, found, buffers);
  keep(sums);
  const read = load(sums.name, sums.dtype, ...identity(definition.axes));
  return { ...group, stages: [{ storage, definition: { ...definition, value: withSums(definition.value, found, read) } }, ...rest] };
}

/** Whether a value takes a function of what lies outside its sums. */
function calls(value: Scalar): boolean {
  let found = false;
  walkScalar(value, (part) => (found ||= part.kind === "apply" && MATHEMATICS.has(part.fn)));
  return found;
}
