/**
 * Guarantees that logarithms of probabilities are computed from what the probabilities came from; runs before differentiation, so
 * that gradients are stable too. Equal in real arithmetic, better in floating point: where e^x underflows, log(e^x) is −∞ and x is not.
 *   %p = div (exp %x) (Σ exp %x), %l = log %p   →   %l = sub %x (log (Σ exp %x))
 * Movements between the probabilities and their logarithm are looked through: log(pᵀ) is (log p)ᵀ.
 */

import type { Graph, Value } from "../../graph/graph.ts";
import { sameShape } from "../../graph/type.ts";
import { opOf, type Calls, type OpName } from "../../ops/index.ts";
import { numbers } from "../../ops/op.ts";
import type { Pass } from "../pass.ts";
import { applyRules, match, rule, seenAs, variable, type Found, type Pattern, type Rule } from "./rule.ts";

const x = variable("x");
const c = variable("c");

const isZero = (of: Pattern): Pattern => match("eq", [of, 0]);

/** Movements: each element of the result is one of the operand's, so that the logarithm may be taken before it. */
const MOVES: ReadonlySet<string> = new Set([
  "transpose",
  "reshape",
  "slice",
  "broadcast",
  "reverse",
  "identity",
  "stopGradient",
] satisfies OpName[]);

/** What stands behind movements, by the stable form of its logarithm: that, moved likewise. */
function behind(p: Value, found: Found, stable: (p: Value) => Value | undefined): Value | undefined {
  const { op, inputs, attrs } = found.builder.node(p);
  if (!MOVES.has(op)) return stable(p);
  const inner = behind(inputs[0]!, found, stable);
  return inner === undefined ? undefined : found.builder.append(opOf(op), [inner], attrs);
}

/**
 * A logarithm of p, or of a movement of p, and the two forms in which losses keep it from what has no weight: log(c ? p : 1), where log 1
 * is 0; and log(t ≠ 0 ∨ p ≠ 0 ? p : 1), whose condition holds for every real p above 0.
 */
function logarithm(of: string, p: Pattern, becomes: string, right: (found: Found) => Value | undefined): readonly Rule[] {
  const any = variable("p", p);
  const hasWeight = match("not", [match("and", [isZero(variable("t")), isZero(any)])]);
  const stable = (found: Found): Value | undefined =>
    behind(found.value["p"]!, found, (source) => {
      const seen = seenAs(p, source, found);
      return seen === undefined ? undefined : right(seen);
    });
  return [
    rule(`log(${of}) → ${becomes}`, match("log", [any]), stable),
    rule(`log(t ≠ 0 ∨ p ≠ 0 ? p : 1) → ${becomes} for p = ${of}`, match("log", [match("where", [hasWeight, any, 1])]), stable),
    rule(`log(c ? ${of} : 1) → c ? ${becomes} : 0`, match("log", [match("where", [c, any, 1])]), (found) => {
      const moved = stable(found);
      const { value, g } = found;
      return moved === undefined ? undefined : g.where(value["c"]!, moved, zero(g, moved));
    }),
  ];
}

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
    g.sub(g.min(value["x"]!, zero(g, value["x"]!)), tail(g, value["x"]!)),
  ),
  ...logarithm("1 − sigmoid(x)", match("sub", [1, variable("q", match("sigmoid", [x]))]), "−max(x, 0) − log1p(e^−|x|)", (found) =>
    behind(found.value["q"]!, found, (source) => {
      const seen = seenAs(match("sigmoid", [x]), source, found);
      if (seen === undefined) return undefined;
      const { value, g } = seen;
      return g.sub(g.neg(g.max(value["x"]!, zero(g, value["x"]!))), tail(g, value["x"]!));
    }),
  ),
];

export const stability: Pass<Graph> = {
  name: "stability",
  why: "logarithms of softmax and sigmoid from their arguments: no probability underflows on the way",
  approximate: true,
  run: (graph, fired) => applyRules(graph, stabilityRules, fired),
};
