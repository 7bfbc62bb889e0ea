/** What `adjoint explain` answers: costs that add up, why a buffer is alive, the laws that made a gradient, and why two kernels are not one. */

import { add, concatenate, glorot, input, matmul, model, mse, mul, param, relu, sgd, sum, zeros } from "adjoint";
import { beforeAll, describe, expect, test } from "vitest";
import { explainKernel, explainModel } from "../../compiler/explain/model.ts";
import { explainTensor, tensorNames, type Home } from "../../compiler/explain/tensor.ts";
import { lower, type Lowered } from "../../compiler/driver/lower.ts";
import type { FloatTensor, Scalar } from "../../compiler/model/tensor.ts";
import { lowered } from "../support/models.ts";

/** A loss of z = x·W + b, [3,4]. */
const declared = (loss: (z: FloatTensor<readonly [3, 4]>) => Scalar) =>
  model("declared", { batch: 3 }, () => {
    const z = add(matmul(input("x", [3, 5]), param("W", [5, 4], glorot())), param("b", [4], zeros()));
    return { loss: loss(z), outputs: { z }, optimizer: sgd() };
  });

let mlp: Lowered;
beforeAll(async () => void (mlp = await lowered("mnist-mlp")));

const inTrain = (tensor: string) => explainTensor(mlp, tensor)!.entries.find(({ entry }) => entry === "train")!;
const homeOf = (tensor: string): Home => inTrain(tensor).home;

describe("of a model", () => {
  test("lists every kernel of every entry with its costs", () => {
    const facts = explainModel(mlp);
    expect(facts.entries.map(({ entry, kernels }) => `${entry} ${kernels.length}`)).toEqual(["train 8", "evaluate 4", "predict 2"]);
    // x[32,784], W1[784,128], b1[128] in, hidden[32,128] out; twice 32·784·128, and an add a unit
    expect(facts.entries[0]!.kernels[0]).toEqual({
      statement: 1,
      kernel: "dotRelu_32x784x128",
      flops: 2 * 32 * 784 * 128 + 32 * 128,
      bytesMoved: 4 * (32 * 784 + 784 * 128 + 128 + 32 * 128),
      atBest: { seconds: (2 * 32 * 784 * 128 + 32 * 128) / 7.7e9, limit: "arithmetic", share: 1 },
      stores: ["hidden"],
    });
  });

  test("says what limits a kernel on the machine it is for", async () => {
    const [entry] = explainModel(await lowered("mnist-mlp", { target: "wasm" })).entries;
    const update = entry!.kernels.find(({ kernel }) => kernel === "sumAdam_32x128")!;
    // d_z1 and two scalars in; the biases and both moments in and out
    const bytes = 4 * (32 * 128 + 2 + 6 * 128);
    const { seconds, limit, share } = update.atBest;
    expect([update.bytesMoved, limit]).toEqual([bytes, "memory"]);
    expect(seconds).toBeCloseTo(bytes / 50e9, 12);
    expect(share).toBeCloseTo(update.flops / 50e9 / seconds, 12);
  });

  test("says what is held at the peak, and that it is the lower bound", () => {
    for (const { peak, lowerBound, arenaBytes, entry } of explainModel(mlp).entries) {
      expect(peak.bytes, entry).toBe(lowerBound);
      expect(arenaBytes, entry).toBeGreaterThanOrEqual(lowerBound);
      expect(peak.held.reduce((n, { bytes }) => n + bytes, 0)).toBe(peak.bytes);
    }
    const { held } = explainModel(mlp).entries[0]!.peak;
    expect(held.slice(3, 6)).toEqual([
      { buffer: "x", role: "input", bytes: 100352 },
      { buffer: "d_z1", role: "scratch", bytes: 16384 },
      { buffer: "hidden", role: "residual", bytes: 16384 },
    ]);
  });
});

