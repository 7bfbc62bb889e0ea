/** An ONNX file becomes source that predicts the same: what is exported comes back, and what is damaged, open or unknown is refused by name. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { evaluateGraph } from "../../compiler/check/evaluate.ts";
import { fedLeaves } from "../../compiler/check/draw.ts";
import { traceOf } from "../../compiler/driver/entries.ts";
import { exportModel } from "../../compiler/export.ts";
import { bytesOfModel, type OnnxGraph, type OnnxNode } from "../../compiler/exports/onnx/proto.ts";
import { Message } from "../../compiler/exports/onnx/wire.ts";
import { sizeOf } from "../../compiler/graph/type.ts";
import { importOnnx } from "../../compiler/imports/onnx/index.ts";
import type { Imported } from "../../compiler/imports/written.ts";
import type { Model } from "../../compiler/index.ts";
import { root } from "../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "adjoint-"));
afterAll(() => rmSync(folder, { recursive: true }));
const options = { name: "again", file: "again.onnx" };

/** The model that a source declares. */
async function modelOf({ source }: Imported, name: string): Promise<Model> {
  const file = join(folder, `${name}.ts`);
  writeFileSync(file, source.replace('from "adjoint"', `from ${JSON.stringify(`${root}compiler/index.ts`)}`));
  return ((await import(file)) as { default: Model }).default;
}

/** What a model predicts of these, in float64. */
function predicted(model: Model, weights: Readonly<Record<string, ArrayLike<number>>>): ReadonlyMap<string, Float64Array> {
  const { graph } = traceOf(model, "predict", { batch: 2 });
  const feed = fedLeaves(graph).map(({ name, op, type, attrs }) => {
    const length = sizeOf(type.shape);
    const classes = attrs["classes"] as number | undefined;
    const given = (n: number): number => (type.dtype === "i32" ? (n * 7) % (classes ?? 5) : Math.sin(1.7 * n + 1));
    const values =
      op === "input" ? Float64Array.from({ length }, (_, n) => given(n)) : Float64Array.from(weights[name] ?? new Float64Array(length));
    return [name, values] as const;
  });
  const values = evaluateGraph(graph, new Map(feed));
  return new Map(graph.results.flatMap((result) => (result.kind === "output" ? [[result.name, values[result.value]!.data] as const] : [])));
}

/** Weights unlike those that a model begins with. */
function drawn(model: Model): Record<string, Float32Array> {
  const { graph } = traceOf(model, "predict", { batch: 2 });
  const kept = graph.nodes.filter(({ op }) => op === "param" || op === "state");
  return Object.fromEntries(
    kept.map(({ name, type }, at) => {
      const wave = (n: number): number => 0.3 * Math.sin(n * 0.7 + at);
      return [name, Float32Array.from({ length: sizeOf(type.shape) }, (_, n) => (name.endsWith("variance") ? 1 + wave(n) : wave(n)))];
    }),
  );
}

const NAMES = [
  "mnist-mlp",
  "linear-svm",
  "keras-cifar10",
  "lenet",
  "first-convnet",
  "mini-resnet",
  "autoencoder",
  "polar",
  "cifar-convnet",
];

test.each(NAMES)("%s goes out and comes back", { timeout: 120_000 }, async (name) => {
  const { default: model } = (await import(`${root}models/${name}.ts`)) as { default: Model };
  const weights = drawn(model);
  const { bytes } = exportModel(model, { to: "onnx", weights });
  const imported = importOnnx(bytes, { name, file: `${name}.onnx` });
  const again = await modelOf(imported, name);
  const before = predicted(model, weights);
  const after = predicted(again, Object.fromEntries(imported.weights.map((weight) => [weight.name, weight.values])));
  expect([...after.keys()]).toEqual([...before.keys()]);
  for (const [output, values] of before) {
    const most = Math.max(...values.map(Math.abs));
    const differences = values.map((value, n) => Math.abs(value - after.get(output)![n]!));
    expect(Math.max(...differences) / most, output).toBeLessThan(1e-5);
  }
});

/** A file of one graph. */
const fileOf = (nodes: readonly OnnxNode[], more: Partial<OnnxGraph> = {}): Uint8Array =>
  bytesOfModel({
    graph: {
      name: "g",
      nodes,
      initializers: [],
      inputs: [{ name: "x", dtype: "f32", dims: [{ batch: 1 }, 3] }],
      outputs: [{ name: "y", dtype: "f32", dims: [{ batch: 1 }, 3] }],
      ...more,
    },
    producer: "test",
    version: "0",
    metadata: {},
  });
