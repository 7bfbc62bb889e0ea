/** Guarantees the law of short batches for one recipe: at `count` the model is what it would be if compiled for a batch of so many. */

import { drawLeaf, fedLeaves } from "../../compiler/check/draw.ts";
import { evaluateResults } from "../../compiler/check/evaluate.ts";
import type { Graph, Node } from "../../compiler/graph/graph.ts";
import { sizeOf } from "../../compiler/graph/type.ts";
import { citation } from "../../compiler/driver/citation.ts";
import { Context, within } from "../../compiler/model/context.ts";
import type { Model, Traced } from "../../compiler/model/declaration.ts";
import type { Scalar } from "../../compiler/model/tensor.ts";
import { gradients } from "../../compiler/passes/graph/gradients.ts";

const NOBODY = citation(undefined);

export const traced = (model: Model, batch: number, entry: "train" | "evaluate" = "train"): Traced =>
  model.trace({ entry, batch, float: "f64", small: false, citation: NOBODY });

/** Loss, and gradients of the parameters, by name. */
export type Meaning = ReadonlyMap<string, Float64Array>;

/** Inputs of the first `count` rows as drawn for a batch; what a short batch has beyond them is drawn apart. */
export function feed(nodes: readonly Node[], rows: number, count: number, seed: number): Map<string, Float64Array> {
  // a leaf has its ordinal whatever the batch and whether rows are counted, and another one for what lies beyond the real rows
  const counted = nodes.filter(({ op }) => op !== "count");
  const drawn = (node: Node, ordinal: number): Float64Array => drawLeaf(node, seed, count, { ordinal, domain: "normal" });
  return new Map(
    nodes.map((node) => {
      const n = counted.indexOf(node);
      const size = sizeOf(node.type.shape);
      if (node.op !== "input") return [node.name, drawn(node, n)];
      const perRow = size / rows;
      const whole = { ...node, type: { ...node.type, shape: [size * 8] } }; // the same numbers first, whatever the batch
      const data = drawn(whole, n).slice(0, size);
      const others = drawn(node, n + nodes.length);
      for (let at = count * perRow; at < size; at++) data[at] = others[at]!;
      return [node.name, data];
    }),
  );
}

export function meaningOf(trace: Traced, rows: number, count: number, seed: number): Meaning {
  const [phase] = trace.phases;
  const graph = gradients(phase!).run(trace.graph);
  const { losses, outputs } = evaluateResults(graph, feed(fedLeaves(graph), rows, count, seed));
  const found = [...outputs].flatMap(([name, { data }]) => (name.startsWith("parameter:") ? [[name, data] as const] : []));
  return new Map([["loss", Float64Array.of(losses.get(phase!.name)!)], ...found]);
}

/** The first element that differs by more than rounding, in words. */
export function apart(found: Meaning, expected: Meaning, bound: number): string | undefined {
  for (const [name, values] of expected) {
    const other = found.get(name)!;
    const size = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const at = values.findIndex((value, n) => !(Math.abs(value - other[n]!) <= bound * size));
    if (at >= 0) return `${name}[${at}] is ${other[at]}, not ${values[at]}`;
  }
  return undefined;
}

/** A declaration without any knowledge of rows: means over all elements. */
export function plainOf(declare: () => { readonly loss: Scalar }): Graph {
  const c = new Context("plain", "f64", NOBODY, { training: true, small: false, batch: 1 });
  const { loss } = within(c, declare);
  return { ...c.builder.graph(), results: [{ kind: "loss", name: "train", value: loss.value }] };
}
