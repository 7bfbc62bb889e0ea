/** What is true of Winograd's algorithm: the numbers of a convolution, in every form and through both targets; a wrong weight is found and named. */

import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { conv2d, dense, flatten, input, labels, model, sgd, softmaxCrossEntropy } from "adjoint";
import { evaluateResults } from "../compiler/check/evaluate.ts";
import { compile, load } from "../compiler/compile.ts";
import { Builder } from "../compiler/graph/build.ts";
import type { Graph } from "../compiler/graph/graph.ts";
import { verifyGraph } from "../compiler/graph/verify.ts";
import type { Model } from "../compiler/model/declaration.ts";
import { convAttrs } from "../compiler/ops/conv.ts";
import { callsOn, opOf } from "../compiler/ops/index.ts";
import { winograd } from "../compiler/passes/graph/winograd.ts";
import { distance } from "./support/close.ts";
import { randomFrom } from "./support/sample.ts";

afterEach(() => void vi.restoreAllMocks());

/** One convolution, 3×3 and of stride 1, whose result has the given shape. */
function convolution(n: number, c: number, o: number, sides: readonly [number, number], low: readonly [number, number]): Graph {
  const builder = new Builder("one");
  const g = callsOn(builder);
  const high = low.map((before, axis) => (before + axis) % 2);
  const shape = [n, c, ...sides.map((side, axis) => side + 2 - low[axis]! - high[axis]!)];
  const x = builder.append(opOf("input"), [], {}, "x", { dtype: "f64", shape });
  const w = builder.append(opOf("param"), [], {}, "w", { dtype: "f64", shape: [o, c, 3, 3] });
  builder.results.push({ kind: "output", name: "y", value: g.conv(x, w, convAttrs(2, { low, high })) });
  return builder.graph();
}

const feedOf = ({ nodes }: Graph, seed: number): Map<string, Float64Array> =>
  new Map(
    nodes
      .filter(({ op }) => op === "input" || op === "param")
      .map(({ name, type }, at) => {
        const random = randomFrom(seed + at);
        return [name, Float64Array.from({ length: type.shape.reduce((a, b) => a * b, 1) }, () => 2 * random() - 1)];
      }),
  );

const valueOf = (graph: Graph, seed: number): Float64Array => evaluateResults(graph, feedOf(graph, seed)).outputs.get("y")!.data;

test("tiles of either size mean what the convolution means, in double", () => {
  const side = fc.constantFrom(2, 4, 6, 8, 12);
  const few = fc.integer({ min: 4, max: 6 });
  const pad = fc.integer({ min: 0, max: 1 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      few,
      few,
      fc.tuple(side, side),
      fc.tuple(pad, pad),
      fc.integer(),
      (n, c, o, sides, low, seed) => {
        const graph = convolution(n, c, o, sides, low);
        const after = winograd.run(graph);
        verifyGraph(after, opOf);
        expect(after.nodes.filter(({ op }) => op === "table")).toHaveLength(4);
        expect(distance(valueOf(after, seed), valueOf(graph, seed))).toBeLessThan(1e-13);
      },
    ),
    { numRuns: 40, seed: 20241128 },
  );
});

/** Two convolutions, of which the second's input has a gradient, whose tiles are 4×4 at 8×8 and 2×2 at 6×6. */
const convnet = (side: number): Model =>
  model("convnet", { batch: 2 }, ({ batch }) => {
    const x = input("x", [batch, 4, side, side]);
    const y = labels("y", [batch], { classes: 3 });
    const layer = (name: string, filters: number) => conv2d(filters, 3, { name, padding: 1, activation: "tanh" });
    const scores = dense(3, { name: "scores" })(flatten()(layer("b", 4)(layer("a", 8)(x))));
    return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: sgd({ learningRate: 0.1 }) };
  });

const batch = (side: number, seed: number) => {
  const random = randomFrom(seed);
  return { x: Float32Array.from({ length: 2 * 4 * side * side }, () => 2 * random() - 1), y: Int32Array.of(seed % 3, 2) };
};

test.each([
  ["typescript", 8, "F(4×4, 3×3)"],
  ["typescript", 6, "F(2×2, 3×3)"],
  ["wasm", 16, "F(4×4, 3×3)"],
  ["wasm", 6, "F(2×2, 3×3)"],
] as const)(
  "%s, %i pixels: the check holds, the header says it, and steps are those of the direct trainer within rounding",
  async (target, side, form) => {
    const asked = await compile(convnet(side), { target, winograd: true });
    expect(asked.check?.holds).toBe(true);
    const [text] = [...asked.files].find(([name]) => /^trainer\..*ts$/.test(name))!.slice(1);
    expect(text).toContain(`approximate rewrites: 3×3 convolution → Winograd ${form}`);
    const direct = await compile(convnet(side), { target, effort: "none" });
    const [one, other] = [await load(asked), await load(direct)].map(({ createTrainer }) => createTrainer({ seed: 1 }));
    const losses = [one!, other!].map((trainer) => Array.from({ length: 4 }, (_, n) => trainer.step(batch(side, n))));
    expect(losses[0]).not.toEqual(losses[1]);
    expect(distance(losses[0]!, losses[1]!)).toBeLessThan(1e-5);
  },
);

test("a wrong weight of a transform is caught and named", async () => {
  const run = winograd.run.bind(winograd);
  vi.spyOn(winograd, "run").mockImplementation((graph, fired) => {
    const after = run(graph, fired);
    const at = after.nodes.findLastIndex(({ op }) => op === "table");
    const wrong = (values: readonly number[]): number[] => values.map((value, n) => (n === 3 ? value + 1 : value));
    return {
      ...after,
      nodes: after.nodes.map((node, n) =>
        n === at ? { ...node, attrs: { ...node.attrs, values: wrong(node.attrs["values"] as readonly number[]) } } : node,
      ),
    };
  });
  await expect(compile(convnet(8), { winograd: true })).rejects.toThrow('pass "winograd" changed what');
});

test("nothing changes unless it is asked for", async () => {
  const { files } = await compile(convnet(8), { effort: "none" });
  expect(files.get("trainer.ts")).toContain("approximate rewrites: none");
});
