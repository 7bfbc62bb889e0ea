/** Inspections: no link dangles, either way, in six models on both targets; the arena's rectangles lie apart; operations are the plan's. */

import { compile, inspect, type Inspection } from "adjoint";
import { expect, test } from "vitest";
import { emit } from "../../compiler/driver/emit.ts";
import type { Lowered } from "../../compiler/driver/lower.ts";
import { inspectionOf } from "../../compiler/explain/inspection/index.ts";
import type { TargetName } from "../../compiler/targets/index.ts";
import { flopsBeside, linksOf, overlapsIn } from "../support/inspection.ts";
import { lowered, modelOf, modelText } from "../support/models.ts";

async function inspected(name: string, target: TargetName): Promise<readonly [Inspection, Lowered]> {
  const model = await lowered(name, { target });
  const source = { path: `models/${name}.ts`, text: modelText(name) };
  return [inspectionOf(model, { name: "trainer.ts", text: (await emit(model, "trainer")).text }, source), model];
}

const MODELS = ["circuit", "linear-softmax", "mnist-mlp", "three-layer-net", "lenet", "char-lstm"];

test.each(MODELS.flatMap((name) => (["typescript", "wasm"] as const).map((target) => ({ name, target }))))(
  "every link of $name for $target holds, both ways; its memory and its operations are the plan's",
  async ({ name, target }) => {
    const [inspection, model] = await inspected(name, target);
    const { broken, links } = linksOf(inspection);
    expect(broken).toEqual([]);
    expect(links).toBeGreaterThan(150);
    expect(overlapsIn(inspection)).toEqual([]);
    for (const [statements, entry, plan] of flopsBeside(inspection, model)) expect([statements, entry]).toEqual([plan, plan]);
    expect(JSON.parse(JSON.stringify(inspection))).toEqual(inspection);
  },
);

test("a weight's gradient is known by its laws, its statement and its line", async () => {
  const [{ entries, kernels, file, buffers }] = await inspected("mnist-mlp", "typescript");
  const train = entries[0]!;
  const node = (id: string) => train.nodes.find((one) => one.id === id)!;
  expect(node("W1")).toMatchObject({ op: "param", line: 6, gradient: "d_W1", next: "W1_next", home: { kind: "buffer", buffer: "W1" } });
  const gradient = node("d_W1");
  expect(gradient).toMatchObject({
    inputs: ["x", "d_z1"],
    shape: [784, 128],
    part: "backward",
    maths: "d_W1 = xᵀ · d_z1",
    line: 10,
    law: "d_b = aᵀ·d_y",
    forward: "dot",
    gradientOf: ["W1"],
    home: { kind: "local", statement: 16 },
  });
  expect(node("dot").adjoints).toEqual(["d_W1"]);
  expect(node("d_shifted").aliases.map(({ name }) => name)).toContain("d_scores");
  expect(node("largest")).toMatchObject({ layer: ["softmaxCrossEntropy"], words: "mean of −log softmax(s)[y]" });
  const statement = train.statements[15]!;
  const lines = file.text.split("\n");
  expect(lines[statement.lines!.first - 1]).toMatch(/^ +\/\/ 16\. d_W1 = xᵀ · d_z1 /);
  expect(lines[statement.code! - 1]!.trim()).toBe("dotAdam_W1();");
  expect(statement).toMatchObject({
    part: "backward",
    reads: expect.arrayContaining(["x", "d_z1", "W1.m"]),
    writes: ["W1.m", "W1.v", "W1"],
  });
  const kernel = kernels.find(({ id }) => id === statement.kernel)!;
  expect(lines.slice(kernel.lines!.first - 1, kernel.lines!.last).join("\n")).toContain("function dotAdam_784x32x128(");
  expect(kernel.definition[0]).toBe("d_W1[i<784,j<128] = Σ k<32: x[k,i]·d_z1[k,j]");
  const hidden = buffers.find(({ id }) => id === "hidden")!;
  expect(hidden).toMatchObject({ life: { entry: "train", first: 1, last: 14 }, holds: [{ entry: "train", node: "hidden" }] });
  expect(lines[hidden.lines!.first - 1]).toMatch(new RegExp(`^ +const hidden = .*\\b${hidden.offset}, `));
});

test("passes say what they changed", async () => {
  const [{ entries }] = await inspected("circuit", "typescript");
  const [{ passes }] = entries as [Inspection["entries"][0]];
  const differentiate = passes.find(({ pass }) => pass === "differentiate")!;
  expect(differentiate.changes.map(({ name }) => name)).toEqual(expect.arrayContaining(["d_x"]));
  expect(differentiate.after.size).toBeGreaterThan(differentiate.before.size);
  const { changes } = passes.find(({ pass }) => pass === "numerics")!;
  expect(changes.length).toBeGreaterThan(0);
  for (const { before, after } of changes) expect([before!.includes("rounded"), after!.includes("rounded=true")]).toEqual([false, true]);
  expect(passes.at(-1)).toMatchObject({ pass: "place", changes: [] });
});

test("a program inspects what it compiled", async () => {
  const compiled = await compile(await modelOf("circuit"), { effort: "none" });
  const { model, file, source, entries } = inspect(compiled);
  expect([model, file.name, source]).toEqual(["circuit", "trainer.ts", undefined]);
  expect(file.text).toBe(compiled.files.get("trainer.ts"));
  expect(entries[0]!.statements.every(({ lines }) => lines !== undefined)).toBe(true);
});
