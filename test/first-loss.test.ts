/** What report.md says of the start and of the passes, and how a trainer names itself: facts of the model alone, the same on every machine. */

import {
  add,
  input,
  labels,
  matmul,
  model,
  mul,
  param,
  sgd,
  softmaxCrossEntropy,
  square,
  sum,
  zeros,
  constant,
  type Scalar,
} from "adjoint";
import { loadCheckpoint, restoreCheckpoint, saveCheckpoint } from "adjoint/runtime";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadModel, type LoadedModel } from "../compiler/cli/load-model.ts";
import { lower } from "../compiler/driver/lower.ts";
import { compile, load, type CompileOptions, type Model } from "../compiler/index.ts";

const compiled = (of: Model, options: CompileOptions = {}) => compile(of, { effort: "none", ...options });
const reported = async (of: Model): Promise<readonly string[]> =>
  (await compiled(of)).files
    .get("report.md")!
    .split("\n")
    .filter((line) => line.startsWith("| loss"));

const classifier = (name: string, rate: number) =>
  model(name, { batch: 8 }, ({ batch }) => {
    const x = input("x", [batch, 5]);
    const y = labels("y", [batch], { classes: 10 });
    const W = param("W", [5, 10], zeros());
    return { loss: softmaxCrossEntropy(matmul(x, W), y), optimizer: sgd({ learningRate: rate }) };
  });

test("ten classes of which none is preferred cost ln 10 = 2.302585…", async () => {
  expect(await reported(classifier("even", 0.1))).toEqual(["| loss before the first step, on drawn inputs (seed 0) | 2.303 |"]);
});

test("every phase is measured at the initial weights, not at what an earlier phase wrote", async () => {
  const two = model("two", {}, () => {
    const a = param("a", [], constant(3));
    const b = param("b", [], constant(1));
    // phase one sends a to 3 − 6 = −3; a + b is 4 before, −2 after
    const phase = (name: string, loss: Scalar, parameters: readonly (typeof a)[]) => ({
      name,
      loss,
      parameters,
      optimizer: sgd({ learningRate: 1 }),
    });
    return { phases: [phase("one", square(a), [a]), phase("two", sum(mul(add(a, b), b)), [b])] };
  });
  expect(await reported(two)).toEqual([
    "| loss of one before the first step, on drawn inputs (seed 0) | 9.000 |",
    "| loss of two before the first step, on drawn inputs (seed 0) | 4.000 |",
  ]);
});

test("a trainer carries its model's name, and a hash of what it computes", async () => {
  const graphOf = async (of: Model, options: CompileOptions = {}) => {
    const { MODEL, GRAPH } = await load(await compiled(of, options));
    expect([MODEL, GRAPH]).toEqual([of.name, expect.stringMatching(/^[0-9a-f]{16}$/)]);
    return GRAPH;
  };
  const first = await graphOf(classifier("m", 0.1));
  const elsewhere = model("m", { batch: 8 }, ({ batch }) => {
    const x = input("x", [batch, 5]);
    const y = labels("y", [batch], { classes: 10 });
    const W = param("W", [5, 10], zeros());
    return { loss: softmaxCrossEntropy(matmul(x, W), y), optimizer: sgd({ learningRate: 0.1 }) };
  });
  const source = { path: "first-loss.test.ts", text: "" };
  expect(await graphOf(elsewhere, { source })).toBe(first);
  expect(await graphOf(classifier("m", 0.2))).not.toBe(first);
  await graphOf(classifier("*/ `${x}`\n\"'", 0.1));
});

describe("a checkpoint outlives a renamed variable", () => {
  const declaration = (hidden: string, layer: string, operation: string): string =>
    [
      `import { ${operation}, dense, input, labels, model, sgd, softmaxCrossEntropy } from "adjoint";`,
      `export default model("renamed", { batch: 4 }, ({ batch }) => {`,
      `  const x = input("x", [batch, 5]);`,
      `  const y = labels("y", [batch], { classes: 3 });`,
      `  const ${hidden} = ${operation}(dense(6, { name: "${layer}" })(x));`,
      `  const scores = dense(3, { name: "out" })(${hidden});`,
      `  return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: sgd({ momentum: 0.9 }) };`,
      `});`,
    ].join("\n");
  /** What `use` makes of the models that files of these texts declare. */
  const withModels = async <T>(texts: readonly string[], use: (of: LoadedModel) => Promise<T>): Promise<readonly T[]> => {
    const folder = mkdtempSync("test/renamed-");
    try {
      texts.forEach((text, n) => writeFileSync(join(folder, `${n}.ts`), text));
      return await Promise.all(texts.map(async (_, n) => use(await loadModel(join(folder, `${n}.ts`)))));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const declared = declaration("hidden", "in", "relu");

  test("with the same bits", async () => {
    const batch = { x: Float32Array.from({ length: 20 }, (_, n) => Math.sin(n)), y: Int32Array.of(0, 2, 1, 1) };
    const [first, renamed] = await withModels([declared, declaration("activations", "in", "relu")], async ({ model: of, source }) => {
      const artifact = await compiled(of, { source });
      const tables = await load(artifact);
      return { text: artifact.files.get("trainer.ts")!, tables, trainer: tables.createTrainer({ seed: 1 }) };
    });
    expect([first!.text.includes("activations"), renamed!.text.includes("activations")]).toEqual([false, true]);
    first!.trainer.step(batch);
    restoreCheckpoint(renamed!.tables, renamed!.trainer, loadCheckpoint(saveCheckpoint(first!.tables, first!.trainer), "renamed.ckpt"));
    expect(renamed!.trainer.step(batch)).toBe(first!.trainer.step(batch));
    expect(renamed!.trainer.bytes()).toEqual(first!.trainer.bytes());
  });

  test("and not a changed structure, or a renamed layer", async () => {
    const texts = [
      declared,
      declaration("activations", "in", "relu"),
      declaration("hidden", "first", "relu"),
      declaration("hidden", "in", "tanh"),
    ];
    const graphs = await withModels(texts, async ({ model: of, source }) => (await lower(of, { source })).facts.graph);
    expect(graphs.map((graph) => graphs.indexOf(graph))).toEqual([0, 0, 2, 3]);
  });
});

test("of the passes, report.md lists those that changed something", async () => {
  const one = model("one", {}, () => ({ loss: square(param("a", [], constant(3))), optimizer: sgd() }));
  const report = (await compiled(one)).files.get("report.md")!;
  const train = report.slice(report.indexOf("### train"), report.indexOf("### evaluate"));
  expect([...train.matchAll(/^\| (\w+) \|.* → /gm)].map(([, pass]) => pass)).toEqual(["differentiate", "prune", "define", "fuse"]);
  expect(train.split("\n").filter((line) => line.startsWith("|"))).toHaveLength(2 + 4);
});
