/**
 * Guarantees that no node computes with literals alone, and that a broadcast literal is the literal where elementwise ops read it.
 *   %a = mul 2 3   →   6
 */

import type { Graph } from "../../graph/graph.ts";
import { tensor } from "../../graph/type.ts";
import { opOf } from "../../ops/index.ts";
import type { Pass } from "../pass.ts";
import { rewrite } from "./rewrite.ts";

export const fold: Pass<Graph> = {
  name: "fold",
  why: "constants are evaluated, in float64",
  run: (graph) =>
    rewrite(graph, ({ node, inputs, builder }) => {
      const op = opOf(node.op);
      if (!op.elementwise || inputs.length === 0) return undefined;
      const operands = inputs.map((input) => builder.node(input));
      if (node.type.shape.length === 0 && operands.every((operand) => operand.op === "literal")) {
        const y = tensor(node.type);
        op.evaluate(
          operands.map(({ type, attrs }) => tensor(type, [attrs["value"] as number])),
          node.attrs,
          y,
        );
        return builder.literal(y.data[0]!, node.type.dtype);
      }
      const bare = operands.map((operand, n) => {
        const of = operand.op === "broadcast" ? builder.node(operand.inputs[0]!) : operand;
        return of !== operand && of.op === "literal" ? operand.inputs[0]! : inputs[n]!;
      });
      const changed = bare.some((value, n) => value !== inputs[n]);
      // one operand must keep the shape
      if (!changed || !bare.some((value) => builder.typeOf(value).shape.length > 0)) return undefined;
      return builder.append(op, bare, node.attrs);
    }),
};
