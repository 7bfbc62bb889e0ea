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
import { expect, test } from "vitest";
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

test("of the passes, report.md lists those that changed something", async () => {
  const one = model("one", {}, () => ({ loss: square(param("a", [], constant(3))), optimizer: sgd() }));
  const report = (await compiled(one)).files.get("report.md")!;
  const train = report.slice(report.indexOf("### train"), report.indexOf("### evaluate"));
  expect([...train.matchAll(/^\| (\w+) \|.* → /gm)].map(([, pass]) => pass)).toEqual(["differentiate", "prune", "define", "fuse"]);
  expect(train.split("\n").filter((line) => line.startsWith("|"))).toHaveLength(2 + 4);
});
