/**
 * Guarantees one training graph: cotangents of the phase's loss, and the optimizer's writes, appended to the forward nodes.
 *   loss train=%loss   →   … %d_W = dot …, %W_next = sub %W …, write %W ← %W_next
 */

import { reverse } from "../autodiff/reverse.ts";
import { STEP_COUNT, type Phase, type UpdateScope } from "../autodiff/update.ts";
import { Builder } from "../graph/build.ts";
import type { Attr, Graph, Value } from "../graph/graph.ts";
import type { DType, TensorType } from "../graph/type.ts";
import { callsOn, opOf } from "../ops/index.ts";
import type { Pass } from "./pass.ts";

/** A builder that continues a graph. */
export function continued(graph: Graph): Builder {
  const builder = new Builder(graph.name);
  builder.reserve(graph.nodes.filter((node) => node.op !== "literal").map((node) => node.name));
  builder.reserve(graph.aliases.map((alias) => alias.name));
  const moved: Value[] = [];
  for (const node of graph.nodes) moved.push(builder.keep(node, node.inputs.map((input) => moved[input]!))); // prettier-ignore
  for (const result of graph.results)
    if (result.kind !== "write") builder.results.push({ ...result, value: moved[result.value]! });
    else
      builder.results.push({
        ...result,
        target: moved[result.target]!,
        value: moved[result.value]!,
      });
  builder.aliases.push(...graph.aliases.map((alias) => ({ ...alias, value: moved[alias.value]! })));
  return builder;
}

const leafNamed = (builder: Builder, name: string): Value | undefined => {
  const at = builder.nodes.findIndex((node) => node.name === name && opOf(node.op).leaf);
  return at < 0 ? undefined : (at as Value);
};

/** Storage by name; appended where the graph has none of that name. */
function storage(
  builder: Builder,
  op: "state" | "hyper",
  name: string,
  type: TensorType,
  attrs: Record<string, Attr>,
): Value {
  return leafNamed(builder, name) ?? builder.append(opOf(op), [], attrs, name, type);
}

/** `counts`: this phase ends the step, so it advances the step count. */
export function differentiate(
  phase: Phase | undefined,
  { counts }: { readonly counts: boolean },
): Pass<Graph> {
  return {
    name: "differentiate",
    why: "append cotangents and the optimizer's updates",
    run(graph) {
      if (phase === undefined) return graph;
      const builder = continued(graph);
      const loss = builder.results.find(
        (result) => result.kind === "loss" && result.name === phase.name,
      );
      if (loss === undefined) return graph;
      const parameters = builder.nodes.flatMap((node, at) => {
        const trained = node.op === "param" && node.attrs["trainable"] !== false;
        return trained && (phase.parameters?.includes(node.name) ?? true) ? [at as Value] : [];
      });
      const gradients = reverse(builder, loss.value, parameters);
      const shared = new Map<string, Value>();
      parameters.forEach((parameter, n) => {
        const gradient = gradients[n];
        if (gradient !== undefined) update(builder, phase, parameter, gradient, shared);
      });
      if (counts) countStep(builder, builder.node(loss.value).origin.site);
      return builder.graph();
    },
  };
}

function update(
  builder: Builder,
  phase: Phase,
  parameter: Value,
  gradient: Value,
  shared: Map<string, Value>,
): void {
  const { name, type, origin } = builder.node(parameter);
  const as = (of: string): void => {
    builder.origin = { role: "update", of, rule: phase.rule.name, site: origin.site };
  };
  const scalar: TensorType = { dtype: type.dtype as DType, shape: [] };
  const write = (target: Value, value: Value): void => {
    builder.results.push({ kind: "write", target, value });
    if (builder.node(value).op !== "literal" && !opOf(builder.node(value).op).leaf && builder.node(value).origin.role === "update")
      builder.rename(value, `${builder.node(target).name}_next`);
  }; // prettier-ignore
  const mark = builder.nodes.length;
  as(name);
  const scope: UpdateScope = {
    g: callsOn(builder),
    builder,
    parameter,
    gradient,
    state: (of, initial) =>
      storage(builder, "state", `${name}.${of}`, type, { initial: ["constant", initial] }),
    hyper: (of, value) => storage(builder, "hyper", of, scalar, { value }),
    shared(key, make) {
      const known = shared.get(key);
      if (known !== undefined) return known;
      const before = builder.origin;
      as(key);
      const value = make({ state: (of, initial) => storage(builder, "state", of, scalar, { initial: ["constant", initial] }), write }); // prettier-ignore
      const node = builder.node(value);
      if (!node.name.endsWith("_next") && !opOf(node.op).leaf) builder.rename(value, key);
      shared.set(key, value);
      builder.origin = before;
      return value;
    },
    write,
  };
  phase.rule.update(scope);
  for (let at = mark; at < builder.nodes.length; at++) {
    const node = builder.nodes[at]!;
    if (node.name === node.op || /^[a-z0-9]+_\d+$/i.test(node.name) && node.name.startsWith(`${node.op}_`))
      if (node.op !== "literal" && node.origin.role === "update") builder.rename(at as Value, `${node.origin.of}_${node.op}`);
  } // prettier-ignore
}

function countStep(builder: Builder, site: string): void {
  builder.origin = { role: "update", of: STEP_COUNT, rule: "count", site };
  const g = callsOn(builder);
  const before = storage(
    builder,
    "state",
    STEP_COUNT,
    { dtype: "i32", shape: [] },
    { initial: ["constant", 0] },
  );
  const after = g.add(before, g.literal(1, "i32"));
  builder.rename(after, `${STEP_COUNT}_next`);
  builder.results.push({ kind: "write", target: before, value: after });
}