describe("of a tensor", () => {
  test("says why an activation is alive: from its maker to its last reader, each with its equation", () => {
    expect(homeOf("hidden")).toEqual({
      kind: "buffer",
      buffer: "hidden",
      role: "residual",
      offset: 1321664,
      bytes: 16384,
      life: { from: 1, to: 14, because: { given: false, shown: false } },
      uses: [
        { statement: 1, kernel: "dotRelu_32x784x128", does: "stores", maths: ["hidden = relu(z1)"] },
        { statement: 2, kernel: "dotAdd_32x128x10", does: "reads", maths: ["dot_2 = hidden · W2"] },
        { statement: 13, kernel: "dotWhere_32x10x128", does: "reads", maths: ["d_z1 = d_z1_lt ? d_hidden : 0"] },
        { statement: 14, kernel: "dotAdam_128x32x10", does: "reads", maths: ["d_W2 = hiddenᵀ · d_shifted"] },
      ],
      computed: { statement: 1, kernel: "dotRelu_32x784x128", with: ["dot", "z1"] },
    });
  });

  test("names the laws of a gradient from the loss on, in order", () => {
    const { chain } = inTrain("d_W1");
    expect(chain.map(({ node }) => node)).toEqual([
      "d_rowSum",
      "d_rowLoss",
      "d_chosen",
      "d_total",
      "d_shifted_part",
      "d_shifted_2",
      "d_shifted",
      "d_hidden",
      "d_z1_lt",
      "d_z1",
      "d_W1",
    ]);
    expect(chain.at(-1)).toEqual({
      maths: "d_W1 = xᵀ · d_z1",
      node: "d_W1",
      role: "adjoint of dot",
      site: "models/mnist-mlp.ts:10",
      adjoint: { of: "dot", law: "d_b = aᵀ·d_y" },
    });
    // nothing of the layer before it: d_W2 needs neither the mask nor d_hidden
    expect(inTrain("d_W2").chain.map(({ node }) => node)).not.toContain("d_hidden");
    // a parameter is made by its update, which is made by its gradient
    expect(inTrain("W1").chain).toEqual(chain);
    expect(inTrain("hidden").chain).toEqual([]);
  });

  test("finds each kind of home", () => {
    expect(homeOf("d_W2")).toMatchObject({ kind: "local", computed: { statement: 14, kernel: "dotAdam_128x32x10" } });
    expect(homeOf("z1")).toEqual({ kind: "substituted", into: [{ statement: 1, kernel: "dotRelu_32x784x128", with: ["dot", "hidden"] }] });
    expect(homeOf("loss").kind).toBe("scalar");
    expect(homeOf("W1")).toMatchObject({ kind: "buffer", role: "parameter", life: "always" });
    expect(homeOf("W1_next")).toMatchObject({ kind: "buffer", buffer: "W1" });
    expect(homeOf("x")).toMatchObject({
      life: { from: 0, because: { given: true, shown: false } },
    });
    const predicted = explainTensor(mlp, "scores")!.entries.find(({ entry }) => entry === "predict")!;
    expect(predicted.home).toMatchObject({ buffer: "scores_predict", life: { because: { given: false, shown: true } } });
    const movement = mlp.entries[0]!.graph.nodes.find(({ op }) => op === "broadcast")!.name;
    expect(homeOf(movement)).toEqual({ kind: "movement" });
  });

  test("knows a name that sharing gave away", () => {
    expect(inTrain("d_dot_2").maths[0]!.maths).toBe("d_dot_2 = d_shifted");
    expect(homeOf("d_dot_2")).toEqual(homeOf("d_shifted"));
  });

  test("answers for every name of every entry, and for no other", () => {
    for (const name of tensorNames(mlp)) expect(explainTensor(mlp, name)?.entries.length, name).toBeGreaterThan(0);
    expect(explainTensor(mlp, "hiden")).toBeUndefined();
  });
});

describe("of a kernel", () => {
  test("shows stages, loops, nodes, and why it stands apart from its neighbours", () => {
    const facts = explainKernel(mlp, "dotWhere_32x10x128")!;
    expect(facts.unscheduled).toMatch(/for i in 0\.\.32 \{\n {4}for j in 0\.\.128 \{\n {6}var sum: f32 = 0\n {6}for k in 0\.\.10 \{/);
    expect(facts.schedule).toBe("i, j by 4");
    expect(facts.insteadOf).toBeUndefined();
    expect(facts.loops).toContain("for i in 0..32 {");
    const [call] = facts.calls;
    expect(call).toMatchObject({ entry: "train", statement: 13 });
    expect(call!.stages.map(({ storage }) => storage)).toEqual(["local", "buffer"]);
    expect(call!.stages[1]!.text).toBe("d_z1[i,j] = where(0 < hidden[i,j], d_hidden[i,j], 0)");
    expect(call!.nodes.map(({ node }) => node)).toEqual(["d_hidden", "d_z1_lt", "d_z1", "d_broadcast", "d_dot"]);
    expect(call!.neighbours).toEqual([
      { side: "before", kernel: "sumAdam_32x10", statement: 12, reasons: [{ reason: "neither reads the other" }] },
      { side: "after", kernel: "dotAdam_128x32x10", statement: 14, reasons: [{ reason: "neither reads the other" }] },
    ]);
    expect(explainKernel(mlp, "dotWhere")).toBeUndefined();
  });

  test("gives each reason where it is the reason", async () => {
    const refusals = mlp.entries[0]!.definitions.refusals;
    expect(refusals.find(({ value }) => value === "largest")).toEqual({
      value: "largest",
      from: ["dot_2", "scores"],
      reason: "it has another shape",
    });
    const reasons = async (loss: Parameters<typeof declared>[0]): Promise<string[]> =>
      (await lower(declared(loss))).entries[0]!.definitions.refusals.map(({ reason }) => reason);
    expect(await reasons((z) => mse(mul(z, sum(z)), z))).toContain("it reduces, and the other's loops are tiled");
    expect(await reasons((z) => sum(relu(matmul(concatenate([z, z], 1), param("V", [8, 3], glorot())))))).toContain("it contracts");
    const left = await lower(
      declared((z) => sum(relu(z))),
      { passes: [] },
    );
    expect(new Set(left.entries[0]!.definitions.refusals.map(({ reason }) => reason))).toEqual(new Set(["fusion is left out"]));
  });
});
