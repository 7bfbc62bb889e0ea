/** What each operator of ONNX is in the layer language, one row an operator. What has no row is refused by name. */

import { chosen, folded as scannedGraph } from "./control.ts";
import {
  binary,
  cast,
  clip,
  dropout,
  gelu,
  hardSigmoid,
  isNaN,
  meanOf,
  negated,
  prelu,
  remainder,
  same,
  several,
  shrink,
  swish,
  thresholded,
  unary,
  where,
  withNumbers,
  type Importer,
} from "./elementwise.ts";
import { folded } from "./fold.ts";
import { gathered, gatheredByTuples, gatheredElements, oneHot } from "./lookup.ts";
import {
  blocks,
  concatenation,
  divided,
  expanded,
  flattened,
  padded,
  reshaped,
  shapeOf,
  sizeOf,
  sliced,
  squeezed,
  tiled,
  transposed,
  triangle,
} from "./movements.ts";
import { batchNorm, groupNorm, instanceNorm, layerNorm, rmsNorm } from "./norms.ts";
import { einsum, gemm, matmul } from "./products.ts";
import type { FileNode, FileTensor } from "./proto.ts";
import { recurrent } from "./recurrent.ts";
import { absolute, alongAxis, logOf, position, reduction, rootOf, runningSum, squares } from "./reductions.ts";
import { resized } from "./resize.ts";
import { convolution, globalPool, pool, transposedConvolution } from "./spatial.ts";
import type { Translation } from "./translation.ts";

const constant: Importer = (t, node) => {
  const value = node.attributes.get("value");
  const known = typeof value === "object" && "data" in value ? value : undefined;
  const integers = node.attributes.has("value_int") || node.attributes.has("value_ints");
  const one = node.attributes.get("value_float") ?? node.attributes.get("value_int");
  const ones = node.attributes.get("value_ints") ?? node.attributes.get("value_floats");
  const given = typeof one === "number" ? [one] : Array.isArray(ones) ? (ones as readonly number[]) : undefined;
  if (known === undefined && given === undefined) t.fail(node, "holds what is no tensor of numbers", "convert it to float32");
  const name = node.outputs[0]!;
  const dims = typeof one === "number" ? [] : [given?.length ?? 0];
  const tensor: FileTensor =
    known === undefined ? { name, dims, kind: integers ? "integer" : "float", data: Float64Array.from(given!) } : { ...known, name };
  t.values.set(name, { kind: "held", tensor, isWeight: tensor.kind === "float" });
};

