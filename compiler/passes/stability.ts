/**
 * Guarantees that logarithms of probabilities are computed from what the probabilities came from; runs before differentiation, so
 * that gradients are stable too. Equal in real arithmetic, better in floating point: where e^x underflows, log(e^x) is −∞ and x is not.
 *   %p = div (exp %x) (Σ exp %x), %l = log %p   →   %l = sub %x (log (Σ exp %x))
 */

import type { Graph, Value } from "../graph/graph.ts";
import { sameShape } from "../graph/type.ts";
import type { Calls } from "../ops/index.ts";
import { numbers } from "../ops/op.ts";
import type { Pass } from "./pass.ts";
import { applyRules, match, rule, variable, type Found, type Pattern, type Rule } from "./rule.ts";

const x = variable("x");
const c = variable("c");

const isZero = (of: Pattern): Pattern => match("eq", [of, 0]);

/**
 * A logarithm, and the two forms in which losses keep it from what has no weight: log(c ? p : 1), where log 1 is 0; and
 * log(t ≠ 0 ∨ p ≠ 0 ? p : 1), whose condition holds for every real p above 0.
 */
function logarithm(
  of: string,
  p: Pattern,
  becomes: string,
  right: (found: Found) => Value | undefined,
): readonly Rule[] {
  const hasWeight = match("not", [match("and", [isZero(variable("t")), isZero(p)])]);
  return [
    rule(`log(${of}) → ${becomes}`, match("log", [p]), right),
    rule(`log(t ≠ 0 ∨ p ≠ 0 ? p : 1) → ${becomes} for p = ${of}`, match("log", [match("where", [hasWeight, p, 1])]), right),
    rule(`log(c ? ${of} : 1) → c ? ${becomes} : 0`, match("log", [match("where", [c, p, 1])]), (found) => {
      const stable = right(found);
      const { value, g } = found;
      return stable === undefined ? undefined : g.where(value["c"]!, stable, zero(g, stable));
    }),
  ];
} // prettier-ignore

const exps = match("exp", [x], "exps");
/** Layers shift x by its largest element first; the shift is part of what x stands for here. */
const softmax = match("div", [exps, match("broadcast", [match("sum", [exps])])]);

/** log(1 + e^−|x|): whichever sign x has, the exponential shrinks. */
const tail = (g: Calls, of: Value): Value => g.log1p(g.exp(g.neg(g.abs(of))));
const zero = (g: Calls, like: Value): Value => g.literal(0, g.typeOf(like).dtype);

export const stabilityRules: readonly Rule[] = [
  ...logarithm("softmax(x)", softmax, "x − logsumexp(x)", ({ value, node, attrs, g, builder }) => {
    const axes = numbers(attrs["broadcast"]!, "axes");
    if (!sameShape(axes, numbers(attrs["sum"]!, "axes"))) return undefined;
    const logTotal = g.log(node["sum"]!);
    builder.rename(logTotal, "logTotal");
    return g.sub(value["x"]!, g.broadcast(logTotal, { axes, size: numbers(attrs["broadcast"]!, "size") }));
  }),
  ...logarithm("sigmoid(x)", match("sigmoid", [x]), "min(x, 0) − log1p(e^−|x|)", ({ value, g }) =>
    g.sub(g.min(value["x"]!, zero(g, value["x"]!)), tail(g, value["x"]!))),
  ...logarithm("1 − sigmoid(x)", match("sub", [1, match("sigmoid", [x])]), "−max(x, 0) − log1p(e^−|x|)", ({ value, g }) =>
    g.sub(g.neg(g.max(value["x"]!, zero(g, value["x"]!))), tail(g, value["x"]!))),
]; // prettier-ignore

export const stability: Pass<Graph> = {
  name: "stability",
  why: "logarithms of softmax and sigmoid from their arguments: no probability underflows on the way",
  approximate: true,
  run: (graph, fired) => applyRules(graph, stabilityRules, fired),
};
