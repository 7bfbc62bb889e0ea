/** A layers model of Keras becomes source that predicts and trains as Keras does (interop/keras/nets.py); what is damaged or unknown is refused by name. */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluateResults } from "../../compiler/check/evaluate.ts";
import { traceOf } from "../../compiler/driver/entries.ts";
import type { Graph } from "../../compiler/graph/graph.ts";
import { sizeOf } from "../../compiler/graph/type.ts";
import { importKeras } from "../../compiler/imports/keras/index.ts";
import type { Imported, ImportOptions } from "../../compiler/imports/written.ts";
import { differentiate } from "../../compiler/passes/graph/differentiate.ts";
import { declared } from "./declared.ts";

interface Listed {
  readonly dims: readonly number[];
  readonly integers: boolean;
  readonly data: readonly number[];
}
interface Net {
  readonly model: {
    readonly modelTopology: object;
    readonly weightsManifest: readonly { readonly weights: readonly { readonly name: string }[] }[];
  };
  readonly shards: Readonly<Record<string, string>>;
  readonly inputs: Readonly<Record<string, Listed>>;
  readonly outputs: Readonly<Record<string, Listed>>;
  readonly targets: readonly Listed[];
  readonly losses: readonly number[];
  readonly weights: Readonly<Record<string, Listed>>;
}

const NETS = JSON.parse(gunzipSync(readFileSync(new URL("./keras.json.gz", import.meta.url))).toString()) as Readonly<Record<string, Net>>;
const told = { name: "again", file: "model.json" };
const shardsOf =
  ({ shards }: Net) =>
  (path: string): Uint8Array =>
    Buffer.from(shards[path] ?? "", "base64");
const imported = (net: Net, more: Partial<ImportOptions> = {}): Imported =>
  importKeras(JSON.stringify(net.model), shardsOf(net), { ...told, ...more });
/** The same net with the weights that it has after training, in the layout that they have here. */
const after = (net: Net): Imported => {
  const all = net.model.weightsManifest.flatMap(({ weights }) => weights.flatMap(({ name }) => net.weights[name]!.data));
  return importKeras(JSON.stringify(net.model), () => new Uint8Array(Float32Array.from(all).buffer), told);
};
const most = (values: ArrayLike<number>): number => Array.from(values).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
const off = (made: ArrayLike<number>, expected: ArrayLike<number>): number => most(Array.from(made, (value, n) => value - expected[n]!));

/** Contents of a graph's leaves; an optimizer's states begin at 0. */
const fed = (graph: Graph, of: ReadonlyMap<string, ArrayLike<number>>): ReadonlyMap<string, Float64Array> =>
  new Map(
    graph.nodes.flatMap(({ op, name, type, attrs }): readonly (readonly [string, Float64Array])[] => {
      if (op === "constant") return [[name, Float64Array.from((attrs["initial"] as readonly unknown[]).slice(1) as number[])]];
      if (!["input", "param", "state", "count"].includes(op)) return [];
      const otherwise = op === "count" ? Float64Array.of(4) : new Float64Array(sizeOf(type.shape));
      return [[name, Float64Array.from(of.get(name) ?? otherwise)]];
    }),
  );

describe.each(Object.entries(NETS))("%s", (_, net) => {
  test("predicts, and after three steps has the losses and weights of Keras", () => {
    const source = imported(net);
    const model = declared(source);
    const held = new Map<string, ArrayLike<number>>(source.weights.map(({ name, values }) => [name, values]));
    for (const [name, { data }] of Object.entries(net.inputs)) held.set(name, data);
    const { graph: forward } = traceOf(model, "predict", { batch: 4, dtype: "f64" });
    const { outputs } = evaluateResults(forward, fed(forward, held));
    for (const [name, { data }] of Object.entries(net.outputs))
      expect(off(outputs.get(name)!.data, data) / most(data), name).toBeLessThan(1e-5);

    net.targets.forEach(({ data }, n) => held.set(["y", "target"][n]!, data));
    const { graph: declaredStep, phases } = traceOf(model, "train", { batch: 4, dtype: "f64" });
    const step = differentiate(phases[0], { counts: true }).run(declaredStep) as Graph;
    for (const loss of net.losses) {
      const { losses, writes } = evaluateResults(step, fed(step, held));
      expect(Math.abs([...losses.values()][0]! / loss - 1)).toBeLessThan(1e-5);
      for (const [name, { data }] of writes) held.set(name, data);
    }
    const expected = after(net).weights;
    expect(expected.map(({ name }) => name)).toEqual(source.weights.map(({ name }) => name));
    for (const { name, values } of expected) {
      // Keras keeps the variance of the batch itself, not the unbiased one
      if (name.endsWith(".variance")) continue;
      expect(off(held.get(name)!, values) / Math.max(1e-3, most(values)), name).toBeLessThan(1e-5);
    }
  });
});

