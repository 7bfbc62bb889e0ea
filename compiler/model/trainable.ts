/** Which parameters train, by patterns of their names: what does not is no target of a gradient, and has no optimizer state. */

import type { Context } from "./context.ts";
import { covers } from "./layers/layer.ts";

/** A pattern of names: * stands for any letters, dots among them. */
export function matches(pattern: string, parameter: string): boolean {
  if (!pattern.includes("*")) return covers(pattern, parameter);
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(parameter);
}

/** Freezes the parameters that the patterns leave out. Throws a ModelError for a pattern that fits none. */
export function freezeOthers(c: Context, patterns: readonly string[]): void {
  const { nodes } = c.builder;
  const declared = nodes.flatMap(({ op, name }) => (op === "param" ? [name] : []));
  const rules = patterns.map((pattern) => ({ pattern, trains: !pattern.startsWith("!"), of: pattern.replace(/^!/, "") }));
  for (const { pattern, of } of rules)
    if (!declared.some((name) => matches(of, name)))
      c.fail(
        "model/trainable",
        `trainable names ${JSON.stringify(pattern)}, but no parameter or layer is called that`,
        `The parameters are ${declared.join(", ")}.`,
      );
  nodes.forEach((node, at) => {
    if (node.op !== "param" || node.attrs["trainable"] === false) return;
    // where all rules say what does not train, the others do
    const trains = rules.findLast(({ of }) => matches(of, node.name))?.trains ?? rules.every((rule) => !rule.trains);
    if (!trains) nodes[at] = { ...node, attrs: { ...node.attrs, trainable: false } };
  });
}