const node = (op: string, inputs: readonly string[], outputs: readonly string[], attributes: OnnxNode["attributes"] = {}): OnnxNode => ({
  op,
  name: outputs[0]!,
  inputs,
  outputs,
  attributes,
});
const says = (bytes: Uint8Array, given: Partial<Parameters<typeof importOnnx>[1]> = {}): string => {
  try {
    importOnnx(bytes, { ...options, ...given });
  } catch (error) {
    expect((error as Error).name).toBe("ImportError");
    return (error as Error).message;
  }
  return "nothing";
};

describe("what cannot be imported is refused by name:", () => {
  const W = { name: "W", dtype: "f32", dims: [3, 3], values: new Float32Array(9) } as const;
  const X = { name: "x", dtype: "f32", dims: [{ batch: 1 }, 3] } as const;
  test.each<readonly [what: string, bytes: Uint8Array, message: string]>([
    ["a loop", fileOf([node("Loop", ["x"], ["y"])]), 'Loop "y" is an operator that is not read; export it unrolled'],
    ["a choice among boxes", fileOf([node("NonMaxSuppression", ["x"], ["y"])]), "cut the model before it"],
    [
      "a missing initializer",
      fileOf([node("MatMul", ["x", "W"], ["y"])]),
      'MatMul "y" reads "W", which nothing makes: an initializer is missing',
    ],
    ["a circle", fileOf([node("Add", ["x", "y"], ["z"]), node("Relu", ["z"], ["y"])]), "needs its own result"],
    ["a value made twice", fileOf([node("Relu", ["x"], ["y"]), node("Tanh", ["x"], ["y"])]), 'makes "y", which is there already'],
    ["an output of nobody", fileOf([node("Relu", ["x"], ["z"])]), 'the output "y" is made by no node'],
    [
      "two initializers of one name",
      fileOf([node("MatMul", ["x", "W"], ["y"])], { initializers: [W, W] }),
      'two initializers are called "W"',
    ],
    [
      "an open extent",
      fileOf([node("Relu", ["x"], ["y"])], { inputs: [{ name: "x", dtype: "f32", dims: [{ batch: 1 }, { batch: 3 }] }] }),
      "--size 3*batch=…",
    ],
    ["two inputs of one name", fileOf([node("Relu", ["x"], ["y"])], { inputs: [X, X] }), 'two inputs are called "x"'],
    [
      "two outputs of one name",
      fileOf([node("Relu", ["x"], ["y"])], {
        outputs: [
          { ...X, name: "y" },
          { ...X, name: "y" },
        ],
      }),
      'two outputs are called "y"',
    ],
    [
      "a product that does not fit",
      fileOf([node("MatMul", ["x", "W"], ["y"])], { initializers: [{ ...W, dims: [9, 1] }] }),
      'MatMul "y" has operands [batch,3] and [9,1] that do not fit',
    ],
    ["an axis twice", fileOf([node("Transpose", ["x"], ["y"], { perm: [0, 0] })]), 'Transpose "y" orders the axes [0,0] of 2'],
    [
      "parts that do not fit",
      fileOf([node("Concat", ["x", "W"], ["y"], { axis: 1 })], { initializers: [W] }),
      'Concat "y" has parts [batch,3] and [3,3] that do not fit',
    ],
    [
      "filters of other channels",
      fileOf([node("Conv", ["x", "W"], ["y"])], {
        initializers: [{ ...W, dims: [1, 9, 1] }],
        inputs: [{ ...X, dims: [{ batch: 1 }, 3, 5] }],
      }),
      'Conv "y" has an input and filters [batch,3,5] and [1,9,1] that do not fit',
    ],
    [
      "statistics of other channels",
      fileOf([node("BatchNormalization", ["x", "W", "W", "W", "W"], ["y"])], { initializers: [W] }),
      'BatchNormalization "y" has an input and statistics [batch,3] and [3,3]',
    ],
    [
      "computed weights",
      fileOf([node("Relu", ["W"], ["V"]), node("Conv", ["x", "V"], ["y"])], { initializers: [W] }),
      'Conv "y" computes its filters',
    ],
  ])("%s", (_, bytes, message) => {
    expect(says(bytes)).toContain(message);
  });

  test("flags that name nothing of the file", () => {
    const whole = fileOf([node("Relu", ["x"], ["y"])]);
    expect(says(whole, { sizes: { T: 3 } })).toContain('--size names "T", but its open extents are "batch"');
    expect(says(whole, { values: { sr: 3 } })).toContain('--value names "sr", but its inputs are "x"');
  });

  test("a newer opset, another file's data, an unknown type", () => {
    expect(says(new Message().message(7, new Message()).message(8, new Message().text(1, "").int(2, 99)).done())).toContain(
      "it is of opset 99",
    );
    expect(says(new Uint8Array(0))).toContain("it holds no graph");
    const tensor = (more: Message): Uint8Array =>
      new Message()
        .message(7, new Message().message(5, more.text(8, "W")))
        .message(8, new Message().text(1, "").int(2, 17))
        .done();
    expect(says(tensor(new Message().ints(1, [2]).int(2, 1).int(14, 1)))).toContain('the tensor "W" lies in another file');
    expect(says(tensor(new Message().ints(1, [2]).int(2, 99)))).toContain('the tensor "W" is of the type 99');
    expect(
      says(
        tensor(
          new Message()
            .ints(1, [2 ** 40, 2 ** 40])
            .int(2, 1)
            .bytes(9, new Uint8Array(4)),
        ),
      ),
    ).toContain("elements, but holds 1");
  });
});

