/**
 * The loops of a sum whose terms go to places that the data tell, one after the other:
 *   y[i,j] = Σ n in memory: [p[n] = i] ? d[n,j] : 0   →   y = 0; for k { for p_0 only p[k] { for j { y[p_0,j] = y[p_0,j] + d[k,j] } } }
 * Their time is that of the terms, however many places there are.
 */

import { sizeOf } from "../../../graph/type.ts";
import { apply, literal, load, substitute } from "../../../loop/build.ts";
import { add, constant, index, type Index } from "../../../loop/index-expression.ts";
import { LANES } from "../../../loop/lanes.ts";
import type { Axis, Definition, Scalar, Stmt } from "../../../loop/loop.ts";
import { placedSum } from "../../../loop/pick.ts";
import { LANE, laneLoop, loop, loopAt, loopsAround } from "../points.ts";
import { Nest } from "./nest.ts";
import { innerStage, stageAt } from "./stages.ts";
import { valueAt } from "./values.ts";

/** The loops of a group that is such a sum; undefined of any other. */
export function placedLoops(nest: Nest): Stmt[] | undefined {
  const { axes, stages } = nest.group;
  const { definition } = stages[0]!;
  const placed = placedSum(definition);
  if (placed === undefined) return undefined;
  const over = placed.over.map((axis, n): Axis => ({ ...axis, name: n === 0 ? "k" : `k${n + 1}` }));
  const renamed = new Map(placed.over.map(({ name, extent }, n) => [name, index(over[n]!.name, extent)]));
  const only = valueAt(nest, substitute(placed.at, renamed), { where: new Map(), suffix: "" });
  const name = nest.nameOf(only);
  const { dtype } = definition;
  const sum = load(definition.name, dtype, ...axes.map((axis) => index(axis.name, axis.extent)));
  const value: Scalar = apply("add", dtype, sum, substitute(placed.term, renamed));
  const where = new Map([[placed.axis.name, index(name, placed.axis.extent)]]);
  const inner = axes.filter((axis) => axis.name !== placed.axis.name);
  const added = { ...definition, value };
  const point = { where, suffix: "" };
  const body = inner.length === 0 ? stageAt(nest, added, false, [point]) : innerStage(nest, added, inner, point);
  return [...zeros(nest, definition), ...loopsAround(over, [{ ...loopAt(name, placed.axis.extent, only), body }])];
}

/** A buffer filled with zeros, in lanes where there are some. */
export function zeros(nest: Nest, definition: Definition): Stmt[] {
  const size = sizeOf(definition.shape);
  const buffer = nest.write(definition);
  const zero = (at: Index): Stmt => ({ kind: "store", buffer, at, value: literal(0, definition.dtype) });
  if (nest.lanes === 1) return loop({ name: "z", extent: size }, [zero(index("z", size))]);
  const whole = size - (size % LANES);
  const vectors: Stmt = {
    kind: "for",
    index: "z",
    from: constant(0),
    to: constant(whole),
    step: LANES,
    form: "loop",
    body: [laneLoop([zero(add(index("z", whole - LANES + 1), index(LANE, LANES)))])],
  };
  const rest = Array.from({ length: size - whole }, (_, n) => zero(constant(whole + n)));
  return [...(whole > 0 ? [vectors] : []), ...rest];
}
