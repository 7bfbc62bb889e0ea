/** Guarantees that a model's own gradient rule is part of the graph: declared once, replayed for each cotangent. */

import { ShapeError } from "../graph/error.ts";
import type { Value } from "../graph/graph.ts";
import { sameType } from "../graph/type.ts";
import { literal } from "../loop/build.ts";
import type { Op } from "./op.ts";

/** The place of the cotangent in a declared rule. Nothing evaluates it: the rule is replayed with the real one. */
export const hole: Op<"hole", []> = {
  name: "hole",
  arity: 0,
  leaf: true,
  view: true,
  exact: true,
  maths: () => "d_y",
  infer(_, __, declared) {
    if (declared === undefined) throw new TypeError("a hole has a declared type");
    return declared;
  },
  laws: [],
  vjp: () => {
    throw new TypeError("a hole has no operands");
  },
  evaluate: (_, __, y) => {
    y.data.fill(0);
  },
  define: ({ type }) => literal(0, type.dtype),
  samples: [],
};

const RULE = "d_x by the model's own rule";

/** y itself, with the gradient that the model declares. After y and the hole go the n inputs, then n gradients as the rule computes them from the hole. */
export const customVjp: Op<"customVjp", readonly [y: Value, d_y: Value, ...rest: readonly Value[]], { readonly inputs: number }> = {
  name: "customVjp",
  arity: "many",
  view: true,
  exact: true,
  maths: ([y]) => y,
  infer(operands, { inputs: n }) {
    const [y, cotangent, ...rest] = operands;
    const labelled = operands.map((type, at) => ({
      label: at === 0 ? "y" : at === 1 ? "d_y" : at < 2 + n ? `x${at - 2}` : `d_x${at - 2 - n}`,
      type,
    }));
    if (!sameType(y, cotangent) || rest.length !== 2 * n || !rest.slice(0, n).every((x, at) => sameType(x, rest[n + at]!)))
      throw new ShapeError(
        "customVjp",
        "needs a gradient of the type of each input",
        labelled,
        "Return one gradient an input, of its shape.",
      );
    return y;
  },
  laws: [RULE],
  lawAt: (at, attrs) => (at >= 2 && at < 2 + attrs.inputs ? RULE : null),
  vjp({ inputs, node, cotangent, replay }, at) {
    return replay(inputs[at + node.attrs.inputs]!, inputs[1], cotangent);
  },
  evaluate([y], _, out) {
    out.data.set(y.data);
  },
  define: ({ at, read }) => read[0](...at),
  samples: [],
};
