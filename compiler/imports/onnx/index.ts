/** An ONNX file as the source of a model in the layer language, and the weights that go with it. */

import { printable } from "../../graph/printable.ts";
import { ImportError } from "../error.ts";
import { OPERATORS } from "./operators.ts";
import { readModel, type FileDim, type FileModel, type FileValue } from "./proto.ts";
import { shapeText, Translation, type Dim, type Weight } from "./translation.ts";

/** What `importOnnx` is told. */
export interface ImportOptions {
  /** The model's name. */
  readonly name: string;
  /** The file's name, for the source's first line. */
  readonly file: string;
  /** Rows of a batch, where the file fixes them: then they are fixed here too. */
  readonly batch?: number;
  /** Open extents by name. */
  readonly sizes?: Readonly<Record<string, number>>;
}

/** A model's source, not yet formatted, and its parameters and running statistics by their names in it. */
export interface Imported {
  readonly source: string;
  readonly weights: readonly Weight[];
}

/** Domains whose operators are ONNX's own. */
const STANDARD: ReadonlySet<string> = new Set(["", "ai.onnx"]);

/** Throws an ImportError for what is damaged, open or unknown, with the node's name; the source is whole or there is none. */
export function importOnnx(bytes: Uint8Array, options: ImportOptions): Imported {
  const file = readModel(bytes);
  const { graph } = file;
  const t = new Translation(graph, file.opset, [...Object.keys(OPERATORS), ...LANGUAGE]);
  const inputs = graph.inputs.map((input) => declared(t, input, options));
  for (const node of graph.nodes) {
    if (t.done.has(node)) continue;
    if (!STANDARD.has(node.domain))
      t.fail(node, `is of the domain ${JSON.stringify(node.domain)}`, "export the model with standard operators alone");
    const importer = Object.hasOwn(OPERATORS, node.op) ? OPERATORS[node.op] : undefined;
    if (importer === undefined)
      return t.fail(
        node,
        "is an operator that is not read",
        REMEDIES[node.op] ?? "export the model without it, or write that part by hand",
      );
    importer(t, node);
  }
  return { source: sourceOf(t, file, options, inputs), weights: t.weights };
}

const REMEDIES: Readonly<Record<string, string>> = {
  If: "fix its condition, and fold it away with onnxsim",
  Loop: "export it unrolled, or as LSTM or GRU",
  NonMaxSuppression: "cut the model before it: what chooses among boxes is not trained",
  DequantizeLinear: "export the model with float weights",
  QLinearConv: "export the model before it is quantized",
};

/** Functions that sources call: no variable takes their names. */
const LANGUAGE =
  "abs add avgPool1d avgPool2d batchNorm ceil clip concatenate conv1d conv2d conv2dTranspose dense depthwiseConv2d div einsum elu embedding erf exp flatten floor hardSigmoid hardSwish input labels layerNorm leakyRelu log logSoftmax max maximum maxPool1d maxPool2d mean minimum mse mul neg param pow prelu recip relu relu6 reshape sigmoid sin cos slice softmax softmaxCrossEntropy softplus softsign sqrt sub sum tanh transpose upsampling2d zeros adam".split(
    " ",
  );

function declared(t: Translation, { name, dims, type }: FileValue, { batch, sizes = {} }: ImportOptions): string {
  if (dims === undefined) throw new ImportError(`the input ${JSON.stringify(name)} has no shape; infer it with onnx.shape_inference`);
  const shape = dims.map((dim, axis) => extentOf(name, dim, axis, batch, sizes));
  const own = t.identifier(name);
  t.values.set(name, { kind: "tensor", code: own, dims: shape });
  const shown = JSON.stringify(printable(name));
  if (type === "f32" || type === "f16" || type === "f64") return `const ${own} = ${t.call("input", shown, shapeText(shape))};`;
  const table = t.graph.nodes.find((node) => node.op === "Gather" && node.inputs[1] === name);
  const rows = table === undefined ? undefined : t.graph.initializers.get(table.inputs[0]!)?.dims[0];
  if ((type !== "i32" && type !== "i64") || rows === undefined)
    throw new ImportError(`the input ${JSON.stringify(name)} is of the type ${type}; floats, and tokens of an embedding, are read`);
  return `const ${own} = ${t.call("labels", shown, shapeText(shape), `{ classes: ${rows} }`)};`;
}