type Json = Record<string, unknown>;
/** A net of these layers, one after the other, with weights of ones. */
const sequence = (
  layers: readonly Json[],
  weights: readonly (readonly [name: string, ...dims: number[]])[] = [],
  more: Json = {},
): Json => ({
  modelTopology: { class_name: "Sequential", config: { name: "s", layers }, keras_version: "tfjs-layers 4.22.0", ...more },
  weightsManifest: [{ paths: ["w.bin"], weights: weights.map(([name, ...shape]) => ({ name, shape, dtype: "float32" })) }],
});
const layer = (kind: string, name: string, config: Json = {}): Json => ({ class_name: kind, config: { name, ...config } });
const dense = layer("Dense", "fc", { units: 2, batch_input_shape: [null, 3] });
const DENSE = [
  ["fc/kernel", 3, 2],
  ["fc/bias", 2],
] as const;
const ones = (count: number): Uint8Array => new Uint8Array(new Float32Array(count).fill(1).buffer);
const says = (model: Json | string, bytes: Uint8Array = ones(8), more: Partial<ImportOptions> = {}): string => {
  try {
    importKeras(typeof model === "string" ? model : JSON.stringify(model), () => bytes, { ...told, ...more });
  } catch (error) {
    expect((error as Error).name).toBe("ImportError");
    return (error as Error).message;
  }
  return "nothing";
};

test("whole, a file of TensorFlow.js is read, and its weights of 8 and 16 bits are widened", () => {
  const model = sequence([dense], DENSE);
  expect(says(model)).toBe("nothing");
  const [group] = model["weightsManifest"] as [{ weights: Json[] }];
  group.weights[0]!["quantization"] = { dtype: "uint8", min: -1, scale: 0.5 };
  group.weights[1]!["quantization"] = { dtype: "float16" };
  const { weights } = importKeras(JSON.stringify(model), () => Uint8Array.of(0, 1, 2, 3, 4, 255, 0, 0x3c, 0, 0xc0), told);
  expect(weights.map(({ values }) => [...Array.from(values)])).toEqual([
    [-1, -0.5, 0, 0.5, 1, 126.5],
    [1, -2],
  ]);
});