export const OPERATORS: Readonly<Record<string, Importer>> = {
  Conv: convolution,
  ConvTranspose: transposedConvolution,
  Gemm: gemm,
  MatMul: matmul,
  Einsum: einsum,
  BatchNormalization: batchNorm,
  LayerNormalization: layerNorm,
  RMSNormalization: rmsNorm,
  InstanceNormalization: instanceNorm,
  GroupNormalization: groupNorm,
  MaxPool: pool,
  AveragePool: pool,
  GlobalAveragePool: globalPool("mean"),
  GlobalMaxPool: globalPool("max"),
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
  Scan: scannedGraph,
  If: chosen,
  Softmax: alongAxis("softmax"),
  LogSoftmax: alongAxis("logSoftmax"),
  CumSum: runningSum,
  ArgMax: position("argmax"),
  ArgMin: position("argmin"),
  Add: binary("add"),
  Sub: binary("sub"),
  Mul: binary("mul"),
  Div: binary("div"),
  Pow: binary("pow"),
  Mod: remainder,
  Max: several("maximum"),
  Min: several("minimum"),
  Sum: several("add"),
  Mean: meanOf,
  Equal: binary("equal", "truth"),
  Less: binary("less", "truth"),
  LessOrEqual: binary("lessEqual", "truth"),
  Greater: binary("greater", "truth"),
  GreaterOrEqual: binary("greaterEqual", "truth"),
  And: binary("logicalAnd", "truth"),
  Or: binary("logicalOr", "truth"),
  Not: negated,
  IsNaN: isNaN,
  Where: where,
  Relu: unary("relu"),
  Sigmoid: unary("sigmoid"),
  Tanh: unary("tanh"),
  Softplus: unary("softplus"),
  Softsign: unary("softsign"),
  HardSwish: unary("hardSwish"),
  Mish: unary("mish"),
  Gelu: gelu,
  Swish: swish,
  HardSigmoid: hardSigmoid,
  LeakyRelu: withNumbers("leakyRelu", ["alpha", 0.01]),
  Elu: withNumbers("elu", ["alpha", 1]),
  Celu: withNumbers("celu", ["alpha", 1]),
  Selu: unary("selu"),
  Shrink: shrink,
  ThresholdedRelu: thresholded,
  PRelu: prelu,
  Clip: clip,
  Erf: unary("erf"),
  Exp: unary("exp"),
  Log: unary("log"),
  Sqrt: unary("sqrt"),
  Neg: unary("neg"),
  Abs: unary("abs"),
  Sign: unary("sign"),
  Round: unary("round"),
  Reciprocal: unary("recip"),
  Sin: unary("sin"),
  Cos: unary("cos"),
  Tan: unary("tan"),
  Asin: unary("asin"),
  Acos: unary("acos"),
  Atan: unary("atan"),
  Sinh: unary("sinh"),
  Cosh: unary("cosh"),
  Asinh: unary("asinh"),
  Acosh: unary("acosh"),
  Atanh: unary("atanh"),
  Floor: unary("floor"),
  Ceil: unary("ceil"),
  ReduceMean: reduction("mean"),
  ReduceSum: reduction("sum"),
  ReduceMax: reduction("max"),
  ReduceMin: reduction("min"),
  ReduceProd: reduction("prod"),
  ReduceL1: reduction("sum", absolute),
  ReduceL2: reduction("sum", squares, rootOf),
  ReduceSumSquare: reduction("sum", squares),
  ReduceLogSum: reduction("sum", undefined, logOf),
  ReduceLogSumExp: reduction("logSumExp"),
  Flatten: flattened,
  Reshape: reshaped,
  Squeeze: squeezed,
  Unsqueeze: squeezed,
  Transpose: transposed,
  Concat: concatenation,
  Slice: sliced,
  Split: divided,
  Pad: padded,
  Expand: expanded,
  Tile: tiled,
  DepthToSpace: blocks,
  SpaceToDepth: blocks,
  Trilu: triangle,
  Gather: gathered,
  GatherND: gatheredByTuples,
  GatherElements: gatheredElements,
  OneHot: oneHot,
  Shape: shapeOf,
  Size: sizeOf,
  Constant: constant,
  Resize: resized,
  Upsample: resized,
  Identity: same,
  Dropout: dropout,
  Cast: cast,
};

const REMEDIES: Readonly<Record<string, string>> = {
  Loop: "export it unrolled, or as LSTM or GRU",
  NonMaxSuppression: "cut the model before it: what chooses among boxes is not trained",
  DequantizeLinear: "export the model with float weights: only constants are widened",
  QuantizeLinear: "export the model before it is quantized",
  QLinearConv: "export the model before it is quantized",
  QLinearMatMul: "export the model before it is quantized",
  ConvInteger: "export the model before it is quantized",
  MatMulInteger: "export the model before it is quantized",
  DynamicQuantizeLinear: "export the model before it is quantized",
};

/** Domains whose operators are ONNX's own. */
const STANDARD: ReadonlySet<string> = new Set(["", "ai.onnx"]);

/** Makes the lines of nodes, in order. Throws an ImportError that names the node that cannot be. */
export function readNodes(t: Translation, nodes: readonly FileNode[]): void {
  for (const node of nodes) {
    if (t.done.has(node)) continue;
    if (!STANDARD.has(node.domain))
      t.fail(node, `is of the domain ${JSON.stringify(node.domain)}`, "export the model with standard operators alone");
    if (folded(t, node)) continue;
    const importer = Object.hasOwn(OPERATORS, node.op) ? OPERATORS[node.op] : undefined;
    if (importer === undefined)
      return t.fail(
        node,
        "is an operator that is not read",
        REMEDIES[node.op] ?? "export the model without it, or write that part by hand",
      );
    importer(t, node, (graph) => {
      t.enter(graph);
      readNodes(t, graph.nodes);
    });
  }
}
