/** What is true of every op, tested on its own samples: law, reference, definition, gradients, and what is emitted for it. */

import { describe, expect, test } from "vitest";
import { reverse } from "../../compiler/autodiff/reverse.ts";
import { evaluateGraph } from "../../compiler/check/evaluate.ts";
import { Builder } from "../../compiler/graph/build.ts";
import { ModelError } from "../../compiler/graph/error.ts";
import type { Attrs, Graph, Value } from "../../compiler/graph/graph.ts";
import { bool, f32, i32, isFloat, printType, tensor, type Float, type TensorType } from "../../compiler/graph/type.ts";
import { verifyGraph } from "../../compiler/graph/verify.ts";
import { evaluateScalar } from "../../compiler/loop/interpret/index.ts";
import { index } from "../../compiler/loop/index-expression.ts";
import { load } from "../../compiler/loop/build.ts";
import { lower } from "../../compiler/driver/lower.ts";
import type { Model } from "../../compiler/model/declaration.ts";
import { sgd } from "../../compiler/model/optimizers/index.ts";
import { dotAttrs } from "../../compiler/ops/dot.ts";
import { callsOn, opOf, ops } from "../../compiler/ops/index.ts";
import { eachPosition, flatten, lawOf, type Op, type Sample } from "../../compiler/ops/op.ts";
import { importText, stripTypes } from "../../compiler/targets/strip.ts";
import { typescript } from "../../compiler/targets/typescript/index.ts";
import { close } from "../support/close.ts";
import { randomFrom, sampleTensor } from "../support/sample.ts";

/** Linear in each operand, the others fixed at 0 (or, for products, at what they are). */
const LINEAR = ["dot", "sum", "transpose", "reshape", "broadcast", "slice", "pad", "neg", "add", "sub", "identity"];

interface Case {
  readonly name: string;
  readonly op: Op;
  readonly sample: Sample;
}

const cases: readonly Case[] = Object.values(ops).flatMap((op: Op) =>
  op.samples.map((sample): Case => {
    const types = sample.inputs.map((input) => `[${input.shape.join(",")}]`).join(" ");
    const attrs = Object.keys(sample.attrs).length === 0 ? "" : ` ${JSON.stringify(sample.attrs)}`;
    return { name: `${op.name} ${types}${attrs}`, op, sample };
  }),
);
const differentiable = cases.filter(({ op, sample }) => {
  const type = op.infer(sample.inputs, sample.attrs, sample.type);
  return isFloat(type.dtype) && op.laws.some((law) => law !== null);
});

/** The op between its inputs and Σ weights ⊙ y, as a graph under construction. */
function build({ op, sample }: Case): {
  builder: Builder;
  inputs: readonly Value[];
  y: Value;
} {
  const builder = new Builder("sample");
  const leaf = (name: string, type: TensorType): Value => builder.append(opOf("input"), [], {}, name, type);
  const inputs = sample.inputs.map((type, n) => leaf(`x${n}`, type));
  const y = builder.append(op, inputs, sample.attrs, "y", sample.type);
  return { builder, inputs, y };
}

/** Σ weights ⊙ y over all axes; the weights are an input of that name. */
function weighted(builder: Builder, y: Value, weights: string): Value {
  const g = callsOn(builder);
  const type = builder.typeOf(y);
  const w = builder.append(opOf("input"), [], {}, weights, type);
  return g.sum(g.mul(y, w), { axes: type.shape.map((_, axis) => axis) });
}

/** A value for every input of a graph; operands of the op within its sample's bounds. */
function feedFor(graph: Pick<Graph, "nodes">, sample: Sample, seed: number): Map<string, Float64Array> {
  // prettier-ignore
  const random = randomFrom(seed);
  return new Map(
    graph.nodes.flatMap((node) =>
      node.op === "input" ? [[node.name, sampleTensor(node.type, random, node.name.startsWith("x") ? sample.within : undefined)]] : [],
    ),
  );
}

/** d(loss)/d(leaf) by (L(x+h) − L(x−h)) / 2h. */
function differences(graph: Graph, loss: Value, feed: Map<string, Float64Array>, leaf: string): Float64Array {
  // prettier-ignore
  const h = 1e-5;
  const at = feed.get(leaf)!;
  const lossWith = (n: number, change: number): number => {
    const moved = Float64Array.from(at);
    moved[n]! += change;
    return evaluateGraph(graph, new Map(feed).set(leaf, moved))[loss]!.data[0]!;
  };
  return at.map((_, n) => (lossWith(n, h) - lossWith(n, -h)) / (2 * h));
}

