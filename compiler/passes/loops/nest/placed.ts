/**
 * The loops of a sum whose terms go to places that the data tell, one after the other:
 *   y[i,j] = Σ n in memory: [p[n] = i] ? d[n,j] : 0   →   y = 0; for k { for p_0 only p[k] { for j { y[p_0,j] = y[p_0,j] + d[k,j] } } }
 * Their time is that of the terms, however many places there are. Where an update needs the sum at these places alone, only they are set to 0
 * before; afterwards each is updated and set to 0 again: an update by 0 changes nothing, so that one place may come twice.
 */

import { sizeOf } from "../../../graph/type.ts";
import { apply, literal, load, substitute } from "../../../loop/build.ts";
import { add, constant, index, type Index } from "../../../loop/index-expression.ts";
import { LANES } from "../../../loop/lanes.ts";
import type { Axis, Definition, Scalar, Stmt } from "../../../loop/loop.ts";
import { placedSum } from "../../../loop/pick.ts";
import { LANE, laneLoop, loop, loopAt, loopsAround } from "../points.ts";
import { Nest } from "./nest.ts";
import { innerStage } from "./stages.ts";
import { valueAt } from "./values.ts";

/** The loops of a group that is such a sum, and maybe its update; undefined of any other. */
export function placedLoops(nest: Nest): Stmt[] | undefined {
  const { axes, stages } = nest.group;
  const { definition, storage } = stages[0]!;
  const placed = placedSum(definition);
  if (placed === undefined) return undefined;
  const { axis, over } = placed;
  const { dtype } = definition;
  const loops = over.map((one, n): Axis => ({ ...one, name: n === 0 ? "k" : `k${n + 1}` }));
  const renamed = new Map(over.map(({ name, extent }, n) => [name, index(loops[n]!.name, extent)]));
  const inner = axes.filter(({ name }) => name !== axis.name);
  /** Definitions at the place of each term, in the order of the terms. */
  const atPlaces = (...definitions: readonly Definition[]): Stmt[] => {
    const only = valueAt(nest, substitute(placed.at, renamed), { where: new Map(), suffix: "" });
    const name = nest.nameOf(only);
    const point = { where: new Map([[axis.name, index(name, axis.extent)]]), suffix: "" };
    return loopsAround(loops, [
      { ...loopAt(name, axis.extent, only), body: definitions.flatMap((one) => innerStage(nest, one, inner, point)) },
    ]);
  };
  const sum = load(definition.name, dtype, ...axes.map(({ name, extent }) => index(name, extent)));
  const added: Scalar = apply("add", dtype, sum, substitute(placed.term, renamed));
  const empty: Definition = { ...definition, value: literal(0, dtype) };
  const begun = storage === "places" ? atPlaces(empty) : zeros(nest, definition);
  const ended = storage === "places" ? atPlaces(...stages.slice(1).map((stage) => stage.definition), empty) : [];
  return [...begun, ...atPlaces({ ...definition, value: added }), ...ended];
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
