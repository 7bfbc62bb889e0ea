/**
 * Sums of tensors among zeros that stand beside each other, as gradients of slices do: one value of which each part is put where it belongs.
 *   %s = add (pad %a {high=[2]}) (pad %b {low=[3]})   →   %s = concat %a %b
 * Exact but for the sign of zero: −0 + 0 is +0.
 */

import type { Value } from "../../graph/graph.ts";
import { numbers } from "../../ops/op.ts";
import { match, rule, variable, type Found, type Rule } from "./rule.ts";

const [x, y] = [variable("x"), variable("y")];
const u = variable("u", match("pad", [variable("v")], "other")); // any tensor of the sum's shape

/** What a pad puts among zeros, and where. */
interface Put {
  readonly value: Value;
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly extents: readonly number[];
}

/** A pad without zeros between neighbours; undefined for anything else. */
function putBy(pad: Value, { builder }: Pick<Found, "builder">): Put | undefined {
  const { op, attrs, inputs } = builder.node(pad);
  if (op !== "pad" || numbers(attrs, "interior").some((zeros) => zeros > 0)) return undefined;
  const value = inputs[0]!;
  return { value, low: numbers(attrs, "low"), high: numbers(attrs, "high"), extents: builder.typeOf(value).shape };
}

/** The sum of two pads that stand beside each other along one axis, and in the same place along all others; undefined where they do not. */
function beside(a: Value, b: Value, found: Pick<Found, "builder" | "g">): Value | undefined {
  const [one, other] = [putBy(a, found), putBy(b, found)];
  if (one === undefined || other === undefined) return undefined;
  const end = ({ low, extents }: Put, axis: number): number => low[axis]! + extents[axis]!;
  const moved = one.low.flatMap((low, axis) => (low === other.low[axis] && end(one, axis) === end(other, axis) ? [] : [axis]));
  const [axis] = moved;
  if (axis === undefined || moved.length > 1) return undefined;
  const [first, second] = one.low[axis]! < other.low[axis]! ? [one, other] : [other, one];
  if (end(first, axis) !== second.low[axis]!) return undefined;
  const { g } = found;
  const parts = [first, second].flatMap(({ value }) => partsAlong(axis, value, found));
  const low = first.low;
  const high = second.high;
  const whole = g.concat(parts, { axis });
  return [...low, ...high].every((zeros) => zeros === 0) ? whole : g.pad(whole, { low, high, interior: low.map(() => 0) });
}

/** What a value is made of along an axis. */
function partsAlong(axis: number, value: Value, { builder }: Pick<Found, "builder">): readonly Value[] {
  const { op, attrs, inputs } = builder.node(value);
  return op === "concat" && attrs["axis"] === axis ? inputs : [value];
}

/** Sums of pads as concatenations. */
export const apartRules: readonly Rule[] = [
  rule("pad(x) + pad(y), x beside y → pad(concat(x, y))", match("add", [match("pad", [x], "a"), match("pad", [y], "b")]), (found) =>
    beside(found.node["a"]!, found.node["b"]!, found),
  ),
  rule(
    "(u + pad(x)) + pad(y), x beside y → u + pad(concat(x, y))",
    match("add", [match("add", [u, match("pad", [x], "a")], "sum"), match("pad", [y], "b")]),
    (found) => after(found.value["u"]!, found.node["a"]!, found.node["b"]!, found),
  ),
  rule(
    "(pad(x) + u) + pad(y), x beside y → u + pad(concat(x, y))",
    match("add", [match("add", [match("pad", [x], "a"), u], "sum"), match("pad", [y], "b")]),
    (found) => after(found.value["u"]!, found.node["a"]!, found.node["b"]!, found),
  ),
];

function after(sum: Value, a: Value, b: Value, found: Found): Value | undefined {
  const joined = beside(a, b, found);
  if (joined === undefined) return undefined;
  return beside(sum, joined, found) ?? found.g.add(sum, joined);
}