test("every op that computes has samples", () => {
  const without = Object.values(ops)
    .filter((op: Op) => op.samples.length === 0)
    .map((op: Op) => op.name);
  // a rule of a model's own has no sample of ours, nor has a step of a scan: see scan.test.ts
  expect(without).toEqual([
    "input",
    "param",
    "state",
    "constant",
    "hyper",
    "count",
    "literal",
    "scan",
    "turn",
    "part",
    "customVjp",
    "hole",
  ]);
});

describe.each(cases)("$name", ({ op, sample, name }) => {
  const one: Case = { op, sample, name };

  test("its law holds, and the verifier agrees", () => {
    const { builder } = build(one);
    expect(() => verifyGraph(builder.graph(), opOf)).not.toThrow();
    expect(op.laws).toHaveLength(op.arity === "many" ? 1 : op.arity);
  });

  test("the reference fills its result, and the definition means the same at every position", () => {
    const { builder, y } = build(one);
    const feed = feedFor(builder, sample, 7);
    const inputs = sample.inputs.map((type, n) => tensor(type, feed.get(`x${n}`)));
    const type = builder.typeOf(y);
    const output = tensor(type);
    output.data.fill(NaN);
    op.evaluate(inputs, sample.attrs, output);
    expect(output.data.some(Number.isNaN)).toBe(false);

    let axes = 0;
    const scalar = op.define({
      at: type.shape.map((extent, n) => index(`i${n}`, extent)),
      read: sample.inputs.map(
        (input, n) =>
          (...at) =>
            load(`x${n}`, input.dtype, ...at),
      ),
      types: sample.inputs,
      type,
      attrs: sample.attrs,
      axis: (extent) => ({ name: `k${axes++}`, extent }),
    });
    const defined = tensor(type);
    eachPosition(type.shape, (position, flat) => {
      defined.data[flat] = evaluateScalar(
        scalar,
        {
          locals: new Map(),
          indices: new Map(position.map((at, n) => [`i${n}`, at])),
          load: (buffer, at) => {
            const of = inputs[Number(buffer.slice(1))]!;
            const element = of.data[flatten(at, of.type.shape)];
            if (element === undefined || at.some((p, n) => p < 0 || p >= of.type.shape[n]!))
              throw new RangeError(`${buffer}[${at.join(",")}]`);
            return element;
          },
        },
        "double",
      );
    });
    close(defined.data, output.data, 1e-15, op.name);
  });

  test("no gradient flows where no law is stated", () => {
    const { builder, inputs, y } = build(one);
    if (!isFloat(builder.typeOf(y).dtype)) return;
    const found = reverse(builder, weighted(builder, y, "w"), inputs);
    inputs.forEach((input, n) => {
      const flows = lawOf(op, n, sample.attrs) !== null && isFloat(builder.typeOf(input).dtype);
      expect(found[n] !== undefined, `operand ${n}`).toBe(flows);
    });
  });
});

describe.each(differentiable)("gradient of $name", (one) => {
  test("equals central differences, and so does the gradient of the gradient", () => {
    const { builder, inputs, y } = build(one);
    const g = callsOn(builder);
    const loss = weighted(builder, y, "w");
    const first = reverse(builder, loss, inputs);
    // second order: of Σ over operands of ⟨v, gradient⟩
    const along = first.flatMap((gradient, n) => (gradient === undefined ? [] : [weighted(builder, gradient, `v${n}`)]));
    const total = along.reduce((a, b) => g.add(a, b));
    const second = reverse(builder, total, inputs);
    const graph = builder.graph();
    verifyGraph(graph, opOf);
    const feed = feedFor(graph, one.sample, 11);
    const values = evaluateGraph(graph, feed);
    inputs.forEach((input, n) => {
      const { name } = builder.node(input);
      if (first[n] === undefined) return;
      close(values[first[n]]!.data, differences(graph, loss, feed, name), 2e-9, `d_${name}`);
      const expected = differences(graph, total, feed, name);
      const found = second[n] === undefined ? expected.map(() => 0) : values[second[n]]!.data;
      close(found, expected, 2e-9, `d_d_${name}`);
    });
  });
});