function extentOf(name: string, dim: FileDim, axis: number, batch: number | undefined, sizes: Readonly<Record<string, number>>): Dim {
  if (typeof dim === "number" && dim > 0) return axis === 0 && batch === undefined && dim === 1 ? "batch" : dim;
  if (typeof dim === "string" && Object.hasOwn(sizes, dim)) return sizes[dim]!;
  if (axis === 0) return batch ?? "batch";
  throw new ImportError(
    `the input ${JSON.stringify(name)} leaves its axis ${axis} open (${JSON.stringify(String(dim))}); fix it with --size ${String(dim)}=…`,
  );
}

function sourceOf(t: Translation, { producer, opset, graph }: FileModel, { name, file }: ImportOptions, inputs: readonly string[]): string {
  const outputs = graph.outputs.map(({ name: own }) => {
    const known = t.values.get(own);
    if (known?.kind !== "tensor") throw new ImportError(`the output ${JSON.stringify(own)} is a constant; there is nothing to train`);
    return { name: own, ...known };
  });
  if (outputs.length === 0) throw new ImportError("its graph has no outputs; there is nothing to train");
  const targets: string[] = [];
  const taken = new Set([...graph.inputs.map((input) => input.name), ...t.weights.map((weight) => weight.name)]);
  const losses = outputs.map(({ name: own, code, dims }) => {
    const target = ["y", "target", ...outputs.map((_, n) => `target_${n + 2}`)].find((word) => !taken.has(word))!;
    taken.add(target);
    const variable = t.identifier(target);
    const maker = graph.nodes.find((node) => node.outputs.includes(own));
    const logits = maker?.op === "Softmax" ? t.values.get(maker.inputs[0]!) : undefined;
    const isClasses = dims.length === 2 && dims[0] === "batch" && Number(dims[1]) > 1;
    const made = isClasses
      ? t.call("labels", JSON.stringify(target), "[batch]", `{ classes: ${dims[1]} }`)
      : t.call("input", JSON.stringify(target), shapeText(dims));
    targets.push(`const ${variable} = ${made};`);
    return isClasses
      ? t.call("softmaxCrossEntropy", logits?.kind === "tensor" ? logits.code : code, variable)
      : t.call("mse", code, variable);
  });
  const loss = losses.reduce((sum, one) => t.call("add", sum, one));
  const batched = [...inputs, ...targets].some((line) => line.includes("batch"));
  const rule = t.call("adam");
  const record = outputs.map(({ name: own, code }) => (own === code ? own : `${JSON.stringify(printable(own))}: ${code}`)).join(", ");
  return [
    `/** Imported from ${comment(file)} (opset ${opset}${producer === "" ? "" : `, written by ${comment(producer)}`}); its weights are in ${comment(name)}.safetensors beside this file. */`,
    "",
    `import { ${[...t.called, "model"].toSorted((a, b) => a.localeCompare(b)).join(", ")} } from "adjoint";`,
    "",
    `export default model(${JSON.stringify(name)}, ${batched ? "{ batch: 32 }, ({ batch })" : "{}, ()"} => {`,
    ...inputs,
    ...t.lines,
    "",
    ...targets,
    `return { loss: ${loss}, outputs: { ${record} }, optimizer: ${rule} };`,
    "});",
    "",
  ].join("\n");
}

/** Text of a file inside a comment. */
const comment = (text: string): string => printable(text).replaceAll("*/", "* /").slice(0, 80);
