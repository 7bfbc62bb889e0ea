/** Guarantees that ordinary models compile with the default check, and that those that are drawn are the ones that people write. */

import { describe, expect, test } from "vitest";
import { explain, refused, rowOf, tryAll } from "./strangers/campaign.ts";
import { modelOf } from "./strangers/compiled.ts";
import { callsIn } from "./strangers/draft.ts";
import { stranger } from "./strangers/families.ts";
import { report, SHARES, shareOf } from "./strangers/table.ts";

const drawn = Array.from({ length: 1000 }, (_, n) => stranger(7, n));
const rows = drawn.map((one, n) => rowOf({ seed: 7, n, stranger: one, outcomes: [] }));

describe("what is drawn", () => {
  test("is the same wherever it is drawn, and apart for each seed", () => {
    expect(stranger(7, 3)).toEqual(drawn[3]);
    expect(stranger(8, 3).text).not.toBe(drawn[3]!.text.replaceAll("stranger-7", "stranger-8"));
    const bodies = drawn.map(({ name, text }) => text.replace(name, ""));
    expect(new Set(bodies).size).toBeGreaterThan(950);
  });

  test.each(Object.entries(SHARES))("%s in at least %d of all", (trait, least) => {
    expect(shareOf(rows, trait as keyof typeof SHARES)).toBeGreaterThan(least);
  });

  test("has no size, and every loss, rule, wrapper, schedule, initializer and activation", () => {
    const calls = new Set(drawn.flatMap(({ text }) => callsIn(text)));
    expect(calls.has("size")).toBe(false);
    // prettier-ignore
    for (const name of ["softmaxCrossEntropy", "categoricalCrossentropy", "svmLoss", "bceWithLogits", "binaryCrossentropy", "hinge", "mse", "mae", "huber", "kl", "cosineSimilarity", "batchMean", "l1", "l2", "sgd", "adam", "adamw", "adagrad", "adadelta", "rmsprop", "lion", "accumulate", "clipByGlobalNorm", "clipByValue", "ema", "groups", "cosineDecay", "exponentialDecay", "oneCycle", "piecewise", "stepDecay", "warmup", "glorot", "glorotNormal", "he", "heUniform", "normal", "uniform", "constant", "zeros", "ones", "relu", "leakyRelu", "elu", "selu", "gelu", "silu", "softplus", "tanh", "sigmoid", "softmax", "logSoftmax", "sequential", "param"])
      expect(calls.has(name), name).toBe(true);
  });

  test("declares a model in each of its uses", () => {
    for (const one of drawn.slice(0, 60))
      for (const entry of ["train", "evaluate", "predict"] as const) {
        const model = modelOf(one);
        const citation = { cite: (file: string) => file, textOf: () => undefined };
        const traced = model.trace({ entry, batch: model.batch[entry], float: "f32", small: false, citation });
        expect(traced.graph.results.length, one.text).toBeGreaterThan(0);
      }
  });
});

/** Of seed 6: a convolution and its bias before batch norm, attention, recurrence, a loss of probabilities, a line. */
const SMALL = [179, 368, 379, 150, 361] as const;

test.each(SMALL)("model %d of seed 6 compiles on both targets", { timeout: 300_000 }, async (n) => {
  for await (const tried of tryAll({ seed: 6, from: n, to: n + 1 })) {
    const row = rowOf(tried);
    expect(refused([row]).length === 0 ? "" : explain(tried)).toBe("");
    expect(row.outcomes.map(({ target }) => target)).toEqual(["typescript", "wasm"]);
    for (const { tensors, notJudged } of row.outcomes) {
      expect(tensors).toBeGreaterThan(5);
      expect(notJudged / tensors).toBeLessThan(0.1);
    }
  }
});

describe("a refused model", () => {
  const bad = {
    name: "bad",
    family: "dense net",
    traits: new Set<never>(),
    text: `import { dense, input, model, mse, sgd } from "adjoint";\n\nexport default model("bad", { batch: 4 }, ({ batch }) => {\n  const x = input("x", [batch, 3]);\n  const prediction = dense(2)(x);\n  return { loss: mse(prediction, x), outputs: { prediction }, optimizer: sgd() };\n});\n`,
  };

  test("is shown with its text, the kind of its refusal and what reproduces it, and counts", async () => {
    const { outcomesOf } = await import("./strangers/compiled.ts");
    const outcomes = await outcomesOf(bad, ["typescript"]);
    expect(outcomes[0]).toMatchObject({ target: "typescript", refusal: "model error" });
    const tried = { seed: 3, n: 14, stranger: bad, outcomes };
    const shown = explain(tried);
    expect(shown).toContain("const prediction = dense(2)(x);");
    expect(shown).toMatch(/^--- typescript: model error\nModelError: models\/bad\.ts:6/m);
    expect(shown).toContain("reproduce: npm run strangers -- --seed 3 --from 14 --models 1");
    const text = report([rowOf(tried)], "npm run strangers");
    expect(text).toContain("**1 of 1 models are refused.**");
    expect(text).toContain("| dense net, seed 3, model 14 | typescript: model error |");
  });
});
