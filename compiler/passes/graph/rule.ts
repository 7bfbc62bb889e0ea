/** Guarantees that an identity is written as two sides and a law, and matched directly on the nodes. */

import type { Builder } from "../../graph/build.ts";
import type { Attrs, Graph, Value } from "../../graph/graph.ts";
import type { Calls, OpName } from "../../ops/index.ts";
import { rewrite } from "./rewrite.ts";

/** A side of a rule: a variable, a literal number, or an op over patterns. */
export type Pattern =
  /** `seen`: what the right side then sees it as, perhaps behind movements. */
  | { readonly kind: "variable"; readonly name: string; readonly seen?: Pattern }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "any number"; readonly name: string }
  | {
      readonly kind: "op";
      readonly op: OpName;
      readonly inputs: readonly Pattern[];
      readonly as: string;
    };

export const variable = (name: string, seen?: Pattern): Pattern => ({ kind: "variable", name, ...(seen === undefined ? {} : { seen }) });
export const anyNumber = (name: string): Pattern => ({ kind: "any number", name });
const lift = (p: Pattern | number): Pattern => (typeof p === "number" ? { kind: "number", value: p } : p);

/** op(…); `as` names the node, to read its attributes or its value. */
export const match = (op: OpName, inputs: readonly (Pattern | number)[], as: string = op): Pattern => ({
  kind: "op",
  op,
  inputs: inputs.map(lift),
  as,
});

/** What a match found: values by variable, nodes and their attributes by the name of the node. */
export interface Found {
  readonly value: Readonly<Record<string, Value>>;
  readonly node: Readonly<Record<string, Value>>;
  readonly attrs: Readonly<Record<string, Attrs>>;
  readonly g: Calls;
  readonly builder: Builder;
}

export interface Rule {
  readonly law: string;
  readonly left: Extract<Pattern, { kind: "op" }>;
  /** The right side, or undefined where a side condition fails. */
  readonly right: (found: Found) => Value | undefined;
}

export function rule(law: string, left: Pattern, right: Rule["right"]): Rule {
  if (left.kind !== "op") throw new TypeError(`rule "${law}": the left side is an op`);
  return { law, left, right };
}

interface Bindings {
  readonly value: Record<string, Value>;
  readonly node: Record<string, Value>;
  readonly attrs: Record<string, Attrs>;
}

/** What a value is, seen as a pattern; undefined where it is none. */
export function seenAs(pattern: Pattern, value: Value, { builder, g }: Pick<Found, "builder" | "g">): Found | undefined {
  const into: Bindings = { value: {}, node: {}, attrs: {} };
  return matches(builder, pattern, value, into) ? { ...into, g, builder } : undefined;
}

function matches(builder: Builder, pattern: Pattern, value: Value, into: Bindings): boolean {
  const node = builder.node(value);
  switch (pattern.kind) {
    case "variable":
      if (into.value[pattern.name] !== undefined) return into.value[pattern.name] === value;
      into.value[pattern.name] = value;
      return true;
    case "number":
      return node.op === "literal" && Object.is(node.attrs["value"], pattern.value);
    case "any number":
      into.value[pattern.name] = value;
      return node.op === "literal";
    case "op":
      if (node.op !== pattern.op) return false;
      into.attrs[pattern.as] = node.attrs;
      into.node[pattern.as] = value;
      return pattern.inputs.every((input, n) => matches(builder, input, node.inputs[n]!, into));
  }
}

/** Applies rules until none matches. The trace names each law that did. */
export function applyRules(graph: Graph, rules: readonly Rule[], trace?: (law: string, node: string) => void): Graph {
  const byOp = new Map<string, Rule[]>();
  for (const r of rules) byOp.set(r.left.op, [...(byOp.get(r.left.op) ?? []), r]);
  for (let now = graph; ;) {
    const next = rewrite(now, ({ node, inputs, builder, g }) => {
      for (const r of byOp.get(node.op) ?? []) {
        const into: Bindings = { value: {}, node: {}, attrs: { [r.left.as]: node.attrs } };
        if (!r.left.inputs.every((input, n) => matches(builder, input, inputs[n]!, into))) continue;
        const replacement = r.right({ ...into, g, builder });
        if (replacement === undefined) continue;
        trace?.(r.law, node.name);
        return replacement;
      }
      return undefined;
    });
    if (next === now) return now;
    now = next;
  }
}