describe("what cannot be imported is refused by name:", () => {
  const circle = {
    modelTopology: {
      class_name: "Model",
      config: {
        name: "m",
        layers: [
          { class_name: "InputLayer", name: "x", config: { name: "x", batch_input_shape: [null, 3] }, inbound_nodes: [] },
          {
            class_name: "Add",
            name: "a",
            config: { name: "a" },
            inbound_nodes: [
              [
                ["x", 0, 0],
                ["b", 0, 0],
              ],
            ],
          },
          { class_name: "ReLU", name: "b", config: { name: "b" }, inbound_nodes: [[["a", 0, 0]]] },
        ],
        input_layers: [["x", 0, 0]],
        output_layers: [["b", 0, 0]],
      },
    },
  };
  const stranger = structuredClone(circle);
  stranger.modelTopology.config.layers[2]!.inbound_nodes = [[["nobody", 0, 0]]] as never;
  const nest = (depth: number): Json =>
    depth === 0 ? dense : layer("Sequential", `s${depth}`, { layers: [nest(depth - 1)], batch_input_shape: [null, 3] });
  type Row = readonly [what: string, model: Json | string, message: string, bytes?: Uint8Array, more?: Partial<ImportOptions>];
  test.each<Row>([
    ["what is no JSON", "\x89HDF", "it is no JSON"],
    ["a graph model", { format: "graph-model", modelTopology: { node: [] } }, "it is a graph model, without layers"],
    ["another JSON", { name: "adjoint" }, "it holds no modelTopology"],
    [
      "a model that is code",
      { modelTopology: { class_name: "MyModel", config: {} } },
      "it is a MyModel, not a Sequential or functional model",
    ],
    ["a layer that is not read", sequence([dense, layer("Hashing", "own")], DENSE), 'Hashing "own" is a layer that is not read'],
    [
      "a layer of code",
      sequence([dense, layer("Lambda", "own")], DENSE),
      'Lambda "own" is Python code, which is not run; save the model with layers in its place',
    ],
    ["a circle", circle, 'Add "a" waits for what is never made, or for itself'],
    ["a call of nobody", stranger, 'something reads call 0 of "nobody", which is not there'],
    ["models without end", sequence([nest(80)], DENSE), "models nest more than 64 deep"],
    ["two layers of one name", sequence([dense, dense], DENSE), 'two layers are called "fc"'],
    ["two weights of one name", sequence([dense], [...DENSE, ["fc/bias", 2]]), 'two weights are called "fc/bias"', ones(10)],
    ["a missing weight", sequence([dense], [["fc/kernel", 3, 2]]), 'Dense "fc" lacks its weight bias', ones(6)],
    [
      "a weight of another shape",
      sequence(
        [dense],
        [
          ["fc/kernel", 2, 3],
          ["fc/bias", 2],
        ],
      ),
      'Dense "fc" needs kernel [3,2], but "fc/kernel" is [2,3]',
    ],
    [
      "shards that end early",
      sequence([dense], DENSE),
      'the weight "fc/bias" [2] needs 8 bytes from byte 24, but its shards hold 28',
      ones(7),
    ],
    ["shards that go on", sequence([dense], DENSE), "hold 36 bytes, where the manifest says 32", ones(9)],
    ["sizes beyond the file", sequence([dense], [["fc/kernel", 2 ** 40, 2 ** 40]]), "but its shards hold 32"],
    ["an open extent", sequence([layer("Conv1D", "c", { batch_input_shape: [null, null, 3] })]), "fix it with --size c_input.1=…", ones(0)],
    [
      "masks of what are no steps",
      sequence([layer("Masking", "m", { batch_input_shape: [null, 3] })]),
      'Masking "m" masks steps of [batch,3]',
      ones(0),
    ],
    [
      "statistics without masked steps",
      sequence([layer("Masking", "m", { batch_input_shape: [null, 4, 3] }), layer("BatchNormalization", "n")]),
      'BatchNormalization "n" is given masked steps; Keras leaves them out of its statistics',
      ones(0),
    ],
    [
      "a loss of masked steps",
      sequence([layer("Masking", "m", { batch_input_shape: [null, 4, 3] })], [], { training_config: { loss: "mse" } }),
      'its output "m" is masked, and of its loss "mse" the masked steps are left out',
      ones(0),
    ],
    [
      "pictures of another aspect",
      sequence([layer("Resizing", "r", { batch_input_shape: [null, 4, 3, 1], height: 2, width: 2, pad_to_aspect_ratio: true })]),
      'Resizing "r" has pad_to_aspect_ratio; set it to False',
      ones(0),
    ],
    [
      "a part larger than the picture",
      sequence([layer("CenterCrop", "c", { batch_input_shape: [null, 4, 3, 1], height: 2, width: 5 })]),
      'CenterCrop "c" cuts [2,5] out of [4,3]',
      ones(0),
    ],
    [
      "statistics that were never taken",
      sequence([layer("Normalization", "n", { batch_input_shape: [null, 3], axis: -1 })]),
      'Normalization "n" lacks its mean; adapt it to data',
      ones(0),
    ],
    [
      "states that stay",
      sequence([layer("LSTM", "l", { batch_input_shape: [1, 4, 3], stateful: true })]),
      "keeps its states between batches",
      ones(0),
    ],
    [
      "an unknown loss",
      sequence([dense], DENSE, { training_config: { loss: "own_loss" } }),
      'compiled with the loss "own_loss", which is not read',
    ],
    [
      "a head that is not there",
      sequence([layer("ReLU", "r", { batch_input_shape: [null, 3] })]),
      "no dense layer that --head could replace",
      ones(0),
      { head: 3 },
    ],
  ])("%s", (...row) => {
    const [, model, message, bytes, more] = row as unknown as Row;
    expect(says(model, bytes, more)).toContain(message);
  });
});

