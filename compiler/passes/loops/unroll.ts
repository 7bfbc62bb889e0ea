/**
 * Guarantees that no short sum against known numbers is a loop: it is written out, one expression for each position that the numbers depend
 * on, without products by 0 and 1.
 *   y[i] = Σ k<3: table(i, k)·x[k]   →   y[i] = i < 1 ? x[0] + x[2] : x[1] − 0.5·x[2]
 */

import { sizeOf } from "../../graph/type.ts";
import { apply, literal, mapScalar, select, substitute, walkScalar } from "../../loop/build.ts";
import { constant, index, namesIn, type Index } from "../../loop/index-expression.ts";
import type { Axis, Definition, Definitions, Reduce, Scalar, Stage, Work } from "../../loop/loop.ts";
import type { Pass } from "../pass.ts";
import { decided } from "./guards.ts";

/** Terms of the longest sum that is written out. */
const LONGEST = 8;

/** Whether a scalar is a number as soon as its position is. */
const isKnown = (s: Scalar): boolean => {
  let known = true;
  walkScalar(s, (part) => (known &&= !["load", "local", "reduce"].includes(part.kind)));
  return known;
};

/** The known factor of a short sum and what it multiplies; undefined for any other sum. */
export function weighted({ by, over, term, inLanes, inMemory }: Reduce): { readonly weight: Scalar; readonly of: Scalar } | undefined {
  if (by !== "add" || inLanes === true || inMemory === true || term.kind !== "apply" || term.fn !== "mul") return undefined;
  if (sizeOf(over.map(({ extent }) => extent)) > LONGEST) return undefined;
  const [a, b] = term.args as [Scalar, Scalar];
  if (isKnown(a) === isKnown(b)) return undefined;
  return isKnown(a) ? { weight: a, of: b } : { weight: b, of: a };
}

export const unroll: Pass<Definitions> = {
  name: "unroll",
  why: "short sums against known numbers as additions",
  run(definitions) {
    const work = definitions.work.map((item): Work => {
      if (item.kind === "scalar") return item;
      const stages = item.group.stages.map((stage): Stage => {
        const definition = written(stage.definition);
        return definition === stage.definition ? stage : { ...stage, definition };
      });
      const same = stages.every((stage, n) => stage === item.group.stages[n]);
      return same ? item : { ...item, group: { ...item.group, stages } };
    });
    const same = work.every((item, n) => item === definitions.work[n]);
    return same ? definitions : { ...definitions, work };
  },
};

function written(definition: Definition): Definition {
  const value = mapScalar(definition.value, (part) => {
    const found = part.kind === "reduce" ? weighted(part) : undefined;
    return found === undefined ? part : pieces(definition.axes, found.weight, found.of, (part as Reduce).over);
  });
  return value === definition.value ? definition : { ...definition, value };
}

/** The sum at every position that the weight depends on, chosen by position. */
function pieces(axes: readonly Axis[], weight: Scalar, of: Scalar, over: readonly Axis[]): Scalar {
  const [axis, ...rest] = axes;
  if (axis === undefined) return combined(pointsOf(over).map((point) => ({ by: substitute(weight, point), of: substitute(of, point) })));
  const at: Scalar = { kind: "index", dtype: "i32", at: index(axis.name, axis.extent) };
  if (!dependsOn(weight, axis)) return pieces(rest, weight, of, over);
  const [last, ...earlier] = Array.from({ length: axis.extent }, (_, n) => {
    const here = new Map([[axis.name, constant(n)]]);
    return pieces(rest, substitute(weight, here), of, over);
  }).reverse();
  return earlier.reduce<Scalar>(
    (later, piece, n) => select(apply("lt", "bool", at, literal(earlier.length - n, "i32")), piece, later),
    last!,
  );
}

const dependsOn = (s: Scalar, { name }: Axis): boolean => {
  let found = false;
  walkScalar(s, (part) => (found ||= part.kind === "index" && namesIn(part.at).has(name)));
  return found;
};

/** Every position along some axes. */
export const pointsOf = (over: readonly Axis[]): readonly ReadonlyMap<string, Index>[] =>
  over.reduce<readonly ReadonlyMap<string, Index>[]>(
    (points, { name, extent }) =>
      points.flatMap((point) => Array.from({ length: extent }, (_, n) => new Map(point).set(name, constant(n)))),
    [new Map()],
  );

/** Σ by·of, from left to right. */
function combined(terms: readonly { readonly by: Scalar; readonly of: Scalar }[]): Scalar {
  const { dtype } = terms[0]!.of;
  const sum = terms.reduce<Scalar | undefined>((total, { by, of }) => {
    const weight = decided(by);
    if (weight.kind !== "literal") return added(total, apply("mul", dtype, weight, of));
    if (weight.value === 0) return total;
    const size = Math.abs(weight.value);
    const scaled = size === 1 ? of : apply("mul", dtype, literal(size, dtype), of);
    if (weight.value > 0) return added(total, scaled);
    return total === undefined ? apply("neg", dtype, scaled) : apply("sub", dtype, total, scaled);
  }, undefined);
  return sum ?? literal(0, dtype);
}

const added = (total: Scalar | undefined, term: Scalar): Scalar => (total === undefined ? term : apply("add", term.dtype, total, term));
