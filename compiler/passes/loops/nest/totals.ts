/** Sums over all loops of a group: begun before them, a term at each point, stored after them. */

import { CompilerFault } from "../../../graph/error.ts";
import { apply, literal, local } from "../../../loop/build.ts";
import { constant, index } from "../../../loop/index-expression.ts";
import { LANES } from "../../../loop/lanes.ts";
import type { Definition, Local, Scalar, Stmt } from "../../../loop/loop.ts";
import { asTotal } from "../../definitions/join.ts";
import { wholeSum } from "../../definitions/rows.ts";
import type { Point } from "../points.ts";
import { Nest } from "./nest.ts";
import { valueAt } from "./values.ts";

/** The totals of a group: begun before all loops, stored after them. */
export function totalsOf(nest: Nest): { readonly before: readonly Stmt[]; readonly after: readonly Stmt[] } {
  const before: Stmt[] = [];
  const after: Stmt[] = [];
  // a value of that name keeps it, so that a reader finds its definition
  const isTaken = nest.group.stages.some(({ definition }) => /^total(?:_\d+)?$/.test(definition.name));
  for (const { definition, storage } of nest.group.stages) {
    if (storage !== "total") continue;
    const { dtype } = definition;
    const begin = (named: string): Stmt => ({ kind: "let", name: named, dtype, value: literal(0, dtype), mutable: true });
    const name = nest.names.take(isTaken ? `${definition.name}_total` : "total");
    before.push(begin(name));
    const total: Local = { kind: "local", dtype, name };
    nest.totals.set(definition.name, total);
    if (wholeSum(definition.value)?.inLanes === true) {
      const four = Array.from({ length: LANES }, (_, lane) => nest.names.take(`${name}_${lane}`));
      nest.fourths.set(definition.name, four);
      before.push(...four.map(begin));
      after.push(...four.map((part) => added(total, local(part, dtype))));
    }
    after.push({ kind: "store", buffer: nest.write(definition), at: constant(0), value: total });
  }
  return { before, after };
}

/** A point's term, added to its total. */
export function addToTotal(nest: Nest, definition: Definition, point: Point): Stmt[] {
  const term = asTotal(definition, nest.group.axes);
  const total = nest.totals.get(definition.name);
  if (term === undefined || total === undefined) throw new CompilerFault("schedule", `%${definition.name} is no total`);
  const four = nest.fourths.get(definition.name);
  const value = valueAt(nest, term, point);
  if (four === undefined) return [added(total, value)];
  // each point's term goes to the next of four sums, which change places; what is left over after whole vectors goes to the total
  const { dtype } = total;
  const [first, ...others] = four.map((name) => local(name, dtype));
  const [next, last] = [nest.names.take(`${total.name}_next`), nest.group.axes.at(-1)!];
  const turn: Stmt[] = [
    { kind: "let", name: next, dtype, value: apply("add", dtype, first!, value), mutable: false },
    ...others.map((one, n): Stmt => ({ kind: "assign", name: four[n]!, value: one })),
    { kind: "assign", name: four.at(-1)!, value: local(next, dtype) },
  ];
  const whole = last.extent - (last.extent % LANES);
  if (whole === last.extent) return turn;
  const at: Scalar = { kind: "index", dtype: "i32", at: point.where.get(last.name) ?? index(last.name, last.extent) };
  const isWhole = apply("lt", "bool", at, literal(whole, "i32"));
  return [
    { kind: "if", when: isWhole, then: turn },
    { kind: "if", when: apply("not", "bool", isWhole), then: [added(total, value)] },
  ];
}

/** s = s + v. */
const added = (to: Local, value: Scalar): Stmt => ({ kind: "assign", name: to.name, value: apply("add", to.dtype, to, value) });
