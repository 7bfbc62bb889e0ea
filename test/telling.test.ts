/** How a step is told: values where they are read, compositions and update rules in a line, what was told before by its statement. */

import {
  adam,
  add,
  dense,
  input,
  layerNorm,
  matmul,
  model,
  mse,
  param,
  relu,
  residual,
  sequential,
  sgd,
  softmaxCrossEntropy,
  labels,
  zeros,
} from "adjoint";
import { describe, expect, test } from "vitest";
import { emit } from "../compiler/driver/emit.ts";
import { lower } from "../compiler/driver/lower.ts";
import { flopsOfCalls } from "../compiler/loop/flops.ts";
import type { Doc } from "../compiler/loop/loop.ts";
import { lineOf, withLineNumbers } from "../compiler/targets/contents.ts";
import { folded, type Around } from "../compiler/targets/typescript/fold.ts";

const doc = (maths: string, more: Partial<Doc> = {}): Doc => ({
  maths,
  node: maths.split(" = ")[0]!,
  role: "op",
  site: "models/m.ts:1",
  ...more,
});
const around = (more: Partial<Record<keyof Around, readonly string[]>> = {}, told: Around["told"] = new Map()): Around => ({
  stored: new Set(more.stored),
  gradients: new Set(more.gradients),
  named: new Set(more.named),
  shared: new Set(more.shared),
  told,
});
const maths = (docs: readonly Doc[], known?: Around): string[] =>
  folded(docs, known ?? around({ stored: [docs.at(-1)!.node] })).map((line) => line.maths);

describe("a statement in few lines", () => {
  test("a value that one other reads stands in it, and its node beside the other's", () => {
    const [line, ...rest] = folded([doc("dot = x · W"), doc("z = dot + b"), doc("h = relu(z)")], around({ stored: ["h"] }));
    expect(rest).toEqual([]);
    expect(line!.maths).toBe("h = relu(x · W + b)");
    expect(line!.docs.map(({ node }) => node)).toEqual(["dot", "z", "h"]);
  });

  test.each([
    [["s = a + b", "y = s ⊙ c"], "y = (a + b) ⊙ c"],
    [["s = a + b", "y = c − s"], "y = c − (a + b)"],
    [["s = a − b", "y = s + c"], "y = a − b + c"],
    [["s = a ⊙ b", "y = c / s"], "y = c / (a ⊙ b)"],
    [["s = a ⊙ b", "y = s / c"], "y = a ⊙ b / c"],
    [["s = a + b", "y = exp(s)"], "y = exp(a + b)"],
    [["s = −a", "y = c ? s : 0"], "y = c ? −a : 0"],
    [["s = c ? a : 0", "y = s ⊙ b"], "y = (c ? a : 0) ⊙ b"],
    [["s = Σ a over axes 1", "y = s ⊙ b"], "y = (Σ a over axes 1) ⊙ b"],
    [["s = x + y", "t = sᵀ · w"], "t = (x + y)ᵀ · w"],
  ])("%j reads %s", (given, read) => {
    expect(maths(given.map((text) => doc(text)))).toEqual([read]);
  });

  test.each([
    ["what is stored", ["s = a + b", "y = exp(s)"], ["s", "y"]],
    ["what is read twice", ["s = a + b", "y = s ⊙ s"], ["y"]],
    ["a name that is a word of the notation", ["max = a + b", "y = max(max, 0)"], ["y"]],
  ])("%s keeps its line", (_, given, stored) => {
    expect(
      maths(
        given.map((text) => doc(text)),
        around({ stored, named: ["s", "max", "y"] }),
      ),
    ).toEqual(given);
  });

  test("a name is read where it stands by itself", () => {
    expect(
      maths([doc("z = a + b"), doc("y = z1 ⊙ c"), doc("u = exp(z.m)")], around({ stored: ["y", "u"], named: ["z", "y", "u"] })),
    ).toHaveLength(3);
  });

  test("a name before a bracket is a function's", () => {
    const docs = [doc("erf = erf(half)"), doc("y = erf + 1"), doc("z = erf ⊙ 2")];
    expect(maths(docs, around({ stored: ["y", "z"], named: ["y", "z"] }))).toContain("y = erf(half) + 1");
  });

  test("second names stand beside the first, each with its law", () => {
    const of = (node: string, law: string) => doc(`${node} = d_y`, { role: "adjoint of add", adjoint: { of: "y", law } });
    const [line] = folded([of("d_a", "d_a = d_y"), of("d_b", "d_b = d_y")], around());
    expect(line!.maths).toBe("d_a, d_b = d_y");
    expect(line!.docs.map(({ adjoint }) => adjoint!.law)).toEqual(["d_a = d_y", "d_b = d_y"]);
  });

  const within = "layerNorm: μ, σ², x̂·γ + β";
  const parts = ["mu = Σ x", "centered = x − mu", "square = centered ⊙ centered ⊙ mu", "layerNorm = square ⊙ square ⊙ gamma"];

  test("a composition of several values is named, by what it is", () => {
    expect(
      maths(
        parts.map((text) => doc(text, { within })),
        around({ stored: ["layerNorm"], named: ["mu", "centered", "square", "layerNorm"] }),
      ),
    ).toEqual([""]);
  });

  test("what has no name in the code and is short is written where it is read", () => {
    const docs = [doc("isLive = [row < live rows]"), doc("y = isLive ? a : 0"), doc("z = isLive ? b : 0")];
    expect(maths(docs, around({ stored: ["y", "z"], named: ["y", "z"] }))).toEqual([
      "isLive = [row < live rows]",
      "y = [row < live rows] ? a : 0",
      "z = [row < live rows] ? b : 0",
    ]);
  });

  test("what was told before is referred to", () => {
    const docs = [doc("d_r = d_a + d_s", { adjoint: { of: "r", law: "d_x = Σ over the uses of x" } }), doc("y = exp(d_r) ⊙ long")];
    expect(maths(docs, around({ stored: ["y"], named: ["d_r", "y"] }, new Map([["d_r", 4]])))).toEqual([
      "d_r as in statement 4",
      "y = exp(d_r) ⊙ long",
    ]);
  });

  test("an update is a line with its gradient", () => {
    const role = "update of W by adam";
    const docs = [doc("W_mul = d_W ⊙ 0.1", { role }), doc("W_next = W − W_mul", { role })];
    expect(maths(docs, around({ stored: ["W_next"], gradients: ["d_W", "d_V"] }))).toEqual(["W by adam with d_W"]);
  });
});

