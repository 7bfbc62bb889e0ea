/** The order in which values and gradients become known: forward along the nodes, backward against them. */

import { formula, slopeText, type Circuit, type Evaluated } from "./circuit.ts";
import { shown } from "../dom.ts";

export interface Step {
  readonly direction: "forward" | "backward";
  readonly node: number;
}

/** Every operation once forward; then the result itself, whose gradient is 1, and every operation once backward. */
export function stepsOf({ nodes }: Circuit): Step[] {
  const applied = nodes.flatMap((node, at) => (node.kind === "apply" ? [at] : []));
  return [
    ...applied.map((node): Step => ({ direction: "forward", node })),
    ...applied.toReversed().map((node): Step => ({ direction: "backward", node })),
  ];
}

/** What is known once the first `done` steps are. */
export function knownAfter(
  circuit: Circuit,
  steps: readonly Step[],
  done: number,
): { readonly values: boolean[]; readonly gradients: boolean[] } {
  const made = steps.slice(0, done);
  const went = (direction: Step["direction"], node: number): boolean =>
    made.some((step) => step.direction === direction && step.node === node);
  const { nodes } = circuit;
  const values = nodes.map((node, at) => node.kind !== "apply" || went("forward", at));
  const begun = made.some(({ direction }) => direction === "backward");
  const gradients = nodes.map((node, at) => {
    if (node.kind === "number") return false;
    if (at === nodes.length - 1) return begun;
    const users = nodes.flatMap((user, n) => (user.kind === "apply" && user.of.includes(at) ? [n] : []));
    return users.every((user) => went("backward", user));
  });
  return { values, gradients };
}

/** One step in words. */
export function told({ nodes }: Circuit, { values, gradients, slopes }: Evaluated, { direction, node: at }: Step): string {
  const node = nodes[at]!;
  if (node.kind !== "apply") return "";
  const top = nodes.at(-1)!.name;
  if (direction === "forward") return `Forward: ${node.name} = ${formula(nodes, at, false)} = ${shown(values[at]!)}.`;
  const parts = node.of.flatMap((operand, n) => {
    const name = nodes[operand]!.name;
    if (nodes[operand]!.kind === "number") return [];
    return [
      `to ${name}: ${shown(gradients[at]!)} × ${shown(slopes[at]![n]!)} = ${shown(gradients[at]! * slopes[at]![n]!)}, where ∂${node.name}/∂${name} is ${slopeText(nodes, at, n)}`,
    ];
  });
  const from =
    at === nodes.length - 1
      ? `the gradient of ${top} by itself is 1`
      : `∂${top}/∂${node.name} = ${shown(gradients[at]!)} arrives at ${node.name}`;
  return `Backward: ${from}; on it goes ${parts.join("; ")}.`;
}
