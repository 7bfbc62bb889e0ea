/** What is true of convolutions in phases: the numbers of the convolution over the dilated input, whatever its attributes; steps hold on both targets. */

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  batchNorm,
  conv2d,
  conv2dTranspose,
  dense,
  depthwiseConv2d,
  flatten,
  input,
  labels,
  model,
  relu,
  sgd,
  softmaxCrossEntropy,
} from "adjoint";
import { evaluateResults } from "../compiler/check/evaluate.ts";
import { compile } from "../compiler/compile.ts";
import { Builder } from "../compiler/graph/build.ts";
import type { Graph } from "../compiler/graph/graph.ts";
import { verifyGraph } from "../compiler/graph/verify.ts";
import { convAttrs } from "../compiler/ops/conv.ts";
import { callsOn, opOf } from "../compiler/ops/index.ts";
import { phases } from "../compiler/passes/graph/phases.ts";
import { distance } from "./support/close.ts";
import { randomFrom } from "./support/sample.ts";

type Axis = Readonly<Record<"side" | "taps" | "by" | "step" | "stride" | "low" | "high", number>>;

const axis: fc.Arbitrary<Axis> = fc.record({
  side: fc.integer({ min: 1, max: 4 }),
  taps: fc.integer({ min: 1, max: 5 }),
  by: fc.integer({ min: 1, max: 3 }),
  step: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 2 }),
  low: fc.integer({ min: -1, max: 4 }),
  high: fc.integer({ min: -1, max: 5 }),
});

const outside = ({ side, taps, by, step, stride, low, high }: Axis): number =>
  Math.floor(((side - 1) * by + 1 + low + high - ((taps - 1) * step + 1)) / stride) + 1;

/** One convolution of two groups along two axes. */
function convolution(axes: readonly Axis[]): Graph {
  const builder = new Builder("one");
  const g = callsOn(builder);
  const each = (of: keyof Axis): number[] => axes.map((one) => one[of]);
  const x = builder.append(opOf("input"), [], {}, "x", { dtype: "f64", shape: [2, 4, ...each("side")] });
  const w = builder.append(opOf("param"), [], {}, "w", { dtype: "f64", shape: [6, 2, ...each("taps")] });
  const attrs = { stride: each("stride"), low: each("low"), high: each("high"), lhsDilation: each("by"), rhsDilation: each("step") };
  builder.results.push({ kind: "output", name: "y", value: g.conv(x, w, convAttrs(2, { ...attrs, featureGroups: 2 })) });
  return builder.graph();
}

function valueOf(graph: Graph): Float64Array {
  const random = randomFrom(7);
  const feed = graph.nodes
    .filter(({ op }) => op === "input" || op === "param")
    .map(({ name, type }): [string, Float64Array] => [
      name,
      Float64Array.from({ length: type.shape.reduce((a, b) => a * b, 1) }, () => 2 * random() - 1),
    ]);
  return evaluateResults(graph, new Map(feed)).outputs.get("y")!.data;
}

test("the phases mean what the convolution means, and no dilated input is left where they apply", () => {
  let applied = 0;
  fc.assert(
    fc.property(fc.tuple(axis, axis), (axes) => {
      fc.pre(axes.every((one) => outside(one) >= 1));
      const graph = convolution(axes);
      const after = phases.run(graph);
      verifyGraph(after, opOf);
      expect(distance(valueOf(after), valueOf(graph))).toBeLessThan(1e-14);
      if (after === graph) return;
      applied++;
      for (const { op, attrs } of after.nodes) if (op === "conv") expect(attrs["lhsDilation"]).toEqual([1, 1]);
    }),
    { numRuns: 300, seed: 20261130 },
  );
  expect(applied).toBeGreaterThan(80);
});

test("a convolution whose input is not dilated stays as it is", () => {
  const graph = convolution([1, 2].map((low): Axis => ({ side: 4, taps: 3, by: 1, step: 1, stride: 2, low, high: 1 })));
  expect(phases.run(graph)).toBe(graph);
});

/** Strided, transposed, depthwise and pointwise layers on few pixels, with enough filters for lanes. */
const strided = model("strided", { batch: 4 }, ({ batch }) => {
  const y = labels("y", [batch], { classes: 3 });
  const halves = { strides: 2, padding: "same" } as const;
  const a = relu(batchNorm({ name: "norm" })(conv2d(8, 4, { name: "a", ...halves })(input("x", [batch, 3, 14, 14]))));
  const b = conv2d(16, 3, { name: "b", activation: "relu", ...halves })(a);
  const c = conv2dTranspose(8, 4, { name: "c", activation: "tanh", ...halves })(b);
  const d = depthwiseConv2d(3, { name: "d", ...halves })(c);
  const e = conv2d(8, 1, { name: "e", strides: 2 })(d);
  return { loss: softmaxCrossEntropy(dense(3, { name: "scores" })(flatten()(e)), y), optimizer: sgd({ learningRate: 0.1 }) };
});

test.each(["typescript", "wasm"] as const)(
  "%s: gradients hold, and the step is the interpreter's",
  { timeout: 240_000 },
  async (target) => {
    const { lowered } = await compile(strided, { target });
    const nodes = lowered.module.entries.flatMap(({ calls }) => calls.flatMap(({ doc }) => doc.map(({ node }) => node)));
    expect(nodes.filter((node) => /\.phase\d/.test(node)).length).toBeGreaterThan(8);
  },
);