describe.each(differentiable.filter(({ op }) => LINEAR.includes(op.name)))("$name", (one) => {
  test("⟨u, J v⟩ = ⟨Jᵀ u, v⟩ in each operand", () => {
    const { builder, inputs, y } = build(one);
    const u = weighted(builder, y, "w");
    const pulled = reverse(builder, u, inputs);
    const graph = builder.graph();
    const feed = feedFor(graph, one.sample, 13);
    const random = randomFrom(17);
    inputs.forEach((input, n) => {
      const { name, type } = builder.node(input);
      const v = sampleTensor(type, random);
      const others = new Map(feed);
      if (one.op.name !== "dot")
        inputs.forEach((other, m) => m !== n && others.set(`x${m}`, new Float64Array(feed.get(builder.node(other).name)!.length)));
      const pushed = evaluateGraph(graph, new Map(others).set(name, v))[u]!.data[0]!;
      const transposed = evaluateGraph(graph, feed)[pulled[n]!]!.data;
      const back = transposed.reduce((sum, d, at) => sum + d * v[at]!, 0);
      close([back], [pushed], 1e-13, name);
    });
  });
});

test("a cast between floats carries its cotangent back", () => {
  const one: Case = { name: "cast", op: opOf("cast"), sample: { inputs: [f32(4)], attrs: { to: "f64" } } };
  const { builder, inputs, y } = build(one);
  const [gradient] = reverse(builder, weighted(builder, y, "w"), inputs);
  const feed = feedFor(builder, one.sample, 3);
  expect(builder.typeOf(gradient!).dtype).toBe("f32");
  expect(evaluateGraph(builder.graph(), feed)[gradient!]!.data).toEqual(feed.get("w"));
});

// One model holds every sample: operands are its parameters, Σ weights ⊙ y its loss. One step of
// gradient descent with rate 1 then shows every emitted gradient, one prediction every emitted value.

const asFloat = (type: TensorType, float: Float): TensorType => (type.dtype === "f32" ? { ...type, dtype: float } : type);

/** `n x 1` is operand 1 of sample n. */
function everyOp(float: Float, entry: "train" | "evaluate" | "predict"): Graph {
  const builder = new Builder("every-op");
  const g = callsOn(builder);
  const losses: Value[] = [];
  cases.forEach(({ op, sample }, n) => {
    const attrs: Attrs = sample.attrs["to"] === "f32" ? { ...sample.attrs, to: float } : sample.attrs;
    const inputs = sample.inputs.map((type, at) => {
      const initial = [...sampleTensor(type, randomFrom(100 * n + at), sample.within)];
      const storage: TensorType = { dtype: float, shape: type.shape };
      const p = builder.append(opOf("param"), [], { initial: ["data", ...initial] }, `${n} x ${at}`, storage);
      return isFloat(type.dtype) ? p : g.cast(p, { to: type.dtype });
    });
    const y = builder.append(op, inputs, attrs, `${n} y`, sample.type && asFloat(sample.type, float));
    const type = builder.typeOf(y);
    if (entry === "predict")
      builder.results.push({ kind: "output", name: `${n}`, value: isFloat(type.dtype) ? y : g.cast(y, { to: float }) });
    if (!isFloat(type.dtype)) return;
    const weights = sampleTensor(asFloat(type, float), randomFrom(-1 - n));
    const w = builder.append(opOf("param"), [], { initial: ["data", ...weights], trainable: false }, `${n} w`, type);
    losses.push(g.sum(g.mul(y, w), { axes: type.shape.map((_, axis) => axis) }));
  });
  if (entry !== "predict") {
    const value = losses.reduce((a, b) => g.add(a, b));
    builder.results.push({ kind: "loss", name: entry === "train" ? "train" : "loss", value });
  }
  return builder.graph();
}

interface EveryTrainer {
  step(batch: object): number;
  predict(batch: object): Readonly<Record<string, Float32Array | Float64Array>>;
  readonly parameters: Readonly<Record<string, Float32Array | Float64Array>>;
}

async function trainerOf(float: Float): Promise<EveryTrainer> {
  const phase = { name: "train", rule: sgd({ learningRate: 1 }) };
  const model: Model = {
    kind: "adjoint model",
    name: "every-op",
    batch: { train: 1, evaluate: 1, predict: 1 },
    trace: ({ entry }) => ({
      graph: everyOp(float, entry),
      layers: [],
      kinds: new Map(),
      advice: [],
      wholeOutputs: [],
      phases: [phase],
    }),
  };
  const { module, facts } = await lower(model, { dtype: float });
  const code = await stripTypes((await typescript.emit(module, facts)).text);
  const { createTrainer } = await importText<{ createTrainer(): EveryTrainer }>(code);
  return createTrainer();
}

