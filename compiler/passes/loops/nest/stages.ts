/** A stage at the points of a tile: its reductions, then its value to a local or to memory; over axes of its own, its loops. */

import { load, local, substitute } from "../../../loop/build.ts";
import { hoistInvariants, shareSubexpressions } from "../../../loop/cse.ts";
import { add, constant, index, rowMajor, scale, substitute as substituteIndex, type Index } from "../../../loop/index-expression.ts";
import { LANES, obstacle, PAIR } from "../../../loop/lanes.ts";
import type { Axis, Definition, Loop, Scalar, Stmt } from "../../../loop/loop.ts";
import { LANE, loop, loopsAround, remainderOf, suffixed, type Point } from "../points.ts";
import { Nest } from "./nest.ts";
import { reduced } from "./reductions.ts";
import { readLater, valueAt } from "./values.ts";

/** One stage at every point of the tile: its reductions, then its value to a local or to memory, and what follows it there. */
export function stageAt(
  nest: Nest,
  definition: Definition,
  isLocal: boolean,
  points: readonly Point[],
  follow?: (point: Point) => readonly Stmt[],
): Stmt[] {
  const held = isLocal || readLater(nest, definition);
  return storeAt(
    nest,
    definition,
    points.map((p) => valueAt(nest, definition.value, p)),
    points,
    isLocal,
    held,
    follow,
  );
}

/** Values at points, their reductions before them: to locals where later stages read them, to memory where they are stored. */
function storeAt(
  nest: Nest,
  definition: Definition,
  at: readonly Scalar[],
  points: readonly Point[],
  isLocal: boolean,
  held: boolean,
  follow: (point: Point) => readonly Stmt[] = () => [],
): Stmt[] {
  const out: Stmt[] = [];
  const { axes, segment } = definition;
  const position = (point: Point): Index =>
    segment === undefined
      ? rowMajor(
          axes.map((axis) => point.where.get(axis.name) ?? index(axis.name, axis.extent)),
          definition.shape,
        )
      : rowMajor(
          segment.at.map((at) => substituteIndex(at, point.where)),
          nest.buffer(segment.of).shape,
        );
  const resumed =
    nest.tile.outer === undefined ? undefined : points.map((point) => load(nest.write(definition), definition.dtype, position(point)));
  const values = reduced(nest, at, points, out, resumed, held ? definition.name : undefined);
  const { lets, scalars } = shareSubexpressions(values, (part) => nest.nameOf(part));
  out.push(...lets);
  points.forEach((point, n) => {
    let value = scalars[n]!;
    // a sum that is the value has its name already
    if (held && value.kind === "local" && value !== at[n]) nest.held.set(`${definition.name}${point.suffix}`, value);
    else if (held) {
      const name = nest.names.take(suffixed(definition.name, point.suffix));
      out.push({ kind: "let", name, dtype: definition.dtype, value, mutable: false });
      value = local(name, definition.dtype);
      nest.held.set(`${definition.name}${point.suffix}`, value);
    }
    if (!isLocal)
      out.push({
        kind: "store",
        buffer: nest.write(definition),
        at: position(point),
        value: unrounded(value),
      });
    out.push(...follow(point));
  });
  return out;
}

/** Storing rounds by itself. */
export const unrounded = (value: Scalar): Scalar => (value.kind === "round" ? value.value : value);

/** A stage with inner axes of its own, or none: what they do not change comes before their loops. */
export function innerStage(nest: Nest, definition: Definition, inner: readonly Axis[], point: Point): Stmt[] {
  if (inner.length === 0) return storeAt(nest, definition, [valueAt(nest, definition.value, point)], [point], false, false);
  const names = new Set(inner.map((axis) => axis.name));
  const { lets, scalars } = hoistInvariants([valueAt(nest, definition.value, point)], names, nest.writtenParams(), (part) =>
    nest.nameOf(part),
  );
  return [...lets, ...innerLoops(nest, definition, inner, point, scalars[0]!)];
}

/** Loops over the inner axes, in lanes along the last where nothing forbids it. */
function innerLoops(nest: Nest, definition: Definition, inner: readonly Axis[], point: Point, value: Scalar): Stmt[] {
  const last = inner.at(-1)!;
  const whole = nest.lanes > 1 && !nest.inLanes ? last.extent - (last.extent % LANES) : 0;
  const one = (where: Point, of: Scalar): Stmt[] => storeAt(nest, definition, [of], [where], false, false);
  const wrap = (body: readonly Stmt[]): Stmt[] => loopsAround(inner.slice(0, -1), body);
  if (whole > 0) {
    const here = (at: Index): Stmt[] =>
      one({ ...point, where: new Map([...point.where, [last.name, at]]) }, substitute(value, new Map([[last.name, at]])));
    const inLanes = (from: Index, lanes: number): Loop => nest.lockstep(() => here(add(from, index(LANE, lanes))), lanes);
    const inTiles = nest.readsInTiles(last, LANES);
    const from = inTiles ? scale(index(last.name, whole / LANES), LANES) : index(last.name, whole - LANES + 1);
    const vector = inLanes(whole > LANES ? from : constant(0), LANES);
    const [to, step] = inTiles ? [whole / LANES, 1] : [whole, LANES];
    const head: Stmt[] =
      whole > LANES
        ? [{ kind: "for", index: last.name, from: constant(0), to: constant(to), step, form: "loop", body: [vector] }]
        : [vector];
    const pair = last.extent - whole === PAIR ? inLanes(constant(whole), PAIR) : undefined;
    const rest = pair === undefined ? remainderOf(last, whole, here) : [pair];
    const holds = (one: Loop | undefined): boolean => one === undefined || obstacle(one, nest.lengths()) === undefined;
    if (holds(vector) && holds(pair)) return wrap([...head, ...rest]);
  }
  return wrap(loop(last, one(point, value)));
}
