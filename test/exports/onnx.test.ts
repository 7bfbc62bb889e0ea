/** A model as ONNX: in the operators that other tools know, open in its batch, its weights under their own names. ONNX Runtime judges it in interop/onnx. */

import { expect, test } from "vitest";
import {
  add,
  avgPool2d,
  batchNorm,
  conv2d,
  conv2dTranspose,
  dense,
  elu,
  flatten,
  input,
  layerNorm,
  leakyRelu,
  logSoftmax,
  maxPool2d,
  mean,
  model,
  mse,
  mul,
  sgd,
  softmax,
  softplus,
  sum,
  type Model,
} from "adjoint";
import { exportModel } from "../../compiler/export.ts";
import { traceOf } from "../../compiler/driver/entries.ts";
import { onnxModel } from "../../compiler/exports/onnx/index.ts";
import type { OnnxModel } from "../../compiler/exports/onnx/proto.ts";
import { Message } from "../../compiler/exports/onnx/wire.ts";
import { twinned } from "../../compiler/exports/twin.ts";
import type { FloatTensor } from "../../compiler/model/tensor.ts";
import captions from "../../models/captions.ts";
import { sizeOf } from "../../compiler/graph/type.ts";

const declared = (of: (x: FloatTensor, batch: number) => FloatTensor, shape: readonly number[]): Model =>
  model("case", { batch: 4 }, ({ batch }) => {
    const y = of(input("x", [batch, ...shape]), batch);
    return { loss: mean(mul(y, y)), outputs: { y }, optimizer: sgd() };
  });
const exported = (one: Model): OnnxModel => {
  const [a, b] = [2, 3].map((batch) => traceOf(one, "predict", { batch }).graph) as [
    ReturnType<typeof traceOf>["graph"],
    ReturnType<typeof traceOf>["graph"],
  ];
  const weights = ({ type }: { readonly type: { readonly shape: readonly number[] } }) => new Float32Array(sizeOf(type.shape));
  return onnxModel({ name: "case", twins: twinned(a, 2, b, 3), weights, version: "0", metadata: {} });
};
const kinds = (one: Model): readonly string[] => exported(one).graph.nodes.map(({ op }) => op);

const images = [3, 8, 8] as const;
const CASES: readonly (readonly [
  what: string,
  of: (x: FloatTensor) => FloatTensor,
  shape: readonly number[],
  operators: readonly string[],
])[] = [
  ["a dense layer", dense(5), [7], ["Gemm"]],
  ["a dense layer over sequences", dense(5), [4, 7], ["MatMul", "Add"]],
  ["a mean over all of space whose axes stay", (x) => mean(x, [2, 3], { keepDims: true }), images, ["GlobalAveragePool"]],
  ["a mean over channels whose axis stays", (x) => mean(x, [1], { keepDims: true }), images, ["ReduceMean"]],
  ["a convolution with its bias", conv2d(4, 3, { padding: "same" }), images, ["Conv"]],
  ["a convolution without a bias", conv2d(4, 3, { useBias: false, groups: 1, strides: 2 }), images, ["Conv"]],
  ["a transposed convolution", conv2dTranspose(4, 3, { strides: 2, outputPadding: 1 }), images, ["ConvTranspose"]],
  ["a transposed convolution in groups", conv2dTranspose(6, 2, { groups: 3, useBias: false }), images, ["ConvTranspose"]],
  ["batch norm", batchNorm(), images, ["BatchNormalization"]],
  ["layer norm", layerNorm(), [5, 6], ["LayerNormalization"]],
  ["softmax", (x) => softmax(x), [6], ["Softmax"]],
  ["log-softmax along an axis", (x) => logSoftmax(x, 1), [6, 3], ["LogSoftmax"]],
  ["the largest of windows", maxPool2d(2), images, ["MaxPool"]],
  ["the mean of windows", avgPool2d(2), images, ["AveragePool"]],
  ["the mean of windows with margins", avgPool2d(3, { padding: 1, strides: 2 }), images, ["AveragePool"]],
  ["a mean", (x) => mean(x, [2]), [4, 3], ["ReduceMean"]],
  ["a sum", (x) => sum(x, [2]), [4, 3], ["ReduceSum"]],
  ["a flattened picture", flatten(), images, ["Reshape"]],
  ["leaky relu", (x) => leakyRelu(x, 0.2), [3], ["LeakyRelu"]],
  ["elu", (x) => elu(x, 0.5), [3], ["Elu"]],
  ["softplus", (x) => softplus(x), [3], ["Softplus"]],
  ["x + x", (x) => add(x, x), [3], ["Add"]],
];

test.each(CASES)("%s is %s", (_, of, shape, operators) => {
  expect(kinds(declared((x) => of(x), shape))).toEqual(operators);
});

test("the batch is open, names are the model's, and what is not read is not there", () => {
  const one = model("named", { batch: 4 }, ({ batch }) => {
    const x = input("x", [batch, 6]);
    const target = input("target", [batch, 2]);
    const scores = dense(2, { name: "head" })(x);
    return { loss: mse(scores, target), outputs: { scores }, optimizer: sgd() };
  });
  const { graph } = exported(one);
  expect(graph.inputs).toEqual([{ name: "x", dtype: "f32", dims: [{ batch: 1 }, 6] }]);
  expect(graph.outputs).toEqual([{ name: "scores", dtype: "f32", dims: [{ batch: 1 }, 2] }]);
  expect(graph.initializers.map(({ name, dims }) => [name, dims])).toEqual([
    ["head.kernel", [6, 2]],
    ["head.bias", [2]],
  ]);
});

test("weights that are missing, engines that are none and models without outputs are told by name", () => {
  const one = declared((x) => dense(2)(x), [3]);
  expect(() => exportModel(one, { to: "onnx", weights: {} })).toThrow("weights lack dense.kernel");
  expect(() => exportModel(one, { to: "onx", weights: {} })).toThrow('there is no engine "onx"; did you mean onnx?');
  const none = model("none", {}, ({ batch }) => ({ loss: mean(dense(1)(input("x", [batch, 2]))), optimizer: sgd() }));
  expect(() => exportModel(none, { to: "onnx", weights: {} })).toThrow("the model has no outputs");
});

test("the wire format: varints, two's complement, lengths, nested messages", () => {
  const inner = new Message().text(1, "é").int(2, -1);
  const bytes = new Message().int(1, 300).message(3, inner).float(4, 1.5).ints(5, [1, 200]).done();
  expect([...bytes]).toEqual([
    ...[0x08, 0xac, 0x02],
    ...[0x1a, 15, 0x0a, 2, 0xc3, 0xa9, 0x10, ...Array<number>(9).fill(0xff), 0x01],
    ...[0x25, 0, 0, 0xc0, 0x3f],
    ...[0x2a, 3, 1, 0xc8, 0x01],
  ]);
});

test("what a generating model carries goes in under another name than it comes out", () => {
  const { graph } = exported(captions);
  expect(graph.inputs.map(({ name }) => name)).toEqual(["x", "before", "lstm.h.before", "position", "lstm.c.before"]);
  expect(graph.outputs.map(({ name }) => name)).toEqual(["scores", "lstm.h", "lstm.c"]);
});
