/** An ONNX file as the source of a model in the layer language, and the weights that go with it. */

import { printable } from "../../graph/printable.ts";
import { ImportError } from "../error.ts";
import { OPERATORS, readNodes } from "./operators.ts";
import { readModel, type FileDim, type FileGraph, type FileModel, type FileNode, type FileValue } from "./proto.ts";
import { shapeText, Translation, wordsIn, type Computed, type Dim, type Unit, type Weight } from "./translation.ts";

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
  /** Inputs that are one number from now on. */
  readonly values?: Readonly<Record<string, number>>;
  /** Classes of a last dense layer that takes the place of the file's own, and begins anew. */
  readonly head?: number;
  /** Patterns of the parameters that train, as `model` takes them, or `last:2`, the last two layers that have some. */
  readonly train?: readonly string[];
  /** Patterns of parameters that do not train. */
  readonly freeze?: readonly string[];
  /** Weights that the file shares stay one parameter. */
  readonly tie?: boolean;
  /** Batch norms take the batch's statistics in training. */
  readonly trainNorms?: boolean;
}

/** A model's source, not yet formatted, and its parameters and running statistics by their names in it. */
export interface Imported {
  readonly source: string;
  readonly weights: readonly Weight[];
}

/** Functions that sources call beside those that operators do: no variable takes their names. */
const LANGUAGE =
  "abs acos acosh add adam argmax argmin asin asinh atan atanh avgPool1d avgPool2d avgPool3d batchNorm broadcastTo cast ceil celu clip concatenate constant conv1d conv1dTranspose conv2d conv2dTranspose conv3d conv3dTranspose cos cosh cumsum dense depthwiseConv2d div einsum elu embedding equal erf exp expandDims flatten floor fmod gather gelu greater greaterEqual groupNorm gru hardSigmoid hardSwish hardshrink input instanceNorm isNaN labels layerNorm leakyRelu less lessEqual log logSoftmax logSumExp logicalAnd logicalNot logicalOr lstm matmul max maxPool1d maxPool2d maxPool3d maximum mean min minimum mish mse mul neg oneHot pad param pow prelu prod recip relu relu6 reshape reversed rmsNorm round scan selu sigmoid sign silu simpleRnn sin sinh slice softmax softmaxCrossEntropy softplus softshrink softsign sqrt square squeeze sub sum takeAlongAxis tan tanh threshold tile transpose tril triu upsampling2d where zeros".split(
    " ",
  );

/** What the step of a written out recurrence calls its values. */
const STEP = ["carry", "gates", "recurrence", ..."cfghinorxz"];

/** Throws an ImportError for what is damaged, open or unknown, with the node's name; the source is whole or there is none. */
export function importOnnx(bytes: Uint8Array, options: ImportOptions): Imported {
  const file = readModel(bytes);
  const { graph } = file;
  const { head, tie = false, trainNorms = false } = options;
  const locals = graph.nodes.some(({ op }) => ["LSTM", "GRU", "RNN", "Scan"].includes(op)) ? STEP : [];
  const replaced = head === undefined ? undefined : { node: headOf(graph), units: head };
  const t = new Translation(graph, file.opset, [...Object.keys(OPERATORS), ...LANGUAGE, ...locals], {
    head: replaced,
    ties: tie,
    trainsNorms: trainNorms,
  });
  const inputs = graph.inputs.flatMap((given) => declared(t, given, options));
  readNodes(t, graph.nodes);
  return sourceOf(t, file, options, inputs);
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

interface Output extends Computed {
  readonly name: string;
}

function sourceOf(t: Translation, { producer, opset, graph }: FileModel, told: ImportOptions, inputs: readonly string[]): Imported {
  const outputs = graph.outputs.map(({ name: own }): Output => {
    const known = t.values.get(own);
    if (known?.kind !== "tensor") throw new ImportError(`the output ${JSON.stringify(own)} is a constant; there is nothing to train`);
    return { name: own, ...known };
  });
  if (outputs.length === 0) throw new ImportError("its graph has no outputs; there is nothing to train");
  const { targets, loss } = lossOf(t, graph, outputs);
  const record = outputs.map(({ name: own, code }) => (own === code ? own : `${JSON.stringify(printable(own))}: ${code}`)).join(", ");
  const result = `return { loss: ${loss}, outputs: { ${record} }, optimizer: ${t.call("adam")} };`;
  const { lines, weights, units } = t.finished([...targets, result]);
  const body = [...inputs, ...lines, "", ...targets, result];
  const used = new Set(body.flatMap(wordsIn));
  const imports = ["model", ...[...t.called].filter((name) => used.has(name))].toSorted((a, b) => a.localeCompare(b));
  const batched = used.has("batch");
  const trainable = trainableOf(told, units);
  const given = [...(batched ? ["batch: 32"] : []), ...(trainable.length === 0 ? [] : [`trainable: ${JSON.stringify(trainable)}`])];
  const source = [
    `/** Imported from ${comment(told.file)} (opset ${opset}${producer === "" ? "" : `, written by ${comment(producer)}`}); its weights are in ${comment(told.name)}.safetensors beside this file. */`,
    "",
    `import { ${imports.join(", ")} } from "adjoint";`,
    "",
    `export default model(${JSON.stringify(told.name)}, { ${given.join(", ")} }, (${batched ? "{ batch }" : ""}) => {`,
    ...body,
    "});",
    "",
  ].join("\n");
  return { source, weights };
}

/** Targets and a loss of every output that can have one: classes by their logits, else squared errors. */
function lossOf(
  t: Translation,
  graph: FileGraph,
  outputs: readonly Output[],
): { readonly targets: readonly string[]; readonly loss: string } {
  const targets: string[] = [];
  const taken = new Set(graph.inputs.map((input) => input.name));
  const losses = outputs
    .filter(({ of }) => of === "float")
    .map(({ name: own, code, dims }) => {
      if (dims.length === 0) return code; // a loss already
      const target = ["y", "target", ...outputs.map((_, n) => `target_${n + 2}`)].find((word) => !taken.has(word) && !t.hasLayer(word))!;
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
  if (losses.length === 0) throw new ImportError("its outputs are whole numbers; cut the model where it has floats, to train it");
  return { targets, loss: losses.reduce((sum, one) => t.call("add", sum, one)) };
}

/** The patterns that the model is told: `last:2` by the names of those layers, what is frozen behind. */
function trainableOf({ train = [], freeze = [] }: ImportOptions, units: readonly Unit[]): readonly string[] {
  const trained = train.flatMap((pattern) => {
    const [, count] = /^last:(\d+)$/.exec(pattern) ?? [];
    if (count === undefined) return [pattern];
    if (Number(count) === 0 || Number(count) > units.length)
      throw new ImportError(`--train ${pattern} names ${count} of ${units.length} layers with weights`);
    return units.slice(-Number(count)).map(({ name }) => name);
  });
  return [...trained, ...freeze.map((pattern) => `!${pattern}`)];
}

/** Text of a file inside a comment. */
const comment = (text: string): string => printable(text).replaceAll("*/", "* /").slice(0, 80);
