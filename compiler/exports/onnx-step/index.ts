/** The whole training step as one ONNX graph of standard operators: batch and state in, loss and new state out. */

import type { Graph, Value } from "../../graph/graph.ts";
import { sizeOf } from "../../graph/type.ts";
import type { Engine, Program } from "../engine.ts";
import { Emission, type Shared } from "../onnx/emission.ts";
import { emitBy } from "../onnx/emit.ts";
import { bytesOfModel, readBy, type OnnxModel, type OnnxValue } from "../onnx/proto.ts";
import { isLeaf, STEP_FORMS } from "./forms.ts";

/** The first version with operations on bits. */
const OPSET = 18;
/** What follows the name of a parameter or state that goes out. */
const NEXT = ".next";

/** The step as ONNX has it, before its bytes; phases in order, each seeing what the earlier ones wrote. */
export function onnxStep({ name, version, hash, entries, parameters, state }: Program): OnnxModel {
  const steps = entries.filter(({ kind }) => kind === "step");
  const kept = [...parameters, ...state];
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  const taken = new Set([
    ...kept.flatMap((one) => [one.name, `${one.name}${NEXT}`]),
    ...steps.map((one) => (steps.length > 1 ? one.name : "loss")),
  ]);
  const shared: Shared = { taken, initializers: [], constants: new Map(), emit: (e, wanted) => emitBy(STEP_FORMS, new Map(), e, wanted) };
  /** Under which name each leaf is to be had. */
  const held = new Map<string, string>(kept.map((one) => [one.name, one.name]));
  const fed = new Map<string, string>();
  const nodes = steps.flatMap(({ graph, batch, name: phase }) => {
    const e = new Emission({ graph, batch }, shared, undefined);
    leaves(e, graph);
    const results = graph.results.filter(({ kind }) => kind !== "output");
    shared.emit(
      e,
      results.map(({ value }) => value),
    );
    const written: [string, string][] = [];
    for (const result of results) {
      const { dtype, shape } = graph.nodes[result.value]!.type;
      const made = e.full(result.value);
      if (result.kind === "write") written.push([graph.nodes[result.target]!.name, made]);
      else if (result.kind === "loss") {
        const own = steps.length > 1 ? phase : "loss";
        e.nodes.push({ op: "Identity", name: e.unique(`${own}_out`), inputs: [made], outputs: [own], attributes: {} });
        outputs.push({ name: own, dtype, dims: shape });
      }
    }
    for (const [own, made] of written) held.set(own, made);
    return e.nodes;
  });

  function leaves(e: Emission, graph: Graph): void {
    graph.nodes.forEach((node, at) => {
      if (!isLeaf(node)) return;
      const value = at as Value; // every index is one
      const { dtype, shape } = node.type;
      if (node.op === "param" || node.op === "state") return void e.set(value, held.get(node.name)!);
      if (node.op === "constant") {
        const values = (node.attrs["initial"] as readonly [string, ...number[]]).slice(1) as number[];
        return void e.set(value, e.initializer(node.name, dtype, shape, values.slice(0, sizeOf(shape))));
      }
      const own = fed.get(node.name) ?? e.unique(node.op === "count" ? "count" : node.name);
      if (!fed.has(node.name)) {
        fed.set(node.name, own);
        inputs.push({ name: own, dtype, dims: shape });
      }
      e.set(value, own);
    });
  }

  const copies = kept.map((one) => ({
    op: "Identity",
    name: `${one.name}_out`,
    inputs: [held.get(one.name)!],
    outputs: [`${one.name}${NEXT}`],
    attributes: {},
  }));
  const asValue = (own: string, { dtype, shape }: (typeof kept)[number]): OnnxValue => ({ name: own, dtype, dims: shape });
  const all = [...nodes, ...copies];
  const read = new Set(all.flatMap(readBy));
  return {
    graph: {
      name,
      nodes: all,
      initializers: shared.initializers.filter((one) => read.has(one.name)),
      inputs: [...inputs, ...kept.map((one) => asValue(one.name, one))],
      outputs: [...outputs, ...kept.map((one) => asValue(`${one.name}${NEXT}`, one))],
    },
    producer: "adjoint",
    version,
    metadata: { model: name, graph: hash },
    opset: OPSET,
  };
}

/** A step in ONNX. */
export const onnxStepEngine: Engine = {
  name: "onnx-step",
  file: "step.onnx",
  of: "training",
  print: (program) => bytesOfModel(onnxStep(program)),
};
