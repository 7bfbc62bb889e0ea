/** ONNX: the graph of prediction with its weights, in standard operators of opset 17, which ONNX Runtime and everyone else reads. */

import { ModelError } from "../../graph/error.ts";
import type { Value } from "../../graph/graph.ts";
import { reachableFrom } from "../../graph/walk.ts";
import { opOf } from "../../ops/index.ts";
import type { Engine, Exported } from "../engine.ts";
import { Emission, type BatchSource, type Shared } from "./emission.ts";
import { emitAll } from "./emit.ts";
import { bytesOfModel, isOnnxGraph, readBy, type OnnxModel, type OnnxNode, type OnnxValue } from "./proto.ts";

/** Nobody else draws the bits that a seed gives here: they are an input there. */
const RANDOM = "randomBits";

/** The model as ONNX has it, before its bytes. */
export function onnxModel({ name, twins, weights, version, metadata }: Exported): OnnxModel {
  const { graph, batch, other } = twins;
  const rows = graph.nodes.flatMap((node, at): BatchSource[] => {
    if (node.op !== "input" || other === undefined) return [];
    const twin = other.graph.nodes[at]!.type.shape;
    const axis = node.type.shape.findIndex((extent, n) => extent !== twin[n]);
    return axis < 0 ? [] : [{ input: node.name, axis, per: node.type.shape[axis]! / batch }];
  });
  const outputs = graph.results.flatMap((result) => (result.kind === "output" ? [result] : []));
  const taken = new Set(outputs.map((output) => output.name));
  const isCarried = (input: string): boolean => outputs.some((output) => output.name === input);
  const shared: Shared = { taken, initializers: [], constants: new Map(), emit: emitAll };
  const e = new Emission(twins, shared, rows[0]);
  if (outputs.length === 0)
    throw new ModelError({
      code: "export/outputs",
      site: name,
      law: "there is nothing to export: the model has no outputs",
      operands: [],
      remedy: "Return { outputs: { … } } from its declaration.",
    });
  const wanted = outputs.map(({ value }) => value);
  const live = reachableFrom(graph.nodes, wanted);
  const inputs: OnnxValue[] = [];
  graph.nodes.forEach((node, at) => {
    const value = at as Value; // every index is one
    const op = opOf(node.op);
    if (!live[at] || (node.op !== RANDOM && (op.leaf !== true || op.view === true))) return;
    const { dtype, shape } = node.type;
    if (node.op === "input" || node.op === RANDOM) {
      // what a model that generates carries goes in and comes out, and no two values have one name
      const own = e.unique(isCarried(node.name) ? `${node.name}.before` : node.name);
      inputs.push({ name: own, dtype, dims: e.shape(value) });
      e.set(value, own);
    } else if (node.op !== "count") e.set(value, e.initializer(node.name, dtype, shape, weights(node)));
  });
  emitAll(e, wanted);
  const nodes = withOutputs(e, outputs);
  const read = new Set(nodes.flatMap(readBy));
  return {
    graph: {
      name,
      nodes,
      initializers: shared.initializers.filter((one) => read.has(one.name)),
      inputs,
      outputs: outputs.map(({ name: own, value }) => ({ name: own, dtype: e.node(value).type.dtype, dims: e.shape(value) })),
    },
    producer: "adjoint",
    version,
    metadata,
  };
}

/** The nodes, with the results of a model under their own names. */
function withOutputs(e: Emission, outputs: readonly { readonly name: string; readonly value: Value }[]): readonly OnnxNode[] {
  const made = outputs.map(({ name, value }) => [name, e.full(value)] as const);
  const computed = new Set(e.nodes.flatMap((node) => node.outputs));
  const names = new Map<string, string>();
  const copies = made.flatMap(([name, from]): OnnxNode[] => {
    if (computed.has(from) && !names.has(from)) return (names.set(from, name), []);
    return [{ op: "Identity", name: e.unique(`${name}_copy`), inputs: [from], outputs: [name], attributes: {} }];
  });
  return renamed([...e.nodes, ...copies], names);
}

const renamed = (nodes: readonly OnnxNode[], names: ReadonlyMap<string, string>): readonly OnnxNode[] => {
  const to = (name: string): string => names.get(name) ?? name;
  return nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(to),
    outputs: node.outputs.map(to),
    attributes: Object.fromEntries(
      Object.entries(node.attributes).map(([key, value]) =>
        isOnnxGraph(value) ? [key, { ...value, nodes: renamed(value.nodes, names) }] : [key, value],
      ),
    ),
  }));
};

/** ONNX files. */
export const onnx: Engine = { name: "onnx", file: "model.onnx", of: "prediction", print: (exported) => bytesOfModel(onnxModel(exported)) };
