/** What an import is told for fine-tuning: another head, what trains, what stays shared, live norms; and what of weights is widened. */

import { describe, expect, test } from "vitest";
import { traceOf } from "../../compiler/driver/entries.ts";
import { bytesOfModel, type OnnxGraph, type OnnxNode } from "../../compiler/exports/onnx/proto.ts";
import { importOnnx } from "../../compiler/imports/onnx/index.ts";
import type { ImportOptions } from "../../compiler/imports/written.ts";
import { declared } from "./declared.ts";

const node = (op: string, inputs: readonly string[], outputs: readonly string[], attributes: OnnxNode["attributes"] = {}): OnnxNode => ({
  op,
  name: outputs[0]!,
  inputs,
  outputs,
  attributes,
});
const floats = (name: string, ...dims: readonly number[]) => ({
  name,
  dtype: "f32" as const,
  dims,
  values: Float32Array.from({ length: dims.reduce((n, dim) => n * dim, 1) }, (_, n) => Math.sin(n + name.length)),
});
const fileOf = (nodes: readonly OnnxNode[], initializers: OnnxGraph["initializers"], outputs: readonly number[] = [4]): Uint8Array =>
  bytesOfModel({
    graph: {
      name: "g",
      nodes,
      initializers,
      inputs: [{ name: "x", dtype: "f32", dims: [{ batch: 1 }, 3] }],
      outputs: [{ name: "probabilities", dtype: "f32", dims: [{ batch: 1 }, ...outputs] }],
    },
    producer: "test",
    version: "0",
    metadata: {},
  });
const told = { name: "tuned", file: "net.onnx" };
const net = fileOf(
  [
    node("Gemm", ["x", "stem.weight", "stem.bias"], ["h0"], { transB: 1 }),
    node("BatchNormalization", ["h0", "norm.weight", "norm.bias", "norm.mean", "norm.var"], ["h1"]),
    node("Relu", ["h1"], ["h2"]),
    node("Gemm", ["h2", "body.weight", "body.bias"], ["h3"], { transB: 1 }),
    node("Gemm", ["h3", "fc.weight", "fc.bias"], ["logits"], { transB: 1 }),
    node("Softmax", ["logits"], ["probabilities"]),
  ],
  [
    floats("stem.weight", 5, 3),
    floats("stem.bias", 5),
    ...["weight", "bias", "mean"].map((own) => floats(`norm.${own}`, 5)),
    { ...floats("norm.var", 5), values: new Float32Array(5).fill(1) },
    floats("body.weight", 6, 5),
    floats("body.bias", 6),
    floats("fc.weight", 4, 6),
    floats("fc.bias", 4),
  ],
);
const trained = (options: Partial<ImportOptions>): readonly string[] => {
  const { graph } = traceOf(declared(importOnnx(net, { ...told, ...options })), "train", {});
  return graph.nodes.flatMap(({ op, name, attrs }) => (op === "param" && attrs["trainable"] !== false ? [name] : []));
};

describe("an import for fine-tuning", () => {
  test("another head has other classes, and begins anew; all else is the file's", () => {
    const { source, weights } = importOnnx(net, { ...told, head: 9 });
    expect(source).toContain('dense(9, { name: "fc" })');
    expect(source).toContain('labels("y", [batch], { classes: 9 })');
    const of = new Map(weights.map(({ name, shape, values }) => [name, { shape, values: [...Array.from(values)] }]));
    expect(of.get("fc.kernel")!.shape).toEqual([6, 9]);
    expect(Math.max(...of.get("fc.kernel")!.values.map(Math.abs))).toBeLessThanOrEqual(Math.sqrt(6 / 15));
    expect(of.get("fc.bias")!.values).toEqual(Array<number>(9).fill(0));
    expect(of.get("body.kernel")!.shape).toEqual([5, 6]);
  });

  test.each<readonly [options: Partial<ImportOptions>, trained: readonly string[]]>([
    [{ train: ["last:1"] }, ["fc.kernel", "fc.bias"]],
    [{ train: ["last:2"] }, ["body.kernel", "body.bias", "fc.kernel", "fc.bias"]],
    [{ train: ["f*"] }, ["fc.kernel", "fc.bias"]],
    [{ freeze: ["stem", "norm.*"] }, ["body.kernel", "body.bias", "fc.kernel", "fc.bias"]],
    [{ train: ["last:2"], freeze: ["*.bias"] }, ["body.kernel", "fc.kernel"]],
  ])("%j trains %j", (options, names) => {
    expect(trained(options)).toEqual(names);
  });

  test("more layers than there are, and a head of what has none, are refused", () => {
    expect(() => importOnnx(net, { ...told, train: ["last:9"] })).toThrow("--train last:9 names 9 of 4 layers with weights");
    expect(() => importOnnx(fileOf([node("Relu", ["x"], ["probabilities"])], [], [3]), { ...told, head: 2 })).toThrow(
      "it has no dense layer that --head could replace",
    );
  });

  test("batch norms stay as they are, or live", () => {
    expect(importOnnx(net, told).source).toContain('batchNorm({ name: "norm", frozen: true })');
    expect(importOnnx(net, { ...told, trainNorms: true }).source).toContain('batchNorm({ name: "norm" })');
  });

  test("weights that the file shares are two parameters, or one", () => {
    const shared = fileOf([node("MatMul", ["x", "w"], ["a"]), node("MatMul", ["a", "w"], ["probabilities"])], [floats("w", 3, 3)], [3]);
    expect(importOnnx(shared, told).weights.map(({ name }) => name)).toEqual(["w.kernel", "w_2.kernel"]);
    const tied = importOnnx(shared, { ...told, tie: true });
    expect(tied.weights.map(({ name }) => name)).toEqual(["w"]);
    const { graph } = traceOf(declared(tied), "train", {});
    expect(graph.nodes.filter(({ op }) => op === "param").map(({ name }) => name)).toEqual(["w"]);
  });
});

describe("what is computed by weights of other kinds:", () => {
  const unread: readonly (readonly [string, readonly OnnxNode[], string])[] = [
    ["quantized compute", [node("QLinearMatMul", ["x"], ["probabilities"])], "export the model before it is quantized"],
    ["a choice by what is computed", [node("If", ["x"], ["probabilities"])], "chooses by what is computed"],
    ["sequences of their own lengths", [node("LSTM", ["x3", "W", "R", "", "lengths"], ["probabilities"], {})], "which nothing makes"],
  ];
  test.each(unread)("%s is refused", (_, nodes, message) => {
    expect(() => importOnnx(fileOf(nodes, [floats("W", 1, 4, 3), floats("R", 1, 4, 1)]), told)).toThrow(message);
  });
});