test("contents hold the lines of regions, else of functions, and only where the file begins", () => {
  const text = `// a ${lineOf("kernels")}, ${lineOf("step")}\n\nfunction step(x) {\n  // ${lineOf("kernels")}\n}\n// #region kernels\n`;
  expect(withLineNumbers(text)).toBe(`// a 6, 3\n\nfunction step(x) {\n  // ${lineOf("kernels")}\n}\n// #region kernels\n`);
});

describe("nodes know what they are a part of", () => {
  const net = model("parts", { batch: 4 }, ({ batch }) => {
    const x = input("x", [batch, 6]);
    const h = residual([layerNorm(), dense(6, { activation: "gelu" })])(x);
    const scores = add(relu(matmul(h, param("W", [6, 3], zeros()))), 1);
    return { loss: softmaxCrossEntropy(scores, labels("y", [batch], { classes: 3 })), optimizer: adam() };
  });

  test("a layer in a layer by itself, a function inside one by both", async () => {
    const { entries } = await lower(net);
    const nodes = entries[0]!.traced.graph.nodes.filter(({ op }) => op !== "literal");
    const names = [...new Set(nodes.map(({ origin }) => origin.within?.split(": ")[0]))];
    expect(names).toEqual([undefined, "layerNorm", "dense", "dense › gelu", "residual", "softmaxCrossEntropy"]);
    expect(nodes.find(({ op }) => op === "relu")!.origin.within).toBeUndefined();
  });

  test("a cotangent belongs to what it differentiates, an update to its rule in words", async () => {
    const { entries } = await lower(net);
    const { nodes } = entries[0]!.graph;
    const cotangents = nodes.filter(({ origin }) => origin.role === "cotangent");
    expect(cotangents.filter(({ origin }) => origin.within?.startsWith("layerNorm: ")).length).toBeGreaterThan(2);
    const rules = new Set(nodes.flatMap(({ origin }) => (origin.role === "update" && origin.within !== undefined ? [origin.within] : [])));
    expect([...rules]).toEqual(["adam: m ← 0.9·m + (1 − 0.9)·g; v ← 0.999·v + (1 − 0.999)·g²; w ← w − rate·m / (√(correction·v) + 1e-8)"]);
  });

  test("the step has regions in order, a heading for each, and the rule once", async () => {
    const { text } = await emit(await lower(net), "trainer");
    const step = text.slice(text.indexOf("function step("), text.indexOf("function evaluate("));
    expect([...step.matchAll(/#region (\w+)/g)].map(([, name]) => name)).toEqual(["forward", "update", "backward"]);
    for (const said of ["layerNorm: μ, σ², x̂·γ + β", "dense: x·W + b", "softmaxCrossEntropy: mean of"]) expect(step).toContain(said);
    expect(step).toMatch(/— adjoint of .*layerNorm/);
    expect(step.match(/m ← 0\.9·m/g)).toHaveLength(1);
  });
});

describe("scalars of the optimizer", () => {
  const lineOfCall = (text: string): number => Number(/:(\d+)$/.exec(text)![1]);

  test("cite its call", async () => {
    const net = model("cited", { batch: 2 }, ({ batch }) => {
      const y = matmul(input("x", [batch, 3]), param("W", [3, 2], zeros()));
      const loss = mse(y, input("t", [batch, 2]));
      const optimizer = adam();
      return { loss, optimizer };
    });
    const { nodes, results } = (await lower(net)).entries[0]!.graph;
    const at = (name: string) => nodes.find((node) => node.name === name)!.origin.site;
    const loss = nodes[results.find(({ kind }) => kind === "loss")!.value]!.origin.site;
    expect(lineOfCall(at("rate"))).toBe(lineOfCall(loss) + 1);
    expect(at("stepCount_next")).toBe(at("rate"));
    expect(lineOfCall(at("W_next"))).toBe(lineOfCall(at("W")));
  });

  test("of a sequential model cite the call of compile, where their word is", async () => {
    const net = sequential("words", [dense(2)]).compile({ input: [3], loss: "mse", optimizer: "adam" });
    const { nodes } = (await lower(net)).entries[0]!.graph;
    const at = (name: string) => nodes.find((node) => node.name === name)!.origin.site;
    expect(at("rate")).toBe(at("loss"));
  });

  test("count as floating-point operations", async () => {
    const one = model("one", {}, () => ({
      loss: add(param("a", [], zeros()), param("b", [], zeros())),
      optimizer: sgd({ learningRate: 0.5 }),
    }));
    const { module } = await lower(one);
    expect(module.kernels).toEqual([]);
    // a + b; a − ½ and b − ½, whose product with 1 is no operation; the count
    expect(flopsOfCalls(module.entries[0]!, module.kernels)).toBe(4);
  });
});
