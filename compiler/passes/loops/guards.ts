/** Guarantees that a loop can be cut where a guard changes its mind, and that guards which a range decides disappear. */

import { apply, mapScalar, select, substitute, walkScalar } from "../../loop/build.ts";
import { add, constant, rangeOf, scale, type Index } from "../../loop/index-expression.ts";
import type { Apply, Axis, Group, Scalar } from "../../loop/loop.ts";

/** An integer scalar as an index, where it is one. */
const affine = (s: Scalar | undefined): Index | undefined =>
  s?.kind === "index" ? s.at : s?.kind === "literal" && s.dtype === "i32" ? constant(s.value) : undefined;

/** Of two positions, how far the second lies behind the first; undefined where one is no position. */
function distance(s: Apply): Index | undefined {
  const [a, b] = [affine(s.args[0]), affine(s.args[1])];
  return a === undefined || b === undefined ? undefined : add(b, scale(a, -1));
}

/** What a comparison of positions needs to be at least 0. */
function slack(s: Scalar): Index | undefined {
  if (s.kind !== "apply" || (s.fn !== "lt" && s.fn !== "le")) return undefined;
  const behind = distance(s);
  return behind && add(behind, constant(s.fn === "lt" ? -1 : 0));
}

/** Where along an axis a guard that only this axis moves turns: 0, the turns, the extent. */
export function cutsOf({ stages }: Group, { name, extent }: Axis): readonly number[] {
  const cuts = new Set([0, extent]);
  for (const { definition } of stages)
    walkScalar(definition.value, (part) => {
      const needs = slack(part);
      const [only] = needs?.terms ?? [];
      if (needs?.terms.length !== 1 || only!.atom.kind !== "index" || only!.atom.name !== name) return;
      if (only!.by === 1) cuts.add(-needs.offset);
      if (only!.by === -1) cuts.add(needs.offset + 1);
    });
  return [...cuts].filter((cut) => cut >= 0 && cut <= extent).sort((a, b) => a - b);
}

/** Guards that the ranges of their indices decide become what they select. */
export const decided = (value: Scalar): Scalar =>
  mapScalar(value, (part) => {
    const needs = slack(part);
    if (needs !== undefined) {
      const [low, high] = rangeOf(needs);
      if (low < 0 && high >= 0) return part;
      return { kind: "literal", dtype: "bool", value: low >= 0 ? 1 : 0 };
    }
    if (part.kind === "select") return select(part.when, part.then, part.otherwise);
    if (part.kind !== "apply") return part;
    const behind = part.fn === "eq" ? distance(part) : undefined;
    if (behind !== undefined) {
      const [low, high] = rangeOf(behind);
      if (low <= 0 && high >= 0 && low !== high) return part;
      return { kind: "literal", dtype: "bool", value: low === 0 ? 1 : 0 };
    }
    if (part.fn !== "and") return part;
    const [a, b] = part.args as [Scalar, Scalar];
    if (a.kind === "literal") return a.value === 0 ? a : b;
    if (b.kind === "literal") return b.value === 0 ? b : a;
    return apply("and", "bool", a, b);
  });

/** What is left of a value at a position, its indices untouched: branches that are not taken there are not even looked at. */
export function taken(value: Scalar, where: ReadonlyMap<string, Index>): Scalar {
  const go = (s: Scalar): Scalar => {
    if (s.kind === "apply") return { ...s, args: s.args.map(go) };
    if (s.kind === "round") return { ...s, value: go(s.value) };
    if (s.kind !== "select") return s;
    const when = decided(substitute(s.when, where));
    if (when.kind === "literal") return go(when.value !== 0 ? s.then : s.otherwise);
    return { ...s, then: go(s.then), otherwise: go(s.otherwise) };
  };
  return go(value);
}
