/** A training step as an ONNX graph: what goes in and comes out, without ONNX Runtime, which judges it in interop/onnx. */

import { expect, test } from "vitest";
import {
  conv2d,
  dense,
  embedding,
  flatten,
  hyper,
  input,
  labels,
  lstm,
  maxPool2d,
  mean,
  model,
  mul,
  sgd,
  softmaxCrossEntropy,
  type Model,
} from "adjoint";
import { exportProgram } from "../../compiler/export.ts";
import { programOf } from "../../compiler/driver/program.ts";
import { ENGINES } from "../../compiler/exports/index.ts";
import { JAVASCRIPT } from "../../compiler/exports/onnx-step/drivers.ts";
import { onnxStep } from "../../compiler/exports/onnx-step/index.ts";
import type { OnnxModel } from "../../compiler/exports/onnx/proto.ts";
import { writeSafetensors } from "../../runtime/safetensors.ts";

const stepOf = async (one: Model): Promise<OnnxModel> => onnxStep({ ...(await programOf(one, {})), command: "" });
const kinds = ({ graph }: OnnxModel): readonly string[] => graph.nodes.map(({ op }) => op);

const picture = model("picture", { batch: 4 }, ({ batch }) => {
  const y = labels("y", [batch], { classes: 3 });
  const scores = dense(3)(flatten()(maxPool2d(2)(conv2d(2, 3, { strides: 1 })(input("x", [batch, 1, 8, 8])))));
  return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: sgd({ learningRate: hyper("rate", 0.1) }) };
});

test("batch and state go in, loss and state come out; what has a usual value may be left out", async () => {
  const { graph, opset } = await stepOf(picture);
  expect(opset).toBe(18);
  const kept = ["conv2d.kernel", "conv2d.bias", "dense.kernel", "dense.bias", "stepCount"];
  expect(graph.inputs.map(({ name }) => name).toSorted()).toEqual(["x", "y", "count", "rate", ...kept].toSorted());
  expect(graph.outputs.map(({ name }) => name)).toEqual(["loss", ...kept.map((name) => `${name}.next`)]);
  const usual = graph.initializers
    .filter(({ name }) => ["count", "rate"].includes(name))
    .map(({ name, values }) => [name, [...Array.from(values)]]);
  expect(usual.toSorted()).toEqual([
    ["count", [4]],
    ["rate", [0.1]],
  ]);
  const made = new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.map(({ name }) => name)]);
  for (const { inputs, outputs } of graph.nodes) {
    expect(inputs.filter((one) => one !== "" && !made.has(one))).toEqual([]);
    for (const one of outputs) made.add(one);
  }
});

test("gradients of convolutions are convolutions, of windows a transposed one, of a loop a Scan", async () => {
  const ops = kinds(await stepOf(picture));
  expect(ops.filter((op) => op === "Conv").length).toBeGreaterThanOrEqual(2);
  expect(ops).toContain("ConvTranspose");
  const words = model("words", { batch: 2 }, ({ batch }) => {
    const h = lstm(3)(embedding(5, 4)(labels("x", [batch, 6], { classes: 5 })));
    return { loss: mean(mul(h, h)), optimizer: sgd() };
  });
  const { graph } = await stepOf(words);
  expect(graph.nodes.filter(({ op }) => op === "Scan")).toHaveLength(2);
  expect(graph.nodes.find(({ op }) => op === "ScatterND")?.attributes).toEqual({ reduction: "add" });
});

test("the same bytes each time, and drivers that name their file", async () => {
  const [one, other] = [await exportProgram(picture, { to: "onnx-step" }), await exportProgram(picture, { to: "onnx-step" })];
  expect(Buffer.from(one).equals(Buffer.from(other))).toBe(true);
  const engine = ENGINES.find(({ name }) => name === "onnx-step")!;
  const beside = engine.of === "training" ? engine.beside! : new Map<string, string>();
  expect([...beside.keys()]).toEqual(["step.py", "step.mjs"]);
  for (const text of beside.values()) expect(text).toContain("step.onnx");
});

test("the driver reads a state out of whatever bytes lie in, those of a Buffer of Node within a pool too", async () => {
  const ort = {
    Tensor: class {
      readonly data: ArrayLike<number>;
      constructor(_type: string, data: ArrayLike<number>) {
        this.data = data;
      }
    },
    InferenceSession: { create: async () => ({}) },
  };
  const { openStep } = (await import(`data:text/javascript,${encodeURIComponent(JAVASCRIPT)}`)) as {
    openStep(
      o: typeof ort,
      model: Uint8Array,
      bytes: Uint8Array,
    ): Promise<{ readonly state: Readonly<Record<string, { data: Float32Array }>> }>;
  };
  const values = Float32Array.of(1.5, -2, 3);
  const file = writeSafetensors({
    tensors: [
      { name: "a", dtype: "F32", shape: [1], bytes: new Uint8Array(4) },
      { name: "w", dtype: "F32", shape: [3], bytes: new Uint8Array(values.buffer) },
    ],
    metadata: {},
  });
  const pool = Buffer.alloc(1024, 7);
  pool.set(file, 96);
  for (const bytes of [file, pool.subarray(96, 96 + file.length)]) {
    const { state } = await openStep(ort, new Uint8Array(), bytes);
    expect([...state["w"]!.data]).toEqual([1.5, -2, 3]);
  }
});