describe.each([
  { float: "f64" as const, bound: 2e-14 },
  { float: "f32" as const, bound: 4e-7 },
])("emitted at $float", async ({ float, bound }) => {
  const trainer = await trainerOf(float);
  const predicted = Object.fromEntries(Object.entries(trainer.predict({})).map(([name, y]) => [name, [...y]]));
  const before = Object.fromEntries(Object.entries(trainer.parameters).map(([name, p]) => [name, [...p]]));
  const loss = trainer.step({});
  const graph = everyOp("f64", "train");
  const builder = new Builder(graph.name);
  builder.nodes.push(...graph.nodes);
  const leaves = graph.nodes.flatMap((node, at) => (node.op === "param" && node.attrs["trainable"] !== false ? [at as Value] : []));
  const gradients = reverse(builder, graph.results[0]!.value, leaves);
  const feed = new Map(Object.entries(before).map(([name, p]) => [name, Float64Array.from(p)]));
  const values = evaluateGraph(builder.graph(), feed);
  const valueOf = new Map(builder.nodes.map(({ name }, at) => [name, values[at]!.data]));

  test("the loss", () => close([loss], values[graph.results[0]!.value]!.data, bound * 10, "loss"));

  test.each(cases.map((one, n) => ({ ...one, n })))("$name", ({ sample, n }) => {
    close(predicted[`${n}`]!, valueOf.get(`${n} y`)!, bound, "y");
    sample.inputs.forEach((_, at) => {
      const name = `${n} x ${at}`;
      const gradient = gradients[leaves.findIndex((leaf) => builder.node(leaf).name === name)];
      const expected = gradient === undefined ? new Float64Array(before[name]!.length) : values[gradient]!.data;
      const stepped = trainer.parameters[name]!;
      close(
        before[name]!.map((p, m) => p - stepped[m]!),
        expected,
        bound,
        `d_${name}`,
      );
    });
  });
});

describe("a broken law", () => {
  const broken: readonly { op: keyof typeof ops; inputs: TensorType[]; attrs: Attrs }[] = [
    { op: "dot", inputs: [f32(256, 3072), f32(300, 100)], attrs: dotAttrs([1], [0]) },
    { op: "dot", inputs: [f32(3, 4), f32(5, 3)], attrs: dotAttrs([1], [1]) },
    { op: "dot", inputs: [f32(2, 3, 4), f32(3, 4, 5)], attrs: dotAttrs([2], [1], [0], [0]) },
    { op: "dot", inputs: [i32(2, 3), i32(3, 2)], attrs: dotAttrs([1], [0]) },
    { op: "add", inputs: [f32(2, 3), f32(3, 2)], attrs: {} },
    { op: "add", inputs: [f32(2), i32(2)], attrs: {} },
    { op: "add", inputs: [bool(2), bool(2)], attrs: {} },
    { op: "exp", inputs: [i32(2)], attrs: {} },
    { op: "and", inputs: [f32(2), f32(2)], attrs: {} },
    { op: "where", inputs: [f32(2), f32(2), f32(2)], attrs: {} },
    { op: "sum", inputs: [f32(2, 3)], attrs: { axes: [0, 2] } },
    { op: "reduceMax", inputs: [f32(2, 3)], attrs: { axes: [1, 1] } },
    { op: "argmax", inputs: [f32(2, 3)], attrs: { axis: 2 } },
    { op: "transpose", inputs: [f32(2, 3)], attrs: { order: [0, 0] } },
    { op: "reshape", inputs: [f32(2, 3)], attrs: { shape: [4] } },
    { op: "broadcast", inputs: [f32(2)], attrs: { axes: [2], size: [4] } },
    { op: "slice", inputs: [f32(5)], attrs: { start: [2], limit: [6], stride: [1] } },
    { op: "pad", inputs: [f32(5)], attrs: { low: [-1], high: [0], interior: [0] } },
  ];
  const messageOf = ({ op, inputs, attrs }: (typeof broken)[number]): string => {
    const builder = new Builder("broken");
    const values = inputs.map((type, n) => {
      builder.origin = { role: "primal", site: `models/broken.ts:${n + 2}` };
      return builder.append(opOf("input"), [], {}, `x${n}`, type);
    });
    builder.origin = { role: "primal", site: "models/broken.ts:9" };
    try {
      builder.append(opOf(op), values, attrs);
    } catch (error) {
      if (error instanceof ModelError) return error.message;
      throw error;
    }
    return `${op} accepts ${inputs.map(printType).join(" ")}`;
  };

  test("is told with the model line, the law, the operands and the remedy", async () => {
    const messages = broken.map(messageOf).join("\n\n---\n\n");
    await expect(`${messages}\n`).toMatchFileSnapshot("../errors/laws.txt");
  });
});
