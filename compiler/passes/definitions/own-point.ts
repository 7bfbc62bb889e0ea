/** Whether a value reads a buffer only at the very element that is being computed, so that this may overwrite what it reads. */

import { apply, conjuncts, walkScalar } from "../../loop/build.ts";
import { equal, evaluate, index, namesIn, type Index } from "../../loop/index-expression.ts";
import { evaluateScalar } from "../../loop/interpret/index.ts";
import type { Axis, Load, Scalar } from "../../loop/loop.ts";

/** Points along an axis that are tried one by one. */
const MOST_POINTS = 1e6;

/** Whether a position is the axes' own point, as it stands. */
export const isOwnPoint = (at: readonly Index[], axes: readonly Axis[]): boolean =>
  at.length === axes.length && axes.every(({ name, extent }, n) => equal(at[n]!, index(name, extent)));

/** Whether every load of the buffer is at the axes' own point, wherever the conditions around it hold. */
export function readsOwnPoint(value: Scalar, buffer: string, axes: readonly Axis[]): boolean {
  const extents = new Map(axes.map(({ name, extent }) => [name, extent]));
  walkScalar(value, (part) => {
    if (part.kind === "reduce") for (const { name, extent } of part.over) extents.set(name, extent);
  });
  return guardedLoads(value, [])
    .filter(({ load }) => load.buffer === buffer)
    .every(({ load: { at }, guards }) => at.length === axes.length && axes.every((axis, n) => isOwn(at[n]!, axis, guards, extents)));
}

function guardedLoads(s: Scalar, guards: readonly Scalar[]): readonly { readonly load: Load; readonly guards: readonly Scalar[] }[] {
  switch (s.kind) {
    case "load":
      return [{ load: s, guards }];
    case "apply":
      return s.args.flatMap((arg) => guardedLoads(arg, guards));
    case "round":
      return guardedLoads(s.value, guards);
    case "reduce":
      return guardedLoads(s.term, guards);
    case "select":
      // only the branch that is taken is evaluated
      return [
        ...guardedLoads(s.when, guards),
        ...guardedLoads(s.then, [...guards, ...conjuncts(s.when)]),
        ...guardedLoads(s.otherwise, [...guards, apply("not", "bool", s.when)]),
      ];
    default:
      return [];
  }
}

/** One position of a load: the axis itself, or equal to it at every point that the conditions on the same indices let through. */
function isOwn(at: Index, axis: Axis, guards: readonly Scalar[], extents: ReadonlyMap<string, number>): boolean {
  if (equal(at, index(axis.name, axis.extent))) return true;
  const names = [...namesIn(at, new Set([axis.name]))];
  const points = names.reduce((n, name) => n * (extents.get(name) ?? Infinity), 1);
  if (points > MOST_POINTS) return false;
  const known = guards.filter((guard) => dependsOnlyOn(guard, new Set(names)));
  const point = new Map<string, number>();
  const env = { locals: new Map<string, number>(), indices: point, load: () => NaN };
  for (let n = 0; n < points; n++) {
    let rest = n;
    for (const name of names) {
      point.set(name, rest % extents.get(name)!);
      rest = Math.floor(rest / extents.get(name)!);
    }
    if (!known.every((guard) => evaluateScalar(guard, env) !== 0)) continue;
    if (evaluate(at, point) !== point.get(axis.name)) return false;
  }
  return true;
}

/** Whether a condition is decided by these indices alone. */
function dependsOnlyOn(guard: Scalar, names: ReadonlySet<string>): boolean {
  let only = true;
  walkScalar(guard, (part) => {
    if (part.kind === "load" || part.kind === "local" || part.kind === "reduce") only = false;
    if (part.kind === "index") for (const name of namesIn(part.at)) only &&= names.has(name);
  });
  return only;
}
