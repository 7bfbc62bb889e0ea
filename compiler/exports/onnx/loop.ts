/** A scan as ONNX's Scan: its body is a graph that reads what is outside by name. */

import type { Node, Value } from "../../graph/graph.ts";
import { operandOf, type ScanAttrs } from "../../ops/scan-attrs.ts";
import { bodiesOf } from "../twin.ts";
import { Emission } from "./emission.ts";
import type { OnnxValue } from "./proto.ts";

export function loop(e: Emission, value: Value, node: Node): void {
  const { body, carries, sequences, reverse } = node.attrs as ScanAttrs;
  const twins = bodiesOf(e.twins, node, e.twins.other?.graph.nodes[value]);
  const inner = new Emission(twins, e.shared, e.source);
  const slots = new Map<number, Value>();
  body.nodes.forEach((one, at) => {
    if (one.op === "input") slots.set(operandOf(one), at as Value); // every index is one
  });
  const inputs = Array.from({ length: carries + sequences }, (_, n): OnnxValue => {
    const own = slots.get(n);
    const outer = node.inputs[n]!;
    const name = inner.unique(own === undefined ? "unread" : body.nodes[own]!.name);
    const dims = n < carries ? e.shape(outer) : e.shape(outer).slice(1);
    if (own !== undefined) inner.set(own, name);
    return { name, dtype: e.node(outer).type.dtype, dims };
  });
  // constants of the loop are read from outside, by name
  for (const [n, own] of slots) if (n >= carries + sequences) inner.set(own, e.full(node.inputs[n]!));
  e.shared.emit(
    inner,
    body.results.map((result) => result.value),
  );
  const outputs = body.results.map((result, n): OnnxValue => {
    const made = inner.full(result.value);
    const name = inner.op("Identity", [made], {}, n < carries ? "carried" : "stacked");
    return { name, dtype: body.nodes[result.value]!.type.dtype, dims: inner.shape(result.value) };
  });
  const results = body.results.map((_, n) => e.unique(`${node.name}_${n}`));
  e.nodes.push({
    op: "Scan",
    name: e.unique(node.name),
    inputs: node.inputs.slice(0, carries + sequences).map((input) => e.full(input)),
    outputs: results,
    attributes: {
      body: { name: body.name, nodes: inner.nodes, initializers: [], inputs, outputs },
      num_scan_inputs: sequences,
      ...(reverse
        ? {
            scan_input_directions: Array.from({ length: sequences }, () => 1),
            scan_output_directions: body.results.slice(carries).map(() => 1),
          }
        : {}),
    },
  });
  e.parts.set(value, results);
}
