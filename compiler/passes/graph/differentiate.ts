/**
 * Guarantees one training graph: cotangents of the phase's loss, and the optimizer's writes, appended to the forward nodes.
 *   loss train=%loss   →   … %d_W = dot …, %W_next = sub %W …, write %W ← %W_next
 */

import { reverse } from "../../autodiff/reverse.ts";
import { scopesOf, stepCount, type Trained } from "../../autodiff/scopes.ts";
import { STEP_COUNT, type Phase } from "../../autodiff/update.ts";
import type { Builder } from "../../graph/build.ts";
import { continued } from "../../graph/continued.ts";
import type { Diagnostic } from "../../graph/error.ts";
import type { Graph, Value } from "../../graph/graph.ts";
import { callsOn } from "../../ops/index.ts";
import type { Pass } from "../pass.ts";

/** `counts`: this phase ends the step, so it advances the step count. `hear` hears the update rule's warnings. */
export function differentiate(
  phase: Phase | undefined,
  { counts, hear }: { readonly counts: boolean; readonly hear?: (advice: Diagnostic) => void },
): Pass<Graph> {
  return {
    name: "differentiate",
    why: "append cotangents and the optimizer's updates",
    run(graph) {
      if (phase === undefined) return graph;
      const builder = continued(graph);
      const loss = builder.results.find((result) => result.kind === "loss" && result.name === phase.name);
      if (loss === undefined) return graph;
      const parameters = builder.nodes.flatMap((node, at) => {
        const trained = node.op === "param" && node.attrs["trainable"] !== false;
        return trained && (phase.parameters?.includes(node.name) ?? true) ? [at as Value] : [];
      });
      const gradients = reverse(builder, loss.value, parameters);
      const trained = parameters.flatMap((parameter, n): Trained[] => {
        const gradient = gradients[n];
        return gradient === undefined ? [] : [{ parameter, gradient }];
      });
      phase.rule.update(scopesOf(builder, phase, trained, hear));
      if (counts) countStep(builder, phase.site ?? builder.node(loss.value).origin.site);
      return builder.graph();
    },
  };
}

function countStep(builder: Builder, site: string): void {
  builder.origin = { role: "update", of: STEP_COUNT, rule: "count", site };
  const g = callsOn(builder);
  const before = stepCount(builder);
  const after = g.add(before, g.literal(1, "i32"));
  builder.rename(after, `${STEP_COUNT}_next`);
  builder.results.push({ kind: "write", target: before, value: after });
}