test("axes of the batch and others, as PyTorch's attention has them, stay open", async () => {
  const whole = (name: string, ...values: readonly number[]) => ({ name, dtype: "i64", dims: [values.length], values }) as const;
  const bytes = fileOf(
    [
      node("Shape", ["x"], ["shape"]),
      node("Gather", ["shape", "zero"], ["rows"], { axis: 0 }),
      node("Mul", ["rows", "four"], ["heads"]),
      node("Concat", ["heads", "three"], ["flat"], { axis: 0 }),
      node("Reshape", ["x", "flat"], ["h"]),
      node("Relu", ["h"], ["r"]),
      node("Div", ["heads", "four"], ["again"]),
      node("Concat", ["again", "four", "left"], ["back"], { axis: 0 }),
      node("Reshape", ["r", "back"], ["y"]),
    ],
    {
      initializers: [whole("zero", 0), whole("four", 4), whole("three", 3), whole("left", -1)],
      inputs: [{ name: "x", dtype: "f32", dims: [{ batch: 1 }, 4, 3] }],
    },
  );
  const imported = importOnnx(bytes, options);
  expect(imported.source).toContain("reshape(x, [4 * batch, 3])");
  expect(imported.source).toContain("// [batch, 4, 3]");
  const y = predicted(await modelOf(imported, "heads"), {}).get("y")!;
  expect(Array.from(y)).toEqual(Array.from({ length: 24 }, (_, n) => Math.max(0, Math.sin(1.7 * n + 1))));
});

test("names that are code stay names", async () => {
  const evil = 'x"); process.exit(1); //\n*/';
  const bytes = fileOf([node("Relu", [evil], ["y"])], { inputs: [{ name: evil, dtype: "f32", dims: [{ batch: 1 }, 3] }] });
  const imported = importOnnx(bytes, { ...options, file: evil });
  const model = await modelOf(imported, "evil");
  expect(predicted(model, {}).get("y")).toHaveLength(6);
});

describe("a file under fire ends in a model or in one error of ours:", () => {
  const whole = fileOf([node("Gemm", ["x", "fc.weight"], ["h"], { transB: 1 }), node("Relu", ["h"], ["y"])], {
    initializers: [{ name: "fc.weight", dtype: "f32", dims: [3, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9) }],
  });
  const readOrRefuse = (bytes: Uint8Array): void => void says(bytes);

  test("whole, it is a dense layer", () => {
    const { source, weights } = importOnnx(whole, options);
    expect(source).toContain('const h = dense(3, { name: "fc", useBias: false })(x); // [batch, 3]');
    expect(weights).toEqual([{ name: "fc.kernel", shape: [3, 3], values: Float32Array.of(1, 4, 7, 2, 5, 8, 3, 6, 9) }]);
  });
  test("cut at any byte", () => {
    for (let length = 0; length < whole.length; length++) readOrRefuse(whole.slice(0, length));
  });
  test("with bits flipped", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length * 8 - 1), { minLength: 1, maxLength: 4 }), (flipped) => {
        const bytes = whole.slice();
        for (const bit of flipped) bytes[bit >> 3]! ^= 1 << (bit & 7);
        readOrRefuse(bytes);
      }),
      { numRuns: 500 },
    );
  });
  test("graphs that nest without end, numbers that do not end", () => {
    let graph = new Message().message(1, new Message().text(4, "If"));
    for (let n = 0; n < 200; n++)
      graph = new Message().message(1, new Message().text(4, "If").message(5, new Message().text(1, "b").message(6, graph).int(20, 5)));
    expect(says(new Message().message(7, graph).message(8, new Message().text(1, "").int(2, 17)).done())).toContain(
      "graphs nest more than 64 deep",
    );
    expect(says(Uint8Array.of(0x08, ...Array<number>(20).fill(0xff)))).toContain("does not end after ten bytes");
    expect(says(Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x7f))).toContain("where 0 are left");
  });
});
