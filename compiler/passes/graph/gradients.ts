/**
 * Guarantees the graph of the entry point `gradients`: the loss, and its gradient with respect to every trainable parameter and float input.
 *   loss train=%loss   →   … %d_W = dot …, return parameter:W=%d_W input:x=%d_x
 */

import { reverse } from "../../autodiff/reverse.ts";
import type { Phase } from "../../autodiff/update.ts";
import { continued } from "../../graph/continued.ts";
import type { Graph, Value } from "../../graph/graph.ts";
import { isFloat } from "../../graph/type.ts";
import { callsOn } from "../../ops/index.ts";
import type { Pass } from "../pass.ts";

/** What the gradient of a leaf is called among the results. */
export const gradientName = (op: string, name: string): string => `${op === "param" ? "parameter" : "input"}:${name}`;

export const gradients = (phase: Phase): Pass<Graph> => ({
  name: "gradients",
  why: "append the cotangents of parameters and inputs",
  run(graph) {
    const builder = continued(graph);
    const loss = builder.results.find((result) => result.kind === "loss" && result.name === phase.name);
    if (loss === undefined) return graph;
    const leaves = builder.nodes.flatMap((node, at) => {
      const wanted = node.op === "input" || (node.op === "param" && node.attrs["trainable"] !== false);
      return wanted && isFloat(node.type.dtype) ? [at as Value] : [];
    });
    const g = callsOn(builder);
    reverse(builder, loss.value, leaves).forEach((gradient, n) => {
      const { name, op, type, origin } = builder.node(leaves[n]!);
      builder.origin = { role: "cotangent", of: name, op, rule: "d_x = 0", site: origin.site };
      const zero = (): Value => {
        const literal = g.literal(0, type.dtype);
        return type.shape.length === 0 ? literal : g.broadcast(literal, { axes: type.shape.map((_, axis) => axis), size: type.shape });
      };
      builder.results.push({
        kind: "output",
        name: gradientName(op, name),
        value: gradient ?? zero(),
      });
    });
    return builder.graph();
  },
});
