/**
 * Guarantees that movements which undo each other are gone, and that what stands beside each other is no sum (apart.ts); runs after differentiation, so stopGradient and customVjp have done their work.
 *   %b = transpose (transpose %x [1,0]) [1,0]   →   (gone: %b names %x)
 */

import type { Attrs, Graph } from "../../graph/graph.ts";
import { sameShape } from "../../graph/type.ts";
import { numbers } from "../../ops/op.ts";
import type { Pass } from "../pass.ts";
import { apartRules } from "./apart.ts";
import { applyRules, match, rule, variable, type Rule } from "./rule.ts";

const x = variable("x");
const orderOf = (attrs: Attrs): readonly number[] => numbers(attrs, "order");
const isIdentity = (order: readonly number[]): boolean => order.every((axis, n) => axis === n);

export const movementRules: readonly Rule[] = [
  rule("stopGradient(x) → x", match("stopGradient", [x]), ({ value }) => value["x"]),
  rule("customVjp(y, …) → y", match("customVjp", [x]), ({ value }) => value["x"]),
  rule("xᵀ with the axes in place → x", match("transpose", [x]), ({ value, attrs }) =>
    isIdentity(orderOf(attrs["transpose"]!)) ? value["x"] : undefined,
  ),
  rule("(xᵖ)^q → x^(p∘q)", match("transpose", [match("transpose", [x], "inner")], "outer"), ({ value, attrs, g }) => {
    const inner = orderOf(attrs["inner"]!);
    return g.transpose(value["x"]!, { order: orderOf(attrs["outer"]!).map((axis) => inner[axis]!) });
  }),
  rule("reshape to the same shape → x", match("reshape", [x]), ({ value, attrs, g }) =>
    sameShape(g.typeOf(value["x"]!).shape, numbers(attrs["reshape"]!, "shape")) ? value["x"] : undefined,
  ),
  rule("reshape(reshape(x)) → reshape(x)", match("reshape", [match("reshape", [x], "inner")], "outer"), ({ value, attrs, g }) =>
    g.reshape(value["x"]!, { shape: numbers(attrs["outer"]!, "shape") }),
  ),
  rule("broadcast along no axis → x", match("broadcast", [x]), ({ value, attrs }) =>
    numbers(attrs["broadcast"]!, "axes").length === 0 ? value["x"] : undefined,
  ),
  rule("Σ over no axis → x", match("sum", [x]), ({ value, attrs }) =>
    numbers(attrs["sum"]!, "axes").length === 0 ? value["x"] : undefined,
  ),
  ...apartRules,
];

export const movement: Pass<Graph> = {
  name: "movement",
  why: "movements that undo each other: transpose of transpose, reshape of reshape",
  run: (graph) => applyRules(graph, movementRules),
};
