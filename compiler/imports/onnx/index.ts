/** An ONNX file as the source of a model in the layer language, and the weights that go with it. */

import { printable } from "../../graph/printable.ts";
import { shapeText, type Dim } from "../code.ts";
import { ImportError } from "../error.ts";
import { STEP } from "../recurrence.ts";
import { comment, judged, usualLoss, written, type Imported, type ImportOptions, type Output } from "../written.ts";
import { OPERATORS, readNodes } from "./operators.ts";
import { readModel, type FileDim, type FileGraph, type FileModel, type FileNode, type FileValue, type ReadExternal } from "./proto.ts";
import { Translation } from "./translation.ts";

/**
 * Throws an ImportError for what is damaged, open or unknown, with the node's name; the source is whole or there is none. `external` reads what
 * lies in files beside it; without it such a file is refused.
 */
export function importOnnx(bytes: Uint8Array, options: ImportOptions, external?: ReadExternal): Imported {
  const file = readModel(bytes, external);
  const { graph } = file;
  const { head, tie = false, trainNorms = false, sizes = {}, values = {} } = options;
  const open = graph.inputs.flatMap(({ dims = [] }) => dims.flatMap((dim) => (typeof dim === "string" ? [dim] : [])));
  requireKnown("--size", "open extent", Object.keys(sizes), open);
  requireKnown(
    "--value",
    "input",
    Object.keys(values),
    graph.inputs.map(({ name }) => name),
  );
  const locals = graph.nodes.some(({ op }) => ["LSTM", "GRU", "RNN", "Scan"].includes(op)) ? STEP : [];
  const replaced = head === undefined ? undefined : { node: headOf(graph), units: head };
  const t = new Translation(graph, file.opset, [...Object.keys(OPERATORS), ...locals], {
    head: replaced,
    ties: tie,
    trainsNorms: trainNorms,
  });
  const inputs = graph.inputs.flatMap((given) => declared(t, given, options));
  readNodes(t, graph.nodes);
  return sourceOf(t, file, options, inputs);
}

/** Refuses names that a flag gives and the file does not have. */
function requireKnown(flag: string, what: string, given: readonly string[], known: readonly string[]): void {
  const stranger = given.find((name) => !known.includes(name));
  if (stranger === undefined) return;
  const there =
    known.length === 0 ? `it has no ${what}` : `its ${what}s are ${[...new Set(known)].map((name) => JSON.stringify(name)).join(", ")}`;
  throw new ImportError(`${flag} names ${JSON.stringify(stranger)}, but ${there}`);
}

/** The last dense layer. */
function headOf({ nodes, initializers }: FileGraph): FileNode {
  const made = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const isKnown = (name: string): boolean =>
    initializers.has(name) ||
    made.get(name)?.op === "Constant" ||
    (["Transpose", "Identity", "Cast", "DequantizeLinear"].includes(made.get(name)?.op ?? "") && isKnown(made.get(name)!.inputs[0]!));
  const found = nodes.findLast(({ op, inputs }) => (op === "Gemm" || op === "MatMul") && isKnown(inputs[1]!));
  if (found === undefined)
    throw new ImportError("it has no dense layer that --head could replace; import it as it is, and write the head by hand");
  return found;
}

const FLOATS: ReadonlySet<string> = new Set(["f32", "f16", "f64", "bf16"]);

function declared(t: Translation, { name, dims, type }: FileValue, { batch, sizes = {}, values = {} }: ImportOptions): readonly string[] {
  if (Object.hasOwn(values, name)) {
    const kind = FLOATS.has(type) ? "float" : type === "bool" ? "truth" : "integer";
    const shape = (dims ?? []).map(() => 1);
    t.values.set(name, { kind: "held", tensor: { name, dims: shape, kind, data: [values[name]!] }, isWeight: false });
    return [];
  }
  if (dims === undefined) throw new ImportError(`the input ${JSON.stringify(name)} has no shape; infer it with onnx.shape_inference`);
  const leading = t.graph.inputs.flatMap((one) => (Object.hasOwn(values, one.name) || one.dims?.[0] === undefined ? [] : [one.dims[0]]));
  const shape = dims.map((dim, axis) => extentOf(name, dim, axis, dims.length, leading, batch, sizes));
  const own = t.identifier(name);
  const shown = JSON.stringify(printable(name));
  const floats = FLOATS.has(type);
  t.values.set(name, { kind: "tensor", code: own, dims: shape, of: floats ? "float" : "integer" });
  if (floats) return [`const ${own} = ${t.call("input", shown, shapeText(shape))};`];
  if (type === "unknown" || type === "bool")
    throw new ImportError(`the input ${JSON.stringify(name)} is of the type ${type}; floats and whole numbers are read`);
  const table = t.graph.nodes.find((node) => node.op === "Gather" && node.inputs[1] === name);
  const rows = table === undefined ? undefined : t.graph.initializers.get(table.inputs[0]!)?.dims[0];
  // whole numbers that look nothing up: bytes, or masks
  const classes = rows ?? (/mask/i.test(name) ? 2 : 2 ** 16);
  return [`const ${own} = ${t.call("labels", shown, shapeText(shape), `{ classes: ${classes} }`)};`];
}

/** The leading axis is the batch's where it is open, or 1 for every input: a file of one row. */
function extentOf(
  name: string,
  dim: FileDim,
  axis: number,
  rank: number,
  leading: readonly FileDim[],
  batch: number | undefined,
  sizes: Readonly<Record<string, number>>,
): Dim {
  if (typeof dim === "string" && Object.hasOwn(sizes, dim)) return sizes[dim]!;
  if (typeof dim === "number" && dim > 0)
    return axis === 0 && dim === 1 && rank > 1 && leading.every((one) => one === 1) ? (batch ?? "batch") : dim;
  if (axis === 0 || (typeof dim === "string" && dim === leading[0] && !dim.startsWith("?"))) return batch ?? "batch";
  throw new ImportError(
    `the input ${JSON.stringify(name)} leaves its axis ${axis} open (${JSON.stringify(String(dim))}); fix it with --size ${String(dim)}=…`,
  );
}

function sourceOf(t: Translation, { producer, opset, graph }: FileModel, told: ImportOptions, inputs: readonly string[]): Imported {
  const outputs = graph.outputs.map(({ name }): Output => {
    const known = t.values.get(name);
    if (known?.kind !== "tensor") throw new ImportError(`the output ${JSON.stringify(name)} is a constant; there is nothing to train`);
    const maker = graph.nodes.find((node) => node.outputs.includes(name));
    const logits = maker?.op === "Softmax" ? t.values.get(maker.inputs[0]!) : undefined;
    return { ...known, name, logits: logits?.kind === "tensor" ? logits.code : undefined };
  });
  if (outputs.length === 0) throw new ImportError("its graph has no outputs; there is nothing to train");
  const taken = graph.inputs.map((input) => input.name);
  const from = `${comment(told.file)} (opset ${opset}${producer === "" ? "" : `, written by ${comment(producer)}`})`;
  return written(t, told, { from, inputs, outputs, ...judged(t, taken, outputs, usualLoss(t, told.batch)), optimizer: t.call("adam") });
}
