/**
 * Guarantees exact identities of arithmetic; later passes may assume that literals stand on the right.
 *   %a = add %x 0   →   (gone: %a names %x)
 */

import type { Graph } from "../../graph/graph.ts";
import type { OpName } from "../../ops/index.ts";
import type { Pass } from "../pass.ts";
import { anyNumber, applyRules, match, rule, variable, type Rule } from "./rule.ts";

const x = variable("x");
const y = variable("y");
const c = variable("c");
const n = anyNumber("n");

/** A literal on the left goes to the right, so that no rule needs a twin. */
const toTheRight = (op: OpName, law: string): Rule =>
  rule(law, match(op, [n, x]), ({ value, g, builder }) =>
    builder.node(value["x"]!).op === "literal" ? undefined : g.elementwise(op as "add", [value["x"]!, value["n"]!]),
  );

export const algebraRules: readonly Rule[] = [
  toTheRight("add", "n + x → x + n"),
  toTheRight("mul", "n·x → x·n"),
  // exact but for the sign of zero: −0 + 0 is +0
  rule("x + 0 → x", match("add", [x, 0]), ({ value }) => value["x"]),
  rule("x − 0 → x", match("sub", [x, 0]), ({ value }) => value["x"]),
  rule("0 − x → −x", match("sub", [0, x]), ({ value, g }) => g.neg(value["x"]!)),
  rule("x·1 → x", match("mul", [x, 1]), ({ value }) => value["x"]),
  rule("x·(−1) → −x", match("mul", [x, -1]), ({ value, g }) => g.neg(value["x"]!)),
  rule("x / 1 → x", match("div", [x, 1]), ({ value }) => value["x"]),
  rule("x^1 → x", match("pow", [x, 1]), ({ value }) => value["x"]),
  rule("x² → x·x", match("pow", [x, 2]), ({ value, g }) => g.mul(value["x"]!, value["x"]!)),
  rule("−(−x) → x", match("neg", [match("neg", [x])]), ({ value }) => value["x"]),
  rule("x + (−y) → x − y", match("add", [x, match("neg", [y])]), ({ value, g }) => g.sub(value["x"]!, value["y"]!)),
  rule("x − (−y) → x + y", match("sub", [x, match("neg", [y])]), ({ value, g }) => g.add(value["x"]!, value["y"]!)),
  rule("(−x)·(−y) → x·y", match("mul", [match("neg", [x]), match("neg", [y])]), ({ value, g }) => g.mul(value["x"]!, value["y"]!)),
  rule("c ? x : x → x", match("where", [c, x, x]), ({ value }) => value["x"]),
  rule("cast to the same type → x", match("cast", [x]), ({ value, attrs, g }) =>
    g.typeOf(value["x"]!).dtype === attrs["cast"]!["to"] ? value["x"] : undefined,
  ),
];

export const algebra: Pass<Graph> = {
  name: "algebra",
  why: "exact identities: x + 0 → x, −(−x) → x, literals to the right",
  run: (graph) => applyRules(graph, algebraRules),
};
