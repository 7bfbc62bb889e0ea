/**
 * Guarantees that a function which the target calls, rather than computes in line, stands once in the kernel of a tiled sum and not once a
 * point of the tile: an engine inlines few calls into one function, and boxes the numbers that pass to and from the rest.
 *   sums x·W (4×2), h = tanh(x·W + b)   →   sums x·W (4×2), stored to h;  then h[i,j] = tanh(h[i,j] + b[j]) at each point
 * A sum is rounded as it is stored, and was rounded before: no bit changes.
 */

import { load, walkScalar } from "../../loop/build.ts";
import { index } from "../../loop/index-expression.ts";
import type { Definition, Group, Scalar, Stage } from "../../loop/loop.ts";
import type { Machine } from "../../loop/machine.ts";
import { isPlaced, isWhole } from "./group.ts";
import type { Tile } from "./tile.ts";

/** The groups whose loops follow each other in the kernel of `group`: itself; or its sums and then, over them, all else. */
export function sweepsOf(group: Group, tile: Tile, machine: Machine): readonly [Group, Group?] {
  const [first, ...rest] = group.stages;
  const points = tile.sizes.reduce((product, size) => product * size, 1);
  if (points === 1 || isPlaced(group) || !isSum(first!) || !rest.some((stage) => calls(stage, machine))) return [group];
  if (!rest.every(({ definition, storage }) => storage !== "total" && isPointwise(definition, group))) return [group];
  const sum = first!.definition;
  const sums = (definition: Definition): Group => ({ ...group, stages: [{ definition, storage: "buffer" }] });
  if (first!.storage === "buffer") return [sums(sum), { ...group, stages: rest }];
  const holder = rest.find(
    ({ definition, storage }) => storage === "buffer" && isWhole(definition) && definition.dtype === sum.dtype,
  )?.definition;
  if (holder === undefined) return [group];
  const held = load(holder.name, sum.dtype, ...group.axes.map(({ name, extent }) => index(name, extent)));
  return [sums({ ...sum, name: holder.name }), { ...group, stages: [{ ...first!, definition: { ...sum, value: held } }, ...rest] }];
}

/** A rounded sum that storage holds exactly, and that overwrites nothing. */
const isSum = ({ definition }: Stage): boolean => isWhole(definition) && isRounded(definition.value);

const isRounded = (value: Scalar): boolean => value.kind === "round" && value.value.kind === "reduce";

/** Whether a definition is one value a point of the shared axes, and no reduction. */
function isPointwise({ axes, value }: Definition, group: Group): boolean {
  return axes.length === group.axes.length && !some(value, ({ kind }) => kind === "reduce");
}

const calls = ({ definition }: Stage, { called }: Machine): boolean =>
  some(definition.value, (part) => part.kind === "apply" && called.has(part.fn));

function some(value: Scalar, holds: (part: Scalar) => boolean): boolean {
  let found = false;
  walkScalar(value, (part) => (found ||= holds(part)));
  return found;
}
