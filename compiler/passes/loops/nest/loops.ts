/** The loops over the shared axes of a group, tile by tile, and the stages at the points of each. */

import { constant, index, scale, shift } from "../../../loop/index-expression.ts";
import { obstacle } from "../../../loop/lanes.ts";
import type { Axis, Stage, Stmt } from "../../../loop/loop.ts";
import { hasReduceIn } from "../group.ts";
import { cutsOf } from "../guards.ts";
import { laneCount, pointsOf, rangesOf, type Block, type Point, type Range } from "../points.ts";
import { Nest } from "./nest.ts";
import { innerStage, stageAt } from "./stages.ts";
import { addToTotal } from "./totals.ts";

/** Loops over the shared axes by tiles; what does not fill a tile gets a loop, or a block, of its own. */
export function loopsOver(nest: Nest, depth: number, block: readonly Block[]): Stmt[] | undefined {
  const { sizes, order, lane, pieces } = nest.tile;
  const at = order[depth];
  if (at === undefined) return blockAt(nest, block);
  const axis = nest.group.axes[at]!;
  const out: Stmt[] = [];
  const whole = pieces?.includes(at) === true;
  if (whole) nest.cut.add(axis);
  const ranges = whole
    ? [{ start: 0, from: 0, to: axis.extent, size: axis.extent, vector: false }]
    : rangesAlong(nest, axis, sizes[at]!, at === lane);
  for (const { start, from, to, size, vector } of ranges) {
    const looped = to - from > size;
    // what reads in lanes must be seen to stay inside
    const extent = nest.lanes > 1 || nest.cut.has(axis) ? to - size + 1 : axis.extent;
    // where operands lie in tiles of the axis, its loop counts tiles
    const inTiles = looped && from === 0 && start === 0 && nest.readsInTiles(axis, size);
    const at = inTiles ? scale(index(axis.name, to / size), size) : index(axis.name, extent);
    const base = shift(looped ? at : constant(from), start);
    const body = loopsOver(nest, depth + 1, [...block, { axis, base, size, vector }]);
    if (body === undefined) return undefined;
    if (looped)
      out.push({
        kind: "for",
        index: axis.name,
        from: constant(from),
        to: constant(inTiles ? to / size : to),
        step: inTiles ? 1 : size,
        form: "loop",
        body,
      });
    else out.push(...body);
  }
  return out;
}

/** The ranges of an axis; where guards turn along it, those of each stretch between two turns, counted from its start. */
function rangesAlong(nest: Nest, axis: Axis, size: number, inLanes: boolean): (Range & { readonly start: number })[] {
  const cuts = hasReduceIn(nest.group.stages) ? [0, axis.extent] : cutsOf(nest.group, axis);
  if (cuts.length > 2) nest.cut.add(axis);
  return cuts.slice(1).flatMap((end, n) => rangesOf(end - cuts[n]!, size, inLanes).map((range) => ({ ...range, start: cuts[n]! })));
}

/** The stages at the points of one block; undefined where its lanes meet an obstacle. */
function blockAt(nest: Nest, block: readonly Block[]): Stmt[] | undefined {
  const { axes } = nest.group;
  const points = pointsOf(axes.map((axis) => block.find((one) => one.axis === axis)!));
  const inLanes = block.find(({ vector }) => vector);
  if (inLanes === undefined) return stagesAt(nest, points);
  const vector = nest.lockstep(() => stagesAt(nest, points), laneCount(inLanes));
  return obstacle(vector, nest.lengths()) === undefined ? [vector] : undefined;
}

/**
 * Every stage at every point. After the first, whose sums stand side by side, point by point: vectors would fill the registers, and a
 * reader takes what follows a sum element by element.
 */
function stagesAt(nest: Nest, points: readonly Point[]): Stmt[] {
  nest.held.clear();
  const { axes, stages } = nest.group;
  const one = ({ definition, storage }: Stage, at: readonly Point[]): Stmt[] => {
    if (storage === "total") return addToTotal(nest, definition, at[0]!);
    const inner = definition.axes.slice(axes.length);
    return inner.length === 0 ? stageAt(nest, definition, storage === "local", at) : innerStage(nest, definition, inner, at[0]!);
  };
  const [first, ...rest] = stages;
  const follow = (point: Point): Stmt[] => rest.flatMap((stage) => one(stage, [point]));
  if (nest.inLanes && !hasReduceIn(rest)) return [...one(first!, points), ...points.flatMap(follow)];
  if (points.length === 1 || hasReduceIn(rest) || !hasReduceIn([first!])) return stages.flatMap((stage) => one(stage, points));
  return stageAt(nest, first!.definition, first!.storage === "local", points, follow);
}
