/** Sums at the taps of a window in lanes: a row of taps that is no whole vector is made one, and what is none of its taps is left out. */

import { apply, at as position, conjuncts, keyOf, literal, load, loadsOf, select, walkScalar } from "../../../loop/build.ts";
import { index, rangeOf } from "../../../loop/index-expression.ts";
import { LANES } from "../../../loop/lanes.ts";
import type { Axis, Group, Load, Reduce, Scalar } from "../../../loop/loop.ts";
import { sizeOf } from "../../../graph/type.ts";
import { at as identity } from "../../definitions/define.ts";
import type { Machine } from "../../../loop/machine.ts";
import type { Buffers } from "../group.ts";
import { contiguousIn } from "../tiles/operands.ts";
import { Copies, type Keep } from "./copy.ts";
import { staysInside, withMargins } from "./margins.ts";
import { filtersOf } from "./panels.ts";
import { bare, LEAST_DEEP, renamed, sumsOf } from "./sums.ts";

/**
 * The gradient of a depthwise filter whose stride takes its terms out of lanes:
 *   d_w[c,k,l<3] = Σ d_y[n,c,i,j]·x[n,c,2·i + k,2·j + l]   →   d_w_sums[c,k,l<4] = …;  d_w[c,k,l<3] = d_w_sums[c,k,l]
 * Each sum adds the same terms in the same order, so that no bit changes. Where terms themselves lie side by side, or filters do, lanes go there.
 */
export function byTap(group: Group, machine: Machine, buffers: Buffers, keep: Keep): Group {
  const [first, ...rest] = group.stages;
  const { definition, storage } = first!;
  const { axes } = definition;
  const reduce = bare(definition.value);
  const last = axes.at(-1);
  if (reduce === undefined || storage === "total" || last === undefined || axes.length < 3 || reduce.inLanes === true) return group;
  const { extent } = last;
  if (extent < 2 || extent >= 2 * LANES || extent % LANES === 0 || sizeOf(reduce.over.map((axis) => axis.extent)) < LEAST_DEEP)
    return group;
  if (!contiguousIn(reduce, last, buffers) || reduce.over.some((axis) => contiguousIn(reduce, axis, buffers))) return group;
  if (filtersOf(group, buffers) !== undefined) return group;
  const whole: Axis = { ...last, extent: LANES * Math.ceil(extent / LANES) };
  const taps = renamed(reduce, new Map([[last.name, index(whole.name, whole.extent)]]));
  const raw = sumsOf(definition, [...axes.slice(0, -1), whole], guarded(taps, buffers), buffers);
  const copies = new Copies(buffers);
  const within = withMargins({ axes: raw.axes, stages: [{ definition: raw, storage: "buffer" }] }, machine, copies.buffers, copies.keep);
  const sums = within.stages[0]!.definition;
  // a copy too large to be worth it leaves a guard
  if (loadsOf(sums.value).some((one) => !staysInside(one, copies.buffers)) || hasGuard(sums.value)) return group;
  for (const copy of copies.readBy(within)) keep(copy);
  keep(sums);
  const read = load(sums.name, sums.dtype, ...identity(axes));
  return { ...group, stages: [{ storage, definition: { ...definition, value: read, op: "unpack" } }, ...rest] };
}

/** A sum whose loads are zero where a tap that is none leads them out of their buffer. */
const guarded = (reduce: Reduce, buffers: Buffers): Reduce => ({ ...reduce, term: withGuards(reduce.term, buffers) });

function withGuards(s: Scalar, buffers: Buffers): Scalar {
  if (s.kind === "apply") return { ...s, args: s.args.map((arg) => withGuards(arg, buffers)) };
  if (s.kind !== "load" && s.kind !== "select") return s;
  // a mask stays behind what leads out of its own buffer too
  const isGuard = s.kind === "select" && loadsOf(s.when).length === 0;
  const asked = isGuard ? conjuncts(s.when).map(keyOf) : [];
  const inside = loadsOf(s.kind === "select" ? s.then : s)
    .flatMap((one) => inBounds(one, buffers))
    .filter((one, n, all) => !asked.includes(keyOf(one)) && all.findIndex((other) => keyOf(other) === keyOf(one)) === n);
  if (inside.length === 0) return s;
  const [first, ...rest] = isGuard ? [s.when, ...inside] : (inside as [Scalar, ...Scalar[]]);
  const when = rest.reduce((all, one) => apply("and", "bool", all, one), first!);
  return isGuard ? { ...s, when } : select(when, s, literal(0, s.dtype));
}

/** Whether each position lies inside, of those that may not. */
const inBounds = ({ buffer, at }: Load, buffers: Buffers): readonly Scalar[] =>
  at.flatMap((one, n) => {
    const extent = buffers.get(buffer)!.shape[n]!;
    return rangeOf(one)[1] < extent ? [] : [apply("lt", "bool", position(one), literal(extent, "i32"))];
  });

function hasGuard(value: Scalar): boolean {
  let found = false;
  walkScalar(value, (part) => (found ||= part.kind === "select"));
  return found;
}