describe("a file under fire ends in a model or in one error of ours:", () => {
  const whole = JSON.stringify(sequence([dense, layer("Activation", "a", { activation: "softmax" })], DENSE));
  test("cut at any byte", () => {
    for (let length = 0; length < whole.length; length++) expect(says(whole.slice(0, length))).not.toBe("nothing");
    for (let length = 0; length < 32; length++) expect(says(whole, ones(8).slice(0, length))).toContain("the file is damaged");
  });
  test("with bytes changed", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 32, max: 126 })), { minLength: 1, maxLength: 3 }),
        (changes) => {
          const text = [...whole];
          for (const [at, code] of changes) text[at] = String.fromCharCode(code);
          says(text.join(""));
        },
      ),
      { numRuns: 500 },
    );
  });
  test("names that are code stay names", () => {
    const evil = 'x"); process.exit(1); //\n*/';
    const model = sequence(
      [layer("Dense", evil, { units: 2, batch_input_shape: [null, 3] })],
      [
        [`${evil}/kernel`, 3, 2],
        [`${evil}/bias`, 2],
      ],
    );
    const { source } = importKeras(JSON.stringify(model), () => ones(8), { ...told, file: evil });
    expect(traceOf(declared({ source, weights: [] }), "predict", {}).graph.results).toHaveLength(1);
  });
});

test("another head begins anew, and what is told trains", () => {
  const { source, weights } = importKeras(
    JSON.stringify(
      sequence(
        [layer("Dense", "body", { units: 4, batch_input_shape: [null, 3] }), layer("Dense", "fc", { units: 2 })],
        [
          ["body/kernel", 3, 4],
          ["body/bias", 4],
          ["fc/kernel", 4, 2],
          ["fc/bias", 2],
        ],
      ),
    ),
    () => ones(26),
    { ...told, head: 5, train: ["last:1"] },
  );
  expect(source).toContain('dense(5, { name: "fc" })');
  expect(source).toContain('trainable: ["fc"]');
  expect(weights.map(({ name, shape }) => [name, shape])).toEqual([
    ["body.kernel", [3, 4]],
    ["body.bias", [4]],
    ["fc.kernel", [4, 5]],
    ["fc.bias", [5]],
  ]);
});

test("what changes pictures in training is said as it is, and a border for what Keras mirrors", () => {
  const { source } = importKeras(
    JSON.stringify(
      sequence([
        layer("RandomFlip", "f", { batch_input_shape: [null, 4, 3, 1], mode: "horizontal" }),
        layer("RandomZoom", "z", { height_factor: [-0.25, 0.5], width_factor: null, fill_mode: "constant", fill_value: 0 }),
        layer("RandomRotation", "r", { factor: 0.125, fill_mode: "reflect", interpolation: "nearest" }),
      ]),
    ),
    () => ones(0),
    told,
  );
  expect(source).toContain('randomFlip("horizontal")(');
  expect(source).toContain('randomZoom([-0.25, 0.5], undefined, { outside: "zeros" })(');
  expect(source).toContain('randomRotation(0.125, { interpolation: "nearest" })(');
  expect(traceOf(declared({ source, weights: [] }), "predict", {}).graph.results).toHaveLength(1);
});
