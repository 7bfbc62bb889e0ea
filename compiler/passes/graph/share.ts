/**
 * Guarantees that equal nodes are one node; the later names live on as aliases.
 *   %a = exp %x, %b = exp %x   →   %a = exp %x, %b names %a
 */

import type { Graph, Value } from "../../graph/graph.ts";
import { printType } from "../../graph/type.ts";
import { opOf } from "../../ops/index.ts";
import type { Pass } from "../pass.ts";
import { rewrite } from "./rewrite.ts";

export const share: Pass<Graph> = {
  name: "share",
  why: "equal nodes become one, across forward and backward",
  run(graph) {
    const seen = new Map<string, Value>();
    return rewrite(graph, ({ node, inputs, builder }) => {
      const { leaf, view } = opOf(node.op);
      if (node.op === "literal" || node.op === "identity" || (leaf && !view)) return undefined;
      const { checkpoint: _, ...attrs } = node.attrs; // whether a value is kept does not change it
      const key = `${node.op} ${inputs.join(" ")} ${JSON.stringify(attrs)} ${printType(node.type)}`;
      const known = seen.get(key);
      if (known !== undefined) return known;
      seen.set(key, builder.nodes.length as Value); // where this node will stand
      return undefined;
    });
  },
};
